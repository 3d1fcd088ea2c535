/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An engine under test, and everything around it that it asks: routes, identities, SAs, what
 * control installs. The time stands still until world_pass(). Tunnel 1 is 10.255.0.1/24 at
 * 192.0.2.1.
 */
#ifndef TESTS_NHRP_WORLD_H
#define TESTS_NHRP_WORLD_H

#include <arpa/inet.h>

#include "nhrp/nhrp.h"
#include "tests/unit/unit.h"

#define HUB      "10.255.0.1"
#define HUB_NBMA "192.0.2.1"
#define TUNNEL   1

#define WORLD_MAX 64

struct world_sent {
	uint32_t iface, peer;
	size_t len;
	uint8_t bytes[NHRP_PACKET_MAX];
};

struct world_route {
	const char *prefix;
	uint8_t len;
	struct nhrp_route to;
};

struct world_peer {
	struct nhrp_identity id;
	bool no_sa;
	bool gone; /* nothing may be sent to it */
	uint32_t nbma_be;
	unsigned n_probes;
};

extern struct world {
	struct nhrp *n;
	uint64_t now;
	struct nhrp_ops ops; /* changed before world_open() */
	struct world_sent sent[WORLD_MAX];
	unsigned n_sent; /* all of them; sent[] keeps the last */
	struct nhrp_event events[WORLD_MAX];
	unsigned n_events;
	struct world_route routes[16];
	unsigned n_routes;
	struct world_peer peers[WORLD_MAX];
	enum nhrp_gate gate;
	unsigned n_gated;
	uint64_t token;
	int bind_rc;
	bool unused; /* what ops->used says is the opposite */
	unsigned n_bound, n_unbound;
	struct nhrp_binding bound; /* the last one */
	enum nhrp_end unbound;
	/* The packet looked at last: */
	struct nhrp_packet p;
	struct nhrp_cie cie;
} world;

/** A new engine with tunnel 1; iface's fields that are 0 get what the world has. */
void world_open(const struct nhrp_params *params, const struct nhrp_iface_params *iface);
void world_add(uint32_t iface, const struct nhrp_iface_params *p);

/** Destroy it; the counters must add up. */
void world_close(void);

/** End the bindings that match, in slices of two. @return how many */
unsigned world_clear(const struct nhrp_selector *which);

/** Let time pass, turning the engine whenever it wants to be. */
void world_pass(uint64_t ms);

void world_route(const char *prefix, uint8_t len, struct nhrp_route to);
void world_route_peer(const char *prefix, uint8_t len, uint32_t peer, const char *next_hop);

uint32_t be(const char *text);

/** A CIE of a packet that a spoke says; zeros are what a spoke leaves out. */
struct say_cie {
	uint8_t code, prefix;
	uint16_t mtu, holding;
	const char *proto, *nbma;
};

/** A packet that a peer says. Addresses that are NULL: of its number N, 10.255.0.N at 198.51.100.N.
 */
struct say {
	uint8_t type;
	uint16_t flags;
	uint32_t id;
	const char *src, *dst, *nbma, *outer;
	bool hop_zero;
	uint8_t hop; /* 0: 255 */
	uint32_t iface;
	const struct say_cie *cies;
	unsigned n_cies; /* 0: cies[0] if there is one */
	/* r responder, f forward, v reverse, n NAT, p vendor private, o optional and c compulsory
	 * unknown, d RFC 2735's device capabilities; NULL: "rfvn" */
	const char *exts;
	const char *secret;
	const char *transit; /* an address in the forward record; in the reverse one, of a reply */
	const char *responder;
	const char *nat_proto, *nat_nbma; /* an entry in the NAT extension */
	const void *payload;              /* of an indication */
	size_t len;
	uint16_t code;
};

/** Build it. @return its length */
size_t say_build(uint32_t peer, const struct say *s, uint8_t *bytes, size_t room);

/** Let the peer say it. @return packets that the engine sent */
unsigned say(uint32_t peer, const struct say *s);

/** Registration of peer N with a holding time. @return CIE code of the reply, -1: none */
int say_register(uint32_t peer, uint16_t holding);
int say_register_as(uint32_t peer, const char *src, uint16_t flags);

/** Resolution request. @return packets that the engine sent */
unsigned say_resolve(uint32_t peer, const char *dst);

/** Parse the k-th last packet sent (0: the last) into world.p, its first CIE into world.cie. */
const struct world_sent *last(unsigned k);

/** Code of the k-th CIE of world.p. */
int code_of(unsigned k);

/** The k-th CIE of an extension of world.p into world.cie. @return false if there is none */
bool ext_cie(uint16_t type, unsigned k);

/** Types of world.p's extensions in their order, letters as above, a for authentication. */
const char *ext_order(void);

/** How many events of a type there were. */
unsigned events_of(enum nhrp_event_type type);

/** The last one of a type; all zeros if there is none. */
struct nhrp_event event_of(enum nhrp_event_type type);

struct nhrp_stats stats(void);

/** The binding of an exact prefix. @return false if there is none */
bool bound(const char *address, uint8_t len, struct nhrp_binding *b);

#endif
