/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GRE out: does the packet fit, has its peer an SA and a next hop; then the headers of the peer in
 * front of it, with room left for ESP's.
 */
#include <rte_udp.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"
#include "dataplane/mss_priv.h"

#define TOS_CS6 0xc0
#define DF      RTE_BE16(RTE_IPV4_HDR_DF_FLAG)

/*
 * GRE header in front of l3. Without a checksum the peer's eight octets, made to end with the
 * header, do for any; a shorter header's excess is overwritten by ESP's IV later.
 */
static void write_gre(uint8_t *l3, const struct peer *peer, uint16_t protocol)
{
	memcpy(l3 - sizeof(peer->gre), peer->gre, sizeof(peer->gre));
	if (unlikely(protocol != 0x0800)) {
		uint8_t *gre = l3 - peer->gre_len;

		gre[2] = (uint8_t)(protocol >> 8);
		gre[3] = (uint8_t)protocol;
	}
}

/* RFC 2784 2.3: the checksum covers header and payload, itself taken as zero. */
static void write_gre_checksum(
	uint8_t *l3, unsigned l3_len, const struct peer *peer, uint16_t protocol)
{
	uint8_t *gre = l3 - peer->gre_len;
	uint16_t sum;

	write_gre(l3, peer, 0x0800);
	memmove(gre, l3 - (peer->gre_len - 4), 4);
	gre[2] = (uint8_t)(protocol >> 8);
	gre[3] = (uint8_t)protocol;
	memset(gre + 4, 0, 4);
	sum = (uint16_t)~rte_raw_cksum(gre, peer->gre_len + l3_len);
	memcpy(gre + 4, &sum, sizeof(sum));
}

/* RFC 3948 2.1: both ports of IKE, checksum zero; esp_out knows the length. */
static void write_udp(uint8_t *end, uint16_t port_be)
{
	struct rte_udp_hdr udp = {.src_port = RTE_BE16(4500), .dst_port = port_be};

	memcpy(end - sizeof(udp), &udp, sizeof(udp));
}

/*
 * Type of service of the outer header: DSCP copied or set (RFC 2983), ECN always copied (RFC 6040
 * 4.1, normal mode). Control's own packets keep their precedence; NHRP is internetwork control.
 */
static uint8_t outer_tos(const struct pkt *p, uint8_t policy)
{
	if (unlikely(p->protocol != 0x0800))
		return TOS_CS6;
	if (likely(policy == OUT_TOS_COPY || p->flags & PKT_LOCAL))
		return p->l3[1];
	return (uint8_t)(policy | (p->l3[1] & RTE_IPV4_HDR_ECN_MASK));
}

/*
 * Don't fragment as the inner packet has it, or an identification: what the peer's header left
 * open. NHRP has no such bit and takes no harm from fragmentation.
 */
static void write_df(
	struct worker *w, const struct pkt *p, const struct peer *peer, struct rte_ipv4_hdr *ip)
{
	const struct rte_ipv4_hdr *inner = (const struct rte_ipv4_hdr *)p->l3;
	uint32_t sum = (uint16_t)~ip->hdr_checksum;

	if (peer->df == DP_DF_COPY && p->protocol == 0x0800 && (inner->fragment_offset & DF) != 0)
		ip->fragment_offset = DF;
	else
		ip->packet_id = rte_cpu_to_be_16(ident_next(w, ip->dst_addr));
	sum += (uint32_t)ip->fragment_offset + ip->packet_id;
	ip->hdr_checksum = (rte_be16_t) ~((sum & 0xffff) + (sum >> 16));
}

enum fit {
	FITS,
	GONE,
	TOO_BIG, /* but may be fragmented */
};

/* RFC 1812 4.3.2.3: only don't-fragment packets are reported to their sender. */
static enum fit too_big(struct worker *w, struct pkt *p, uint16_t mtu)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;

	if (p->protocol == 0x0800 && (ip->fragment_offset & DF) == 0)
		return TOO_BIG;
	punt_error(w, p, DP_DROP_fwd_too_big, mtu);
	return GONE;
}

static void clamp(struct worker *w, const struct peer *peer, struct pkt *p)
{
	uint16_t mss = w->dp->tunnels[peer->tunnel].p.adjust_mss;

	if (mss != 0)
		w->stats.mss_clamped += mss_clamp(p->l3, p->l3_len, mss);
}

