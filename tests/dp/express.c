/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of common packets: whatever comes, its outcome is that of the stages, octet by
 * octet and counter by counter; and nothing of a spoke's overtakes.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/dp/expect.h"

#define ROUNDS     50000
#define FRAMES_MAX 8

static unsigned dice(unsigned n)
{
	return (unsigned)(random() % n);
}

/* What became of a frame. */
struct outcome {
	struct dp_stats stats;
	struct sa_hot hot[2][4]; /* of the hub's SAs, out and in */
	unsigned n;
	unsigned port[FRAMES_MAX];
	struct packet frame[FRAMES_MAX];
};

static struct sa_hot *hot_of(unsigned in, unsigned spoke)
{
	return &sa_at(
		dp_sa_table(net.dp, in), in ? net.spoke[spoke].hub_in : net.spoke[spoke].hub_out)
			->hot;
}

static void hot_save(struct outcome *o)
{
	for (unsigned in = 0; in < 2; in++)
		for (unsigned s = 0; s < 4; s++)
			o->hot[in][s] = *hot_of(in, s);
}

static void hot_restore(const struct outcome *o)
{
	for (unsigned in = 0; in < 2; in++)
		for (unsigned s = 0; s < 4; s++)
			*hot_of(in, s) = o->hot[in][s];
}

static void run_frame(bool express, unsigned port, const struct packet *frame, struct outcome *o)
{
	struct dp_stats before, after;

	dp_express(net.dp, express);
	dp_stats_read(net.dp, -1, &before);
	net_receive(port, 0, frame);
	net_run();
	dp_stats_read(net.dp, -1, &after);
	dp_stats_diff(&after, &before, &o->stats);
	hot_save(o);
	o->n = 0;
	for (unsigned p = 0; p < 2; p++) {
		struct packet out = net_transmitted(p);

		for (; out.len != 0 && o->n < FRAMES_MAX; out = net_transmitted(p)) {
			o->port[o->n] = p;
			o->frame[o->n++] = out;
		}
	}
	for (unsigned c = 0; c < DP_PUNT_COUNT; c++) {
		struct rte_mbuf *m;

		while (dp_punt_receive(net.dp, c, &m, 1) == 1)
			rte_pktmbuf_free(m);
	}
}

/* Meters know the time, so that of what was to be punted only the sum is the same. */
static uint64_t punted(const struct dp_stats *s)
{
	uint64_t n = 0;

	for (unsigned c = 0; c < DP_PUNT_COUNT; c++)
		n += s->punts[c].passed + s->punts[c].refused_peer + s->punts[c].refused_class +
		     s->punts[c].refused_queue;
	return n;
}

static bool same_drops(const struct dp_stats *a, const struct dp_stats *b)
{
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		if (a->drops[i] != b->drops[i] &&
			strncmp(dp_drop_names[i].name, "punt_", strlen("punt_")) != 0)
			return false;
	return true;
}

static bool same_counters(const struct dp_stats *a, const struct dp_stats *b)
{
	return same_drops(a, b) && memcmp(a->ports, b->ports, sizeof(a->ports)) == 0 &&
	       punted(a) == punted(b) && a->forwarded == b->forwarded &&
	       a->forwarded_bytes == b->forwarded_bytes && a->hairpin == b->hairpin &&
	       a->mss_clamped == b->mss_clamped && a->fragmented == b->fragmented &&
	       a->fragments == b->fragments;
}

static bool same_frames(const struct outcome *a, const struct outcome *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (a->port[i] != b->port[i] || !packet_equal(&a->frame[i], &b->frame[i]))
			return false;
	return true;
}

/* Change an octet at one of the first n. */
static void spoil(uint8_t *at, unsigned n)
{
	at[dice(n)] ^= (uint8_t)(1u << dice(8));
}

/* From a host behind one spoke to one behind another; now and then something is unusual. */
static struct packet some_inner(const struct spoke *from)
{
	static const uint8_t odd_nets[] = {0, 127, 224, 8};
	const struct spoke *to = &net.spoke[dice(4)];
	struct packet ip = spoke_packet(from, to, 28 + dice(dice(4) ? 200 : 1500));

