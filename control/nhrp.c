/* SPDX-License-Identifier: BSD-3-Clause */
/* The NHRP engine's place in the hub: packets, hints, time and the coming and going of peers. */
#define LOG_SUBSYSTEM LOG_NHRP

#include <errno.h>
#include <sys/random.h>

#include "common/log.h"
#include "control/hub_priv.h"

/* SAs come before registrations; with the last one everything ends that came by them. */
static void peer_event(void *ctx, struct hub_peer *p, enum hub_peer_event event)
{
	struct hub *h = ctx;
	struct nhrp *n = h->nhrp.engine;

	switch (event) {
	case HUB_PEER_EVENT_KEYED:
		nhrp_peer_up(n, p->tunnel, p->dp, p->nbma_be, h->now);
		break;
	case HUB_PEER_EVENT_MOVED:
		nhrp_peer_moved(n, p->dp, p->nbma_be, h->now);
		break;
	case HUB_PEER_EVENT_UNKEYED:
		nhrp_peer_gone(n, p->dp, p->dead ? NHRP_END_PEER_DEAD : NHRP_END_PEER_GONE, h->now);
		break;
	case HUB_PEER_EVENT_UP:
	case HUB_PEER_EVENT_DOWN:
		break;
	}
}

int hub_nhrp_create(struct hub *h, struct error *err)
{
	const struct config *c = h->config;
	struct nhrp_params p = {
		.leases_max = h->peers_room * 4,
		.requesters_per_lease = c->nhrp.requesters_per_lease,
		.redirects_per_s = c->nhrp.redirects_per_second,
		.pending_per_peer = c->nhrp.pending_per_peer,
		.probe_ms = c->nhrp.probe_time * 1000,
		.seed = 1,
	};

	if (!h->params.fixed_seed && getrandom(&p.seed, sizeof(p.seed), 0) != sizeof(p.seed))
		return error_set(err, EIO, "the kernel gives no random numbers");
	h->nhrp.engine = nhrp_create(&p, &hub_nhrp_ops, h);
	if (h->nhrp.engine == NULL)
		return error_set(err, ENOMEM, "out of memory");
	for (unsigned i = 0; i < h->n_tunnels; i++) {
		int rc = hub_nhrp_interface(h, (uint16_t)i, false, err);

		if (rc < 0)
			return rc;
	}
	if (hub_peer_watch(h, peer_event, h) < 0)
		return error_set(err, ENOSPC, "NHRP: too many watch peers");
	return hub_nhrp_routes_create(h, err);
}

void hub_nhrp_destroy(struct hub *h)
{
	if (h->nhrp.engine != NULL)
		nhrp_destroy(h->nhrp.engine);
	h->nhrp.engine = NULL;
}

void hub_nhrp_receive(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	const struct hub_peer *p = hub_peer_of(h, info->peer);

	if (p != NULL)
		nhrp_receive(h->nhrp.engine, p->tunnel, p->dp, p->nbma_be, packet, len, h->now);
}

void hub_nhrp_hint(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	const struct hub_peer *p = hub_peer_of(h, info->peer);

	if (p != NULL)
		nhrp_hint(h->nhrp.engine, p->tunnel, p->dp, packet, len, h->now);
}

void hub_overload(struct hub *h, bool on)
{
	if (on != h->nhrp.overload)
		log_warning("control is %s",
			on ? "late: new spokes are asked to register later" : "in time again");
	h->nhrp.overload = on;
	nhrp_overload(h->nhrp.engine, on);
}

void hub_nhrp_turn(struct hub *h)
{
	hub_nhrp_probes_turn(h);
	hub_nhrp_routes_turn(h);
	if (h->now >= nhrp_next(h->nhrp.engine))
		nhrp_turn(h->nhrp.engine, h->now);
}

int hub_nhrp_watch(struct hub *h, const struct hub_nhrp_watch *watch)
{
	if (h->nhrp.n_watches == HUB_NHRP_WATCHES_MAX)
		return -ENOSPC;
	h->nhrp.watches[h->nhrp.n_watches++] = *watch;
	return 0;
}

bool hub_nhrp_binding(const struct hub *h, const struct hub_peer *p, struct nhrp_binding *b)
{
	return p->address_be != 0 &&
	       nhrp_binding_find(h->nhrp.engine, p->tunnel, p->address_be, 32, b) &&
	       b->peer == p->dp;
}
