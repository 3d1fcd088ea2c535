/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside nhrp/: what the engine is made of.
 *
 *	receive    a packet -> checked, authenticated, given to the one who handles it
 *	compose    what all packets of ours have: headers, own entries, extensions, the secret
 *	iface      tunnels: parameters, what is the hub's own
 *	peer       what is known of a peer, and what ends with it
 *	cache      bindings, exact and longest match; walking them
 *	binding    the life of a binding: made, moved, ended
 *	register   registration requests, as a server
 *	claim      may this peer have this address? gate, probe, SA
 *	resolve    resolution requests, as a server
 *	requester  who was told of a binding
 *	purge      purge requests, both ways
 *	forward    packets for others
 *	error      error indications
 *	redirect   traffic indications
 *	nhs        registering with servers, as a client
 *	shortcut   resolving for ourselves
 */
#ifndef NHRP_PRIV_H
#define NHRP_PRIV_H

#include <errno.h>
#include <sys/queue.h>

/* Without memory an element is not added, and says so. */
#define HASH_NONFATAL_OOM        1
#define uthash_nonfatal_oom(obj) ((obj)->lost = true)
#include <bsd/sys/tree.h>
#include <uthash.h>

/* A lookup reads one or two elements, and not up to ten, each of them a cache line far away. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 6U

#include "common/timer.h"
#include "nhrp/nhrp.h"

#define NHRP_FIXED_LEN 20

/* Octets of the offending packet that an error or traffic indication repeats. */
#define NHRP_ERROR_HEAD   512
#define NHRP_TRAFFIC_HEAD 128

/* What a handler says became of a packet: a reason to drop it, or one of these. */
enum nhrp_verdict {
	NHRP_HANDLED = NHRP_DROPS,
	NHRP_FORWARDED,
	NHRP_PENDING,
};

/* A timer that knows what to do. */
struct nhrp_due {
	struct timer timer;
	void (*fire)(struct nhrp *n, struct nhrp_due *d);
};

#define due_owner(d, type) timer_owner(d, type, due)

struct nhrp_iface {
	uint32_t id;
	struct nhrp_iface_params p; /* arrays are owned; secret too */
	uint32_t n_len[33];         /* bindings of each prefix length */
	TAILQ_HEAD(, nhrp_server) servers;
	LIST_HEAD(, nhrp_entry) shortcuts; /* what was resolved for ourselves, or is being */
	bool lost;
	UT_hash_handle hh;
};

struct nhrp_peer {
	/* What every packet looks at stands together. */
	UT_hash_handle hh;
	uint32_t id;
	uint32_t nbma_be;
	uint64_t received;
	LIST_HEAD(, nhrp_claim) probed_by; /* who waits whether it is silent */
	LIST_HEAD(, nhrp_registration) pending;
	LIST_HEAD(, nhrp_entry) entries;
	uint32_t n_pending, n_leases;
	/* And the rest. */
	uint64_t serial;                   /* never twice, as numbers may be */
	LIST_HEAD(, nhrp_requester) asked; /* what it was told */
	LIST_HEAD(, nhrp_purge) purges;    /* what it has not answered */
	LIST_HEAD(, nhrp_limit) limits;    /* what it was redirected to */
	uint32_t n_requesters;
	uint64_t dropped, registered, refused, conflicts, errors, redirects;
	bool lost;
};

struct nhrp_key {
	uint32_t iface;
	uint32_t address_be;
	uint32_t len;
};

/* A binding, as it is kept. */
struct nhrp_entry {
	UT_hash_handle hh;
	struct nhrp_key key;
	struct nhrp_iface *iface;
	struct nhrp_peer *peer; /* or NULL */
	uint64_t expires_ms;
	uint32_t nbma_be, claimed_nbma_be, next_hop_be;
	uint16_t mtu, holding, n_requesters;
	uint8_t type, preference;
	bool unique, own, up, lost;
	struct nhrp_due due; /* its end; cached: before that, the question whether it is used */
	TAILQ_HEAD(nhrp_requesters, nhrp_requester) requesters;
	LIST_ENTRY(nhrp_entry) of_peer;
	LIST_ENTRY(nhrp_entry) of_shortcuts;
	struct nhrp_query *query; /* incomplete, or cached and being asked for again */
};

/* Who was given a binding, or sent on to its peer. */
struct nhrp_requester {
	RB_ENTRY(nhrp_requester) by_prefix; /* that it may have cached */
	uint64_t serial;
	TAILQ_ENTRY(nhrp_requester) of_entry;
	TAILQ_ENTRY(nhrp_requester) of_all; /* by age */
	LIST_ENTRY(nhrp_requester) of_peer;
	struct nhrp_entry *entry;
	struct nhrp_peer *peer;
	struct nhrp_iface *iface; /* through which it asked */
	uint32_t source_be;
	uint32_t address_be; /* the prefix it may have cached */
	uint8_t len;
	uint64_t until_ms;
};

