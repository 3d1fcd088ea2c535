/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outer IPv4: is it well formed, is it for the hub, and what does it carry. ESP stays in line; the
 * hub routes nothing between its outer ports, so everything else ends here or at control.
 */
#include <rte_udp.h>

#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

#define PORT_IKE      500
#define PORT_IKE_NATT 4500

static bool port_has_address(const struct port *port, uint32_t be)
{
	for (unsigned i = 0; i < port->n_addrs; i++)
		if (port->addrs_be[i] == be)
			return true;
	return false;
}

/*
 * Outer UDP: IKE goes to control. On port 4500 IKE carries four zero octets where ESP has its SPI
 * (RFC 3948 2.2).
 */
static void take_udp(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	struct cursor c = cursor_open(p->l3, p->l3_len);
	uint16_t port, len;
	uint32_t marker;

	cursor_take(&c, rte_ipv4_hdr_len(ip) + 2u);
	port = cursor_u16(&c);
	len = cursor_u16(&c);
	cursor_u16(&c);
	if (c.error || len < sizeof(struct rte_udp_hdr) ||
		len - sizeof(struct rte_udp_hdr) > cursor_left(&c)) {
		pkt_drop(w, p, DP_DROP_udp_length);
	} else if (port == PORT_IKE) {
		punt_l3(w, DP_PUNT_IKE, p);
	} else if (port == PORT_IKE_NATT) {
		marker = cursor_u32(&c);
		if (!c.error && marker == 0)
			punt_l3(w, DP_PUNT_IKE, p);
		else
			pkt_drop(w, p, DP_DROP_esp_natt);
	} else {
		pkt_drop(w, p, DP_DROP_local_ignored);
	}
}

/* Anything well formed for the hub that is not plain ESP. */
static void take_other(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;

	if ((ip->fragment_offset & RTE_BE16(0x3fff)) != 0) {
		pkt_drop(w, p, DP_DROP_ip4_fragment);
		return;
	}
	switch (ip->next_proto_id) {
	case IPPROTO_UDP:
		take_udp(w, p);
		break;
	case IPPROTO_ICMP:
		punt_l3(w, DP_PUNT_ICMP, p);
		break;
	case IPPROTO_GRE:
		pkt_drop(w, p, DP_DROP_ip4_clear_gre);
		break;
	case IPPROTO_IPIP:
		pkt_drop(w, p, DP_DROP_ip4_clear_inner);
		break;
	default:
		pkt_drop(w, p, DP_DROP_ip4_protocol);
	}
}

static const enum dp_drop drop_of_check[] = {
	[IP4_TRUNCATED] = DP_DROP_ip4_truncated,
	[IP4_HEADER] = DP_DROP_ip4_header,
	[IP4_CHECKSUM] = DP_DROP_ip4_checksum,
};

/* Returns true if the packet is ESP and stays in line. */
static bool ip4_in_one(struct worker *w, const struct port *port, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	enum ip4_check check = ip4_check(p->l3, &p->l3_len);

	if (unlikely(check != IP4_OK)) {
		pkt_drop(w, p, drop_of_check[check]);
		return false;
	}
	if (unlikely(!port_has_address(port, ip->dst_addr))) {
		pkt_drop(w, p, DP_DROP_ip4_not_ours);
		return false;
	}
	if (unlikely(ip4_bad_source(ip->src_addr) || ip->src_addr == ip->dst_addr)) {
		pkt_drop(w, p, DP_DROP_ip4_source);
		return false;
	}
	if (likely(ip->next_proto_id == IPPROTO_ESP &&
		    (ip->fragment_offset & RTE_BE16(0x3fff)) == 0)) {
		p->esp.esp = p->l3 + rte_ipv4_hdr_len(ip);
		p->esp.len = (uint16_t)(p->l3_len - rte_ipv4_hdr_len(ip));
		return true;
	}
	take_other(w, p);
	return false;
}

unsigned ip4_in_stage(struct worker *w, struct pkt **line, unsigned n)
{
	const struct port *port = &w->dp->ports[line[0]->port];
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (ip4_in_one(w, port, line[i]))
			line[kept++] = line[i];
	return kept;
}
