/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Forwarding tables and adjacencies. The underlay table serves only the hub's own outer traffic,
 * the overlay table every decrypted packet: a withdrawn spoke route can never fall to the
 * underlay's default and leave in clear. Control thread.
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
#define DP_ADJ(kind, index) ((kind) << 28 | (index))

/** Add or replace a route. addr_be has no host bits. @return 0, -ENOSPC, -EINVAL */
int dp_route_add(struct dp *dp, enum dp_table table, uint32_t addr_be, uint8_t len, dp_adj_t adj);

/** Remove a route. @return 0 or -ENOENT */
int dp_route_del(struct dp *dp, enum dp_table table, uint32_t addr_be, uint8_t len);

/** Longest match. */
dp_adj_t dp_route_lookup(const struct dp *dp, enum dp_table table, uint32_t addr_be);

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
