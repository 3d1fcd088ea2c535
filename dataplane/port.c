/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/port.h"

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dataplane/dp_priv.h"
#include "dataplane/offload_priv.h"

#define RING_SIZE 1024

static uint16_t ethdev_rx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	return rte_eth_rx_burst((uint16_t)(uintptr_t)ctx, queue, m, n);
}

static uint16_t ethdev_tx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	return rte_eth_tx_burst((uint16_t)(uintptr_t)ctx, queue, m, n);
}

/* How many queues the device can give: one to transmit for each worker is a must. */
static int count_queues(const struct dp_port_params *p, const struct rte_eth_dev_info *info,
	unsigned n_workers, uint16_t *n_rxq, struct error *err)
{
	if (info->max_tx_queues < n_workers)
		return error_set(err, EINVAL,
			"port %s: device has %u transmit queues, %u workers need one each: lower "
			"`workers` or give the device more queues",
			p->name, info->max_tx_queues, n_workers);
	*n_rxq = (uint16_t)RTE_MIN(info->max_rx_queues, n_workers);
	return 0;
}

static int setup_queues(struct dp *dp, uint16_t id, uint16_t n_rxq)
{
	uint16_t n_txq = (uint16_t)dp->params.n_workers;
	uint16_t n_rxd = RING_SIZE, n_txd = RING_SIZE;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(id, &n_rxd, &n_txd);

	for (uint16_t q = 0; rc == 0 && q < n_rxq; q++)
		rc = rte_eth_rx_queue_setup(
			id, q, n_rxd, (unsigned)dp->params.socket, NULL, dp->packet_pool);
	for (uint16_t q = 0; rc == 0 && q < n_txq; q++)
		rc = rte_eth_tx_queue_setup(id, q, n_txd, (unsigned)dp->params.socket, NULL);
	return rc;
}

/* Before the queues are made, which follow it. */
static int set_mtu(
	const struct dp_port_params *p, const struct rte_eth_dev_info *info, struct error *err)
{
	uint16_t mtu;
	int rc;

	if (rte_eth_dev_get_mtu(p->ethdev, &mtu) == 0 && mtu == p->mtu)
		return 0;
	rc = rte_eth_dev_set_mtu(p->ethdev, p->mtu);
	/* Some software devices have no such size; those take what comes. */
	if (rc == 0 || rc == -ENOTSUP)
		return 0;
	return error_set(err, -rc, "port %s: device refuses mtu %u (it takes %u..%u): %s", p->name,
		p->mtu, info->min_mtu, info->max_mtu, rte_strerror(-rc));
}

/* A queue's interrupt is a descriptor that workers can wait for. */
static int check_interrupts(const struct dp *dp, const struct dp_port_params *p, struct error *err)
{
	if (dp->params.idle != DP_IDLE_INTERRUPT ||
		rte_eth_dev_rx_intr_ctl_q_get_fd(p->ethdev, 0) >= 0)
		return 0;
	rte_eth_dev_stop(p->ethdev);
	return error_set(err, ENOTSUP,
		"port %s: device has no receive interrupts: set `idle` to \"pause\" or \"poll\"",
		p->name);
}

static int configure(
	struct dp *dp, const struct dp_port_params *p, struct port *port, struct error *err)
{
	uint16_t *n_rxq = &port->n_rxq;
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	uint16_t id = p->ethdev;
	int rc = rte_eth_dev_info_get(id, &info);

