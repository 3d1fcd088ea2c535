/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures: the right octets, of the right packets, and nothing of it at the packets' cost. */
#include <string.h>

#include "dataplane/capture.h"
#include "tests/dp/expect.h"

#define RING_ROOM 1023

static const struct dp_capture_params frames = {.side = DP_CAPTURE_OUTER,
	.port = DP_PORT_NONE,
	.peer = DP_PEER_NONE,
	.snaplen = DP_CAPTURE_SNAPLEN_MAX};

/* All captures of a test are that one but for this. */
static void start(enum dp_capture_side side, uint16_t port, uint32_t peer, uint16_t snaplen)
{
	struct dp_capture_params p = frames;

	p.side = side;
	p.port = port;
	p.peer = peer;
	p.snaplen = snaplen;
	dp_capture_start(net.dp, &p);
}

static void start_all(enum dp_capture_side side)
{
	start(side, DP_PORT_NONE, DP_PEER_NONE, DP_CAPTURE_SNAPLEN_MAX);
}

/* The next copy; length 0 if there is none. */
static struct packet copy(struct dp_capture_info *info)
{
	struct packet p = {0};
	struct rte_mbuf *m;

	if (dp_capture_receive(net.dp, &m, 1) != 1)
		return p;
	*info = *dp_capture_info(m);
	p.len = m->data_len;
	memcpy(p.b, rte_pktmbuf_mtod(m, void *), p.len);
	rte_pktmbuf_free(m);
	return p;
}

static void expect_copy(struct place at, const struct packet *want, enum dp_capture_link link,
	bool out, uint16_t port, enum dp_drop drop)
{
	struct dp_capture_info info = {0};
	const struct packet got = copy(&info);

	expect_true(
		at, packet_equal(&got, want), "copy of %u octets, expected %u", got.len, want->len);
	expect_true(at, info.link == link && info.out == out && info.port == port,
		"link %u, out %u, port %u", info.link, info.out, info.port);
	expect_true(at, info.len == want->len && info.drop == drop, "length %u, reason %u",
		info.len, info.drop);
	expect_true(at, info.tsc != 0, "no time");
}

#define EXPECT_COPY(p, link, out, port, drop)                                                      \
	expect_copy(HERE, &(struct packet[]){p}[0], DP_CAPTURE_##link, out, port, drop)

static void expect_no_copy(struct place at)
{
	struct dp_capture_info info = {0};
	bool none = copy(&info).len == 0;

	expect_true(at, none, "a copy too many, reason %u", info.drop);
}

/* The first frame that waits to be taken from a port. */
static struct packet peek(unsigned port)
{
	const struct fake_queue *q = &net.port[port].tx;
	struct packet p = {0};

	if (q->head == q->n)
		return p;
	p.len = q->m[q->head]->data_len;
	memcpy(p.b, rte_pktmbuf_mtod(q->m[q->head], void *), p.len);
	return p;
}

static void outer(void)
{
	struct packet inner, in, out;

	net_open(NULL);
	start_all(DP_CAPTURE_OUTER);
	inner = spoke_packet(&net.a, &net.d, 100);
	in = spoke_seal(&net.a, &inner);
	net_receive(0, 0, &in);
	net_run();
	out = peek(1);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	EXPECT_COPY(in, FRAME, false, net.port[0].index, DP_DROP_COUNT);
	EXPECT_COPY(out, FRAME, true, net.port[1].index, DP_DROP_COUNT);
	expect_no_copy(HERE);
	/* In several buffers. */
	in = spoke_seal(&net.a, &inner);
	net_receive_chain(0, 0, &in, 50);
	net_run();
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	EXPECT_COPY(in, FRAME, false, net.port[0].index, DP_DROP_COUNT);
	copy(&(struct dp_capture_info){0});
	/* And no more after the end. */
	dp_capture_stop(net.dp);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	expect_no_copy(HERE);
	net_close();
}

static void inner_side(void)
{
	const struct packet_gre gre = {
		.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY, .protocol = 0x2001};
	const struct packet payload = packet_fill(1, 60);
	struct packet inner, nhrp = packet_gre(&gre, &payload), got;

	net_open(NULL);
	start_all(DP_CAPTURE_INNER);
	inner = spoke_packet(&net.a, &net.d, 301);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	EXPECT_COPY(inner, IP, false, net.port[0].index, DP_DROP_COUNT);
	EXPECT_COPY(packet_hop(&inner), IP, true, net.port[1].index, DP_DROP_COUNT);
	/* NHRP is not IP. */
	spoke_send_gre(&net.a, &nhrp);
	net_run();
	got = EXPECT_PUNT(NHRP, NULL);
	EXPECT(got.len == payload.len);
	expect_no_copy(HERE);
	/* Too large: what comes in is whole, what goes out are the pieces. */
	inner = spoke_packet(&net.a, &net.b, 1400);
	dp_peer_set_path_mtu(net.dp, net.b.peer, 1000);
	spoke_send_run(&net.a, &inner);
	for (unsigned i = 0; i < 2; i++)
		EXPECT(EXPECT_GRE(&net.b).len > 0);
	EXPECT_COPY(inner, IP, false, net.port[0].index, DP_DROP_COUNT);
	got = copy(&(struct dp_capture_info){0});
	EXPECT(got.len > 20 && packet_get16(got.b + PACKET_IP4_FRAG) == 0x2000);
	got = copy(&(struct dp_capture_info){0});
	EXPECT(got.len > 20 && packet_get16(got.b + PACKET_IP4_FRAG) != 0x2000);
	expect_no_copy(HERE);
	net_close();
}

static void filters(void)
{
	struct packet inner, out, in;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.d, 100);
	start(DP_CAPTURE_OUTER, net.port[1].index, DP_PEER_NONE, DP_CAPTURE_SNAPLEN_MAX);
	spoke_send_run(&net.a, &inner);
	out = peek(1);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	EXPECT_COPY(out, FRAME, true, net.port[1].index, DP_DROP_COUNT);
	expect_no_copy(HERE);
	dp_capture_stop(net.dp);
	start(DP_CAPTURE_OUTER, DP_PORT_NONE, net.a.peer, DP_CAPTURE_SNAPLEN_MAX);
	in = spoke_seal(&net.a, &inner);
	net_receive(0, 0, &in);
	inner = spoke_packet(&net.b, &net.c, 100);
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	inner = spoke_packet(&net.a, &net.d, 100);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	EXPECT_COPY(in, FRAME, false, net.port[0].index, DP_DROP_COUNT);
	expect_no_copy(HERE);
	dp_capture_stop(net.dp);
	start(DP_CAPTURE_INNER, DP_PORT_NONE, net.d.peer, DP_CAPTURE_SNAPLEN_MAX);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	EXPECT_COPY(packet_hop(&inner), IP, true, net.port[1].index, DP_DROP_COUNT);
	expect_no_copy(HERE);
	dp_capture_stop(net.dp);
	start(DP_CAPTURE_INNER, net.port[0].index, DP_PEER_NONE, DP_CAPTURE_SNAPLEN_MAX);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	EXPECT_COPY(inner, IP, false, net.port[0].index, DP_DROP_COUNT);
	expect_no_copy(HERE);
	net_close();
}

