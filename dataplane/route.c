/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/route.h"

#include <rte_rib.h>

#include "dataplane/dp_priv.h"

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

int dp_route_add(struct dp *dp, enum dp_table table, uint32_t addr_be, uint8_t len, dp_adj_t adj)
{
	uint32_t addr = rte_be_to_cpu_32(addr_be);
	int rc;

	settle(dp);
	if (rte_rib_lookup_exact(rte_fib_get_rib(dp->fib[table]), addr, len) != NULL)
		dp->fib_dirty = true;
	rc = rte_fib_add(dp->fib[table], addr, len, adj);
	return rc;
}

int dp_route_del(struct dp *dp, enum dp_table table, uint32_t addr_be, uint8_t len)
{
	dp->fib_dirty = true;
	return rte_fib_delete(dp->fib[table], rte_be_to_cpu_32(addr_be), len);
}

dp_adj_t dp_route_lookup(const struct dp *dp, enum dp_table table, uint32_t addr_be)
{
	uint32_t addr = rte_be_to_cpu_32(addr_be);
	uint64_t hop;

	rte_fib_lookup_bulk(dp->fib[table], &addr, &hop, 1);
	return (dp_adj_t)hop;
}
