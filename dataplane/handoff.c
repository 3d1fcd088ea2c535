/* SPDX-License-Identifier: BSD-3-Clause */
/* From worker to worker: packets go on at the owner of their peer (owner.c). */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

static void flush_to(struct worker *w, unsigned owner)
{
	struct handoff *to = &w->handoff[owner];
	unsigned n =
		rte_ring_enqueue_burst(w->dp->workers[owner]->inbox, (void **)to->m, to->n, NULL);
	struct pkt p;

	for (; unlikely(n < to->n); n++) {
		pkt_resume(&p, to->m[n]);
		pkt_drop(w, &p, DP_DROP_handoff_full);
	}
	to->n = 0;
}

void handoff_flush(struct worker *w)
{
	for (unsigned i = 0; i < w->dp->params.n_workers; i++)
		if (w->handoff[i].n != 0)
			flush_to(w, i);
	w->handing = false;
}

void handoff_send(struct worker *w, uint16_t owner, struct pkt *p, enum dp_stage stage)
{
	struct handoff *to;
	struct pkt_resume *r = pkt_resume_of(p->m);

	*r = (struct pkt_resume){
		.stage = (uint8_t)stage,
		.table = p->table,
		.flags = (uint8_t)((p->flags & ~PKT_CLAIMING) |
				   (stage == DP_STAGE_esp_in ? PKT_HANDED_IN : PKT_HANDED_OUT)),
		.port = p->port,
		.protocol = p->protocol,
		.l3_off = (uint16_t)(p->l3 - rte_pktmbuf_mtod(p->m, uint8_t *)),
		.l3_len = p->l3_len,
		/* Where it arrived, for there is no next hop yet. */
		.adj = stage == DP_STAGE_esp_in ? w->id : p->adj,
		.peer_in = p->peer_in,
		.tunnel_in = p->tunnel_in,
		.trace = p->trace,
	};
	if (unlikely(owner == OWNER_MOVING)) {
		if (rte_ring_enqueue(w->dp->move.parked, p->m) != 0)
			pkt_drop(w, p, DP_DROP_handoff_full);
		return;
	}
	to = &w->handoff[owner];
	to->m[to->n++] = p->m;
	w->handing = true;
	if (to->n == BURST_MAX)
		flush_to(w, owner);
}

/* Keep what goes to this worker's own peers, hand on the rest. */
unsigned handoff_stage(struct worker *w, struct pkt **line, unsigned n)
{
	struct peer *peers = w->dp->peers;
	const unsigned id = w->id;
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = line[i];
		struct peer *peer = &peers[DP_ADJ_INDEX(p->adj)];
		uint16_t owner = __atomic_load_n(&peer->owner, __ATOMIC_ACQUIRE);

		if (likely(owner == id)) {
			line[kept++] = p;
			continue;
		}
		/* Nothing came from it yet: whoever sends first keeps the peer. */
		if (unlikely(owner == SA_OWNER_NONE) && owner_claim(w, peer, &owner)) {
			owner = (uint16_t)id;
			__atomic_store_n(&peer->verified, 1, __ATOMIC_RELAXED);
		}
		if (owner == id)
			line[kept++] = p;
		else if (p->flags & PKT_HANDED_OUT && owner_finishes(w, owner))
			line[kept++] = p;
		else if (p->flags & PKT_HANDED_OUT)
			pkt_drop(w, p, DP_DROP_esp_owner);
		else
			handoff_send(w, owner, p, DP_STAGE_handoff);
	}
	return kept;
}