/* Two spokes behind one address differ by their ports. */
static void natt(void)
{
	struct packet inner, in;

	net_open(&(struct net_params){.no_peers = true});
	net.b.nbma_be = net.a.nbma_be;
	net.a.natt_port = 4500;
	net.b.natt_port = 61000;
	spoke_add(&net.a);
	spoke_add(&net.b);
	start(DP_CAPTURE_OUTER, DP_PORT_NONE, net.b.peer, DP_CAPTURE_SNAPLEN_MAX);
	inner = spoke_packet(&net.a, &net.a, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	expect_no_copy(HERE);
	inner = spoke_packet(&net.b, &net.a, 100);
	in = spoke_seal(&net.b, &inner);
	net_receive(0, 0, &in);
	net_run();
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	EXPECT_COPY(in, FRAME, false, net.port[0].index, DP_DROP_COUNT);
	expect_no_copy(HERE);
	net_close();
}

static void cut(void)
{
	struct dp_capture_info info = {0};
	struct packet inner, in, got;

	net_open(NULL);
	start(DP_CAPTURE_OUTER, net.port[0].index, net.a.peer, 60);
	inner = spoke_packet(&net.a, &net.d, 500);
	for (unsigned chained = 0; chained < 2; chained++) {
		in = spoke_seal(&net.a, &inner);
		net_receive_chain(0, 0, &in, chained ? 40 : 2000);
		net_run();
		EXPECT_DELIVERED(&net.d, packet_hop(&inner));
		got = copy(&info);
		EXPECT(got.len == 60 && memcmp(got.b, in.b, 60) == 0 && info.len == in.len);
	}
	expect_no_copy(HERE);
	net_close();
}

/* Each as it is at the place where it ends. */
static void drops(void)
{
	struct packet inner, frame, arp, refused;
	const uint16_t port = 0;

	net_open(NULL);
	start_all(DP_CAPTURE_DROPS);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	expect_no_copy(HERE);
	/* A frame. */
	frame = spoke_seal(&net.a, &inner);
	frame.b[PACKET_ETH_LEN + PACKET_IP4_LEN] ^= 0x80;
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(esp_spi, 1);
	EXPECT_COPY(frame, FRAME, false, port, DP_DROP_esp_spi);
	frame.len = 10;
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(eth_truncated, 1);
	EXPECT_COPY(frame, FRAME, false, port, DP_DROP_eth_truncated);
	arp = packet_fill(1, 28);
	arp = packet_eth(&net.b.mac, &net.a.mac, 0x0806, &arp);
	net_receive(0, 0, &arp);
	net_run();
	EXPECT_DROPS(eth_not_ours, 1);
	EXPECT_COPY(arp, FRAME, false, port, DP_DROP_eth_not_ours);
	/* Inner packets: no route, and nobody to send it to any more. */
	inner = packet_udp(net.a.lan_be, packet_addr("172.16.0.1"), 1, 2, 80);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_no_route, 1);
	EXPECT_PUNT(ERROR, NULL);
	EXPECT_COPY(inner, IP, false, port, DP_DROP_fwd_no_route);
	dp_peer_del_sa(net.dp, false, net.b.hub_out);
	inner = spoke_packet(&net.a, &net.b, 90);
	refused = packet_hop(&inner);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(out_no_sa, 1);
	EXPECT_COPY(refused, IP, false, port, DP_DROP_out_no_sa);
	expect_no_copy(HERE);
	net_close();
}

