/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routing information base: what each source says about a prefix. The best word that works stands
 * in the data plane's forwarding table.
 *
 * A word leads to an adjacency, or to addresses of next hops. A next hop is resolved by the most
 * specific prefix here that it is in, default routes apart: a peer's /32, a station on a LAN
 * port's link, or again a route with next hops. That this prefix works itself is not asked first,
 * so an answer depends on what the sources say, and not on the order in which they said it. A
 * route that would lead through itself, or through more than HUB_RIB_DEPTH routes, does not work.
 *
 * A change costs what depends on it: the routes by next hops inside the changed prefix, and theirs.
 * When a call returns, the forwarding table has followed.
 */
#ifndef CONTROL_RIB_PRIV_H
#define CONTROL_RIB_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <bsd/sys/tree.h>

#include "common/error.h"
#include "dataplane/route.h"

struct hub;

/* Who says where a prefix leads. Of equal distances the first one is believed. */
enum hub_route_source {
	HUB_ROUTE_LOCAL,     /* an address of the hub */
	HUB_ROUTE_CONNECTED, /* prefix of a port or tunnel */
	HUB_ROUTE_PEER,      /* tunnel address of a spoke */
	HUB_ROUTE_NEIGHBOR,  /* resolved by ARP, or configured */
	HUB_ROUTE_STATIC,    /* configured */
	HUB_ROUTE_NHRP,      /* networks that spokes announce, shortcuts */
	HUB_ROUTE_RIP,
	HUB_ROUTE_EXIT, /* an outer port's gateway, where what has no other way may leave */
	HUB_ROUTE_SOURCES
};

#define HUB_NEXT_HOPS_MAX  8
#define HUB_DISTANCE_NEVER 255 /* known, but not used */
#define HUB_RIB_DEPTH      4
#define HUB_RIB_OBSERVERS  4

_Static_assert(HUB_NEXT_HOPS_MAX <= DP_GROUP_MAX, "a route's next hops are one group");

struct hub_prefix {
	uint32_t addr_be; /* no host bits */
	uint8_t len;
	uint8_t table; /* enum dp_table */
};

/* What a source says about a prefix. The lowest distance counts, then the source, then the
 * metric. */
struct hub_route_entry {
	uint8_t source;      /* enum hub_route_source */
	uint8_t instance;    /* tells apart several entries of a source about one prefix */
	uint8_t distance;    /* hub_route_distance(), or as configured */
	uint8_t n_next_hops; /* 0: straight to adj */
	uint16_t tag;
	uint32_t metric;
	uint32_t next_hops_be[HUB_NEXT_HOPS_MAX];
	dp_adj_t adj;
};

struct hub_next_hop;
struct hub_rib_entry;

/* An entry's use of a next hop. */
struct hub_rib_path {
	LIST_ENTRY(hub_rib_path) link; /* of those by this next hop */
	struct hub_next_hop *next_hop;
	struct hub_rib_entry *entry;
};

struct hub_rib_entry {
	STAILQ_ENTRY(hub_rib_entry) link;
	struct hub_route *route;
	uint64_t since; /* hub's clock, milliseconds: when it was said */
	struct hub_route_entry said;
	struct hub_rib_path paths[]; /* said.n_next_hops */
};

RB_HEAD(hub_next_hop_tree, hub_next_hop);
RB_HEAD(hub_route_tree, hub_route);
TAILQ_HEAD(hub_route_queue, hub_route);
TAILQ_HEAD(hub_next_hop_queue, hub_next_hop);

/* A prefix that some source says something about. */
struct hub_route {
	RB_ENTRY(hub_route) by_prefix;
	struct hub_prefix prefix;
	STAILQ_HEAD(, hub_rib_entry) entries; /* the best one first */
	const struct hub_rib_entry *best;     /* first that works, or NULL */
	struct hub_next_hop_tree next_hops;   /* that it resolves */
	dp_adj_t adj;                         /* in the forwarding table, when installed */
	bool installed;
	bool no_room; /* should be, but the table is full; on the list of those that wait */
	bool touched; /* best was replaced since the observers heard of it */
	bool walking; /* a resolution is going through it */
	bool queued;
	uint64_t epoch; /* of the last change that reached it */
	TAILQ_ENTRY(hub_route) queue, waiting;
};

struct hub_rib_observer {
	void (*changed)(void *ctx, const struct hub_route *r);
	void *ctx;
};

struct hub_rib {
	struct hub_route_tree routes;
	struct hub_route root[DP_TABLE_COUNT]; /* resolves nothing: next hops inside no prefix */
	unsigned n_of_len[DP_TABLE_COUNT][33]; /* prefixes of each length */
	unsigned n_entries[HUB_ROUTE_SOURCES];
	unsigned n_active[HUB_ROUTE_SOURCES];
	unsigned n_routes, room;
	unsigned n_no_room;
	uint64_t epoch;
	uint64_t decided; /* how often a prefix was looked at, for tests */
	bool running;
	struct hub_route_queue queue;    /* what a change has reached */
	struct hub_route_queue waiting;  /* no_room */
	struct hub_next_hop_queue moved; /* next hops that are on another link now */
	struct hub_rib_observer observers[HUB_RIB_OBSERVERS];
	unsigned n_observers;
};

/* Why an entry is not the one that counts. */
enum hub_route_state {
	HUB_ROUTE_ACTIVE,
	HUB_ROUTE_STANDBY,    /* works, but a better one counts */
	HUB_ROUTE_UNRESOLVED, /* nothing leads to its next hops */
	HUB_ROUTE_LOOP,       /* what leads there comes back to it, or is too long a chain */
	HUB_ROUTE_NEVER,      /* its distance says so */
	HUB_ROUTE_NO_ROOM,    /* the forwarding table is full */
	HUB_ROUTE_STATES
};

