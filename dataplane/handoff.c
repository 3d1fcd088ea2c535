/* SPDX-License-Identifier: BSD-3-Clause */
/* From worker to worker: packets go on at the owner of their peer (owner.c). */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

void handoff_send(struct worker *w, uint16_t owner, struct pkt *p, enum dp_stage stage)
{
	struct rte_ring *to =
		owner == OWNER_MOVING ? w->dp->move.parked : w->dp->workers[owner]->inbox;
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
		.adj = p->adj,
		.peer_in = p->peer_in,
		.tunnel_in = p->tunnel_in,
		.trace = p->trace,
	};
	if (unlikely(rte_ring_enqueue(to, p->m) != 0))
		pkt_drop(w, p, DP_DROP_handoff_full);
}

/* Keep what goes to this worker's own peers, hand on the rest. */
unsigned handoff_stage(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = line[i];
		struct peer *peer = &w->dp->peers[DP_ADJ_INDEX(p->adj)];
		uint16_t owner = __atomic_load_n(&peer->owner, __ATOMIC_ACQUIRE);

		/* Nothing came from it yet: whoever sends first keeps the peer. */
		if (unlikely(owner == SA_OWNER_NONE) && owner_claim(w, peer, &owner)) {
			owner = (uint16_t)w->id;
			peer->verified = 1;
		}
		if (likely(owner == w->id))
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
