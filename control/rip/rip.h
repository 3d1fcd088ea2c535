/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RIP version 2 (RFC 2453, RFC 4822) with the manners of ripd, for a hub of many spokes: bytes and
 * time go in, bytes and changes of routes come out. Sockets, ports and tunnels are the caller's.
 *
 * Time is in milliseconds of a clock that never goes back, and begins anywhere. One thread.
 */
#ifndef CONTROL_RIP_RIP_H
#define CONTROL_RIP_RIP_H

#include "common/error.h"
#include "control/rip/auth.h"
#include "control/rip/filter.h"

#define RIP_ADDRS_MAX  8
#define RIP_PATHS_MAX  8
#define RIP_NAME_MAX   31
#define RIP_IFACES_MAX 1024
#define RIP_IFACE_NONE UINT32_MAX

struct rip;

/** Routes that were learned on an interface, told on the same one (RFC 2453 3.4.3). */
enum rip_split_horizon {
	RIP_SPLIT_SIMPLE,   /**< are not */
	RIP_SPLIT_POISONED, /**< are, with metric 16 */
	RIP_SPLIT_OFF,      /**< are, with their next hop if it is on that interface */
};

/** Where a route comes from. */
enum rip_source {
	RIP_SOURCE_RIP,
	RIP_SOURCE_CONNECTED,
	RIP_SOURCE_STATIC,
	RIP_SOURCE_NHRP,
	RIP_SOURCE_DEFAULT, /**< default-information originate */
	RIP_SOURCE_COUNT
};

enum rip_refusal {
#define REFUSAL(name, text) RIP_REFUSED_##name,
#include "control/rip/refusals.def"
#undef REFUSAL
	RIP_REFUSED_COUNT
};

/** Something that goes out. */
struct rip_out {
	uint32_t iface;
	uint32_t src_be;
	uint32_t dst_be;   /**< a neighbor, or 224.0.0.9 */
	uint16_t dst_port; /**< host order; the source port is 520 */
	const uint8_t *data;
	size_t len;
};

/** Something that came in: the payload of a UDP datagram to port 520. */
struct rip_in {
	uint32_t iface;
	uint32_t src_be;
	uint16_t src_port; /**< host order */
	const uint8_t *data;
	size_t len;
};

/** One way to a learned network. */
struct rip_hop {
	uint32_t iface;
	uint32_t via_be;  /**< next hop */
	uint32_t from_be; /**< the neighbor that told */
	uint64_t expires; /**< ms of the engine's clock */
};

/** A route as it is now. */
struct rip_route_view {
	struct rip_prefix prefix;
	enum rip_source source; /**< of what is told about it */
	uint8_t metric;         /**< 16: lost, and told so until `expires` */
	uint16_t tag;
	uint64_t expires;      /**< metric 16: when it will be forgotten */
	uint32_t lost_from_be; /**< metric 16: who had told it, 0 if nobody had */
	unsigned n_hops;       /**< learned ways; may be there below another source */
	struct rip_hop hops[RIP_PATHS_MAX];
};

/** What the engine calls; none of it may call the engine. */
struct rip_calls {
	/** Send. @return 0, or negative: not now, try again */
	int (*send)(void *ctx, const struct rip_out *out);
	/** The learned ways to a network changed: n_hops of them are left. May be NULL. */
	void (*route)(void *ctx, const struct rip_route_view *route);
	/** Any 32 bits. */
	uint32_t (*random)(void *ctx);
	/** Seconds since 1970: lifetimes of keys, and the sequence numbers of RFC 4822. */
	uint64_t (*unix_time)(void *ctx);
	void *ctx;
};

struct rip_params {
	uint32_t update_ms;  /**< `timers basic`: 30 s, each 5 s more or less by chance */
	uint32_t timeout_ms; /**< 180 s */
	uint32_t garbage_ms; /**< 120 s */
	/**
	 * A route that was lost, and had been told on an interface without split horizon, is
	 * believed again from anyone who is nearer than it was; from others only after this time,
	 * for they may have it from the hub itself. Who missed that it was lost believes in it
	 * for `timeout_ms`, so more than that is good. 0: at once, as ripd does.
	 */
	uint32_t holddown_ms;
	/**
	 * A spoke that comes up is asked, and told, so long afterwards. One that is asked in the
	 * moment it registers answers before its NHRP knows the way to the hub: FRR 8.4 then never
	 * finds it. 0: at once.
	 */
	uint32_t greet_ms;
	unsigned max_routes;
	unsigned max_paths; /**< `allow-ecmp`: 1..RIP_PATHS_MAX */
	uint8_t distance;   /**< 120: learned routes give way to announced ones of a smaller one */
	struct rip_policy policy; /**< of all interfaces, after their own */
	struct rip_calls calls;
};

