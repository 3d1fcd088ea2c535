/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GRE out: does the packet fit, has its peer an SA and a next hop; then the headers of the peer in
 * front of it, with room left for ESP's.
 */
#include <rte_tcp.h>
#include <rte_udp.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"
#include "dataplane/mss_priv.h"

#define TOS_CS6     0xc0
#define TCP_HDR_LEN 20
#define DF          RTE_BE16(RTE_IPV4_HDR_DF_FLAG)

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
	if (p->protocol != 0x0800)
		return TOS_CS6;
	if (policy == OUT_TOS_COPY || p->flags & PKT_LOCAL)
		return p->l3[1];
	return (uint8_t)(policy | (p->l3[1] & RTE_IPV4_HDR_ECN_MASK));
}

/*
 * Don't fragment as the inner packet has it, or an identification: what the peer's header left
 * open. NHRP has no such bit and takes no harm from fragmentation. Returns what that adds to the
 * header's sum.
 */
static uint32_t write_df(
	struct worker *w, const struct pkt *p, const struct peer *peer, uint8_t *frame)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + sizeof(struct rte_ether_hdr));
	const struct rte_ipv4_hdr *inner = (const struct rte_ipv4_hdr *)p->l3;

	if (peer->df == DP_DF_COPY && p->protocol == 0x0800 && (inner->fragment_offset & DF) != 0)
		ip->fragment_offset = DF;
	else
		ip->packet_id = rte_cpu_to_be_16(ident_next(w, ip->dst_addr));
	return (uint32_t)ip->fragment_offset + ip->packet_id;
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

/* A peer, as of one moment: control may replace each of these between two looks. */
struct way {
	const struct peer *peer;
	union peer_out out;
	union peer_outer outer;
	__m128i l2;
};

static inline struct way way_of(const struct worker *w, const struct pkt *p)
{
	const struct peer *peer = &w->dp->peers[DP_ADJ_INDEX(p->adj)];

	return (struct way){
		.peer = peer,
		.out.word = __atomic_load_n(&peer->out.word, __ATOMIC_ACQUIRE),
		.outer.word = __atomic_load_n(&peer->outer.word, __ATOMIC_ACQUIRE),
		.l2 = l2_load(&peer->l2),
	};
}

static inline bool has_room(const struct pkt *p, unsigned before)
{
	return buf_room_before(p->m, p->l3) >= before &&
	       buf_room_after(p->m, p->l3) >= p->l3_len + (unsigned)ESP_TAIL_MAX;
}

/*
 * Outer headers up to ESP's, but for what its length changes: esp_out knows that. Then the packet
 * is esp_out's: front octets of headers, and what is to be encrypted, less_esp of it before p->l3.
 */
static inline void go_out(struct worker *w, struct pkt *p, const struct way *to, uint8_t *frame,
	unsigned front, unsigned less_esp, uint8_t tos)
{
	const struct peer *peer = to->peer;
	uint8_t *l3 = frame + sizeof(struct rte_ether_hdr);

	/* The last two of these sixteen octets are the port's; the IP header overwrites them. */
	_mm_storeu_si128((__m128i *)frame, to->l2);
	memcpy(l3, &peer->ip, sizeof(peer->ip));
	memcpy(l3 + sizeof(peer->ip), &to->outer.addr_be, sizeof(to->outer.addr_be));
	l3[1] = tos;
	/* RFC 1624: the peer's sum was made without these. */
	p->sum = (uint16_t)~peer->ip.sum + (uint32_t)rte_cpu_to_be_16(tos) +
		 (to->outer.addr_be >> 16) + (to->outer.addr_be & 0xffff);
	if (unlikely(to->outer.port_be != 0))
		write_udp(frame + front, to->outer.port_be);
	if (p->tunnel_in == peer->tunnel) {
		w->stats.hairpin++;
		if (peer->redirect && redirect_due(w))
			redirect_hint(w, p);
	}
	p->port = l2_port(to->l2);
	p->esp.sa = &w->dp->sa_out_slots[to->out.sa];
	p->esp.esp = frame + front;
	p->esp.payload_len = (uint16_t)(less_esp + p->l3_len);
	rte_prefetch0(p->esp.sa);
	rte_prefetch0(&p->esp.sa->hot);
}

