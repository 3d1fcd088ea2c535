/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels and their peers: objects of the data plane, their routes, and whether they work. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/cursor.h"
#include "common/log.h"
#include "control/hub_priv.h"
#include "crypto/suite.h"

#define SAMPLE_MS 5000 /* each peer is looked at once in this time */
#define LATELY_MS 30000

unsigned hub_peers_room(const struct config *c)
{
	unsigned peers = 0, in = 0, out = 0, room = 1;

	for (unsigned i = 0; i < c->n_tunnels; i++) {
		peers += c->tunnels[i].n_peers;
		for (unsigned k = 0; k < c->tunnels[i].n_peers; k++) {
			in += c->tunnels[i].peers[k].n_sa_in;
			out += c->tunnels[i].peers[k].n_sa_out;
		}
	}
	/* The data plane has room for two SAs of each direction and four prefixes a peer. */
	room = RTE_MAX(room, peers);
	room = RTE_MAX(room, (in + 1) / 2);
	room = RTE_MAX(room, (out + 1) / 2);
	return RTE_MAX(room, (peers + c->n_routes) / 4);
}

static int iv_seed(const struct hub *h, uint32_t spi, uint64_t *seed, struct error *err)
{
	if (h->params.fixed_seed)
		*seed = (uint64_t)spi << 32;
	else if (getrandom(seed, sizeof(*seed), 0) != sizeof(*seed))
		return error_set(err, EIO, "the kernel gives no random numbers");
	return 0;
}

static int create_sa(struct hub *h, const struct hub_peer *peer, const struct config_sa *c, bool in,
	uint32_t *index, struct error *err)
{
	struct sa_params p = {
		.spi = c->spi,
		.suite = esp_suite_by_name(c->suite),
		.key = c->key,
		.key_len = c->key_len,
		.auth_key = c->auth_key,
		.auth_key_len = c->auth_key_len,
		.in = in,
		.esn = c->esn,
		.window = c->window,
	};
	struct error why = {""};
	int rc;

	if (p.suite == NULL)
		return error_set(err, EINVAL, "%s:%u: cipher suite \"%s\" is not known",
			c->place.file, c->place.line, c->suite);
	rc = iv_seed(h, c->spi, &p.iv_seed, err);
	if (rc < 0)
		return rc;
	rc = dp_peer_add_sa(h->dp, peer->dp, &p, index, &why);
	if (rc < 0)
		error_set(err, -rc, "%s:%u: SA 0x%08x: %s", c->place.file, c->place.line, c->spi,
			why.text);
	return rc;
}

static int create_sas(struct hub *h, const struct hub_peer *peer, struct error *err)
{
	const struct config_peer *c = peer->config;
	uint32_t *sa = &h->sas[peer->sas];
	int rc = 0;

	for (unsigned i = 0; i < c->n_sa_in && rc == 0; i++)
		rc = create_sa(h, peer, &c->sa_in[i], true, sa++, err);
	for (unsigned i = 0; i < c->n_sa_out && rc == 0; i++)
		rc = create_sa(h, peer, &c->sa_out[i], false, sa++, err);
	return rc;
}

/* The port whose address a tunnel's packets come from; the configuration was checked for one. */
static uint16_t port_of_tunnel(const struct hub *h, const struct config_tunnel *c)
{
	for (unsigned i = 0; i < h->n_ports; i++)
		if (hub_port_has_address(h, (uint16_t)i, c->nbma.v4_be))
			return (uint16_t)i;
	return 0;
}

/* Find the way to a peer, and take it. */
static void follow(struct hub *h, uint32_t place)
{
	struct hub_peer *peer = &h->peers[place];
	uint16_t port = port_of_tunnel(h, h->tunnels[peer->tunnel].config);
	uint32_t next_hop = hub_neighbor_toward(h, port, peer->nbma_be);

	if (next_hop == peer->next_hop)
		return;
	if (peer->next_hop != HUB_NONE)
		hub_neighbor_detach(h, place);
	peer->next_hop = next_hop;
	if (next_hop != HUB_NONE)
		hub_neighbor_attach(h, place);
	else
		dp_peer_set_neighbor(h->dp, peer->dp, DP_PORT_NONE, NULL);
}

static int create_peer(struct hub *h, uint32_t place, struct error *err)
{
	struct hub_peer *peer = &h->peers[place];
	const struct config_peer *c = peer->config;
	struct dp_peer_params p = {
		.tunnel = h->tunnels[peer->tunnel].dp,
		.address_be = c->address.v4_be,
		.nbma_be = peer->nbma_be,
		.natt_port = peer->nat_port,
	};
	int rc = dp_peer_add(h->dp, &p, &peer->dp, err);

	if (rc < 0)
		return rc;
	h->peer_of[peer->dp] = place;
	rc = create_sas(h, peer, err);
	if (rc < 0)
		return rc;
	hub_path_mtu_track(h, peer);
	follow(h, place);
	return hub_rib_add(h, DP_TABLE_OVERLAY, c->address.v4_be, 32, HUB_ROUTE_PEER,
		DP_ADJ(DP_ADJ_PEER, peer->dp), err);
}

