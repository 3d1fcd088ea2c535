/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Forwarding of IPv4 packets by their table (RFC 1812 5.2): header checks, route, TTL. Packets for
 * a peer stay in line; those for an Ethernet neighbor leave by eth_out.
 */
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

#define PORT_RIP 520

static const enum dp_drop drop_of_check[] = {
	[IP4_TRUNCATED] = DP_DROP_fwd_truncated,
	[IP4_HEADER] = DP_DROP_fwd_header,
	[IP4_CHECKSUM] = DP_DROP_fwd_checksum,
};

/* RFC 2453 3.9.2: the source must be a neighbour's address on the network it came from. */
static void take_rip(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;

	if (p->peer_in != DP_PEER_NONE && ip->src_addr != w->dp->peers[p->peer_in].address_be)
		pkt_drop(w, p, DP_DROP_fwd_rip_source);
	else
		punt_l3(w, DP_PUNT_RIP, p);
}

/*
 * Group and broadcast destinations: RIP (RFC 2453 4.5: to 224.0.0.9, or broadcast by version 1) is
 * control's; nothing else is, and nothing is reflected to other spokes.
 */
static void take_multicast(struct worker *w, struct pkt *p)
{
	if (!(p->flags & PKT_LOCAL) && ip4_udp_port(p->l3, p->l3_len) == PORT_RIP)
		take_rip(w, p);
	else if (!host_take_multicast(w, p))
		pkt_drop(w, p, DP_DROP_fwd_multicast);
}

/* To one of the hub's own addresses. */
static void take_local(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;

	if (ip->next_proto_id == IPPROTO_ICMP)
		punt_l3(w, DP_PUNT_ICMP, p);
	else if (ip4_udp_port(p->l3, p->l3_len) == PORT_RIP)
		take_rip(w, p);
	else if (!host_take(w, DP_PUNT_HOST, p))
		pkt_drop(w, p, DP_DROP_local_ignored);
}

/* Returns true if the header is one that a packet may have. */
static bool check_header(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	enum ip4_check check = ip4_check(p->l3, &p->l3_len, false);

	if (unlikely(check != IP4_OK)) {
		pkt_drop(w, p, drop_of_check[check]);
		return false;
	}
	if (unlikely(p->ecn != IP4_NOT_ECT) && !ip4_take_ecn(p->l3, p->ecn)) {
		pkt_drop(w, p, DP_DROP_fwd_ecn);
		return false;
	}
	if (unlikely(ip4_bad_source(ip->src_addr))) {
		pkt_drop(w, p, DP_DROP_fwd_source);
		return false;
	}
	return true;
}

/* Returns true if the packet is to be routed. */
static bool check_destination(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	uint32_t dst = rte_be_to_cpu_32(ip->dst_addr);

	if (unlikely(dst >= 0xe0000000)) {
		if (ip4_is_multicast(ip->dst_addr) || dst == UINT32_MAX)
			take_multicast(w, p);
		else
			pkt_drop(w, p, DP_DROP_fwd_destination);
		return false;
	}
	/* RFC 1812 5.3.7: "this network" and loopback must not be forwarded. */
	if (unlikely(dst >> 24 == 0 || dst >> 24 == 127)) {
		pkt_drop(w, p, DP_DROP_fwd_destination);
		return false;
	}
	return true;
}

/* RFC 1812 5.3.1: a packet whose TTL would become 0 is discarded. */
static bool take_ttl(struct worker *w, struct pkt *p)
{
	if (p->flags & PKT_LOCAL)
		return true;
	if (unlikely(((const struct rte_ipv4_hdr *)p->l3)->time_to_live <= 1)) {
		punt_error(w, p, DP_DROP_fwd_ttl, 0);
		return false;
	}
	ip4_ttl_down(p->l3);
	return true;
}

/* Adjacencies without an index. */
static void take_special(struct worker *w, struct pkt *p)
{
	switch (p->adj) {
	case DP_ADJ_LOCAL:
		/* The hub is spoken to from outside by its outer addresses alone. */
		if (p->flags & PKT_OUTSIDE)
			pkt_drop(w, p, DP_DROP_fwd_outside);
		else
			take_local(w, p);
		break;
	case DP_ADJ_BLACKHOLE:
		pkt_drop(w, p, DP_DROP_fwd_blackhole);
		break;
	case DP_ADJ_NO_PEER:
		punt_error(w, p, DP_DROP_fwd_no_peer, 0);
		break;
	default:
		punt_error(w, p, DP_DROP_fwd_no_route, 0);
	}
}

