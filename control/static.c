/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes of the configuration. */
#include "control/hub_priv.h"

int hub_static_add(struct hub *h, const struct config_route *r, struct error *err)
{
	const struct hub_prefix prefix = {r->prefix.addr.v4_be, r->prefix.len, DP_TABLE_OVERLAY};
	/* Several of one prefix differ in their distance: the next one steps in. */
	struct hub_route_entry entry = {
		.source = HUB_ROUTE_STATIC,
		.instance = r->distance,
		.distance = r->distance,
		.tag = r->tag,
		.n_next_hops = (uint8_t)r->n_via,
		.adj = r->blackhole ? DP_ADJ_BLACKHOLE : DP_ADJ_NO_ROUTE,
	};

	for (unsigned k = 0; k < r->n_via; k++)
		entry.next_hops_be[k] = r->via[k].v4_be;
	return hub_rib_update(h, &prefix, &entry, err);
}

void hub_static_del(struct hub *h, const struct config_route *r)
{
	const struct hub_prefix prefix = {r->prefix.addr.v4_be, r->prefix.len, DP_TABLE_OVERLAY};

	hub_rib_withdraw(h, &prefix, HUB_ROUTE_STATIC, r->distance);
}

int hub_static_create(struct hub *h, struct error *err)
{
	const struct config *c = h->config;
	int rc = 0;

	for (unsigned i = 0; i < c->n_routes && rc == 0; i++)
		rc = hub_static_add(h, &c->routes[i], err);
	return rc;
}
