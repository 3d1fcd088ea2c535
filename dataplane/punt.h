/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets to control and from control. Packets are copied out of the data plane's pool into
 * control's own. Each class has its queue and its meter, so that a flood in one starves neither the
 * others nor forwarding; of classes that spokes cause each spoke has a meter too, so that it
 * starves no other spoke. Control thread.
 */
#ifndef DATAPLANE_PUNT_H
#define DATAPLANE_PUNT_H

#include <rte_mbuf.h>

#include "dataplane/dp.h"
#include "dataplane/route.h"

enum dp_punt_class {
	DP_PUNT_ARP,        /**< whole Ethernet frame */
	DP_PUNT_OUTER_HOST, /**< IPv4 packet or fragment for the kernel, to an outer address */
	DP_PUNT_IKE,        /**< outer IPv4 packet, UDP 500, or 4500 with the non-ESP marker */
	DP_PUNT_EARLY,      /**< outer IPv4 packet, ESP whose SA is yet to come (dp_spi_expect()) */
	DP_PUNT_ICMP,       /**< IPv4 packet, ICMP to one of the hub's addresses */
	DP_PUNT_HOST,       /**< the same from tunnels and LANs, and multicast */
	DP_PUNT_NHRP,       /**< NHRP packet, the GRE payload */
	DP_PUNT_RIP,        /**< inner IPv4 packet, UDP 520 */
	DP_PUNT_ERROR,      /**< IPv4 packet that wants an ICMP error; its reason is in info.drop */
	DP_PUNT_RESOLVE,    /**< IPv4 packet whose on-link destination has no known neighbor */
	DP_PUNT_MOVED,    /**< outer IPv4 and UDP header of an authentic packet: its NAT rebound */
	DP_PUNT_REDIRECT, /**< head of a packet that left through the tunnel it came in on */
	DP_PUNT_COUNT
};

/** What is known about a punted packet. */
struct dp_punt_info {
	uint8_t class;  /**< enum dp_punt_class */
	uint8_t table;  /**< enum dp_table the packet belongs to */
	uint16_t port;  /**< it came in on, or is to leave by (RESOLVE); DP_PORT_NONE: injected */
	uint32_t peer;  /**< whose SA it came on, or DP_PEER_NONE */
	uint32_t drop;  /**< ERROR: enum dp_drop */
	uint32_t value; /**< ERROR with fwd_too_big: MTU that fits */
};

/** Name of a class: "arp", "icmp", ... Any thread. */
const char *dp_punt_name(enum dp_punt_class class);

/** Take up to n packets of a class. The caller frees them (rte_pktmbuf_free). */
unsigned dp_punt_receive(struct dp *dp, enum dp_punt_class class, struct rte_mbuf **m, unsigned n);

/** What is known about a packet of dp_punt_receive(). */
const struct dp_punt_info *dp_punt_info(const struct rte_mbuf *m);

/** A buffer to build a packet in, with headroom for all outer headers; NULL when none is left. */
struct rte_mbuf *dp_inject_alloc(struct dp *dp);

/**
 * Send an IPv4 packet (header checksum set, TTL as it is to leave the hub) by its table's route.
 * Always takes the buffer. @return 0 or -ENOBUFS (queue full, counted)
 */
int dp_inject_ip4(struct dp *dp, enum dp_table table, struct rte_mbuf *m);

/** Send a GRE payload of this protocol type (host order: 0x0800, 0x2001) to a peer. As above. */
int dp_inject_peer(struct dp *dp, uint32_t peer, uint16_t protocol, struct rte_mbuf *m);

/**
 * Send a GRE payload of this protocol type to every peer of a tunnel that has an outbound SA, paced
 * over as many turns as it takes. As above; -ENOBUFS also when some worker's queue was full, its
 * peers then get none.
 */
int dp_inject_multicast(struct dp *dp, uint16_t tunnel, uint16_t protocol, struct rte_mbuf *m);

/** Take an outer IPv4 packet of DP_PUNT_EARLY as if it came in on this port only now. As above. */
int dp_inject_esp(struct dp *dp, uint16_t port, struct rte_mbuf *m);

/** Send a whole Ethernet frame. As above. */
int dp_inject_frame(struct dp *dp, uint16_t port, struct rte_mbuf *m);

#endif
