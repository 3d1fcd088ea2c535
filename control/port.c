/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's ports: which device each one is, and what its link is for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "control/hub_priv.h"

/* A device the EAL has, or can have on demand. */
static int find_ethdev(struct hub_port *port, struct error *err)
{
	const struct config_port *c = port->config;
	struct rte_eth_dev_info info;
	char name[RTE_ETH_NAME_MAX_LEN];
	int rc;

	/* Without arguments: "net_tap0,iface=wan0" -> "net_tap0". */
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(c->device, ","), c->device);
	if (rte_eth_dev_get_port_by_name(name, &port->ethdev) == 0)
		return 0;
	rc = rte_dev_probe(c->device);
	if (rc < 0)
		return error_set(err, -rc,
			"%s:%u: port %s: no driver of DPDK takes device \"%s\": see "
			"`dpdk-devbind.py --status` for NICs; for a software port check its name "
			"and arguments",
			c->place.file, c->place.line, c->name, c->device);
	if (rte_eth_dev_get_port_by_name(name, &port->ethdev) < 0 ||
		rte_eth_dev_info_get(port->ethdev, &info) < 0)
		return error_set(err, ENODEV,
			"%s:%u: port %s: device \"%s\" is there, but is no Ethernet device",
			c->place.file, c->place.line, c->name, c->device);
	port->probed = info.device;
	return 0;
}

static int check_twin(const struct hub *h, unsigned i, struct error *err)
{
	for (unsigned k = 0; k < i; k++)
		if (h->ports[k].ethdev != RTE_MAX_ETHPORTS &&
			h->ports[k].ethdev == h->ports[i].ethdev)
			return error_set(err, EEXIST,
				"%s:%u: port %s has the device of port %s; expected another",
				h->ports[i].config->place.file, h->ports[i].config->place.line,
				h->ports[i].config->name, h->ports[k].config->name);
	return 0;
}

static int create_port(struct hub *h, unsigned i, struct error *err)
{
	const struct hub_port_source *source = NULL;
	const struct config_port *c = &h->config->ports[i];
	struct hub_port *port = &h->ports[i];
	struct dp_port_params p = {
		.name = c->name,
		.mac_set = c->mac_set,
		.mac = c->mac,
		.n_addrs = c->n_addresses,
		.mtu = c->mtu,
		.promiscuous = c->promiscuous,
		.lan = c->lan,
		.internet_exit = c->internet_exit,
		.host = c->tap[0] != '\0',
		.parent = port->parent,
		.vlan = c->vlan,
	};
	uint16_t index;
	int rc;

	if (c->n_addresses > DP_PORT_ADDRS_MAX)
		return error_set(err, EINVAL,
			"%s:%u: port %s has %u addresses; expected at most %u", c->place.file,
			c->place.line, c->name, c->n_addresses, DP_PORT_ADDRS_MAX);
	for (unsigned k = 0; k < c->n_addresses; k++)
		p.addrs_be[k] = c->addresses[k].addr.v4_be;
	if (c->vlan != 0)
		return dp_port_add(h->dp, &p, &index, err);
	if (h->params.sources != NULL)
		source = &h->params.sources[i];
	if (source != NULL) {
		if (!c->mac_set)
			return error_set(err, EINVAL,
				"%s:%u: port %s needs a `mac`, for it has no device to ask",
				c->place.file, c->place.line, c->name);
		p.rx = source->rx;
		p.tx = source->tx;
		p.ctx = source->ctx;
	} else {
		rc = find_ethdev(port, err);
		if (rc == 0)
			rc = check_twin(h, i, err);
		if (rc < 0)
			return rc;
		p.ethdev = port->ethdev;
	}
	return dp_port_add(h->dp, &p, &index, err);
}

/* Routes of a port: its addresses, what is on its link, and the way to the rest. */
static int route_port(struct hub *h, unsigned i, struct error *err)
{
	const struct config_port *c = h->ports[i].config;
	enum dp_table table = hub_port_table(h, (uint16_t)i);
	int rc = 0;

	for (unsigned k = 0; k < c->n_addresses && rc == 0; k++) {
		const struct ip_prefix *a = &c->addresses[k];
		uint32_t net_be = a->addr.v4_be & ip4_mask_be(a->len);

		rc = hub_rib_add(h, table, a->addr.v4_be, 32, HUB_ROUTE_LOCAL, DP_ADJ_LOCAL, err);
		if (rc == 0)
			rc = hub_rib_add(h, table, net_be, a->len, HUB_ROUTE_CONNECTED,
				DP_ADJ(DP_ADJ_GLEAN, i), err);
	}
	for (unsigned k = 0; k < c->n_neighbors && rc == 0; k++)
		rc = hub_neighbor_fix(h, (uint16_t)i, &c->neighbors[k], err);
	if (rc == 0 && c->gateway.family != 0)
		rc = hub_neighbor_gateway(h, (uint16_t)i, c->gateway.v4_be, err);
	return rc;
}

