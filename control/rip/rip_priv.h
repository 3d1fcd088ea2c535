/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the engine.
 *
 *	rip      the whole: interfaces, time, what is due
 *	peer     neighbors
 *	input    what comes: requests, responses
 *	table    routes and the ways to them
 *	output   what goes: who is told what, and how fast
 *	view     routes and neighbors as others see them
 *
 * Everything that changes in what is told about a route gives it the next number of `seq`. A
 * destination remembers up to which number it was told, so that triggered updates are a walk along
 * these numbers.
 */
#ifndef CONTROL_RIP_RIP_PRIV_H
#define CONTROL_RIP_RIP_PRIV_H

#include <bsd/sys/tree.h>
#include <uthash.h>
#include <utlist.h>

#include "common/timer.h"
#include "control/rip/rip.h"

struct rip_iface;
struct rip_peer;
struct rip_route;

/* One way to a network, as one neighbor told it. */
struct rip_path {
	struct rip_route *route;
	struct rip_peer *from;
	uint32_t via_be;
	uint8_t metric;
	uint16_t tag;
	struct timer timeout;
	struct rip_path *prev, *next;           /* of the route */
	struct rip_path *peer_prev, *peer_next; /* of the neighbor */
};

struct rip_route {
	struct rip_prefix prefix;
	RB_ENTRY(rip_route) by_prefix;
	RB_ENTRY(rip_route) by_seq;
	uint64_t seq;
	struct rip_path *paths; /* all of the same metric */
	unsigned n_paths;
	bool announced;
	struct rip_announcement own; /* when announced */
	/* What is told: of `own`, of the first path, or, when it is lost, of what it was. */
	uint8_t metric;
	uint16_t tag;
	struct rip_iface *iface; /* learned there, or leading there; may be NULL */
	uint32_t via_be;
	uint32_t from_be; /* 0: announced */
	/* Lost. */
	uint8_t lost_metric; /* that it had */
	uint64_t held_until;
	struct timer garbage;
};

RB_HEAD(rip_prefix_tree, rip_route);
RB_HEAD(rip_seq_tree, rip_route);

/* Somebody who is told: the group on an interface, or a neighbor. */
struct rip_dest {
	struct rip_iface *iface;
	struct rip_peer *peer; /* NULL: the group */
	bool periodic;         /* is told without asking */
	/* The whole table. */
	bool walking;
	bool walk_begun;
	struct rip_prefix walked; /* up to here, if begun */
	uint64_t walk_seq;        /* when it began */
	uint64_t answer_after;    /* not before, if asked */
	uint16_t port;
	uint8_t version;
	/* Changes. */
	bool triggering;
	uint64_t told; /* up to this number */
	struct timer update;
	struct timer holddown;
	struct timer pace;
};

struct rip_iface {
	struct rip *rip;
	uint32_t index;
	struct rip_iface_params params;
	unsigned copies;
	unsigned n_peers;
	struct rip_dest group;
	struct rip_stats stats;
};

struct rip_peer_key {
	uint32_t iface;
	uint32_t addr_be;
};

struct rip_peer {
	struct rip_peer_key key;
	UT_hash_handle hh;
	struct rip_iface *iface;
	bool configured, up;
	uint8_t version;
	bool sequence_known;
	uint32_t sequence;
	uint64_t heard;
	struct timer forget;
	struct timer greet;
	struct rip_path *paths;
	unsigned n_paths;
	struct rip_dest dest;
	struct rip_stats stats;
};

struct rip {
	struct rip_params params;
	uint64_t now;
	struct rip_iface **ifaces;
	unsigned n_ifaces;
	struct rip_peer *peers;
	struct rip_prefix *protected;
	unsigned n_protected;
	struct rip_prefix_tree routes;
	struct rip_seq_tree changes;
	unsigned n_routes, n_paths;
	unsigned n_third_party; /* paths by another than who told them */
	uint64_t seq;
	bool changed;       /* since the last turn */
	uint32_t poison_ms; /* not 0: all routes are told as lost, within this time */
	uint32_t sequence;  /* RFC 4822: last sent */
	struct timers timeouts, garbage, forgets, updates, holddowns, paces, greets;
};

