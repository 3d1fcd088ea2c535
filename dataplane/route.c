/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/route.h"

#include <errno.h>

#include <rte_rib.h>

#include "dataplane/dp_priv.h"

/* --- overlay
 * ----------------------------------------------------------------------------------- */

/*
 * rte_fib gives a group of the second level back at once, and the next add may reuse it while a
 * worker still follows an old entry there. So a grace period runs between a change that may have
 * freed one and the next add; what a freed group holds meanwhile is 0, which discards.
 */
static void settle(struct dp *dp)
{
	if (dp->fib_dirty)
		dp_synchronize(dp);
	dp->fib_dirty = false;
}

/*
 * rte_fib counts the groups of the second level that prefixes may need. It does not count for the
 * first long prefix of a /24 that leads where the prefix around it leads, but counts back when that
 * one goes: below zero, and then no group is left for anybody (DPDK 22.11).
 */
static bool is_miscounted(struct rte_rib *rib, uint32_t addr, uint8_t len, dp_adj_t adj)
{
	struct rte_rib_node *around;
	uint64_t hop;

	if (len <= 24 || rte_rib_get_nxt(rib, addr & ~UINT32_C(0xff), 24, NULL,
				 RTE_RIB_GET_NXT_COVER) != NULL)
		return false;
	around = rte_rib_lookup(rib, addr);
	return around != NULL && rte_rib_get_nh(around, &hop) == 0 && hop == adj;
}

/* Another word for an adjacency: a group of it alone, or the group in another order. */
static int twin_of(struct dp *dp, dp_adj_t adj, dp_adj_t *twin)
{
	dp_adj_t at[DP_GROUP_MAX];
	unsigned n = dp_group_members(dp, adj, at);

	if (n == 0)
		at[n++] = adj;
	if (n > 1)
		RTE_SWAP(at[0], at[1]);
	return dp_group_get(dp, at, n, twin);
}

static int overlay_add(struct dp *dp, uint32_t addr, uint8_t len, dp_adj_t adj)
{
	struct rte_rib *rib = rte_fib_get_rib(dp->fib);
	dp_adj_t twin;
	int rc;

	settle(dp);
	if (rte_rib_lookup_exact(rib, addr, len) != NULL)
		dp->fib_dirty = true;
	else if (unlikely(is_miscounted(rib, addr, len, adj))) {
		rc = twin_of(dp, adj, &twin);
		if (rc == 0)
			rc = rte_fib_add(dp->fib, addr, len, twin);
		if (rc < 0)
			return rc;
		rc = rte_fib_add(dp->fib, addr, len, adj);
		dp->fib_dirty = true;
		dp_group_put(dp, twin);
		return rc;
	}
	return rte_fib_add(dp->fib, addr, len, adj);
}

/* --- both; the underlay is a tree, for control alone looks there
 * ----------------------------------------------------------------------------------- */

int dp_route_add(struct dp *dp, enum dp_table table, uint32_t addr_be, uint8_t len, dp_adj_t adj)
{
	uint32_t addr = rte_be_to_cpu_32(addr_be);
	struct rte_rib_node *node;

	if (table == DP_TABLE_OVERLAY)
		return overlay_add(dp, addr, len, adj);
	node = rte_rib_lookup_exact(dp->underlay, addr, len);
	if (node == NULL)
		node = rte_rib_insert(dp->underlay, addr, len);
	return node == NULL ? -ENOSPC : rte_rib_set_nh(node, adj);
}

int dp_route_del(struct dp *dp, enum dp_table table, uint32_t addr_be, uint8_t len)
{
	uint32_t addr = rte_be_to_cpu_32(addr_be);

	if (table == DP_TABLE_OVERLAY) {
		dp->fib_dirty = true;
		return rte_fib_delete(dp->fib, addr, len);
	}
	if (rte_rib_lookup_exact(dp->underlay, addr, len) == NULL)
		return -ENOENT;
	rte_rib_remove(dp->underlay, addr, len);
	return 0;
}

dp_adj_t dp_route_lookup(const struct dp *dp, enum dp_table table, uint32_t addr_be)
{
	uint32_t addr = rte_be_to_cpu_32(addr_be);
	const struct rte_rib_node *node;
	uint64_t hop = DP_ADJ_NO_ROUTE;

	if (table == DP_TABLE_OVERLAY) {
		rte_fib_lookup_bulk(dp->fib, &addr, &hop, 1);
		return (dp_adj_t)hop;
	}
	node = rte_rib_lookup(dp->underlay, addr);
	if (node != NULL)
		rte_rib_get_nh(node, &hop);
	return (dp_adj_t)hop;
}