static inline unsigned front_of(const struct way *to)
{
	return sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) +
	       (to->outer.port_be != 0 ? sizeof(struct rte_udp_hdr) : 0);
}

/* Any packet, any peer. */
static enum fit gre_out_special(struct worker *w, struct pkt *p)
{
	const struct way to = way_of(w, p);
	const struct peer *peer = to.peer;
	unsigned front = front_of(&to), gre_len = peer->gre_len, room;
	uint8_t *frame, tos = outer_tos(p, to.out.tos);

	if (p->protocol == 0x0800 && p->l3[9] == IPPROTO_TCP)
		clamp(w, peer, p);
	if (unlikely(p->l3_len > to.out.mtu))
		return too_big(w, p, to.out.mtu);
	if (unlikely(to.out.sa == SA_NONE)) {
		pkt_drop(w, p, DP_DROP_out_no_sa);
		return GONE;
	}
	if (unlikely(l2_port(to.l2) == DP_PORT_NONE)) {
		pkt_drop(w, p, DP_DROP_out_no_neighbor);
		return GONE;
	}
	if (to.out.tunnel)
		gre_len += sizeof(struct rte_ipv4_hdr);
	room = front + ESP_HDR_LEN + to.out.iv_len + gre_len;
	if (unlikely(!has_room(p, room))) {
		pkt_drop(w, p, DP_DROP_out_no_room);
		return GONE;
	}
	frame = p->l3 - room;
	buf_set(p->m, frame, room + p->l3_len + ESP_TAIL_MAX);
	if (peer->gre_checksum)
		write_gre_checksum(p->l3, p->l3_len, peer, p->protocol);
	else
		write_gre(p->l3, peer, p->protocol);
	if (to.out.tunnel)
		esp_tunnel_write(p->l3 - peer->gre_len, peer->gre_len + p->l3_len, peer,
			to.outer.addr_be, tos, w->dp->tunnels[peer->tunnel].p.ttl);
	p->esp.next_header = to.out.tunnel ? ESP_NEXT_IP4 : ESP_NEXT_GRE;
	go_out(w, p, &to, frame, front, gre_len, tos);
	if (peer->df != DP_DF_SET)
		p->sum += write_df(w, p, peer, frame);
	return FITS;
}

/* May have an MSS to clamp. */
static inline bool is_syn(const struct pkt *p)
{
	return p->l3[9] == IPPROTO_TCP &&
	       (p->l3_len < IP4_HDR_MIN + TCP_HDR_LEN || p->l3[0] != RTE_IPV4_VHL_DEF ||
		       (p->l3[IP4_HDR_MIN + 13] & RTE_TCP_SYN_FLAG) != 0);
}

/*
 * IPv4 that fits, to a peer without anything special: the same in few steps (13 cycles less). All
 * others are gre_out_special()'s.
 */
static inline enum fit gre_out_one(struct worker *w, struct pkt *p)
{
	const struct way to = way_of(w, p);
	unsigned front = front_of(&to), gre_len = to.peer->gre_len;
	unsigned room = front + ESP_HDR_LEN + 8 + gre_len;
	uint8_t *frame = p->l3 - room;

	if (unlikely(!to.out.plain || p->protocol != 0x0800 || p->l3_len > to.out.mtu ||
		     l2_port(to.l2) == DP_PORT_NONE || is_syn(p) || !has_room(p, room)))
		return gre_out_special(w, p);
	buf_set(p->m, frame, room + p->l3_len + ESP_TAIL_MAX);
	memcpy(p->l3 - sizeof(to.peer->gre), to.peer->gre, sizeof(to.peer->gre));
	p->esp.next_header = ESP_NEXT_GRE;
	go_out(w, p, &to, frame, front, gre_len, p->l3[1]);
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
