/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers of another configuration. Those that it names as before stay with all they have; so do SAs
 * with the same keys. A spoke with SAs by IKE stays also when it is named no more: then it is one
 * of those that come by themselves.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "control/ike_priv.h"
#include "control/reload_priv.h"

static bool is_manual(const struct config_peer *c)
{
	return c->n_sa_in > 0 || c->n_sa_out > 0;
}

static bool has_sas(const struct hub *h, const struct hub_peer *p)
{
	uint32_t list[DP_PEER_SAS_MAX];

	return dp_peer_sas(h->dp, p->dp, true, list) > 0 ||
	       dp_peer_sas(h->dp, p->dp, false, list) > 0;
}

/* The peer's SA of this SPI, or SA_NONE. */
static uint32_t find_sa(const struct hub *h, const struct hub_peer *p, bool in, uint32_t spi)
{
	uint32_t list[DP_PEER_SAS_MAX];
	unsigned n = dp_peer_sas(h->dp, p->dp, in, list);

	for (unsigned i = 0; i < n; i++)
		if (sa_at(dp_sa_table(h->dp, in), list[i])->spi == spi)
			return list[i];
	return SA_NONE;
}

/*
 * SAs stay that the new list begins with: the last one is the one that is used, so what stands in
 * front of a new one in the file must have come before it.
 */
static void remove_sas(struct hub *h, struct hub_peer *p, bool in, const struct config_sa *was,
	unsigned n_was, const struct config_sa *is, unsigned n_is)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n_was; i++) {
		uint32_t index = find_sa(h, p, in, was[i].spi);

		if (kept < n_is && config_sa_equal(&was[i], &is[kept])) {
			kept++;
			continue;
		}
		if (index != SA_NONE)
			hub_peer_del_sa(h, p, in, index);
	}
}

static void remove_address(struct hub *h, struct hub_peer *p)
{
	const struct nhrp_selector which = {.by_peer = true, .peer = p->dp};
	struct nhrp_cursor walk;
	struct error err;
	unsigned n = 0;

	nhrp_cache_open(h->nhrp.engine, &walk, &which);
	while (nhrp_cache_clear(&walk, UINT_MAX, h->now, &n))
		;
	nhrp_cache_close(&walk);
	hub_peer_set_address(h, p, 0, &err);
}

static void unname(struct hub *h, struct hub_peer *p)
{
	bool pinned = hub_peer_pinned(p) != 0;
	struct nhrp_binding b;
	struct error err;

	if (is_manual(p->config) || !has_sas(h, p)) {
		hub_peer_del(h, p);
		return;
	}
	p->config = NULL;
	/* What it has registered is its own. */
	if (pinned && !hub_nhrp_binding(h, p, &b))
		hub_peer_set_address(h, p, 0, &err);
}

/* Where a peer is in both configurations, before the tunnels belong to the new one. */
static bool places_of(const struct hub_change *c, const struct hub_peer *p, uint32_t *tunnel,
	uint32_t *was, uint32_t *is)
{
	const struct config *old = c->diff->was;
	const struct config_tunnel *t = c->hub->tunnels[p->tunnel].config;

	*tunnel = (uint32_t)(t - old->tunnels);
	*was = (uint32_t)(p->config - t->peers);
	*is = c->diff->peers[*tunnel][*was];
	return c->diff->tunnels[*tunnel] != CONFIG_NONE;
}

static void remove_parts(struct hub_change *c, struct hub_peer *p, const struct config_peer *is)
{
	const struct config_peer *was = p->config;
	uint32_t pinned = is->address.family != 0 ? is->address.v4_be : 0;

	if (hub_peer_pinned(p) != pinned && (hub_peer_pinned(p) != 0 || p->address_be != pinned))
		remove_address(c->hub, p);
	remove_sas(c->hub, p, true, was->sa_in, was->n_sa_in, is->sa_in, is->n_sa_in);
	remove_sas(c->hub, p, false, was->sa_out, was->n_sa_out, is->sa_out, is->n_sa_out);
}

