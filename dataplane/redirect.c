/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Redirect hints: a packet that leaves through the tunnel it came in on could take a direct way.
 * Control is told, with a copy of the packet's head, at most once per peer and destination in some
 * seconds, and not more often than a budget allows in all. A fixed table per worker remembers.
 */
#include <rte_cycles.h>
#include <rte_hash_crc.h>

#include "dataplane/dp_priv.h"

/* What a traffic indication quotes of the packet. */
#define HEAD_MAX 128

/* Hints per second and worker, and how many may come at once. */
#define BUDGET_RATE  2000
#define BUDGET_BURST 256

/* Seconds before the same peer and destination are worth another hint. */
#define QUIET_S 5

void redirect_init(struct worker *w)
{
	w->redirect.step = rte_get_tsc_hz() / BUDGET_RATE;
}

static void refill(struct redirect *r, uint64_t now)
{
	uint64_t n = (now - r->refilled) / r->step;

	r->refilled += n * r->step;
	r->budget = (unsigned)RTE_MIN(r->budget + n, (uint64_t)BUDGET_BURST);
}

void redirect_hint(struct worker *w, const struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	struct redirect *r = &w->redirect;
	struct redirect_entry *e;

	refill(r, w->now);
	if (r->budget == 0)
		return;
	e = &r->entries[rte_hash_crc_4byte(ip->dst_addr, p->peer_in) % REDIRECT_ENTRIES];
	if (e->peer == p->peer_in && e->dst_be == ip->dst_addr && w->now < e->quiet_until)
		return;
	*e = (struct redirect_entry){
		.peer = p->peer_in,
		.dst_be = ip->dst_addr,
		.quiet_until = w->now + QUIET_S * rte_get_tsc_hz(),
	};
	/* What the spoke's own meter refuses is not taken from the others' budget. */
	if (punt_copy(w, DP_PUNT_REDIRECT, p, p->l3,
		    RTE_MIN((unsigned)p->l3_len, (unsigned)HEAD_MAX), 0, 0) == DP_DROP_COUNT)
		r->budget--;
}
