/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers: spokes that come and go. A peer is there with its first SA, may be without a tunnel
 * address until it registers, and moves when its NAT does. Its route comes last and goes first, so
 * that nothing leads to what is not there.
 */
#define LOG_SUBSYSTEM LOG_NHRP

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_hash.h>

#include "common/cursor.h"
#include "common/log.h"
#include "control/hub_priv.h"

struct nbma_key {
	uint32_t nbma_be;
	uint16_t nat_port;
	uint16_t tunnel;
};

int hub_peers_create(struct hub *h, unsigned room, struct error *err)
{
	struct rte_hash_parameters p = {
		.name = "peer_by_nbma",
		.entries = RTE_MAX(room, 8u),
		.key_len = sizeof(struct nbma_key),
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	h->peers_room = room;
	h->peers = calloc(room, sizeof(*h->peers));
	h->peer_by_nbma = rte_hash_create(&p);
	if (h->peers == NULL || h->peer_by_nbma == NULL)
		return error_set(err, ENOMEM,
			"no memory for %u peers: give the EAL more (-m, or hugepages)", room);
	return hub_path_mtu_create(h, err);
}

void hub_peers_destroy(struct hub *h)
{
	hub_path_mtu_destroy(h);
	rte_hash_free(h->peer_by_nbma);
	for (unsigned i = 0; h->peers != NULL && i < h->peers_room; i++)
		free(h->peers[i].identity);
	free(h->peers);
}

/* --- who hears of it ------------------------------------------------------------------------ */

static void tell(struct hub *h, struct hub_peer *p, enum hub_peer_event event)
{
	for (unsigned i = 0; i < h->watches.n; i++)
		h->watches.at[i].fn(h->watches.at[i].ctx, p, event);
}

static void go_down(struct hub *h, struct hub_peer *p)
{
	if (!p->up)
		return;
	p->up = false;
	tell(h, p, HUB_PEER_EVENT_DOWN);
}

static void lose_keys(struct hub *h, struct hub_peer *p)
{
	go_down(h, p);
	if (!p->keyed)
		return;
	p->keyed = false;
	tell(h, p, HUB_PEER_EVENT_UNKEYED);
}

/* Address or SAs changed. Who hears that there are SAs may give the peer its address. */
static void judge(struct hub *h, struct hub_peer *p)
{
	uint32_t list[DP_PEER_SAS_MAX];
	bool keyed = dp_peer_sa_out(h->dp, p->dp) != SA_NONE &&
		     dp_peer_sas(h->dp, p->dp, true, list) > 0;

	if (!keyed)
		lose_keys(h, p);
	if (keyed && !p->keyed) {
		p->keyed = true;
		tell(h, p, HUB_PEER_EVENT_KEYED);
	}
	if (!p->keyed || p->address_be == 0 || p->up)
		return;
	p->up = true;
	tell(h, p, HUB_PEER_EVENT_UP);
}

int hub_peer_watch(struct hub *h, hub_peer_watch_fn fn, void *ctx)
{
	struct hub_peer_watches *w = &h->watches;

	if (w->n == HUB_PEER_WATCHES_MAX)
		return -ENOSPC;
	w->at[w->n].fn = fn;
	w->at[w->n++].ctx = ctx;
	for (unsigned i = 0; i < h->peers_room; i++) {
		if (h->peers[i].keyed)
			fn(ctx, &h->peers[i], HUB_PEER_EVENT_KEYED);
		if (h->peers[i].up)
			fn(ctx, &h->peers[i], HUB_PEER_EVENT_UP);
	}
	return 0;
}

void hub_peer_unwatch(struct hub *h, const void *ctx)
{
	struct hub_peer_watches *w = &h->watches;
	unsigned n = 0;

	for (unsigned i = 0; i < w->n; i++)
		if (w->at[i].ctx != ctx)
			w->at[n++] = w->at[i];
	w->n = n;
}

/* --- by outer address ------------------------------------------------------------------------ */

static struct nbma_key nbma_key(const struct hub_peer *p)
{
	return (struct nbma_key){p->nbma_be, p->nat_port, p->tunnel};
}

static uint32_t nbma_head(const struct hub *h, const struct nbma_key *key)
{
	void *data;

	return rte_hash_lookup_data(h->peer_by_nbma, key, &data) < 0 ? HUB_NONE
								     : (uint32_t)(uintptr_t)data;
}

static int nbma_set_head(struct hub *h, const struct nbma_key *key, uint32_t place)
{
	if (place != HUB_NONE)
		return rte_hash_add_key_data(h->peer_by_nbma, key, (void *)(uintptr_t)place);
	rte_hash_del_key(h->peer_by_nbma, key);
	return 0;
}

static int nbma_link(struct hub *h, struct hub_peer *p)
{
	struct nbma_key key = nbma_key(p);
	uint32_t head = nbma_head(h, &key);

	p->nbma_prev = HUB_NONE;
	p->nbma_next = head;
	if (head != HUB_NONE)
		h->peers[head].nbma_prev = p->dp;
	return nbma_set_head(h, &key, p->dp);
}

static void nbma_unlink(struct hub *h, struct hub_peer *p)
{
	struct nbma_key key = nbma_key(p);

	if (p->nbma_prev != HUB_NONE)
		h->peers[p->nbma_prev].nbma_next = p->nbma_next;
	else
		nbma_set_head(h, &key, p->nbma_next);
	if (p->nbma_next != HUB_NONE)
		h->peers[p->nbma_next].nbma_prev = p->nbma_prev;
}

struct hub_peer *hub_peer_find_nbma(
	const struct hub *h, uint16_t tunnel, uint32_t nbma_be, uint16_t nat_port)
{
	struct nbma_key key = {nbma_be, nat_port, tunnel};
	uint32_t head = nbma_head(h, &key);

	return head == HUB_NONE ? NULL : &h->peers[head];
}

struct hub_peer *hub_peer_next_nbma(const struct hub *h, const struct hub_peer *p)
{
	return p->nbma_next == HUB_NONE ? NULL : &h->peers[p->nbma_next];
}

/* --- coming and going ------------------------------------------------------------------------ */

/* Find the way to a peer, and take it. */
static void follow(struct hub *h, struct hub_peer *p)
{
	uint32_t next_hop = hub_neighbor_toward(h, h->tunnels[p->tunnel].port, p->nbma_be);

	if (next_hop == p->next_hop)
		return;
	if (p->next_hop != HUB_NONE)
		hub_neighbor_detach(h, p->dp);
	p->next_hop = next_hop;
	if (next_hop != HUB_NONE)
		hub_neighbor_attach(h, p->dp);
	else
		dp_peer_set_neighbor(h->dp, p->dp, DP_PORT_NONE, NULL);
}

struct hub_peer *hub_peer_add(
	struct hub *h, uint16_t tunnel, const struct hub_peer_params *params, struct error *err)
{
	struct dp_peer_params dp = {
		.tunnel = h->tunnels[tunnel].dp,
		.nbma_be = params->nbma_be,
		.natt_port = params->nat_port,
	};
	struct hub_peer *p;
	uint32_t place;

	if (dp_peer_add(h->dp, &dp, &place, err) < 0)
		return NULL;
	p = &h->peers[place];
	*p = (struct hub_peer){
		.used = true,
		.dp = place,
		.tunnel = tunnel,
		.config = params->config,
		.nbma_be = params->nbma_be,
		.nat_port = params->nat_port,
		.next_hop = HUB_NONE,
		.sibling = HUB_NONE,
		.added_at = h->now,
	};
	h->n_peers++;
	h->tunnels[tunnel].n_peers++;
	if (nbma_link(h, p) < 0) {
		error_set(err, ENOSPC, "no room for the outer address of another peer");
		goto err;
	}
	if (hub_peer_set_identity(p, params->identity_is, params->identity) < 0) {
		error_set(err, ENOMEM, "out of memory");
		goto err;
	}
	follow(h, p);
	hub_state_peer(h, p);
	if (params->address_be != 0 && hub_peer_set_address(h, p, params->address_be, err) < 0)
		goto err;
	return p;
err:
	hub_peer_del(h, p);
	return NULL;
}

int hub_peer_set_identity(struct hub_peer *p, enum hub_identity is, const char *identity)
{
	char *copy = identity == NULL ? NULL : strdup(identity);

	if (identity != NULL && copy == NULL)
		return -ENOMEM;
	free(p->identity);
	p->identity = copy;
	p->identity_is = (uint8_t)is;
	return 0;
}

uint32_t hub_peer_pinned(const struct hub_peer *p)
{
	return p->config != NULL && p->config->address.family != 0 ? p->config->address.v4_be : 0;
}

uint32_t hub_peer_bound(const struct hub_peer *p)
{
	uint32_t address_be = hub_peer_pinned(p);

	return address_be != 0 ? address_be : p->pinned_be;
}

static void take_address(struct hub *h, struct hub_peer *p)
{
	go_down(h, p);
	if (p->address_be == 0)
		return;
	hub_rib_del(h, DP_TABLE_OVERLAY, p->address_be, 32, HUB_ROUTE_PEER);
	dp_peer_set_address(h->dp, p->dp, 0, false);
	p->address_be = 0;
	hub_state_peer(h, p);
}

void hub_peer_del(struct hub *h, struct hub_peer *p)
{
	lose_keys(h, p);
	take_address(h, p);
	hub_path_mtu_forget(h, p);
	if (p->next_hop != HUB_NONE)
		hub_neighbor_detach(h, p->dp);
	nbma_unlink(h, p);
	hub_state_peer_gone(h, p);
	hub_capture_peer_gone(h, p->dp);
	dp_peer_del(h->dp, p->dp);
	h->tunnels[p->tunnel].n_peers--;
	h->n_peers--;
	free(p->identity);
	*p = (struct hub_peer){.used = false};
}

/* --- tunnel address -------------------------------------------------------------------------- */

static int check_address(const struct hub *h, const struct hub_peer *p, uint32_t address_be,
	const struct hub_peer *holder, struct error *err)
{
	const struct config_tunnel *t = h->tunnels[p->tunnel].config;
	const struct config_peer *c = p->config;
	struct ip_addr a = ip_addr_v4(address_be);
	uint32_t mask = ip4_mask_be(t->address.len), host = address_be & ~mask;
	char text[IP_ADDR_STRLEN];

	ip_addr_str(&a, text);
	/* A host's own network says nothing of where the others are. */
	if ((t->address.len < 32 && !ip_prefix_contains(&t->address, &a)) ||
		ip_addr_equal(&t->address.addr, &a) ||
		(t->address.len < 31 && (host == 0 || host == (uint32_t)~mask)))
		return error_set(
			err, EINVAL, "%s is no spoke's address in tunnel %s", text, t->name);
	if (hub_peer_pinned(p) != 0 && hub_peer_pinned(p) != address_be)
		return error_set(err, EPERM, "%s:%u gives the peer another address than %s",
			c->place.file, c->place.line, text);
	if (hub_peer_bound(p) != 0 && hub_peer_bound(p) != address_be)
		return error_set(
			err, EPERM, "%s has another address than %s by its key", p->identity, text);
	c = holder != NULL ? holder->config : NULL;
	if (holder != NULL && hub_peer_pinned(holder) != 0)
		return error_set(err, EPERM, "%s:%u gives %s to another peer", c->place.file,
			c->place.line, text);
	if (holder != NULL && hub_peer_bound(holder) == address_be &&
		hub_peer_bound(p) != address_be)
		return error_set(err, EPERM, "%s is %s's by its key", text, holder->identity);
	return 0;
}

/* A server that the hub registers with: `nhs`, or a map that says so. */
static bool is_server(const struct config_nhrp *c, const struct hub_peer *p, uint32_t address_be)
{
	for (unsigned i = 0; i < c->n_nhs; i++)
		if (c->nhs[i].nbma.v4_be == p->nbma_be || c->nhs[i].address.v4_be == address_be)
			return true;
	for (unsigned i = 0; i < c->n_maps; i++)
		if (c->maps[i].registers && c->maps[i].nbma.v4_be == p->nbma_be)
			return true;
	return false;
}

/* What the tunnel's `multicast` says (OpenNHRP): everybody, servers, or these. */
bool hub_peer_hears_multicast(const struct hub *h, const struct hub_peer *p, uint32_t address_be)
{
	const struct config_nhrp *c = &h->tunnels[p->tunnel].config->nhrp;

	if (c->multicast_dynamic)
		return true;
	for (unsigned i = 0; i < c->n_multicast; i++)
		if (c->multicast[i].v4_be == address_be)
			return true;
	return c->multicast_nhs && is_server(c, p, address_be);
}

int hub_peer_set_address(struct hub *h, struct hub_peer *p, uint32_t address_be, struct error *err)
{
	struct ip_addr a = ip_addr_v4(address_be);
	struct hub_peer *holder = hub_peer_find(h, &a);
	int rc;

	if (address_be == p->address_be)
		return 0;
	if (address_be == 0) {
		take_address(h, p);
		return 0;
	}
	rc = check_address(h, p, address_be, holder, err);
	if (rc < 0)
		return rc;
	take_address(h, p);
	if (holder != NULL)
		go_down(h, holder);
	dp_peer_set_address(h->dp, p->dp, address_be, hub_peer_hears_multicast(h, p, address_be));
	/* Of a holder: its route is this peer's with one store. */
	rc = hub_rib_add(h, DP_TABLE_OVERLAY, address_be, 32, HUB_ROUTE_PEER,
		DP_ADJ(DP_ADJ_PEER, p->dp), err);
	if (rc < 0) {
		hub_rib_del(h, DP_TABLE_OVERLAY, address_be, 32, HUB_ROUTE_PEER);
		dp_peer_set_address(h->dp, p->dp, 0, false);
		return rc;
	}
	p->address_be = address_be;
	hub_state_peer(h, p);
	if (holder != NULL) {
		dp_peer_set_address(h->dp, holder->dp, 0, false);
		holder->address_be = 0;
		hub_state_peer(h, holder);
	}
	judge(h, p);
	return 0;
}

struct hub_peer *hub_peer_of(const struct hub *h, uint32_t dp_peer)
{
	return dp_peer < h->peers_room && h->peers[dp_peer].used ? &h->peers[dp_peer] : NULL;
}

struct hub_peer *hub_peer_find(const struct hub *h, const struct ip_addr *address)
{
	const struct hub_rib_entry *e = hub_rib_entry(
		hub_rib_find(h, DP_TABLE_OVERLAY, address->v4_be, 32), HUB_ROUTE_PEER);

	return e == NULL ? NULL : hub_peer_of(h, DP_ADJ_INDEX(e->said.adj));
}

/* --- security associations ------------------------------------------------------------------- */

static int iv_seed(const struct hub *h, uint32_t spi, uint64_t *seed, struct error *err)
{
	if (h->params.fixed_seed)
		*seed = (uint64_t)spi << 32;
	else if (getrandom(seed, sizeof(*seed), 0) != sizeof(*seed))
		return error_set(err, EIO, "the kernel gives no random numbers");
	return 0;
}

int hub_peer_add_sa(struct hub *h, struct hub_peer *p, const struct sa_params *params,
	uint32_t *index, struct error *err)
{
	struct sa_params sa = *params;
	int rc = iv_seed(h, sa.spi, &sa.iv_seed, err);

	if (rc < 0)
		return rc;
	/* What was learned of the path is about the SA that was used until now. */
	if (!sa.in && !sa.standby)
		hub_path_mtu_forget(h, p);
	rc = dp_peer_add_sa(h->dp, p->dp, &sa, index, err);
	if (!sa.in && !sa.standby)
		hub_path_mtu_track(h, p);
	if (rc == 0) {
		hub_state_sa(h, p, &sa, *index);
		hub_state_peer(h, p);
		judge(h, p);
	}
	return rc;
}

void hub_peer_use_sa(struct hub *h, struct hub_peer *p, uint32_t index)
{
	hub_path_mtu_forget(h, p);
	dp_peer_use_sa(h->dp, p->dp, index);
	hub_path_mtu_track(h, p);
}

void hub_peer_del_sa(struct hub *h, struct hub_peer *p, bool in, uint32_t index)
{
	uint32_t in_use = dp_peer_sa_out(h->dp, p->dp);
	uint64_t packets = hub_sa_packets(h, in, index);

	if (!in && index == in_use)
		hub_path_mtu_forget(h, p);
	hub_state_sa_gone(h, in, index);
	dp_peer_del_sa(h->dp, in, index);
	if (!in && index == in_use)
		hub_path_mtu_track(h, p);
	if (in)
		p->gone_rx += packets;
	else
		p->gone_tx += packets;
	judge(h, p);
}

/* --- moves ----------------------------------------------------------------------------------- */

static void log_move(const struct hub_peer *p, uint32_t to_be, uint16_t port)
{
	struct ip_addr own = ip_addr_v4(p->address_be), from = ip_addr_v4(p->nbma_be),
		       to = ip_addr_v4(to_be);
	char peer[IP_ADDR_STRLEN], a[IP_ADDR_STRLEN], b[IP_ADDR_STRLEN];

	log_stranger("peer %s moved from %s:%u to %s:%u",
		p->address_be != 0 ? ip_addr_str(&own, peer) : "without address",
		ip_addr_str(&from, a), p->nat_port, ip_addr_str(&to, b), port);
}

void hub_peer_move(struct hub *h, struct hub_peer *p, uint32_t nbma_be, uint16_t nat_port)
{
	if (p->nbma_be == nbma_be && p->nat_port == nat_port)
		return;
	log_move(p, nbma_be, nat_port);
	/* Another path: what was learned of the old one says nothing about it. */
	hub_path_mtu_forget(h, p);
	nbma_unlink(h, p);
	p->nbma_be = nbma_be;
	p->nat_port = nat_port;
	/* There is room: this peer's own key has just gone. */
	nbma_link(h, p);
	dp_peer_move(h->dp, p->dp, nbma_be, nat_port);
	hub_state_peer(h, p);
	hub_path_mtu_track(h, p);
	follow(h, p);
	if (p->keyed)
		tell(h, p, HUB_PEER_EVENT_MOVED);
}

void hub_peer_moved(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	struct cursor c = cursor_open(packet, len);
	unsigned header_len = (cursor_u8(&c) & 0xfu) * 4;
	struct hub_peer *p = hub_peer_of(h, info->peer);
	uint32_t src_be;
	uint16_t port;

	cursor_take(&c, 11);
	src_be = cursor_be32(&c);
	c = cursor_open(packet, len);
	cursor_take(&c, header_len);
	port = cursor_u16(&c);
	/* Port 0 would mean plain ESP. */
	if (c.error || header_len < 20 || p == NULL || p->nat_port == 0 || port == 0 ||
		dp_route_lookup(h->dp, DP_TABLE_UNDERLAY, src_be) == DP_ADJ_LOCAL)
		return;
	hub_peer_move(h, p, src_be, port);
	hub_ike_peer_moved(h, p);
}