int hub_rib_create(struct hub *h, unsigned room, struct error *err);
void hub_rib_destroy(struct hub *h);

/*
 * A source says something new about a prefix: replaces what the same source and instance said.
 * The same words again change nothing.
 * @return 0; -EINVAL for host bits or too many next hops; -ENOMEM or -ENOSPC if the RIB has no
 * room for it; -ENOBUFS if it is in the RIB, but the forwarding table has no room: it goes in
 * when there is some
 */
int hub_rib_update(struct hub *h, const struct hub_prefix *prefix,
	const struct hub_route_entry *entry, struct error *err);
/* A source has nothing more to say. Nothing happens if it had not said anything. */
void hub_rib_withdraw(struct hub *h, const struct hub_prefix *prefix, enum hub_route_source source,
	uint8_t instance);

/* The same for entries that lead straight to an adjacency, at the source's own distance. */
int hub_rib_add(struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len,
	enum hub_route_source source, dp_adj_t adj, struct error *err);
void hub_rib_del(struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len,
	enum hub_route_source source);

/* Administrative distance of a source, when it is not configured otherwise. */
uint8_t hub_route_distance(enum hub_route_source source);
/* "static" */
const char *hub_route_source_name(enum hub_route_source source);

/*
 * Hear of every change of a prefix's best entry or of where it leads, after the forwarding table
 * was told. r->best is NULL if there is none any more; r is valid during the call. The observer may
 * call the RIB; what it changes takes effect after it has returned.
 * @return 0 or -ENOSPC
 */
int hub_rib_observe(
	struct hub *h, void (*changed)(void *ctx, const struct hub_route *r), void *ctx);

/* No more: whatever was observed with this ctx. */
void hub_rib_unobserve(struct hub *h, const void *ctx);

/* Exact match, or NULL. */
const struct hub_route *hub_rib_find(
	const struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len);
/* Longest match of those in the forwarding table, or NULL. */
const struct hub_route *hub_rib_lookup(const struct hub *h, enum dp_table table, uint32_t addr_be);
/* What a source says about a prefix (the first instance), or NULL. r may be NULL. */
const struct hub_rib_entry *hub_rib_entry(const struct hub_route *r, enum hub_route_source source);
/*
 * The prefix after this one, by table, address and length; the first one for NULL; NULL at the end.
 * For walks in pieces: the prefix given need not exist any more.
 */
const struct hub_route *hub_rib_next(const struct hub *h, const struct hub_prefix *after);

/* Does an entry count, and if not, why not? */
enum hub_route_state hub_rib_state(const struct hub_rib_entry *e);
/* The same for one of its next hops; *adj is where it leads, DP_ADJ_NO_ROUTE if nowhere. */
enum hub_route_state hub_rib_hop_state(const struct hub_rib_entry *e, unsigned hop, dp_adj_t *adj);
/*
 * The station on a port's link that packets to this address go to, when the route to it leads to
 * that port: the address itself, or its next hop. @return false if it does not
 */
bool hub_rib_link_hop(
	const struct hub *h, enum dp_table table, uint16_t port, uint32_t dst_be, uint32_t *hop_be);

/* static.c: what is configured. */
int hub_static_create(struct hub *h, struct error *err);
/* As hub_rib_update(). */
int hub_static_add(struct hub *h, const struct config_route *r, struct error *err);
void hub_static_del(struct hub *h, const struct config_route *r);

/* --- inside the RIB: rib.c and next_hop.c --- */

/* Adjacencies in ascending order; of too many the lowest. */
struct hub_adj_set {
	unsigned n;
	dp_adj_t at[HUB_NEXT_HOPS_MAX];
};

/* An address that routes lead to. */
struct hub_next_hop {
	RB_ENTRY(hub_next_hop) by_addr;
	uint32_t addr_be;
	struct hub_route *by; /* most specific prefix around it, or the table's root */
	LIST_HEAD(, hub_rib_path) paths;
	uint16_t port; /* it is asked for on this port's link, or DP_PORT_NONE */
	bool moved;    /* on the list of those */
	TAILQ_ENTRY(hub_next_hop) queue;
};

/* rib.c: a change has reached this route. */
void hub_rib_reach(struct hub *h, struct hub_route *r);
/* The most specific prefix of min to max bits around an address, or NULL. */
struct hub_route *hub_rib_around(
	const struct hub *h, enum dp_table table, uint32_t addr_be, unsigned min, unsigned max);

/* next_hop.c */
/* An entry takes its next hops; gives them back. @return 0 or -ENOMEM, nothing taken */
int hub_next_hops_take(struct hub *h, struct hub_rib_entry *e, enum dp_table table);
void hub_next_hops_release(struct hub *h, struct hub_rib_entry *e);
/* A prefix is new: next hops inside it are its own now; it goes: they are its parent's. */
void hub_next_hops_adopt(struct hub *h, struct hub_route *r);
void hub_next_hops_orphan(struct hub *h, struct hub_route *r);
/* A prefix has changed: what depends on it is reached, and on what links its next hops are. */
void hub_next_hops_reach(struct hub *h, struct hub_route *r);
void hub_next_hops_relink(struct hub *h, struct hub_route *r);
/* Ask for next hops on the links that they are on now. */
void hub_next_hops_settle(struct hub *h);
/* The first entry that works, and where it leads; NULL if none does. */
const struct hub_rib_entry *hub_route_resolve(struct hub_route *r, struct hub_adj_set *set);

#endif
