/* SPDX-License-Identifier: BSD-3-Clause */
/* A tunnel of the configuration as an interface of the NHRP engine. */
#include <errno.h>
#include <stdlib.h>

#include "control/hub_priv.h"

/* The engine copies what these hold. */
struct lists {
	struct nhrp_prefix *allowed;
	struct nhrp_map *maps;
	struct nhrp_nhs *nhs;
	struct nhrp_target *targets;
	uint32_t *multicast_be;
};

static void lists_free(struct lists *l)
{
	free(l->allowed);
	free(l->maps);
	free(l->nhs);
	free(l->targets);
	free(l->multicast_be);
}

static int lists_alloc(struct lists *l, const struct config_nhrp *c)
{
	l->allowed = calloc(c->n_allowed + 1, sizeof(*l->allowed));
	l->maps = calloc(c->n_maps + 1, sizeof(*l->maps));
	l->nhs = calloc(c->n_nhs + 1, sizeof(*l->nhs));
	l->targets = calloc(c->n_targets + 1, sizeof(*l->targets));
	l->multicast_be = calloc(c->n_multicast + 1, sizeof(*l->multicast_be));
	return l->allowed && l->maps && l->nhs && l->targets && l->multicast_be ? 0 : -ENOMEM;
}

static struct nhrp_prefix prefix_of(const struct ip_prefix *p)
{
	return (struct nhrp_prefix){.address_be = p->addr.v4_be, .len = p->len};
}

static void lists_fill(struct lists *l, const struct config_nhrp *c)
{
	for (unsigned i = 0; i < c->n_allowed; i++)
		l->allowed[i] = prefix_of(&c->allowed[i]);
	for (unsigned i = 0; i < c->n_maps; i++)
		l->maps[i] = (struct nhrp_map){.prefix = prefix_of(&c->maps[i].prefix),
			.nbma_be = c->maps[i].nbma.v4_be,
			.registers = c->maps[i].registers,
			.no_unique = !c->maps[i].unique,
			.cisco = c->maps[i].cisco};
	for (unsigned i = 0; i < c->n_nhs; i++)
		l->nhs[i] = (struct nhrp_nhs){
			.address_be = c->nhs[i].address.family != 0 ? c->nhs[i].address.v4_be : 0,
			.nbma_be = c->nhs[i].nbma.v4_be,
			.no_unique = !c->nhs[i].unique,
			.cisco = c->nhs[i].cisco};
	for (unsigned i = 0; i < c->n_targets; i++)
		l->targets[i] = (struct nhrp_target){.prefix = prefix_of(&c->targets[i].prefix),
			.holding = c->targets[i].holding_time};
	for (unsigned i = 0; i < c->n_multicast; i++)
		l->multicast_be[i] = c->multicast[i].v4_be;
}

static struct nhrp_iface_params params_of(
	const struct config_tunnel *t, uint16_t tunnel, const struct lists *l)
{
	const struct config_nhrp *c = &t->nhrp;
	static const enum nhrp_unique unique_of[CONFIG_UNIQUE_MODES] = {
		[CONFIG_UNIQUE_REPLACE] = NHRP_REPLACE_PROVEN,
		[CONFIG_UNIQUE_ALWAYS_REPLACE] = NHRP_ALWAYS_REPLACE,
		[CONFIG_UNIQUE_STRICT] = NHRP_STRICT,
	};

	return (struct nhrp_iface_params){
		.address_be = t->address.addr.v4_be,
		.len = t->address.len,
		.nbma_be = t->nbma.v4_be,
		.mtu = t->mtu,
		.holding = c->holding_time,
		.holding_max = c->holding_time_max,
		/* Those without a number are domains of their own: no setting has these. */
		.network_id = c->network_id != 0 ? c->network_id : UINT32_MAX - tunnel,
		.secret = c->authentication,
		.unique = unique_of[c->unique],
		.redirect = t->redirect,
		.shortcut = c->shortcut,
		.non_caching = c->non_caching,
		.answer_registered = c->answer_registered,
		.error_padding = c->error_padding,
		.cies_max = c->cies_max,
		.networks_per_peer = c->networks_per_peer,
		.prefix_min = c->prefix_min,
		.allowed = l->allowed,
		.n_allowed = c->n_allowed,
		.maps = l->maps,
		.n_maps = c->n_maps,
		.nhs = l->nhs,
		.n_nhs = c->n_nhs,
		.targets = l->targets,
		.n_targets = c->n_targets,
		.multicast = (c->multicast_dynamic ? NHRP_MULTICAST_DYNAMIC : 0u) |
			     (c->multicast_nhs ? NHRP_MULTICAST_NHS : 0u),
		.multicast_be = l->multicast_be,
		.n_multicast = c->n_multicast,
	};
}

int hub_nhrp_interface(struct hub *h, uint16_t tunnel, bool there, struct error *err)
{
	const struct config_tunnel *t = h->tunnels[tunnel].config;
	struct nhrp_iface_params p;
	struct lists l = {NULL, NULL, NULL, NULL, NULL};
	int rc = lists_alloc(&l, &t->nhrp);

	if (rc == 0) {
		lists_fill(&l, &t->nhrp);
		p = params_of(t, tunnel, &l);
		rc = there ? nhrp_interface_change(h->nhrp.engine, tunnel, &p, h->now)
			   : nhrp_interface_add(h->nhrp.engine, tunnel, &p, h->now);
	}
	lists_free(&l);
	if (rc < 0)
		return error_set(err, -rc, "%s:%u: tunnel %s cannot speak NHRP: %s", t->place.file,
			t->place.line, t->name, strerror(-rc));
	return 0;
}
