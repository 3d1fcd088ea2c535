/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bonds of which one member at a time carries the port (active-backup). Which one, net_bonding
 * finds out by itself where the member's driver tells of its link, or says that it does not.
 * net_tap of DPDK 22.11 promises to tell and never does: the bond would stay with a dead member. So
 * that member is looked at here with the other links. Whoever changed it, switches must learn by
 * which link the hub's address is reached now: it is announced.
 */
#define LOG_SUBSYSTEM LOG_PORT

#include <rte_eth_bond.h>
#include <rte_ethdev.h>

#include "common/log.h"
#include "control/hub_priv.h"

static const char *name_of(uint16_t member, char *name)
{
	if (rte_eth_dev_get_name_by_port(member, name) < 0)
		name[0] = '\0';
	return name;
}

/* The bond has not seen that this member's link is down: the first other one whose link is up. */
static int take_over(uint16_t bond, uint16_t from)
{
	uint16_t members[RTE_MAX_ETHPORTS];
	int n = rte_eth_bond_slaves_get(bond, members, RTE_MAX_ETHPORTS);

	for (int i = 0; i < n; i++)
		if (members[i] != from && hub_link_up(members[i]) &&
			rte_eth_bond_primary_set(bond, members[i]) == 0)
			return members[i];
	return from;
}

void hub_bond_turn(struct hub *h, uint16_t i)
{
	struct hub_port *port = &h->ports[i];
	char name[RTE_ETH_NAME_MAX_LEN];
	int member;

	if (rte_eth_bond_mode_get(port->ethdev) != BONDING_MODE_ACTIVE_BACKUP)
		return;
	member = rte_eth_bond_primary_get(port->ethdev);
	if (member < 0)
		return;
	if (!hub_link_up((uint16_t)member))
		member = take_over(port->ethdev, (uint16_t)member);
	if (member == port->member)
		return;
	if (port->member >= 0) {
		log_warning("%s: member %s carries it now", port->config->name,
			name_of((uint16_t)member, name));
		for (uint16_t k = 0; k < h->n_ports; k++)
			if (h->ports[k].parent == i)
				hub_arp_announce(h, k);
	}
	port->member = member;
}
