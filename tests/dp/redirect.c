/* SPDX-License-Identifier: BSD-3-Clause */
/* Redirect hints: for hairpin packets, not too many, and none where they are not wanted. */
#include <string.h>

#include <rte_cycles.h>

#include "tests/dp/expect.h"

#define HEAD_MAX 128
#define BURST    256
#define SHARE    100 /* of one spoke */

/* The default world, but the first n spokes are on a tunnel that redirects. */
static void open_redirecting(unsigned n)
{
	const struct dp_tunnel_params p = {.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = TUNNEL_MTU,
		.ttl = TUNNEL_TTL,
		.redirect = true};

	net_open(&(struct net_params){.no_peers = true});
	CU_ASSERT(dp_tunnel_add(net.dp, &p, &net.a.tunnel, NULL) == 0);
	for (unsigned i = 1; i < n; i++)
		net.spoke[i].tunnel = net.a.tunnel;
	for (unsigned i = 0; i < RTE_DIM(net.spoke); i++)
		spoke_add(&net.spoke[i]);
}

static void hint(void)
{
	struct packet inner, got, want;
	struct dp_punt_info info;

	open_redirecting(2);
	inner = spoke_packet(&net.a, &net.b, 300);
	spoke_send_run(&net.a, &inner);
	want = packet_hop(&inner);
	EXPECT_DELIVERED(&net.b, want);
	got = EXPECT_PUNT(REDIRECT, &info);
	EXPECT(info.peer == net.a.peer && info.table == DP_TABLE_OVERLAY);
	EXPECT(got.len == HEAD_MAX && memcmp(got.b, want.b, HEAD_MAX) == 0);
	/* The same again: nothing new. The way back is another pair. */
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, want);
	inner = spoke_packet(&net.b, &net.a, 60);
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	got = EXPECT_PUNT(REDIRECT, &info);
	EXPECT(info.peer == net.b.peer && got.len == 60);
	net_close();
}

/* Between tunnels there is no direct way, and a tunnel may not want it. */
static void no_hint(void)
{
	struct packet inner;

	open_redirecting(2);
	inner = spoke_packet(&net.a, &net.c, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	inner = spoke_packet(&net.c, &net.a, 100);
	spoke_send_run(&net.c, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	inner = spoke_packet(&net.c, &net.c, 100);
	spoke_send_run(&net.c, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	net_close();
}

/* Many destinations at once: the packets all pass, the hints stop at the spoke's share, and those
 * of all spokes at the budget. */
static void budget(void)
{
	struct spoke *const senders[] = {&net.a, &net.b, &net.c};
	unsigned hints[3] = {0, 0, 0};
	struct packet inner;
	struct dp_stats stats;
	struct rte_mbuf *m;
	uint64_t start, ms;

	open_redirecting(3);
	CU_ASSERT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.64.0.0"), 16,
			  DP_ADJ(DP_ADJ_PEER, net.b.peer)) == 0);
	start = rte_rdtsc();
	for (unsigned i = 0; i < 2000; i++) {
		struct spoke *s = senders[i % 3];

		inner = packet_udp(s->lan_be, rte_cpu_to_be_32(0x0a400000u + i), 1, 2, 40);
		spoke_send_run(s, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	ms = (rte_rdtsc() - start) * 1000 / rte_get_tsc_hz() + 1;
	while (dp_punt_receive(net.dp, DP_PUNT_REDIRECT, &m, 1) == 1) {
		for (unsigned i = 0; i < 3; i++)
			hints[i] += dp_punt_info(m)->peer == senders[i]->peer;
		rte_pktmbuf_free(m);
	}
	dp_stats_read(net.dp, -1, &stats);
	for (unsigned i = 0; i < 3; i++)
		EXPECT(hints[i] <= SHARE + 1 + ms * 200 / 1000);
	EXPECT(hints[0] + hints[1] + hints[2] <= BURST + 1 + ms * 2000 / 1000);
	EXPECT(hints[0] + hints[1] + hints[2] > 2 * SHARE);
	EXPECT_DROPS(punt_peer, (unsigned)stats.punts[DP_PUNT_REDIRECT].refused_peer);
	EXPECT_DROPS(punt_full, (unsigned)stats.punts[DP_PUNT_REDIRECT].refused_queue);
	EXPECT_DROPS(punt_meter, (unsigned)stats.punts[DP_PUNT_REDIRECT].refused_class);
	net_close();
}

/* What a spoke is refused is not taken from the others' budget. */
static void rogue(void)
{
	struct dp_stats stats;
	struct packet inner;
	struct rte_mbuf *m;
	unsigned hints = 0;

	open_redirecting(3);
	CU_ASSERT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.64.0.0"), 16,
			  DP_ADJ(DP_ADJ_PEER, net.b.peer)) == 0);
	for (unsigned i = 0; i < 900 + SHARE / 2; i++) {
		struct spoke *s = i < 900 ? &net.a : &net.c;

		inner = packet_udp(s->lan_be, rte_cpu_to_be_32(0x0a400000u + i), 1, 2, 40);
		spoke_send(s, &inner);
		if (i % 450 == 449)
			net_run();
	}
	net_run();
	while (dp_punt_receive(net.dp, DP_PUNT_REDIRECT, &m, 1) == 1) {
		hints += dp_punt_info(m)->peer == net.c.peer;
		rte_pktmbuf_free(m);
	}
	EXPECT(hints == SHARE / 2);
	for (unsigned i = 0; i < 900 + SHARE / 2; i++)
		EXPECT_GRE(&net.b);
	dp_stats_read(net.dp, -1, &stats);
	EXPECT_DROPS(punt_peer, (unsigned)stats.punts[DP_PUNT_REDIRECT].refused_peer);
	net_close();
}

static const struct unit_test tests[] = {
	{"a hairpin packet gives one hint", hint},
	{"none between tunnels, none unasked", no_hint},
	{"a budget for all", budget},
	{"a spoke's flood takes nothing of the budget", rogue},
};

DP_SUITE(redirect, tests);
