/* SPDX-License-Identifier: BSD-3-Clause */
/* Outer packets that were fragmented on their way to the hub: made whole, or ended in bounds. */
#include <string.h>

#include <rte_cycles.h>

#include "tests/dp/expect.h"

#define MORE 0x2000
#define ID   0x5a5a

/* Fragments that had no other reason to end do so in the next turn. */
static const struct net_params impatient = {.fragment_us = 1};

/* net_run(), and on until whatever waits has waited for too long. */
static void run_out(void)
{
	uint64_t end;

	/* What waits came with the first run; the last one begins when its time is over. */
	net_run();
	end = rte_rdtsc() + rte_get_tsc_hz() / 100000;
	while (rte_rdtsc() < end)
		;
	net_run();
}

/* One fragment of a frame: `len` octets of its payload from `offset` on, beyond its end a pattern.
 */
static struct packet piece(const struct packet *frame, unsigned offset, unsigned len, bool more)
{
	const unsigned head = PACKET_ETH_LEN + PACKET_IP4_LEN;
	struct packet f = *frame, fill = packet_fill((uint8_t)offset, len);
	uint8_t *ip = f.b + PACKET_ETH_LEN;

	f.len = head;
	if (head + offset + len <= frame->len)
		memcpy(fill.b, frame->b + head + offset, len);
	packet_put16(ip + PACKET_IP4_ID, ID);
	packet_put16(ip + PACKET_IP4_FRAG, (uint16_t)((more ? MORE : 0) | offset / 8));
	packet_put16(ip + PACKET_IP4_TOTAL, (uint16_t)(PACKET_IP4_LEN + len));
	packet_ip4_seal(ip);
	return packet_join(&f, &fill);
}

/* The i-th of n fragments of about equal size. */
static struct packet part(const struct packet *frame, unsigned i, unsigned n)
{
	unsigned len = frame->len - PACKET_ETH_LEN - PACKET_IP4_LEN;
	unsigned each = (len / n + 8) & ~7u, from = i * each;
	bool last = i + 1 == n;

	return piece(frame, from, last ? len - from : each, !last);
}

static void receive_piece(const struct packet *frame, unsigned offset, unsigned len, bool more)
{
	struct packet f = piece(frame, offset, len, more);

	net_receive(0, 0, &f);
}

static void receive_part(const struct packet *frame, unsigned i, unsigned n)
{
	struct packet f = part(frame, i, n);

	net_receive(0, 0, &f);
}

/* The k-th of the orders that n things can be in. */
static void order(unsigned k, unsigned n, unsigned *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = i;
	for (unsigned i = n; i > 1; k /= i, i--) {
		unsigned j = k % i, t = out[j];

		out[j] = out[i - 1];
		out[i - 1] = t;
	}
}

static void in_every_order(const struct net_params *p, uint16_t natt_port)
{
	static const unsigned factorial[] = {1, 1, 2, 6, 24};
	unsigned at[4];

	net_open(p);
	for (unsigned n = 2; n <= 4; n++)
		for (unsigned k = 0; k < factorial[n]; k++) {
			struct packet inner = spoke_packet(&net.a, &net.b, 900 + k), frame;

			net.a.natt_port = natt_port;
			frame = spoke_seal(&net.a, &inner);
			order(k, n, at);
			for (unsigned i = 0; i < n; i++)
				receive_part(&frame, at[i], n);
			net_run();
			EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		}
	net_close();
}

static void orders(void)
{
	in_every_order(NULL, 0);
	in_every_order(&(struct net_params){.suite = "aes256-sha256"}, 0);
}

