/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers: a spoke as (tunnel, outer address), its security associations and its next hop.
 * A peer without an outbound SA transmits nothing: there is no other way out. Control thread.
 */
#ifndef DATAPLANE_PEER_H
#define DATAPLANE_PEER_H

#include "common/addr.h"
#include "dataplane/dp.h"

#define DP_PEER_NONE UINT32_MAX
/** SAs of one direction: rekeying overlaps two, manual keying may list some more. */
#define DP_PEER_SAS_MAX 8

struct dp_peer_params {
	uint16_t tunnel;
	/** the spoke's tunnel address, 0: not known yet; with one it is sent multicast */
	uint32_t address_be;
	uint32_t nbma_be; /**< the spoke's outer address */
	/** NAT traversal (RFC 3948): UDP port of the spoke, host order; 0: plain ESP */
	uint16_t natt_port;
};

/** @param[out] index  of the peer. @return 0, -ENOSPC */
int dp_peer_add(struct dp *dp, const struct dp_peer_params *p, uint32_t *index, struct error *err);

/**
 * Remove a peer and its SAs. No route may point to it any more. Waits for nothing: the places are
 * free when dp_reclaim() finds that nobody can name them.
 */
void dp_peer_del(struct dp *dp, uint32_t peer);

/**
 * The spoke's tunnel address, 0: not known. From now on no other spoke may use it as a source
 * (fwd_source_peer). Routes are the caller's.
 * @param multicast  the spoke is sent what goes to all of its tunnel; never without an address
 */
void dp_peer_set_address(struct dp *dp, uint32_t peer, uint32_t address_be, bool multicast);

/** Largest inner packet the spoke itself wants; 0, or more than the tunnel's: the tunnel's. */
void dp_peer_set_mtu(struct dp *dp, uint32_t peer, uint16_t mtu);

/**
 * Where frames to this peer go: port and Ethernet address of the underlay's next hop. Replaces
 * the former one in one store. DP_PORT_NONE: not known, packets are dropped (out_no_neighbor).
 */
void dp_peer_set_neighbor(
	struct dp *dp, uint32_t peer, uint16_t port, const struct mac_addr *neighbor);

/**
 * Largest outer packet that reaches the spoke, octets of IP; 0: the port's MTU. What fits inside
 * follows from it and the outbound SA, and is never more than the tunnel's MTU.
 */
void dp_peer_set_path_mtu(struct dp *dp, uint32_t peer, uint16_t mtu);

/** Largest inner packet the peer is sent now. */
uint16_t dp_peer_mtu(const struct dp *dp, uint32_t peer);

/**
 * The spoke's NAT gave it another address or port (DP_PUNT_MOVED says so); only for peers with NAT
 * traversal. Traffic goes on meanwhile.
 */
void dp_peer_move(struct dp *dp, uint32_t peer, uint32_t nbma_be, uint16_t natt_port);

/**
 * Add a security association. p->peer and p->tag are filled in here. An inbound SA is accepted
 * from now on beside the older ones; an outbound one is used from now on ("newest wins"), or if
 * p->standby and another is in use, when that one goes or dp_peer_use_sa() says so.
 * @param[out] index  in the table of its direction
 */
int dp_peer_add_sa(struct dp *dp, uint32_t peer, const struct sa_params *p, uint32_t *index,
	struct error *err);

/**
 * Remove an SA, as above. After an outbound SA in use comes the newest of those that are left;
 * without one the peer is sent nothing: fail closed.
 */
void dp_peer_del_sa(struct dp *dp, bool in, uint32_t index);

/**
 * An inbound SPI (host order) was given out, and a peer may send by it before its SA is here: such
 * ESP goes to control (DP_PUNT_EARLY). Of SPIs with the same last 12 bits the latest counts. The SA
 * itself, or dp_spi_forget(), ends it.
 */
void dp_spi_expect(struct dp *dp, uint32_t spi);
void dp_spi_forget(struct dp *dp, uint32_t spi);

/** Use an outbound SA of the peer's from now on. */
void dp_peer_use_sa(struct dp *dp, uint32_t peer, uint32_t index);

/**
 * The peer's SAs of one direction, the oldest first.
 * @param[out] list  room for DP_PEER_SAS_MAX indices
 * @return how many
 */
unsigned dp_peer_sas(const struct dp *dp, uint32_t peer, bool in, uint32_t *list);

/** The outbound SA in use, or SA_NONE. */
uint32_t dp_peer_sa_out(const struct dp *dp, uint32_t peer);

/** Worker that owns the peer, or will soon; SA_OWNER_NONE as long as nothing was verified. */
uint16_t dp_peer_owner(const struct dp *dp, uint32_t peer);

/**
 * Move a peer to another worker. Its packets wait meanwhile, none is lost or overtaken. A peer that
 * has no owner yet is given one at once.
 * @return 0, -EINVAL (no such worker), -EBUSY (another peer is moving: try again later)
 */
int dp_peer_set_owner(struct dp *dp, uint32_t peer, unsigned worker);

/**
 * A peer may be owned by the worker that sent to it first, and its packets arrive at another. Look
 * at some peers, and move one of those to where they arrive. To be called now and then.
 */
void dp_peers_follow(struct dp *dp);

/** Go on with the move. To be called now and then, as dp_reclaim(). @return one is under way */
bool dp_peer_moving(struct dp *dp);

#endif