static enum fit gre_out_one(struct worker *w, struct pkt *p)
{
	const struct peer *peer = &w->dp->peers[DP_ADJ_INDEX(p->adj)];
	union peer_out out = {.word = __atomic_load_n(&peer->out.word, __ATOMIC_ACQUIRE)};
	union peer_outer outer = {.word = __atomic_load_n(&peer->outer.word, __ATOMIC_ACQUIRE)};
	const __m128i l2 = l2_load(&peer->l2);
	const uint16_t port = l2_port(l2);
	unsigned front = sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr);
	uint8_t *frame;
	unsigned room, inner_len = 0;

	if (unlikely(p->protocol == 0x0800 && p->l3[9] == IPPROTO_TCP))
		clamp(w, peer, p);
	if (unlikely(p->l3_len > out.mtu)) {
		return too_big(w, p, out.mtu);
	}
	if (unlikely(out.sa == SA_NONE)) {
		pkt_drop(w, p, DP_DROP_out_no_sa);
		return GONE;
	}
	if (unlikely(port == DP_PORT_NONE)) {
		pkt_drop(w, p, DP_DROP_out_no_neighbor);
		return GONE;
	}
	front += outer.port_be != 0 ? sizeof(struct rte_udp_hdr) : 0;
	if (unlikely(out.tunnel))
		inner_len = sizeof(struct rte_ipv4_hdr);
	room = front + ESP_HDR_LEN + out.iv_len + inner_len + peer->gre_len;
	if (unlikely(buf_room_before(p->m, p->l3) < room ||
		     buf_room_after(p->m, p->l3) < p->l3_len + (unsigned)ESP_TAIL_MAX)) {
		pkt_drop(w, p, DP_DROP_out_no_room);
		return GONE;
	}
	frame = p->l3 - room;
	buf_set(p->m, frame, room + p->l3_len + ESP_TAIL_MAX);

	if (unlikely(peer->gre_checksum))
		write_gre_checksum(p->l3, p->l3_len, peer, p->protocol);
	else
		write_gre(p->l3, peer, p->protocol);

	if (unlikely(out.tunnel))
		esp_tunnel_write(p->l3 - peer->gre_len, peer->gre_len + p->l3_len, peer,
			outer.addr_be, outer_tos(p, out.tos), w->dp->tunnels[peer->tunnel].p.ttl);

	/* The last two of these sixteen octets are the port's; the IP header overwrites them. */
	_mm_storeu_si128((__m128i *)frame, l2);
	memcpy(frame + sizeof(struct rte_ether_hdr), &peer->ip, sizeof(peer->ip));
	memcpy(frame + sizeof(struct rte_ether_hdr) + sizeof(peer->ip), &outer.addr_be, 4);
	frame[sizeof(struct rte_ether_hdr) + 1] = outer_tos(p, out.tos);
	if (unlikely(peer->df != DP_DF_SET))
		write_df(w, p, peer, (struct rte_ipv4_hdr *)(frame + sizeof(struct rte_ether_hdr)));
	if (unlikely(outer.port_be != 0))
		write_udp(frame + front, outer.port_be);

	if (p->tunnel_in == peer->tunnel) {
		w->stats.hairpin++;
		if (unlikely(peer->redirect))
			redirect_hint(w, p);
	}
	p->port = port;
	p->esp.sa = sa_at(w->dp->sa_out, out.sa);
	p->esp.esp = frame + front;
	p->esp.payload_len = (uint16_t)(inner_len + peer->gre_len + p->l3_len);
	p->esp.next_header = ESP_NEXT_GRE;
	if (unlikely(out.tunnel))
		p->esp.next_header = ESP_NEXT_IP4;
	rte_prefetch0(p->esp.sa);
	rte_prefetch0(&p->esp.sa->hot);
	return FITS;
}

/* What is in line goes first, then the pieces: nothing of a flow overtakes. */
static void send_fragments(struct worker *w, struct pkt *p, struct pkt **line, unsigned kept)
{
	uint16_t mtu = dp_peer_mtu(w->dp, DP_ADJ_INDEX(p->adj));
	struct pkt *pieces[FRAGMENTS_MAX];
	unsigned n = fragment(w, p, mtu, w->fragments), fit = 0;

	worker_send(w, line, kept);
	for (unsigned i = 0; i < n; i++) {
		pieces[fit] = &w->fragments[i];
		fit += gre_out_one(w, pieces[fit]) == FITS;
	}
	worker_send(w, pieces, fit);
}

unsigned gre_out_stage(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		enum fit fit = gre_out_one(w, line[i]);

		if (likely(fit == FITS)) {
			line[kept++] = line[i];
		} else if (fit == TOO_BIG) {
			send_fragments(w, line[i], line, kept);
			kept = 0;
		}
	}
	return kept;
}