/* The peer has a UDP port from the start. */
static void orders_udp(void)
{
	struct packet inner, frame;
	struct dp_stats stats;

	net_open(&(struct net_params){.no_peers = true});
	net.a.natt_port = 61001;
	spoke_add(&net.a);
	spoke_add(&net.b);
	for (unsigned k = 0; k < 6; k++) {
		unsigned at[3];

		inner = spoke_packet(&net.a, &net.b, 1000 + k);
		frame = spoke_seal(&net.a, &inner);
		order(k, 3, at);
		for (unsigned i = 0; i < 3; i++)
			receive_part(&frame, at[i], 3);
		net_run();
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.reassembled == 6);
	net_close();
}

/* What a jumbo frame carries, cut for ways of 1500 octets, from either end and from the middle. */
static void jumbo(void)
{
	const struct dp_tunnel_params wide = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = 9000,
		.ttl = TUNNEL_TTL};
	struct packet inner, frame;

	net_open(&(struct net_params){.no_peers = true, .mtu = 9100});
	CU_ASSERT(dp_tunnel_add(net.dp, &wide, &net.b.tunnel, NULL) == 0);
	spoke_add(&net.a);
	spoke_add(&net.b);
	for (unsigned len = 8000; len <= 9000; len += 100)
		for (unsigned step = 1; step <= 6; step++) {
			inner = spoke_packet(&net.a, &net.b, len);
			frame = spoke_seal(&net.a, &inner);
			for (unsigned i = 0; i < 7; i++)
				receive_part(&frame, i * step % 7, 7);
			net_run();
			EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		}
	net_close();
}

/* Eight fragments are the most; nine never make a packet. */
static void eight(void)
{
	struct packet inner, frame;

	net_open(&impatient);
	inner = spoke_packet(&net.a, &net.b, 1200);
	frame = spoke_seal(&net.a, &inner);
	for (unsigned i = 0; i < 8; i++)
		receive_part(&frame, i, 8);
	run_out();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	frame = spoke_seal(&net.a, &inner);
	for (unsigned i = 0; i < 9; i++)
		receive_part(&frame, i, 9);
	run_out();
	EXPECT_DROPS(ip4_fragment_overlap, 8);
	EXPECT_DROPS(ip4_fragment_timeout, 1);
	net_close();
}

/* Same identification: other sources and protocols are other packets (RFC 791 3.2). */
static void kept_apart(void)
{
	struct packet from_a, from_c, a, c, udp;

	net_open(NULL);
	from_a = spoke_packet(&net.a, &net.b, 700);
	from_c = spoke_packet(&net.c, &net.b, 700);
	a = spoke_seal(&net.a, &from_a);
	c = spoke_seal(&net.c, &from_c);
	udp = packet_fill(7, 600);
	udp = spoke_frame(&net.a, IPPROTO_UDP, &udp);
	receive_part(&a, 0, 2);
	receive_part(&c, 1, 2);
	receive_part(&udp, 0, 2);
	receive_part(&c, 0, 2);
	receive_part(&udp, 1, 2);
	receive_part(&a, 1, 2);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&from_c));
	EXPECT_DELIVERED(&net.b, packet_hop(&from_a));
	EXPECT_DROPS(udp_length, 1);
	net_close();
}

/* RFC 5722 4: fragments that overlap end with their whole packet. */
static void overlap(void)
{
	struct packet inner, frame;
	unsigned len;

	net_open(&impatient);
	inner = spoke_packet(&net.a, &net.b, 700);
	frame = spoke_seal(&net.a, &inner);
	len = frame.len - PACKET_ETH_LEN - PACKET_IP4_LEN;

	receive_part(&frame, 0, 2); /* the first one twice; the last one waits in vain */
	receive_part(&frame, 0, 2);
	receive_part(&frame, 1, 2);
	run_out();
	EXPECT_DROPS(ip4_fragment_overlap, 2);
	EXPECT_DROPS(ip4_fragment_timeout, 1);

	receive_piece(&frame, 0, 400, true); /* eight octets come twice */
	receive_piece(&frame, 392, len - 392, false);
	run_out();
	EXPECT_DROPS(ip4_fragment_overlap, 4);

	receive_piece(&frame, 0, 200, true); /* as many octets as the packet has, with a hole */
	receive_piece(&frame, 100 & ~7u, 200, true);
	receive_piece(&frame, 400, len - 400, false);
	run_out();
	EXPECT_DROPS(ip4_fragment_overlap, 7);

	receive_piece(&frame, 400, len - 400, false); /* two ends */
	receive_piece(&frame, 200, 200, false);
	run_out();
	EXPECT_DROPS(ip4_fragment_overlap, 9);
	net_close();
}

