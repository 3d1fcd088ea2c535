/* SPDX-License-Identifier: BSD-3-Clause */
/* Loops over the capture, gathered into windows; path and floor take turns, loop by loop. */
#include "tools/replay_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "common/clock.h"
#include "crypto/replay.h"
#include "crypto/sa.h"
#include "dataplane/punt.h"

#define TURNS_BETWEEN 64 /* worker turns between two of control's */
#define SETTLE_MS     50

static int save_sas(struct replay *r)
{
	const struct sa_table *t = dp_sa_table(r->dp, true);
	unsigned n = sa_table_capacity(t);

	r->initial = calloc(n, sizeof(r->initial[0]));
	if (r->initial == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		r->initial[i] = sa_at(t, i)->hot;
	return 0;
}

/*
 * A capture that comes again holds nothing but replays. So between two loops, while no worker
 * runs, the inbound SAs are put back to where they were; the check itself runs as always.
 */
static void restore_sas(struct replay *r)
{
	const struct sa_table *t = dp_sa_table(r->dp, true);
	unsigned n = sa_table_capacity(t);

	for (unsigned i = 0; i < n; i++) {
		struct sa *sa = sa_at(t, i);
		uint64_t *words;

		if (sa->spi == 0)
			continue;
		sa->hot.seq = r->initial[i].seq;
		sa->hot.window = r->initial[i].window;
		words = sa->hot.window_size > 64 ? sa_window_words(t, sa) : NULL;
		if (words != NULL)
			memset(words, 0, REPLAY_WORDS * sizeof(words[0]));
	}
}

static void control_turn(struct replay *r)
{
	hub_turn(r->hub, clock_ms(CLOCK_MONOTONIC));
	if (r->churn.gone < r->opt.churn)
		replay_churn_turn(r);
}

/* As RIP sends it: one packet from control, a copy to each peer of the first tunnel. */
static void loop_multicast(struct replay *r)
{
	struct rte_mbuf *m = dp_inject_alloc(r->dp);
	struct rte_ipv4_hdr *ip;

	r->workers[0].first = rte_rdtsc();
	if (m == NULL)
		return;
	ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(m, (uint16_t)r->opt.multicast);
	memset(ip, 0, r->opt.multicast);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16((uint16_t)r->opt.multicast);
	ip->time_to_live = 1;
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = r->config->tunnels[0].address.addr.v4_be;
	ip->dst_addr = RTE_BE32(0xe0000009);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	dp_inject_multicast(r->dp, 0, 0x0800, m);
	while (dp_worker_poll(r->dp, 0) > 0)
		;
	control_turn(r);
}

/* This thread is the worker, and control between its turns. */
static void loop_polled(struct replay *r)
{
	/* What is written must not depend on how fast this machine is. */
	unsigned turns = r->written != NULL ? 1 : TURNS_BETWEEN;
	uint64_t start;

	while (!replay_port_done(r)) {
		for (unsigned i = 0; i < turns; i++)
			dp_worker_poll(r->dp, 0);
		start = rte_rdtsc();
		control_turn(r);
		replay_port_skip(r, 0, rte_rdtsc() - start);
	}
	while (hub_turn(r->hub, clock_ms(CLOCK_MONOTONIC)) + dp_worker_poll(r->dp, 0) > 0)
		;
}

/* This thread is control; while packets are measured it takes no time from workers' CPUs. */
static void wait_a_little(struct replay *r)
{
	control_turn(r);
	usleep(500);
}

/*
 * No packet may be on its way between workers when the SAs are put back: none is when all buffers
 * are with the ports. Fragments without the rest keep theirs; nothing else takes so long.
 */
static void settle(struct replay *r)
{
	uint64_t until = clock_ms(CLOCK_MONOTONIC) + SETTLE_MS;

	while (!replay_port_settled(r) && clock_ms(CLOCK_MONOTONIC) < until)
		wait_a_little(r);
}

static int loop_lcores(struct replay *r, struct error *err)
{
	int rc = dp_start(r->dp, err);

	if (rc != 0)
		return rc;
	while (!replay_port_done(r))
		wait_a_little(r);
	settle(r);
	dp_stop(r->dp);
	return 0;
}

static int loop(struct replay *r, struct replay_window *w, struct error *err)
{
	uint64_t first = UINT64_MAX, end = 0;
	int rc = 0;

	restore_sas(r);
	replay_port_rewind(r);
	if (r->opt.multicast > 0)
		loop_multicast(r);
	else if (r->opt.workers == 1)
		loop_polled(r);
	else
		rc = loop_lcores(r, err);
	for (unsigned i = 0; i < r->opt.workers; i++) {
		const struct replay_worker *k = &r->workers[i];

		w->cycles += k->busy - k->io_rx - k->io_tx;
		w->io_rx += k->io_rx;
		w->io_tx += k->io_tx;
		if (k->given > 0 || r->opt.multicast > 0) {
			first = k->first < first ? k->first : first;
			end = k->end > end ? k->end : end;
		}
	}
	w->elapsed += end > first ? end - first : 0;
	w->loops++;
	return rc;
}

static void floor_loops(struct replay *r, bool measured)
{
	if (r->floor == NULL)
		return;
	replay_floor_loop(r->floor, false, measured ? &r->turns[REPLAY_FLOOR] : NULL);
	replay_floor_loop(r->floor, true, measured ? &r->turns[REPLAY_FLOOR_PREFETCHED] : NULL);
}

/* One window: `loops` of them, or as many as it takes for `cycles` to pass. */
static int window(struct replay *r, struct replay_window *w, uint64_t loops, uint64_t cycles,
	struct error *err)
{
	struct dp_stats before, after;
	int rc = 0;

	w->workers = r->opt.workers;
	dp_stats_read(r->dp, -1, &before);
	do {
		rc = loop(r, w, err);
		floor_loops(r, true);
	} while (rc == 0 && (loops > 0 ? w->loops < loops : w->elapsed < cycles));
	dp_stats_read(r->dp, -1, &after);
	dp_stats_diff(&after, &before, &w->stats);
	return rc;
}

static int warm_up(struct replay *r, struct error *err)
{
	struct replay_window ignored = {0};
	int rc = 0;

	for (unsigned i = 0; i < r->opt.warmup && rc == 0; i++) {
		rc = loop(r, &ignored, err);
		floor_loops(r, false);
		if (rc == 0 && r->written != NULL) {
			rc = capture_file_close(r->written, err);
			r->written = NULL;
		}
	}
	return rc;
}

int replay_run(struct replay *r, struct error *err)
{
	uint64_t share = (uint64_t)(r->opt.seconds * (double)rte_get_tsc_hz() / REPLAY_WINDOWS);
	uint64_t total = share * REPLAY_WINDOWS, elapsed = 0, done = 0;
	unsigned n = REPLAY_WINDOWS;
	int rc = save_sas(r);

	if (rc != 0)
		return error_set(err, ENOMEM, "not enough memory for the state of the SAs");
	if (r->opt.loops > 0 && r->opt.loops < n)
		n = r->opt.loops;
	rc = warm_up(r, err);
	replay_port_forget(r);
	while (rc == 0 && r->n_windows < n && (r->opt.loops > 0 || elapsed < total)) {
		struct replay_window *w = &r->windows[r->n_windows++];
		uint64_t until = (uint64_t)r->opt.loops * r->n_windows / n;

		rc = window(r, w, until - done, share, err);
		done = until;
		elapsed += w->elapsed;
	}
	replay_port_gather(r);
	return rc;
}

uint64_t replay_run_drops(const struct replay *r)
{
	struct dp_stats s;
	uint64_t n = 0;

	dp_stats_read(r->dp, -1, &s);
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		n += s.drops[i];
	return n;
}
