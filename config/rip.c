/* SPDX-License-Identifier: BSD-3-Clause */
/* rip = { network, neighbor, timers, redistribute, interfaces, ... } */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

#define SECONDS_MAX 86400u
#define N(fields)   (sizeof(fields) / sizeof((fields)[0]))

static const char *const split_names[CONFIG_SPLITS] = {
	[CONFIG_SPLIT_SIMPLE] = "simple",
	[CONFIG_SPLIT_POISONED] = "poisoned",
	[CONFIG_SPLIT_OFF] = "off",
};

static const char *const source_names[CONFIG_RIP_SOURCES] = {
	[CONFIG_RIP_CONNECTED] = "connected",
	[CONFIG_RIP_STATIC] = "static",
	[CONFIG_RIP_NHRP] = "nhrp",
};

const char *config_split_horizon_name(enum config_split_horizon s)
{
	return split_names[s];
}

const char *config_rip_source_name(enum config_rip_source s)
{
	return source_names[s];
}

/* An interface's name, or a network: those have a slash. */
static int read_network(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field field = {.name = "network"};
	const char *text = config_text_of(r, s, "an interface's name or an IPv4 network");
	struct config_rip_network *n = element;

	n->place = config_place_of(r, s);
	if (text == NULL)
		return -EINVAL;
	if (strchr(text, '/') != NULL)
		return config_read_network(r, s, &field, &n->prefix);
	return config_read_name(r, s, &field, n->name);
}

static int read_networks(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip *rip = member;

	(void)f;
	return config_read_list(
		r, s, sizeof(rip->networks[0]), &rip->networks, &rip->n_networks, read_network);
}

static int read_neighbor(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field field = {.name = "neighbor"};
	struct config_rip_neighbor *n = element;

	n->place = config_place_of(r, s);
	return config_read_addr(r, s, &field, &n->address);
}

static int read_neighbors(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip *rip = member;

	(void)f;
	return config_read_list(
		r, s, sizeof(rip->neighbors[0]), &rip->neighbors, &rip->n_neighbors, read_neighbor);
}

static int read_timers(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
#define AT(member) offsetof(struct config_rip, member)
	static const struct config_field fields[] = {
		{"update", config_read_u32, AT(update), 1, SECONDS_MAX, false},
		{"timeout", config_read_u32, AT(timeout), 2, SECONDS_MAX, false},
		{"garbage", config_read_u32, AT(garbage), 1, SECONDS_MAX, false},
		{"holddown", config_read_u32, AT(holddown), 0, SECONDS_MAX, false},
	};
#undef AT
	struct config_rip *rip = member;
	int rc = config_read_group(r, s, fields, N(fields), rip);

	(void)f;
	if (rc == 0 && rip->timeout <= rip->update)
		return config_fail_at(r, s,
			"timeout is %u and update %u; expected a timeout of several updates",
			rip->timeout, rip->update);
	return rc;
}

static int read_source(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	unsigned at = 0;
	int rc = config_read_word(r, s, f, source_names, CONFIG_RIP_SOURCES,
		"\"connected\", \"static\" or \"nhrp\"", &at);

	*(enum config_rip_source *)member = (enum config_rip_source)at;
	return rc;
}

static int read_redistribute_one(struct config_reader *r, const config_setting_t *s, void *element)
{
#define AT(member) offsetof(struct config_rip_redistribute, member)
	static const struct config_field fields[] = {
		{"source", read_source, AT(source), 0, 0, true},
		{"metric", config_read_u8, AT(metric), 1, 15, false},
		{"prefix_list", config_read_name, AT(list), 0, 0, false},
	};
#undef AT
	struct config_rip_redistribute *d = element;

	d->place = config_place_of(r, s);
	d->metric = 1;
	return config_read_group(r, s, fields, N(fields), d);
}

static int read_redistribute(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip *rip = member;

	(void)f;
	return config_read_list(r, s, sizeof(rip->redistribute[0]), &rip->redistribute,
		&rip->n_redistribute, read_redistribute_one);
}

struct default_information {
	bool originate;
	uint8_t metric;
};

static int read_default_information(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
#define AT(member) offsetof(struct default_information, member)
	static const struct config_field fields[] = {
		{"originate", config_read_bool, AT(originate), 0, 0, true},
		{"metric", config_read_u8, AT(metric), 1, 15, false},
	};
#undef AT
	struct default_information said = {.metric = 1};
	struct config_rip *rip = member;
	int rc = config_read_group(r, s, fields, N(fields), &said);

	(void)f;
	rip->default_information = said.originate ? said.metric : 0;
	return rc;
}

static int read_offset(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
#define AT(member) offsetof(struct config_rip_offset, member)
	static const struct config_field fields[] = {
		{"metric", config_read_u8, AT(metric), 1, 16, true},
		{"prefix_list", config_read_name, AT(list), 0, 0, false},
	};
#undef AT

	(void)f;
	return config_read_group(r, s, fields, N(fields), member);
}

#define POLICY_FIELDS(AT)                                                                          \
	{"distribute_list_in", config_read_name, AT(policy.list_in), 0, 0, false},                 \
		{"distribute_list_out", config_read_name, AT(policy.list_out), 0, 0, false},       \
		{"offset_list_in", read_offset, AT(policy.offset_in), 0, 0, false},                \
	{                                                                                          \
		"offset_list_out", read_offset, AT(policy.offset_out), 0, 0, false                 \
	}

