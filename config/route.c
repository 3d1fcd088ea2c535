/* SPDX-License-Identifier: BSD-3-Clause */
/* routes = ( { ... } ) */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "config/config_priv.h"

static int read_route(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"prefix", config_read_network, offsetof(struct config_route, prefix), 0, 0, true},
		{"via", config_read_addr, offsetof(struct config_route, via), 0, 0, false},
		{"blackhole", config_read_bool, offsetof(struct config_route, blackhole), 0, 0,
			false},
	};
	struct config_route *route = element;
	char shown[IP_PREFIX_STRLEN];
	int rc;

	route->place = config_place_of(r, s);
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), route);
	if (rc == 0 && route->blackhole == (route->via.family != 0))
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