	if (dice(4) == 0)
		ip.b[PACKET_IP4_TTL] = (uint8_t)dice(3);
	if (dice(4) == 0)
		ip.b[PACKET_IP4_TOS] = (uint8_t)dice(256);
	if (dice(4) == 0)
		ip.b[PACKET_IP4_PROTOCOL] = dice(2) ? IPPROTO_TCP : IPPROTO_ICMP;
	if (dice(4) == 0)
		ip.b[PACKET_IP4_LEN + 13] = 0x02; /* a SYN, if it is TCP */
	if (dice(6) == 0)
		ip.b[dice(2) ? PACKET_IP4_SRC : PACKET_IP4_DST] = odd_nets[dice(4)];
	if (dice(6) == 0)
		spoil(ip.b, PACKET_IP4_LEN);
	if (dice(6) != 0)
		packet_ip4_seal(ip.b);
	return ip;
}

static struct packet some_gre(struct spoke *from)
{
	const struct packet inner = some_inner(from);
	struct packet gre = spoke_gre(from, &inner);

	if (dice(8) == 0)
		spoil(gre.b, 8);
	return gre;
}

/* No fragments: what waits for the rest of them would be there twice. */
static struct packet some_frame(struct spoke *from)
{
	const struct packet gre = some_gre(from);
	const struct packet esp =
		spoke_esp(from, dice(20) ? IPPROTO_GRE : (uint8_t)dice(256), &gre);
	struct packet frame = spoke_frame(from, IPPROTO_ESP, &esp);
	uint8_t *ip = frame.b + PACKET_ETH_LEN;

	if (dice(4) == 0)
		ip[PACKET_IP4_TOS] = (uint8_t)dice(256);
	if (dice(5) == 0)
		spoil(ip, PACKET_IP4_LEN + PACKET_UDP_LEN + ESP_HDR_LEN);
	if (dice(20) == 0)
		spoil(frame.b, PACKET_ETH_LEN);
	if (dice(20) == 0)
		spoil(frame.b, frame.len);
	memset(ip + PACKET_IP4_FRAG, 0, 2);
	if (dice(6) != 0)
		packet_ip4_seal(ip);
	if (dice(20) == 0)
		frame.len = (uint16_t)(frame.len - dice(frame.len));
	return frame;
}

static void open_mixed(void)
{
	net_open(&(struct net_params){.no_peers = true, .rpf = DP_RPF_LOOSE});
	net.c.natt_port = 40000;
	for (unsigned i = 0; i < 4; i++)
		spoke_add(&net.spoke[i]);
	/* So that packets from and to anywhere come this far. */
	CU_ASSERT(
		dp_route_add(net.dp, DP_TABLE_OVERLAY, 0, 0, DP_ADJ(DP_ADJ_PEER, net.a.peer)) == 0);
	/* Whoever sends first keeps the peer: that is not what is compared. */
	for (unsigned i = 0; i < 4; i++) {
		struct packet ip = spoke_packet(&net.spoke[i], &net.spoke[(i + 1) % 4], 100);

		spoke_send_run(&net.spoke[i], &ip);
	}
	while (net_transmitted(0).len != 0 || net_transmitted(1).len != 0)
		;
}

static void same_outcome(void)
{
	static struct outcome before, stages, express;
	struct dp_stats all;

	srandom(42);
	open_mixed();
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct spoke *from = &net.spoke[dice(4)];
		uint64_t seq = *spoke_seq(from);
		struct packet frame;
		bool same;

		if (dice(20) == 0) /* a repeat, or what is left of the window */
			*spoke_seq(from) = seq > 80 ? seq - dice(80) : 0;
		frame = some_frame(from);
		*spoke_seq(from) = RTE_MAX(seq, *spoke_seq(from));
		hot_save(&before);
		run_frame(false, from->port, &frame, &stages);
		hot_restore(&before);
		run_frame(true, from->port, &frame, &express);
		same = same_frames(&stages, &express) &&
		       same_counters(&stages.stats, &express.stats) &&
		       memcmp(stages.hot, express.hot, sizeof(stages.hot)) == 0;
		expect_true(HERE, same, "frame %u of %s has another outcome by the short way", i,
			from->name);
		if (!same)
			break;
	}
	dp_stats_read(net.dp, -1, &all);
	/* Most of them were common, and some of each kind were not. */
	EXPECT(all.stages[DP_STAGE_express_in].packets > ROUNDS / 2);
	EXPECT(all.stages[DP_STAGE_handoff].packets > ROUNDS / 4);
	net_free();
}

