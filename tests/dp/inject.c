/* SPDX-License-Identifier: BSD-3-Clause */
/* What control sends: by a table's route, to a peer, as a frame. There is no second way out. */
#include <string.h>

#include "tests/dp/expect.h"

static struct rte_mbuf *mbuf_of(const struct packet *p)
{
	struct rte_mbuf *m = dp_inject_alloc(net.dp);

	CU_ASSERT_FATAL(m != NULL);
	memcpy(rte_pktmbuf_append(m, p->len), p->b, p->len);
	return m;
}

static void inject_ip4(enum dp_table table, const struct packet *ip)
{
	EXPECT(dp_inject_ip4(net.dp, table, mbuf_of(ip)) == 0);
	net_run();
}

/* As it was written: TTL and checksum are control's. */
static void overlay(void)
{
	struct packet ip;

	net_open(NULL);
	for (unsigned ttl = 1; ttl < 256; ttl += 127) {
		ip = packet_udp(packet_addr(HUB_TUNNEL), net.b.lan_be, 520, 520, 52);
		ip.b[PACKET_IP4_TTL] = (uint8_t)ttl;
		packet_ip4_seal(ip.b);
		inject_ip4(DP_TABLE_OVERLAY, &ip);
		EXPECT_DELIVERED(&net.b, ip);
	}
	net_close();
}

/* By the underlay in clear, to the gateway; the overlay has no such way. */
static void underlay(void)
{
	const struct mac_addr gateway = {{2, 0, 0, 0, 1, 0xfe}};
	struct packet ip;

	net_open(NULL);
	ip = packet_udp(packet_addr(HUB_NBMA), packet_addr("203.0.113.99"), 500, 500, 100);
	inject_ip4(DP_TABLE_UNDERLAY, &ip);
	EXPECT_FRAME(0, packet_eth(&gateway, &net.port[0].mac, 0x0800, &ip));
	inject_ip4(DP_TABLE_OVERLAY, &ip);
	EXPECT_DROPS(fwd_no_route, 1);
	net_close();
}

/* Both tables' packets in one turn: each goes by its own. */
static void both_tables(void)
{
	const struct mac_addr gateway = {{2, 0, 0, 0, 1, 0xfe}};
	struct packet over, under;

	net_open(NULL);
	over = packet_udp(packet_addr(HUB_TUNNEL), net.b.lan_be, 520, 520, 52);
	under = packet_udp(packet_addr(HUB_NBMA), net.b.lan_be, 500, 500, 100);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT(dp_inject_ip4(net.dp, DP_TABLE_OVERLAY, mbuf_of(&over)) == 0);
		EXPECT(dp_inject_ip4(net.dp, DP_TABLE_UNDERLAY, mbuf_of(&under)) == 0);
	}
	net_run();
	for (unsigned i = 0; i < 3; i++)
		EXPECT_DELIVERED(&net.b, over);
	for (unsigned i = 0; i < 3; i++)
		EXPECT_FRAME(0, packet_eth(&gateway, &net.port[0].mac, 0x0800, &under));
	net_close();
}

/* On-link but unknown: control gets it back to ask for the address. */
static void resolve(void)
{
	struct dp_punt_info info;
	struct packet ip, got;

	net_open(NULL);
	ip = packet_udp(packet_addr(HUB_NBMA), packet_addr("192.0.2.77"), 500, 500, 100);
	inject_ip4(DP_TABLE_UNDERLAY, &ip);
	got = EXPECT_PUNT(RESOLVE, &info);
	EXPECT(packet_equal(&got, &ip));
	EXPECT(info.port == net.port[0].index && info.table == DP_TABLE_UNDERLAY);
	EXPECT_DROPS(out_no_neighbor, 1);
	net_close();
}

static void neighbor_moves(void)
{
	struct mac_addr mac = {{2, 0, 0, 0, 7, 1}};
	struct packet ip;
	uint32_t index;

	net_open(NULL);
	EXPECT(dp_neighbor_add(net.dp, net.port[0].index, &mac, &index) == 0);
	EXPECT(dp_route_add(net.dp, DP_TABLE_UNDERLAY, packet_addr("192.0.2.77"), 32,
		       DP_ADJ(DP_ADJ_ETHER, index)) == 0);
	ip = packet_udp(packet_addr(HUB_NBMA), packet_addr("192.0.2.77"), 500, 500, 100);
	inject_ip4(DP_TABLE_UNDERLAY, &ip);
	EXPECT_FRAME(0, packet_eth(&mac, &net.port[0].mac, 0x0800, &ip));
	mac.bytes[5] = 2;
	dp_neighbor_set(net.dp, index, net.port[1].index, &mac);
	inject_ip4(DP_TABLE_UNDERLAY, &ip);
	EXPECT_FRAME(1, packet_eth(&mac, &net.port[1].mac, 0x0800, &ip));
	dp_neighbor_set(net.dp, index, DP_PORT_NONE, &mac);
	inject_ip4(DP_TABLE_UNDERLAY, &ip);
	EXPECT_DROPS(out_no_neighbor, 1);
	net_close();
}

