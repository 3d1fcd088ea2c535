/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ten thousand peers with their SAs and routes come and go while others' packets are forwarded, and
 * speak themselves while they are there: each of those packets arrives, and nothing is dropped.
 */
#include <arpa/inet.h>

#include "tests/dp/expect.h"

#define PEERS 10000
#define ALIVE 64  /* at a time */
#define ROOM  512 /* places, each used many times */

struct guest {
	uint32_t peer, lan_be;
	uint32_t in;
};

static uint8_t key[ESP_KEY_MAX];

static void come(struct guest *g, unsigned number)
{
	struct dp_peer_params p = {.tunnel = net.tunnel[0],
		.address_be = htonl(0x0aff1000 + number),
		.nbma_be = packet_addr("198.51.100.99")};
	struct sa_params sa = {.suite = esp_suite_by_name("aes128gcm16"),
		.key = key,
		.key_len = 20,
		.spi = 0x30000000 + number,
		.in = true,
		.window = 64};
	uint32_t out;

	EXPECT(dp_peer_add(net.dp, &p, &g->peer, NULL) == 0);
	dp_peer_set_neighbor(net.dp, g->peer, net.port[0].index, &net.a.mac);
	EXPECT(dp_peer_add_sa(net.dp, g->peer, &sa, &g->in, NULL) == 0);
	sa.in = false;
	EXPECT(dp_peer_add_sa(net.dp, g->peer, &sa, &out, NULL) == 0);
	g->lan_be = htonl(0x0b000000 + number);
	EXPECT(dp_route_add(
		       net.dp, DP_TABLE_OVERLAY, g->lan_be, 32, DP_ADJ(DP_ADJ_PEER, g->peer)) == 0);
}

static void go(const struct guest *g)
{
	EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, g->lan_be, 32) == 0);
	dp_peer_del(net.dp, g->peer);
}

/* To the guest, which is nobody's spoke here: the frame is counted. */
static unsigned sent_to_guests(unsigned port)
{
	struct fake_queue *q = &net.port[port].tx;
	const uint32_t guest_be = packet_addr("198.51.100.99");
	unsigned n = 0;

	while (q->head < q->n && memcmp(rte_pktmbuf_mtod_offset(q->m[q->head], uint8_t *,
						PACKET_ETH_LEN + PACKET_IP4_DST),
					 &guest_be, 4) == 0) {
		net_transmitted(port);
		n++;
	}
	return n;
}

static void churn(unsigned n_workers)
{
	struct guest guests[ALIVE];
	unsigned to_guests = 0, got = 0;
	struct packet inner, hop;

	net_open(&(struct net_params){.n_workers = n_workers, .n_peers = ROOM});
	net.b.queue = n_workers - 1;
	inner = spoke_packet(&net.b, &net.b, 80);
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	inner = spoke_packet(&net.a, &net.b, 100);
	hop = packet_hop(&inner);
	for (unsigned i = 0; i < PEERS + ALIVE; i++) {
		struct guest *g = &guests[i % ALIVE];
		struct packet to;

		if (i >= ALIVE)
			go(g);
		if (i < PEERS) {
			come(g, i);
			to = packet_udp(net.a.lan_be, g->lan_be, 1, 2, 60);
			spoke_send(&net.a, &to);
			to_guests++;
		}
		spoke_send(&net.a, &inner);
		/* Its packets go out before it goes: only those of the dead need be lost. */
		net_run();
		got += sent_to_guests(0);
		EXPECT_DELIVERED(&net.b, hop);
		got += sent_to_guests(0);
		dp_reclaim(net.dp);
	}
	EXPECT(got == to_guests && to_guests == PEERS);
	while (dp_reclaim(net.dp) != 0)
		net_run();
	EXPECT(sa_table_used(dp_sa_table(net.dp, true)) == 4);
	net_close();
}

static void one_worker(void)
{
	churn(1);
}

static void two_workers(void)
{
	churn(2);
}

static const struct unit_test tests[] = {
	{"10,000 peers under traffic, one worker", one_worker},
	{"10,000 peers under traffic, two workers", two_workers},
};

DP_SUITE(churn, tests);
