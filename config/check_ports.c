/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports: names, addresses, VLANs, gateways, neighbors. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/check_priv.h"

static int check_port_names(struct config_check *k)
{
	const struct config_port *ports = k->c->ports;

	for (unsigned i = 0; i < k->c->n_ports; i++)
		for (unsigned j = 0; j < i; j++)
			if (strcmp(ports[i].name, ports[j].name) == 0)
				return config_fail(k->err, &ports[i].place,
					"port %s was given before, in %s:%u", ports[i].name,
					ports[j].place.file, ports[j].place.line);
	return 0;
}

static int check_port_addresses(struct config_check *k)
{
	const struct config *c = k->c;
	const struct config_entry *twin;
	char text[IP_ADDR_STRLEN];
	size_t n = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		n += c->ports[i].n_addresses;
	if (config_entries_alloc(&k->ports, n, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_ports; i++)
		for (unsigned j = 0; j < c->ports[i].n_addresses; j++)
			config_entries_add(&k->ports,
				config_host_order(&c->ports[i].addresses[j].addr),
				&c->ports[i].place, &c->ports[i]);
	twin = config_entries_twin(&k->ports);
	if (twin == NULL)
		return 0;
	inet_ntop(AF_INET, &(uint32_t){htonl((uint32_t)twin->key)}, text, sizeof(text));
	return config_twice(k, twin, "port address", text);
}

/* What a VLAN can be a part of. */
static int check_parent(struct config_check *k, const struct config_port *p)
{
	const struct config_port *parent = config_port_find(k->c, p->parent);

	if (parent == NULL)
		return config_fail(k->err, &p->place,
			"parent %s of port %s is no port; expected the name of one", p->parent,
			p->name);
	if (parent->vlan != 0)
		return config_fail(k->err, &p->place,
			"parent %s of port %s is a VLAN itself, in %s:%u; expected a port with a "
			"device",
			p->parent, p->name, parent->place.file, parent->place.line);
	if (p->mtu > parent->mtu)
		return config_fail(k->err, &p->place,
			"mtu %u of port %s is more than its parent %s has; expected at most %u",
			p->mtu, p->name, p->parent, parent->mtu);
	if (p->promiscuous)
		return config_fail(k->err, &p->place,
			"port %s is promiscuous, but has no device; expected the setting in port "
			"%s",
			p->name, p->parent);
	return 0;
}

static int check_vlans(struct config_check *k)
{
	const struct config_port *ports = k->c->ports;

	for (unsigned i = 0; i < k->c->n_ports; i++) {
		if (ports[i].vlan == 0)
			continue;
		if (check_parent(k, &ports[i]) < 0)
			return -EINVAL;
		for (unsigned j = 0; j < i; j++)
			if (ports[i].vlan == ports[j].vlan &&
				strcmp(ports[i].parent, ports[j].parent) == 0)
				return config_fail(k->err, &ports[i].place,
					"VLAN %u of port %s was given before, in %s:%u",
					ports[i].vlan, ports[i].parent, ports[j].place.file,
					ports[j].place.line);
	}
	return 0;
}

static int check_gateways(struct config_check *k)
{
	char text[IP_ADDR_STRLEN];

	for (unsigned i = 0; i < k->c->n_ports; i++) {
		const struct config_port *p = &k->c->ports[i];

		if (p->internet_exit && (p->lan || p->gateway.family == 0))
			return config_fail(k->err, &p->place,
				"internet_exit is given for %s port %s; expected it on an outer "
				"port with a gateway",
				p->lan ? "LAN" : "outer", p->name);
		if (p->gateway.family == 0)
			continue;
		if (p->lan)
			return config_fail(k->err, &p->place,
				"gateway is given for LAN port %s; it is for outer ports, expected "
				"a route via %s",
				p->name, ip_addr_str(&p->gateway, text));
		if (!config_port_on_link(p, &p->gateway))
			return config_fail(k->err, &p->place,
				"gateway %s of port %s is not a neighbor's address; expected one "
				"inside the prefix of one of its addresses",
				ip_addr_str(&p->gateway, text), p->name);
	}
	return 0;
}

static int check_neighbors(struct config_check *k, const struct config_port *p)
{
	struct config_entries all;
	const struct config_entry *twin;
	char text[IP_ADDR_STRLEN];
	int rc = 0;

	if (config_entries_alloc(&all, p->n_neighbors, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < p->n_neighbors && rc == 0; i++) {
		const struct config_neighbor *n = &p->neighbors[i];

		config_entries_add(&all, config_host_order(&n->address), &n->place, n);
		if (!config_port_on_link(p, &n->address))
			rc = config_fail(k->err, &n->place,
				"neighbor %s is not on port %s; expected an address inside the "
				"prefix of one of the port's addresses",
				ip_addr_str(&n->address, text), p->name);
	}
	twin = rc == 0 ? config_entries_twin(&all) : NULL;
	if (twin != NULL)
		rc = config_twice(k, twin, "neighbor",
			ip_addr_str(&((const struct config_neighbor *)twin->what)->address, text));
	free(all.at);
	return rc;
}

int config_check_ports(struct config_check *k)
{
	if (check_port_names(k) < 0 || check_vlans(k) < 0 || check_port_addresses(k) < 0 ||
		check_gateways(k) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < k->c->n_ports; i++)
		if (check_neighbors(k, &k->c->ports[i]) < 0)
			return -EINVAL;
	return 0;
}