static const enum dp_rpf rpf_of[CONFIG_RPF_MODES] = {
	[CONFIG_RPF_LOOSE] = DP_RPF_LOOSE,
	[CONFIG_RPF_STRICT] = DP_RPF_STRICT,
	[CONFIG_RPF_OFF] = DP_RPF_OFF,
};

static int create_tunnel(struct hub *h, unsigned i, struct error *err)
{
	const struct config_tunnel *c = &h->config->tunnels[i];
	static const enum dp_df df_of[] = {
		[CONFIG_DF_SET] = DP_DF_SET,
		[CONFIG_DF_COPY] = DP_DF_COPY,
		[CONFIG_DF_CLEAR] = DP_DF_CLEAR,
	};
	struct hub_tunnel *t = &h->tunnels[i];
	uint32_t address = c->address.addr.v4_be;
	unsigned lost = 0;
	struct dp_tunnel_params p = {
		.address_be = address,
		.prefix_len = c->address.len,
		.rpf = rpf_of[c->rpf],
		.nbma_be = c->nbma.v4_be,
		.key_set = c->key_set,
		.key = c->key,
		.mtu = c->mtu,
		.ttl = c->ttl,
		.checksum = c->checksum,
		.redirect = c->redirect,
		.adjust_mss = c->adjust_mss,
		.dscp_set = c->dscp_set,
		.dscp = c->dscp,
		.df = df_of[c->df],
		.host = c->tap[0] != '\0',
	};
	int rc = dp_tunnel_add(h->dp, &p, &t->dp, err);

	if (rc == 0)
		rc = hub_rib_add(
			h, DP_TABLE_OVERLAY, address, 32, HUB_ROUTE_LOCAL, DP_ADJ_LOCAL, err);
	if (rc == 0)
		rc = hub_rib_add(h, DP_TABLE_OVERLAY, address & ip4_mask_be(c->address.len),
			c->address.len, HUB_ROUTE_CONNECTED, DP_ADJ_NO_PEER, err);
	for (unsigned k = 0; k < c->n_peers && rc == 0; k++) {
		rc = create_peer(h, t->first_peer + k, err);
		lost += h->peers[t->first_peer + k].next_hop == HUB_NONE;
	}
	if (rc == 0 && lost != 0)
		log_warning("tunnel %s: %u of %u peers are on no port's link, and no port has a "
			    "gateway: nothing can be sent to them",
			c->name, lost, c->n_peers);
	return rc;
}

/* Places of tunnels' peers and peers' SAs, before anything is made. */
static void lay_out(struct hub *h)
{
	uint32_t peer = 0, sa = 0;

	for (unsigned i = 0; i < h->n_tunnels; i++) {
		const struct config_tunnel *c = &h->config->tunnels[i];

		h->tunnels[i].config = c;
		h->tunnels[i].first_peer = peer;
		for (unsigned k = 0; k < c->n_peers; k++, peer++) {
			h->peers[peer] = (struct hub_peer){
				.config = &c->peers[k],
				.tunnel = (uint16_t)i,
				.nbma_be = c->peers[k].nbma.v4_be,
				.nat_port = c->peers[k].nat_port,
				.next_hop = HUB_NONE,
				.sibling = HUB_NONE,
				.sas = sa,
			};
			sa += c->peers[k].n_sa_in + c->peers[k].n_sa_out;
		}
	}
}

