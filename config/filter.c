/* SPDX-License-Identifier: BSD-3-Clause */
/* filters = ( { name, default, rules = ( { action, from, to, ... } ) } ) */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

#define RULES_MAX 1024

static const char *const actions[CONFIG_FILTER_ACTIONS] = {
	[CONFIG_FILTER_PERMIT] = "permit",
	[CONFIG_FILTER_DENY] = "deny",
	[CONFIG_FILTER_REJECT] = "reject",
};

const char *config_filter_action_name(enum config_filter_action action)
{
	return actions[action];
}

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{"tcp", IPPROTO_TCP},
	{"udp", IPPROTO_UDP},
	{"icmp", IPPROTO_ICMP},
	{"gre", IPPROTO_GRE},
	{"esp", IPPROTO_ESP},
	{"ospf", 89},
};

static int read_action(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	unsigned at = 0;
	int rc = config_read_word(
		r, s, f, actions, CONFIG_FILTER_ACTIONS, "\"permit\", \"deny\" or \"reject\"", &at);

	*(enum config_filter_action *)member = (enum config_filter_action)at;
	return rc;
}

static int read_protocol(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_filter_rule *rule = member;
	char shown[CONFIG_SHOWN_MAX];
	const char *text;

	rule->protocol_set = true;
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return config_read_u8(r, s, f, &rule->protocol);
	text = config_text_of(r, s, "a string");
	for (unsigned i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		rule->protocol = protocols[i].number;
		if (strcmp(text, protocols[i].name) == 0)
			return 0;
	}
	return config_fail_at(r, s,
		"protocol is \"%s\"; expected \"tcp\", \"udp\", \"icmp\", \"gre\", \"esp\", "
		"\"ospf\" or a whole number %u..%u",
		config_shown(text, shown), f->min, f->max);
}

/* A number, or two: 443, "1024-2047". */
static int read_ports(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_filter_ports *p = member;
	unsigned first, last;
	const char *text;
	char shown[CONFIG_SHOWN_MAX];
	int end = 0, rc;

	p->set = true;
	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		rc = config_read_u16(r, s, f, &p->first);
		p->last = p->first;
		return rc;
	}
	text = config_text_of(r, s, "a string");
	if (strspn(text, "0123456789-") != strlen(text) ||
		sscanf(text, "%5u-%5u%n", &first, &last, &end) != 2 || text[end] != '\0' ||
		first > last || last > UINT16_MAX)
		return config_fail_at(r, s,
			"%s is \"%s\"; expected a port 0..65535, or two as \"1024-2047\"", f->name,
			config_shown(text, shown));
	p->first = (uint16_t)first;
	p->last = (uint16_t)last;
	return 0;
}

static int read_number(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_filter_number *n = member;

	n->set = true;
	return config_read_u8(r, s, f, &n->value);
}

/* What only some protocols have. */
static int check_rule(struct config_reader *r, const struct config_filter_rule *rule)
{
	bool tcp = rule->protocol_set && rule->protocol == IPPROTO_TCP;
	bool ports = tcp || (rule->protocol_set && (rule->protocol == IPPROTO_UDP ||
							   rule->protocol == IPPROTO_SCTP));
	bool icmp = rule->protocol_set && rule->protocol == IPPROTO_ICMP;

	if (!ports && (rule->from_port.set || rule->to_port.set))
		return config_fail(r->err, &rule->place,
			"rule has ports; expected protocol \"tcp\" or \"udp\" with them");
	if (!icmp && (rule->icmp_type.set || rule->icmp_code.set))
		return config_fail(r->err, &rule->place,
			"rule has icmp_type or icmp_code; expected protocol \"icmp\" with them");
	if (rule->icmp_code.set && !rule->icmp_type.set)
		return config_fail(
			r->err, &rule->place, "rule has icmp_code; expected an icmp_type with it");
	if (!tcp && rule->established)
		return config_fail(r->err, &rule->place,
			"rule has established; expected protocol \"tcp\" with it");
	if (rule->fragments && (rule->from_port.set || rule->to_port.set || rule->icmp_type.set ||
				       rule->established))
		return config_fail(r->err, &rule->place,
			"rule has fragments and asks for what only a first fragment shows; "
			"expected it without ports, icmp_type and established");
	return 0;
}

static int read_rule(struct config_reader *r, const config_setting_t *s, void *element)
{
#define AT(member) offsetof(struct config_filter_rule, member)
	static const struct config_field fields[] = {
		{"action", read_action, AT(action), 0, 0, true},
		{"from", config_read_network, AT(from), 0, 0, false},
		{"to", config_read_network, AT(to), 0, 0, false},
		{"protocol", read_protocol, 0, 0, 255, false},
		{"from_port", read_ports, AT(from_port), 0, UINT16_MAX, false},
		{"to_port", read_ports, AT(to_port), 0, UINT16_MAX, false},
		{"icmp_type", read_number, AT(icmp_type), 0, 255, false},
		{"icmp_code", read_number, AT(icmp_code), 0, 255, false},
		{"dscp", read_number, AT(dscp), 0, 63, false},
		{"established", config_read_bool, AT(established), 0, 0, false},
		{"fragments", config_read_bool, AT(fragments), 0, 0, false},
	};
#undef AT
	struct config_filter_rule *rule = element;
	int rc;

	rule->place = config_place_of(r, s);
	rule->from.addr.family = rule->to.addr.family = AF_INET;
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), rule);
	return rc == 0 ? check_rule(r, rule) : rc;
}

