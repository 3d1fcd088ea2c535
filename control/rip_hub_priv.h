/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RIP as the hub runs it: the engine of control/rip/ on tunnels and LAN ports.
 *
 *	rip_hub       configuration -> engine; spokes come and go; learned routes -> RIB
 *	rip_announce  routes of others -> engine
 *	rip_io        packets
 *	show_rip      what people see
 */
#ifndef CONTROL_RIP_HUB_PRIV_H
#define CONTROL_RIP_HUB_PRIV_H

#include "control/hub_priv.h"
#include "control/rip/rip.h"

/* What the engine calls an interface. */
struct hub_rip_iface {
	bool tunnel;
	uint16_t index; /* of the tunnel or LAN port */
	unsigned n_up;  /* spokes of a tunnel */
	struct rip_key *keys;
	unsigned n_keys;
};

/* A prefix list as the engine wants it. */
struct hub_rip_list {
	struct rip_rule *rules;
	struct rip_prefix_list list;
};

struct hub_rip {
	struct hub *hub;
	struct rip *engine;
	uint64_t turned; /* ms, of the last turn */
	struct hub_rip_iface *ifaces;
	unsigned n_ifaces;
	uint32_t *of_tunnel, *of_port; /* -> engine's interface, or RIP_IFACE_NONE */
	struct hub_rip_list *lists;    /* same places as in config */
	unsigned n_lists;
	struct hub_prefix *dirty; /* routes of others that changed since the last turn */
	unsigned n_dirty, dirty_room;
	bool all_dirty;
	uint64_t no_neighbor; /* to a spoke that is not there any more */
	uint64_t malformed;   /* no UDP datagram for RIP, or not where RIP runs */
	uint64_t checksum;
};

/* The engine's list of this name; NULL for an empty one. */
const struct rip_prefix_list *hub_rip_list_of(const struct hub_rip *rip, const char *name);

/* rip_announce.c: follow the RIB. */
int hub_rip_announce_create(struct hub_rip *rip, struct error *err);
void hub_rip_announce_turn(struct hub_rip *rip);

/* rip_io.c: struct rip_calls.send; ctx is struct hub_rip */
int hub_rip_send(void *ctx, const struct rip_out *out);

#endif