	if (rc == 0)
		rc = count_queues(p, &info, dp->params.n_workers, n_rxq, err);
	if (rc < 0)
		return rc;
	port->offloads = (uint8_t)offload_choose(&info, *n_rxq, &conf);
	conf.intr_conf.rxq = dp->params.idle == DP_IDLE_INTERRUPT;
	rc = rte_eth_dev_configure(id, *n_rxq, (uint16_t)dp->params.n_workers, &conf);
	if (rc == 0) {
		rc = set_mtu(p, &info, err);
		if (rc < 0)
			return rc;
	}
	if (rc == 0)
		rc = setup_queues(dp, id, *n_rxq);
	if (rc < 0)
		return error_set(err, -rc, "port %s: device refuses its queues: %s", p->name,
			rte_strerror(-rc));
	if (p->mac_set) {
		struct rte_ether_addr mac;

		memcpy(&mac, &p->mac, sizeof(mac));
		rc = rte_eth_dev_default_mac_addr_set(id, &mac);
		/* A device that cannot change its address still serves, when told to take all. */
		if (rc < 0 && !p->promiscuous && rc != -ENOTSUP)
			return error_set(err, -rc,
				"port %s: device refuses the Ethernet address: %s", p->name,
				rte_strerror(-rc));
	}
	if (p->promiscuous)
		rte_eth_promiscuous_enable(id);
	rc = rte_eth_dev_start(id);
	if (rc < 0)
		return error_set(
			err, -rc, "port %s: device does not start: %s", p->name, rte_strerror(-rc));
	return check_interrupts(dp, p, err);
}

/* A port that is a VLAN of another one. */
static int add_vlan(struct dp *dp, const struct dp_port_params *p, struct error *err)
{
	uint8_t index = (uint8_t)dp->n_ports;
	struct port *parent = &dp->ports[p->parent], *port = &dp->ports[index];
	uint8_t *vlans = parent->vlans;

	if (p->vlan > 4094 || p->parent >= dp->n_ports || parent->vlan != 0)
		return error_set(err, EINVAL,
			"port %s: VLAN %u wants 1..4094 and a port of its own", p->name, p->vlan);
	if (vlans == NULL) {
		vlans = rte_malloc_socket("vlans", 4096, 0, dp->params.socket);
		if (vlans == NULL)
			return error_set(err, ENOMEM, "port %s: no memory", p->name);
		memset(vlans, NO_VLAN, 4096);
	} else if (vlans[p->vlan] != NO_VLAN) {
		return error_set(err, EEXIST, "port %s: VLAN %u is port %s already", p->name,
			p->vlan, dp->ports[vlans[p->vlan]].name);
	}
	if (!p->mac_set)
		port->mac = parent->mac;
	port->ethdev = RTE_MAX_ETHPORTS;
	port->phys = p->parent;
	port->vlan = p->vlan;
	/* The port is whole before a frame can find it. */
	__atomic_store_n(&vlans[p->vlan], index, __ATOMIC_RELEASE);
	__atomic_store_n(&parent->vlans, vlans, __ATOMIC_RELEASE);
	return 0;
}

int dp_port_add(struct dp *dp, const struct dp_port_params *p, uint16_t *index, struct error *err)
{
	struct port *port = &dp->ports[dp->n_ports];
	int rc;

	if (dp->n_ports == DP_PORTS_MAX)
		return error_set(err, ENOSPC, "more than %u ports", DP_PORTS_MAX);
	if (p->n_addrs > DP_PORT_ADDRS_MAX)
		return error_set(
			err, EINVAL, "port %s: more than %u addresses", p->name, DP_PORT_ADDRS_MAX);
	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), "%s", p->name);
	port->promiscuous = p->promiscuous;
	port->n_addrs = p->n_addrs;
	memcpy(port->addrs_be, p->addrs_be, sizeof(port->addrs_be));
	port->mac = p->mac;
	port->mtu = p->mtu;
	port->lan = p->lan;
	port->internet_exit = p->internet_exit;
	port->host = p->host;
	port->phys = (uint16_t)dp->n_ports;
	if (p->vlan != 0) {
		rc = add_vlan(dp, p, err);
		if (rc < 0)
			return rc;
	} else if (p->rx != NULL) {
		port->rx = p->rx;
		port->tx = p->tx;
		port->ctx = p->ctx;
		port->ethdev = RTE_MAX_ETHPORTS;
		port->n_rxq = (uint16_t)dp->params.n_workers;
	} else {
		rc = configure(dp, p, port, err);
		if (rc < 0)
			return rc;
		port->rx = ethdev_rx;
		port->tx = ethdev_tx;
		port->ctx = (void *)(uintptr_t)p->ethdev;
		port->ethdev = p->ethdev;
		if (!p->mac_set) {
			struct rte_ether_addr mac;

			rte_eth_macaddr_get(p->ethdev, &mac);
			memcpy(&port->mac, &mac, sizeof(port->mac));
		}
	}
	for (unsigned i = 0; p->host && i < p->n_addrs; i++)
		host_add(dp, p->addrs_be[i]);
	port->used = true;
	port->n_polled = port->n_rxq;
	*index = (uint16_t)dp->n_ports;
	__atomic_store_n(&dp->n_ports, dp->n_ports + 1, __ATOMIC_RELEASE);
	return 0;
}