/* NHRP to a peer: under its SA, with its tunnel's key, no IP header of its own. */
static void peer(void)
{
	const struct packet payload = packet_fill(5, 90);
	struct packet_gre gre = {.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY, .protocol = 0x2001};
	struct packet got, want;

	net_open(NULL);
	EXPECT(dp_inject_peer(net.dp, net.c.peer, 0x2001, mbuf_of(&payload)) == 0);
	net_run();
	got = EXPECT_GRE(&net.c);
	want = packet_gre(&gre, &payload);
	EXPECT(packet_equal(&got, &want));

	EXPECT(dp_inject_peer(net.dp, net.d.peer, 0x2001, mbuf_of(&payload)) == 0);
	net_run();
	got = EXPECT_GRE(&net.d);
	gre.key = TUNNEL_KEY_1;
	gre.flags |= PACKET_GRE_CHECKSUM;
	want = packet_gre(&gre, &payload);
	EXPECT(packet_equal(&got, &want));

	dp_peer_del_sa(net.dp, false, net.c.hub_out);
	EXPECT(dp_inject_peer(net.dp, net.c.peer, 0x2001, mbuf_of(&payload)) == 0);
	net_run();
	EXPECT_DROPS(out_no_sa, 1);
	net_close();
}

static void frame(void)
{
	const struct mac_addr broadcast = {{255, 255, 255, 255, 255, 255}};
	const struct packet payload = packet_fill(0, 28);
	struct packet arp;

	net_open(NULL);
	arp = packet_eth(&broadcast, &net.port[1].mac, 0x0806, &payload);
	EXPECT(dp_inject_frame(net.dp, net.port[1].index, mbuf_of(&arp)) == 0);
	net_run();
	EXPECT_FRAME(1, arp);
	net_close();
}

/* Control's packets do not make errors for control. */
static void no_errors(void)
{
	struct packet ip;

	net_open(NULL);
	ip = packet_udp(packet_addr(HUB_TUNNEL), packet_addr("172.16.0.1"), 1, 2, 100);
	inject_ip4(DP_TABLE_OVERLAY, &ip);
	EXPECT_DROPS(fwd_no_route, 1);
	ip = packet_udp(packet_addr(HUB_TUNNEL), net.b.lan_be, 1, 2, TUNNEL_MTU + 1);
	packet_put16(ip.b + PACKET_IP4_FRAG, 0x4000);
	packet_ip4_seal(ip.b);
	inject_ip4(DP_TABLE_OVERLAY, &ip);
	EXPECT_DROPS(fwd_too_big, 1);
	/* Its RIP to the group goes to peers one by one, never back to itself. */
	ip = packet_udp(packet_addr(HUB_TUNNEL), packet_addr("224.0.0.9"), 520, 520, 52);
	inject_ip4(DP_TABLE_OVERLAY, &ip);
	EXPECT_DROPS(fwd_multicast, 1);
	net_close();
}

/* Nobody polls: the queue fills, and every buffer comes back in the end. */
static void queue_full(void)
{
	const struct packet ip =
		packet_udp(packet_addr(HUB_TUNNEL), packet_addr("10.1.2.3"), 1, 2, 100);
	unsigned n = 0, sent = 0;
	int rc;

	net_open(NULL);
	do {
		rc = dp_inject_ip4(net.dp, DP_TABLE_OVERLAY, mbuf_of(&ip));
	} while (rc == 0 && ++n < 8000);
	EXPECT(rc == -ENOBUFS);
	net.port[0].tx_room = 10;
	net_run();
	while (net_transmitted(0).len > 0)
		sent++;
	EXPECT(sent == 10);
	EXPECT_DROPS(tx_full, n - 10);
	net_close();
}

static const struct unit_test tests[] = {
	{"by the overlay, as control wrote it", overlay},
	{"by the underlay in clear", underlay},
	{"by both in one turn", both_tables},
	{"an unknown on-link destination comes back", resolve},
	{"a neighbor moves", neighbor_moves},
	{"a GRE payload to a peer, fail closed", peer},
	{"a whole frame", frame},
	{"no errors about control's own packets", no_errors},
	{"a full queue refuses", queue_full},
};

DP_SUITE(inject, tests);
