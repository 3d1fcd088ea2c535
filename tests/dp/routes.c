/* SPDX-License-Identifier: BSD-3-Clause */
/* Two tables: a route that goes must never let a packet out in clear. */
#include "tests/dp/expect.h"

/* The underlay has a default route all the while. */
static void withdrawn(void)
{
	struct dp_punt_info info;
	struct packet inner;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));

	spoke_route_del(&net.b);
	EXPECT(dp_route_lookup(net.dp, DP_TABLE_UNDERLAY, net.b.lan_be) != DP_ADJ_NO_ROUTE);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_no_route, 1);
	EXPECT_PUNT(ERROR, &info);
	EXPECT(info.drop == DP_DROP_fwd_no_route);

	spoke_route_add(&net.b);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

/* A spoke that announces NBMA space does not pull the tunnels' outer packets into a tunnel. */
static void nbma_in_overlay(void)
{
	struct packet inner;

	net_open(NULL);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("198.51.100.0"), 24,
		       DP_ADJ(DP_ADJ_PEER, net.a.peer)) == 0);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static void longest_match(void)
{
	struct packet inner;

	net_open(NULL);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, net.b.lan_be, 32,
		       DP_ADJ(DP_ADJ_PEER, net.c.peer)) == 0);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, net.b.lan_be, 32) == 0);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

/* A replaced route: the next packet already takes the new way. */
static void replaced(void)
{
	const uint32_t network = packet_addr("10.1.2.0");
	struct packet inner;

	net_open(NULL);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, network, 24,
		       DP_ADJ(DP_ADJ_PEER, net.c.peer)) == 0);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, network, 24, DP_ADJ_BLACKHOLE) == 0);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_blackhole, 1);
	net_close();
}

/* All lengths from the default route to a host: each longer one wins, and gives back. */
static void every_length(void)
{
	const uint32_t host = packet_addr("172.16.37.201");

	net_open(NULL);
	for (unsigned len = 0; len <= 32; len++) {
		EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, host & ip4_mask_be((uint8_t)len),
			       (uint8_t)len, DP_ADJ(DP_ADJ_ETHER, len)) == 0);
		EXPECT(dp_route_lookup(net.dp, DP_TABLE_OVERLAY, host) ==
			DP_ADJ(DP_ADJ_ETHER, len));
	}
	for (unsigned len = 32; len > 0; len--) {
		EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, host & ip4_mask_be((uint8_t)len),
			       (uint8_t)len) == 0);
		EXPECT(dp_route_lookup(net.dp, DP_TABLE_OVERLAY, host) ==
			DP_ADJ(DP_ADJ_ETHER, len - 1));
	}
	EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, 0, 0) == 0);
	EXPECT(dp_route_lookup(net.dp, DP_TABLE_OVERLAY, host) == DP_ADJ_NO_ROUTE);
	EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, 0, 0) == -ENOENT);
	net_close();
}

/* A LAN behind the hub: out in clear by right, to the neighbor the overlay names. */
static void lan(void)
{
	const struct mac_addr mac = {{2, 0, 0, 0, 8, 1}};
	struct packet inner, hop;
	uint32_t index;

	net_open(NULL);
	EXPECT(dp_neighbor_add(net.dp, net.port[1].index, &mac, &index) == 0);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.1.0.0"), 24,
		       DP_ADJ(DP_ADJ_ETHER, index)) == 0);
	inner = packet_udp(net.a.lan_be, packet_addr("10.1.0.7"), 1, 2, 100);
	spoke_send_run(&net.a, &inner);
	hop = packet_hop(&inner);
	EXPECT_FRAME(1, packet_eth(&mac, &net.port[1].mac, 0x0800, &hop));
	net_close();
}

/* A host there whose Ethernet address is not known: control gets the packet as it is to leave. */
static void lan_unknown(void)
{
	struct packet inner, hop, got;
	struct dp_punt_info info;

	net_open(NULL);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.1.0.0"), 24,
		       DP_ADJ(DP_ADJ_GLEAN, net.port[1].index)) == 0);
	inner = packet_udp(net.a.lan_be, packet_addr("10.1.0.7"), 1, 2, 100);
	spoke_send_run(&net.a, &inner);
	hop = packet_hop(&inner);
	got = EXPECT_PUNT(RESOLVE, &info);
	EXPECT(packet_equal(&got, &hop));
	EXPECT(info.port == net.port[1].index && info.table == DP_TABLE_OVERLAY);
	EXPECT_DROPS(out_no_neighbor, 1);
	inner.b[PACKET_IP4_TTL] = 1;
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
	EXPECT_PUNT(ERROR, &info);
	EXPECT_DROPS(fwd_ttl, 1);
	net_close();
}

static const struct unit_test tests[] = {
	{"a withdrawn route ends in fwd_no_route, not in clear", withdrawn},
	{"NBMA space in the overlay does not matter outside", nbma_in_overlay},
	{"the longest match wins", longest_match},
	{"a replaced route", replaced},
	{"prefixes of every length", every_length},
	{"to the hub's LAN", lan},
	{"to an unknown host on the hub's LAN", lan_unknown},
};

DP_SUITE(routes, tests);
