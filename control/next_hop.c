/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The addresses that routes lead to. Each hangs off the most specific prefix around it, so that a
 * change of a prefix finds what depends on it, and nothing else is looked at.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "control/hub_priv.h"

static int compare(const struct hub_next_hop *a, const struct hub_next_hop *b)
{
	if (a->addr_be == b->addr_be)
		return 0;
	return ntohl(a->addr_be) < ntohl(b->addr_be) ? -1 : 1;
}

/* clang-format off */
RB_GENERATE_INTERNAL(hub_next_hop_tree, hub_next_hop, by_addr, compare,
	__attribute__((unused)) static)
/* clang-format on */

/* Default routes resolve nothing: what was withdrawn must not go on by another's. */
static struct hub_route *resolver(const struct hub *h, const struct hub_prefix *p, unsigned max)
{
	struct hub_route *r = hub_rib_around(h, p->table, p->addr_be, 1, max);

	return r != NULL ? r : (struct hub_route *)(uintptr_t)&h->rib.root[p->table];
}

/* The link that a prefix's next hops are on, if it is one. */
static uint16_t link_of(const struct hub *h, const struct hub_route *r)
{
	if (r->best == NULL || r->best->said.n_next_hops != 0)
		return DP_PORT_NONE;
	switch (DP_ADJ_KIND(r->best->said.adj)) {
	case DP_ADJ_GLEAN:
		return (uint16_t)DP_ADJ_INDEX(r->best->said.adj);
	case DP_ADJ_ETHER:
		return hub_neighbor_of(h, DP_ADJ_INDEX(r->best->said.adj))->port;
	default:
		return DP_PORT_NONE;
	}
}

static void relink(struct hub *h, struct hub_next_hop *n)
{
	if (n->moved || n->port == link_of(h, n->by))
		return;
	n->moved = true;
	TAILQ_INSERT_TAIL(&h->rib.moved, n, queue);
}

static void attach(struct hub *h, struct hub_next_hop *n, struct hub_route *by)
{
	n->by = by;
	RB_INSERT(hub_next_hop_tree, &by->next_hops, n);
	relink(h, n);
}

static struct hub_next_hop *get(struct hub *h, enum dp_table table, uint32_t addr_be)
{
	const struct hub_prefix p = {addr_be, 32, (uint8_t)table};
	struct hub_route *by = resolver(h, &p, 32);
	struct hub_next_hop key = {.addr_be = addr_be};
	struct hub_next_hop *n = RB_FIND(hub_next_hop_tree, &by->next_hops, &key);

	if (n != NULL)
		return n;
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return NULL;
	n->addr_be = addr_be;
	n->port = DP_PORT_NONE;
	LIST_INIT(&n->paths);
	attach(h, n, by);
	return n;
}

static void unused(struct hub *h, struct hub_next_hop *n)
{
	if (!LIST_EMPTY(&n->paths))
		return;
	RB_REMOVE(hub_next_hop_tree, &n->by->next_hops, n);
	if (n->moved)
		TAILQ_REMOVE(&h->rib.moved, n, queue);
	if (n->port != DP_PORT_NONE)
		hub_neighbor_release(h, n->port, n->addr_be);
	free(n);
}

int hub_next_hops_take(struct hub *h, struct hub_rib_entry *e, enum dp_table table)
{
	for (unsigned i = 0; i < e->said.n_next_hops; i++) {
		struct hub_rib_path *path = &e->paths[i];

		path->next_hop = get(h, table, e->said.next_hops_be[i]);
		if (path->next_hop == NULL) {
			hub_next_hops_release(h, e);
			return -ENOMEM;
		}
		path->entry = e;
		LIST_INSERT_HEAD(&path->next_hop->paths, path, link);
	}
	return 0;
}

