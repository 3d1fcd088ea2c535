/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes, neighbors and counters as the routing table and people see them. */
#include "control/rip/rip_priv.h"

void rip_route_see(const struct rip *r, const struct rip_route *route, struct rip_route_view *v)
{
	const struct rip_path *p;

	(void)r;
	*v = (struct rip_route_view){
		.prefix = route->prefix,
		.source = route->announced ? route->own.source : RIP_SOURCE_RIP,
		.metric = route->metric,
		.tag = route->tag,
		.expires = route->garbage.due,
		.lost_from_be = route->from_be,
	};
	DL_FOREACH(route->paths, p)
	v->hops[v->n_hops++] = (struct rip_hop){
		.iface = p->from->iface->index,
		.via_be = p->via_be,
		.from_be = p->from->key.addr_be,
		.expires = p->timeout.due,
	};
}

void rip_route_tell(struct rip *r, const struct rip_route *route)
{
	struct rip_route_view v;

	if (r->params.calls.route == NULL)
		return;
	rip_route_see(r, route, &v);
	r->params.calls.route(r->params.calls.ctx, &v);
}

bool rip_route_after(struct rip *r, const struct rip_prefix *p, struct rip_route_view *out)
{
	const struct rip_route *route = rip_table_after(r, p);

	if (route != NULL)
		rip_route_see(r, route, out);
	return route != NULL;
}

bool rip_route_find(struct rip *r, const struct rip_prefix *p, struct rip_route_view *out)
{
	const struct rip_route *route = rip_table_find(r, p);

	if (route != NULL)
		rip_route_see(r, route, out);
	return route != NULL;
}

void rip_peers_each(
	struct rip *r, void (*fn)(void *ctx, const struct rip_peer_view *peer), void *ctx)
{
	const struct rip_peer *p, *next;

	HASH_ITER(hh, r->peers, p, next)
	{
		struct rip_peer_view v = {
			.iface = p->iface->index,
			.addr_be = p->key.addr_be,
			.version = p->version,
			.configured = p->configured,
			.up = p->up,
			.heard = p->heard,
			.n_routes = p->n_paths,
			.stats = p->stats,
		};

		fn(ctx, &v);
	}
}

const struct rip_stats *rip_iface_stats(const struct rip *r, uint32_t iface)
{
	const struct rip_iface *i = rip_iface_of(r, iface);

	return i == NULL ? NULL : &i->stats;
}

const struct rip_iface_params *rip_iface_params(const struct rip *r, uint32_t iface)
{
	const struct rip_iface *i = rip_iface_of(r, iface);

	return i == NULL ? NULL : &i->params;
}

struct rip_totals rip_totals(const struct rip *r)
{
	unsigned peers = HASH_COUNT(r->peers);

	return (struct rip_totals){
		.routes = r->n_routes,
		.paths = r->n_paths,
		.peers = peers,
		.octets = sizeof(*r) + r->n_routes * sizeof(struct rip_route) +
			  r->n_paths * sizeof(struct rip_path) + peers * sizeof(struct rip_peer) +
			  r->n_ifaces * sizeof(struct rip_iface),
	};
}

const char *rip_source_name(enum rip_source s)
{
	static const char *const names[RIP_SOURCE_COUNT] = {
		[RIP_SOURCE_RIP] = "rip",
		[RIP_SOURCE_CONNECTED] = "connected",
		[RIP_SOURCE_STATIC] = "static",
		[RIP_SOURCE_NHRP] = "nhrp",
		[RIP_SOURCE_DEFAULT] = "default",
	};

	return s < RIP_SOURCE_COUNT ? names[s] : "?";
}

const char *rip_split_horizon_name(enum rip_split_horizon s)
{
	static const char *const names[] = {"simple", "poisoned", "off"};

	return s <= RIP_SPLIT_OFF ? names[s] : "?";
}

const char *rip_refusal_name(enum rip_refusal why)
{
	static const char *const names[RIP_REFUSED_COUNT] = {
#define REFUSAL(name, text) #name,
#include "control/rip/refusals.def"
#undef REFUSAL
	};

	return why < RIP_REFUSED_COUNT ? names[why] : "?";
}

const char *rip_refusal_text(enum rip_refusal why)
{
	static const char *const texts[RIP_REFUSED_COUNT] = {
#define REFUSAL(name, text) text,
#include "control/rip/refusals.def"
#undef REFUSAL
	};

	return why < RIP_REFUSED_COUNT ? texts[why] : "?";
}
