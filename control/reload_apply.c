/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A difference becomes true, object by object. What can fail for want of room is looked at first;
 * then what is no more goes, all that stays belongs to the new configuration, and what is new
 * comes. If something fails all the same, the way back is the opposite difference.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "control/reload_priv.h"

/* --- is there room, and a way? ------------------------------------------------------------------
 */

static bool address_known(const struct config *c, const struct ip_addr *nbma)
{
	for (unsigned i = 0; i < c->n_tunnels; i++)
		if (ip_addr_equal(&c->tunnels[i].nbma, nbma))
			return true;
	return false;
}

static int check(const struct hub *h, const struct config_diff *d, struct error *err)
{
	const struct config *was = d->was, *is = d->is;
	unsigned routes = is->rip == NULL ? 0 : is->rip->max_routes;

	if (hub_peers_room(is) > h->peers_room)
		return error_set(err, ENOSPC,
			"there is room for %u peers and their SAs, but %u would be needed: set "
			"peers_max and restart the hub",
			h->peers_room, hub_peers_room(is));
	if (hub_mtu(is) > h->mtu)
		return error_set(err, ENOTSUP,
			"packet buffers hold an MTU of %u, but %u would be needed: these need a "
			"restart of the hub: mtu",
			h->mtu, hub_mtu(is));
	if (routes > h->learned_routes)
		return error_set(err, ENOTSUP,
			"there is room for %u routes of RIP: these need a restart of the hub: "
			"rip.max_routes",
			h->learned_routes);
	for (unsigned i = 0; h->ike != NULL && i < is->n_tunnels; i++)
		if (!address_known(was, &is->tunnels[i].nbma))
			return error_set(err, ENOTSUP,
				"charon does not know the address of tunnel %s: these need a "
				"restart of the hub: tunnel %s nbma",
				is->tunnels[i].name, is->tunnels[i].name);
	return 0;
}

/* --- filters ------------------------------------------------------------------------------------
 */

/* The place in `was` of a filter that stays as it is, or CONFIG_NONE. */
static uint32_t filter_kept(const struct config_diff *d, uint32_t is)
{
	const struct config_filter *was = config_filter_find(d->was, d->is->filters[is].name);

	for (unsigned i = 0; i < d->n_changes && was != NULL; i++)
		if (d->changes[i].kind == CONFIG_KIND_FILTER && d->changes[i].is == is)
			was = NULL;
	return was == NULL ? CONFIG_NONE : (uint32_t)(was - d->was->filters);
}

/* Free those that are not kept, once no worker can hold them. */
static void filters_drop(const struct hub *h, struct dp_filter **all, unsigned n,
	struct dp_filter *const *kept, unsigned n_kept)
{
	bool waited = false;

	for (unsigned i = 0; i < n; i++) {
		bool stays = false;

		for (unsigned k = 0; k < n_kept; k++)
			stays |= kept[k] == all[i];
		if (stays)
			continue;
		if (!waited)
			dp_synchronize(h->dp);
		waited = true;
		dp_filter_free(all[i]);
	}
	free(all);
}

static int filters_make(struct hub_change *c, struct error *err)
{
	const struct config *is = c->diff->is;

	c->filters = calloc(is->n_filters + 1, sizeof(*c->filters));
	if (c->filters == NULL)
		return error_set(err, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < is->n_filters; i++) {
		uint32_t kept = filter_kept(c->diff, i);

		c->filters[i] = kept != CONFIG_NONE
					? c->hub->filters[kept]
					: hub_filter_create(c->hub, &is->filters[i], err);
		if (c->filters[i] == NULL) {
			filters_drop(
				c->hub, c->filters, i, c->hub->filters, c->diff->was->n_filters);
			return -ENOMEM;
		}
	}
	return 0;
}

static void filters_take(struct hub_change *c)
{
	struct hub *h = c->hub;
	struct dp_filter **was = h->filters;

	h->filters = c->filters;
	hub_filters_place(h);
	filters_drop(h, was, c->diff->was->n_filters, h->filters, c->diff->is->n_filters);
}

/* --- one kind after the other
 * --------------------------------------------------------------------- */

#define EACH_CHANGE(c, i, k)                                                                       \
	for (unsigned i = 0; i < (c)->diff->n_changes; i++)                                        \
		if ((c)->diff->changes[i].kind == (k))

static bool tunnels_differ(const struct hub_change *c)
{
	EACH_CHANGE(c, i, CONFIG_KIND_TUNNEL)
	if (c->diff->changes[i].was == CONFIG_NONE || c->diff->changes[i].is == CONFIG_NONE)
		return true;
	return false;
}

static bool addresses_differ(const struct config_port *a, const struct config_port *b)
{
	if (a->n_addresses != b->n_addresses)
		return true;
	for (unsigned i = 0; i < a->n_addresses; i++)
		if (!ip_addr_equal(&a->addresses[i].addr, &b->addresses[i].addr) ||
			a->addresses[i].len != b->addresses[i].len)
			return true;
	return false;
}

