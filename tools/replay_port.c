/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port whose wire is a capture in memory. Receiving copies frames into the data plane's own
 * buffers just before it works on them, as a NIC that writes to cache would; transmitting keeps
 * the last frames for a while, as a NIC's ring does, so that the hub works on as many different
 * buffers as it would there. Both are I/O: timed here, and not part of the hub's cost.
 */
#include "tools/replay_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_mempool.h>

#define FRAME_NS 1000 /* between frames of the written capture */
#define AHEAD    4u   /* frames asked for before they are copied */

/* Frames longer than a buffer come in pieces, as from a NIC. */
static bool copy_long(struct rte_mempool *pool, struct rte_mbuf *m, const uint8_t *at, uint32_t len)
{
	while (len > 0) {
		struct rte_mbuf *piece = rte_pktmbuf_alloc(pool);
		uint16_t n;

		if (piece == NULL)
			return false;
		n = (uint16_t)RTE_MIN(len, rte_pktmbuf_tailroom(piece));
		rte_memcpy(rte_pktmbuf_append(piece, n), at, n);
		rte_pktmbuf_chain(m, piece);
		at += n;
		len -= n;
	}
	return true;
}

static void copy_frame(const struct replay *r, struct rte_mbuf *m, uint32_t frame)
{
	const uint8_t *at = capture_octets(&r->capture, frame);
	uint32_t len = r->capture.frames[frame].len;
	uint16_t n = (uint16_t)RTE_MIN(len, rte_pktmbuf_tailroom(m));

	rte_memcpy(rte_pktmbuf_mtod(m, void *), at, n);
	m->data_len = n;
	m->pkt_len = n;
	if (unlikely(n < len))
		copy_long(dp_packet_pool(r->dp), m, at + n, len - n);
}

/* Packets that are due now at the asked rate. */
static unsigned due(const struct replay_worker *w, uint64_t now)
{
	double n = (double)(now - w->first) / w->cycles_per_packet + 1;

	return n > (double)w->given ? (unsigned)(n - (double)w->given) : 0;
}

/*
 * A turn's cost by what it was spent on. Turns of few packets are left out: what a turn costs
 * whatever comes would be all that they show.
 */
static void account_turn(struct replay *r, unsigned worker, uint64_t cycles)
{
	struct replay_worker *w = &r->workers[worker];
	uint64_t packets = w->taken - w->seen_taken, rx = w->io_rx - w->seen_rx;
	uint64_t tx = w->io_tx - w->seen_tx, stages[DP_STAGE_COUNT], rest;
	bool counts = packets >= r->config->burst / 4 && packets > 0 && w->last != 0;

	dp_stats_stage_cycles(r->dp, worker, stages);
	rest = cycles - rx - tx;
	if (counts) {
		turns_add(&w->turns[REPLAY_PATH], cycles - rx - tx, packets);
		turns_add(&w->turns[REPLAY_IO_RX], rx, packets);
		turns_add(&w->turns[REPLAY_IO_TX], tx, packets);
	}
	for (unsigned i = 0; i < DP_STAGE_COUNT; i++) {
		uint64_t spent = stages[i] - w->seen_stages[i];

		w->seen_stages[i] = stages[i];
		/* Taking frames away is the tool's work, inside tx. */
		if (i == DP_STAGE_tx)
			spent -= RTE_MIN(spent, tx);
		rest -= RTE_MIN(rest, spent);
		if (counts)
			turns_add(&w->turns[REPLAY_STAGE + i], spent, packets);
	}
	if (counts)
		turns_add(&w->turns[REPLAY_LOOP], rest, packets);
	w->seen_rx = w->io_rx;
	w->seen_tx = w->io_tx;
	w->seen_taken = w->taken;
}

/* What passed since the last receive was spent on packets, if it gave some or some left. */
static void account(struct replay *r, unsigned worker, uint64_t now)
{
	struct replay_worker *w = &r->workers[worker];

	/* Before its first receive a worker may have sent what others handed it. */
	if ((w->gave || w->sent) && w->last != 0) {
		w->busy += now - w->last;
		w->end = now;
		account_turn(r, worker, now - w->last);
		now = rte_rdtsc();
	}
	w->gave = w->sent = false;
	w->last = now;
}

