/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet exit: inner packets leave in clear by an outer port only if it is one. */
#include <string.h>

#include "tests/dp/expect.h"

#define INTERNET  "203.0.113.7"
#define ELSEWHERE "203.0.113.8"
#define EXIT_HUB  "192.0.2.9"
#define LAN_HOST  "10.9.0.7"
#define OUT       1 /* net.port[] that carries the exit, as a VLAN: tagged frames */
#define VLAN      200
#define TAG_LEN   4
#define DST_MAC   0

static const struct mac_addr router = {{2, 0, 0, 0, 9, 9}};
static uint16_t outer;

static uint16_t add_vlan(uint16_t vlan, bool internet_exit)
{
	const struct dp_port_params p = {.name = "outer",
		.parent = net.port[OUT].index,
		.vlan = vlan,
		.internet_exit = internet_exit,
		.mtu = 1500,
		.n_addrs = 1,
		.addrs_be = {packet_addr(EXIT_HUB)}};
	struct error err = {""};
	uint16_t index = DP_PORT_NONE;

	expect_true(HERE, dp_port_add(net.dp, &p, &index, &err) == 0, "%s", err.text);
	return index;
}

/* The default world and an outer port with a router; if it is an exit, that is the default way. */
static void open_world(bool internet_exit)
{
	uint32_t neighbor;

	net_open(NULL);
	outer = add_vlan(VLAN, internet_exit);
	EXPECT(dp_neighbor_add(net.dp, outer, &router, &neighbor) == 0);
	EXPECT(dp_route_add(net.dp, DP_TABLE_UNDERLAY, 0, 0, DP_ADJ(DP_ADJ_ETHER, neighbor)) == 0);
	if (internet_exit)
		EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, 0, 0,
			       DP_ADJ(DP_ADJ_ETHER, neighbor)) == 0);
}

static struct packet tagged(const struct packet *ip)
{
	struct packet tag = {.len = TAG_LEN};

	packet_put16(tag.b, VLAN);
	packet_put16(tag.b + 2, 0x0800);
	memcpy(tag.b + TAG_LEN, ip->b, ip->len);
	tag.len = (uint16_t)(TAG_LEN + ip->len);
	return packet_eth(&net.port[OUT].mac, &router, 0x8100, &tag);
}

/* In clear from the router. */
static void arrives(const char *src, uint32_t dst_be)
{
	const struct packet ip = packet_udp(packet_addr(src), dst_be, 2, 1, 100);
	const struct packet frame = tagged(&ip);

	net_receive(OUT, 0, &frame);
	net_run();
}

static void not_configured(void)
{
	struct packet ip;

	open_world(false);
	ip = packet_udp(net.a.lan_be, packet_addr(INTERNET), 1, 2, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(fwd_no_route, 1);
	EXPECT_PUNT(ERROR, NULL);
	arrives(INTERNET, net.a.lan_be);
	EXPECT_DROPS(ip4_not_ours, 1);
	net_close();
}

static void both_ways(void)
{
	struct packet ip, hop, got;

	open_world(true);
	ip = packet_udp(net.a.lan_be, packet_addr(INTERNET), 1, 2, 100);
	hop = packet_hop(&ip);
	spoke_send_run(&net.a, &ip);
	got = net_transmitted(OUT);
	EXPECT(got.len > PACKET_ETH_LEN + TAG_LEN && memcmp(got.b, router.bytes, 6) == 0);
	got = packet_cut(&got, PACKET_ETH_LEN + TAG_LEN);
	EXPECT(packet_equal(&got, &hop));

	ip = packet_udp(packet_addr(INTERNET), net.a.lan_be, 2, 1, 100);
	arrives(INTERNET, net.a.lan_be);
	EXPECT_DELIVERED(&net.a, packet_hop(&ip));
	/* Spokes still find each other, and only by ESP. */
	ip = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	net_close();
}

/* Nobody outside uses an address that is inside, and nobody is relayed. */
static void from_outside(void)
{
	unsigned spoofed = 0, n = 0;

	open_world(true);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.9.0.0"), 24,
		       DP_ADJ_BLACKHOLE) == 0);
	for (unsigned i = 0; i < 3; i++) {
		const uint32_t inside_be[] = {net.b.lan_be, net.b.tunnel_be, packet_addr(LAN_HOST)};
		struct packet ip = packet_udp(inside_be[i], net.a.lan_be, 2, 1, 100);
		struct packet frame = tagged(&ip);

		net_receive(OUT, 0, &frame);
		net_run();
		EXPECT_DROPS(fwd_rpf, ++spoofed);
	}
	arrives(INTERNET, packet_addr(HUB_TUNNEL));
	EXPECT_DROPS(fwd_outside, ++n);
	arrives(INTERNET, packet_addr(ELSEWHERE));
	EXPECT_DROPS(fwd_outside, ++n);
	net_close();
}

/* What was sent to all on the link, or to a group, is not forwarded. */
static void groups(void)
{
	static const char *const dst[] = {"224.0.0.9", "255.255.255.255"};
	struct packet ip, frame;
	unsigned n = 0;

	open_world(true);
	for (unsigned i = 0; i < RTE_DIM(dst); i++) {
		arrives(INTERNET, packet_addr(dst[i]));
		EXPECT_DROPS(ip4_not_ours, ++n);
	}
	ip = packet_udp(packet_addr(INTERNET), net.a.lan_be, 2, 1, 100);
	frame = tagged(&ip);
	memset(frame.b + DST_MAC, 0xff, 6);
	net_receive(OUT, 0, &frame);
	net_run();
	EXPECT_DROPS(ip4_not_ours, ++n);
	net_close();
}

/* The gateway is not known any more: nothing waits for it, nothing comes by it. */
static void gateway_gone(void)
{
	struct packet ip;

	open_world(true);
	EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, 0, 0) == 0);
	ip = packet_udp(net.a.lan_be, packet_addr(INTERNET), 1, 2, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(fwd_no_route, 1);
	EXPECT_PUNT(ERROR, NULL);
	arrives(INTERNET, net.a.lan_be);
	EXPECT_DROPS(fwd_rpf, 1);
	net_close();
}

static const struct unit_test tests[] = {
	{"not without being configured", not_configured},
	{"to the Internet and back", both_ways},
	{"what comes from outside", from_outside},
	{"groups and broadcasts", groups},
	{"the gateway goes", gateway_gone},
};

DP_SUITE(exit, tests);
