/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes: twins, and whether something is at their next hops. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/check_priv.h"

static uint64_t route_key(const struct ip_addr *addr, uint8_t len, uint8_t distance)
{
	return (uint64_t)config_host_order(addr) << 16 | (uint64_t)len << 8 | distance;
}

/* An address of the hub, or of a link that no station can have; NULL if there is nothing wrong. */
static const char *bad_via(const struct config_check *k, const struct ip_addr *via)
{
	for (unsigned i = 0; i < k->c->n_ports; i++) {
		const struct config_port *p = &k->c->ports[i];

		for (unsigned j = 0; j < p->n_addresses; j++)
			if (ip_prefix_contains(&p->addresses[j], via) &&
				!config_port_on_link(p, via))
				return "is no station's address";
	}
	for (unsigned i = 0; i < k->c->n_tunnels; i++) {
		const struct ip_prefix *own = &k->c->tunnels[i].address;
		uint32_t mask = ip4_mask_be(own->len), host = via->v4_be & ~mask;

		if (ip_prefix_contains(own, via) && own->len < 31 &&
			(ip_addr_equal(&own->addr, via) || host == 0 || host == (uint32_t)~mask))
			return "is no spoke's address";
	}
	return NULL;
}

/* Is there something in the configuration that may lead there: a tunnel, a LAN, another route? */
static bool via_known(const struct config_check *k, const struct config_entries *routes,
	const struct config_route *r, const struct ip_addr *via)
{
	for (unsigned i = 0; i < k->c->n_tunnels; i++)
		if (ip_prefix_contains(&k->c->tunnels[i].address, via))
			return true;
	for (unsigned i = 0; i < k->c->n_ports; i++)
		if (k->c->ports[i].lan && config_port_on_link(&k->c->ports[i], via))
			return true;
	for (uint8_t len = 1; len <= 32; len++) {
		struct ip_addr net = ip_addr_v4(via->v4_be & ip4_mask_be(len));

		if (len == r->prefix.len && ip_addr_equal(&net, &r->prefix.addr))
			continue;
		if (config_entries_any(routes, route_key(&net, len, 0), route_key(&net, len, 255)))
			return true;
	}
	return false;
}

/* The overlay leaves the hub by tunnels and LAN ports, and never by an outer port. */
static int check_via(struct config_check *k, const struct config_entries *routes,
	const struct config_route *r, const struct ip_addr *via)
{
	char prefix[IP_PREFIX_STRLEN], text[IP_ADDR_STRLEN];
	const char *bad;

	ip_addr_str(via, text);
	ip_prefix_str(&r->prefix, prefix);
	if (config_entries_find(&k->peers, config_host_order(via)) != NULL)
		return 0;
	for (unsigned i = 0; i < k->c->n_ports; i++)
		if (!k->c->ports[i].lan && config_port_on_link(&k->c->ports[i], via))
			return config_fail(k->err, &r->place,
				"via %s of route %s is on outer port %s, by which nothing leaves "
				"in clear; expected a spoke, or a station on a LAN port",
				text, prefix, k->c->ports[i].name);
	bad = bad_via(k, via);
	if (bad != NULL)
		return config_fail(k->err, &r->place,
			"via %s of route %s %s; expected a spoke, a station on a LAN port, or an "
			"address that another route leads to",
			text, prefix, bad);
	if (!via_known(k, routes, r, via))
		config_warn(k->env, &r->place,
			"via %s of route %s is in no tunnel, on no LAN port and in no other route: "
			"it is used only while a spoke announces the way there",
			text, prefix);
	return 0;
}

int config_check_routes(struct config_check *k)
{
	const struct config *c = k->c;
	const struct config_entry *twin;
	struct config_entries all;
	char prefix[IP_PREFIX_STRLEN], text[IP_PREFIX_STRLEN + 32];
	int rc = 0;

	if (config_entries_alloc(&all, c->n_routes, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_routes; i++) {
		const struct config_route *r = &c->routes[i];

		config_entries_add(
			&all, route_key(&r->prefix.addr, r->prefix.len, r->distance), &r->place, r);
	}
	twin = config_entries_twin(&all);
	if (twin != NULL) {
		const struct config_route *r = twin->what;

		snprintf(text, sizeof(text), "%s with distance %u",
			ip_prefix_str(&r->prefix, prefix), r->distance);
		rc = config_twice(k, twin, "route", text);
	}
	for (unsigned i = 0; i < c->n_routes && rc == 0; i++)
		for (unsigned v = 0; v < c->routes[i].n_via && rc == 0; v++)
			rc = check_via(k, &all, &c->routes[i], &c->routes[i].via[v]);
	free(all.at);
	return rc;
}
