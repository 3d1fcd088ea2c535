/* SPDX-License-Identifier: BSD-3-Clause */
/* First stage: from frames to IPv4 packets. ARP goes to control as it is. */
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

/* Returns true if the packet stays in line. */
static bool rx_one(struct worker *w, const struct port *port, struct pkt *p)
{
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
	p->l3 = frame + sizeof(*eth);
	p->l3_len = (uint16_t)(m->data_len - sizeof(*eth));
	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))) {
		if (likely(frame_is_ours(port, &eth->dst_addr)))
			return true;
		pkt_drop(w, p, DP_DROP_eth_not_ours);
	} else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP)) {
		if (arp_is_ours(&eth->dst_addr, port))
			punt_copy(w, DP_PUNT_ARP, p, frame, m->data_len, 0, 0);
		else
			drop_count(w, DP_DROP_eth_not_ours);
		buf_free(m);
	} else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		pkt_drop(w, p, DP_DROP_ip6);
	} else if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN)) {
		pkt_drop(w, p, DP_DROP_eth_vlan);
	} else {
		pkt_drop(w, p, DP_DROP_eth_type);
	}
	return false;
}

unsigned rx_stage(struct worker *w, struct pkt **line, unsigned n)
{
	const struct port *port = &w->dp->ports[line[0]->port];
	struct dp_port_stats *stats = &w->stats.ports[line[0]->port];
	uint64_t bytes = 0;
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(line[i]->m, void *));
	for (unsigned i = 0; i < n; i++) {
		bytes += line[i]->m->pkt_len;
		if (rx_one(w, port, line[i]))
			line[kept++] = line[i];
	}
	stats->rx_packets += n;
	stats->rx_bytes += bytes;
	return kept;
}
