/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP (RFC 826) over Ethernet for IPv4: what others say and ask, and our own questions. */
#define LOG_SUBSYSTEM LOG_PORT

#include <errno.h>

#include <rte_arp.h>

#include "common/cursor.h"
#include "common/log.h"
#include "control/hub_priv.h"

#define FRAME_MIN 60 /* IEEE 802.3: shortest frame, without its check sequence */

struct arp {
	uint16_t op;
	struct mac_addr sender_mac;
	uint32_t sender_be;
	uint32_t target_be;
};

/* @return false if this is not ARP for IPv4 over Ethernet */
static bool parse(const uint8_t *frame, unsigned len, struct arp *a)
{
	struct cursor c = cursor_open(frame, len);
	uint16_t hardware, protocol, lengths;

	cursor_take(&c, sizeof(struct rte_ether_hdr));
	hardware = cursor_u16(&c);
	protocol = cursor_u16(&c);
	lengths = cursor_u16(&c);
	a->op = cursor_u16(&c);
	cursor_copy(&c, &a->sender_mac, sizeof(a->sender_mac));
	a->sender_be = cursor_be32(&c);
	cursor_take(&c, sizeof(a->sender_mac));
	a->target_be = cursor_be32(&c);
	return !c.error && hardware == RTE_ARP_HRD_ETHER && protocol == RTE_ETHER_TYPE_IPV4 &&
	       lengths == (6 << 8 | 4) &&
	       (a->op == RTE_ARP_OP_REQUEST || a->op == RTE_ARP_OP_REPLY);
}

static int transmit(struct hub *h, uint16_t port, const struct arp *a, const struct mac_addr *to,
	const struct mac_addr *target_mac)
{
	struct rte_mbuf *m = dp_inject_alloc(h->dp);
	uint8_t *frame = m ? (uint8_t *)rte_pktmbuf_append(m, FRAME_MIN) : NULL;
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;
	struct rte_arp_hdr *arp;

	if (frame == NULL) {
		rte_pktmbuf_free(m);
		return -ENOBUFS;
	}
	memset(frame, 0, FRAME_MIN);
	memcpy(&eth->dst_addr, to, sizeof(eth->dst_addr));
	memcpy(&eth->src_addr, &a->sender_mac, sizeof(eth->src_addr));
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	arp = (struct rte_arp_hdr *)(eth + 1);
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = sizeof(struct mac_addr);
	arp->arp_plen = sizeof(uint32_t);
	arp->arp_opcode = rte_cpu_to_be_16(a->op);
	memcpy(&arp->arp_data.arp_sha, &a->sender_mac, sizeof(arp->arp_data.arp_sha));
	arp->arp_data.arp_sip = a->sender_be;
	memcpy(&arp->arp_data.arp_tha, target_mac, sizeof(arp->arp_data.arp_tha));
	arp->arp_data.arp_tip = a->target_be;
	if (dp_inject_frame(h->dp, port, m) < 0)
		return -ENOBUFS;
	h->punts[DP_PUNT_ARP].sent++;
	return 0;
}

static void reply(struct hub *h, uint16_t port, const struct arp *question)
{
	struct arp a = {
		.op = RTE_ARP_OP_REPLY,
		.sender_mac = dp_port_mac(h->dp, port),
		.sender_be = question->target_be,
		.target_be = question->sender_be,
	};

	if (transmit(h, port, &a, &question->sender_mac, &question->sender_mac) == 0)
		h->arp.replies_out++;
}

static const struct mac_addr everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, unknown;

void hub_arp_announce(struct hub *h, uint16_t port)
{
	const struct config_port *c = h->ports[port].config;

	for (unsigned i = 0; i < c->n_addresses; i++) {
		struct arp a = {
			.op = RTE_ARP_OP_REQUEST,
			.sender_mac = dp_port_mac(h->dp, port),
			.sender_be = c->addresses[i].addr.v4_be,
			.target_be = c->addresses[i].addr.v4_be,
		};

		if (transmit(h, port, &a, &everybody, &unknown) == 0)
			h->arp.requests_out++;
	}
}

int hub_arp_request(struct hub *h, uint16_t port, uint32_t addr_be, const struct mac_addr *to)
{
	const struct ip_prefix *ours = hub_port_prefix_of(h, port, addr_be);
	struct arp a = {
		.op = RTE_ARP_OP_REQUEST,
		.sender_mac = dp_port_mac(h->dp, port),
		.sender_be = (ours ? ours : &h->ports[port].config->addresses[0])->addr.v4_be,
		.target_be = addr_be,
	};
	int rc = transmit(h, port, &a, to ? to : &everybody, &unknown);

	if (rc == 0)
		h->arp.requests_out++;
	return rc;
}

/* Somebody else uses our address (RFC 5227 2.4): say so, and keep to what we have. */
static void conflict(struct hub *h, uint16_t port, const struct arp *a)
{
	struct ip_addr addr = ip_addr_v4(a->sender_be);
	char text[IP_ADDR_STRLEN], mac[MAC_ADDR_STRLEN];

	log_stranger("%s: %s claims the hub's own address %s", h->ports[port].config->name,
		mac_addr_str(&a->sender_mac, mac), ip_addr_str(&addr, text));
}

/* May this sender be believed? Probes (RFC 5227 2.1.1) have no sender address to believe in. */
static bool sender_good(struct hub *h, uint16_t port, const struct arp *a)
{
	struct rte_ether_addr mac;

	memcpy(&mac, &a->sender_mac, sizeof(mac));
	/* RFC 1812 3.3.2: nobody's link address is a group's. */
	if (!rte_is_valid_assigned_ether_addr(&mac))
		return false;
	if (a->sender_be == 0)
		return a->op == RTE_ARP_OP_REQUEST;
	if (hub_port_has_address(h, port, a->sender_be)) {
		conflict(h, port, a);
		return false;
	}
	return hub_port_prefix_of(h, port, a->sender_be) != NULL;
}

void hub_arp_receive(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *frame, unsigned len)
{
	uint16_t port = info->port;
	struct arp a;
	bool for_us;

	if (port >= h->n_ports || !parse(frame, len, &a) || !sender_good(h, port, &a)) {
		h->arp.refused++;
		return;
	}
	if (a.op == RTE_ARP_OP_REQUEST)
		h->arp.requests_in++;
	else
		h->arp.replies_in++;
	/*
	 * RFC 826, packet reception: who is known already is updated whomever the packet is for;
	 * who is new is learned only from a packet for us.
	 */
	for_us = hub_port_has_address(h, port, a.target_be);
	if (a.sender_be != 0)
		hub_neighbor_heard(h, port, a.sender_be, &a.sender_mac, for_us);
	if (for_us && a.op == RTE_ARP_OP_REQUEST)
		reply(h, port, &a);
}
