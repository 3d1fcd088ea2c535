/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multicast from control: one copy for each current peer of a tunnel, made by the worker that owns
 * the peer. Between two looks at the ports a worker makes at most COPIES_MAX copies, so that an
 * update to thousands of peers does not hold up forwarding.
 */
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

#define COPIES_MAX 32
/* Peers looked at in one turn: most of a large table may be other workers'. */
#define LOOKS_MAX 2048

void replicate_start(struct worker *w, struct rte_mbuf *m)
{
	struct replication *r = &w->replication;

	if (r->n == REPLICATIONS_MAX) {
		drop_count(w, DP_DROP_replicate_full);
		buf_free(m);
		return;
	}
	r->m[(r->first + r->n++) % REPLICATIONS_MAX] = m;
	__atomic_store_n(&r->started, r->started + 1, __ATOMIC_RELEASE);
}

/* Unowned peers are worker 0's to serve; the handoff stage makes it their owner. */
static bool is_mine(const struct worker *w, const struct peer *peer, uint8_t tunnel)
{
	union peer_out out = {.word = __atomic_load_n(&peer->out.word, __ATOMIC_ACQUIRE)};
	uint16_t owner = __atomic_load_n(&peer->owner, __ATOMIC_ACQUIRE);

	if (!peer->used || !peer->multicast || peer->tunnel != tunnel || out.sa == SA_NONE)
		return false;
	return owner == w->id || (owner == SA_OWNER_NONE && w->id == 0);
}

static struct rte_mbuf *copy_of(struct worker *w, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(w->dp->packet_pool);

	if (copy == NULL) {
		drop_count(w, DP_DROP_replicate_no_buffer);
		return NULL;
	}
	memcpy(rte_pktmbuf_append(copy, m->data_len), rte_pktmbuf_mtod(m, void *), m->data_len);
	*pkt_resume_of(copy) = *pkt_resume_of(m);
	return copy;
}

unsigned replicate_turn(struct worker *w, struct rte_mbuf **out)
{
	struct replication *r = &w->replication;
	struct rte_mbuf *m = r->m[r->first];
	uint8_t tunnel;
	unsigned n = 0;

	if (r->n == 0)
		return 0;
	tunnel = (uint8_t)pkt_resume_of(m)->adj;
	for (unsigned i = 0; i < LOOKS_MAX && r->next < w->dp->n_peers && n < COPIES_MAX; i++) {
		uint32_t index = r->next++;

		if (!is_mine(w, &w->dp->peers[index], tunnel))
			continue;
		out[n] = copy_of(w, m);
		if (out[n] == NULL)
			continue;
		pkt_resume_of(out[n])->stage = DP_STAGE_handoff;
		pkt_resume_of(out[n])->adj = DP_ADJ(DP_ADJ_PEER, index);
		n++;
	}
	if (r->next == w->dp->n_peers) {
		buf_free(m);
		r->next = 0;
		r->first = (r->first + 1) % REPLICATIONS_MAX;
		r->n--;
		__atomic_store_n(&r->finished, r->finished + 1, __ATOMIC_RELEASE);
	}
	w->stats.replicated += n;
	return n;
}
