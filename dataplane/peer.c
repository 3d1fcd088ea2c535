/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/peer.h"

#include <emmintrin.h>

#include <rte_udp.h>

#include "dataplane/dp_priv.h"

/* The same words as in gre_in.c, as they stand on the wire. */
#define GRE_FLAG_CHECKSUM 0x80
#define GRE_FLAG_KEY      0x20

static void l2_store(struct l2_header *dst, const struct l2_header *src)
{
	_mm_store_si128((__m128i *)dst, _mm_load_si128((const __m128i *)src));
}

static void l2_set(
	struct l2_header *dst, const struct dp *dp, uint16_t port, const struct mac_addr *mac)
{
	struct l2_header l2 = {.eth = {.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)}, .port = port};

	if (port != DP_PORT_NONE) {
		memcpy(&l2.eth.dst_addr, mac, sizeof(l2.eth.dst_addr));
		memcpy(&l2.eth.src_addr, &dp->ports[port].mac, sizeof(l2.eth.src_addr));
	}
	l2_store(dst, &l2);
}

/* Outer header for any length: length 0. With don't fragment, identification may be 0 (RFC 6864
 * 4.1); without, gre_out.c writes one. */
static void make_ip(struct peer *peer, const struct tunnel *t, bool natt)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.fragment_offset = t->p.df == DP_DF_SET ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG) : 0,
		.time_to_live = t->p.ttl,
		.next_proto_id = natt ? IPPROTO_UDP : IPPROTO_ESP,
		.src_addr = t->p.nbma_be,
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	/* One store: a packet has the old header or the new one. */
	_mm_store_si128((__m128i *)&peer->ip, _mm_loadu_si128((const __m128i *)&ip));
}

static void set_outer(struct peer *peer, uint32_t addr_be, uint16_t port)
{
	union peer_outer outer = {.word = 0};

	outer.addr_be = addr_be;
	outer.port_be = rte_cpu_to_be_16(port);
	__atomic_store_n(&peer->outer.word, outer.word, __ATOMIC_RELEASE);
}

/*
 * RFC 2784 2.1, RFC 2890 2: flags, protocol, [checksum, reserved], [key]. The checksum's four
 * octets stay out of this template, which ends where the header ends.
 */
static void make_gre(struct peer *peer, const struct tunnel *t)
{
	uint32_t key = rte_cpu_to_be_32(t->p.key);
	uint8_t *start = peer->gre + (t->p.key_set ? 0 : 4);

	memset(peer->gre, 0, sizeof(peer->gre));
	if (t->p.key_set) {
		start[0] |= GRE_FLAG_KEY;
		memcpy(start + 4, &key, sizeof(key));
	}
	if (t->p.checksum)
		start[0] |= GRE_FLAG_CHECKSUM;
	start[2] = 0x08;
	peer->gre_checksum = t->p.checksum;
	peer->gre_len = (t->p.key_set ? 8 : 4) + (t->p.checksum ? 4 : 0);
}

/* Free place in a peer's list, or NULL. */
static uint32_t *list_place(uint32_t *list, uint32_t value)
{
	for (unsigned i = 0; i < DP_PEER_SAS_MAX; i++)
		if (list[i] == value)
			return &list[i];
	return NULL;
}

/* Take one out; the others stay in their order. Returns how many are left. */
static unsigned list_remove(uint32_t *list, uint32_t value)
{
	unsigned n = 0;

	for (unsigned i = 0; i < DP_PEER_SAS_MAX; i++)
		if (list[i] != SA_NONE && list[i] != value)
			list[n++] = list[i];
	for (unsigned i = n; i < DP_PEER_SAS_MAX; i++)
		list[i] = SA_NONE;
	return n;
}

/*
 * Largest inner packet whose ESP packet (RFC 4303 2: header, IV, padding to the block, two octets
 * of trailer, ICV) fits into the path's MTU.
 */
static uint16_t fitting_mtu(
	const struct dp *dp, const struct peer *peer, const struct esp_suite *s, bool tunnel)
{
	const struct tunnel *t = &dp->tunnels[peer->tunnel];
	unsigned path = peer->path_mtu, fixed, most = t->p.mtu;

	if (peer->mtu != 0 && peer->mtu < most)
		most = peer->mtu;
	if (path == 0 && peer->l2.port != DP_PORT_NONE)
		path = dp->ports[peer->l2.port].mtu;
	if (path == 0)
		return (uint16_t)most;
	fixed = sizeof(struct rte_ipv4_hdr) + ESP_HDR_LEN + s->iv_len + s->icv_len;
	if (peer->outer.port_be != 0)
		fixed += sizeof(struct rte_udp_hdr);
	path = path > fixed ? (path - fixed) / s->align * s->align : 0;
	fixed = 2u + peer->gre_len + (tunnel ? sizeof(struct rte_ipv4_hdr) : 0);
	path = path > fixed ? path - fixed : 0;
	return (uint16_t)RTE_MIN(path, most);
}

