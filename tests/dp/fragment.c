/* SPDX-License-Identifier: BSD-3-Clause */
/* Inner packets larger than the tunnel's MTU: cut before encryption (RFC 791 3.2). */
#include <string.h>

#include "tests/dp/expect.h"

#define MORE   0x2000
#define OFFSET 0x1fff

/* The pieces that arrived at a spoke, put together as a receiver would (RFC 791 3.2). */
struct reassembly {
	struct packet payload;
	unsigned pieces;
	bool last; /* the piece without more-fragments was the last one */
};

/* The inner packet of the next frame for a spoke on a tunnel with a key and no checksum. */
static struct packet next_inner(struct spoke *s)
{
	struct packet gre = EXPECT_GRE(s);

	return packet_cut(&gre, 8);
}

/* One piece: its header is right, it follows the one before. */
static void take_piece(struct reassembly *r, const struct packet *piece, const struct packet *whole,
	unsigned first_offset)
{
	unsigned header = (piece->b[0] & 15) * 4u, len = piece->len - header;
	unsigned field = packet_get16(piece->b + PACKET_IP4_FRAG);

	EXPECT(piece->len <= TUNNEL_MTU);
	EXPECT(packet_sum(piece->b, header) == 0);
	EXPECT(packet_get16(piece->b + PACKET_IP4_TOTAL) == piece->len);
	EXPECT(memcmp(piece->b + PACKET_IP4_ID, whole->b + PACKET_IP4_ID, 2) == 0);
	EXPECT(memcmp(piece->b + PACKET_IP4_SRC, whole->b + PACKET_IP4_SRC, 8) == 0);
	EXPECT(piece->b[PACKET_IP4_TTL] == whole->b[PACKET_IP4_TTL] - 1);
	EXPECT((field & OFFSET) * 8 == first_offset * 8 + r->payload.len);
	EXPECT(!r->last);
	r->last = (field & MORE) == 0;
	EXPECT(r->last || len % 8 == 0);
	memcpy(r->payload.b + r->payload.len, piece->b + header, len);
	r->payload.len = (uint16_t)(r->payload.len + len);
	r->pieces++;
}

static struct reassembly receive(
	struct spoke *s, const struct packet *whole, unsigned n, unsigned first_offset)
{
	struct reassembly r = {.pieces = 0};

	while (r.pieces < n) {
		struct packet piece = next_inner(s);

		if (piece.len < PACKET_IP4_LEN)
			break;
		take_piece(&r, &piece, whole, first_offset);
	}
	return r;
}

static void expect_whole(const struct reassembly *r, const struct packet *whole, unsigned header)
{
	EXPECT(r->payload.len == whole->len - header);
	EXPECT(memcmp(r->payload.b, whole->b + header, r->payload.len) == 0);
}

static void every_length(void)
{
	struct reassembly r;
	struct packet inner;

	net_open(NULL);
	for (unsigned len = TUNNEL_MTU + 1; len < TUNNEL_MTU + 60; len++) {
		inner = spoke_packet(&net.a, &net.b, len);
		spoke_send_run(&net.a, &inner);
		r = receive(&net.b, &inner, 2, 0);
		EXPECT(r.pieces == 2 && r.last);
		expect_whole(&r, &inner, PACKET_IP4_LEN);
	}
	net_close();
}

/* A fragment that is itself too large: offsets go on from its own, and more follows the last. */
static void of_a_fragment(void)
{
	struct reassembly r;
	struct packet inner;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 1500);
	packet_put16(inner.b + PACKET_IP4_FRAG, MORE | 185);
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
	r = receive(&net.b, &inner, 2, 185);
	EXPECT(r.pieces == 2 && !r.last);
	expect_whole(&r, &inner, PACKET_IP4_LEN);
	net_close();
}

/* RFC 791 3.1: an option with the copied bit goes into every piece, another only into the first. */
static void options(void)
{
	static const uint8_t opts[12] = {0x83, 7, 4, 10, 1, 0, 1, /* loose source route, copied */
		0x07, 3, 4,                                       /* record route, not copied */
		0, 0};
	struct packet inner, first, second;
	struct reassembly r = {.pieces = 0};

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 1500);
	memmove(inner.b + 32, inner.b + 20, 1480);
	memcpy(inner.b + 20, opts, sizeof(opts));
	inner.b[0] = 0x48;
	inner.len += sizeof(opts);
	packet_put16(inner.b + PACKET_IP4_TOTAL, inner.len);
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
	first = next_inner(&net.b);
	second = next_inner(&net.b);
	EXPECT(first.b[0] == 0x48 && memcmp(first.b + 20, opts, sizeof(opts)) == 0);
	EXPECT(second.b[0] == 0x47 && memcmp(second.b + 20, opts, 7) == 0 && second.b[27] == 0);
	take_piece(&r, &first, &inner, 0);
	take_piece(&r, &second, &inner, 0);
	expect_whole(&r, &inner, 32);
	net_close();
}

/* Nothing of a flow overtakes: a small packet, a large one, a small one in one burst. */
static void order(void)
{
	struct packet small, large;
	struct reassembly r;

	net_open(NULL);
	small = spoke_packet(&net.a, &net.b, 100);
	large = spoke_packet(&net.a, &net.b, 1480);
	spoke_send(&net.a, &small);
	spoke_send(&net.a, &large);
	spoke_send(&net.a, &small);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&small));
	r = receive(&net.b, &large, 2, 0);
	EXPECT(r.pieces == 2 && r.last);
	EXPECT_DELIVERED(&net.b, packet_hop(&small));
	net_close();
}

/* No buffers for the pieces: a named drop, and none is left behind. */
static void no_buffers(void)
{
	struct rte_mbuf *taken[2048];
	struct rte_mempool *pool;
	struct packet inner;
	unsigned n = 0;

	net_open(NULL);
	pool = dp_packet_pool(net.dp);
	inner = spoke_packet(&net.a, &net.b, 1480);
	spoke_send(&net.a, &inner);
	while (n < RTE_DIM(taken) && (taken[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	rte_pktmbuf_free(taken[--n]); /* one piece finds a buffer, the other does not */
	net_run();
	rte_pktmbuf_free_bulk(taken, n);
	EXPECT_DROPS(fwd_fragment, 1);
	net_close();
}

static const struct unit_test tests[] = {
	{"every length", every_length},
	{"a fragment of a fragment", of_a_fragment},
	{"options", options},
	{"order", order},
	{"no buffers", no_buffers},
};

DP_SUITE(fragment, tests);
