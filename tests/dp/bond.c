/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An outer port of several links (net_bonding). Its members take all and give nothing: what matters
 * is that the port starts as any other, and which member a packet leaves by.
 */
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_eth_bond.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_pause.h>

#include "tests/dp/expect.h"

#define PATIENCE_S 20

static uint16_t members[2];
static char names[3][32]; /* of the members and of their bond */

/* The device string is that of a configuration. */
static uint16_t open_bond(const char *mode)
{
	static unsigned serial;
	struct dp_port_params p = {.name = "bond",
		.mtu = 1500,
		.n_addrs = 1,
		.addrs_be = {packet_addr("192.0.2.9")},
		.mac_set = true,
		.mac = {{2, 0, 0, 0, 0, 9}}};
	struct error err = {""};
	uint16_t port = 0;
	char args[128];

	net_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(members); i++) {
		snprintf(names[i], sizeof(names[i]), "net_null%u", serial++);
		EXPECT(rte_vdev_init(names[i], "no-rx=1") == 0);
		EXPECT(rte_eth_dev_get_port_by_name(names[i], &members[i]) == 0);
	}
	snprintf(names[2], sizeof(names[2]), "net_bonding%u", serial++);
	snprintf(args, sizeof(args), "%s,slave=%s,slave=%s,socket_id=0", mode, names[0], names[1]);
	EXPECT(rte_vdev_init(names[2], args) == 0);
	EXPECT(rte_eth_dev_get_port_by_name(names[2], &p.ethdev) == 0);
	expect_true(HERE, dp_port_add(net.dp, &p, &port, &err) == 0, "%s", err.text);
	return port;
}

/* The driver finds out by itself, every 10 ms, that a member's link is up. */
static void wait_active(uint16_t bond, int n)
{
	const uint64_t end = rte_rdtsc() + PATIENCE_S * rte_get_tsc_hz();
	uint16_t active[2];

	while (rte_eth_bond_active_slaves_get(bond, active, 2) != n && rte_rdtsc() < end)
		rte_pause();
	EXPECT(rte_eth_bond_active_slaves_get(bond, active, 2) == n);
}

static void close_bond(void)
{
	net_close();
	for (unsigned i = RTE_DIM(names); i-- > 0;)
		rte_vdev_uninit(names[i]);
}

static uint64_t sent(unsigned member)
{
	struct rte_eth_stats s;

	EXPECT(rte_eth_stats_get(members[member], &s) == 0);
	return s.opackets;
}

/* A packet to b leaves by this member, and by no other. */
static void sends_by(unsigned member)
{
	const uint64_t before[2] = {sent(0), sent(1)};
	const struct packet ip = spoke_packet(&net.a, &net.b, 100);

	spoke_send_run(&net.a, &ip);
	EXPECT(sent(member) == before[member] + 1);
	EXPECT(sent(!member) == before[!member]);
}

/* Mode 1: one member at a time; when it is gone the other takes over. */
static void active_backup(void)
{
	uint16_t port = open_bond("mode=1"), bond = dp_port_ethdev(net.dp, port);

	wait_active(bond, 2);
	dp_peer_set_neighbor(net.dp, net.b.peer, port, &net.b.mac);
	EXPECT(rte_eth_bond_primary_set(bond, members[1]) == 0);
	sends_by(1);
	EXPECT(rte_eth_bond_primary_set(bond, members[0]) == 0);
	sends_by(0);
	EXPECT(rte_eth_bond_slave_remove(bond, members[0]) == 0);
	sends_by(1);
	close_bond();
}

/* Mode 4, 802.3ad: it starts. Nobody aggregates with it here. */
static void lacp(void)
{
	uint16_t port = open_bond("mode=4");

	EXPECT(rte_eth_bond_mode_get(dp_port_ethdev(net.dp, port)) == BONDING_MODE_8023AD);
	net_run();
	close_bond();
}

static const struct unit_test tests[] = {
	{"active-backup", active_backup},
	{"802.3ad", lacp},
};

DP_SUITE(bond, tests);