/* RIP knows interfaces by their addresses. */
static bool rip_differs(const struct hub_change *c)
{
	if (config_diff_of(c->diff, CONFIG_KIND_RIP) != NULL || tunnels_differ(c))
		return true;
	EACH_CHANGE(c, i, CONFIG_KIND_PORT)
	if (addresses_differ(&c->diff->was->ports[c->diff->changes[i].was],
		    &c->diff->is->ports[c->diff->changes[i].is]))
		return true;
	return false;
}

static void routes_remove(struct hub_change *c)
{
	EACH_CHANGE(c, i, CONFIG_KIND_ROUTE)
	if (c->diff->changes[i].is == CONFIG_NONE)
		hub_static_del(c->hub, &c->diff->was->routes[c->diff->changes[i].was]);
}

static int routes_add(struct hub_change *c, struct error *err)
{
	int rc = 0;

	EACH_CHANGE(c, i, CONFIG_KIND_ROUTE)
	if (c->diff->changes[i].is != CONFIG_NONE && (rc == 0 || c->back))
		rc = hub_static_add(c->hub, &c->diff->is->routes[c->diff->changes[i].is], err);
	/* It is in the RIB, and goes in when there is room. */
	return rc == -ENOBUFS ? 0 : rc;
}

static void tunnels_remove(struct hub_change *c)
{
	EACH_CHANGE(c, i, CONFIG_KIND_TUNNEL)
	{
		uint32_t was = c->diff->changes[i].was;
		int place = was == CONFIG_NONE || c->diff->changes[i].is != CONFIG_NONE
				    ? -ENOENT
				    : hub_tunnel_place(c->hub, &c->diff->was->tunnels[was]);

		if (place < 0)
			continue;
		reload_tunnel_clear(c->hub, (uint16_t)place);
		nhrp_interface_del(c->hub->nhrp.engine, (uint32_t)place, c->hub->now);
		hub_tunnel_del(c->hub, (uint16_t)place);
	}
}

static void tunnels_repoint(struct hub_change *c)
{
	const struct config_diff *d = c->diff;

	for (unsigned i = 0; i < d->was->n_tunnels; i++) {
		int place = hub_tunnel_place(c->hub, &d->was->tunnels[i]);

		if (place >= 0 && d->tunnels[i] != CONFIG_NONE)
			c->hub->tunnels[place].config = &d->is->tunnels[d->tunnels[i]];
	}
}

/* Whether the tunnel's multicast goes to a peer follows from the tunnel's settings. */
static void multicast_set(struct hub *h, uint16_t tunnel)
{
	for (unsigned i = 0; i < h->peers_room; i++) {
		struct hub_peer *p = &h->peers[i];

		if (!p->used || p->tunnel != tunnel || p->address_be == 0)
			continue;
		dp_peer_set_address(
			h->dp, p->dp, p->address_be, hub_peer_hears_multicast(h, p, p->address_be));
		hub_rip_multicast(h, p);
	}
}

static int tunnel_change(struct hub_change *c, uint32_t is, struct error *err)
{
	const struct config_tunnel *t = &c->diff->is->tunnels[is];
	int place = hub_tunnel_place(c->hub, t), rc;

	if (place < 0)
		return c->back ? 0 : error_set(err, ENOENT, "tunnel %s is not there", t->name);
	hub_tunnel_set(c->hub, (uint16_t)place, t);
	rc = hub_nhrp_interface(c->hub, (uint16_t)place, true, err);
	multicast_set(c->hub, (uint16_t)place);
	return rc;
}

static int tunnels_add(struct hub_change *c, struct error *err)
{
	int rc = 0;

	EACH_CHANGE(c, i, CONFIG_KIND_TUNNEL)
	{
		const struct config_change *t = &c->diff->changes[i];

		if (t->is == CONFIG_NONE || (rc < 0 && !c->back))
			continue;
		if (t->was != CONFIG_NONE) {
			rc = tunnel_change(c, t->is, err);
			continue;
		}
		rc = hub_tunnel_add(c->hub, &c->diff->is->tunnels[t->is], err);
		if (rc >= 0)
			rc = hub_nhrp_interface(c->hub, (uint16_t)rc, false, err);
	}
	return RTE_MIN(rc, 0);
}

static void ports_change(struct hub_change *c, bool add)
{
	EACH_CHANGE(c, i, CONFIG_KIND_PORT)
	{
		const struct config_change *p = &c->diff->changes[i];
		const struct config_port *was = &c->diff->was->ports[p->was];
		const struct config_port *is = &c->diff->is->ports[p->is];

		for (uint16_t k = 0; k < c->hub->n_ports; k++)
			if (strcmp(c->hub->ports[k].config->name, is->name) == 0)
				hub_port_readdress(c->hub, k, was, is, add);
	}
}