static bool has_prefix(const struct config_port *c, const struct ip_prefix *a, bool network)
{
	for (unsigned i = 0; i < c->n_addresses; i++) {
		const struct ip_prefix *b = &c->addresses[i];

		if (network ? a->len == b->len && ip_prefix_contains(b, &a->addr)
			    : ip_addr_equal(&a->addr, &b->addr))
			return true;
	}
	return false;
}

void hub_port_readdress(struct hub *h, uint16_t port, const struct config_port *was,
	const struct config_port *is, bool add)
{
	const struct config_port *from = add ? is : was, *other = add ? was : is;
	const dp_adj_t link = DP_ADJ(DP_ADJ_GLEAN, port);
	enum dp_table table = hub_port_table(h, port);
	struct error err;

	for (unsigned k = 0; k < from->n_addresses; k++) {
		const struct ip_prefix *a = &from->addresses[k];
		uint32_t own = a->addr.v4_be, net = own & ip4_mask_be(a->len);

		if (!has_prefix(other, a, false) && add) {
			dp_port_add_address(h->dp, port, own);
			hub_rib_add(h, table, own, 32, HUB_ROUTE_LOCAL, DP_ADJ_LOCAL, &err);
		} else if (!has_prefix(other, a, false)) {
			hub_rib_del(h, table, own, 32, HUB_ROUTE_LOCAL);
			dp_port_del_address(h->dp, port, own);
		}
		if (!has_prefix(other, a, true) && add)
			hub_rib_add(h, table, net, a->len, HUB_ROUTE_CONNECTED, link, &err);
		else if (!has_prefix(other, a, true))
			hub_rib_del(h, table, net, a->len, HUB_ROUTE_CONNECTED);
	}
}

/* The configuration was checked for it to be there, before its VLANs. */
static uint16_t parent_of(const struct hub *h, unsigned i)
{
	const struct config *c = h->config;

	return (uint16_t)(config_port_find(c, c->ports[i].parent) - c->ports);
}

int hub_ports_create(struct hub *h, struct error *err)
{
	unsigned n = h->config->n_ports;
	int rc = 0;

	h->ports = calloc(n + 1, sizeof(*h->ports));
	if (h->ports == NULL)
		return error_set(err, ENOMEM, "out of memory");
	h->n_ports = n;
	for (unsigned i = 0; i < n; i++) {
		h->ports[i].config = &h->config->ports[i];
		h->ports[i].ethdev = RTE_MAX_ETHPORTS;
		h->ports[i].member = -1;
		h->ports[i].parent = (uint16_t)i;
		if (h->config->ports[i].vlan != 0)
			h->ports[i].parent = parent_of(h, i);
	}
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = create_port(h, i, err);
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = route_port(h, i, err);
	return rc;
}

void hub_ports_destroy(struct hub *h)
{
	/* The ports are closed; devices that came by us are still plugged in. */
	for (unsigned i = 0; i < h->n_ports; i++)
		if (h->ports[i].probed != NULL)
			rte_dev_remove(h->ports[i].probed);
	free(h->ports);
}

enum dp_table hub_port_table(const struct hub *h, uint16_t port)
{
	return h->ports[port].config->lan ? DP_TABLE_OVERLAY : DP_TABLE_UNDERLAY;
}

bool hub_port_has_address(const struct hub *h, uint16_t port, uint32_t addr_be)
{
	const struct config_port *c = h->ports[port].config;

	for (unsigned i = 0; i < c->n_addresses; i++)
		if (c->addresses[i].addr.v4_be == addr_be)
			return true;
	return false;
}

const struct ip_prefix *hub_port_prefix_of(const struct hub *h, uint16_t port, uint32_t addr_be)
{
	const struct config_port *c = h->ports[port].config;

	for (unsigned i = 0; i < c->n_addresses; i++) {
		const struct ip_prefix *a = &c->addresses[i];
		uint32_t mask = ip4_mask_be(a->len), host = addr_be & ~mask;

		if ((addr_be ^ a->addr.v4_be) & mask)
			continue;
		/* Network and broadcast address are nobody's, but for RFC 3021's /31. */
		if (a->len < 31 && (host == 0 || host == (uint32_t)~mask))
			continue;
		return a;
	}
	return NULL;
}