static void take_glean(struct worker *w, struct pkt *p)
{
	p->port = (uint16_t)DP_ADJ_INDEX(p->adj);
	punt_copy(w, DP_PUNT_RESOLVE, p, p->l3, p->l3_len, 0, 0);
	pkt_drop(w, p, DP_DROP_out_no_neighbor);
}

/* Returns true if the packet goes to a peer. */
static bool route_one(struct worker *w, struct pkt *p)
{
	switch (DP_ADJ_KIND(p->adj)) {
	case DP_ADJ_PEER:
		p->protocol = 0x0800;
		return take_ttl(w, p);
	case DP_ADJ_ETHER:
		/* From the Internet to the Internet is nobody's way. */
		if (unlikely(p->flags & PKT_OUTSIDE) && leads_outside(w->dp, p->adj))
			pkt_drop(w, p, DP_DROP_fwd_outside);
		else if (take_ttl(w, p))
			w->ether[w->n_ether++] = p;
		return false;
	case DP_ADJ_GLEAN:
		if (take_ttl(w, p))
			take_glean(w, p);
		return false;
	default:
		take_special(w, p);
		return false;
	}
}

/* Of equal routes the one that is this flow's. */
static void choose(const struct dp *dp, struct pkt *p)
{
	p->adj = group_choose(dp, p->adj, (const struct rte_ipv4_hdr *)p->l3);
	if (DP_ADJ_KIND(p->adj) == DP_ADJ_PEER)
		rte_prefetch0(&dp->peers[DP_ADJ_INDEX(p->adj)]);
}

/*
 * Nearly always all packets are of the overlay; then one bulk lookup serves them. Where one of
 * control's leads in the underlay was looked up by control (inject.c), and none of others is led.
 */
static void lookup(struct worker *w, struct pkt **line, unsigned n)
{
	uint64_t hops[BURST_MAX];
	uint32_t dsts[BURST_MAX];
	unsigned same;

	for (unsigned i = 0; i < n; i += same) {
		for (same = 0; i + same < n && line[i + same]->table == line[i]->table; same++) {
			const struct rte_ipv4_hdr *ip =
				(const struct rte_ipv4_hdr *)line[i + same]->l3;

			dsts[same] = rte_be_to_cpu_32(ip->dst_addr);
		}
		if (likely(line[i]->table == DP_TABLE_OVERLAY))
			rte_fib_lookup_bulk(w->dp->fib, dsts, hops, (int)same);
		else
			for (unsigned k = 0; k < same; k++)
				hops[k] = line[i + k]->adj;
		for (unsigned k = 0; k < same; k++) {
			line[i + k]->adj = (uint32_t)hops[k];
			if (likely(DP_ADJ_KIND(hops[k]) == DP_ADJ_PEER))
				rte_prefetch0(&w->dp->peers[DP_ADJ_INDEX(hops[k])]);
			else if (DP_ADJ_KIND(hops[k]) == DP_ADJ_GROUP)
				choose(w->dp, line[i + k]);
		}
	}
}

unsigned ip4_fwd_stage(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (likely(check_header(w, line[i])))
			line[kept++] = line[i];
	n = rpf_check(w, line, kept);
	if (unlikely(w->dp->filtering))
		n = filter_run(w, DP_FILTER_IN, line, n);
	kept = 0;
	for (unsigned i = 0; i < n; i++)
		if (likely(check_destination(w, line[i])))
			line[kept++] = line[i];
	n = kept;
	if (n == 0)
		return 0;
	lookup(w, line, n);
	if (unlikely(w->dp->filtering))
		n = filter_run(w, DP_FILTER_OUT, line, n);
	kept = 0;
	for (unsigned i = 0; i < n; i++)
		if (likely(route_one(w, line[i])))
			line[kept++] = line[i];
	return kept;
}