/* Whose drops? Before decryption the outer address tells, then the SA, or the route. */
static void drop_filter(void)
{
	struct packet inner, frame;

	net_open(NULL);
	start(DP_CAPTURE_DROPS, DP_PORT_NONE, net.b.peer, DP_CAPTURE_SNAPLEN_MAX);
	for (unsigned i = 0; i < 2; i++) {
		inner = spoke_packet(&net.spoke[i], &net.c, 100);
		frame = spoke_seal(&net.spoke[i], &inner);
		frame.b[frame.len - 1] ^= 1;
		frame.b[PACKET_ETH_LEN + PACKET_IP4_LEN] ^= 0x80;
		net_receive(0, 0, &frame);
		net_run();
	}
	EXPECT_DROPS(esp_spi, 2);
	EXPECT_COPY(frame, FRAME, false, 0, DP_DROP_esp_spi);
	for (unsigned i = 0; i < 2; i++) {
		inner = packet_udp(net.spoke[i].lan_be, packet_addr("172.16.0.1"), 1, 2, 80 + i);
		spoke_send_run(&net.spoke[i], &inner);
		EXPECT_PUNT(ERROR, NULL);
	}
	EXPECT_DROPS(fwd_no_route, 2);
	EXPECT_COPY(inner, IP, false, 0, DP_DROP_fwd_no_route);
	dp_peer_del_sa(net.dp, false, net.b.hub_out);
	inner = spoke_packet(&net.a, &net.b, 90);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(out_no_sa, 1);
	EXPECT_COPY(packet_hop(&inner), IP, false, 0, DP_DROP_out_no_sa);
	expect_no_copy(HERE);
	net_close();
}

/* Frames that the port does not take were not on the wire, but were dropped. */
static void port_full(void)
{
	struct dp_capture_info info = {0};
	struct packet inner;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.d, 100);
	net.port[1].tx_room = 3;
	start(DP_CAPTURE_OUTER, net.port[1].index, DP_PEER_NONE, 64);
	for (unsigned i = 0; i < 5; i++)
		spoke_send(&net.a, &inner);
	net_run();
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_DELIVERED(&net.d, packet_hop(&inner));
		EXPECT(copy(&info).len == 64 && info.drop == DP_DROP_COUNT);
	}
	expect_no_copy(HERE);
	dp_capture_stop(net.dp);
	start(DP_CAPTURE_DROPS, net.port[1].index, DP_PEER_NONE, 64);
	spoke_send_run(&net.a, &inner);
	EXPECT(copy(&info).len == 64 && info.drop == DP_DROP_tx_full && info.out);
	EXPECT_DROPS(tx_full, 3);
	net_close();
}

/* Nobody takes the copies: packets pass, copies are lost and counted. */
static void overflow(void)
{
	const unsigned n = RING_ROOM + 500;
	struct dp_capture_info info;
	struct dp_stats stats;
	struct packet inner;

	net_open(NULL);
	start_all(DP_CAPTURE_INNER);
	inner = packet_udp(net.a.lan_be, net.d.lan_be, 1, 2, 40);
	for (unsigned i = 0; i < n; i++) {
		spoke_send(&net.a, &inner);
		if (i % 64 == 63 || i + 1 == n)
			net_run();
		while (net.port[1].tx.n > 0)
			EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	}
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.captured == RING_ROOM && stats.capture_lost == 2 * n - RING_ROOM);
	EXPECT(stats.forwarded == n);
	for (unsigned i = 0; i < RING_ROOM; i++)
		EXPECT(copy(&info).len == 40);
	expect_no_copy(HERE);
	net_close();
}

static const struct unit_test tests[] = {
	{"frames on the wire, both ways", outer},
	{"inner packets, in clear", inner_side},
	{"of one port, of one peer", filters},
	{"of one of two spokes behind a NAT", natt},
	{"cut to a length", cut},
	{"what is dropped, with its reason", drops},
	{"what is dropped of one peer", drop_filter},
	{"frames a port does not take", port_full},
	{"a full queue costs copies, no packets", overflow},
};

DP_SUITE(capture, tests);
