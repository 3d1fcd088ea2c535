/* SPDX-License-Identifier: BSD-3-Clause */
/* routes = ( { ... } ) */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "config/config_priv.h"

/* One address, or a list of some. */
static int read_via(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_route *route = member;
	int rc = 0;

	if (!config_setting_is_list(s) && !config_setting_is_array(s)) {
		route->n_via = 1;
		return config_read_addr(r, s, f, &route->via[0]);
	}
	if (config_setting_length(s) < 1 || config_setting_length(s) > CONFIG_VIAS_MAX)
		return config_fail_at(r, s, "via has %d addresses; expected 1..%u",
			config_setting_length(s), CONFIG_VIAS_MAX);
	for (; (int)route->n_via < config_setting_length(s) && rc == 0; route->n_via++) {
		struct ip_addr *via = &route->via[route->n_via];

		rc = config_read_addr(r, config_setting_get_elem(s, route->n_via), f, via);
		for (unsigned i = 0; i < route->n_via && rc == 0; i++)
			if (ip_addr_equal(&route->via[i], via))
				rc = config_fail_at(r, s, "via has the same address twice");
	}
	return rc;
}

static int read_route(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"prefix", config_read_network, offsetof(struct config_route, prefix), 0, 0, true},
		{"via", read_via, 0, 0, 0, false},
		{"blackhole", config_read_bool, offsetof(struct config_route, blackhole), 0, 0,
			false},
		{"distance", config_read_u8, offsetof(struct config_route, distance), 1, 255,
			false},
		{"tag", config_read_u16, offsetof(struct config_route, tag), 0, 65535, false},
	};
	struct config_route *route = element;
	char shown[IP_PREFIX_STRLEN];
	int rc;

	route->place = config_place_of(r, s);
	route->distance = 1;
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), route);
	if (rc == 0 && route->blackhole == (route->n_via != 0))
		return config_fail(r->err, &route->place,
			"route %s has %s; expected either via or blackhole = true",
			ip_prefix_str(&route->prefix, shown),
			route->blackhole ? "both via and blackhole" : "nowhere to go");
	return rc;
}

CONFIG_FIELD_READER(routes)
{
	struct config *c = member;

	(void)f;
	return config_read_list(r, s, sizeof(c->routes[0]), &c->routes, &c->n_routes, read_route);
}
