/* SPDX-License-Identifier: BSD-3-Clause */
/* nhrp = { ... } of a tunnel: names are OpenNHRP's and Cisco's, where they have one. */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

#define AUTHENTICATION_CISCO 8 /* characters that IOS takes */
#define LEASES_MAX           255
#define NETWORK_ID_MAX       0xfffffeffu

static const char *const unique_names[CONFIG_UNIQUE_MODES] = {
	[CONFIG_UNIQUE_REPLACE] = "replace",
	[CONFIG_UNIQUE_ALWAYS_REPLACE] = "always-replace",
	[CONFIG_UNIQUE_STRICT] = "strict",
};

const char *config_unique_name(enum config_unique mode)
{
	return unique_names[mode];
}

static int read_unique(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_nhrp *c = member;
	unsigned at = 0;
	int rc = config_read_word(r, s, f, unique_names, CONFIG_UNIQUE_MODES,
		"\"replace\", \"always-replace\" or \"strict\"", &at);

	c->unique = (enum config_unique)at;
	return rc;
}

/* No part of it may stand in a message. */
static int read_authentication(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_nhrp *c = member;
	struct config_place at = config_place_of(r, s);
	uint8_t octets[CONFIG_KEY_MAX];
	unsigned len;
	int rc = config_read_secret(r, s, octets, &len);

	(void)f;
	if (rc < 0)
		return rc;
	if (len == 0 || len > CONFIG_AUTHENTICATION_MAX || memchr(octets, 0, len) != NULL)
		rc = config_fail_at(r, s,
			"authentication has %u octets (not shown), or one that is 0; expected "
			"1..%u characters, or \"secret:NAME\"",
			len, CONFIG_AUTHENTICATION_MAX);
	else
		memcpy(c->authentication, octets, len);
	explicit_bzero(octets, sizeof(octets));
	if (rc == 0 && len > AUTHENTICATION_CISCO)
		config_warn(r->env, &at,
			"authentication is longer than %u characters: no Cisco "
			"router takes that",
			AUTHENTICATION_CISCO);
	return rc;
}

static int read_map(struct config_reader *r, const config_setting_t *s, void *element)
{
#define AT(member) offsetof(struct config_nhrp_map, member)
	static const struct config_field fields[] = {
		{"prefix", config_read_network, AT(prefix), 0, 0, true},
		{"nbma", config_read_addr, AT(nbma), 0, 0, true},
		{"register", config_read_bool, AT(registers), 0, 0, false},
		{"unique", config_read_bool, AT(unique), 0, 0, false},
		{"cisco", config_read_bool, AT(cisco), 0, 0, false},
	};
#undef AT
	struct config_nhrp_map *m = element;

	m->place = config_place_of(r, s);
	m->unique = true;
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), m);
}

static int read_maps(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_nhrp *c = member;

	(void)f;
	return config_read_list(r, s, sizeof(c->maps[0]), &c->maps, &c->n_maps, read_map);
}

static int read_one_nhs(struct config_reader *r, const config_setting_t *s, void *element)
{
#define AT(member) offsetof(struct config_nhrp_nhs, member)
	static const struct config_field fields[] = {
		{"address", config_read_addr, AT(address), 0, 0, false},
		{"nbma", config_read_addr, AT(nbma), 0, 0, true},
		{"unique", config_read_bool, AT(unique), 0, 0, false},
		{"cisco", config_read_bool, AT(cisco), 0, 0, false},
	};
#undef AT
	struct config_nhrp_nhs *n = element;

	n->place = config_place_of(r, s);
	n->unique = true;
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), n);
}

static int read_nhs(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_nhrp *c = member;

	(void)f;
	return config_read_list(r, s, sizeof(c->nhs[0]), &c->nhs, &c->n_nhs, read_one_nhs);
}

static int read_target(struct config_reader *r, const config_setting_t *s, void *element)
{
#define AT(member) offsetof(struct config_nhrp_target, member)
	static const struct config_field fields[] = {
		{"prefix", config_read_network, AT(prefix), 0, 0, true},
		{"holding_time", config_read_u16, AT(holding_time), 1, UINT16_MAX, false},
	};
#undef AT
	struct config_nhrp_target *t = element;

	t->place = config_place_of(r, s);
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), t);
}

static int read_targets(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_nhrp *c = member;

	(void)f;
	return config_read_list(
		r, s, sizeof(c->targets[0]), &c->targets, &c->n_targets, read_target);
}

static int read_destination(struct config_reader *r, const config_setting_t *s, void *element)
{
	struct config_nhrp_destination *d = element;

	d->place = config_place_of(r, s);
	return config_read_name(r, s, NULL, d->port);
}

