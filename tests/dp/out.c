/* SPDX-License-Identifier: BSD-3-Clause */
/* The way out: MTU, headers, sequence numbers, next hop, ports. And what keeps a packet in. */
#include <string.h>

#include "tests/dp/expect.h"

static struct sa *hub_sa_out(const struct spoke *s)
{
	return sa_at(dp_sa_table(net.dp, false), s->hub_out);
}

static uint32_t frame_seq(const struct packet *frame)
{
	return packet_get32(frame->b + PACKET_ETH_LEN + PACKET_IP4_LEN + 4);
}

static void hairpin(void)
{
	struct dp_stats stats;
	struct packet inner;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	/* To itself, for a spoke whose default route is the tunnel. */
	inner = spoke_packet(&net.a, &net.a, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.forwarded == 2 && stats.hairpin == 2 && stats.forwarded_bytes == 200);
	net_close();
}

/* Between tunnels with other keys, other outer addresses, on other ports; one has checksums. */
static void between_tunnels(void)
{
	struct dp_stats stats;
	struct packet inner;

	net_open(NULL);
	for (unsigned len = 28; len < 40; len++) {
		inner = spoke_packet(&net.a, &net.d, len);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.d, packet_hop(&inner));
		inner = spoke_packet(&net.d, &net.b, len);
		spoke_send_run(&net.d, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.forwarded == 24 && stats.hairpin == 0);
	net_close();
}

static void mtu(void)
{
	struct packet inner, got;
	struct dp_punt_info info;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, TUNNEL_MTU);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));

	inner = spoke_packet(&net.a, &net.b, TUNNEL_MTU + 1);
	packet_put16(inner.b + PACKET_IP4_FRAG, 0x4000);
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_too_big, 1);
	got = EXPECT_PUNT(ERROR, &info);
	EXPECT(info.drop == DP_DROP_fwd_too_big && info.value == TUNNEL_MTU);
	EXPECT(info.peer == net.a.peer);
	EXPECT(got.len >= PACKET_IP4_LEN + 8);
	/* RFC 1812 4.3.2.3: the error quotes the packet, its addresses above all. */
	EXPECT(memcmp(got.b + PACKET_IP4_SRC, inner.b + PACKET_IP4_SRC, 8) == 0);
	net_close();
}

static void sequence_numbers(void)
{
	struct packet inner, frame;

	net_open(NULL);
	for (unsigned i = 1; i <= 100; i++) {
		inner = spoke_packet(&net.a, &net.b, 100);
		spoke_send_run(&net.a, &inner);
		frame = net_transmitted(0);
		EXPECT(frame_seq(&frame) == i);
	}
	net_close();
}