struct mac_addr dp_port_mac(const struct dp *dp, uint16_t port)
{
	return dp->ports[port].mac;
}

uint16_t dp_port_vlan(const struct dp *dp, uint16_t port)
{
	return dp->ports[port].vlan;
}

uint16_t dp_port_ethdev(const struct dp *dp, uint16_t port)
{
	return dp->ports[port].ethdev;
}

unsigned dp_port_rx_queues(const struct dp *dp, uint16_t port)
{
	return dp->ports[port].n_rxq;
}

/* Workers that see the change no more touch the device. */
static void close_for(struct dp *dp, struct port *port, enum port_closed why, bool closed)
{
	uint8_t word = closed ? port->closed | why : port->closed & ~why;

	__atomic_store_n(&port->closed, word, __ATOMIC_RELEASE);
	__atomic_store_n(&port->n_polled, word & PORT_STOPPED ? 0 : port->n_rxq, __ATOMIC_RELEASE);
	if (closed)
		dp_synchronize(dp);
}

void dp_port_set_link(struct dp *dp, uint16_t index, bool up)
{
	close_for(dp, &dp->ports[index], PORT_LINK_DOWN, !up);
}

int dp_port_stop(struct dp *dp, uint16_t index)
{
	struct port *port = &dp->ports[index];

	if (port->vlan != 0 || port->closed & PORT_STOPPED)
		return port->vlan != 0 ? -EINVAL : 0;
	close_for(dp, port, PORT_STOPPED, true);
	return port->ethdev == RTE_MAX_ETHPORTS ? 0 : rte_eth_dev_stop(port->ethdev);
}

int dp_port_start(struct dp *dp, uint16_t index)
{
	struct port *port = &dp->ports[index];
	int rc = 0;

	if (port->vlan != 0 || !(port->closed & PORT_STOPPED))
		return port->vlan != 0 ? -EINVAL : 0;
	if (port->ethdev != RTE_MAX_ETHPORTS)
		rc = rte_eth_dev_start(port->ethdev);
	if (rc == 0)
		close_for(dp, port, PORT_STOPPED, false);
	return rc;
}

enum dp_port_state dp_port_state(const struct dp *dp, uint16_t index)
{
	uint8_t closed = dp->ports[dp->ports[index].phys].closed;

	if (closed & PORT_STOPPED)
		return DP_PORT_STOPPED;
	return closed & PORT_LINK_DOWN ? DP_PORT_LINK_DOWN : DP_PORT_UP;
}

/* At any moment all addresses that stay are there, for whoever looks without a lock. */
int dp_port_add_address(struct dp *dp, uint16_t index, uint32_t addr_be)
{
	struct port *port = &dp->ports[index];

	if (port->n_addrs == DP_PORT_ADDRS_MAX)
		return -ENOSPC;
	port->addrs_be[port->n_addrs] = addr_be;
	__atomic_store_n(&port->n_addrs, port->n_addrs + 1, __ATOMIC_RELEASE);
	return 0;
}

int dp_port_del_address(struct dp *dp, uint16_t index, uint32_t addr_be)
{
	struct port *port = &dp->ports[index];

	for (unsigned i = 0; i < port->n_addrs; i++) {
		if (port->addrs_be[i] != addr_be)
			continue;
		__atomic_store_n(
			&port->addrs_be[i], port->addrs_be[port->n_addrs - 1], __ATOMIC_RELEASE);
		__atomic_store_n(&port->n_addrs, port->n_addrs - 1, __ATOMIC_RELEASE);
		return 0;
	}
	return -ENOENT;
}

unsigned dp_port_offloads(const struct dp *dp, uint16_t port)
{
	return dp->ports[dp->ports[port].phys].offloads;
}
