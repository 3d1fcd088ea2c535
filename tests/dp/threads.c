/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers on threads of their own, for everything that they share without a lock: rings between
 * them, claims and moves of owners, retirement of peers and SAs, routes and groups that are
 * replaced, next hops that move, filters, captures, counters. The test's thread is control and the
 * wire.
 *
 * The other suites try interleavings one by one, in one thread; these let them happen. docs/
 * concurrency.md has the argument for each part; `tests/run tsan` runs this under ThreadSanitizer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include "tests/dp/expect.h"

#define WORKERS    3
#define FLOWS      3 /* to b: from a, c and d, on a receive queue each */
#define WINDOW     256
#define PATIENCE_S 60
#define NUMBER     (PACKET_IP4_LEN + PACKET_UDP_LEN) /* of an inner packet stands here */
#define GRE_LEN    8
#define STALL_US   1000
#define ROOM       512 /* places for peers: they are used again and again */

/* Packets of each flow. ThreadSanitizer makes everything ten times as slow. */
#ifdef __SANITIZE_THREAD__
#define PACKETS 1500
#else
#define PACKETS 12000
#endif

static struct rte_ring *rx_ring[2][WORKERS], *wire[2];
static unsigned lcores[WORKERS];
static int stalled = -1; /* worker that rests for a moment, atomic */

struct flow {
	struct spoke *from;
	uint32_t sent, next;
};

static struct flow flows[FLOWS];
static unsigned to_guests; /* frames, of peers_churn() */

static unsigned port_of(const void *ctx)
{
	return (unsigned)((const struct fake_port *)ctx - net.port);
}

static uint16_t ring_rx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	int who = queue;

	if (__atomic_compare_exchange_n(
		    &stalled, &who, -1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		rte_delay_us_sleep(STALL_US);
	return (uint16_t)rte_ring_sc_dequeue_burst(
		rx_ring[port_of(ctx)][queue], (void **)m, n, NULL);
}

/* In the order of the cable, whichever worker sends. */
static uint16_t ring_tx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	(void)queue;
	return (uint16_t)rte_ring_mp_enqueue_burst(wire[port_of(ctx)], (void **)m, n, NULL);
}

static struct rte_ring *ring(const char *name, unsigned a, unsigned b, unsigned flags)
{
	char full[RTE_RING_NAMESIZE];
	struct rte_ring *r;

	snprintf(full, sizeof(full), "%s%u.%u", name, a, b);
	r = rte_ring_create(full, 2048, SOCKET_ID_ANY, flags);
	EXPECT(r != NULL);
	return r;
}

/* false: this machine gave the program too few threads. */
static bool open_threads(void)
{
	unsigned lcore, n = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (n < WORKERS)
			lcores[n++] = lcore;
	}
	EXPECT(n == WORKERS);
	if (n < WORKERS)
		return false;
	for (unsigned p = 0; p < 2; p++) {
		wire[p] = ring("wire", p, 0, RING_F_SC_DEQ);
		for (unsigned q = 0; q < WORKERS; q++)
			rx_ring[p][q] = ring("rx", p, q, RING_F_SP_ENQ | RING_F_SC_DEQ);
	}
	net_open(&(struct net_params){.n_workers = WORKERS,
		.n_mbufs = 8191,
		.n_peers = ROOM,
		.lcores = lcores,
		.rx = ring_rx,
		.tx = ring_tx});
	for (unsigned f = 0; f < FLOWS; f++) {
		flows[f] = (struct flow){.from = f == 0 ? &net.a : f == 1 ? &net.c : &net.d};
		flows[f].from->queue = f;
	}
	return true;
}

static void close_threads(void)
{
	dp_stop(net.dp);
	net_close();
	for (unsigned p = 0; p < 2; p++) {
		rte_ring_free(wire[p]);
		for (unsigned q = 0; q < WORKERS; q++)
			rte_ring_free(rx_ring[p][q]);
	}
}

