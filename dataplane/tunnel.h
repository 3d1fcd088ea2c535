/* SPDX-License-Identifier: BSD-3-Clause */
/* Multipoint GRE tunnels (RFC 2784, 2890). Control thread. */
#ifndef DATAPLANE_TUNNEL_H
#define DATAPLANE_TUNNEL_H

#include "dataplane/dp.h"

/**
 * What a spoke may give as the source of an inner packet. Whatever the mode, the tunnel address of
 * another spoke, or of the hub, is refused (fwd_source_peer). Modes differ in what they say of
 * all other sources, by the overlay's route to them (fwd_rpf):
 */
enum dp_rpf {
	DP_RPF_LOOSE,  /**< leads to a spoke, whichever; not to a LAN, the hub, or nowhere */
	DP_RPF_STRICT, /**< leads to the spoke that sent the packet */
	DP_RPF_OFF,    /**< anything */
};

/** Don't-fragment bit of the outer header (RFC 2003 3.1, RFC 4301 8.1). */
enum dp_df {
	DP_DF_SET,
	DP_DF_COPY,  /**< as in the inner header */
	DP_DF_CLEAR, /**< outer packets still fit the MTU that is known of the way */
};

struct dp_tunnel_params {
	uint32_t address_be; /**< the hub's address in the tunnel */
	uint8_t prefix_len;  /**< of the tunnel's addresses */
	enum dp_rpf rpf;
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
	enum dp_df df;
	bool host; /**< the kernel has address_be, too: see struct dp_port_params; also groups */
};

/** @param[out] index  0..DP_TUNNELS_MAX-1. @return 0 or -ENOSPC */
int dp_tunnel_add(
	struct dp *dp, const struct dp_tunnel_params *p, uint16_t *index, struct error *err);

/**
 * Other parameters, from now on and for the peers that are there: mtu, ttl, redirect, rpf,
 * adjust_mss, dscp and df. Addresses, key, checksum and host stay as they are. Traffic goes on.
 */
void dp_tunnel_set(struct dp *dp, uint16_t tunnel, const struct dp_tunnel_params *p);

/** Remove a tunnel that has no peers any more. Its place is free when dp_reclaim() says so. */
void dp_tunnel_del(struct dp *dp, uint16_t tunnel);

#endif