/* A purge request that waits for its answer. */
struct nhrp_purge {
	uint32_t id;
	struct nhrp_iface *iface;
	struct nhrp_peer *peer;
	LIST_ENTRY(nhrp_purge) of_peer;
	struct nhrp_due due;
	uint32_t dst_be, address_be;
	uint8_t len, tries;
	bool lost;
	UT_hash_handle hh;
};

enum nhrp_claim_state {
	NHRP_CLAIM_OPEN,
	NHRP_CLAIM_GATE,  /* control decides */
	NHRP_CLAIM_PROBE, /* the holder is asked for a sign of life */
	NHRP_CLAIM_SA,    /* no outbound SA yet */
	NHRP_CLAIM_DONE,
};

/* One CIE of a registration request. */
struct nhrp_claim {
	struct nhrp_registration *of;
	enum nhrp_claim_state state;
	uint32_t address_be, claimed_nbma_be;
	uint16_t mtu, holding;
	uint8_t len, preference, code;
	bool own;                 /* the address that it is registered under */
	bool allowed;             /* by the gate */
	struct nhrp_peer *probed; /* state PROBE */
	uint64_t silent;          /* serial of the holder that did not answer */
	LIST_ENTRY(nhrp_claim) of_probed;
	uint64_t probe_ms; /* when it began */
	uint64_t token;    /* state GATE */
	bool lost;
	UT_hash_handle hh; /* by token */
};

/* A registration request that is being decided. */
struct nhrp_registration {
	struct nhrp_iface *iface;
	struct nhrp_peer *peer;
	LIST_ENTRY(nhrp_registration) of_peer;
	struct nhrp_due due;
	uint64_t deadline_ms;
	uint32_t outer_be;
	uint32_t request_id;
	uint16_t flags;
	bool waiting; /* counted as pending */
	unsigned n_claims, n_open;
	struct nhrp_claim *claims;
	uint8_t *bytes;
	size_t len;
};

/* A server we register with. */
struct nhrp_server {
	TAILQ_ENTRY(nhrp_server) of_iface;
	struct nhrp_iface *iface;
	struct nhrp_nhs nhs;
	bool learned; /* nhs.address_be came with a reply */
	bool was_up;  /* its end has to be told */
	struct nhrp_peer *peer;
	struct nhrp_due due;
	enum nhrp_nhs_state state;
	uint32_t request_id, public_be, n_unanswered;
	uint64_t since_ms;
	uint8_t code, backoff;
};

/* A resolution request of our own. */
struct nhrp_query {
	uint32_t id;
	struct nhrp_iface *iface;
	uint32_t dst_be;
	uint32_t peer; /* it was sent to */
	struct nhrp_entry *entry;
	struct nhrp_due due;
	uint8_t tries;
	bool lost;
	UT_hash_handle hh;
};

struct nhrp_limit_key {
	uint32_t peer;
	uint32_t dst_be;
};

/* Traffic indications about a destination to a peer. */
struct nhrp_limit {
	struct nhrp_limit_key key;
	LIST_ENTRY(nhrp_limit) of_peer;
	uint32_t n_sent;
	uint64_t last_ms, next_ms;
	bool lost;
	UT_hash_handle hh;
};

RB_HEAD(nhrp_told_tree, nhrp_requester);

struct nhrp {
	struct nhrp_params p;
	struct nhrp_ops ops;
	void *ctx;
	uint64_t now;
	struct timers timers;
	struct nhrp_iface *ifaces;
	struct nhrp_peer *peers;
	struct nhrp_entry *entries;
	struct nhrp_claim *gated; /* by token */
	struct nhrp_purge *purges;
	struct nhrp_query *queries;
	struct nhrp_limit *limits; /* the least recent first */
	TAILQ_HEAD(, nhrp_requester) requesters;
	struct nhrp_told_tree told; /* requesters by prefix */
	uint32_t n_told[33];        /* of each prefix length */
	struct nhrp_cursor *cursors;
	uint64_t token, serial;
	uint32_t request_id;
	uint32_t random;
	double redirect_tokens;
	uint64_t redirect_ms;
	bool overload;
	bool closing; /* after nhrp_shutdown() */
	struct nhrp_stats stats;
	uint8_t out[NHRP_PACKET_MAX];
};

/* A packet that is being handled. */
struct nhrp_in {
	struct nhrp_iface *iface;
	struct nhrp_peer *peer;
	uint32_t outer_be;
	const struct nhrp_packet *p;
	uint32_t src_be, dst_be; /* protocol addresses */
	uint32_t src_nbma_be;    /* as claimed */
	bool unknown_compulsory; /* it has an extension nobody here knows and somebody must */
};

