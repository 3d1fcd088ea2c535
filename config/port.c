/* SPDX-License-Identifier: BSD-3-Clause */
/* ports = ( { ... } ) */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

#define DEVICE_MAX 1024

static int read_neighbor(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"address", config_read_addr, offsetof(struct config_neighbor, address), 0, 0,
			true},
		{"mac", config_read_mac, offsetof(struct config_neighbor, mac), 0, 0, true},
	};
	struct config_neighbor *n = element;

	n->place = config_place_of(r, s);
	return config_read_group(r, s, fields, 2, n);
}

static int read_neighbors(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_port *p = member;

	(void)f;
	return config_read_list(
		r, s, sizeof(p->neighbors[0]), &p->neighbors, &p->n_neighbors, read_neighbor);
}

static int read_addresses(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_port *p = member;

	(void)f;
	return config_read_list(r, s, sizeof(p->addresses[0]), &p->addresses, &p->n_addresses,
		config_read_host_prefix_text);
}

static int read_own_mac(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	struct config_port *p = member;

	p->mac_set = true;
	return config_read_mac(r, s, f, &p->mac);
}

static int read_role(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	const char *text = config_text_of(r, s, "\"outer\" or \"lan\"");
	struct config_port *p = member;
	char shown[CONFIG_SHOWN_MAX];

	(void)f;
	if (text == NULL)
		return -EINVAL;
	p->lan = strcmp(text, "lan") == 0;
	if (!p->lan && strcmp(text, "outer") != 0)
		return config_fail_at(r, s, "role is \"%s\"; expected \"outer\" or \"lan\"",
			config_shown(text, shown));
	return 0;
}

/* A port has a device, or it is a VLAN of one that has. */
static int check_kind(struct config_reader *r, const struct config_port *p)
{
	static const char expected[] = "expected either device, or parent and vlan";
	bool parent = p->parent[0] != '\0', vlan = p->vlan != 0;

	if (p->device != NULL && (parent || vlan))
		return config_fail(r->err, &p->place, "port %s has device and %s; %s", p->name,
			parent ? "parent" : "vlan", expected);
	if (p->device == NULL && !(parent && vlan))
		return config_fail(r->err, &p->place, "port %s has no %s; %s", p->name,
			parent ? "vlan"
			: vlan ? "parent"
			       : "device",
			expected);
	return 0;
}

static int read_port(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"name", config_read_name, offsetof(struct config_port, name), 0, 0, true},
		{"role", read_role, 0, 0, 0, false},
		{"device", config_read_str, offsetof(struct config_port, device), 0, DEVICE_MAX,
			false},
		{"parent", config_read_name, offsetof(struct config_port, parent), 0, 0, false},
		{"vlan", config_read_u16, offsetof(struct config_port, vlan), 1, 4094, false},
		{"addresses", read_addresses, 0, 0, 0, true},
		{"gateway", config_read_addr, offsetof(struct config_port, gateway), 0, 0, false},
		{"mac", read_own_mac, 0, 0, 0, false},
		{"mtu", config_read_u16, offsetof(struct config_port, mtu), 576, 9600, false},
		{"promiscuous", config_read_bool, offsetof(struct config_port, promiscuous), 0, 0,
			false},
		{"internet_exit", config_read_bool, offsetof(struct config_port, internet_exit), 0,
			0, false},
		{"tap", config_read_tap, offsetof(struct config_port, tap), 0, 0, false},
		{"filter_in", config_read_name, offsetof(struct config_port, filter_in), 0, 0,
			false},
		{"filter_out", config_read_name, offsetof(struct config_port, filter_out), 0, 0,
			false},
		{"neighbors", read_neighbors, 0, 0, 0, false},
	};
	struct config_port *p = element;
	int rc;

	p->place = config_place_of(r, s);
	p->mtu = 1500;
	rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), p);
	if (rc == 0 && p->n_addresses == 0)
		return config_fail(r->err, &p->place,
			"port %s has no address; expected addresses = [ \"192.0.2.1/24\" ]",
			p->name);
	return rc == 0 ? check_kind(r, p) : rc;
}

CONFIG_FIELD_READER(ports)
{
	struct config *c = member;

	(void)f;
	if (config_setting_is_aggregate(s) && config_setting_length(s) > CONFIG_PORTS_MAX)
		return config_fail_at(r, s, "%d ports are configured; expected at most %u",
			config_setting_length(s), CONFIG_PORTS_MAX);
	return config_read_list(r, s, sizeof(c->ports[0]), &c->ports, &c->n_ports, read_port);
}

int config_ports_order(struct config *c, struct error *err)
{
	struct config_port *ordered = calloc(c->n_ports + 1, sizeof(ordered[0]));
	unsigned n = 0;

	if (ordered == NULL)
		return config_no_memory(err);
	for (unsigned vlans = 0; vlans < 2; vlans++)
		for (unsigned i = 0; i < c->n_ports; i++)
			if ((c->ports[i].vlan != 0) == (vlans != 0))
				ordered[n++] = c->ports[i];
	free(c->ports);
	c->ports = ordered;
	return 0;
}

const struct config_port *config_port_find(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->n_ports; i++)
		if (strcmp(c->ports[i].name, name) == 0)
			return &c->ports[i];
	return NULL;
}

bool config_port_on_link(const struct config_port *p, const struct ip_addr *a)
{
	bool inside = false;

	for (unsigned i = 0; i < p->n_addresses; i++) {
		const struct ip_prefix *own = &p->addresses[i];
		uint32_t mask = ip4_mask_be(own->len), host = a->v4_be & ~mask;

		if (ip_addr_equal(&own->addr, a))
			return false;
		if (!ip_prefix_contains(own, a))
			continue;
		/* Network and broadcast address are nobody's, but for RFC 3021's /31. */
		inside |= own->len >= 31 || (host != 0 && host != (uint32_t)~mask);
	}
	return inside;
}

void config_port_free(struct config_port *p)
{
	free(p->device);
	free(p->addresses);
	free(p->neighbors);
}