static void tiny(void)
{
	static const struct {
		uint16_t offset, len;
		bool more;
	} bad[] = {
		{0, 8, true},    /* no room for the headers (RFC 1858 3) */
		{0, 0, true},    /* nothing at all */
		{8, 400, false}, /* would overwrite them (RFC 1858 4) */
		{0, 401, true},  /* not of eight octets (RFC 791 3.2) */
		{0, 399, true},
		{400, 100, true},
		{400, 0, false},
	};
	struct packet inner, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 700);
	frame = spoke_seal(&net.a, &inner);
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		receive_piece(&frame, bad[i].offset, bad[i].len, bad[i].more);
		net_run();
		EXPECT_DROPS(ip4_fragment_tiny, i + 1);
	}
	net_close();
}

/* What no buffer holds, up to the 65,535 octets that offsets can speak of (RFC 791 3.1). */
static void too_long(void)
{
	struct packet inner, frame;

	net_open(&impatient);
	inner = spoke_packet(&net.a, &net.b, 700);
	frame = spoke_seal(&net.a, &inner);
	receive_piece(&frame, 65528, 1000, false);
	receive_piece(&frame, 2400, 8, true);
	run_out();
	EXPECT_DROPS(ip4_fragment_long, 2);
	/* Each fragment is in bounds, but the first one's header leaves less room than the last
	 * one's promised. */
	receive_piece(&frame, 0, 1000, true);
	receive_piece(&frame, 1000, 1020, false);
	run_out();
	EXPECT_DROPS(ip4_fragment_long, 4);
	net_close();
}

/* Half a packet waits, but not for ever; nothing need arrive for it to end. */
static void incomplete(void)
{
	struct packet inner, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 700);
	frame = spoke_seal(&net.a, &inner);
	receive_part(&frame, 1, 2);
	net_run();
	EXPECT(net_buffers_in_use() == 1);
	receive_part(&frame, 0, 2);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();

	net_open(&impatient);
	frame = spoke_seal(&net.a, &inner);
	receive_part(&frame, 0, 3);
	receive_part(&frame, 1, 3);
	run_out();
	EXPECT_DROPS(ip4_fragment_timeout, 2);
	receive_part(&frame, 2, 3);
	run_out();
	EXPECT_DROPS(ip4_fragment_timeout, 3);
	net_close();
}

/* A first fragment from anywhere. */
static void flood(unsigned n)
{
	const struct packet payload = packet_fill(0, 64);
	struct packet ip, frame;

	for (unsigned i = 0; i < n; i++) {
		ip = packet_ip4(rte_cpu_to_be_32(0x0b000000 + i), packet_addr(HUB_NBMA),
			IPPROTO_ESP, &payload);
		frame = packet_eth(&net.port[0].mac, &net.a.mac, 0x0800, &ip);
		receive_piece(&frame, 0, 64, true);
	}
}

/*
 * Strangers' fragments hold an eighth of the buffers and no more, and one that comes later finds a
 * place: the oldest go.
 */