struct rip_iface_params {
	char name[RIP_NAME_MAX + 1];
	struct rip_prefix
		addrs[RIP_ADDRS_MAX]; /**< the hub's; host bits set, length of the link's */
	unsigned n_addrs;
	enum rip_split_horizon split_horizon;
	bool passive;       /**< listens, and says nothing but to `neighbor`s */
	bool next_hop_self; /**< next hops are never told */
	bool suppress_own;  /**< each neighbor gets a copy of its own, without its own routes */
	bool receive_v1;
	bool accept_default;   /**< 0.0.0.0/0 */
	bool accept_own;       /**< the hub's own networks and parts of them */
	bool replay_check;     /**< sequence numbers must not fall */
	unsigned max_prefixes; /**< of one neighbor */
	unsigned max_peers;
	struct rip_auth auth;
	struct rip_policy policy;
};

/** Counters of an interface, or of a neighbor on it. */
struct rip_stats {
	uint64_t requests, responses; /**< taken */
	uint64_t entries;             /**< of responses taken */
	uint64_t sent, send_failed;   /**< messages */
	uint64_t refused[RIP_REFUSED_COUNT];
};

struct rip_peer_view {
	uint32_t iface;
	uint32_t addr_be;
	uint8_t version;   /**< of its last message, 0: none yet */
	bool configured;   /**< `neighbor` */
	bool up;           /**< between rip_peer_up() and rip_peer_gone() */
	uint64_t heard;    /**< ms of the engine's clock */
	unsigned n_routes; /**< told by it and in use */
	struct rip_stats stats;
};

/** Sizes of the whole. */
struct rip_totals {
	unsigned routes, paths, peers;
	size_t octets; /**< allocated */
};

/** @return the engine, or NULL with err. Parameters are checked; `random` and so on must be set */
struct rip *rip_create(const struct rip_params *p, uint64_t now, struct error *err);

/** NULL is allowed. Nobody is told. */
void rip_destroy(struct rip *r);

/** RIP runs on an interface from now on: it asks its neighbors. @param[out] iface  its number */
int rip_iface_add(
	struct rip *r, const struct rip_iface_params *p, uint32_t *iface, struct error *err);

/** How many copies the caller makes of a message to the group; slows updates. Default 1. */
void rip_iface_set_copies(struct rip *r, uint32_t iface, unsigned copies);

/** `neighbor`: told by unicast, on passive interfaces too. @return 0, -EINVAL, -ENOSPC */
int rip_neighbor_add(struct rip *r, uint32_t iface, uint32_t addr_be);

/** A network of the hub that neighbors must not announce, though RIP does not run on it. */
int rip_protect(struct rip *r, const struct rip_prefix *p);

/** A network that others told the hub about, for RIP to tell. */
struct rip_announcement {
	struct rip_prefix prefix;
	enum rip_source source;
	uint8_t metric; /**< 1..15 */
	uint16_t tag;
	uint8_t distance;
	uint32_t iface;  /**< it leads there, or RIP_IFACE_NONE */
	uint32_t via_be; /**< by this next hop, or 0 */
};

/** Announce, in place of the former announcement of this prefix. @return 0, -EINVAL, -ENOSPC */
int rip_announce(struct rip *r, const struct rip_announcement *a);

/** No more. */
void rip_withdraw(struct rip *r, const struct rip_prefix *p);

/** A spoke came: it is told everything and asked for everything. @return 0, -EINVAL, -ENOSPC */
int rip_peer_up(struct rip *r, uint32_t iface, uint32_t addr_be);

/** A spoke is dead: what it told, and what leads to it, is lost at once. */
void rip_peer_gone(struct rip *r, uint32_t iface, uint32_t addr_be);

/** Forget what was learned, and ask again. */
void rip_clear(struct rip *r);

/**
 * The hub goes down: tell all who are told anything that every route is lost, spread over so much
 * time. Whatever is said from now on says that.
 */
void rip_poison(struct rip *r, uint32_t within_ms);

/** Whether all has been said that was to be said. */
bool rip_silent(const struct rip *r);

/** A datagram came. */
void rip_receive(struct rip *r, uint64_t now, const struct rip_in *in);

/** Do what is due, at most so many messages. */
void rip_turn(struct rip *r, uint64_t now, unsigned messages);

/** When rip_turn() has something to do, UINT64_MAX: never. */
uint64_t rip_next(struct rip *r);

/**
 * The route behind this network (NULL: the first), for walks in pieces: the network need not be
 * there any more. @return false at the end
 */
bool rip_route_after(struct rip *r, const struct rip_prefix *p, struct rip_route_view *out);

/** One route. @return false if there is none */
bool rip_route_find(struct rip *r, const struct rip_prefix *p, struct rip_route_view *out);

/** All neighbors, in no order. */
void rip_peers_each(
	struct rip *r, void (*fn)(void *ctx, const struct rip_peer_view *peer), void *ctx);

/** An interface's counters, NULL if there is no such interface. */
const struct rip_stats *rip_iface_stats(const struct rip *r, uint32_t iface);

/** An interface's parameters, NULL if there is no such interface. */
const struct rip_iface_params *rip_iface_params(const struct rip *r, uint32_t iface);

struct rip_totals rip_totals(const struct rip *r);

/** "rip", "connected", ... */
const char *rip_source_name(enum rip_source s);

/** "simple", "poisoned", "off" */
const char *rip_split_horizon_name(enum rip_split_horizon s);

const char *rip_refusal_name(enum rip_refusal why);
const char *rip_refusal_text(enum rip_refusal why);

#endif