static void set_out(struct dp *dp, struct peer *peer, uint32_t sa)
{
	const struct tunnel *t = &dp->tunnels[peer->tunnel];
	union peer_out out = {.word = 0};
	const struct esp_suite *suite;

	out.sa = sa;
	out.mtu = t->p.mtu;
	out.tos = t->p.dscp_set ? (uint8_t)(t->p.dscp << 2) : OUT_TOS_COPY;
	if (sa != SA_NONE) {
		suite = esp_suite_at(sa_at(dp->sa_out, sa)->suite);
		out.iv_len = suite->iv_len & 0x3f;
		out.tunnel = sa_at(dp->sa_out, sa)->tunnel;
		out.mtu = fitting_mtu(dp, peer, suite, out.tunnel);
		out.plain = out.iv_len == 8 && !out.tunnel && !peer->gre_checksum &&
			    peer->df == DP_DF_SET && out.tos == OUT_TOS_COPY;
	}
	__atomic_store_n(&peer->out.word, out.word, __ATOMIC_RELEASE);
}

void dp_peer_set_address(struct dp *dp, uint32_t index, uint32_t address_be, bool multicast)
{
	struct peer *peer = &dp->peers[index];

	__atomic_store_n(&peer->address_be, address_be, __ATOMIC_RELAXED);
	peer->multicast = multicast && address_be != 0;
}

void dp_peer_set_mtu(struct dp *dp, uint32_t index, uint16_t mtu)
{
	struct peer *peer = &dp->peers[index];

	peer->mtu = mtu;
	set_out(dp, peer, peer->out.sa);
}

void dp_peer_set_neighbor(
	struct dp *dp, uint32_t index, uint16_t port, const struct mac_addr *neighbor)
{
	struct peer *peer = &dp->peers[index];

	l2_set(&peer->l2, dp, port, neighbor);
	set_out(dp, peer, peer->out.sa);
}

void dp_peer_set_path_mtu(struct dp *dp, uint32_t index, uint16_t mtu)
{
	struct peer *peer = &dp->peers[index];

	peer->path_mtu = mtu;
	set_out(dp, peer, peer->out.sa);
}

uint16_t dp_peer_mtu(const struct dp *dp, uint32_t peer)
{
	return dp->peers[peer].out.mtu;
}

/* Behind the others that are free: the longer a place rests, the better. */
void peer_free(struct dp *dp, uint32_t index)
{
	dp->peers[index].next_free = DP_PEER_NONE;
	if (dp->peer_first == DP_PEER_NONE)
		dp->peer_first = index;
	else
		dp->peers[dp->peer_last].next_free = index;
	dp->peer_last = index;
}

void peers_init(struct dp *dp)
{
	dp->peer_first = DP_PEER_NONE;
	for (uint32_t i = 0; i < dp->n_peers; i++)
		peer_free(dp, i);
}

int dp_peer_add(struct dp *dp, const struct dp_peer_params *p, uint32_t *index, struct error *err)
{
	const struct tunnel *t = &dp->tunnels[p->tunnel];
	struct peer *peer;

	if (dp->peer_first == DP_PEER_NONE)
		dp_reclaim(dp);
	if (dp->peer_first == DP_PEER_NONE)
		return error_set(err, ENOSPC, "no room for more than %u peers", dp->n_peers);
	*index = dp->peer_first;
	peer = &dp->peers[*index];
	dp->peer_first = peer->next_free;
	memset(peer, 0, sizeof(*peer));
	peer->owner = SA_OWNER_NONE;
	peer->tunnel = (uint8_t)p->tunnel;
	peer->address_be = p->address_be;
	for (unsigned k = 0; k < DP_PEER_SAS_MAX; k++)
		peer->sa_in[k] = peer->sa_out[k] = SA_NONE;
	l2_set(&peer->l2, dp, DP_PORT_NONE, NULL);
	set_out(dp, peer, SA_NONE);
	make_ip(peer, t, p->natt_port != 0);
	set_outer(peer, p->nbma_be, p->natt_port);
	make_gre(peer, t);
	peer->redirect = t->p.redirect;
	peer->multicast = p->address_be != 0;
	peer->df = t->p.df;
	/* Replication looks at every peer in use: it must not see one half made. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	peer->used = 1;
	return 0;
}

void peers_retune(struct dp *dp, uint16_t tunnel)
{
	const struct tunnel *t = &dp->tunnels[tunnel];

	for (uint32_t i = 0; i < dp->n_peers; i++) {
		struct peer *peer = &dp->peers[i];

		if (!peer->used || peer->tunnel != tunnel)
			continue;
		peer->redirect = t->p.redirect;
		peer->df = t->p.df;
		make_ip(peer, t, peer->outer.port_be != 0);
		set_out(dp, peer, peer->out.sa);
	}
}

static void make_tags(const struct peer *peer, const struct tunnel *t, uint32_t *tag)
{
	tag[SA_TAG_REMOTE] = peer->outer.addr_be;
	tag[SA_TAG_LOCAL] = t->p.nbma_be;
	tag[SA_TAG_KEY] = rte_cpu_to_be_32(t->p.key);
	tag[SA_TAG_FLAGS] = (t->p.key_set ? SA_FLAG_KEY : 0) | (uint32_t)peer->tunnel << 8 |
			    (uint32_t)peer->outer.port_be << 16;
}

void dp_peer_move(struct dp *dp, uint32_t index, uint32_t nbma_be, uint16_t natt_port)
{
	struct peer *peer = &dp->peers[index];

	set_outer(peer, nbma_be, natt_port);
	/* A worker that sees new and old words mixed takes the packet for another move: no harm. */
	for (unsigned i = 0; i < DP_PEER_SAS_MAX; i++)
		if (peer->sa_in[i] != SA_NONE)
			make_tags(peer, &dp->tunnels[peer->tunnel],
				sa_at(dp->sa_in, peer->sa_in[i])->hot.tag);
}