/* Buffers that no port keeps. */
static unsigned under_way_exactly(const struct replay *r)
{
	unsigned held = 0, used = rte_mempool_in_use_count(dp_packet_pool(r->dp));

	for (unsigned i = 0; i < r->opt.workers; i++)
		held += __atomic_load_n(&r->workers[i].n_held, __ATOMIC_RELAXED);
	return used > held ? used - held : 0;
}

/*
 * Workers hand packets to each other. One that is ahead must wait, as it would if packets came at
 * the speed of the slowest; else it would fill the others' queues and measure drops.
 */
static bool crowded(const struct replay *r)
{
	uint64_t under_way = 0;

	for (unsigned i = 0; i < r->opt.workers; i++)
		under_way += __atomic_load_n(&r->workers[i].given, __ATOMIC_RELAXED) -
			     __atomic_load_n(&r->workers[i].taken, __ATOMIC_RELAXED);
	if (under_way <= r->in_flight)
		return false;
	/* Dropped packets never come out. To count buffers is exact, but disturbs the others. */
	return under_way_exactly(r) > r->in_flight;
}

static uint16_t port_rx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	struct replay_port *port = ctx;
	struct replay *r = port->replay;
	struct replay_queue *q = &port->queues[queue];
	struct replay_worker *w = &r->workers[queue];
	uint64_t now;

	account(r, queue, rte_rdtsc());
	now = w->last;
	n = (uint16_t)RTE_MIN(n, q->n_frames - q->next);
	if (n == 0)
		return 0;
	if (w->given == 0)
		w->first = now;
	if (w->cycles_per_packet > 0)
		n = (uint16_t)RTE_MIN(n, due(w, now));
	if (r->opt.workers > 1 && crowded(r))
		n = 0;
	if (n == 0 || rte_pktmbuf_alloc_bulk(dp_packet_pool(r->dp), m, n) != 0)
		return 0;
	for (unsigned i = 0; i < RTE_MIN(n, AHEAD); i++)
		capture_prefetch(&r->capture, q->frames[q->next + i]);
	for (unsigned i = 0; i < n; i++) {
		if (i + AHEAD < n)
			capture_prefetch(&r->capture, q->frames[q->next + i + AHEAD]);
		copy_frame(r, m[i], q->frames[q->next + i]);
	}
	q->next += n;
	__atomic_store_n(&w->given, w->given + n, __ATOMIC_RELAXED);
	w->gave = true;
	__atomic_store_n(&w->left, w->left - n, __ATOMIC_RELEASE);
	w->io_rx += rte_rdtsc() - now;
	return n;
}

static void write_frame(struct replay *r, const struct rte_mbuf *m)
{
	static uint8_t whole[CAPTURE_FRAME_MAX];
	uint32_t len = RTE_MIN(m->pkt_len, (uint32_t)sizeof(whole));

	capture_file_write(r->written, rte_pktmbuf_read(m, 0, len, whole), len,
		r->capture.frames[0].time_ns + r->n_written++ * FRAME_NS);
}

/* The hub's time, for all that is measured. */
static void waste(uint64_t cycles)
{
	uint64_t start = rte_rdtsc();

	while (rte_rdtsc() - start < cycles)
		rte_pause();
}

static uint16_t port_tx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	struct replay *r = ((struct replay_port *)ctx)->replay;
	struct replay_worker *w = &r->workers[queue];
	uint64_t now = rte_rdtsc();

	if (unlikely(r->written != NULL))
		for (unsigned i = 0; i < n; i++)
			write_frame(r, m[i]);
	for (unsigned i = 0; i < n; i++) {
		if (w->n_held == r->hold)
			rte_pktmbuf_free(w->held[w->held_at]);
		else
			w->n_held++;
		w->held[w->held_at] = m[i];
		w->held_at = w->held_at + 1 < r->hold ? w->held_at + 1 : 0;
	}
	w->sent = true;
	__atomic_store_n(&w->taken, w->taken + n, __ATOMIC_RELAXED);
	w->io_tx += rte_rdtsc() - now;
	if (unlikely(r->opt.slow != 0))
		waste((uint64_t)r->opt.slow * n);
	return n;
}

