/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ESP in: from SPI to SA, to the peer's owning worker if that is another (owner.c), through replay
 * window, verification and decryption.
 */
#include <rte_udp.h>

#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

/* Returns true if this worker may open the packet. */
static bool own_packet(struct worker *w, struct pkt *p)
{
	struct peer *peer = &w->dp->peers[p->esp.sa->peer];
	uint16_t owner;

	if (owner_claim(w, peer, &owner)) {
		p->flags |= PKT_CLAIMING;
		return true;
	}
	if (owner == w->id) {
		if (!__atomic_load_n(&peer->verified, __ATOMIC_RELAXED))
			p->flags |= PKT_CLAIMING;
		return true;
	}
	if (!(p->flags & PKT_HANDED_IN))
		handoff_send(w, owner, p, DP_STAGE_esp_in);
	else if (owner_finishes(w, owner))
		return true;
	else
		pkt_drop(w, p, DP_DROP_esp_owner);
	return false;
}

/* A copy of the peer's owner beside the SA's window; control and other workers may change it. */
static inline uint16_t sa_owner(const struct sa *sa)
{
	return __atomic_load_n(&sa->hot.owner, __ATOMIC_RELAXED);
}

/* Keep the peers that proved authentic, give back the others. */
static void settle_claims(struct worker *w, struct pkt **line, unsigned n)
{
	struct pkt *p;
	struct peer *peer;

	for (unsigned i = 0; i < n; i++) {
		p = line[i];
		peer = &w->dp->peers[p->esp.sa->peer];
		if (p->esp.status == ESP_OK &&
			__atomic_load_n(&peer->owner, __ATOMIC_ACQUIRE) == w->id) {
			__atomic_store_n(&p->esp.sa->hot.owner, (uint16_t)w->id, __ATOMIC_RELAXED);
			__atomic_store_n(&peer->verified, 1, __ATOMIC_RELAXED);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (!(line[i]->flags & PKT_CLAIMING))
			continue;
		peer = &w->dp->peers[line[i]->esp.sa->peer];
		if (!__atomic_load_n(&peer->verified, __ATOMIC_RELAXED))
			owner_give_back(w, peer);
	}
}

static const enum dp_drop drop_of_status[ESP_STATUS_COUNT] = {
	[ESP_SHORT] = DP_DROP_esp_short,
	[ESP_LENGTH] = DP_DROP_esp_length,
	[ESP_REPLAY] = DP_DROP_esp_replay,
	[ESP_AUTH_FAILED] = DP_DROP_esp_auth,
	[ESP_PADDING] = DP_DROP_esp_padding,
	[ESP_SEQ_OVERFLOW] = DP_DROP_esp_overflow,
};

/*
 * RFC 4301 5.2: the packet must match the selectors of the SA it came on. Behind a NAT address and
 * port may change; who sends authentic packets from elsewhere has moved there (RFC 7296 2.23), and
 * control is told. ESP in UDP from the right address is taken also without a NAT (ibid.).
 */
static bool from_peer(struct worker *w, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	const uint32_t *tag = p->esp.sa->hot.tag;
	uint16_t known = SA_TAG_PORT(tag), port = known;
	const unsigned udp_len = sizeof(struct rte_udp_hdr);

	if (unlikely(ip->dst_addr != tag[SA_TAG_LOCAL]))
		return false;
	if (unlikely(p->flags & PKT_UDP && known != 0))
		memcpy(&port, p->esp.esp - udp_len, sizeof(port));
	if (likely(ip->src_addr == tag[SA_TAG_REMOTE] && port == known))
		return true;
	if (known == 0 || !(p->flags & PKT_UDP))
		return false;
	p->peer_in = p->esp.sa->peer;
	punt_copy(w, DP_PUNT_MOVED, p, p->l3, rte_ipv4_hdr_len(ip) + udp_len, 0, 0);
	return true;
}

/* Not GRE: in tunnel mode it may stand behind one more header. Else the packet is dropped. */
static bool accept_other(struct worker *w, struct pkt *p)
{
	if (p->esp.next_header == ESP_NEXT_IP4 && p->esp.sa->tunnel)
		return esp_tunnel_open(w, p);
	pkt_drop(w, p,
		p->esp.next_header == ESP_NEXT_NONE ? DP_DROP_esp_dummy : DP_DROP_esp_next_header);
	return false;
}

/* After decryption. Returns true if the packet is GRE from the peer that owns the SA. */
static bool accept_opened(struct worker *w, struct pkt *p)
{
	if (unlikely(p->esp.status != ESP_OK)) {
		pkt_drop(w, p, drop_of_status[p->esp.status]);
		return false;
	}
	if (unlikely(!from_peer(w, p))) {
		pkt_drop(w, p, DP_DROP_esp_peer_mismatch);
		return false;
	}
	if (unlikely(p->esp.next_header != ESP_NEXT_GRE) && !accept_other(w, p))
		return false;
	p->peer_in = p->esp.sa->peer;
	if (unlikely(p->flags & PKT_HANDED_IN))
		w->dp->peers[p->peer_in].arrives = (uint16_t)(p->adj + 1);
	p->tunnel_in = SA_TAG_TUNNEL(p->esp.sa->hot.tag);
	return true;
}

/* No SA has this SPI: either it was given out, and its SA is about to come, or it is nobody's. */
static void unknown_spi(struct worker *w, struct pkt *p, uint32_t spi)
{
	const uint32_t *early = &w->dp->early[spi % EARLY_SPIS];

	if (spi != 0 && __atomic_load_n(early, __ATOMIC_RELAXED) == spi)
		punt_l3(w, DP_PUNT_EARLY, p);
	else
		pkt_drop(w, p, DP_DROP_esp_spi);
}

/*
 * Find the SAs. Returns how many packets have one and are this worker's to open.
 * @param[out] claiming  some peers are not known to be this worker's yet
 */
static unsigned find_sas(struct worker *w, struct pkt **line, unsigned n, bool *claiming)
{
	struct sa *sas[BURST_MAX];
	uint32_t spis[BURST_MAX];
	unsigned kept = 0;
	struct pkt *p;
	rte_be32_t spi;

	for (unsigned i = 0; i < n; i++) {
		p = line[i];
		if (unlikely(p->esp.len < ESP_HDR_LEN)) {
			pkt_drop(w, p, DP_DROP_esp_short);
			continue;
		}
		memcpy(&spi, p->esp.esp, sizeof(spi));
		spis[kept] = rte_be_to_cpu_32(spi);
		line[kept++] = p;
	}
	if (kept == 0)
		return 0;
	n = kept;
	sa_lookup_burst(w->dp->sa_in, spis, n, sas);
	kept = 0;
	for (unsigned i = 0; i < n; i++) {
		p = line[i];
		p->esp.sa = sas[i];
		if (unlikely(sas[i] == NULL))
			unknown_spi(w, p, spis[i]);
		else if (likely(sa_owner(sas[i]) == w->id))
			line[kept++] = p;
		else if (own_packet(w, p)) {
			line[kept++] = p;
			*claiming = true;
		}
	}
	return kept;
}

unsigned esp_in_accept(struct worker *w, struct pkt **line, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (likely(accept_opened(w, line[i])))
			line[kept++] = line[i];
	return kept;
}

unsigned esp_in_stage(struct worker *w, struct pkt **line, unsigned n)
{
	struct esp_packet *esp[BURST_MAX];
	bool claiming = false;

	n = find_sas(w, line, n, &claiming);
	if (n == 0)
		return 0;
	for (unsigned i = 0; i < n; i++)
		esp[i] = &line[i]->esp;
	esp_open_burst(w->esp, esp, n);
	if (unlikely(claiming))
		settle_claims(w, line, n);
	return esp_in_accept(w, line, n);
}