void dp_spi_expect(struct dp *dp, uint32_t spi)
{
	__atomic_store_n(&dp->early[spi % EARLY_SPIS], spi, __ATOMIC_RELAXED);
}

void dp_spi_forget(struct dp *dp, uint32_t spi)
{
	uint32_t *early = &dp->early[spi % EARLY_SPIS];

	if (*early == spi)
		__atomic_store_n(early, 0, __ATOMIC_RELAXED);
}

int dp_peer_add_sa(struct dp *dp, uint32_t index, const struct sa_params *params, uint32_t *sa,
	struct error *err)
{
	struct peer *peer = &dp->peers[index];
	const struct tunnel *t = &dp->tunnels[peer->tunnel];
	struct sa_params p = *params;
	uint32_t *place = list_place(p.in ? peer->sa_in : peer->sa_out, SA_NONE);
	int rc;

	if (place == NULL)
		return error_set(err, ENOSPC, "a peer holds at most %u SAs of one direction",
			DP_PEER_SAS_MAX);
	p.peer = index;
	make_tags(peer, t, p.tag);
	if (sa_table_used(p.in ? dp->sa_in : dp->sa_out) ==
		sa_table_capacity(p.in ? dp->sa_in : dp->sa_out))
		dp_reclaim(dp);
	rc = sa_add(p.in ? dp->sa_in : dp->sa_out, &p, sa, err);
	if (rc < 0)
		return rc;
	*place = *sa;
	if (p.in)
		dp_spi_forget(dp, p.spi);
	if (!p.in && (!p.standby || peer->out.sa == SA_NONE))
		set_out(dp, peer, *sa);
	return 0;
}

void dp_peer_use_sa(struct dp *dp, uint32_t index, uint32_t sa)
{
	set_out(dp, &dp->peers[index], sa);
}

void dp_peer_del_sa(struct dp *dp, bool in, uint32_t index)
{
	struct sa_table *table = in ? dp->sa_in : dp->sa_out;
	struct peer *peer = &dp->peers[sa_at(table, index)->peer];
	uint32_t *list = in ? peer->sa_in : peer->sa_out;
	unsigned n = list_remove(list, index);

	if (!in && peer->out.sa == index)
		set_out(dp, peer, n > 0 ? list[n - 1] : SA_NONE);
	/* An outbound one is never looked up, and a worker may still write its SPI. */
	if (in)
		sa_unlink(table, index);
	retire(dp, in ? RETIRED_SA_IN : RETIRED_SA_OUT, index);
}

void dp_peer_del(struct dp *dp, uint32_t index)
{
	struct peer *peer = &dp->peers[index];

	while (peer->sa_in[0] != SA_NONE)
		dp_peer_del_sa(dp, true, peer->sa_in[0]);
	while (peer->sa_out[0] != SA_NONE)
		dp_peer_del_sa(dp, false, peer->sa_out[0]);
	peer->used = 0;
	retire(dp, RETIRED_PEER, index);
}

unsigned dp_peer_sas(const struct dp *dp, uint32_t index, bool in, uint32_t *list)
{
	const struct peer *peer = &dp->peers[index];
	unsigned n = 0;

	memcpy(list, in ? peer->sa_in : peer->sa_out, sizeof(peer->sa_in));
	while (n < DP_PEER_SAS_MAX && list[n] != SA_NONE)
		n++;
	return n;
}

uint32_t dp_peer_sa_out(const struct dp *dp, uint32_t peer)
{
	return dp->peers[peer].out.sa;
}

int dp_neighbor_add(struct dp *dp, uint16_t port, const struct mac_addr *mac, uint32_t *index)
{
	if (dp->n_neighbors == NEIGHBORS_MAX)
		return -ENOSPC;
	*index = dp->n_neighbors++;
	l2_set(&dp->neighbors[*index], dp, port, mac);
	return 0;
}

void dp_neighbor_set(struct dp *dp, uint32_t index, uint16_t port, const struct mac_addr *mac)
{
	/* Packets under way may still be for who had the place before. */
	if (dp->neighbors[index].port == DP_PORT_NONE && port != DP_PORT_NONE)
		dp_synchronize(dp);
	l2_set(&dp->neighbors[index], dp, port, mac);
}