void hub_next_hops_release(struct hub *h, struct hub_rib_entry *e)
{
	for (unsigned i = 0; i < e->said.n_next_hops; i++) {
		struct hub_next_hop *n = e->paths[i].next_hop;

		if (n == NULL)
			continue;
		LIST_REMOVE(&e->paths[i], link);
		e->paths[i].next_hop = NULL;
		unused(h, n);
	}
}

void hub_next_hops_adopt(struct hub *h, struct hub_route *r)
{
	uint32_t last = ntohl(r->prefix.addr_be | ~ip4_mask_be(r->prefix.len));
	struct hub_next_hop key = {.addr_be = r->prefix.addr_be}, *n, *next;
	struct hub_route *from;

	if (r->prefix.len == 0)
		return;
	from = resolver(h, &r->prefix, r->prefix.len - 1u);
	for (n = RB_NFIND(hub_next_hop_tree, &from->next_hops, &key);
		n != NULL && ntohl(n->addr_be) <= last; n = next) {
		next = RB_NEXT(hub_next_hop_tree, &from->next_hops, n);
		RB_REMOVE(hub_next_hop_tree, &from->next_hops, n);
		attach(h, n, r);
	}
}

void hub_next_hops_orphan(struct hub *h, struct hub_route *r)
{
	struct hub_route *to;
	struct hub_next_hop *n;

	if (RB_EMPTY(&r->next_hops))
		return;
	to = resolver(h, &r->prefix, r->prefix.len - 1u);
	while ((n = RB_MIN(hub_next_hop_tree, &r->next_hops)) != NULL) {
		RB_REMOVE(hub_next_hop_tree, &r->next_hops, n);
		attach(h, n, to);
	}
}

void hub_next_hops_reach(struct hub *h, struct hub_route *r)
{
	struct hub_next_hop *n;
	struct hub_rib_path *path;

	RB_FOREACH(n, hub_next_hop_tree, &r->next_hops)
	LIST_FOREACH(path, &n->paths, link)
	hub_rib_reach(h, path->entry->route);
}

void hub_next_hops_relink(struct hub *h, struct hub_route *r)
{
	struct hub_next_hop *n;

	RB_FOREACH(n, hub_next_hop_tree, &r->next_hops)
	relink(h, n);
}

void hub_next_hops_settle(struct hub *h)
{
	struct hub_next_hop *n;
	uint16_t was;

	/* To make room for a neighbor others may go, and their routes: the list may change. */
	while ((n = TAILQ_FIRST(&h->rib.moved)) != NULL) {
		TAILQ_REMOVE(&h->rib.moved, n, queue);
		n->moved = false;
		was = n->port;
		n->port = link_of(h, n->by);
		if (n->port == was)
			continue;
		if (was != DP_PORT_NONE)
			hub_neighbor_release(h, was, n->addr_be);
		if (n->port != DP_PORT_NONE)
			hub_neighbor_need(h, n->port, n->addr_be);
	}
}

static void set_add(struct hub_adj_set *set, dp_adj_t adj)
{
	unsigned i = 0;

	while (i < set->n && set->at[i] < adj)
		i++;
	if (i == HUB_NEXT_HOPS_MAX || (i < set->n && set->at[i] == adj))
		return;
	if (set->n < HUB_NEXT_HOPS_MAX)
		set->n++;
	for (unsigned k = set->n - 1; k > i; k--)
		set->at[k] = set->at[k - 1];
	set->at[i] = adj;
}

/* A resolution on its way: how deep, and has it met itself or the limit? */
struct walk {
	unsigned depth;
	bool loop;
};

static const struct hub_rib_entry *resolve(
	struct walk *w, struct hub_route *r, struct hub_adj_set *set);

static void resolve_hop(struct walk *w, const struct hub_next_hop *n, struct hub_adj_set *set)
{
	struct hub_adj_set found = {0};

	resolve(w, n->by, &found);
	/* A black hole, the hub itself and a spoke that is not there lead nobody on. */
	for (unsigned i = 0; i < found.n; i++)
		if (DP_ADJ_KIND(found.at[i]) != DP_ADJ_SPECIAL)
			set_add(set, found.at[i]);
}

