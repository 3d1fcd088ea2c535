/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Forwarding tables and adjacencies. The underlay table serves only the hub's own outer traffic,
 * the overlay table every decrypted packet: a withdrawn spoke route can never fall to the
 * underlay's default and leave in clear. Workers look up the overlay alone; control thread.
 */
#ifndef DATAPLANE_ROUTE_H
#define DATAPLANE_ROUTE_H

#include "common/addr.h"
#include "dataplane/dp.h"

enum dp_table { DP_TABLE_UNDERLAY, DP_TABLE_OVERLAY, DP_TABLE_COUNT };

/** Where a route leads: a kind and an index, in one word. */
typedef uint32_t dp_adj_t;

/* Kind 0 is discard, and the word 0 is "no route": a freed slot of a table can do no harm. */
#define DP_ADJ_NO_ROUTE     UINT32_C(0) /**< what a table without a matching route says */
#define DP_ADJ_BLACKHOLE    UINT32_C(1) /**< discard by configuration */
#define DP_ADJ_NO_PEER      UINT32_C(2) /**< tunnel subnet, nobody registered there */
#define DP_ADJ_LOCAL        UINT32_C(3) /**< the hub itself */
#define DP_ADJ_KIND(adj)    ((adj) >> 28)
#define DP_ADJ_INDEX(adj)   ((adj)&0x0fffffff)
#define DP_ADJ_SPECIAL      UINT32_C(0) /**< kind: the constants above */
#define DP_ADJ_PEER         UINT32_C(1) /**< kind: index is a peer */
#define DP_ADJ_ETHER        UINT32_C(2) /**< kind: index is a neighbor of dp_neighbor_add() */
#define DP_ADJ_GLEAN        UINT32_C(3) /**< kind: on-link of the port in index; neighbor not known */
#define DP_ADJ_GROUP        UINT32_C(4) /**< kind: one of several, of dp_group_get() */
#define DP_ADJ(kind, index) ((kind) << 28 | (index))

#define DP_GROUP_MAX 8 /**< members */

/** Add or replace a route. addr_be has no host bits. @return 0, -ENOSPC, -EINVAL */
int dp_route_add(struct dp *dp, enum dp_table table, uint32_t addr_be, uint8_t len, dp_adj_t adj);

/** Remove a route. @return 0 or -ENOENT */
int dp_route_del(struct dp *dp, enum dp_table table, uint32_t addr_be, uint8_t len);

/** Longest match. */
dp_adj_t dp_route_lookup(const struct dp *dp, enum dp_table table, uint32_t addr_be);

/**
 * A group of adjacencies, for equal-cost routes: a packet takes the member that its source and
 * destination address choose. The same members in the same order are the same group; each call is
 * one more hold on it.
 * @param members  1..DP_GROUP_MAX, none of them a group
 * @return 0, -ENOSPC when all groups are in use
 */
int dp_group_get(struct dp *dp, const dp_adj_t *members, unsigned n, dp_adj_t *adj);

/**
 * End a hold. No route that was replaced before may be the last one's without it: the group's
 * place is used again after a grace period. Nothing happens if adj is no group.
 */
void dp_group_put(struct dp *dp, dp_adj_t adj);

/** Members of a group; 0 and none if adj is no group. */
unsigned dp_group_members(const struct dp *dp, dp_adj_t adj, dp_adj_t members[DP_GROUP_MAX]);

/**
 * A neighbor on a port, for DP_ADJ_ETHER.
 * @param[out] index  0..4095. @return 0 or -ENOSPC
 */
int dp_neighbor_add(struct dp *dp, uint16_t port, const struct mac_addr *mac, uint32_t *index);

/**
 * Give a neighbor another Ethernet address, in one store. A place that is to become another
 * station's is set to DP_PORT_NONE first; the next address then waits a grace period.
 */
void dp_neighbor_set(struct dp *dp, uint32_t index, uint16_t port, const struct mac_addr *mac);

#endif
