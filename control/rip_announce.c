/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes that others brought into the RIB -> the engine, which tells them: networks of the
 * interfaces that RIP runs on always, others as `redistribute` says; 0.0.0.0/0 by
 * `default_information`.
 *
 * The RIB calls in the midst of the engine's own changes. So what changed is only noted, and
 * looked at in the next turn.
 */
#define LOG_SUBSYSTEM LOG_RIP

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/rip_hub_priv.h"

static const enum rip_source source_of[CONFIG_RIP_SOURCES] = {
	[CONFIG_RIP_CONNECTED] = RIP_SOURCE_CONNECTED,
	[CONFIG_RIP_STATIC] = RIP_SOURCE_STATIC,
	[CONFIG_RIP_NHRP] = RIP_SOURCE_NHRP,
};

/* What can be told at all. @return false: neither of these */
static bool config_source_of(enum hub_route_source s, enum config_rip_source *out)
{
	switch (s) {
	case HUB_ROUTE_CONNECTED:
		*out = CONFIG_RIP_CONNECTED;
		return true;
	case HUB_ROUTE_STATIC:
		*out = CONFIG_RIP_STATIC;
		return true;
	case HUB_ROUTE_NHRP:
		*out = CONFIG_RIP_NHRP;
		return true;
	default:
		return false;
	}
}

/* The engine's interface whose network this is, or RIP_IFACE_NONE. */
static uint32_t iface_of_network(const struct hub_rip *rip, const struct rip_prefix *p)
{
	for (uint32_t i = 0; i < rip->n_ifaces; i++) {
		const struct rip_iface_params *params = rip_iface_params(rip->engine, i);

		for (unsigned k = 0; k < params->n_addrs; k++)
			if (params->addrs[k].len == p->len &&
				rip_prefix_within(&params->addrs[k], p))
				return i;
	}
	return RIP_IFACE_NONE;
}

/* The interface that a next hop is on the link of. */
static uint32_t iface_of_hop(const struct hub_rip *rip, uint32_t via_be)
{
	const struct rip_prefix host = {via_be, 32};

	for (uint32_t i = 0; i < rip->n_ifaces; i++) {
		const struct rip_iface_params *params = rip_iface_params(rip->engine, i);

		for (unsigned k = 0; k < params->n_addrs; k++)
			if (rip_prefix_within(&params->addrs[k], &host))
				return i;
	}
	return RIP_IFACE_NONE;
}

/* `redistribute`: the first line for this source whose list permits it, or NULL. */
static const struct config_rip_redistribute *redistribution(
	const struct hub_rip *rip, enum config_rip_source source, const struct rip_prefix *p)
{
	const struct config_rip *c = rip->hub->config->rip;

	for (unsigned i = 0; i < c->n_redistribute; i++)
		if (c->redistribute[i].source == source &&
			rip_prefix_list_permits(hub_rip_list_of(rip, c->redistribute[i].list), p))
			return &c->redistribute[i];
	return NULL;
}

/* @return false: it is not to be told */
static bool announcement(
	const struct hub_rip *rip, const struct hub_route *r, struct rip_announcement *a)
{
	const struct config_rip_redistribute *d;
	const struct hub_route_entry *said;
	enum config_rip_source source;

	*a = (struct rip_announcement){
		.prefix = {r->prefix.addr_be, r->prefix.len}, .iface = RIP_IFACE_NONE, .metric = 1};
	if (r->best == NULL || !config_source_of(r->best->said.source, &source))
		return false;
	said = &r->best->said;
	d = redistribution(rip, source, &a->prefix);
	if (source == CONFIG_RIP_CONNECTED)
		a->iface = iface_of_network(rip, &a->prefix);
	if (d == NULL && a->iface == RIP_IFACE_NONE)
		return false;
	a->source = source_of[source];
	a->metric = d == NULL ? 1 : d->metric;
	a->tag = said->tag;
	a->distance = said->distance;
	if (said->n_next_hops > 0) {
		a->via_be = said->next_hops_be[0];
		a->iface = iface_of_hop(rip, a->via_be);
	}
	return true;
}

static void follow(struct hub_rip *rip, const struct hub_prefix *prefix)
{
	const struct hub_route *r =
		hub_rib_find(rip->hub, prefix->table, prefix->addr_be, prefix->len);
	const struct rip_prefix p = {prefix->addr_be, prefix->len};
	struct rip_announcement a;

	/* default_information speaks for it. */
	if (p.len == 0 && rip->hub->config->rip->default_information != 0)
		return;
	if (r == NULL || !announcement(rip, r, &a))
		rip_withdraw(rip->engine, &p);
	else if (rip_announce(rip->engine, &a) < 0)
		log_stranger("no room to announce a route: max_routes is %u",
			rip->hub->config->rip->max_routes);
}

/* The RIB says that a prefix changed. */
static void note(void *ctx, const struct hub_route *r)
{
	struct hub_rip *rip = ctx;
	const struct rip_prefix p = {r->prefix.addr_be, r->prefix.len};
	enum config_rip_source source;
	struct rip_route_view v;
	bool theirs = r->best != NULL && config_source_of(r->best->said.source, &source);

	if (r->prefix.table != DP_TABLE_OVERLAY || rip->all_dirty)
		return;
	/* Neither told nor to be told: most of all what RIP itself brought. */
	if (!theirs && (!rip_route_find(rip->engine, &p, &v) || v.source == RIP_SOURCE_RIP))
		return;
	if (rip->n_dirty == rip->dirty_room) {
		unsigned room = rip->dirty_room == 0 ? 64 : 2 * rip->dirty_room;
		struct hub_prefix *grown = reallocarray(rip->dirty, room, sizeof(*grown));

		if (grown == NULL) {
			rip->all_dirty = true;
			return;
		}
		rip->dirty = grown;
		rip->dirty_room = room;
	}
	rip->dirty[rip->n_dirty++] = r->prefix;
}

static void follow_all(struct hub_rip *rip)
{
	const struct hub_route *r = hub_rib_next(rip->hub, NULL);

	for (; r != NULL; r = hub_rib_next(rip->hub, &r->prefix))
		if (r->prefix.table == DP_TABLE_OVERLAY)
			follow(rip, &r->prefix);
}

void hub_rip_announce_turn(struct hub_rip *rip)
{
	unsigned n = rip->n_dirty;

	if (rip->all_dirty) {
		rip->all_dirty = false;
		rip->n_dirty = 0;
		follow_all(rip);
		return;
	}
	/* What following adds is for the next turn. */
	for (unsigned i = 0; i < n; i++)
		follow(rip, &(struct hub_prefix){
				    rip->dirty[i].addr_be, rip->dirty[i].len, rip->dirty[i].table});
	rip->n_dirty -= n;
	if (rip->n_dirty > 0)
		memmove(rip->dirty, rip->dirty + n, rip->n_dirty * sizeof(*rip->dirty));
}

int hub_rip_announce_create(struct hub_rip *rip, struct error *err)
{
	const struct rip_announcement all = {
		.source = RIP_SOURCE_DEFAULT,
		.metric = rip->hub->config->rip->default_information,
		.distance = 0,
		.iface = RIP_IFACE_NONE,
	};

	if (all.metric != 0 && rip_announce(rip->engine, &all) < 0)
		return error_set(err, ENOMEM, "out of memory");
	if (hub_rib_observe(rip->hub, note, rip) < 0)
		return error_set(err, ENOSPC, "rip: too many observe the RIB");
	follow_all(rip);
	return 0;
}