/* engine */
void nhrp_due_at(struct nhrp *n, struct nhrp_due *d, uint64_t ms);
void nhrp_due_never(struct nhrp *n, struct nhrp_due *d);
uint32_t nhrp_random(struct nhrp *n, uint32_t below);
uint64_t nhrp_jitter(struct nhrp *n, uint64_t ms);
void nhrp_tell(struct nhrp *n, const struct nhrp_event *ev);
void nhrp_identity_of(struct nhrp *n, const struct nhrp_peer *peer, struct nhrp_identity *id);
bool nhrp_sa_up(struct nhrp *n, const struct nhrp_peer *peer);

/* packet */
uint16_t nhrp_checksum(const uint8_t *at, size_t len);

/* iface */
struct nhrp_iface *nhrp_iface_get(const struct nhrp *n, uint32_t id);
uint32_t nhrp_iface_network(const struct nhrp_iface *i);
uint32_t nhrp_iface_broadcast(const struct nhrp_iface *i);
bool nhrp_iface_allows(const struct nhrp_iface *i, uint32_t address_be, uint8_t len);
const struct nhrp_target *nhrp_iface_target(const struct nhrp_iface *i, uint32_t dst_be);
bool nhrp_iface_multicast(const struct nhrp_iface *i, const struct nhrp_entry *e);
bool nhrp_iface_keeps(const struct nhrp_iface *i, const struct nhrp_entry *e);
bool nhrp_within(uint32_t address_be, uint32_t net_be, uint8_t len);

/* peer */
struct nhrp_peer *nhrp_peer_find(const struct nhrp *n, uint32_t id);
struct nhrp_peer *nhrp_peer_get(struct nhrp *n, uint32_t id);
struct nhrp_peer *nhrp_peer_behind(struct nhrp *n, struct nhrp_iface *i, uint32_t nbma_be);

/* cache */
struct nhrp_entry *nhrp_entry_find(
	const struct nhrp *n, uint32_t iface, uint32_t address_be, uint8_t len);
struct nhrp_entry *nhrp_entry_match(
	const struct nhrp *n, const struct nhrp_iface *i, uint32_t address_be);
struct nhrp_entry *nhrp_entry_add(struct nhrp *n, struct nhrp_iface *i, uint32_t address_be,
	uint8_t len, enum nhrp_binding_type type);
void nhrp_entry_free(struct nhrp *n, struct nhrp_entry *e);
void nhrp_entry_view(struct nhrp *n, const struct nhrp_entry *e, struct nhrp_binding *b);

/* binding */
bool nhrp_entry_is_lease(const struct nhrp_entry *e);
void nhrp_entry_attach(struct nhrp *n, struct nhrp_entry *e, struct nhrp_peer *peer);
void nhrp_entry_detach(struct nhrp *n, struct nhrp_entry *e);
int nhrp_entry_install(struct nhrp *n, struct nhrp_entry *e);
void nhrp_entry_down(struct nhrp *n, struct nhrp_entry *e, enum nhrp_end why);
void nhrp_entry_end(struct nhrp *n, struct nhrp_entry *e, enum nhrp_end why);
void nhrp_entry_expire(struct nhrp *n, struct nhrp_due *d);
void nhrp_renew_at(struct nhrp *n, struct nhrp_entry *e);
void nhrp_static_up(struct nhrp *n, struct nhrp_entry *e, struct nhrp_peer *peer);
int nhrp_maps_add(struct nhrp *n, struct nhrp_iface *i);
void nhrp_maps_peer_up(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer);

/* compose */
void nhrp_make(
	struct nhrp *n, const struct nhrp_iface *i, struct nhrp_builder *b, struct nhrp_packet *p);
struct nhrp_cie nhrp_own_cie(const struct nhrp_iface *i);
bool nhrp_authentic(const struct nhrp_iface *i, const struct nhrp_packet *p);
void nhrp_put_secret(struct nhrp_builder *b, const struct nhrp_iface *i);
void nhrp_put_request_extensions(struct nhrp_builder *b, const struct nhrp_iface *i, bool nat);
void nhrp_put_reply_extensions(struct nhrp_builder *b, const struct nhrp_in *in,
	const struct nhrp_cie *nat, unsigned n_nat);
void nhrp_send(
	struct nhrp *n, const struct nhrp_iface *i, struct nhrp_peer *peer, struct nhrp_builder *b);
bool nhrp_is_nat(const struct nhrp_ext *e);
bool nhrp_listed(const struct nhrp_packet *p, uint16_t type, uint32_t address_be);
bool nhrp_first_hop(const struct nhrp_packet *p, uint16_t record);