void reload_peers_remove(struct hub_change *c)
{
	struct hub *h = c->hub;

	for (unsigned i = 0; i < h->peers_room; i++) {
		struct hub_peer *p = &h->peers[i];
		const struct config_peer *next;
		uint32_t tunnel, was, is;

		if (!p->used || p->config == NULL || !places_of(c, p, &tunnel, &was, &is))
			continue;
		next = is == CONFIG_NONE
			       ? NULL
			       : &c->diff->is->tunnels[c->diff->tunnels[tunnel]].peers[is];
		/* Manual keys are of a peer of their own. */
		if (next == NULL || (!is_manual(p->config) && is_manual(next) && has_sas(h, p)))
			unname(h, p);
		else
			remove_parts(c, p, next);
	}
}

void reload_peers_repoint(struct hub_change *c)
{
	const struct config_diff *d = c->diff;
	uint32_t tunnel, was, is;

	for (unsigned i = 0; i < c->hub->peers_room; i++) {
		struct hub_peer *p = &c->hub->peers[i];

		if (!p->used || p->config == NULL || !places_of(c, p, &tunnel, &was, &is))
			continue;
		p->config = &d->is->tunnels[d->tunnels[tunnel]].peers[is];
		c->places[d->tunnels[tunnel]][is] = p->dp;
	}
}

static int add_sas(struct hub *h, struct hub_peer *p, bool in, const struct config_sa *sas,
	unsigned n, struct error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < n && rc == 0; i++)
		if (find_sa(h, p, in, sas[i].spi) == SA_NONE)
			rc = hub_tunnel_add_sa(h, p, &sas[i], in, err);
	return rc;
}

static int add_parts(struct hub *h, struct hub_peer *p, struct error *err)
{
	const struct config_peer *is = p->config;
	int rc = add_sas(h, p, true, is->sa_in, is->n_sa_in, err);

	if (rc == 0)
		rc = add_sas(h, p, false, is->sa_out, is->n_sa_out, err);
	if (rc == 0 && hub_peer_pinned(p) != 0)
		rc = hub_peer_set_address(h, p, hub_peer_pinned(p), err);
	return rc;
}

/* A spoke that came by itself, and is named now. */
static struct hub_peer *find_spoke(
	const struct hub *h, uint16_t tunnel, const struct config_peer *is)
{
	struct hub_peer *p = hub_peer_find_nbma(h, tunnel, is->nbma.v4_be, is->nat_port);

	while (p != NULL && (p->config != NULL || is_manual(is)))
		p = hub_peer_next_nbma(h, p);
	return p;
}

static int add_peer(struct hub_change *c, const struct config_change *change, struct error *err)
{
	const struct config_tunnel *t = &c->diff->is->tunnels[change->tunnel_is];
	const struct config_peer *is = &t->peers[change->is];
	uint32_t *place = &c->places[change->tunnel_is][change->is];
	int tunnel = hub_tunnel_place(c->hub, t);
	struct hub_peer *p;

	if (tunnel < 0)
		return error_set(err, ENOENT, "tunnel %s is not there", t->name);
	if (*place != HUB_NONE)
		return add_parts(c->hub, &c->hub->peers[*place], err);
	p = find_spoke(c->hub, (uint16_t)tunnel, is);
	if (p == NULL)
		return hub_tunnel_add_peer(c->hub, (uint16_t)tunnel, is, &p, err);
	p->config = is;
	return add_parts(c->hub, p, err);
}

int reload_peers_add(struct hub_change *c, struct error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < c->diff->n_changes && (rc == 0 || c->back); i++)
		if (c->diff->changes[i].kind == CONFIG_KIND_PEER &&
			c->diff->changes[i].is != CONFIG_NONE)
			rc = add_peer(c, &c->diff->changes[i], err);
	return rc;
}

void reload_tunnel_clear(struct hub *h, uint16_t tunnel)
{
	for (unsigned i = 0; i < h->peers_room; i++) {
		struct hub_peer *p = &h->peers[i];

		if (!p->used || p->tunnel != tunnel)
			continue;
		hub_ike_peer_end(h, p);
		if (p->used)
			hub_peer_del(h, p);
	}
}