static int alloc(struct hub *h, struct error *err)
{
	const struct config *c = h->config;
	size_t sas = 0;

	h->n_tunnels = c->n_tunnels;
	for (unsigned i = 0; i < c->n_tunnels; i++) {
		h->n_peers += c->tunnels[i].n_peers;
		for (unsigned k = 0; k < c->tunnels[i].n_peers; k++)
			sas += c->tunnels[i].peers[k].n_sa_in + c->tunnels[i].peers[k].n_sa_out;
	}
	h->tunnels = calloc(h->n_tunnels + 1, sizeof(*h->tunnels));
	h->peers = calloc(h->n_peers + 1, sizeof(*h->peers));
	h->peer_of = calloc(hub_peers_room(c), sizeof(*h->peer_of));
	h->sas = calloc(sas + 1, sizeof(*h->sas));
	if (h->tunnels == NULL || h->peers == NULL || h->peer_of == NULL || h->sas == NULL)
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

int hub_tunnels_create(struct hub *h, struct error *err)
{
	int rc = alloc(h, err);

	if (rc < 0)
		return rc;
	rc = hub_path_mtu_create(h, err);
	if (rc < 0)
		return rc;
	lay_out(h);
	for (unsigned i = 0; i < h->n_tunnels && rc == 0; i++)
		rc = create_tunnel(h, i, err);
	return rc;
}

void hub_tunnels_destroy(struct hub *h)
{
	hub_path_mtu_destroy(h);
	free(h->sas);
	free(h->peer_of);
	free(h->peers);
	free(h->tunnels);
}

enum hub_peer_state hub_peer_state(const struct hub *h, const struct hub_peer *p)
{
	if (p->config->n_sa_in == 0 || dp_peer_sa_out(h->dp, p->dp) == SA_NONE)
		return HUB_PEER_NO_SA;
	if (p->next_hop == HUB_NONE || !h->neighbors.at[p->next_hop].known)
		return HUB_PEER_NO_NEIGHBOR;
	return HUB_PEER_UP;
}

static uint64_t sa_packets(const struct sa_table *t, const uint32_t *index, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += __atomic_load_n(&sa_at(t, index[i])->hot.packets, __ATOMIC_RELAXED);
	return sum;
}

void hub_peer_packets(const struct hub *h, const struct hub_peer *p, uint64_t *rx, uint64_t *tx)
{
	const uint32_t *sa = &h->sas[p->sas];

	*rx = sa_packets(dp_sa_table(h->dp, true), sa, p->config->n_sa_in);
	*tx = sa_packets(dp_sa_table(h->dp, false), sa + p->config->n_sa_in, p->config->n_sa_out);
}

void hub_peers_sample(struct hub *h)
{
	/* Turns come once a millisecond or less often; a share of the peers is due in each. */
	unsigned n = h->n_peers / SAMPLE_MS + 1;
	uint64_t rx, tx;

	for (unsigned i = 0; i < n && h->n_peers > 0; i++) {
		struct hub_peer *p = &h->peers[h->sampled++ % h->n_peers];

		hub_peer_packets(h, p, &rx, &tx);
		if (rx + tx != p->packets) {
			p->was_used = true;
			p->used_at = h->now;
		}
		p->packets = rx + tx;
		hub_path_mtu_age(h, p);
	}
}

bool hub_peer_used_lately(const struct hub *h, const struct hub_peer *p)
{
	return p->was_used && h->now - p->used_at < LATELY_MS;
}

static void log_move(struct hub *h, const struct hub_peer *p, uint32_t to_be, uint16_t port)
{
	struct ip_addr from = ip_addr_v4(p->nbma_be), to = ip_addr_v4(to_be);
	char peer[IP_ADDR_STRLEN], a[IP_ADDR_STRLEN], b[IP_ADDR_STRLEN];

	hub_log_limited(h, &h->peer_moves, "peer %s moved from %s:%u to %s:%u",
		ip_addr_str(&p->config->address, peer), ip_addr_str(&from, a), p->nat_port,
		ip_addr_str(&to, b), port);
}

void hub_peer_moved(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	struct cursor c = cursor_open(packet, len);
	unsigned header_len = (cursor_u8(&c) & 0xfu) * 4;
	uint32_t src_be, place;
	struct hub_peer *p;
	uint16_t port;

	cursor_take(&c, 11);
	src_be = cursor_be32(&c);
	c = cursor_open(packet, len);
	cursor_take(&c, header_len);
	port = cursor_u16(&c);
	if (c.error || header_len < 20 || info->peer == DP_PEER_NONE)
		return;
	place = h->peer_of[info->peer];
	p = &h->peers[place];
	/* Port 0 would mean plain ESP. Several packets may tell of the same move. */
	if (p->nat_port == 0 || port == 0 || (p->nbma_be == src_be && p->nat_port == port) ||
		dp_route_lookup(h->dp, DP_TABLE_UNDERLAY, src_be) == DP_ADJ_LOCAL)
		return;
	log_move(h, p, src_be, port);
	/* Another path: what was learned of the old one says nothing about it. */
	hub_path_mtu_forget(h, p);
	p->nbma_be = src_be;
	p->nat_port = port;
	dp_peer_move(h->dp, p->dp, src_be, port);
	hub_path_mtu_track(h, p);
	follow(h, place);
}

const struct hub_peer *hub_peer_of(const struct hub *h, uint32_t dp_peer)
{
	return dp_peer == DP_PEER_NONE ? NULL : &h->peers[h->peer_of[dp_peer]];
}

const struct hub_peer *hub_peer_find(const struct hub *h, const struct ip_addr *address)
{
	const struct hub_rib_entry *e = hub_rib_entry(
		hub_rib_find(h, DP_TABLE_OVERLAY, address->v4_be, 32), HUB_ROUTE_PEER);

	return e == NULL ? NULL : hub_peer_of(h, DP_ADJ_INDEX(e->said.adj));
}
