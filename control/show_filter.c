/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters: their rules as the configuration has them, and how often each decided. */
#include <stdio.h>
#include <stdlib.h>

#include "control/cli_priv.h"

static json_t *prefix(const struct ip_prefix *p)
{
	return p->len == 0 ? json_string("any") : cli_prefix(p->addr.v4_be, p->len);
}

static json_t *ports(const struct config_filter_ports *p)
{
	char text[16];

	if (!p->set)
		return json_null();
	snprintf(text, sizeof(text), p->first == p->last ? "%u" : "%u-%u", p->first, p->last);
	return json_string(text);
}

static json_t *number(const struct config_filter_number *n)
{
	return n->set ? json_integer(n->value) : json_null();
}

static json_t *rule(const struct config_filter_rule *r)
{
	json_t *protocol = r->protocol_set ? json_integer(r->protocol) : json_string("any");

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "action",
		config_filter_action_name(r->action), "from", prefix(&r->from), "to",
		prefix(&r->to), "protocol", protocol, "from_port", ports(&r->from_port), "to_port",
		ports(&r->to_port), "icmp_type", number(&r->icmp_type), "icmp_code",
		number(&r->icmp_code), "dscp", number(&r->dscp), "established", r->established,
		"fragments", r->fragments);
}

static void row(
	struct cli_call *call, const struct config_filter *f, json_t *o, unsigned at, uint64_t hits)
{
	json_object_set_new(o, "filter", json_string(f->name));
	json_object_set_new(o, "rule", at < f->n_rules ? json_integer(at + 1) : json_null());
	json_object_set_new(o, "packets", cli_u64(hits));
	cli_row(call, o);
}

int cli_show_filter(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Filter", "filter", 16, NULL},
		{"Rule", "rule", 5, NULL},
		{"Action", "action", 7, NULL},
		{"From", "from", 19, NULL},
		{"To", "to", 19, NULL},
		{"Proto", "protocol", 6, NULL},
		{"From port", "from_port", 12, NULL},
		{"To port", "to_port", 12, NULL},
		{"Packets", "packets", 0, NULL},
	};
	const struct hub *h = call->cli->hub;
	uint64_t hits[DP_FILTER_RULES_MAX + 1];

	CLI_TABLE(call, columns);
	for (unsigned i = 0; i < h->config->n_filters; i++) {
		const struct config_filter *f = &h->config->filters[i];
		const struct config_filter_rule rest = {.action = f->rest};

		dp_filter_hits(h->filters[i], hits);
		for (unsigned k = 0; k < f->n_rules; k++)
			row(call, f, rule(&f->rules[k]), k, hits[k]);
		row(call, f, rule(&rest), f->n_rules, hits[f->n_rules]);
	}
	return CLI_DONE;
}
