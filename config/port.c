/* SPDX-License-Identifier: BSD-3-Clause */
/* ports = ( { ... } ) */
#include <stddef.h>
#include <stdlib.h>

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

static int read_port(struct config_reader *r, const config_setting_t *s, void *element)
{
	static const struct config_field fields[] = {
		{"name", config_read_name, offsetof(struct config_port, name), 0, 0, true},
		{"device", config_read_str, offsetof(struct config_port, device), 0, DEVICE_MAX,
			true},
		{"addresses", read_addresses, 0, 0, 0, true},
		{"gateway", config_read_addr, offsetof(struct config_port, gateway), 0, 0, false},
		{"mac", read_own_mac, 0, 0, 0, false},
		{"mtu", config_read_u16, offsetof(struct config_port, mtu), 576, 9600, false},
		{"promiscuous", config_read_bool, offsetof(struct config_port, promiscuous), 0, 0,
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
	return rc;
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

void config_port_free(struct config_port *p)
{
	free(p->device);
	free(p->addresses);
	free(p->neighbors);
}