/* What spokes gave to net_receive() goes to the workers, what they sent to net_transmitted(). */
static void exchange(void)
{
	for (unsigned p = 0; p < 2; p++) {
		struct fake_queue *tx = &net.port[p].tx;

		for (unsigned q = 0; q < WORKERS; q++) {
			struct fake_queue *rx = &net.port[p].rx[q];

			rx->head += rte_ring_sp_enqueue_burst(
				rx_ring[p][q], (void **)&rx->m[rx->head], rx->n - rx->head, NULL);
			if (rx->head == rx->n)
				rx->head = rx->n = 0;
		}
		tx->n += rte_ring_sc_dequeue_burst(
			wire[p], (void **)&tx->m[tx->n], NET_QUEUE_MAX - tx->n, NULL);
	}
}

static uint32_t frame_dst(const struct fake_queue *q)
{
	uint32_t dst_be;

	memcpy(&dst_be,
		rte_pktmbuf_mtod_offset(q->m[q->head], uint8_t *, PACKET_ETH_LEN + PACKET_IP4_DST),
		sizeof(dst_be));
	return dst_be;
}

/* b's frames: authentic in a window of 64, each flow's in order, without a gap. */
static void receive(void)
{
	struct fake_queue *q = &net.port[net.b.port].tx;

	exchange();
	while (q->n != q->head) {
		struct packet gre;
		const uint8_t *ip;
		unsigned f = 0;

		if (frame_dst(q) != net.b.nbma_be) { /* a guest's, of peers_churn() */
			net_transmitted(net.b.port);
			to_guests++;
			continue;
		}
		gre = EXPECT_GRE(&net.b);
		ip = gre.b + GRE_LEN;
		while (f < FLOWS && memcmp(ip + PACKET_IP4_SRC, &flows[f].from->lan_be, 4) != 0)
			f++;
		EXPECT(gre.len > 0 && f < FLOWS);
		if (gre.len == 0 || f == FLOWS)
			continue;
		expect_true(HERE, packet_get32(ip + NUMBER) == flows[f].next,
			"flow %u: %u, expected %u", f, packet_get32(ip + NUMBER), flows[f].next);
		flows[f].next = packet_get32(ip + NUMBER) + 1;
	}
}

static void send_one(struct flow *f)
{
	struct packet inner = spoke_packet(f->from, &net.b, 80);

	packet_put32(inner.b + NUMBER, f->sent++);
	spoke_send(f->from, &inner);
}

/* What the daemon does every millisecond. What is punted keeps its peer's place. */
static void turn(void)
{
	struct rte_mbuf *m;

	receive();
	dp_peer_moving(net.dp);
	while (dp_punt_receive(net.dp, DP_PUNT_ERROR, &m, 1) == 1)
		rte_pktmbuf_free(m);
	dp_reclaim(net.dp);
	sched_yield();
}

static bool wait_until_received(uint32_t ahead)
{
	const uint64_t end = rte_rdtsc() + PATIENCE_S * rte_get_tsc_hz();

	for (unsigned f = 0; f < FLOWS; f++)
		while (flows[f].sent - flows[f].next > ahead) {
			if (rte_rdtsc() > end)
				return false;
			turn();
		}
	return true;
}

/* The flows run, and between bursts control does something. */
static void run(void (*control)(unsigned round))
{
	bool going = true;

	for (unsigned round = 0; going && flows[0].sent < PACKETS; round++) {
		for (unsigned i = 0; i < 8; i++)
			for (unsigned f = 0; f < FLOWS; f++)
				send_one(&flows[f]);
		control(round);
		going = wait_until_received(WINDOW);
	}
	EXPECT(going && wait_until_received(0));
	for (unsigned f = 0; f < FLOWS; f++)
		EXPECT(flows[f].next == flows[f].sent);
}

static unsigned dice(unsigned sides)
{
	static unsigned state = 1;

	state = state * 1103515245 + 12345;
	return (state >> 16) % sides;
}

/* One of them rests for a millisecond, now the one that feeds, now the one that seals. */
static void stall(unsigned round)
{
	if (round % 4 == 0)
		__atomic_store_n(&stalled, (int)dice(WORKERS), __ATOMIC_RELAXED);
}

static void one_sa(void)
{
	if (!open_threads())
		return;
	run(stall);
	close_threads();
}

static unsigned moves;

