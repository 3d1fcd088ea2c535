/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nearly all packets are, from the frame to the peer they go to: ESP (RFC 4303, or in UDP, RFC
 * 3948) of a plain SA that this worker owns, from where its peer is known to be; in it GRE with
 * nothing but the tunnel's key; in that an IPv4 packet from a network of that peer to another.
 *
 * The rules are the stages' (rx.c, ip4_in.c, esp_in.c, gre_in.c, ip4_fwd.c, rpf.c), asked all at
 * once with few wide comparisons. No packet is refused here: one that is anything else, or that
 * breaks a rule, goes to the stages, which find out what it is, and count. So what this file does
 * not know of is only slower.
 */
#include <rte_udp.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

#define L2_LEN    sizeof(struct rte_ether_hdr)
#define UDP_LEN   sizeof(struct rte_udp_hdr)
#define PORT_NATT RTE_BE16(4500)
#define ESP_MIN   (ESP_HDR_LEN + 8u) /* there is something to look at; crypto knows the rest */

/* Of an IPv4 header's first eight octets: version 4, five words, no fragment. */
#define HEAD_MASK UINT64_C(0xff3f0000000000ff)
#define HEAD      UINT64_C(0x45)

/* The same of an inner header, which may be a fragment. */
#define INNER_MASK UINT64_C(0xff)

#define GRE_IP4     RTE_BE32(0x0800)
#define GRE_IP4_KEY RTE_BE32(0x20000800)

