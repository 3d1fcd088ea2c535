/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports: an ethdev, or a pair of functions (tests, benchmark). Control thread. */
#ifndef DATAPLANE_PORT_H
#define DATAPLANE_PORT_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "common/addr.h"
#include "dataplane/dp.h"

#define DP_PORT_ADDRS_MAX 8
#define DP_PORT_NONE      UINT16_MAX

/**
 * Receive or transmit up to n packets on a queue (queue number = worker number), as
 * rte_eth_rx_burst() and rte_eth_tx_burst(): returns how many; what was transmitted belongs to the
 * port, what was not stays the caller's. Called by that worker only.
 */
typedef uint16_t (*dp_burst_fn)(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n);

struct dp_port_params {
	const char *name;
	uint16_t ethdev; /**< ethdev port id, not yet configured; ignored when rx is set */
	dp_burst_fn rx;  /**< NULL: the ethdev */
	dp_burst_fn tx;
	void *ctx;
	bool mac_set; /**< else the device's own address (needed when rx is set) */
	struct mac_addr mac;
	uint32_t addrs_be[DP_PORT_ADDRS_MAX]; /**< the hub's addresses here */
	unsigned n_addrs;
	uint16_t mtu;
	bool promiscuous;
	/** a network behind the hub, whose packets are forwarded by the overlay table */
	bool lan;
	/**
	 * An outer port by which inner packets may leave in clear, and answers come back: what
	 * comes for other addresses than the hub's is forwarded by the overlay table, if its source
	 * is out there and its destination is a spoke or on a LAN.
	 */
	bool internet_exit;
	/**
	 * The hub's kernel has these addresses, too: what comes for them and is of no protocol of
	 * the hub goes to control (DP_PUNT_OUTER_HOST, DP_PUNT_HOST).
	 */
	bool host;
	/**
	 * Frames of another port that carry this VLAN (IEEE 802.1Q): parent is that port's index,
	 * vlan 1..4094, rx NULL. vlan 0: a port of its own.
	 */
	uint16_t parent;
	uint16_t vlan;
};

/**
 * Configure, start and poll a port from the next turn on. An ethdev needs one transmit queue per
 * worker; receive queues are shared out among the workers.
 * @param[out] index  of the port
 */
int dp_port_add(struct dp *dp, const struct dp_port_params *p, uint16_t *index, struct error *err);

/** While its link is down a port's packets are dropped (tx_link_down). Control tells. */
void dp_port_set_link(struct dp *dp, uint16_t port, bool up);

/**
 * Stop a port and its device, or start it again: nothing is received, what is to leave is dropped
 * (tx_stopped). Waits a grace period. VLANs stop with their port. @return 0, -EINVAL (a VLAN), or
 * the device's error
 */
int dp_port_stop(struct dp *dp, uint16_t port);
int dp_port_start(struct dp *dp, uint16_t port);

enum dp_port_state { DP_PORT_UP, DP_PORT_LINK_DOWN, DP_PORT_STOPPED };

/** A VLAN's state is its port's. */
enum dp_port_state dp_port_state(const struct dp *dp, uint16_t port);

/** An address of the hub more, or less, while packets come. @return 0, -ENOSPC, -ENOENT */
int dp_port_add_address(struct dp *dp, uint16_t port, uint32_t addr_be);
int dp_port_del_address(struct dp *dp, uint16_t port, uint32_t addr_be);

/** The Ethernet address that frames to us carry. */
struct mac_addr dp_port_mac(const struct dp *dp, uint16_t port);

/** VLAN of a port that is part of another, 0 for a port of its own. */
uint16_t dp_port_vlan(const struct dp *dp, uint16_t port);

/** ethdev port id, or RTE_MAX_ETHPORTS for a pair of functions and for VLANs. */
uint16_t dp_port_ethdev(const struct dp *dp, uint16_t port);

/** What the device does itself; workers do the rest. */
enum dp_offload {
	DP_OFFLOAD_RSS = 1,             /**< share packets out among receive queues */
	DP_OFFLOAD_RX_IP4_CHECKSUM = 2, /**< verify the outer header's */
	DP_OFFLOAD_RX_VLAN = 4,         /**< take tags off */
	DP_OFFLOAD_TX_VLAN = 8,         /**< put tags on */
	DP_OFFLOAD_RX_SEGMENTS = 16, /**< deliver a packet in several buffers (workers join it) */
};

/** Bits of enum dp_offload; a VLAN's are its port's, a pair of functions has none. */
unsigned dp_port_offloads(const struct dp *dp, uint16_t port);

/** Receive queues in use. */
unsigned dp_port_rx_queues(const struct dp *dp, uint16_t port);

#endif