static void move(unsigned round)
{
	static struct spoke *const of[] = {&net.b, &net.a, &net.c, &net.d};

	stall(round);
	if (!dp_peer_moving(net.dp))
		moves += dp_peer_set_owner(net.dp, of[dice(4)]->peer, dice(WORKERS)) == 0;
}

static void owners_move(void)
{
	if (!open_threads())
		return;
	moves = 0;
	run(move);
	while (dp_peer_moving(net.dp))
		turn();
	EXPECT(moves > 20);
	close_threads();
}

/* Guests come, are sent to, and go while that may still be on its way. */
#define GUESTS 32

static struct {
	uint32_t peer, lan_be;
} guests[GUESTS];

static uint8_t guest_key[ESP_KEY_MAX];

static void guest_come(unsigned slot, unsigned number)
{
	struct dp_peer_params p = {.tunnel = net.tunnel[0],
		.address_be = htonl(0x0aff1000 + number),
		.nbma_be = packet_addr("198.51.100.99")};
	struct sa_params sa = {.suite = esp_suite_by_name("aes128gcm16"),
		.key = guest_key,
		.key_len = 20,
		.spi = 0x30000000 + number,
		.in = true,
		.window = 64};
	struct packet to;
	uint32_t index;

	/* Those that went rest until no worker can name them. */
	while (dp_peer_add(net.dp, &p, &guests[slot].peer, NULL) == -ENOSPC)
		turn();
	dp_peer_set_neighbor(net.dp, guests[slot].peer, net.port[0].index, &net.a.mac);
	EXPECT(dp_peer_add_sa(net.dp, guests[slot].peer, &sa, &index, NULL) == 0);
	sa.in = false;
	EXPECT(dp_peer_add_sa(net.dp, guests[slot].peer, &sa, &index, NULL) == 0);
	guests[slot].lan_be = htonl(0x0b000000 + number);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, guests[slot].lan_be, 32,
		       DP_ADJ(DP_ADJ_PEER, guests[slot].peer)) == 0);
	to = packet_udp(net.a.lan_be, guests[slot].lan_be, 1, 2, 60);
	spoke_send(&net.a, &to);
}

static void guest_go(unsigned slot)
{
	EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, guests[slot].lan_be, 32) == 0);
	dp_peer_del(net.dp, guests[slot].peer);
	guests[slot].peer = DP_PEER_NONE;
}

static unsigned arrived;

static void churn(unsigned round)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned slot = (round * 4 + i) % GUESTS;

		if (guests[slot].peer != DP_PEER_NONE)
			guest_go(slot);
		guest_come(slot, arrived++);
	}
	dp_reclaim(net.dp);
}

/* What was on its way to a guest that went has no route, or no SA; the flows lose nothing. */
static void peers_churn(void)
{
	static const enum dp_drop of_the_gone[] = {DP_DROP_fwd_no_route, DP_DROP_out_no_sa,
		DP_DROP_out_no_neighbor, DP_DROP_punt_peer, DP_DROP_punt_meter};
	struct dp_stats stats;

	if (!open_threads())
		return;
	for (unsigned i = 0; i < GUESTS; i++)
		guests[i].peer = DP_PEER_NONE;
	arrived = to_guests = 0;
	run(churn);
	for (unsigned i = 0; i < GUESTS; i++)
		if (guests[i].peer != DP_PEER_NONE)
			guest_go(i);
	while (dp_reclaim(net.dp) != 0)
		turn();
	receive();
	EXPECT(sa_table_used(dp_sa_table(net.dp, true)) == RTE_DIM(net.spoke));
	EXPECT(arrived > ROOM && to_guests > 0);
	dp_stop(net.dp);
	dp_stats_read(net.dp, -1, &stats);
	for (unsigned i = 0; i < RTE_DIM(of_the_gone); i++)
		expect_drops(HERE, of_the_gone[i], (unsigned)stats.drops[of_the_gone[i]]);
	close_threads();
}

