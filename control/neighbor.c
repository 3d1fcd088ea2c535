/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stations on the ports' links: which are needed, what their Ethernet addresses are, when to ask.
 *
 * A neighbor that peers or routes need is asked for until it answers: at first once a
 * second (RFC 1122 2.3.2.1 allows no more), then ever more seldom. What was learned is asked again
 * after a while, by unicast, and is given up when there is no answer (RFC 1122 2.3.2.1 (1), (2)).
 */
#define LOG_SUBSYSTEM LOG_PORT

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <rte_hash.h>

#include "common/cursor.h"
#include "common/log.h"
#include "control/hub_priv.h"
#include "dataplane/drops.h"

#define SECOND    1000
#define RETRY_MAX (30 * SECOND)
#define TRIES     3 /* requests at full rate, and before a silent neighbor is given up */
#define FRESH     (300 * SECOND)
#define PER_TURN  32 /* requests sent at once: bursts of ARP are lost in switches */
#define NEVER     UINT64_MAX
/* Packets that wait for one next hop (RFC 1122 2.3.2.2), as long as it is asked for at full rate.
 */
#define HELD    3
#define HELD_MS (TRIES * SECOND)

struct key {
	uint32_t addr_be;
	uint16_t port;
	uint16_t zero;
};

int hub_neighbors_create(struct hub *h, unsigned room, struct error *err)
{
	struct hub_neighbors *t = &h->neighbors;
	struct rte_hash_parameters p = {
		.name = "neighbors",
		.entries = room + HUB_DP_NEIGHBORS_MAX,
		.key_len = sizeof(struct key),
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	h->hold.room = HUB_HOLD_MAX;
	h->hold.each = HELD;
	h->hold.wait_ms = HELD_MS;
	t->room = p.entries;
	t->due = NEVER;
	t->index = rte_hash_create(&p);
	t->at = calloc(t->room, sizeof(*t->at));
	if (t->index == NULL || t->at == NULL)
		return error_set(err, ENOMEM,
			"no memory for %u neighbors: give the EAL more (-m, or hugepages)",
			t->room);
	for (unsigned i = 0; i < t->room; i++)
		t->at[i].dp = HUB_NONE;
	return 0;
}

void hub_neighbors_destroy(struct hub *h)
{
	rte_hash_free(h->neighbors.index);
	free(h->neighbors.at);
}

static uint32_t find(const struct hub *h, uint16_t port, uint32_t addr_be)
{
	struct key key = {.addr_be = addr_be, .port = port};
	int at = rte_hash_lookup(h->neighbors.index, &key);

	return at < 0 ? HUB_NONE : (uint32_t)at;
}

static bool needed(const struct hub_neighbor *n)
{
	return n->fixed || n->gateway || n->peers != HUB_NONE || n->next_hop;
}

/* Worth asking again when its time has come: hosts of a LAN talk as long as they are there. */
static bool kept(const struct hub *h, const struct hub_neighbor *n)
{
	return needed(n) || (n->known && h->ports[n->port].config->lan);
}

static bool usable(const struct hub_neighbor *n)
{
	return n->known && n->dp != HUB_NONE;
}

static void set_due(struct hub *h, struct hub_neighbor *n, uint64_t due)
{
	n->due = due;
	h->neighbors.due = RTE_MIN(h->neighbors.due, due);
}

static void forget(struct hub *h, struct hub_neighbor *n);

/*
 * The neighbor that is missed least, if nobody needs it: one that has not answered, then the one
 * that was heard of longest ago. Of all, or of those that have a place in the data plane.
 */
static struct hub_neighbor *dispensable(struct hub *h, bool with_dp)
{
	struct hub_neighbors *t = &h->neighbors;
	struct hub_neighbor *least = NULL;

	for (unsigned i = 0; i < t->room; i++) {
		struct hub_neighbor *n = &t->at[i];

		if (!n->used || needed(n) || (with_dp && n->dp == HUB_NONE))
			continue;
		if (least == NULL || n->known < least->known ||
			(n->known == least->known && n->heard < least->heard))
			least = n;
	}
	return least;
}

/* Places in the data plane are never given back, but change hands. */
static uint32_t take_dp(struct hub *h)
{
	struct hub_neighbors *t = &h->neighbors;
	struct hub_neighbor *from = NULL;
	uint32_t dp;

	for (unsigned i = 0; i < t->room && from == NULL; i++)
		if (!t->at[i].used && t->at[i].dp != HUB_NONE)
			from = &t->at[i];
	if (from == NULL) {
		from = dispensable(h, true);
		if (from == NULL)
			return HUB_NONE;
		forget(h, from);
	}
	dp = from->dp;
	from->dp = HUB_NONE;
	return dp;
}

/* Give a known neighbor its place in the data plane, if there is one for it. */
static void set_dp(struct hub *h, struct hub_neighbor *n)
{
	if (n->dp == HUB_NONE && dp_neighbor_add(h->dp, n->port, &n->mac, &n->dp) < 0)
		n->dp = take_dp(h);
	if (n->dp == HUB_NONE)
		return;
	dp_neighbor_set(h->dp, n->dp, n->port, &n->mac);
	h->neighbors.of_dp[n->dp] = (uint32_t)(n - h->neighbors.at);
}

static void add_route(struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len,
	enum hub_route_source source, dp_adj_t adj)
{
	struct error err;

	if (hub_rib_add(h, table, addr_be, len, source, adj, &err) < 0)
		log_error("%s", err.text);
}

/* Where what leads to it goes: if it is not known, to control, which asks for it. */
static dp_adj_t adj_of(const struct hub_neighbor *n)
{
	return usable(n) ? DP_ADJ(DP_ADJ_ETHER, n->dp) : DP_ADJ(DP_ADJ_GLEAN, n->port);
}

/* Its Ethernet address is known, and better: its link is up. */
static unsigned reaches(const struct hub *h, const struct hub_neighbor *n)
{
	return usable(n) ? 1 + hub_port_link_up(h, n->port) : 0;
}

/* The first gateway that is known, or the first one; of all, or of those that are exits. */
static const struct hub_neighbor *best_gateway(const struct hub *h, bool exits)
{
	const struct hub_neighbor *best = NULL, *n;

	for (uint16_t i = 0; i < h->n_ports; i++) {
		const struct config_port *c = h->ports[i].config;
		uint32_t at = c->gateway.family != 0 ? find(h, i, c->gateway.v4_be) : HUB_NONE;

		if (at == HUB_NONE || (exits && !c->internet_exit))
			continue;
		n = &h->neighbors.at[at];
		if (best == NULL || reaches(h, n) > reaches(h, best))
			best = n;
	}
	return best;
}

/*
 * The hub's own packets wait for their gateway. Inner packets have no way by an outer port, unless
 * one is an Internet exit and its gateway answers.
 */
static void set_default(struct hub *h)
{
	const struct hub_neighbor *own = best_gateway(h, false), *exit = best_gateway(h, true);

	if (own != NULL)
		add_route(h, DP_TABLE_UNDERLAY, 0, 0, HUB_ROUTE_STATIC, adj_of(own));
	if (exit != NULL && usable(exit))
		add_route(h, DP_TABLE_OVERLAY, 0, 0, HUB_ROUTE_EXIT, adj_of(exit));
	else
		hub_rib_del(h, DP_TABLE_OVERLAY, 0, 0, HUB_ROUTE_EXIT);
}

/* The station itself; what it is the way to follows. */
static void set_routes(struct hub *h, struct hub_neighbor *n)
{
	enum dp_table table = hub_port_table(h, n->port);

	if (n->known)
		set_dp(h, n);
	else
		hub_rib_del(h, table, n->addr_be, 32, HUB_ROUTE_NEIGHBOR);
	/* Without a place in the data plane its peers are still served. */
	if (usable(n))
		add_route(h, table, n->addr_be, 32, HUB_ROUTE_NEIGHBOR, adj_of(n));
	if (n->gateway)
		set_default(h);
	/* Last, when no route leads to it any more. */
	if (!n->known && n->dp != HUB_NONE)
		dp_neighbor_set(h->dp, n->dp, DP_PORT_NONE, &n->mac);
}

static void set_peer(struct hub *h, const struct hub_neighbor *n, const struct hub_peer *p)
{
	dp_peer_set_neighbor(h->dp, p->dp, n->known ? n->port : DP_PORT_NONE, &n->mac);
}

/* Tell the data plane what is known of a neighbor now. */
static void apply(struct hub *h, struct hub_neighbor *n)
{
	set_routes(h, n);
	for (uint32_t i = n->peers; i != HUB_NONE; i = h->peers[i].sibling)
		set_peer(h, n, &h->peers[i]);
}

static void forget(struct hub *h, struct hub_neighbor *n)
{
	struct key key = {.addr_be = n->addr_be, .port = n->port};
	uint32_t dp = n->dp;

	if (n->known) {
		n->known = false;
		apply(h, n);
	}
	rte_hash_del_key(h->neighbors.index, &key);
	*n = (struct hub_neighbor){.dp = dp};
	h->neighbors.used--;
}

/* The table is full. */
static bool evict(struct hub *h)
{
	struct hub_neighbor *n = dispensable(h, false);

	if (n != NULL)
		forget(h, n);
	return n != NULL;
}

/* Place of a neighbor; made and asked for if it is new. */
static uint32_t want(struct hub *h, uint16_t port, uint32_t addr_be)
{
	struct hub_neighbors *t = &h->neighbors;
	struct key key = {.addr_be = addr_be, .port = port};
	struct hub_neighbor *n;
	int at = rte_hash_lookup(t->index, &key);

	if (at >= 0)
		return (uint32_t)at;
	if (t->used == t->room && !evict(h))
		return HUB_NONE;
	at = rte_hash_add_key(t->index, &key);
	if (at < 0)
		return HUB_NONE;
	n = &t->at[at];
	*n = (struct hub_neighbor){
		.addr_be = addr_be,
		.port = port,
		.used = true,
		.dp = n->dp,
		.peers = HUB_NONE,
		.heard = h->now,
	};
	t->used++;
	set_due(h, n, h->now);
	return (uint32_t)at;
}

static void log_move(struct hub *h, const struct hub_neighbor *n, const struct mac_addr *mac)
{
	struct ip_addr addr = ip_addr_v4(n->addr_be);
	char from[MAC_ADDR_STRLEN], to[MAC_ADDR_STRLEN], text[IP_ADDR_STRLEN];

	log_stranger("%s: %s moved from %s to %s", h->ports[n->port].config->name,
		ip_addr_str(&addr, text), mac_addr_str(&n->mac, from), mac_addr_str(mac, to));
}

static uint64_t hold_key(const struct hub_neighbor *n)
{
	return (uint64_t)n->port << 32 | n->addr_be;
}

/* It has answered: what waits for it goes on. */
static void send_held(struct hub *h, const struct hub_neighbor *n)
{
	struct hub_held e;

	while (hub_hold_take(&h->hold, hold_key(n), &e))
		if (dp_inject_ip4(h->dp, e.info.table, e.m) == 0) {
			h->hold.sent++;
			h->punts[DP_PUNT_RESOLVE].sent++;
		}
}

/* It has not: RFC 1812 5.2.7.1, the sender is told. */
static void give_up_held(struct hub *h)
{
	struct hub_held e;

	while (hub_hold_give_up(&h->hold, h->now, &e)) {
		e.info.drop = DP_DROP_fwd_no_peer;
		hub_icmp_error(h, &e.info, rte_pktmbuf_mtod(e.m, uint8_t *), e.m->data_len);
		rte_pktmbuf_free(e.m);
	}
}

void hub_neighbor_heard(
	struct hub *h, uint16_t port, uint32_t addr_be, const struct mac_addr *mac, bool create)
{
	uint32_t at = create ? want(h, port, addr_be) : find(h, port, addr_be);
	struct hub_neighbor *n = at == HUB_NONE ? NULL : &h->neighbors.at[at];
	bool same;

	if (n == NULL || n->fixed)
		return;
	same = n->known && memcmp(&n->mac, mac, sizeof(*mac)) == 0;
	if (n->known && !same)
		log_move(h, n, mac);
	n->mac = *mac;
	n->known = true;
	n->tries = 0;
	n->heard = h->now;
	set_due(h, n, h->now + FRESH);
	if (!same)
		apply(h, n);
	if (usable(n))
		send_held(h, n);
}

void hub_neighbor_learn(
	struct hub *h, uint16_t port, const struct ip_addr *address, const struct mac_addr *mac)
{
	if (port < h->n_ports && address->family == AF_INET)
		hub_neighbor_heard(h, port, address->v4_be, mac, true);
}

static int no_room(const struct hub *h, uint16_t port, uint32_t addr_be, struct error *err)
{
	struct ip_addr addr = ip_addr_v4(addr_be);
	char text[IP_ADDR_STRLEN];

	return error_set(err, ENOSPC, "port %s: no room for neighbor %s among %u",
		h->ports[port].config->name, ip_addr_str(&addr, text), h->neighbors.room);
}

int hub_neighbor_fix(
	struct hub *h, uint16_t port, const struct config_neighbor *c, struct error *err)
{
	uint32_t at = want(h, port, c->address.v4_be);
	struct hub_neighbor *n;

	if (at == HUB_NONE)
		return no_room(h, port, c->address.v4_be, err);
	n = &h->neighbors.at[at];
	n->fixed = true;
	n->known = true;
	n->mac = c->mac;
	n->due = NEVER;
	apply(h, n);
	return 0;
}

int hub_neighbor_gateway(struct hub *h, uint16_t port, uint32_t addr_be, struct error *err)
{
	uint32_t at = want(h, port, addr_be);

	if (at == HUB_NONE)
		return no_room(h, port, addr_be, err);
	h->neighbors.at[at].gateway = true;
	apply(h, &h->neighbors.at[at]);
	return 0;
}

void hub_neighbor_need(struct hub *h, uint16_t port, uint32_t addr_be)
{
	uint32_t at = want(h, port, addr_be);

	if (at != HUB_NONE)
		h->neighbors.at[at].next_hop = true;
}

void hub_neighbor_release(struct hub *h, uint16_t port, uint32_t addr_be)
{
	uint32_t at = find(h, port, addr_be);

	if (at != HUB_NONE)
		h->neighbors.at[at].next_hop = false;
}

/* What was known of a link that comes back may have changed: ask all that are needed. */
void hub_neighbors_link(struct hub *h, uint16_t port)
{
	struct hub_neighbors *t = &h->neighbors;

	for (unsigned i = 0; i < t->room; i++) {
		struct hub_neighbor *n = &t->at[i];

		if (!n->used || n->port != port || n->fixed || !hub_port_link_up(h, port))
			continue;
		n->tries = 0;
		set_due(h, n, h->now);
	}
	set_default(h);
}

/* Outer frames of one link go by that link, of others by a gateway; never by a LAN port. */
static bool is_outer_link(const struct hub *h, uint16_t port, uint32_t addr_be)
{
	return !h->ports[port].config->lan && hub_port_prefix_of(h, port, addr_be) != NULL;
}

uint32_t hub_neighbor_toward(struct hub *h, uint16_t preferred, uint32_t addr_be)
{
	const struct ip_addr *gateway = &h->ports[preferred].config->gateway;

	if (is_outer_link(h, preferred, addr_be))
		return want(h, preferred, addr_be);
	for (uint16_t i = 0; i < h->n_ports; i++)
		if (is_outer_link(h, i, addr_be))
			return want(h, i, addr_be);
	if (gateway->family != 0)
		return want(h, preferred, gateway->v4_be);
	for (uint16_t i = 0; i < h->n_ports; i++)
		if (h->ports[i].config->gateway.family != 0)
			return want(h, i, h->ports[i].config->gateway.v4_be);
	return HUB_NONE;
}

void hub_neighbor_attach(struct hub *h, uint32_t peer)
{
	struct hub_peer *p = &h->peers[peer];
	struct hub_neighbor *n = &h->neighbors.at[p->next_hop];

	p->elder = HUB_NONE;
	p->sibling = n->peers;
	if (n->peers != HUB_NONE)
		h->peers[n->peers].elder = peer;
	n->peers = peer;
	set_peer(h, n, p);
}

void hub_neighbor_detach(struct hub *h, uint32_t peer)
{
	struct hub_peer *p = &h->peers[peer];

	if (p->elder != HUB_NONE)
		h->peers[p->elder].sibling = p->sibling;
	else
		h->neighbors.at[p->next_hop].peers = p->sibling;
	if (p->sibling != HUB_NONE)
		h->peers[p->sibling].elder = p->elder;
}

/* The data plane knows the link; who is asked for on it, the route says. */
static uint32_t next_hop(struct hub *h, const struct dp_punt_info *info, uint32_t dst_be)
{
	uint32_t hop_be;

	if (info->table == DP_TABLE_UNDERLAY)
		return hub_neighbor_toward(h, info->port, dst_be);
	if (!hub_rib_link_hop(h, DP_TABLE_OVERLAY, info->port, dst_be, &hop_be) ||
		hub_port_prefix_of(h, info->port, hop_be) == NULL)
		return HUB_NONE;
	return want(h, info->port, hop_be);
}

void hub_neighbor_resolve(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *data, unsigned len)
{
	struct cursor c = cursor_open(data, len);
	const struct hub_neighbor *n;
	uint32_t dst_be, at;

	cursor_take(&c, 16);
	dst_be = cursor_be32(&c);
	if (c.error || info->port >= h->n_ports)
		return;
	at = next_hop(h, info, dst_be);
	if (at == HUB_NONE)
		return;
	n = &h->neighbors.at[at];
	/* Known, but without a place in the data plane: it would come back at once. */
	if (n->known && !usable(n))
		return;
	hub_hold_add(h->dp, &h->hold, h->now, hold_key(n), info, data, len);
	/* It answered while the packet was on its way here. */
	if (usable(n))
		send_held(h, n);
}

const struct hub_neighbor *hub_neighbor_of(const struct hub *h, uint32_t dp_neighbor)
{
	return &h->neighbors.at[h->neighbors.of_dp[dp_neighbor]];
}

/* Pause after so many requests without an answer. */
static uint64_t pause_after(unsigned tries)
{
	uint64_t pause = SECOND;

	for (; tries > TRIES && pause < RETRY_MAX; tries--)
		pause *= 2;
	return RTE_MIN(pause, (uint64_t)RETRY_MAX);
}

/* A neighbor's time has come. @return false if the request could not be sent now */
static bool take_due(struct hub *h, struct hub_neighbor *n)
{
	if (!needed(n) && (n->known ? !kept(h, n) : n->tries >= TRIES)) {
		forget(h, n);
		return true;
	}
	if (n->known && n->tries >= TRIES) {
		n->known = false;
		n->tries = 0;
		apply(h, n);
	}
	if (hub_arp_request(h, n->port, n->addr_be, n->known ? &n->mac : NULL) < 0)
		return false;
	n->tries += n->tries < UINT8_MAX;
	n->due = h->now + pause_after(n->tries);
	return true;
}

void hub_neighbors_turn(struct hub *h)
{
	struct hub_neighbors *t = &h->neighbors;
	uint64_t due = NEVER;
	unsigned sent = 0;

	give_up_held(h);
	if (h->now < t->due)
		return;
	for (unsigned i = 0; i < t->room; i++) {
		struct hub_neighbor *n = &t->at[(t->next + i) % t->room];

		if (!n->used || n->due == NEVER)
			continue;
		if (n->due <= h->now) {
			if (sent == PER_TURN || !take_due(h, n)) {
				/* The rest in the next turn, from here on. */
				t->next = (t->next + i) % t->room;
				t->due = h->now + 1;
				return;
			}
			sent++;
		}
		if (n->used)
			due = RTE_MIN(due, n->due);
	}
	t->due = due;
}