static int read_rules(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_filter *filter = member;

	(void)f;
	if (config_setting_is_aggregate(s) && config_setting_length(s) > RULES_MAX)
		return config_fail_at(r, s, "a filter has %d rules; expected at most %u",
			config_setting_length(s), RULES_MAX);
	return config_read_list(
		r, s, sizeof(filter->rules[0]), &filter->rules, &filter->n_rules, read_rule);
}

static int read_filter(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"name", config_read_name, offsetof(struct config_filter, name), 0, 0, true},
		{"default", read_action, offsetof(struct config_filter, rest), 0, 0, true},
		{"rules", read_rules, 0, 0, 0, true},
	};
	struct config_filter *filter = element;

	filter->place = config_place_of(r, s);
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), filter);
}

CONFIG_FIELD_READER(filters)
{
	struct config *c = member;

	(void)f;
	return config_read_list(
		r, s, sizeof(c->filters[0]), &c->filters, &c->n_filters, read_filter);
}

const struct config_filter *config_filter_find(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->n_filters; i++)
		if (strcmp(c->filters[i].name, name) == 0)
			return &c->filters[i];
	return NULL;
}

static int check_use(const struct config *c, const struct config_place *at, const char *kind,
	const char *owner, const char *filter, struct error *err)
{
	if (filter[0] == '\0' || config_filter_find(c, filter) != NULL)
		return 0;
	return config_fail(err, at, "%s %s has filter %s; expected the name of one of `filters`",
		kind, owner, filter);
}

int config_check_filters(const struct config *c, struct error *err)
{
	for (unsigned i = 0; i < c->n_filters; i++) {
		const struct config_filter *f = &c->filters[i];
		const struct config_filter *first = config_filter_find(c, f->name);

		if (first != f)
			return config_fail(err, &f->place, "filter %s was given before, in %s:%u",
				f->name, first->place.file, first->place.line);
	}
	for (unsigned i = 0; i < c->n_ports; i++) {
		const struct config_port *p = &c->ports[i];

		if (!p->lan && !p->internet_exit &&
			(p->filter_in[0] != '\0' || p->filter_out[0] != '\0'))
			return config_fail(err, &p->place,
				"outer port %s has a filter; expected it on the tunnels, or with "
				"role = \"lan\" or internet_exit = true",
				p->name);
		if (check_use(c, &p->place, "port", p->name, p->filter_in, err) < 0 ||
			check_use(c, &p->place, "port", p->name, p->filter_out, err) < 0)
			return -EINVAL;
	}
	for (unsigned i = 0; i < c->n_tunnels; i++) {
		const struct config_tunnel *t = &c->tunnels[i];

		if (check_use(c, &t->place, "tunnel", t->name, t->filter_in, err) < 0 ||
			check_use(c, &t->place, "tunnel", t->name, t->filter_out, err) < 0)
			return -EINVAL;
	}
	return 0;
}

void config_filter_free(struct config_filter *f)
{
	free(f->rules);
}

static void put_network(FILE *f, const char *name, const struct ip_prefix *p)
{
	char text[IP_PREFIX_STRLEN];

	if (p->len != 0)
		fprintf(f, " %s = \"%s\";", name, ip_prefix_str(p, text));
}

static void put_ports(FILE *f, const char *name, const struct config_filter_ports *p)
{
	if (p->set)
		fprintf(f, " %s = \"%u-%u\";", name, p->first, p->last);
}

static void put_number(FILE *f, const char *name, const struct config_filter_number *n)
{
	if (n->set)
		fprintf(f, " %s = %u;", name, n->value);
}

void config_filter_put_rule(FILE *f, const struct config_filter_rule *r)
{
	fprintf(f, "{ action = \"%s\";", actions[r->action]);
	put_network(f, "from", &r->from);
	put_network(f, "to", &r->to);
	if (r->protocol_set)
		fprintf(f, " protocol = %u;", r->protocol);
	put_ports(f, "from_port", &r->from_port);
	put_ports(f, "to_port", &r->to_port);
	put_number(f, "icmp_type", &r->icmp_type);
	put_number(f, "icmp_code", &r->icmp_code);
	put_number(f, "dscp", &r->dscp);
	fprintf(f, "%s%s }", r->established ? " established = true;" : "",
		r->fragments ? " fragments = true;" : "");
}