/* In pieces, with IP options, with other marks: in one burst with common ones of the same flow. */
static void nothing_overtakes(void)
{
	struct packet inner[12], frame;

	net_open(NULL);
	for (unsigned i = 0; i < 12; i++) {
		inner[i] = spoke_packet(&net.a, &net.b, i % 4 == 1 ? 1390 : 100 + i);
		if (i % 4 == 2)
			inner[i].b[PACKET_IP4_TOS] = 2;
		packet_ip4_seal(inner[i].b);
		frame = spoke_seal(&net.a, &inner[i]);
		if (i % 4 == 1) {
			struct packet first = frame, rest = frame;

			first.len = PACKET_ETH_LEN + PACKET_IP4_LEN + 800;
			packet_put16(
				first.b + PACKET_ETH_LEN + PACKET_IP4_TOTAL, PACKET_IP4_LEN + 800);
			packet_put16(first.b + PACKET_ETH_LEN + PACKET_IP4_FRAG, 0x2000);
			packet_ip4_seal(first.b + PACKET_ETH_LEN);
			memmove(rest.b + PACKET_ETH_LEN + PACKET_IP4_LEN,
				rest.b + PACKET_ETH_LEN + PACKET_IP4_LEN + 800,
				rest.len - PACKET_ETH_LEN - PACKET_IP4_LEN - 800u);
			rest.len = (uint16_t)(rest.len - 800);
			packet_put16(rest.b + PACKET_ETH_LEN + PACKET_IP4_TOTAL,
				(uint16_t)(rest.len - PACKET_ETH_LEN));
			packet_put16(rest.b + PACKET_ETH_LEN + PACKET_IP4_FRAG, 100);
			packet_ip4_seal(rest.b + PACKET_ETH_LEN);
			net_receive(0, 0, &first);
			net_receive(0, 0, &rest);
			continue;
		}
		if (i % 4 == 2)
			frame.b[PACKET_ETH_LEN + PACKET_IP4_TOS] = 3; /* congested */
		packet_ip4_seal(frame.b + PACKET_ETH_LEN);
		net_receive(0, 0, &frame);
	}
	net_run();
	for (unsigned i = 0; i < 12; i++) {
		if (i % 4 == 2)
			inner[i].b[PACKET_IP4_TOS] = 3;
		packet_ip4_seal(inner[i].b);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner[i]));
	}
	net_close();
}

/* What goes too far for one packet is cut where it stands in the flow. */
static void nothing_overtakes_pieces(void)
{
	static const unsigned lens[] = {100, 101, 1450, 102, 1450, 103};
	unsigned at = 0;

	net_open(NULL);
	for (unsigned i = 0; i < 6; i++) {
		struct packet ip = spoke_packet(&net.a, &net.b, lens[i]);

		spoke_send(&net.a, &ip);
	}
	net_run();
	for (unsigned i = 0; i < 8; i++) {
		struct packet gre = EXPECT_GRE(&net.b);
		const uint8_t *ip = gre.b + 8;
		bool piece = (packet_get16(ip + PACKET_IP4_FRAG) & 0x3fff) != 0;

		expect_true(HERE, piece == (lens[at] == 1450), "packet %u of 8 is %s", i,
			piece ? "a piece" : "whole");
		if (!piece)
			EXPECT(packet_get16(ip + PACKET_IP4_TOTAL) == lens[at]);
		at += !piece || (packet_get16(ip + PACKET_IP4_FRAG) & 0x2000) == 0;
	}
	net_close();
}

/* A packet of the same number twice in a burst: the second is a replay. */
static void twice_in_a_burst(void)
{
	struct packet inner, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	frame = spoke_seal(&net.a, &inner);
	net_receive(0, 0, &frame);
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT_DROPS(esp_replay, 1);
	net_close();
}

static const struct unit_test tests[] = {
	{"any packet has the outcome that the stages give it", same_outcome},
	{"nothing of a flow overtakes what the short way does not take", nothing_overtakes},
	{"nothing of a flow overtakes what is cut to pieces", nothing_overtakes_pieces},
	{"a number twice in a burst", twice_in_a_burst},
};

DP_SUITE(express, tests);