/* rip.c */
uint32_t rip_random(struct rip *r, uint32_t below);
/* @return the interface's network that an address is on, or NULL; the hub's own is on it too */
const struct rip_prefix *rip_iface_link(const struct rip_iface *i, uint32_t addr_be);
bool rip_iface_is_own(const struct rip_iface *i, uint32_t addr_be);
struct rip_iface *rip_iface_of(const struct rip *r, uint32_t iface);
/* Count for the interface, and the neighbor if it is known. */
void rip_refuse(struct rip_iface *i, struct rip_peer *p, enum rip_refusal why);

/* Ask and tell the spokes that came up a while ago. */
void rip_peers_greet(struct rip *r);

/* peer.c */
struct rip_peer *rip_peer_find(const struct rip *r, uint32_t iface, uint32_t addr_be);
/* Make it if it is new. @return NULL if the interface has no room */
struct rip_peer *rip_peer_get(struct rip_iface *i, uint32_t addr_be);
void rip_peer_heard(struct rip_peer *p, uint8_t version);
/* Its paths are gone already. */
void rip_peer_free(struct rip_peer *p);
void rip_peers_expire(struct rip *r);

/* table.c */
struct rip_route *rip_table_find(const struct rip *r, const struct rip_prefix *p);
/* First route behind this network, or the first of all if it is NULL. */
struct rip_route *rip_table_after(struct rip *r, const struct rip_prefix *p);
/* First route that changed after this number, NULL: none. */
struct rip_route *rip_table_changed_after(struct rip *r, uint64_t seq);
/* A neighbor said so; metric is what it costs from here. @return RIP_REFUSED_COUNT or why not */
enum rip_refusal rip_table_learn(struct rip *r, struct rip_peer *from, const struct rip_prefix *p,
	uint32_t via_be, uint8_t metric, uint16_t tag);
/* All that it told, and all that leads by it, is lost. */
void rip_table_lose_peer(struct rip *r, struct rip_peer *p);
void rip_table_lose_all(struct rip *r);
void rip_table_expire(struct rip *r);
void rip_table_free(struct rip *r);

/* input.c: rip_receive() */

/* output.c */
void rip_dest_init(struct rip_dest *d, struct rip_iface *i, struct rip_peer *p);
void rip_dest_stop(struct rip_dest *d);
/* Tell it by time from now on. */
void rip_dest_start(struct rip_dest *d);
/* Tell it that all is lost, if it is told by time; in place of what it was being told. */
void rip_dest_poison(struct rip_dest *d);
/* Tell it the whole table, at once or when it was told last long enough ago. @return false: busy */
bool rip_dest_answer(struct rip_dest *d, uint16_t port, uint8_t version);
void rip_dest_ask(struct rip_dest *d);
/* Write what a destination is told about a route. @return false: nothing */
bool rip_dest_entry(const struct rip_dest *d, const struct rip_route *route, struct rip_entry *e);
/* Begin a message and end and send it. */
struct rip_message {
	struct writer w;
	const struct rip_key *key;
	unsigned room, n;
	uint8_t bytes[RIP_PACKET_MAX];
};
/* @return false: keys are set, but none is valid now */
bool rip_message_begin(
	struct rip_message *m, struct rip_iface *i, enum rip_command command, uint8_t version);
void rip_message_add(struct rip_message *m, const struct rip_entry *e);
int rip_message_send(struct rip_message *m, struct rip_iface *i, struct rip_peer *p, uint16_t port);
/* Whom the last changes concern. */
void rip_output_trigger(struct rip *r);
/* Do what is due. @return messages sent */
unsigned rip_output_turn(struct rip *r, unsigned messages);

/* view.c */
void rip_route_see(const struct rip *r, const struct rip_route *route, struct rip_route_view *v);
/* The learned ways to it changed. */
void rip_route_tell(struct rip *r, const struct rip_route *route);

#endif