/* receive, and the handlers */
unsigned nhrp_register_request(struct nhrp *n, const struct nhrp_in *in);
unsigned nhrp_register_reply(struct nhrp *n, const struct nhrp_in *in);
unsigned nhrp_resolve_request(struct nhrp *n, const struct nhrp_in *in);
unsigned nhrp_resolve_reply(struct nhrp *n, const struct nhrp_in *in);
unsigned nhrp_purge_request(struct nhrp *n, const struct nhrp_in *in);
unsigned nhrp_purge_reply(struct nhrp *n, const struct nhrp_in *in);
unsigned nhrp_error_indication(struct nhrp *n, const struct nhrp_in *in);
unsigned nhrp_traffic_indication(struct nhrp *n, const struct nhrp_in *in);

/* register, claim */
void nhrp_registration_step(struct nhrp *n, struct nhrp_registration *r);
void nhrp_registration_drop(struct nhrp *n, struct nhrp_registration *r, enum nhrp_drop why);
void nhrp_claim_step(struct nhrp *n, struct nhrp_claim *c);
void nhrp_claim_refuse(struct nhrp *n, struct nhrp_claim *c, enum nhrp_refuse why);
void nhrp_claim_unwait(struct nhrp *n, struct nhrp_claim *c);
void nhrp_claim_commit(struct nhrp *n, struct nhrp_claim *c);
void nhrp_claims_alive(struct nhrp *n, struct nhrp_peer *peer);
void nhrp_claims_silent(struct nhrp *n, struct nhrp_peer *peer);

/* resolve */
unsigned nhrp_resolve_refuse(struct nhrp *n, const struct nhrp_in *in, uint8_t code);

/* requester, purge */
bool nhrp_requester_add(struct nhrp *n, struct nhrp_entry *e, const struct nhrp_in *in,
	uint32_t address_be, uint8_t len, uint64_t until_ms);
void nhrp_requester_learn(struct nhrp *n, const struct nhrp_in *in, struct nhrp_peer *to);
void nhrp_requester_free(struct nhrp *n, struct nhrp_requester *r);
unsigned nhrp_requesters_purge(
	struct nhrp *n, struct nhrp_entry *e, const struct nhrp_prefix *told);
void nhrp_purge_send(struct nhrp *n, struct nhrp_requester *r);
void nhrp_purge_free(struct nhrp *n, struct nhrp_purge *g);
void nhrp_purge_write(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer, uint32_t id,
	bool no_reply, uint32_t dst_be, uint32_t address_be, uint8_t len);

/* forward */
unsigned nhrp_forward(struct nhrp *n, const struct nhrp_in *in);
unsigned nhrp_forward_to(
	struct nhrp *n, const struct nhrp_in *in, struct nhrp_iface *out, struct nhrp_peer *to);
enum nhrp_route_kind nhrp_way(
	struct nhrp *n, const struct nhrp_in *in, uint32_t dst_be, struct nhrp_route *r);
unsigned nhrp_forward_check(struct nhrp *n, const struct nhrp_in *in);

/* error */
unsigned nhrp_error(struct nhrp *n, const struct nhrp_in *in, uint16_t code, size_t offset,
	enum nhrp_drop drop);

/* nhs, shortcut */
int nhrp_servers_set(struct nhrp *n, struct nhrp_iface *i);
void nhrp_server_free(struct nhrp *n, struct nhrp_server *s);
void nhrp_servers_peer_up(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer);
void nhrp_servers_peer_gone(struct nhrp *n, struct nhrp_peer *peer);
void nhrp_servers_error(struct nhrp *n, const struct nhrp_in *in, uint16_t code, uint32_t id);
void nhrp_server_deregister(struct nhrp *n, struct nhrp_server *s);
bool nhrp_server_owns(const struct nhrp_iface *i, const struct nhrp_entry *e);
bool nhrp_is_server(const struct nhrp_iface *i, const struct nhrp_peer *peer);
struct nhrp_server *nhrp_server_up(struct nhrp_iface *i);
void nhrp_query_start(struct nhrp *n, struct nhrp_iface *i, uint32_t dst_be, struct nhrp_entry *e);
void nhrp_query_free(struct nhrp *n, struct nhrp_query *q);
void nhrp_query_failed(struct nhrp *n, struct nhrp_query *q);
void nhrp_shortcuts_peer_up(struct nhrp *n, struct nhrp_iface *i, struct nhrp_peer *peer);

/* redirect */
void nhrp_limit_free(struct nhrp *n, struct nhrp_limit *l);
void nhrp_limits_clear(struct nhrp *n, struct nhrp_peer *peer, uint32_t address_be, uint8_t len);

#endif