static void ports_repoint(struct hub_change *c)
{
	struct hub *h = c->hub;

	for (unsigned i = 0; i < h->n_ports; i++)
		h->ports[i].config = config_port_find(c->diff->is, h->ports[i].config->name);
}

static void taps_repoint(struct hub *h)
{
	for (unsigned i = 0; i < h->n_taps; i++) {
		struct hub_tap *t = &h->taps[i];
		const struct config_tunnel *tunnel = h->tunnels[t->index].config;
		const struct config_port *port = h->ports[t->index].config;

		t->name = t->tunnel ? tunnel->tap : port->tap;
		t->addrs = t->tunnel ? &tunnel->address : port->addresses;
	}
}

/* --- all of it
 * ------------------------------------------------------------------------------------ */

static void remove_all(struct hub_change *c)
{
	if (rip_differs(c))
		hub_rip_destroy(c->hub);
	routes_remove(c);
	reload_peers_remove(c);
	tunnels_remove(c);
	ports_change(c, false);
	if (dp_reclaim(c->hub->dp) == 0)
		return;
	/* What was removed makes room before others come. */
	dp_synchronize(c->hub->dp);
	dp_reclaim(c->hub->dp);
}

/* Levels that `set log` gave stand until the file's own change. */
static void log_change(struct hub *h, const struct config *was)
{
	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
		if (h->config->log[i] != was->log[i])
			log_set_level(i, h->config->log[i]);
	if (h->config->log[LOG_IKE] != was->log[LOG_IKE])
		hub_ike_log(h);
}

static void repoint_all(struct hub_change *c)
{
	struct hub *h = c->hub;

	h->config = c->diff->is;
	ports_repoint(c);
	reload_peers_repoint(c);
	tunnels_repoint(c);
	taps_repoint(h);
	hub_hooks_change(h, c->diff->was);
	log_change(h, c->diff->was);
	if (h->ike != NULL)
		hub_ike_repoint(h, c->diff->was->ike);
}

static int add_all(struct hub_change *c, struct error *err)
{
	struct hub *h = c->hub;
	int rc;

	ports_change(c, true);
	rc = tunnels_add(c, err);
	if (rc == 0 || c->back)
		rc = reload_peers_add(c, err);
	if (rc == 0 || c->back)
		rc = routes_add(c, err);
	filters_take(c);
	if ((rc == 0 || c->back) && rip_differs(c))
		rc = hub_rip_create(h, err);
	if ((rc == 0 || c->back) && h->ike != NULL &&
		(tunnels_differ(c) || config_diff_of(c->diff, CONFIG_KIND_IKE) != NULL))
		rc = hub_ike_change(h, err);
	return rc;
}

static int places_alloc(struct hub_change *c, struct error *err)
{
	const struct config *is = c->diff->is;

	c->places = calloc(is->n_tunnels + 1, sizeof(*c->places));
	if (c->places == NULL)
		return error_set(err, ENOMEM, "out of memory");
	for (unsigned i = 0; i < is->n_tunnels; i++) {
		size_t size = (is->tunnels[i].n_peers + 1) * sizeof(**c->places);

		c->places[i] = malloc(size);
		if (c->places[i] == NULL)
			return error_set(err, ENOMEM, "out of memory");
		memset(c->places[i], 0xff, size);
	}
	return 0;
}

static void places_free(struct hub_change *c)
{
	for (unsigned i = 0; c->places != NULL && i < c->diff->is->n_tunnels; i++)
		free(c->places[i]);
	free(c->places);
}

static void go_back(struct hub *h, const struct config_diff *d)
{
	struct error err = {""};
	struct config_diff back;
	struct hub_change c = {.hub = h, .diff = &back, .back = true};
	int rc = config_diff(&back, d->is, d->was, &err);

	if (rc == 0)
		rc = places_alloc(&c, &err);
	if (rc == 0)
		rc = filters_make(&c, &err);
	if (rc == 0) {
		remove_all(&c);
		repoint_all(&c);
		rc = add_all(&c, &err);
	}
	if (rc < 0)
		log_error("reload: the way back is not complete: %s", err.text);
	places_free(&c);
	config_diff_free(&back);
}

int hub_reload_apply(struct hub *h, const struct config_diff *d, struct error *err)
{
	struct hub_change c = {.hub = h, .diff = d};
	int rc = check(h, d, err);

	if (rc == 0)
		rc = places_alloc(&c, err);
	if (rc == 0)
		rc = filters_make(&c, err);
	if (rc == 0) {
		remove_all(&c);
		repoint_all(&c);
		rc = add_all(&c, err);
		if (rc < 0)
			go_back(h, d);
	}
	places_free(&c);
	return rc;
}