/* RFC 4303 3.3.3: the last number is used, the next packet is not sent. */
static void sequence_overflow(void)
{
	struct packet inner, frame;

	net_open(NULL);
	hub_sa_out(&net.b)->hot.seq = UINT32_MAX - 1;
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	frame = net_transmitted(0);
	EXPECT(frame_seq(&frame) == UINT32_MAX);
	for (unsigned i = 0; i < 3; i++)
		spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(esp_overflow, 3);
	/* A new pair of SAs, and it goes on. */
	spoke_rekey(&net.b, 0x10000900, 0x20000900);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

/* With ESN it goes on beyond 2^32; the high half is not sent but authenticated. */
static void extended_numbers(void)
{
	const struct net_params params = {.esn = true};
	struct packet inner;

	net_open(&params);
	*spoke_seq(&net.a) = hub_sa_out(&net.b)->hot.seq = UINT32_MAX - 3;
	sa_at(dp_sa_table(net.dp, true), net.a.hub_in)->hot.seq = UINT32_MAX - 3;
	sa_at(net.open, net.b.open)->hot.seq = UINT32_MAX - 3;
	for (unsigned i = 0; i < 8; i++) {
		inner = spoke_packet(&net.a, &net.b, 100 + i);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	EXPECT(hub_sa_out(&net.b)->hot.seq == UINT32_MAX + UINT64_C(5));
	net_close();
}

/* No outbound SA, no way out. */
static void no_sa(void)
{
	struct packet inner;

	net_open(NULL);
	dp_peer_del_sa(net.dp, false, net.b.hub_out);
	EXPECT(dp_peer_sa_out(net.dp, net.b.peer) == SA_NONE);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(out_no_sa, 1);
	/* b's own packets still come in: the other direction has its own SA. */
	inner = spoke_packet(&net.b, &net.c, 100);
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	net_close();
}

static void no_neighbor(void)
{
	struct packet inner;

	net_open(NULL);
	dp_peer_set_neighbor(net.dp, net.b.peer, DP_PORT_NONE, NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(out_no_neighbor, 1);
	/* The next hop moves to another port: same packet, other frame. */
	net.b.port = 1;
	net.b.mac.bytes[5] = 0x77;
	dp_peer_set_neighbor(net.dp, net.b.peer, net.port[1].index, &net.b.mac);
	spoke_send_run(&net.a, &inner);
	{
		const struct packet frame = net_transmitted(1);

		EXPECT(memcmp(frame.b, net.b.mac.bytes, 6) == 0);
		EXPECT(memcmp(frame.b + 6, net.port[1].mac.bytes, 6) == 0);
	}
	net_close();
}

/* A port that takes no more: the rest is dropped, counted and freed; then it goes on. */
static void port_full(void)
{
	struct dp_stats stats;
	struct packet inner;

	net_open(NULL);
	net.port[0].tx_room = 5;
	inner = spoke_packet(&net.a, &net.b, 100);
	for (unsigned i = 0; i < 20; i++)
		spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DROPS(tx_full, 15);
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.ports[0].tx_packets == 5 && stats.ports[0].tx_dropped == 15);
	EXPECT(stats.ports[0].rx_packets == 20);
	for (unsigned i = 0; i < 5; i++)
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net.port[0].tx_room = 1;
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static void expect_run(struct spoke *from, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		const struct packet inner = spoke_packet(from, &net.a, 64 + i);

		EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	}
}

/* Two ports' full bursts for one port in one turn, twice what its buffer holds. */
static void many_frames(void)
{
	const struct net_params params = {.burst = 64};

	net_open(&params);
	for (unsigned i = 0; i < 75; i++) {
		const struct packet c = spoke_packet(&net.c, &net.a, 64 + i);
		const struct packet d = spoke_packet(&net.d, &net.a, 64 + i);

		spoke_send(&net.c, &c);
		spoke_send(&net.d, &d);
	}
	net_run();
	expect_run(&net.c, 0, 64);
	expect_run(&net.d, 0, 64);
	expect_run(&net.c, 64, 11);
	expect_run(&net.d, 64, 11);
	net_close();
}

/* A tunnel whose MTU leaves no room in a buffer for what stands around the packet. */
static void no_room(void)
{
	const struct dp_tunnel_params wide = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = 4000,
		.ttl = TUNNEL_TTL};
	const struct net_params no_peers = {.no_peers = true};
	struct rte_mbuf *m;

	net_open(&no_peers);
	CU_ASSERT(dp_tunnel_add(net.dp, &wide, &net.a.tunnel, NULL) == 0);
	spoke_add(&net.a);
	dp_peer_set_path_mtu(net.dp, net.a.peer, 9000);
	m = dp_inject_alloc(net.dp);
	memset(rte_pktmbuf_append(m, rte_pktmbuf_tailroom(m)), 0, rte_pktmbuf_tailroom(m));
	CU_ASSERT(dp_inject_peer(net.dp, net.a.peer, 0x2001, m) == 0);
	net_run();
	EXPECT_DROPS(out_no_room, 1);
	net_close();
}

static const struct unit_test tests[] = {
	{"hairpin on one tunnel", hairpin},
	{"between two tunnels with other keys and ports", between_tunnels},
	{"MTU: to the octet, and what is said about it", mtu},
	{"sequence numbers rise by one from 1", sequence_numbers},
	{"used-up sequence numbers stop an SA until the next", sequence_overflow},
	{"extended sequence numbers go on", extended_numbers},
	{"no outbound SA, nothing leaves", no_sa},
	{"next hop unknown, then moved", no_neighbor},
	{"a full port costs only what it does not take", port_full},
	{"more frames than a transmit buffer holds", many_frames},
	{"no room around the packet", no_room},
};

DP_SUITE(out, tests);