static inline uint16_t load2(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint32_t load4(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint64_t load8(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* A burst that just came. */
struct arrivals {
	uint64_t mac;     /* the port's, in the upper six octets */
	uint32_t addr_be; /* first of the port */
	uint64_t bytes;
	uint32_t spis[BURST_MAX];
	uint16_t udp_be[BURST_MAX]; /* the spoke's UDP port, 0: plain ESP */
};

/*
 * ESP in UDP. Returns true if there may be a packet of it: IKE is none, it has 0 in the SPI's
 * place (RFC 3948 2.2).
 */
static inline bool in_udp(struct pkt *p, const uint8_t *udp, unsigned len)
{
	unsigned dgram_len = rte_be_to_cpu_16(load2(udp + 4));

	p->esp.esp += UDP_LEN;
	p->esp.len = (uint16_t)(dgram_len - UDP_LEN);
	return load2(udp + 2) == PORT_NATT && dgram_len >= UDP_LEN + ESP_MIN && dgram_len <= len;
}

/* Frame and outer header of packet k of those that came. Returns true if it may be ESP for us. */
static inline bool is_arrival(struct arrivals *a, unsigned k, struct pkt *p, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *l3 = frame + L2_LEN;
	unsigned len = m->data_len, total;
	uint64_t head;

	if (unlikely(m->nb_segs != 1 || len < L2_LEN + IP4_HDR_MIN + ESP_MIN ||
		     m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		return false;
	head = load8(l3);
	total = rte_be_to_cpu_16((uint16_t)(head >> 16));
	if (unlikely(load8(frame) << 16 != a->mac ||
		     load2(frame + 12) != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		     (head & HEAD_MASK) != HEAD || load4(l3 + 16) != a->addr_be ||
		     total > len - L2_LEN || total < IP4_HDR_MIN + ESP_MIN || !ip4_sum_good(l3)))
		return false;
	p->m = m;
	p->esp.esp = l3 + IP4_HDR_MIN;
	p->esp.len = (uint16_t)(total - IP4_HDR_MIN);
	a->udp_be[k] = 0;
	if (l3[9] == IPPROTO_UDP) {
		if (!in_udp(p, l3 + IP4_HDR_MIN, total - IP4_HDR_MIN))
			return false;
		a->udp_be[k] = load2(l3 + IP4_HDR_MIN);
	} else if (unlikely(l3[9] != IPPROTO_ESP)) {
		return false;
	}
	a->spis[k] = rte_be_to_cpu_32(load4(p->esp.esp));
	a->bytes += len;
	return true;
}

/*
 * ESP that is more than is_arrival() knows: a fragment, or with IP options. What came before and
 * after it of the same peer must not overtake it.
 */
static bool is_odd(const struct rte_mbuf *m)
{
	const uint8_t *l3 = rte_pktmbuf_mtod_offset(m, const uint8_t *, L2_LEN);

	return m->data_len < L2_LEN + IP4_HDR_MIN ||
	       ((l3[9] == IPPROTO_ESP || l3[9] == IPPROTO_UDP) && (load8(l3) & HEAD_MASK) != HEAD);
}

/*
 * Take packets that may be ESP for us into line.
 * @param[out] n_rest  the others, packed to the front of m
 * @return how many, 0 if the burst must stay together
 */
static unsigned take_arrivals(
	struct worker *w, struct arrivals *a, struct rte_mbuf **m, unsigned n, unsigned *n_rest)
{
	struct rte_mbuf *rest[BURST_MAX];
	unsigned taken = 0, left = 0;

	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (unsigned i = 0; i < n; i++) {
		buf_guard(m[i]);
		if (likely(is_arrival(a, taken, &w->pkts[taken], m[i]))) {
			taken++;
			continue;
		}
		if (unlikely(is_odd(m[i])))
			return 0;
		rest[left++] = m[i];
	}
	memcpy(m, rest, left * sizeof(*m));
	*n_rest = left;
	return taken;
}

/* RFC 4301 5.2 as from_peer() of esp_in.c, for who did not move. */
static inline bool is_express(const struct worker *w, const struct sa *sa, uint32_t spi,
	const uint8_t *l3, uint16_t udp_be)
{
	uint64_t addrs;

	if (unlikely(sa == NULL || spi == 0 || !sa->plain || sa->tunnel))
		return false;
	memcpy(&addrs, &sa->hot.tag[SA_TAG_REMOTE], sizeof(addrs));
	return __atomic_load_n(&sa->hot.owner, __ATOMIC_RELAXED) == w->id &&
	       load8(l3 + 12) == addrs && SA_TAG_PORT(sa->hot.tag) == udp_be;
}

/* Of these the ones whose SA is such; the others are left in m behind the n_rest that are there. */
static unsigned find_sas(struct worker *w, struct arrivals *a, struct pkt **line, unsigned n,
	struct rte_mbuf **m, unsigned *n_rest)
{
	struct sa *sas[BURST_MAX];
	unsigned kept = 0;

	sa_lookup_burst(w->dp->sa_in, a->spis, n, sas);
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = &w->pkts[i];
		const uint8_t *l3 = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, L2_LEN);

		p->esp.sa = sas[i];
		if (likely(is_express(w, sas[i], a->spis[i], l3, a->udp_be[i]))) {
			line[kept++] = p;
			continue;
		}
		a->bytes -= p->m->data_len;
		m[(*n_rest)++] = p->m;
	}
	return kept;
}

/* What no packet may have as source, and none that is forwarded as destination (ip4_fwd.c). */
static inline bool is_host(uint32_t addr)
{
	uint32_t net = addr >> 24;

	return net - 1 < 0xe0 - 1 && net != 127;
}

/*
 * After decryption: GRE with the tunnel's key or, if it has none, without; then IPv4 that may be
 * forwarded. Returns true if so; p->l3 and l3_len are the inner packet then.
 */
static inline bool is_inner(struct pkt *p, uint32_t *src, uint32_t *dst)
{
	const uint8_t *gre = p->esp.payload;
	const uint32_t *tag = p->esp.sa->hot.tag;
	unsigned len = p->esp.payload_len, gre_len = 4, total;
	uint64_t head;
	uint8_t *l3, ecn = rte_pktmbuf_mtod_offset(p->m, uint8_t *, L2_LEN)[1];

	if (unlikely(p->esp.status != ESP_OK || p->esp.next_header != ESP_NEXT_GRE ||
		     len < 8 + IP4_HDR_MIN))
		return false;
	if (likely(tag[SA_TAG_FLAGS] & SA_FLAG_KEY)) {
		if (unlikely(load8(gre) != (GRE_IP4_KEY | (uint64_t)tag[SA_TAG_KEY] << 32)))
			return false;
		gre_len = 8;
	} else if (unlikely(load4(gre) != GRE_IP4)) {
		return false;
	}
	l3 = p->esp.payload + gre_len;
	head = load8(l3);
	total = rte_be_to_cpu_16((uint16_t)(head >> 16));
	*src = rte_be_to_cpu_32(load4(l3 + 12));
	*dst = rte_be_to_cpu_32(load4(l3 + 16));
	if (unlikely((head & INNER_MASK) != HEAD || total < IP4_HDR_MIN || total > len - gre_len ||
		     !ip4_sum_good(l3) || l3[8] <= 1 || !is_host(*src) || !is_host(*dst)))
		return false;
	/* Congestion marks of the outer header that change the inner one, RFC 6040 4.2. */
	if (unlikely(ecn & 1) && !ip4_take_ecn(l3, ecn & RTE_IPV4_HDR_ECN_MASK))
		return false;
	p->l3 = l3;
	p->l3_len = (uint16_t)total;
	return true;
}

/* It goes on at a stage after esp_in, as if it came from there. */
static void leave(uint16_t port, struct pkt *p)
{
	uint8_t *l3 = rte_pktmbuf_mtod_offset(p->m, uint8_t *, L2_LEN);
	bool udp = p->esp.esp - l3 != IP4_HDR_MIN;

	p->l3 = l3;
	p->l3_len = rte_be_to_cpu_16(load2(l3 + 2));
	p->adj = DP_ADJ_NO_ROUTE;
	p->peer_in = DP_PEER_NONE;
	p->port = port;
	p->table = DP_TABLE_UNDERLAY;
	p->flags = udp ? PKT_UDP : 0;
	p->tunnel_in = TUNNEL_NONE;
	p->ecn = 0;
	p->trace = TRACE_NONE;
}

/*
 * Their routes, and those back to their sources. Returns how many stay in line: they come from the
 * peer that their sources lead back to (RFC 3704 2.2), and go to a peer.
 */
static unsigned route(struct worker *w, struct pkt **line, unsigned n, const uint32_t *srcs,
	const uint32_t *dsts, struct pkt **late, unsigned *n_late)
{
	struct rte_fib *fib = w->dp->fib;
	uint64_t there[BURST_MAX], back[BURST_MAX];
	unsigned kept = 0;

	rte_fib_lookup_bulk(fib, (uint32_t *)(uintptr_t)dsts, there, (int)n);
	rte_fib_lookup_bulk(fib, (uint32_t *)(uintptr_t)srcs, back, (int)n);
	for (unsigned i = 0; i < n; i++) {
		struct pkt *p = line[i];
		uint32_t peer_in = p->esp.sa->peer;

		if (unlikely(DP_ADJ_KIND(there[i]) != DP_ADJ_PEER ||
			     back[i] != DP_ADJ(DP_ADJ_PEER, peer_in))) {
			late[(*n_late)++] = p;
			continue;
		}
		rte_prefetch0(&w->dp->peers[DP_ADJ_INDEX(there[i])]);
		p->adj = (uint32_t)there[i];
		p->peer_in = peer_in;
		p->tunnel_in = SA_TAG_TUNNEL(p->esp.sa->hot.tag);
		p->table = DP_TABLE_OVERLAY;
		p->flags = 0;
		p->protocol = 0x0800;
		p->trace = TRACE_NONE;
		ip4_ttl_down(p->l3);
		line[kept++] = p;
	}
	return kept;
}

unsigned express_in(struct worker *w, uint16_t port, struct rte_mbuf **m, unsigned n,
	unsigned *n_rest, struct pkt **line)
{
	const struct port *in = &w->dp->ports[port];
	struct arrivals a = {.mac = load8(in->mac.bytes) << 16, .addr_be = in->addrs_be[0]};

	*n_rest = n;
	n = take_arrivals(w, &a, m, n, n_rest);
	if (unlikely(n == 0))
		return 0;
	n = find_sas(w, &a, line, n, m, n_rest);
	w->stats.ports[port].rx_packets += n;
	w->stats.ports[port].rx_bytes += a.bytes;
	return n;
}

void express_open(struct worker *w, struct pkt **line, unsigned n)
{
	struct esp_packet *esp[BURST_MAX];

	for (unsigned i = 0; i < n; i++)
		esp[i] = &line[i]->esp;
	esp_open_burst(w->esp, esp, n);
}

unsigned express_fwd(struct worker *w, uint16_t port, struct pkt **line, unsigned n,
	struct pkt **late, unsigned *n_late)
{
	uint32_t srcs[BURST_MAX], dsts[BURST_MAX];
	unsigned kept = 0;

	*n_late = 0;
	for (unsigned i = 0; i < n; i++) {
		if (likely(is_inner(line[i], &srcs[kept], &dsts[kept])))
			line[kept++] = line[i];
		else
			late[(*n_late)++] = line[i];
	}
	if (likely(kept != 0))
		kept = route(w, line, kept, srcs, dsts, late, n_late);
	for (unsigned i = 0; i < *n_late; i++)
		leave(port, late[i]);
	return kept;
}
