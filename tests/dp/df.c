/* SPDX-License-Identifier: BSD-3-Clause */
/* Don't fragment and identification of the outer header. */
#include <stdlib.h>

#include "tests/dp/expect.h"

#define DF      0x4000
#define PACKETS 500

/* A world whose tunnel 0 has this policy. */
static void open_df(enum dp_df df, unsigned n_workers)
{
	const struct dp_tunnel_params p = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = TUNNEL_MTU,
		.ttl = TUNNEL_TTL,
		.df = df};

	net_open(&(struct net_params){.no_peers = true, .n_workers = n_workers});
	for (unsigned i = 0; i < 3; i++) {
		net.spoke[i].tunnel = net.tunnel[0];
		CU_ASSERT(dp_tunnel_add(net.dp, &p, &net.spoke[i].tunnel, NULL) == 0);
	}
}

/* The outer header of the next frame, fragment field and identification; the frame is for s. */
struct outer {
	uint16_t field, id;
};

static struct outer next_outer(struct spoke *s)
{
	const struct fake_queue *q = &net.port[0].tx;
	struct outer o = {0xffff, 0};

	if (q->head < q->n) {
		const uint8_t *ip =
			rte_pktmbuf_mtod_offset(q->m[q->head], uint8_t *, PACKET_ETH_LEN);

		o.field = packet_get16(ip + PACKET_IP4_FRAG);
		o.id = packet_get16(ip + PACKET_IP4_ID);
	}
	EXPECT_GRE(s); /* checksum and addresses are right */
	return o;
}

static struct outer forward(bool inner_df, unsigned len)
{
	struct packet inner = spoke_packet(&net.a, &net.b, len);

	packet_put16(inner.b + PACKET_IP4_FRAG, inner_df ? DF : 0);
	packet_ip4_seal(inner.b);
	spoke_send_run(&net.a, &inner);
	return next_outer(&net.b);
}

static void policy(enum dp_df df, uint16_t natt_port, bool with_inner, bool without)
{
	struct outer o;

	open_df(df, 1);
	net.b.natt_port = natt_port;
	spoke_add(&net.a);
	spoke_add(&net.b);
	for (unsigned len = 28; len < 128; len++) {
		o = forward(true, len);
		EXPECT(o.field == (with_inner ? DF : 0));
		/* RFC 6864 4.1: atomic datagrams need none. */
		EXPECT(!with_inner || o.id == 0);
		o = forward(false, len);
		EXPECT(o.field == (without ? DF : 0));
		EXPECT(!without || o.id == 0);
	}
	net_close();
}

static void policies(void)
{
	for (unsigned i = 0; i < 2; i++) {
		policy(DP_DF_SET, i ? 61001 : 0, true, true);
		policy(DP_DF_COPY, i ? 61001 : 0, true, false);
		policy(DP_DF_CLEAR, i ? 61001 : 0, false, false);
	}
}

static void nhrp(void)
{
	struct rte_mbuf *m;

	open_df(DP_DF_COPY, 1);
	spoke_add(&net.a);
	m = dp_inject_alloc(net.dp);
	memset(rte_pktmbuf_append(m, 40), 0xff, 40); /* a don't fragment bit, were it IPv4 */
	CU_ASSERT(dp_inject_peer(net.dp, net.a.peer, 0x2001, m) == 0);
	net_run();
	EXPECT(next_outer(&net.a).field == 0);
	net_close();
}

/* What is too large for the way is still cut before encryption, and the pieces are clear. */
static void pieces(void)
{
	struct packet inner;

	open_df(DP_DF_COPY, 1);
	spoke_add(&net.a);
	spoke_add(&net.b);
	inner = spoke_packet(&net.a, &net.b, TUNNEL_MTU + 1);
	spoke_send_run(&net.a, &inner);
	EXPECT(next_outer(&net.b).field == 0);
	EXPECT(next_outer(&net.b).field == 0);
	net_close();
}

static int compare(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void expect_different(uint16_t *ids, unsigned n)
{
	qsort(ids, n, sizeof(*ids), compare);
	for (unsigned i = 1; i < n; i++)
		EXPECT(ids[i] != ids[i - 1]);
}

/* RFC 6864 4.2, also when two workers send to two spokes behind one NAT address. */
static void identifications(unsigned n_workers)
{
	static uint16_t ids[2 * PACKETS];
	struct packet inner;
	unsigned n = 0;

	open_df(DP_DF_CLEAR, n_workers);
	net.b.natt_port = 61001;
	net.c.natt_port = 61002;
	net.c.nbma_be = net.b.nbma_be;
	for (unsigned i = 0; i < 3; i++)
		spoke_add(&net.spoke[i]);
	net.c.queue = n_workers - 1; /* each spoke's worker is the one that hears it first */
	for (unsigned i = 1; i < 3; i++) {
		inner = spoke_packet(&net.spoke[i], &net.a, 100);
		spoke_send_run(&net.spoke[i], &inner);
		EXPECT_DELIVERED(&net.a, packet_hop(&inner));
		EXPECT(dp_peer_owner(net.dp, net.spoke[i].peer) == net.spoke[i].queue);
	}
	for (unsigned i = 0; i < PACKETS; i++)
		for (unsigned k = 1; k < 3; k++) {
			inner = spoke_packet(&net.a, &net.spoke[k], 100);
			spoke_send_run(&net.a, &inner);
			ids[n++] = next_outer(&net.spoke[k]).id;
		}
	expect_different(ids, n);
	net_close();
}

static void all_identifications(void)
{
	for (unsigned n = 1; n <= NET_WORKERS_MAX; n++)
		identifications(n);
}

static const struct unit_test tests[] = {
	{"set, copied, cleared", policies},
	{"NHRP has none to copy", nhrp},
	{"pieces are clear", pieces},
	{"identifications differ, whichever worker sends", all_identifications},
};

DP_SUITE(df, tests);