static int read_destinations(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_nhrp *c = member;

	(void)f;
	return config_read_list(r, s, sizeof(c->destinations[0]), &c->destinations,
		&c->n_destinations, read_destination);
}

static int read_allowed_one(struct config_reader *r, const config_setting_t *s, void *element)
{
	return config_read_network(r, s, NULL, element);
}

static int read_allowed(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_nhrp *c = member;

	(void)f;
	return config_read_list(
		r, s, sizeof(c->allowed[0]), &c->allowed, &c->n_allowed, read_allowed_one);
}

/* A word or an address. */
static int read_multicast_one(struct config_reader *r, struct config_nhrp *c,
	const config_setting_t *s, struct ip_addr *to, unsigned *n)
{
	static const char expected[] =
		"\"dynamic\", \"nhs\" or a tunnel address, or an array [ ] of these";
	const char *text = config_text_of(r, s, expected);
	char shown[CONFIG_SHOWN_MAX];

	if (text == NULL)
		return -EINVAL;
	if (strcmp(text, "dynamic") == 0) {
		c->multicast_dynamic = true;
		return 0;
	}
	if (strcmp(text, "nhs") == 0) {
		c->multicast_nhs = true;
		return 0;
	}
	if (ip_addr_parse(text, to) < 0 || to->family != AF_INET)
		return config_fail_at(r, s, "multicast is \"%s\"; expected %s",
			config_shown(text, shown), expected);
	++*n;
	return 0;
}

static int read_multicast(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_nhrp *c = member;
	unsigned many = config_setting_is_aggregate(s) ? (unsigned)config_setting_length(s) : 1;
	int rc = 0;

	(void)f;
	c->multicast_dynamic = false;
	c->multicast = calloc(many + 1, sizeof(c->multicast[0]));
	if (c->multicast == NULL)
		return config_no_memory(r->err);
	if (!config_setting_is_aggregate(s))
		return read_multicast_one(r, c, s, c->multicast, &c->n_multicast);
	for (unsigned i = 0; i < many && rc == 0; i++)
		rc = read_multicast_one(r, c, config_setting_get_elem(s, i),
			&c->multicast[c->n_multicast], &c->n_multicast);
	return rc;
}

CONFIG_FIELD_READER(nhrp)
{
#define AT(name) offsetof(struct config_nhrp, name)
	static const struct config_field fields[] = {
		{"holding_time", config_read_u16, AT(holding_time), 1, UINT16_MAX, false},
		{"holding_time_max", config_read_u16, AT(holding_time_max), 1, UINT16_MAX, false},
		{"authentication", read_authentication, 0, 0, 0, false},
		{"network_id", config_read_u32, AT(network_id), 1, NETWORK_ID_MAX, false},
		{"shortcut", config_read_bool, AT(shortcut), 0, 0, false},
		{"non_caching", config_read_bool, AT(non_caching), 0, 0, false},
		{"unique", read_unique, 0, 0, 0, false},
		{"answer_registered", config_read_bool, AT(answer_registered), 0, 0, false},
		{"error_padding", config_read_bool, AT(error_padding), 0, 0, false},
		{"multicast", read_multicast, 0, 0, 0, false},
		{"maps", read_maps, 0, 0, 0, false},
		{"nhs", read_nhs, 0, 0, 0, false},
		{"shortcut_targets", read_targets, 0, 0, 0, false},
		{"shortcut_destinations", read_destinations, 0, 0, 0, false},
		{"allowed", read_allowed, 0, 0, 0, false},
		{"prefix_min", config_read_u8, AT(prefix_min), 1, 32, false},
		{"networks_per_peer", config_read_u16, AT(networks_per_peer), 1, 4096, false},
		{"cies_max", config_read_u16, AT(cies_max), 1, 64, false},
	};
#undef AT
	(void)f;
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), member);
}

static int read_leases(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	char **path = member;
	int rc = config_read_str(r, s, f, member);

	return rc == 0 && (*path)[0] != '/'
		       ? config_fail_at(r, s, "leases is \"%s\"; expected an absolute path", *path)
		       : rc;
}

CONFIG_FIELD_READER(nhrp_limits)
{
#define AT(name) offsetof(struct config_nhrp_limits, name)
	static const struct config_field fields[] = {
		{"redirects_per_second", config_read_unsigned, AT(redirects_per_second), 1, 100000,
			false},
		{"requesters_per_lease", config_read_unsigned, AT(requesters_per_lease), 1, 65536,
			false},
		{"pending_per_peer", config_read_unsigned, AT(pending_per_peer), 1, 64, false},
		{"probe_time", config_read_unsigned, AT(probe_time), 1, 60, false},
		{"leases", read_leases, AT(leases), 0, LEASES_MAX, false},
	};
#undef AT
	(void)f;
	return config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), member);
}