static int read_split_horizon(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip_interface *i = member;
	unsigned at = 0;
	int rc = config_read_word(
		r, s, f, split_names, CONFIG_SPLITS, "\"simple\", \"poisoned\" or \"off\"", &at);

	i->split_horizon_set = true;
	i->split_horizon = (enum config_split_horizon)at;
	return rc;
}

static int read_accept_default(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip_interface *i = member;

	i->accept_default_set = true;
	return config_read_bool(r, s, f, &i->accept_default);
}

static int read_accept_own(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip_interface *i = member;

	i->accept_own_set = true;
	return config_read_bool(r, s, f, &i->accept_own);
}

static void interface_defaults(struct config_rip_interface *i)
{
	i->receive_v1 = true;
	i->max_prefixes = 1000;
}

static int read_interface(struct config_reader *r, const config_setting_t *s, void *element)
{
#define AT(member) offsetof(struct config_rip_interface, member)
	static const struct config_field fields[] = {
		{"name", config_read_name, AT(name), 0, 0, true},
		{"split_horizon", read_split_horizon, 0, 0, 0, false},
		{"passive", config_read_bool, AT(passive), 0, 0, false},
		{"next_hop_self", config_read_bool, AT(next_hop_self), 0, 0, false},
		{"suppress_own", config_read_bool, AT(suppress_own), 0, 0, false},
		{"receive_v1", config_read_bool, AT(receive_v1), 0, 0, false},
		{"accept_default", read_accept_default, 0, 0, 0, false},
		{"accept_own_networks", read_accept_own, 0, 0, 0, false},
		{"maximum_prefix", config_read_u32, AT(max_prefixes), 1, 1000000, false},
		{"authentication", config_read_rip_auth, AT(auth), 0, 0, false},
		POLICY_FIELDS(AT),
	};
#undef AT
	struct config_rip_interface *i = element;

	i->place = config_place_of(r, s);
	interface_defaults(i);
	return config_read_group(r, s, fields, N(fields), i);
}

static int read_interfaces(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_rip *rip = member;

	(void)f;
	return config_read_list(r, s, sizeof(rip->interfaces[0]), &rip->interfaces,
		&rip->n_interfaces, read_interface);
}

/* Lists and chains are read first, so that mistakes in them are told first. */
CONFIG_FIELD_READER(rip)
{
#define AT(member) offsetof(struct config_rip, member)
	static const struct config_field fields[] = {
		{"prefix_lists", config_read_prefix_lists, 0, 0, 0, false},
		{"key_chains", config_read_key_chains, 0, 0, 0, false},
		{"network", read_networks, 0, 0, 0, true},
		{"neighbor", read_neighbors, 0, 0, 0, false},
		{"timers", read_timers, 0, 0, 0, false},
		{"distance", config_read_u8, AT(distance), 1, 255, false},
		{"ecmp", config_read_u8, AT(ecmp), 1, 8, false},
		{"max_routes", config_read_u32, AT(max_routes), 1, 1000000, false},
		{"default_information", read_default_information, 0, 0, 0, false},
		{"redistribute", read_redistribute, 0, 0, 0, false},
		{"interfaces", read_interfaces, 0, 0, 0, false},
		POLICY_FIELDS(AT),
	};
#undef AT
	struct config *c = member;
	struct config_rip *rip = calloc(1, sizeof(*rip));

	(void)f;
	if (rip == NULL)
		return config_no_memory(r->err);
	c->rip = rip;
	rip->place = config_place_of(r, s);
	rip->update = 30;
	rip->timeout = 180;
	rip->garbage = 120;
	rip->holddown = 210;
	rip->distance = 120;
	rip->ecmp = 1;
	rip->max_routes = CONFIG_RIP_MAX_ROUTES;
	return config_read_group(r, s, fields, N(fields), rip);
}

void config_rip_free(struct config_rip *rip)
{
	if (rip == NULL)
		return;
	for (unsigned i = 0; i < rip->n_prefix_lists; i++)
		free(rip->prefix_lists[i].rules);
	for (unsigned i = 0; i < rip->n_key_chains; i++) {
		struct config_key_chain *chain = &rip->key_chains[i];

		if (chain->keys != NULL)
			explicit_bzero(chain->keys, chain->n_keys * sizeof(chain->keys[0]));
		free(chain->keys);
	}
	if (rip->interfaces != NULL)
		explicit_bzero(rip->interfaces, rip->n_interfaces * sizeof(rip->interfaces[0]));
	free(rip->networks);
	free(rip->neighbors);
	free(rip->redistribute);
	free(rip->prefix_lists);
	free(rip->key_chains);
	free(rip->interfaces);
	free(rip);
}

struct config_rip_interface config_rip_interface_of(const struct config_rip *rip, const char *name)
{
	struct config_rip_interface none = {.place = rip->place};

	for (unsigned i = 0; i < rip->n_interfaces; i++)
		if (strcmp(rip->interfaces[i].name, name) == 0)
			return rip->interfaces[i];
	snprintf(none.name, sizeof(none.name), "%s", name);
	interface_defaults(&none);
	return none;
}

bool config_rip_runs_on(const struct config_rip *rip, const char *name,
	const struct ip_prefix *addrs, unsigned n_addrs)
{
	for (unsigned i = 0; i < rip->n_networks; i++) {
		const struct config_rip_network *n = &rip->networks[i];

		if (n->name[0] != '\0' && strcmp(n->name, name) == 0)
			return true;
		for (unsigned k = 0; n->name[0] == '\0' && k < n_addrs; k++)
			if (ip_prefix_contains(&n->prefix, &addrs[k].addr))
				return true;
	}
	return false;
}
