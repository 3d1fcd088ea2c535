/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's filters: rules as the data plane wants them, and where each stands. */
#include <errno.h>
#include <stdlib.h>

#include "control/hub_priv.h"

static const enum dp_filter_action actions[CONFIG_FILTER_ACTIONS] = {
	[CONFIG_FILTER_PERMIT] = DP_FILTER_PERMIT,
	[CONFIG_FILTER_DENY] = DP_FILTER_DENY,
	[CONFIG_FILTER_REJECT] = DP_FILTER_REJECT,
};

static struct dp_filter_range ports_of(const struct config_filter_ports *p)
{
	return p->set ? (struct dp_filter_range){p->first, p->last} : DP_FILTER_ANY_PORT;
}

/* ICMP's type and code are its first two octets, where others have a port. */
static struct dp_filter_range icmp_of(const struct config_filter_rule *r)
{
	uint16_t type = (uint16_t)(r->icmp_type.value << 8);

	return (struct dp_filter_range){
		.first = type | (r->icmp_code.set ? r->icmp_code.value : 0),
		.last = type | (r->icmp_code.set ? r->icmp_code.value : 0xff),
	};
}

static struct dp_filter_rule rule_of(const struct config_filter_rule *r)
{
	return (struct dp_filter_rule){
		.action = actions[r->action],
		.from_be = r->from.addr.v4_be,
		.from_len = r->from.len,
		.to_be = r->to.addr.v4_be,
		.to_len = r->to.len,
		.protocol_set = r->protocol_set,
		.protocol = r->protocol,
		.from_port = r->icmp_type.set ? icmp_of(r) : ports_of(&r->from_port),
		.to_port = ports_of(&r->to_port),
		.dscp_set = r->dscp.set,
		.dscp = r->dscp.value,
		.established = r->established,
		.fragments = r->fragments,
	};
}

struct dp_filter *hub_filter_create(
	const struct hub *h, const struct config_filter *c, struct error *err)
{
	struct dp_filter_rule *rules = calloc(c->n_rules + 1, sizeof(*rules));
	struct dp_filter_params p = {
		.name = c->name, .rules = rules, .n_rules = c->n_rules, .rest = actions[c->rest]};
	struct dp_filter *f;

	if (rules == NULL) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	for (unsigned i = 0; i < c->n_rules; i++)
		rules[i] = rule_of(&c->rules[i]);
	f = dp_filter_create(h->dp, &p, err);
	free(rules);
	return f;
}

static struct dp_filter *by_name(const struct hub *h, const char *name)
{
	const struct config_filter *c = config_filter_find(h->config, name);

	return c == NULL ? NULL : h->filters[c - h->config->filters];
}

void hub_filters_place(struct hub *h)
{
	for (uint16_t i = 0; i < h->n_ports; i++) {
		const struct config_port *p = h->ports[i].config;

		if (!p->lan && !p->internet_exit)
			continue;
		dp_filter_at_port(h->dp, i, DP_FILTER_IN, by_name(h, p->filter_in));
		dp_filter_at_port(h->dp, i, DP_FILTER_OUT, by_name(h, p->filter_out));
	}
	for (unsigned i = 0; i < h->n_tunnels; i++) {
		const struct hub_tunnel *t = &h->tunnels[i];

		if (t->config == NULL)
			continue;
		dp_filter_at_tunnel(h->dp, t->dp, DP_FILTER_IN, by_name(h, t->config->filter_in));
		dp_filter_at_tunnel(h->dp, t->dp, DP_FILTER_OUT, by_name(h, t->config->filter_out));
	}
}

int hub_filters_create(struct hub *h, struct error *err)
{
	const struct config *c = h->config;

	h->filters = calloc(c->n_filters + 1, sizeof(*h->filters));
	if (h->filters == NULL)
		return error_set(err, ENOMEM, "out of memory");
	for (unsigned i = 0; i < c->n_filters; i++) {
		h->filters[i] = hub_filter_create(h, &c->filters[i], err);
		if (h->filters[i] == NULL)
			return -ENOMEM;
	}
	hub_filters_place(h);
	return 0;
}

void hub_filters_destroy(struct hub *h)
{
	for (unsigned i = 0; h->filters != NULL && i < h->config->n_filters; i++)
		dp_filter_free(h->filters[i]);
	free(h->filters);
}