static void flooded(void)
{
	struct packet inner, frame;
	struct dp_stats stats;
	unsigned n = 0;

	net_open(&(struct net_params){.fragment_us = 100000});
	inner = spoke_packet(&net.a, &net.b, 700);
	for (unsigned round = 0; round < 4; round++, n += 300) {
		flood(300);
		net_run();
		EXPECT(net_buffers_in_use() <= 2047 / 8);
		frame = spoke_seal(&net.a, &inner);
		receive_part(&frame, 0, 2);
		net_run();
		receive_part(&frame, 1, 2);
		net_run();
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.drops[DP_DROP_ip4_fragment_crowded] >= n - 2047 / 8);
	while (net_buffers_in_use() != 0)
		net_run();
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.drops[DP_DROP_ip4_fragment_crowded] +
			stats.drops[DP_DROP_ip4_fragment_timeout] ==
		n);
	EXPECT_DROPS(ip4_fragment_crowded, (unsigned)stats.drops[DP_DROP_ip4_fragment_crowded]);
	EXPECT_DROPS(ip4_fragment_timeout, (unsigned)stats.drops[DP_DROP_ip4_fragment_timeout]);
	net_close();
}

/* In one burst none is older than another: what finds no place ends. */
static void flooded_at_once(void)
{
	net_open(&(struct net_params){.fragment_us = 1, .burst = 64, .n_mbufs = 255});
	flood(64);
	run_out();
	EXPECT_DROPS(ip4_fragment_crowded, 64 - 255 / 8);
	EXPECT_DROPS(ip4_fragment_timeout, 255 / 8);
	net_close();
}

/* RFC 3168 5.3: one fragment met congestion, so the packet did. */
static void congestion(void)
{
	struct packet inner, frame, second;
	uint8_t *ip;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 700);
	inner.b[PACKET_IP4_TOS] = 2; /* ECT(0) */
	packet_ip4_seal(inner.b);
	frame = spoke_seal(&net.a, &inner);
	frame.b[PACKET_ETH_LEN + PACKET_IP4_TOS] = 2;
	second = part(&frame, 1, 3);
	ip = second.b + PACKET_ETH_LEN;
	ip[PACKET_IP4_TOS] = 3;
	packet_ip4_seal(ip);
	receive_part(&frame, 0, 3);
	net_receive(0, 0, &second);
	receive_part(&frame, 2, 3);
	net_run();
	inner.b[PACKET_IP4_TOS] = 3;
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

/* IKE with certificates comes in fragments as well; control gets a packet that is whole. */
static void ike(void)
{
	struct packet udp, frame, got;

	net_open(NULL);
	udp = packet_udp(net.a.nbma_be, packet_addr(HUB_NBMA), 500, 500, 1800);
	frame = packet_eth(&net.port[0].mac, &net.a.mac, 0x0800, &udp);
	receive_part(&frame, 1, 2);
	receive_part(&frame, 0, 2);
	net_run();
	got = EXPECT_PUNT(IKE, NULL);
	packet_put16(udp.b + PACKET_IP4_ID, ID);
	packet_ip4_seal(udp.b);
	EXPECT(packet_equal(&got, &udp));
	net_close();
}

/* Made whole on one worker, opened on the peer's. */
static void handed_over(void)
{
	struct packet inner, frame, f;

	net_open(&(struct net_params){.n_workers = 2});
	inner = spoke_packet(&net.a, &net.b, 700);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(dp_peer_owner(net.dp, net.a.peer) == 0);
	frame = spoke_seal(&net.a, &inner);
	for (unsigned i = 0; i < 2; i++) {
		f = part(&frame, i, 2);
		net_receive(0, 1, &f);
	}
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static const struct unit_test tests[] = {
	{"ESP in every order", orders},
	{"ESP in UDP in every order", orders_udp},
	{"a jumbo packet", jumbo},
	{"eight fragments, not nine", eight},
	{"same identification, other packets", kept_apart},
	{"overlapping and repeated fragments", overlap},
	{"tiny fragments", tiny},
	{"fragments of what no buffer holds", too_long},
	{"incomplete packets wait and end", incomplete},
	{"a flood is bounded and keeps nobody out", flooded},
	{"a flood in one burst", flooded_at_once},
	{"ECN of fragments", congestion},
	{"IKE in fragments", ike},
	{"fragments and two workers", handed_over},
};

DP_SUITE(reassemble, tests);
