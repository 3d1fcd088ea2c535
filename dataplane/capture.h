/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures: copies of packets in control's buffers, for whoever writes them down. One capture at a
 * time. Workers copy into a bounded queue; when it is full a copy is lost (dp_stats.capture_lost),
 * never a packet. Control thread.
 */
#ifndef DATAPLANE_CAPTURE_H
#define DATAPLANE_CAPTURE_H

#include <rte_mbuf.h>

#include "dataplane/dp.h"

#define DP_CAPTURE_SNAPLEN_MAX 2048

enum dp_capture_side {
	DP_CAPTURE_OUTER, /**< frames as on the wire of a port, in and out */
	DP_CAPTURE_INNER, /**< IPv4 packets of tunnels in clear: after decryption, before encryption
			   */
	DP_CAPTURE_DROPS, /**< packets that are dropped, as they are by then */
};

struct dp_capture_params {
	enum dp_capture_side side;
	uint16_t port;    /**< only this one's packets; DP_PORT_NONE: all */
	uint32_t peer;    /**< only this one's packets; DP_PEER_NONE: all */
	uint16_t snaplen; /**< octets of a packet that are copied, 1..DP_CAPTURE_SNAPLEN_MAX */
};

enum dp_capture_link {
	DP_CAPTURE_FRAME, /**< starts with an Ethernet header */
	DP_CAPTURE_IP,    /**< starts with an IP header */
	DP_CAPTURE_LINKS
};

struct dp_capture_info {
	uint64_t tsc;  /**< start of the worker's turn */
	uint32_t len;  /**< of the packet, before it was cut to snaplen */
	uint16_t port; /**< of a frame: the port that is polled, not a VLAN; else DP_PORT_NONE
			    if control sent it */
	uint16_t drop; /**< enum dp_drop; DP_DROP_COUNT: not dropped */
	uint8_t link;  /**< enum dp_capture_link */
	bool out;      /**< sent by the hub */
};

/** Begin. A capture that runs must be stopped first. */
void dp_capture_start(struct dp *dp, const struct dp_capture_params *p);

/** End. No worker copies any more when this returns; copies that wait can still be received. */
void dp_capture_stop(struct dp *dp);

/** Take up to n copies. The caller frees them (rte_pktmbuf_free). */
unsigned dp_capture_receive(struct dp *dp, struct rte_mbuf **m, unsigned n);

/** What is known about a copy. */
const struct dp_capture_info *dp_capture_info(const struct rte_mbuf *m);

#endif
