/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NHRP (RFC 2332, with Cisco's authentication, NAT address extension and traffic indications) as an
 * engine without a world: octets, events and the time go in, octets and events come out. It keeps
 * who is registered from where, answers and forwards resolution requests, tells earlier requesters
 * when a binding ends, and is itself a client of other servers.
 *
 * A peer is whoever the other end of a set of SAs is, an opaque number of the caller. What it
 * claims its NBMA address is, is never trusted: bindings lead to the peer that their packet came
 * from. Interfaces are numbers of the caller too: multipoint tunnels.
 *
 * IPv4 in IPv4. Addresses (_be) are in network byte order, everything else in host order; prefixes
 * with host bits set are taken as their network. Times are milliseconds of a clock that never goes
 * back. One thread. Operations are called from inside the calls below and must not call the engine,
 * except for nhrp_binding_find(), nhrp_cache_*() and the other functions that take it const.
 */
#ifndef NHRP_NHRP_H
#define NHRP_NHRP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nhrp/packet.h"

struct nhrp;

/** No peer (known yet). */
#define NHRP_PEER_NONE UINT32_MAX

/* --- bindings ----------------------------------------------------------------------------- */

/** How a binding came to be. */
enum nhrp_binding_type {
	NHRP_STATIC,     /**< a map of the configuration */
	NHRP_DYNAMIC,    /**< registered with us: a lease */
	NHRP_CACHED,     /**< resolved for ourselves: a shortcut */
	NHRP_INCOMPLETE, /**< being resolved */
	NHRP_NEGATIVE,   /**< could not be resolved */
	NHRP_BINDING_TYPES
};

/** A prefix of protocol addresses and where it is reached. */
struct nhrp_binding {
	uint32_t iface;
	enum nhrp_binding_type type;
	uint32_t address_be;
	uint8_t len;              /**< prefix length; 32: a host */
	uint32_t peer;            /**< NHRP_PEER_NONE: none yet (static, cached) */
	uint32_t nbma_be;         /**< as seen from outside: of the peer's SAs */
	uint32_t claimed_nbma_be; /**< as it says itself; differs behind a NAT */
	uint32_t next_hop_be;     /**< cached: tunnel address of the router that answered */
	uint16_t mtu;             /**< never more than the interface's */
	uint16_t holding;         /**< seconds; 0: for ever */
	uint64_t expires_ms;      /**< UINT64_MAX: never */
	uint8_t preference;
	bool unique;           /**< registered with the unique bit */
	bool own;              /**< the peer's tunnel address: it registered under it */
	bool up;               /**< control has installed it */
	bool used;             /**< by what ops->used says */
	bool multicast;        /**< by the interface's list, multicast is copied to it */
	bool nhs;              /**< static or dynamic, and it is one of our servers */
	uint16_t n_requesters; /**< who would be purged */
};

/** Why a binding ends. */
enum nhrp_end {
	NHRP_END_EXPIRED,   /**< its holding time is over */
	NHRP_END_PURGED,    /**< whoever gave it took it back */
	NHRP_END_PEER_GONE, /**< the peer has no SA any more */
	NHRP_END_PEER_DEAD, /**< the peer does not answer (DPD) */
	NHRP_END_MOVED,     /**< the address is another peer's now */
	NHRP_END_CLEARED,   /**< by command */
	NHRP_END_CONFIG,    /**< interface or map taken away */
	NHRP_END_SHUTDOWN,  /**< */
	NHRP_END_REFUSED,   /**< could not be installed anew */
	NHRP_END_REASONS
};

/** "expired", ... */
const char *nhrp_end_name(enum nhrp_end why);

/** "static", ... */
const char *nhrp_binding_type_name(enum nhrp_binding_type type);

/* --- events ------------------------------------------------------------------------------- */

enum nhrp_event_type {
	NHRP_EV_REGISTERED,     /**< new lease, installed; the reply is on its way */
	NHRP_EV_REFRESHED,      /**< the same again */
	NHRP_EV_MOVED,          /**< lease with another peer or NBMA address; old_* say which */
	NHRP_EV_ENDED,          /**< lease or static map down; `end` says why */
	NHRP_EV_REFUSED,        /**< a registration's CIE; code and why */
	NHRP_EV_CONFLICT,       /**< peer wants an address that old_peer holds and is alive */
	NHRP_EV_ANSWERED,       /**< resolution request answered, from us or a lease */
	NHRP_EV_FORWARDED,      /**< resolution request sent on, to old_peer */
	NHRP_EV_NOT_RESOLVED,   /**< negative reply to peer; code */
	NHRP_EV_ERROR_SENT,     /**< code */
	NHRP_EV_ERROR_RECEIVED, /**< code, about a packet of ours */
	NHRP_EV_REDIRECTED,     /**< traffic indication sent to peer, about address */
	NHRP_EV_NHS_UP,         /**< registered with a server */
	NHRP_EV_NHS_DOWN,       /**< it refuses or does not answer; code or 0, why */
	NHRP_EV_SHORTCUT_UP,    /**< a resolved prefix is installed: nbma, next_hop, mtu, holding */
	NHRP_EV_SHORTCUT_DOWN,  /**< and is no more; `end` */
	NHRP_EV_INTERFACE_UP,   /**< added */
	NHRP_EV_TYPES
};

/** Which fields are set depends on the type; others are 0 or NHRP_PEER_NONE. */
struct nhrp_event {
	enum nhrp_event_type type;
	uint32_t iface;
	uint32_t peer, old_peer;
	uint32_t address_be; /**< protocol address it is about */
	uint8_t len;
	uint32_t source_be; /**< whose request it was */
	uint32_t nbma_be, old_nbma_be, claimed_nbma_be;
	uint32_t next_hop_be;
	uint16_t mtu, holding;
	uint16_t code;   /**< CIE code or error code */
	const char *why; /**< words, or NULL; static storage */
	enum nhrp_end end;
	enum nhrp_binding_type binding; /**< of what came up, moved or ended */
};

/** "registered", ... */
const char *nhrp_event_name(enum nhrp_event_type type);

/* --- what the engine asks of its caller ----------------------------------------------------- */

/** Where the overlay leads. */
enum nhrp_route_kind {
	NHRP_ROUTE_NONE,
	NHRP_ROUTE_LOCAL,     /**< an address of the hub itself */
	NHRP_ROUTE_ANNOUNCED, /**< a network of the hub's that it answers for */
	NHRP_ROUTE_PEER,      /**< through a tunnel, to a peer */
	NHRP_ROUTE_OTHER,     /**< out of another port, not announced */
};

struct nhrp_route {
	enum nhrp_route_kind kind;
	uint8_t len;          /**< of the prefix that matched */
	uint32_t iface;       /**< PEER: tunnel */
	uint32_t peer;        /**< PEER */
	uint32_t next_hop_be; /**< PEER: tunnel address of the next hop (the destination's if
				 on-link) */
};

/** How much is known about who a peer is. */
enum nhrp_proof {
	NHRP_UNPROVEN, /**< only an address, or a key that many share */
	NHRP_PROVEN,   /**< a certificate, or a pre-shared key of its own */
	NHRP_MANUAL,   /**< statically keyed: whoever configured it says so */
};

struct nhrp_identity {
	const char *name; /**< valid until the engine's call returns; NULL or "": none */
	enum nhrp_proof proof;
	uint32_t pinned_be;    /**< tunnel address the configuration binds to it; 0: none */
	uint64_t authentic_ms; /**< when it last sent something that verified; 0: not known */
};

enum nhrp_gate {
	NHRP_GATE_ALLOW,
	NHRP_GATE_DENY,  /**< refused with code 4 */
	NHRP_GATE_LATER, /**< nhrp_gate_result() will say */
};

/**
 * All may be NULL but send; what is said of NULL is what happens then. ctx is nhrp_create()'s.
 */
struct nhrp_ops {
	/** Send an NHRP packet (the GRE payload) to a peer. Lost packets are the protocol's
	 * business. */
	void (*send)(void *ctx, uint32_t iface, uint32_t peer, const void *bytes, size_t len);

	/** Where the overlay leads to dst. *r is zeroed before. NULL: nowhere. */
	void (*route)(void *ctx, uint32_t iface, uint32_t dst_be, struct nhrp_route *r);

	/** Who the peer is. *id is zeroed before. NULL: unproven. */
	void (*identity)(void *ctx, uint32_t peer, struct nhrp_identity *id);

	/** Whether the peer has an outbound SA. NULL: it has. */
	bool (*peer_sa_up)(void *ctx, uint32_t peer);

	/**
	 * The peer behind an NBMA address, if it has one already; else begin to set it up, and call
	 * nhrp_peer_up() when it stands. For static maps, servers and shortcuts. NULL: none.
	 */
	uint32_t (*peer_of)(void *ctx, uint32_t iface, uint32_t nbma_be);

	/**
	 * Find out whether the peer lives (DPD). Say nhrp_peer_alive() or nhrp_peer_gone(); if
	 * neither is said within probe_ms, its identity's authentic_ms decides. NULL: that alone.
	 */
	void (*probe)(void *ctx, uint32_t peer);

	/** May this be registered? Asked of new bindings and of moves. NULL: yes. */
	enum nhrp_gate (*gate)(void *ctx, uint64_t token, const struct nhrp_binding *b);

	/**
	 * Install address, adjacency and route of a binding that is new, or whose peer, NBMA
	 * address or MTU are not what they were (then it replaces, without a gap).
	 * @return 0; -ENOSPC or -ENOMEM: code 5; -EEXIST: code 14; other -errno: code 4. NULL: 0
	 */
	int (*bind)(void *ctx, const struct nhrp_binding *b);

	/** Take away what bind() installed. */
	void (*unbind)(void *ctx, const struct nhrp_binding *b, enum nhrp_end why);

	/** Whether traffic went through the binding since the last question. NULL: it did. */
	bool (*used)(void *ctx, const struct nhrp_binding *b);

	/** Something happened. */
	void (*event)(void *ctx, const struct nhrp_event *ev);
};

/* --- engine ------------------------------------------------------------------------------- */

/** Bounds; 0 takes what stands in brackets. */
struct nhrp_params {
	uint32_t leases_max;           /**< [1000000] beyond: code 5 */
	uint32_t pending_max;          /**< [100000] undecided registrations; beyond: code 5 */
	uint32_t pending_per_peer;     /**< [4] */
	uint32_t requesters_max;       /**< [1000000] in all; beyond: not remembered, code 5 */
	uint32_t requesters_per_lease; /**< [128] beyond: the oldest is purged and forgotten */
	uint32_t purges_max;           /**< [100000] unanswered ones that are repeated */
	uint32_t redirects_max;        /**< [65536] (peer, destination) pairs remembered */
	uint32_t redirects_per_s;      /**< [1000] traffic indications, in all */
	uint32_t shortcuts_max;        /**< [10000] resolved and being resolved for ourselves */
	uint32_t probe_ms;             /**< [3000] silence that gives an address away */
	uint32_t gate_ms;              /**< [30000] wait for gate or SA; then no answer at all */
	uint32_t seed;                 /**< of jitter and request ids; any number */
};

/** @return NULL without memory. params and ops are copied. */
struct nhrp *nhrp_create(const struct nhrp_params *params, const struct nhrp_ops *ops, void *ctx);

/** Forget everything; no operation is called. */
void nhrp_destroy(struct nhrp *n);

/* --- interfaces --------------------------------------------------------------------------- */

/** What an address that somebody else holds is worth to a new registration. */
enum nhrp_unique {
	NHRP_REPLACE_PROVEN, /**< the same proven identity or manual SAs replace; else the holder is
				probed */
	NHRP_ALWAYS_REPLACE, /**< as OpenNHRP does */
	NHRP_STRICT,         /**< as RFC 2332 5.2.3: code 14 if both have the unique bit */
};

struct nhrp_prefix {
	uint32_t address_be;
	uint8_t len;
};

/** Static binding (OpenNHRP's `map`). */
struct nhrp_map {
	struct nhrp_prefix prefix; /**< host part: the peer's tunnel address */
	uint32_t nbma_be;
	bool registers; /**< register with it: it is a server */
	bool no_unique; /**< and without the unique bit */
	bool cisco;     /**< purge with the registration's request id, as Cisco wants it */
};

/** Server to register with. */
struct nhrp_nhs {
	uint32_t address_be; /**< its tunnel address; 0: learned from its reply */
	uint32_t nbma_be;
	bool no_unique;
	bool cisco;
};

/** Prefix of the hub's own that is resolved to it (OpenNHRP's `shortcut-target`). */
struct nhrp_target {
	struct nhrp_prefix prefix;
	uint16_t holding; /**< seconds; 0: the interface's */
};

enum nhrp_multicast {
	NHRP_MULTICAST_DYNAMIC = 1, /**< to all registered peers, static maps and servers */
	NHRP_MULTICAST_NHS = 2,     /**< to servers */
};

struct nhrp_iface_params {
	uint32_t address_be;  /**< tunnel address */
	uint8_t len;          /**< of its network */
	uint32_t nbma_be;     /**< own outer address; 0: not known yet */
	uint16_t mtu;         /**< inner; what peers say is cut to it */
	uint16_t holding;     /**< seconds [7200]: own bindings, and registrations that say 0 */
	uint16_t holding_max; /**< seconds [65535]: longer ones are cut */
	uint32_t network_id;  /**< interfaces with the same number are one NHRP domain */
	const char *secret;   /**< Cisco's authentication; NULL or "": none */
	enum nhrp_unique unique;
	bool redirect;          /**< send traffic indications */
	bool shortcut;          /**< follow traffic indications */
	bool non_caching;       /**< accepted, of no effect, as in OpenNHRP */
	bool answer_registered; /**< answer for registered tunnel addresses, do not forward */
	bool error_padding; /**< 16 zero octets at the end of error indications: Cisco misreads them
			       else */
	uint16_t cies_max;  /**< [16] of a registration; those beyond: code 5 */
	uint16_t networks_per_peer; /**< [16] leases; those beyond: code 5 */
	uint8_t prefix_min;         /**< [32] shortest prefix length that may be registered */
	/** Where registered addresses must lie; none: in the tunnel's network, anywhere if that is
	 * a /32. */
	const struct nhrp_prefix *allowed;
	unsigned n_allowed;
	const struct nhrp_map *maps;
	unsigned n_maps;
	const struct nhrp_nhs *nhs;
	unsigned n_nhs;
	const struct nhrp_target *targets;
	unsigned n_targets;
	unsigned multicast;           /**< enum nhrp_multicast, or'ed */
	const uint32_t *multicast_be; /**< and to these tunnel addresses */
	unsigned n_multicast;
};

/** @return 0, -EEXIST, -EINVAL, -ENOMEM. What p points to is copied. */
int nhrp_interface_add(
	struct nhrp *n, uint32_t iface, const struct nhrp_iface_params *p, uint64_t now_ms);

/**
 * Keeps leases that the new parameters still allow; maps and servers that are the same stay as they
 * are. @return 0, -ENOENT, -EINVAL, -ENOMEM (nothing changed then)
 */
int nhrp_interface_change(
	struct nhrp *n, uint32_t iface, const struct nhrp_iface_params *p, uint64_t now_ms);

/** Ends its bindings (earlier requesters are purged). @return 0, -ENOENT */
int nhrp_interface_del(struct nhrp *n, uint32_t iface, uint64_t now_ms);

/* --- in ----------------------------------------------------------------------------------- */

/**
 * An NHRP packet came.
 * @param outer_be outer source address that its SA was verified with
 */
void nhrp_receive(struct nhrp *n, uint32_t iface, uint32_t peer, uint32_t outer_be,
	const void *bytes, size_t len, uint64_t now_ms);

/**
 * The data plane sent a packet out through the tunnel it came in on (or one of the same network
 * id).
 * @param head the IPv4 packet's first octets
 */
void nhrp_hint(struct nhrp *n, uint32_t iface, uint32_t peer, const void *head, size_t len,
	uint64_t now_ms);

/** Resolve an address for ourselves, as if a traffic indication had said so. */
void nhrp_resolve(struct nhrp *n, uint32_t iface, uint32_t dst_be, uint64_t now_ms);

/** The peer has an outbound SA (again): what waits for it goes on, maps to nbma_be are bound to it.
 */
void nhrp_peer_up(struct nhrp *n, uint32_t iface, uint32_t peer, uint32_t nbma_be, uint64_t now_ms);

/**
 * The peer's SAs are gone or it is dead: its leases end at once, earlier requesters are purged,
 * nothing is sent to it any more. The number may be used again.
 */
void nhrp_peer_gone(struct nhrp *n, uint32_t peer, enum nhrp_end why, uint64_t now_ms);

/** The peer's NAT gave it another outer address. */
void nhrp_peer_moved(struct nhrp *n, uint32_t peer, uint32_t nbma_be, uint64_t now_ms);

/** The peer was heard, or answered ops->probe(). */
void nhrp_peer_alive(struct nhrp *n, uint32_t peer, uint64_t now_ms);

/**
 * A lease of an engine that is gone goes on here: installed, told to nobody. Its peer is up.
 * @param b  of type NHRP_DYNAMIC; expires_ms by the clock of now_ms
 * @return 0; -ENOENT (no such interface, or peer with an SA); -EINVAL (over, or not allowed here);
 * -EEXIST; -ENOSPC; -ENOMEM; or what ops->bind says
 */
int nhrp_lease_restore(struct nhrp *n, const struct nhrp_binding *b, uint64_t now_ms);

/** Answer to ops->gate(). Tokens that are no longer waited for are ignored. */
void nhrp_gate_result(struct nhrp *n, uint64_t token, bool allow, uint64_t now_ms);

/** A prefix that the overlay leads elsewhere than before. */
struct nhrp_change {
	struct nhrp_prefix prefix; /**< without host bits */
	/* the engine's own, zeros at first: */
	bool begun;
	uint32_t at_be;
	uint8_t at_len;
	uint64_t at_serial;
};

/**
 * Routes changed: requesters that were told of what is in this prefix, and would now be told
 * something else, are purged. A piece of the work.
 * @param work  requesters to look at
 * @return true: call again
 */
bool nhrp_route_changed(struct nhrp *n, struct nhrp_change *c, unsigned work, uint64_t now_ms);

/** Whether routes matter to anybody: nobody was told anything else. */
bool nhrp_has_requesters(const struct nhrp *n);

/** Do what is due. */
void nhrp_turn(struct nhrp *n, uint64_t now_ms);

/** When nhrp_turn() has something to do, UINT64_MAX: never. */
uint64_t nhrp_next(const struct nhrp *n);

/* --- commands ----------------------------------------------------------------------------- */

/** What a command is about. Zero means any. */
struct nhrp_selector {
	bool by_iface, by_peer, by_type;
	uint32_t iface;
	uint32_t peer;
	enum nhrp_binding_type type;
	uint32_t address_be; /**< with len != 0: bindings within this prefix */
	uint8_t len;
	uint32_t nbma_be;
};

/** Forget whom a (peer, destination) was told to redirect: all within the prefix. @return how many
 */
unsigned nhrp_redirect_clear(struct nhrp *n, uint32_t address_be, uint8_t len);

/**
 * The hub goes down: deregister from servers. From now on nothing is registered, resolved or
 * forwarded, and purges ask for no reply; whoever wants requesters told calls nhrp_cache_purge().
 */
void nhrp_shutdown(struct nhrp *n, uint64_t now_ms);

/** Under overload every new registration gets code 5; known spokes are refreshed. */
void nhrp_overload(struct nhrp *n, bool on);

/* --- show --------------------------------------------------------------------------------- */

/** A place in the cache that stays valid while bindings come and go. */
struct nhrp_cursor {
	struct nhrp_selector which;
	/* the engine's own: */
	struct nhrp *n;
	void *at;
	struct nhrp_cursor *next;
};

/** Begin to walk bindings that match (NULL: all), oldest first. End with nhrp_cache_close(). */
void nhrp_cache_open(struct nhrp *n, struct nhrp_cursor *c, const struct nhrp_selector *which);

/** @return false at the end */
bool nhrp_cache_next(struct nhrp_cursor *c, struct nhrp_binding *b);

void nhrp_cache_close(struct nhrp_cursor *c);

/**
 * Go on with the walk and end the bindings that it comes to, but for static ones; their requesters
 * are purged. A spoke whose lease is taken away keeps its SA and registers again in its time.
 * @param work  about so many bindings are looked at and purges sent in this call
 * @param[in,out] n_ended  how many ended, added
 * @return false at the end
 */
bool nhrp_cache_clear(struct nhrp_cursor *c, unsigned work, uint64_t now_ms, unsigned *n_ended);

/**
 * The same, but bindings stay: those who were told of one are purged of what they were told, and
 * ask again if they need it.
 * @param told  only of what overlaps this prefix; NULL: of everything
 */
bool nhrp_cache_purge(struct nhrp_cursor *c, const struct nhrp_prefix *told, unsigned work,
	uint64_t now_ms, unsigned *n_purged);

/** Exact binding, O(1). @return false if there is none */
bool nhrp_binding_find(const struct nhrp *n, uint32_t iface, uint32_t address_be, uint8_t len,
	struct nhrp_binding *b);

/** Binding that an address falls under, longest prefix first. @return false if there is none */
bool nhrp_binding_match(
	const struct nhrp *n, uint32_t iface, uint32_t address_be, struct nhrp_binding *b);

/** A pair that is limited. */
struct nhrp_redirect {
	uint32_t peer;
	uint32_t dst_be;
	uint32_t n_sent;
	uint64_t last_ms;
	uint64_t next_ms; /**< not before */
};

/** Copy up to n_max pairs, skipping `skip`. @return how many */
unsigned nhrp_redirect_list(
	const struct nhrp *n, unsigned skip, struct nhrp_redirect *out, unsigned n_max);

enum nhrp_nhs_state {
	NHRP_NHS_DOWN,        /**< no peer */
	NHRP_NHS_REGISTERING, /**< sent, not answered */
	NHRP_NHS_UP,          /**< */
	NHRP_NHS_REFUSED,     /**< it said no; asked again later */
};

struct nhrp_nhs_status {
	uint32_t iface;
	uint32_t address_be; /**< 0: not learned yet */
	uint32_t nbma_be;
	uint32_t peer;
	enum nhrp_nhs_state state;
	uint8_t code;          /**< of its last reply */
	uint32_t public_be;    /**< our address as it sees us; 0: it did not say */
	uint64_t since_ms;     /**< in this state */
	uint64_t next_ms;      /**< next registration */
	uint32_t n_unanswered; /**< requests since its last reply */
};

/** As nhrp_redirect_list(). */
unsigned nhrp_nhs_list(
	const struct nhrp *n, unsigned skip, struct nhrp_nhs_status *out, unsigned n_max);

/** "down", ... */
const char *nhrp_nhs_state_name(enum nhrp_nhs_state state);

/** Why a packet went no further. Each is a counter. */
enum nhrp_drop {
#define NHRP_DROP(upper, name, text) NHRP_DROP_##upper,
#include "nhrp/drops.def"
#undef NHRP_DROP
	NHRP_DROPS
};

/** Why a registration's CIE was refused. Each is a counter. */
enum nhrp_refuse {
#define NHRP_REFUSE(upper, name, code, text) NHRP_REFUSE_##upper,
#include "nhrp/refuse.def"
#undef NHRP_REFUSE
	NHRP_REFUSES
};

/** "no_route", ... : names of counters. */
const char *nhrp_drop_name(enum nhrp_drop drop);
const char *nhrp_refuse_name(enum nhrp_refuse refuse);

/** Words for people: what it means. */
const char *nhrp_drop_text(enum nhrp_drop drop);
const char *nhrp_refuse_text(enum nhrp_refuse refuse);

/**
 * Counters since nhrp_create(). Every packet received ends as exactly one of handled, forwarded,
 * pending and dropped; pending ones move on when they are decided.
 */
struct nhrp_stats {
	uint64_t received;
	uint64_t handled; /**< answered, or for us and nothing to say */
	uint64_t forwarded;
	uint64_t dropped[NHRP_DROPS];
	uint64_t rx[NHRP_TYPES]; /**< by type; 0: unknown */
	uint64_t tx[NHRP_TYPES];
	uint64_t error_rx[NHRP_ERRORS]; /**< by code; 0: unknown */
	uint64_t error_tx[NHRP_ERRORS];
	uint64_t refused[NHRP_REFUSES];
	uint64_t registered, refreshed, moved, ended, conflicts;
	uint64_t answered, not_resolved;
	uint64_t purges_sent, purges_repeated, purges_unanswered;
	uint64_t requesters_forgotten; /**< a list was full */
	uint64_t hints, redirects_sent, redirects_limited, redirects_capped;
	uint64_t gate_timeouts;
	/* now: */
	uint64_t n_leases, n_bindings, n_peers, n_pending, n_requesters, n_purges, n_redirects;
	uint64_t n_shortcuts;
};

void nhrp_stats(const struct nhrp *n, struct nhrp_stats *out);

/** What one peer does and did. */
struct nhrp_peer_stats {
	uint32_t nbma_be;
	uint64_t received, dropped, registered, refused, conflicts, errors, redirects;
	uint32_t n_leases, n_pending, n_requesters;
};

/** @return false if the engine never heard of the peer */
bool nhrp_peer_stats(const struct nhrp *n, uint32_t peer, struct nhrp_peer_stats *out);

#endif
