/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups of adjacencies. A group never changes: other members are another group, routes are
 * pointed there, and the old one's place is written again only when no worker can hold it.
 */
#include <errno.h>

#include <rte_hash.h>
#include <rte_malloc.h>

#include "dataplane/dp_priv.h"
#include "dataplane/mix_priv.h"

int groups_init(struct dp *dp, struct error *err)
{
	struct groups *g = &dp->groups;
	struct rte_hash_parameters p = {
		.name = "groups",
		.entries = GROUPS_MAX,
		.key_len = sizeof(struct group_members),
		.socket_id = dp->params.socket,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	g->seed = mix64(~dp->params.ident_seed);
	g->index = rte_hash_create(&p);
	g->at = rte_zmalloc_socket(
		"groups", GROUPS_MAX * sizeof(*g->at), RTE_CACHE_LINE_SIZE, dp->params.socket);
	if (g->index == NULL || g->at == NULL)
		return error_set(err, ENOMEM,
			"no memory for %u groups of routes: give the EAL more (-m, or hugepages)",
			GROUPS_MAX);
	STAILQ_INIT(&g->free);
	for (unsigned i = 0; i < GROUPS_MAX; i++)
		STAILQ_INSERT_TAIL(&g->free, &g->at[i], link);
	return 0;
}

void groups_fini(struct dp *dp)
{
	rte_hash_free(dp->groups.index);
	rte_free(dp->groups.at);
}

int dp_group_get(struct dp *dp, const dp_adj_t *members, unsigned n, dp_adj_t *adj)
{
	struct groups *g = &dp->groups;
	struct group_members key = {.n = n};
	struct group *group;
	void *data;

	memcpy(key.at, members, n * sizeof(*members));
	if (rte_hash_lookup_data(g->index, &key, &data) >= 0) {
		group = data;
	} else {
		group = STAILQ_FIRST(&g->free);
		if (group == NULL || rte_hash_add_key_data(g->index, &key, group) < 0)
			return -ENOSPC;
		STAILQ_REMOVE_HEAD(&g->free, link);
		/* The one that was freed longest ago: seldom is there anything to wait for. */
		if (dp->launched)
			rte_rcu_qsbr_check(dp->qsbr, group->token, true);
		group->members = key;
	}
	group->holds++;
	*adj = DP_ADJ(DP_ADJ_GROUP, (uint32_t)(group - g->at));
	return 0;
}

void dp_group_put(struct dp *dp, dp_adj_t adj)
{
	struct groups *g = &dp->groups;
	struct group *group = &g->at[DP_ADJ_INDEX(adj)];

	if (DP_ADJ_KIND(adj) != DP_ADJ_GROUP || --group->holds != 0)
		return;
	rte_hash_del_key(g->index, &group->members);
	group->token = rte_rcu_qsbr_start(dp->qsbr);
	STAILQ_INSERT_TAIL(&g->free, group, link);
}

unsigned dp_group_members(const struct dp *dp, dp_adj_t adj, dp_adj_t members[DP_GROUP_MAX])
{
	const struct group_members *m = &dp->groups.at[DP_ADJ_INDEX(adj)].members;

	if (DP_ADJ_KIND(adj) != DP_ADJ_GROUP)
		return 0;
	memcpy(members, m->at, m->n * sizeof(*members));
	return m->n;
}

dp_adj_t group_choose(const struct dp *dp, dp_adj_t adj, const struct rte_ipv4_hdr *ip)
{
	const struct group_members *m = &dp->groups.at[DP_ADJ_INDEX(adj)].members;
	uint64_t flow = (uint64_t)ip->src_addr << 32 | ip->dst_addr;
	uint32_t hash = (uint32_t)(mix64(flow ^ dp->groups.seed) >> 32);

	return m->at[(uint64_t)hash * m->n >> 32];
}
