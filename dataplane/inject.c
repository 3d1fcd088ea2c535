/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From control into the stages: the only way a packet that did not arrive can leave; and back to
 * where it was, one that had to wait.
 */
#include "dataplane/dp_priv.h"

struct rte_mbuf *dp_inject_alloc(struct dp *dp)
{
	return rte_pktmbuf_alloc(dp->control_pool);
}

static int put(struct dp *dp, unsigned worker, struct rte_mbuf *m, struct pkt_resume r)
{
	r.peer_in = DP_PEER_NONE;
	r.tunnel_in = TUNNEL_NONE;
	r.l3_len = (uint16_t)m->pkt_len;
	*pkt_resume_of(m) = r;
	if (rte_ring_enqueue(dp->workers[worker]->inbox, m) != 0) {
		rte_pktmbuf_free(m);
		dp->inject_refused++;
		return -ENOBUFS;
	}
	return 0;
}

/* A packet of control's own. */
static int inject(struct dp *dp, unsigned worker, struct rte_mbuf *m, struct pkt_resume r)
{
	r.flags = PKT_LOCAL;
	return put(dp, worker, m, r);
}

int dp_inject_ip4(struct dp *dp, enum dp_table table, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	dp_adj_t adj = DP_ADJ_NO_ROUTE;

	/* Workers do not know the underlay. */
	if (table == DP_TABLE_UNDERLAY && m->data_len >= sizeof(*ip))
		adj = dp_route_lookup(dp, table, ip->dst_addr);
	return inject(dp, 0, m,
		(struct pkt_resume){.stage = DP_STAGE_ip4_fwd,
			.table = (uint8_t)table,
			.port = DP_PORT_NONE,
			.adj = adj});
}

int dp_inject_peer(struct dp *dp, uint32_t peer, uint16_t protocol, struct rte_mbuf *m)
{
	uint16_t owner = dp_peer_owner(dp, peer);

	return inject(dp, owner < dp->params.n_workers ? owner : 0, m,
		(struct pkt_resume){.stage = DP_STAGE_handoff,
			.table = DP_TABLE_OVERLAY,
			.port = DP_PORT_NONE,
			.protocol = protocol,
			.adj = DP_ADJ(DP_ADJ_PEER, peer)});
}

int dp_inject_multicast(struct dp *dp, uint16_t tunnel, uint16_t protocol, struct rte_mbuf *m)
{
	const struct pkt_resume r = {.stage = DP_STAGE_replicate,
		.table = DP_TABLE_OVERLAY,
		.port = DP_PORT_NONE,
		.protocol = protocol,
		.adj = tunnel};
	struct rte_mbuf *copy;
	int rc = 0;

	/* Each worker serves the peers it owns. */
	for (unsigned i = 1; i < dp->params.n_workers; i++) {
		copy = rte_pktmbuf_copy(m, dp->control_pool, 0, UINT32_MAX);
		if (copy == NULL) {
			dp->inject_refused++;
			rc = -ENOBUFS;
		} else if (inject(dp, i, copy, r) < 0) {
			rc = -ENOBUFS;
		}
	}
	return inject(dp, 0, m, r) < 0 ? -ENOBUFS : rc;
}

int dp_inject_esp(struct dp *dp, uint16_t port, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);

	return put(dp, 0, m,
		(struct pkt_resume){.stage = DP_STAGE_esp_in,
			.table = DP_TABLE_UNDERLAY,
			.flags = ip->next_proto_id == IPPROTO_UDP ? PKT_UDP : 0,
			.port = port});
}

int dp_inject_frame(struct dp *dp, uint16_t port, struct rte_mbuf *m)
{
	return inject(dp, 0, m, (struct pkt_resume){.stage = DP_STAGE_tx, .port = port});
}
