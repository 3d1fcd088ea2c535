/* SPDX-License-Identifier: BSD-3-Clause */
/* Multicast of control: one copy for each peer of the tunnel that has an SA, paced. */
#include <string.h>

#include "tests/dp/expect.h"

#define COPIES_MAX 32

static struct packet rip(void)
{
	return packet_udp(packet_addr(HUB_TUNNEL), packet_addr("224.0.0.9"), 520, 520, 80);
}

static int inject(uint16_t tunnel)
{
	struct packet ip = rip();
	struct rte_mbuf *m = dp_inject_alloc(net.dp);

	memcpy(rte_pktmbuf_append(m, ip.len), ip.b, ip.len);
	return dp_inject_multicast(net.dp, tunnel, 0x0800, m);
}

static void each_peer(void)
{
	struct dp_stats stats;

	net_open(NULL);
	EXPECT(inject(net.tunnel[0]) == 0);
	net_run();
	EXPECT_DELIVERED(&net.a, rip());
	EXPECT_DELIVERED(&net.b, rip());
	EXPECT_DELIVERED(&net.c, rip());
	EXPECT(inject(net.tunnel[1]) == 0);
	net_run();
	EXPECT_DELIVERED(&net.d, rip());
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.replicated == 4 && stats.forwarded == 0);
	net_close();
}

/* A peer without an SA gets nothing, a removed one neither; the others do. */
static void current_peers(void)
{
	net_open(NULL);
	dp_peer_del_sa(net.dp, false, net.a.hub_out);
	spoke_del(&net.b);
	EXPECT(inject(net.tunnel[0]) == 0);
	net_run();
	EXPECT_DELIVERED(&net.c, rip());
	net_close();
}

/* Each worker serves the peers it owns: every peer one copy. */
static void workers(void)
{
	struct packet inner;

	net_open(&(struct net_params){.n_workers = 2});
	net.b.queue = 1;
	inner = spoke_packet(&net.a, &net.c, 60);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	inner = spoke_packet(&net.b, &net.b, 60);
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(dp_peer_owner(net.dp, net.a.peer) != dp_peer_owner(net.dp, net.b.peer));
	EXPECT(inject(net.tunnel[0]) == 0);
	net_run();
	EXPECT_DELIVERED(&net.a, rip());
	EXPECT_DELIVERED(&net.c, rip());
	EXPECT_DELIVERED(&net.b, rip());
	net_close();
}

/* Two hundred peers, and a packet to forward: it does not wait for more than a turn's copies. */
static void paced(void)
{
	enum { N = 200 };
	const struct dp_peer_params p = {.tunnel = net.tunnel[0],
		.address_be = packet_addr("10.0.0.99"),
		.nbma_be = packet_addr("198.51.100.1")};
	uint8_t key[ESP_KEY_MAX] = {1};
	struct sa_params sa = {.spi = 0x5000, .key = key, .key_len = 20};
	struct dp_stats before, after;
	struct packet inner;
	uint32_t peer, index;
	unsigned turns = 0;

	net_open(&(struct net_params){.n_peers = 2 * N});
	sa.suite = esp_suite_by_name("aes128gcm16");
	for (unsigned i = 0; i < N; i++, sa.spi++) {
		CU_ASSERT(dp_peer_add(net.dp, &p, &peer, NULL) == 0);
		CU_ASSERT(dp_peer_add_sa(net.dp, peer, &sa, &index, NULL) == 0);
		dp_peer_set_neighbor(net.dp, peer, net.port[0].index, &net.a.mac);
	}
	EXPECT(inject(net.tunnel[0]) == 0);
	inner = spoke_packet(&net.d, &net.d, 60);
	spoke_send(&net.d, &inner);
	do {
		dp_stats_read(net.dp, -1, &before);
		dp_worker_poll(net.dp, 0);
		dp_stats_read(net.dp, -1, &after);
		EXPECT(after.replicated - before.replicated <= COPIES_MAX);
		EXPECT(turns++ > 0 || after.forwarded == 1);
	} while (after.replicated != before.replicated);
	EXPECT(after.replicated == N + 3);
	EXPECT(turns > N / COPIES_MAX);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	while (net_transmitted(0).len != 0)
		;
	net_run();
	net_close();
}

/* 32 come out of the queue in a turn, one is dealt with: 256 may wait, the rest is counted. */
static void too_many(void)
{
	unsigned sent = 0;

	net_open(NULL);
	for (unsigned i = 0; i < 300; i++)
		EXPECT(inject(net.tunnel[1]) == 0);
	net_run();
	while (net_transmitted(1).len != 0)
		sent++;
	EXPECT(sent < 300 && sent >= 256);
	EXPECT_DROPS(replicate_full, 300 - sent);
	net_close();
}

/* No buffer for a copy: a named drop, and the next packet goes out again. */
static void no_buffer(void)
{
	struct rte_mbuf *taken[2048];
	unsigned n = 0;

	net_open(NULL);
	EXPECT(inject(net.tunnel[1]) == 0);
	while (n < RTE_DIM(taken) && (taken[n] = rte_pktmbuf_alloc(dp_packet_pool(net.dp))) != NULL)
		n++;
	net_run();
	rte_pktmbuf_free_bulk(taken, n);
	EXPECT_DROPS(replicate_no_buffer, 1);
	EXPECT(inject(net.tunnel[1]) == 0);
	net_run();
	EXPECT_DELIVERED(&net.d, rip());
	net_close();
}

static const struct unit_test tests[] = {
	{"one copy for each peer of the tunnel", each_peer},
	{"only peers that can be sent to", current_peers},
	{"by the workers that own the peers", workers},
	{"paced", paced},
	{"too many at once", too_many},
	{"no buffer for a copy", no_buffer},
};

DP_SUITE(replicate, tests);
