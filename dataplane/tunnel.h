/* SPDX-License-Identifier: BSD-3-Clause */
/* Multipoint GRE tunnels (RFC 2784, 2890). Control thread. */
#ifndef DATAPLANE_TUNNEL_H
#define DATAPLANE_TUNNEL_H

#include "dataplane/dp.h"

struct dp_tunnel_params {
	uint32_t nbma_be; /**< the hub's outer address */
	bool key_set;
	uint32_t key; /**< GRE key, host order */
	uint16_t mtu; /**< inner packet, octets */
	uint8_t ttl;  /**< of the outer header */
	bool checksum;
	bool redirect;       /**< give redirect hints (DP_PUNT_REDIRECT) */
	uint16_t adjust_mss; /**< TCP MSS is lowered to this; 0: left alone */
	bool dscp_set;       /**< outer DSCP is `dscp`; else it is copied from the inner header */
	uint8_t dscp;        /**< 0..63 */
};

/** @param[out] index  0..DP_TUNNELS_MAX-1. @return 0 or -ENOSPC */
int dp_tunnel_add(
	struct dp *dp, const struct dp_tunnel_params *p, uint16_t *index, struct error *err);

#endif
