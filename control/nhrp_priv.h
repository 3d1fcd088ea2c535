/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside control/: what stands between the NHRP engine and the hub. */
#ifndef CONTROL_NHRP_PRIV_H
#define CONTROL_NHRP_PRIV_H

#include "dataplane/punt.h"
#include "nhrp/nhrp.h"

struct hub;
struct hub_peer;
struct config_tunnel;

#define HUB_NHRP_PROBES_MAX  256
#define HUB_NHRP_WATCHES_MAX 4

/* A peer that is asked whether it lives. */
struct hub_nhrp_probe {
	uint32_t peer;
	unsigned left; /* echo requests */
	uint64_t begun;
	uint64_t due;
};

/* Whoever runs hooks: may say no to registrations, and hears of everything. Either may be NULL. */
struct hub_nhrp_watch {
	enum nhrp_gate (*gate)(void *ctx, uint64_t token, const struct nhrp_binding *b);
	void (*event)(void *ctx, const struct nhrp_event *ev);
	void *ctx;
};

#define HUB_NHRP_CHANGES_MAX 4096

/* Prefixes that lead elsewhere, to be looked at: a ring. */
struct hub_nhrp_changes {
	unsigned head, n;
	struct nhrp_change at[HUB_NHRP_CHANGES_MAX];
};

struct hub_nhrp {
	struct nhrp *engine;
	struct hub_nhrp_changes changes;
	unsigned n_probes;
	struct hub_nhrp_probe probes[HUB_NHRP_PROBES_MAX];
	unsigned n_watches;
	struct hub_nhrp_watch watches[HUB_NHRP_WATCHES_MAX];
	bool overload;
	uint64_t refusals_since; /* what scripts were told of them in this second */
	unsigned refusals_told;
	/* Make SAs with an outer address: NHRP_PEER_NONE while they are being made. NULL: cannot */
	uint32_t (*connect)(void *ctx, uint16_t tunnel, uint32_t nbma_be);
	void *connect_ctx;
};

/* nhrp.c */
int hub_nhrp_create(struct hub *h, struct error *err);
void hub_nhrp_destroy(struct hub *h);
/* An NHRP packet (DP_PUNT_NHRP). */
void hub_nhrp_receive(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);
/* A packet took a way that could be shorter (DP_PUNT_REDIRECT). */
void hub_nhrp_hint(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len);
void hub_nhrp_turn(struct hub *h);
/* @return 0 or -ENOSPC */
int hub_nhrp_watch(struct hub *h, const struct hub_nhrp_watch *watch);
/* The lease or map of a peer's tunnel address. @return false if it has none */
bool hub_nhrp_binding(const struct hub *h, const struct hub_peer *p, struct nhrp_binding *b);

/* nhrp_hook.c: scripts and the event stream hear of it. Before hub_nhrp_create(). */
int hub_nhrp_hooks_create(struct hub *h, struct error *err);

/* nhrp_route.c: requesters are purged of what the RIB leads elsewhere. */
int hub_nhrp_routes_create(struct hub *h, struct error *err);
void hub_nhrp_routes_turn(struct hub *h);

/*
 * nhrp_config.c: a tunnel as an interface of the engine, a new one or one that is there and takes
 * over the tunnel's settings. @return 0 or -errno
 */
int hub_nhrp_interface(struct hub *h, uint16_t tunnel, bool there, struct error *err);

/* nhrp_ops.c */
extern const struct nhrp_ops hub_nhrp_ops;
/* Ask again those that are being probed. */
void hub_nhrp_probes_turn(struct hub *h);

#endif