/* The way to b is itself, or one of two equal ones; the groups' places are used over and over. */
static void regroup(unsigned round)
{
	static dp_adj_t held;
	const dp_adj_t b = DP_ADJ(DP_ADJ_PEER, net.b.peer), c = DP_ADJ(DP_ADJ_PEER, net.c.peer);
	const uint32_t lan_be = net.b.lan_be & ip4_mask_be(24), other_be = packet_addr("10.99.0.0");

	if (round == 0)
		held = DP_ADJ_NO_ROUTE;
	for (unsigned i = 0; i < 64; i++) {
		/* Members differ from group to group, and all of the flows' are b. */
		const dp_adj_t pair[] = {b, b}, other[] = {b, c};
		dp_adj_t adj;

		EXPECT(dp_group_get(net.dp, i % 2 ? other : pair, 2, &adj) == 0);
		EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, i % 2 ? other_be : lan_be,
			       i % 2 ? 16 : 24, adj) == 0);
		if (i % 2 == 0) {
			dp_group_put(net.dp, held);
			held = adj;
		} else {
			EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY, other_be, 16) == 0);
			dp_group_put(net.dp, adj);
		}
	}
	if (flows[0].sent + 8 >= PACKETS) {
		EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, lan_be, 24, b) == 0);
		dp_group_put(net.dp, held);
	}
}

static void groups_reused(void)
{
	if (!open_threads())
		return;
	run(regroup);
	close_threads();
}

static uint32_t spi;

/* New SAs before the old ones go; the next hop's Ethernet address; routes beside b's. */
static void rekey(unsigned round)
{
	const uint32_t net_be = htonl(0x0c000000 | (round % 64) << 8);

	if (round % 2 == 0)
		EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, net_be, 32,
			       DP_ADJ(DP_ADJ_PEER, net.b.peer)) == 0);
	else
		EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY,
			       htonl(0x0c000000 | ((round - 1) % 64) << 8), 32) == 0);
	dp_peer_set_neighbor(net.dp, net.b.peer, net.port[0].index, &net.b.mac);
	if (round % 8 == 7) {
		const uint32_t in = net.a.hub_in, seal = net.a.seal, open = net.a.open,
			       out = net.a.hub_out;

		spi++;
		spoke_rekey(&net.a, 0x10001000 + spi, 0x20001000 + spi);
		/* What was sealed with the old one has arrived. */
		EXPECT(wait_until_received(0));
		dp_peer_del_sa(net.dp, true, in);
		dp_peer_del_sa(net.dp, false, out);
		sa_unlink(net.seal, seal);
		sa_free(net.seal, seal);
		sa_unlink(net.open, open);
		sa_free(net.open, open);
	}
	dp_reclaim(net.dp);
}

static void rekeyed(void)
{
	if (!open_threads())
		return;
	run(rekey);
	if (flows[0].sent / 8 % 2 == 1)
		EXPECT(dp_route_del(net.dp, DP_TABLE_OVERLAY,
			       htonl(0x0c000000 | ((flows[0].sent / 8 - 1) % 64) << 8), 32) == 0);
	while (dp_reclaim(net.dp) != 0)
		turn();
	close_threads();
}

/* Counters are read while they are counted, and never fall; forwarding stops and goes on. */
static void look(unsigned round)
{
	static uint64_t seen;
	struct dp_stats stats;
	struct error err;

	dp_stats_read(net.dp, -1, &stats);
	EXPECT(round == 0 || stats.ports[0].rx_packets >= seen);
	seen = stats.ports[0].rx_packets;
	if (round % 16 == 15) {
		dp_stop(net.dp);
		EXPECT(dp_start(net.dp, &err) == 0);
	}
}

static void counted(void)
{
	struct dp_stats stats;

	if (!open_threads())
		return;
	run(look);
	dp_stop(net.dp);
	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.ports[0].rx_packets + stats.ports[1].rx_packets ==
		(uint64_t)flows[0].sent * FLOWS);
	close_threads();
}

static const struct unit_test tests[] = {
	{"three workers feed one SA, one of them rests", one_sa},
	{"owners move", owners_move},
	{"peers come and go", peers_churn},
	{"groups are used again", groups_reused},
	{"SAs, routes and next hops are replaced", rekeyed},
	{"counters, stops and starts", counted},
};

DP_SUITE(threads, tests);
