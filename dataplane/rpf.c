/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reverse path of inner sources (RFC 3704 2.2, 2.4; RFC 2827): what came on a spoke's SA must not
 * carry a source that is another's. One lookup for a burst, of the packets that need it.
 */
#include "dataplane/dp_priv.h"

#define GOOD DP_DROP_COUNT

static bool near_tunnels(const struct dp *dp, uint32_t src)
{
	return src >= dp->tunnel_first && src <= dp->tunnel_last;
}

/* What spokes and the Internet send is looked at: a LAN is the hub's own side. */
static bool in_question(const struct dp *dp, const struct pkt *p, uint32_t src)
{
	if (p->peer_in == DP_PEER_NONE)
		return (p->flags & PKT_OUTSIDE) != 0;
	return dp->tunnels[p->tunnel_in].p.rpf != DP_RPF_OFF || near_tunnels(dp, src);
}

/* A way that is not straight back to the spoke. */
static enum dp_drop judge_other(
	const struct dp *dp, const struct pkt *p, uint32_t src, dp_adj_t back)
{
	enum dp_rpf mode = dp->tunnels[p->tunnel_in].p.rpf;

	if (DP_ADJ_KIND(back) == DP_ADJ_PEER) {
		if (near_tunnels(dp, src) &&
			dp->peers[DP_ADJ_INDEX(back)].address_be == rte_cpu_to_be_32(src))
			return DP_DROP_fwd_source_peer;
		return mode == DP_RPF_STRICT ? DP_DROP_fwd_rpf : GOOD;
	}
	if (back == DP_ADJ_LOCAL && near_tunnels(dp, src))
		return DP_DROP_fwd_source_peer;
	return mode == DP_RPF_OFF ? GOOD : DP_DROP_fwd_rpf;
}

/* Of equal ways one that is good is enough. */
static enum dp_drop judge_group(
	const struct dp *dp, const struct pkt *p, uint32_t src, dp_adj_t back)
{
	dp_adj_t members[DP_GROUP_MAX];
	unsigned n = dp_group_members(dp, back, members);
	enum dp_drop reason = GOOD;

	for (unsigned i = 0; i < n; i++) {
		if (members[i] == DP_ADJ(DP_ADJ_PEER, p->peer_in))
			return GOOD;
		reason = judge_other(dp, p, src, members[i]);
		if (reason == GOOD)
			return GOOD;
	}
	return reason;
}

bool leads_outside(const struct dp *dp, dp_adj_t adj)
{
	uint16_t port;

	if (DP_ADJ_KIND(adj) != DP_ADJ_ETHER)
		return false;
	port = l2_port(l2_load(&dp->neighbors[DP_ADJ_INDEX(adj)]));
	return port != DP_PORT_NONE && dp->ports[port].internet_exit;
}

/* The source, host order, and where the overlay's route to it leads. */
static enum dp_drop judge(const struct dp *dp, const struct pkt *p, uint32_t src, dp_adj_t back)
{
	if (likely(back == DP_ADJ(DP_ADJ_PEER, p->peer_in)))
		return GOOD;
	/* Nobody outside speaks for what is inside. */
	if (p->flags & PKT_OUTSIDE)
		return leads_outside(dp, back) ? GOOD : DP_DROP_fwd_rpf;
	if (DP_ADJ_KIND(back) == DP_ADJ_GROUP)
		return judge_group(dp, p, src, back);
	return judge_other(dp, p, src, back);
}

unsigned rpf_check(struct worker *w, struct pkt **line, unsigned n)
{
	uint64_t back[BURST_MAX];
	uint32_t srcs[BURST_MAX];
	uint8_t at[BURST_MAX];
	unsigned asked = 0, kept = 0;
	bool dropped = false;

	for (unsigned i = 0; i < n; i++) {
		uint32_t src =
			rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)line[i]->l3)->src_addr);

		srcs[asked] = src;
		at[asked] = (uint8_t)i;
		asked += in_question(w->dp, line[i], src);
	}
	if (asked == 0)
		return n;
	rte_fib_lookup_bulk(w->dp->fib, srcs, back, (int)asked);
	for (unsigned k = 0; k < asked; k++) {
		enum dp_drop reason = judge(w->dp, line[at[k]], srcs[k], (dp_adj_t)back[k]);

		if (likely(reason == GOOD))
			continue;
		pkt_drop(w, line[at[k]], reason);
		line[at[k]] = NULL;
		dropped = true;
	}
	if (likely(!dropped))
		return n;
	for (unsigned i = 0; i < n; i++)
		if (line[i] != NULL)
			line[kept++] = line[i];
	return kept;
}
