/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outer IPv4: is it well formed, is it for the hub, and what does it carry. ESP stays in line; the
 * hub routes nothing between its outer ports, so everything else ends here or at control.
 */
#include <rte_udp.h>

#include "dataplane/buf_priv.h"
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
 * Port 4500: IKE carries four zero octets where ESP has its SPI (RFC 3948 2.2), a keepalive is one
 * octet (2.3). The UDP checksum is not looked at: ESP's ICV says more (2.1). Returns true for ESP.
 */
static bool take_natt(struct worker *w, struct pkt *p, struct cursor *c, unsigned len)
{
	const uint8_t *payload = c->at;
	uint32_t marker;

	if (len == 1 && *payload == 0xff) {
		pkt_drop(w, p, DP_DROP_udp_keepalive);
		return false;
	}
	marker = cursor_u32(c);
	if (len < sizeof(marker)) {
		pkt_drop(w, p, DP_DROP_udp_length);
		return false;
	}
	if (marker == 0) {
		punt_l3(w, DP_PUNT_IKE, p);
		return false;
	}
	p->esp.esp = (uint8_t *)(uintptr_t)payload;
	p->esp.len = (uint16_t)len;
	p->flags |= PKT_UDP;
	return true;
}

/* Outer UDP: IKE goes to control, ESP stays in line. Returns true for ESP. */
static bool take_udp(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	struct cursor c = cursor_open(p->l3, p->l3_len);
	struct rte_udp_hdr udp = {0};
	const uint8_t *header;
	uint16_t port, len;

	cursor_take(&c, rte_ipv4_hdr_len(ip));
	header = cursor_take(&c, sizeof(udp));
	if (likely(header != NULL))
		memcpy(&udp, header, sizeof(udp));
	port = rte_be_to_cpu_16(udp.dst_port);
	len = rte_be_to_cpu_16(udp.dgram_len);
	if (len < sizeof(struct rte_udp_hdr) ||
		len - sizeof(struct rte_udp_hdr) > cursor_left(&c)) {
		pkt_drop(w, p, DP_DROP_udp_length);
	} else if (port == PORT_IKE) {
		punt_l3(w, DP_PUNT_IKE, p);
	} else if (port == PORT_IKE_NATT) {
		return take_natt(w, p, &c, len - (unsigned)sizeof(struct rte_udp_hdr));
	} else if (!host_take(w, DP_PUNT_OUTER_HOST, p)) {
		pkt_drop(w, p, DP_DROP_local_ignored);
	}
	return false;
}

/* Anything well formed for the hub that is not plain ESP. Returns true if it is ESP in UDP. */
static bool take_other(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;

	switch (ip->next_proto_id) {
	case IPPROTO_UDP:
		return take_udp(w, p);
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
		if (!host_take(w, DP_PUNT_OUTER_HOST, p))
			pkt_drop(w, p, DP_DROP_ip4_protocol);
	}
	return false;
}

static void take_esp(struct pkt *p)
{
	unsigned header = rte_ipv4_hdr_len((const struct rte_ipv4_hdr *)p->l3);

	p->esp.esp = p->l3 + header;
	p->esp.len = (uint16_t)(p->l3_len - header);
}

/* A fragment for the hub. Returns true if it completes an ESP packet. */
static bool take_fragment(struct worker *w, struct pkt *p)
{
	uint8_t protocol = ((const struct rte_ipv4_hdr *)p->l3)->next_proto_id;

	if (protocol != IPPROTO_ESP && protocol != IPPROTO_UDP) {
		/* The kernel has a reassembly of its own, but GRE in clear is for nobody. */
		if (protocol == IPPROTO_GRE || protocol == IPPROTO_IPIP ||
			!host_take(w, DP_PUNT_OUTER_HOST, p))
			pkt_drop(w, p, DP_DROP_ip4_fragment);
		return false;
	}
	if (!reassemble(w, p))
		return false;
	if (protocol == IPPROTO_UDP)
		return take_udp(w, p);
	take_esp(p);
	return true;
}

static const enum dp_drop drop_of_check[] = {
	[IP4_TRUNCATED] = DP_DROP_ip4_truncated,
	[IP4_HEADER] = DP_DROP_ip4_header,
	[IP4_CHECKSUM] = DP_DROP_ip4_checksum,
};

/* What the device says is bad is looked at again: not all devices mean the same by it. */
static bool is_summed(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

/*
 * Not for the hub. An Internet exit forwards it, as long as it was sent to us alone: what goes to
 * all on a link goes nowhere else (RFC 1812 5.3.4).
 */
static void take_transit(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	const struct rte_ether_hdr *eth =
		(const struct rte_ether_hdr *)(p->l3 - sizeof(struct rte_ether_hdr));

	if (!w->dp->ports[p->port].internet_exit || rte_is_multicast_ether_addr(&eth->dst_addr) ||
		rte_be_to_cpu_32(ip->dst_addr) >= 0xe0000000) { /* multicast, and beyond */
		pkt_drop(w, p, DP_DROP_ip4_not_ours);
		return;
	}
	p->table = DP_TABLE_OVERLAY;
	p->flags |= PKT_OUTSIDE;
	buf_set(p->m, p->l3, p->l3_len);
	w->lan[w->n_lan++] = p;
}

/* Returns true if the packet is ESP and stays in line. */
static bool ip4_in_one(struct worker *w, struct pkt *p)
{
	const struct port *port = &w->dp->ports[p->port];
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	enum ip4_check check = ip4_check(p->l3, &p->l3_len, is_summed(p->m));

	if (unlikely(check != IP4_OK)) {
		pkt_drop(w, p, drop_of_check[check]);
		return false;
	}
	if (unlikely(!port_has_address(port, ip->dst_addr))) {
		take_transit(w, p);
		return false;
	}
	if (unlikely(ip4_bad_source(ip->src_addr) || ip->src_addr == ip->dst_addr)) {
		pkt_drop(w, p, DP_DROP_ip4_source);
		return false;
	}
	if (unlikely((ip->fragment_offset & RTE_BE16(0x3fff)) != 0))
		return take_fragment(w, p);
	if (likely(ip->next_proto_id == IPPROTO_ESP)) {
		take_esp(p);
		return true;
	}
	return take_other(w, p);
}

unsigned ip4_in_stage(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (ip4_in_one(w, line[i]))
			line[kept++] = line[i];
	return kept;
}