struct hub_port_source replay_port_source(struct replay *r, unsigned port)
{
	r->ports[port].replay = r;
	return (struct hub_port_source){.rx = port_rx, .tx = port_tx, .ctx = &r->ports[port]};
}

int replay_port_create(struct replay *r, struct error *err)
{
	unsigned burst = r->config->burst;

	/* What is not held is in the burst that is worked on. */
	r->hold = r->opt.buffers > burst ? r->opt.buffers - burst : 1;
	r->in_flight = r->opt.workers * r->opt.buffers;
	r->workers = rte_zmalloc(NULL, r->opt.workers * sizeof(r->workers[0]), 64);
	if (r->workers == NULL)
		return error_set(err, ENOMEM, "no memory in the EAL; give it more (-m)");
	for (unsigned i = 0; i < r->opt.workers; i++) {
		struct replay_worker *w = &r->workers[i];

		w->held = rte_zmalloc(NULL, r->hold * sizeof(w->held[0]), 64);
		w->turns = rte_zmalloc(NULL, REPLAY_COSTS * sizeof(w->turns[0]), 64);
		if (w->held == NULL || w->turns == NULL)
			return error_set(err, ENOMEM, "no memory in the EAL; give it more (-m)");
		if (r->opt.rate > 0)
			w->cycles_per_packet =
				(double)rte_get_tsc_hz() * r->opt.workers / r->opt.rate;
	}
	return 0;
}

void replay_port_destroy(struct replay *r)
{
	for (unsigned i = 0; r->workers != NULL && i < r->opt.workers; i++) {
		struct replay_worker *w = &r->workers[i];

		for (unsigned k = 0; k < w->n_held; k++)
			rte_pktmbuf_free(w->held[k]);
		rte_free(w->held);
		rte_free(w->turns);
	}
	rte_free(r->workers);
}

void replay_port_rewind(struct replay *r)
{
	for (unsigned i = 0; i < r->opt.workers; i++) {
		struct replay_worker *w = &r->workers[i];

		w->busy = w->io_rx = w->io_tx = 0;
		w->seen_rx = w->seen_tx = w->seen_taken = 0;
		w->first = w->last = w->end = w->given = w->taken = 0;
		w->gave = w->sent = false;
		w->left = 0;
		for (unsigned p = 0; p < r->config->n_ports; p++) {
			struct replay_queue *q = &r->ports[p].queues[i];

			q->next = r->opt.multicast > 0 ? q->n_frames : 0;
			w->left += q->n_frames - q->next;
		}
	}
}

void replay_port_forget(struct replay *r)
{
	for (unsigned i = 0; i < r->opt.workers; i++)
		memset(r->workers[i].turns, 0, REPLAY_COSTS * sizeof(r->workers[i].turns[0]));
	memset(r->turns, 0, sizeof(r->turns));
}

void replay_port_gather(struct replay *r)
{
	for (unsigned i = 0; i < r->opt.workers; i++)
		for (unsigned c = 0; c < REPLAY_COSTS; c++)
			turns_merge(&r->turns[c], &r->workers[i].turns[c]);
}

bool replay_port_done(const struct replay *r)
{
	for (unsigned i = 0; i < r->opt.workers; i++)
		if (__atomic_load_n(&r->workers[i].left, __ATOMIC_ACQUIRE) != 0)
			return false;
	return true;
}

bool replay_port_settled(const struct replay *r)
{
	return under_way_exactly(r) == 0;
}

void replay_port_skip(struct replay *r, unsigned worker, uint64_t cycles)
{
	struct replay_worker *w = &r->workers[worker];

	w->last += cycles;
	w->first += cycles;
}