static void resolve_entry(struct walk *w, const struct hub_rib_entry *e, struct hub_adj_set *set)
{
	if (e->said.distance == HUB_DISTANCE_NEVER)
		return;
	if (e->said.n_next_hops == 0)
		set_add(set, e->said.adj);
	for (unsigned i = 0; i < e->said.n_next_hops; i++)
		resolve_hop(w, e->paths[i].next_hop, set);
}

static const struct hub_rib_entry *resolve(
	struct walk *w, struct hub_route *r, struct hub_adj_set *set)
{
	const struct hub_rib_entry *e;

	if (r->walking || w->depth == HUB_RIB_DEPTH) {
		w->loop = true;
		return NULL;
	}
	r->walking = true;
	w->depth++;
	STAILQ_FOREACH (e, &r->entries, link) {
		resolve_entry(w, e, set);
		if (set->n != 0)
			break;
	}
	w->depth--;
	r->walking = false;
	return e;
}

const struct hub_rib_entry *hub_route_resolve(struct hub_route *r, struct hub_adj_set *set)
{
	struct walk w = {0};

	return resolve(&w, r, set);
}

static enum hub_route_state state_of(const struct walk *w, bool works, bool best)
{
	if (works)
		return best ? HUB_ROUTE_ACTIVE : HUB_ROUTE_STANDBY;
	return w->loop ? HUB_ROUTE_LOOP : HUB_ROUTE_UNRESOLVED;
}

enum hub_route_state hub_rib_state(const struct hub_rib_entry *e)
{
	struct hub_adj_set set = {0};
	struct walk w = {.depth = 1};

	if (e->said.distance == HUB_DISTANCE_NEVER)
		return HUB_ROUTE_NEVER;
	if (e->route->best == e)
		return e->route->no_room ? HUB_ROUTE_NO_ROOM : HUB_ROUTE_ACTIVE;
	e->route->walking = true;
	resolve_entry(&w, e, &set);
	e->route->walking = false;
	return state_of(&w, set.n != 0, false);
}

enum hub_route_state hub_rib_hop_state(const struct hub_rib_entry *e, unsigned hop, dp_adj_t *adj)
{
	enum hub_route_state whole = hub_rib_state(e);
	struct hub_adj_set set = {0};
	struct walk w = {.depth = 1};

	e->route->walking = true;
	resolve_hop(&w, e->paths[hop].next_hop, &set);
	e->route->walking = false;
	*adj = set.n != 0 ? set.at[0] : DP_ADJ_NO_ROUTE;
	if (set.n != 0 || whole == HUB_ROUTE_NEVER)
		return whole;
	return state_of(&w, false, false);
}

/* As resolve(): the first next hop that is on the port's link. */
static bool hop_on_link(struct walk *w, const struct hub_route *r, uint16_t port, uint32_t *hop_be)
{
	const struct hub_rib_entry *e = r->best;
	bool found = false;

	if (e == NULL || w->depth == HUB_RIB_DEPTH)
		return false;
	w->depth++;
	for (unsigned i = 0; i < e->said.n_next_hops && !found; i++) {
		const struct hub_next_hop *n = e->paths[i].next_hop;

		found = n->port == port;
		if (found)
			*hop_be = n->addr_be;
		else
			found = hop_on_link(w, n->by, port, hop_be);
	}
	w->depth--;
	return found;
}

bool hub_rib_link_hop(
	const struct hub *h, enum dp_table table, uint16_t port, uint32_t dst_be, uint32_t *hop_be)
{
	const struct hub_route *r = hub_rib_lookup(h, table, dst_be);
	struct walk w = {0};

	if (r == NULL)
		return false;
	if (r->best->said.n_next_hops != 0)
		return hop_on_link(&w, r, port, hop_be);
	*hop_be = dst_be;
	return link_of(h, r) == port;
}
