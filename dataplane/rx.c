/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First stage: from frames to IPv4 packets. ARP goes to control as it is, packets of a LAN port
 * straight to forwarding.
 */
#include "common/cursor.h"
#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"

static const struct rte_ether_addr broadcast = {.addr_bytes = {255, 255, 255, 255, 255, 255}};

/* A frame is ours when it is sent to us, to all, or to a group (RFC 1112 maps IP groups there). */
static bool frame_is_ours(const struct port *port, const struct rte_ether_addr *dst)
{
	return memcmp(dst, &port->mac, sizeof(*dst)) == 0 || (dst->addr_bytes[0] & 1) != 0;
}

static bool arp_is_ours(const struct rte_ether_addr *dst, const struct port *port)
{
	return rte_is_same_ether_addr(dst, &broadcast) ||
	       memcmp(dst, &port->mac, sizeof(*dst)) == 0;
}

/* Drivers may deliver long packets in pieces; all later stages see one piece. */
static bool join_segments(struct rte_mbuf *m)
{
	return m->nb_segs == 1 || rte_pktmbuf_linearize(m) == 0;
}

/* The port that stands for a VLAN of this one, counted; false if none does (VLAN 0: itself). */
static bool enter_vlan(struct worker *w, struct pkt *p, uint16_t id, unsigned len)
{
	const uint8_t *vlans = __atomic_load_n(&w->dp->ports[p->port].vlans, __ATOMIC_ACQUIRE);

	if (id == 0)
		return true;
	if (vlans == NULL || vlans[id] == NO_VLAN)
		return false;
	p->port = vlans[id];
	w->stats.ports[p->port].rx_packets++;
	w->stats.ports[p->port].rx_bytes += len;
	return true;
}

/*
 * A tagged frame becomes an untagged one on the port that stands for its VLAN; false if no port
 * does. Priority tags (VLAN 0) mean the port itself (IEEE 802.1Q 9.6).
 */
static bool take_tag(struct worker *w, struct pkt *p)
{
	uint8_t *frame = rte_pktmbuf_mtod(p->m, uint8_t *);
	struct cursor c = cursor_open(frame, p->m->data_len);
	uint16_t id;

	cursor_take(&c, sizeof(struct rte_ether_hdr));
	id = cursor_u16(&c) & 0x0fff;
	cursor_u16(&c);
	if (c.error || !enter_vlan(w, p, id, p->m->data_len - sizeof(struct rte_vlan_hdr)))
		return false;
	memmove(frame + sizeof(struct rte_vlan_hdr), frame, 2 * RTE_ETHER_ADDR_LEN);
	buf_set(p->m, frame + sizeof(struct rte_vlan_hdr),
		p->m->data_len - sizeof(struct rte_vlan_hdr));
	return true;
}

static void take_arp(struct worker *w, const struct port *port, struct pkt *p, uint8_t *frame)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)frame;

	if (!arp_is_ours(&eth->dst_addr, port)) {
		pkt_drop(w, p, DP_DROP_eth_not_ours);
		return;
	}
	if (port->lan)
		p->table = DP_TABLE_OVERLAY;
	pkt_punted(w, p, DP_PUNT_ARP, punt_copy(w, DP_PUNT_ARP, p, frame, p->m->data_len, 0, 0));
}

/* Returns true if the packet is IPv4 for us. */
static bool rx_one(struct worker *w, struct pkt *p)
{
	const struct port *port;
	struct rte_mbuf *m = p->m;
	const struct rte_ether_hdr *eth;
	uint8_t *frame;

	if (unlikely(!join_segments(m))) {
		pkt_drop(w, p, DP_DROP_eth_segments);
		return false;
	}
	buf_guard(m);
	if (unlikely(m->data_len < sizeof(*eth))) {
		pkt_drop(w, p, DP_DROP_eth_truncated);
		return false;
	}
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	eth = (const struct rte_ether_hdr *)frame;
	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) &&
		!enter_vlan(w, p, m->vlan_tci & 0x0fff, m->data_len)) {
		pkt_drop(w, p, DP_DROP_eth_vlan);
		return false;
	}
	if (unlikely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN))) {
		if (!take_tag(w, p)) {
			pkt_drop(w, p, DP_DROP_eth_vlan);
			return false;
		}
		frame = rte_pktmbuf_mtod(m, uint8_t *);
		eth = (const struct rte_ether_hdr *)frame;
	}
	port = &w->dp->ports[p->port];
	p->l3 = frame + sizeof(*eth);
	p->l3_len = (uint16_t)(m->data_len - sizeof(*eth));
	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))) {
		if (likely(frame_is_ours(port, &eth->dst_addr)))
			return true;
		pkt_drop(w, p, DP_DROP_eth_not_ours);
	} else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP)) {
		take_arp(w, port, p, frame);
	} else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		pkt_drop(w, p, DP_DROP_ip6);
	} else {
		pkt_drop(w, p, DP_DROP_eth_type);
	}
	return false;
}

unsigned rx_stage(struct worker *w, struct pkt **line, unsigned n)
{
	struct dp_port_stats *stats = &w->stats.ports[line[0]->port];
	uint64_t bytes = 0;
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(line[i]->m, void *));
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = line[i];

		bytes += p->m->pkt_len;
		if (unlikely(!rx_one(w, p)))
			continue;
		if (unlikely(w->dp->ports[p->port].lan)) {
			p->table = DP_TABLE_OVERLAY;
			buf_set(p->m, p->l3, p->l3_len);
			w->lan[w->n_lan++] = p;
		} else {
			line[kept++] = p;
		}
	}
	stats->rx_packets += n;
	stats->rx_bytes += bytes;
	return kept;
}
