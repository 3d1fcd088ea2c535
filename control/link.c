/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links of ports: looked at ten times a second. Not all devices report changes, and a report would
 * come on another thread. While a link is down the data plane drops what is to leave by it; when it
 * comes back, its neighbors are asked for at once.
 */
#define LOG_SUBSYSTEM LOG_PORT

#include <rte_ethdev.h>

#include "common/log.h"
#include "control/hub_priv.h"

#define LOOK_MS 100

bool hub_link_up(uint16_t ethdev)
{
	struct rte_eth_link link;

	/* A device that cannot tell has none that goes down. */
	return rte_eth_link_get_nowait(ethdev, &link) < 0 || link.link_status != 0;
}

static void changed(struct hub *h, uint16_t i, bool up)
{
	struct hub_port *port = &h->ports[i];

	port->link_down = !up;
	dp_port_set_link(h->dp, i, up);
	log_warning("%s: link is %s", port->config->name, up ? "up" : "down");
	for (uint16_t k = 0; k < h->n_ports; k++)
		if (h->ports[k].parent == i)
			hub_neighbors_link(h, k);
}

bool hub_port_link_up(const struct hub *h, uint16_t port)
{
	return !h->ports[h->ports[port].parent].link_down;
}

void hub_links_turn(struct hub *h)
{
	if (h->now < h->links_due)
		return;
	h->links_due = h->now + LOOK_MS;
	for (uint16_t i = 0; i < h->n_ports; i++) {
		struct hub_port *port = &h->ports[i];

		/* A stopped device's link says nothing. */
		if (port->ethdev == RTE_MAX_ETHPORTS || dp_port_state(h->dp, i) == DP_PORT_STOPPED)
			continue;
		if (hub_link_up(port->ethdev) == port->link_down)
			changed(h, i, port->link_down);
		hub_bond_turn(h, i);
	}
}
