/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes that change under those who asked by NHRP where they lead (RFC 2332 5.2.5): the network
 * of a spoke that RIP withdrew, or has from another spoke now. The RIB speaks in the midst of its
 * changes, and of the engine's own; so what changed is noted, and looked at in slices later.
 */
#include "control/hub_priv.h"

#define SLICE 256 /* requesters, prefixes: in a turn, which comes every millisecond */

static void note(void *ctx, const struct hub_route *r)
{
	struct hub *h = ctx;
	struct hub_nhrp_changes *c = &h->nhrp.changes;

	if (r->prefix.table != DP_TABLE_OVERLAY || !nhrp_has_requesters(h->nhrp.engine))
		return;
	/* Too many: then it is anything. */
	if (c->n == HUB_NHRP_CHANGES_MAX) {
		c->at[0] = (struct nhrp_change){.prefix = {0, 0}};
		c->head = 0;
		c->n = 1;
		return;
	}
	c->at[(c->head + c->n++) % HUB_NHRP_CHANGES_MAX] =
		(struct nhrp_change){.prefix = {r->prefix.addr_be, r->prefix.len}};
}

void hub_nhrp_routes_turn(struct hub *h)
{
	struct hub_nhrp_changes *c = &h->nhrp.changes;

	for (unsigned i = 0; c->n > 0 && i < SLICE; i++) {
		if (nhrp_route_changed(h->nhrp.engine, &c->at[c->head], SLICE, h->now))
			return;
		c->head = (c->head + 1) % HUB_NHRP_CHANGES_MAX;
		c->n--;
	}
}

int hub_nhrp_routes_create(struct hub *h, struct error *err)
{
	return hub_rib_observe(h, note, h) < 0
		       ? error_set(err, ENOSPC, "NHRP: too many observe the RIB")
		       : 0;
}