void config_nhrp_limits_defaults(struct config_nhrp_limits *c)
{
	c->redirects_per_second = 1000;
	c->requesters_per_lease = 128;
	c->pending_per_peer = 4;
	c->probe_time = 3;
}

void config_nhrp_defaults(struct config_nhrp *c)
{
	c->holding_time = 7200;
	c->holding_time_max = UINT16_MAX;
	c->error_padding = true;
	c->multicast_dynamic = true;
	c->prefix_min = 32;
	c->networks_per_peer = 16;
	c->cies_max = 16;
}

void config_nhrp_free(struct config_nhrp *c)
{
	explicit_bzero(c->authentication, sizeof(c->authentication));
	free(c->maps);
	free(c->nhs);
	free(c->targets);
	free(c->destinations);
	free(c->allowed);
	free(c->multicast);
}

/* --- what only shows when everything is read -------------------------------------------------- */

static int check_nbma(struct error *err, const struct config_tunnel *t,
	const struct config_place *at, const struct ip_addr *nbma)
{
	char text[IP_ADDR_STRLEN];

	if (!ip_addr_equal(nbma, &t->nbma))
		return 0;
	return config_fail(err, at, "nbma %s is the hub's own address; expected the other's",
		ip_addr_str(nbma, text));
}

static int check_maps(const struct config_tunnel *t, struct error *err)
{
	const struct config_nhrp *c = &t->nhrp;
	char text[IP_PREFIX_STRLEN];

	for (unsigned i = 0; i < c->n_maps; i++) {
		const struct config_nhrp_map *m = &c->maps[i];

		if (check_nbma(err, t, &m->place, &m->nbma) < 0)
			return -EINVAL;
		if (ip_prefix_contains(&m->prefix, &t->address.addr))
			return config_fail(err, &m->place,
				"map %s contains the hub's own address in tunnel %s; expected "
				"another's",
				ip_prefix_str(&m->prefix, text), t->name);
		for (unsigned k = 0; k < i; k++)
			if (c->maps[k].prefix.len == m->prefix.len &&
				ip_addr_equal(&c->maps[k].prefix.addr, &m->prefix.addr))
				return config_fail(err, &m->place,
					"map %s was given before, in %s:%u",
					ip_prefix_str(&m->prefix, text), c->maps[k].place.file,
					c->maps[k].place.line);
	}
	return 0;
}

static int check_servers(const struct config_tunnel *t, struct error *err)
{
	const struct config_nhrp *c = &t->nhrp;
	char text[IP_ADDR_STRLEN];

	for (unsigned i = 0; i < c->n_nhs; i++) {
		const struct config_nhrp_nhs *n = &c->nhs[i];

		if (check_nbma(err, t, &n->place, &n->nbma) < 0)
			return -EINVAL;
		if (ip_addr_equal(&n->address, &t->address.addr))
			return config_fail(err, &n->place,
				"nhs %s is the hub itself; expected another hub's address",
				ip_addr_str(&n->address, text));
		for (unsigned k = 0; k < i; k++)
			if (ip_addr_equal(&c->nhs[k].nbma, &n->nbma))
				return config_fail(err, &n->place,
					"nhs with nbma %s was given before, in %s:%u",
					ip_addr_str(&n->nbma, text), c->nhs[k].place.file,
					c->nhs[k].place.line);
	}
	return 0;
}

static int check_destinations(
	const struct config *c, const struct config_tunnel *t, struct error *err)
{
	for (unsigned i = 0; i < t->nhrp.n_destinations; i++) {
		const struct config_nhrp_destination *d = &t->nhrp.destinations[i];
		const struct config_port *p = config_port_find(c, d->port);

		if (p == NULL || !p->lan)
			return config_fail(err, &d->place,
				"shortcut_destinations names %s, which is no LAN port; expected "
				"the name of one",
				d->port);
	}
	return 0;
}

int config_nhrp_check(const struct config *c, struct error *err)
{
	for (unsigned i = 0; i < c->n_tunnels; i++)
		if (check_maps(&c->tunnels[i], err) < 0 || check_servers(&c->tunnels[i], err) < 0 ||
			check_destinations(c, &c->tunnels[i], err) < 0)
			return -EINVAL;
	return 0;
}
