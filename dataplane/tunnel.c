/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/tunnel.h"

#include "common/addr.h"
#include "dataplane/dp_priv.h"

/*
 * The addresses of all tunnels lie between two words, so that a source beside them is known to be
 * none without a lookup. They only move apart, and a new tunnel has no peers yet: a worker that
 * sees but one of them moved is none the worse.
 */
static void widen(struct dp *dp, const struct dp_tunnel_params *p)
{
	uint32_t mask = rte_be_to_cpu_32(ip4_mask_be(p->prefix_len));
	uint32_t first = rte_be_to_cpu_32(p->address_be) & mask, last = first | ~mask;

	if (dp->tunnel_last == 0 || first < dp->tunnel_first)
		dp->tunnel_first = first;
	if (last > dp->tunnel_last)
		dp->tunnel_last = last;
}

int dp_tunnel_add(
	struct dp *dp, const struct dp_tunnel_params *p, uint16_t *index, struct error *err)
{
	for (uint16_t i = 0; i < DP_TUNNELS_MAX; i++) {
		if (dp->tunnels[i].used)
			continue;
		dp->tunnels[i] = (struct tunnel){.used = true, .p = *p};
		widen(dp, p);
		if (p->host)
			host_add(dp, p->address_be);
		*index = i;
		return 0;
	}
	return error_set(err, ENOSPC, "more than %u tunnels", DP_TUNNELS_MAX);
}

/* Each is a word of its own: a worker that sees only some of them changed does no harm. */
void dp_tunnel_set(struct dp *dp, uint16_t tunnel, const struct dp_tunnel_params *p)
{
	struct dp_tunnel_params *t = &dp->tunnels[tunnel].p;

	t->rpf = p->rpf;
	t->mtu = p->mtu;
	t->ttl = p->ttl;
	t->redirect = p->redirect;
	t->adjust_mss = p->adjust_mss;
	t->dscp_set = p->dscp_set;
	t->dscp = p->dscp;
	t->df = p->df;
	peers_retune(dp, tunnel);
}

/* Packets that wait to be replicated name it, and its last peers read it: both are gone then. */
void dp_tunnel_del(struct dp *dp, uint16_t tunnel)
{
	retire(dp, RETIRED_TUNNEL, tunnel);
}
