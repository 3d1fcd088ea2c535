/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The RIB's prefixes and entries. A change reaches the prefix itself and what depends on it; each
 * is looked at once, with the forwarding table told of the result.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "control/hub_priv.h"

static const struct {
	const char *name;
	uint8_t distance;
} sources[HUB_ROUTE_SOURCES] = {
	[HUB_ROUTE_LOCAL] = {"local", 0},
	[HUB_ROUTE_CONNECTED] = {"connected", 0},
	[HUB_ROUTE_PEER] = {"peer", 0},
	[HUB_ROUTE_NEIGHBOR] = {"neighbor", 0},
	[HUB_ROUTE_STATIC] = {"static", 1},
	[HUB_ROUTE_NHRP] = {"nhrp", 10},
	[HUB_ROUTE_RIP] = {"rip", 120},
	[HUB_ROUTE_EXIT] = {"exit", 254},
};

const char *hub_route_source_name(enum hub_route_source source)
{
	return sources[source].name;
}

uint8_t hub_route_distance(enum hub_route_source source)
{
	return sources[source].distance;
}

static int compare(const struct hub_route *a, const struct hub_route *b)
{
	const struct hub_prefix *x = &a->prefix, *y = &b->prefix;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->addr_be != y->addr_be)
		return ntohl(x->addr_be) < ntohl(y->addr_be) ? -1 : 1;
	return (int)x->len - (int)y->len;
}

/* clang-format off */
RB_GENERATE_INTERNAL(hub_route_tree, hub_route, by_prefix, compare, __attribute__((unused)) static)
/* clang-format on */

static void route_init(struct hub_route *r, const struct hub_prefix *prefix)
{
	r->prefix = *prefix;
	STAILQ_INIT(&r->entries);
	RB_INIT(&r->next_hops);
}

int hub_rib_create(struct hub *h, unsigned room, struct error *err)
{
	struct hub_rib *rib = &h->rib;

	(void)err;
	RB_INIT(&rib->routes);
	TAILQ_INIT(&rib->queue);
	TAILQ_INIT(&rib->waiting);
	TAILQ_INIT(&rib->moved);
	for (unsigned i = 0; i < DP_TABLE_COUNT; i++)
		route_init(&rib->root[i], &(struct hub_prefix){.table = (uint8_t)i});
	rib->room = room;
	return 0;
}

static struct hub_route *find(const struct hub *h, const struct hub_prefix *prefix)
{
	struct hub_route key = {.prefix = *prefix};

	return RB_FIND(hub_route_tree, (struct hub_route_tree *)(uintptr_t)&h->rib.routes, &key);
}

struct hub_route *hub_rib_around(
	const struct hub *h, enum dp_table table, uint32_t addr_be, unsigned min, unsigned max)
{
	struct hub_route *r = NULL;

	for (unsigned len = max + 1; len-- > min && r == NULL;)
		if (h->rib.n_of_len[table][len] != 0)
			r = find(h, &(struct hub_prefix){addr_be & ip4_mask_be((uint8_t)len),
					    (uint8_t)len, (uint8_t)table});
	return r;
}

static struct hub_rib_entry *entry_find(
	const struct hub_route *r, enum hub_route_source source, uint8_t instance)
{
	struct hub_rib_entry *e;

	STAILQ_FOREACH (e, &r->entries, link)
		if (e->said.source == source && e->said.instance == instance)
			break;
	return e;
}

/* Is a the better one? */
static bool better(const struct hub_route_entry *a, const struct hub_route_entry *b)
{
	if (a->distance != b->distance)
		return a->distance < b->distance;
	if (a->source != b->source)
		return a->source < b->source;
	if (a->metric != b->metric)
		return a->metric < b->metric;
	return a->instance < b->instance;
}

static void entry_insert(struct hub *h, struct hub_route *r, struct hub_rib_entry *e)
{
	struct hub_rib_entry *at, *before = NULL;

	STAILQ_FOREACH (at, &r->entries, link) {
		if (better(&e->said, &at->said))
			break;
		before = at;
	}
	if (before == NULL)
		STAILQ_INSERT_HEAD(&r->entries, e, link);
	else
		STAILQ_INSERT_AFTER(&r->entries, before, e, link);
	e->route = r;
	h->rib.n_entries[e->said.source]++;
}

static void entry_destroy(struct hub *h, struct hub_rib_entry *e)
{
	struct hub_route *r = e->route;

	STAILQ_REMOVE(&r->entries, e, hub_rib_entry, link);
	h->rib.n_entries[e->said.source]--;
	if (r->best == e) {
		h->rib.n_active[e->said.source]--;
		r->best = NULL;
		r->touched = true;
	}
	hub_next_hops_release(h, e);
	free(e);
}

static struct hub_rib_entry *entry_create(struct hub *h, const struct hub_route_entry *said)
{
	struct hub_rib_entry *e =
		calloc(1, sizeof(*e) + said->n_next_hops * sizeof(struct hub_rib_path));

	if (e == NULL)
		return NULL;
	e->said = *said;
	e->since = h->now;
	return e;
}

static struct hub_route *route_create(struct hub *h, const struct hub_prefix *prefix)
{
	struct hub_route *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	route_init(r, prefix);
	RB_INSERT(hub_route_tree, &h->rib.routes, r);
	h->rib.n_routes++;
	h->rib.n_of_len[prefix->table][prefix->len]++;
	hub_next_hops_adopt(h, r);
	return r;
}

static void wait_end(struct hub *h, struct hub_route *r)
{
	if (!r->no_room)
		return;
	r->no_room = false;
	h->rib.n_no_room--;
	TAILQ_REMOVE(&h->rib.waiting, r, waiting);
}

static void route_destroy(struct hub *h, struct hub_route *r)
{
	h->rib.n_of_len[r->prefix.table][r->prefix.len]--;
	h->rib.n_routes--;
	RB_REMOVE(hub_route_tree, &h->rib.routes, r);
	hub_next_hops_orphan(h, r);
	wait_end(h, r);
	free(r);
}

void hub_rib_destroy(struct hub *h)
{
	struct hub_route *r, *next_r;
	struct hub_rib_entry *e;

	RB_FOREACH_SAFE(r, hub_route_tree, &h->rib.routes, next_r)
	while ((e = STAILQ_FIRST(&r->entries)) != NULL)
		entry_destroy(h, e);
	RB_FOREACH_SAFE(r, hub_route_tree, &h->rib.routes, next_r)
	{
		RB_REMOVE(hub_route_tree, &h->rib.routes, r);
		free(r);
	}
}

void hub_rib_reach(struct hub *h, struct hub_route *r)
{
	if (r->epoch == h->rib.epoch)
		return;
	r->epoch = h->rib.epoch;
	if (r->queued)
		return;
	r->queued = true;
	TAILQ_INSERT_TAIL(&h->rib.queue, r, queue);
}

/* One that waits for room may go in: something else went out. */
static void try_waiting(struct hub *h)
{
	struct hub_route *r = TAILQ_FIRST(&h->rib.waiting);

	if (r == NULL)
		return;
	r->epoch = 0;
	hub_rib_reach(h, r);
}

static void forwarding_del(struct hub *h, struct hub_route *r)
{
	if (!r->installed)
		return;
	dp_route_del(h->dp, r->prefix.table, r->prefix.addr_be, r->prefix.len);
	dp_group_put(h->dp, r->adj);
	r->installed = false;
	try_waiting(h);
}

/* Takes over the caller's hold on adj, if that is a group. */
static void forwarding_set(struct hub *h, struct hub_route *r, dp_adj_t adj)
{
	const struct hub_prefix *p = &r->prefix;

	wait_end(h, r);
	if (r->installed && r->adj == adj) {
		dp_group_put(h->dp, adj);
		return;
	}
	if (dp_route_add(h->dp, p->table, p->addr_be, p->len, adj) == 0) {
		if (r->installed)
			dp_group_put(h->dp, r->adj);
		r->adj = adj;
		r->installed = true;
		return;
	}
	/* What the table still says of it is out of date. */
	forwarding_del(h, r);
	dp_group_put(h->dp, adj);
	r->no_room = true;
	h->rib.n_no_room++;
	TAILQ_INSERT_TAIL(&h->rib.waiting, r, waiting);
}

/*
 * Where packets go. Members on a LAN's link whose Ethernet address is not known yet are left out
 * if there are others; if there are none, packets wait for the first.
 */
static dp_adj_t adj_of(struct hub *h, const struct hub_adj_set *set)
{
	struct hub_adj_set ready = {0};
	dp_adj_t adj;

	for (unsigned i = 0; i < set->n; i++)
		if (DP_ADJ_KIND(set->at[i]) != DP_ADJ_GLEAN)
			ready.at[ready.n++] = set->at[i];
	if (ready.n < 2)
		return ready.n == 1 ? ready.at[0] : set->at[0];
	/* With all groups in use, one member serves. */
	return dp_group_get(h->dp, ready.at, ready.n, &adj) == 0 ? adj : ready.at[0];
}

static void notify(struct hub *h, const struct hub_route *r)
{
	for (unsigned i = 0; i < h->rib.n_observers; i++)
		h->rib.observers[i].changed(h->rib.observers[i].ctx, r);
}

/* Find out what counts for a prefix now. */
static void decide(struct hub *h, struct hub_route *r)
{
	const struct hub_rib_entry *was = r->best;
	bool was_installed = r->installed;
	struct hub_adj_set set = {0};
	dp_adj_t was_adj = r->adj;

	h->rib.decided++;
	hub_next_hops_reach(h, r);
	r->best = hub_route_resolve(r, &set);
	if (r->best != was) {
		if (was != NULL)
			h->rib.n_active[was->said.source]--;
		if (r->best != NULL)
			h->rib.n_active[r->best->said.source]++;
	}
	if (r->best != NULL) {
		forwarding_set(h, r, adj_of(h, &set));
	} else {
		wait_end(h, r);
		forwarding_del(h, r);
	}
	hub_next_hops_relink(h, r);
	if (r->best != was || r->touched || r->installed != was_installed ||
		(r->installed && r->adj != was_adj)) {
		r->touched = false;
		notify(h, r);
	}
	if (STAILQ_EMPTY(&r->entries) && !r->queued)
		route_destroy(h, r);
}

/* A call from inside (an observer's) adds to what the outermost one has to do. */
static void run(struct hub *h, struct hub_route *r)
{
	struct hub_rib *rib = &h->rib;

	rib->epoch++;
	hub_rib_reach(h, r);
	if (rib->running)
		return;
	rib->running = true;
	while ((r = TAILQ_FIRST(&rib->queue)) != NULL) {
		TAILQ_REMOVE(&rib->queue, r, queue);
		r->queued = false;
		decide(h, r);
	}
	rib->running = false;
	hub_next_hops_settle(h);
}

static int no_room(const struct hub_prefix *prefix, int rc, const char *what, struct error *err)
{
	struct ip_prefix p = {.addr = ip_addr_v4(prefix->addr_be), .len = prefix->len};
	char text[IP_PREFIX_STRLEN];

	return error_set(err, rc, "route %s: %s", ip_prefix_str(&p, text), what);
}

static bool same(const struct hub_route_entry *a, const struct hub_route_entry *b)
{
	return a->distance == b->distance && a->tag == b->tag && a->metric == b->metric &&
	       a->n_next_hops == b->n_next_hops && (a->n_next_hops != 0 || a->adj == b->adj) &&
	       memcmp(a->next_hops_be, b->next_hops_be,
		       a->n_next_hops * sizeof(a->next_hops_be[0])) == 0;
}

int hub_rib_update(struct hub *h, const struct hub_prefix *prefix,
	const struct hub_route_entry *said, struct error *err)
{
	struct hub_route *r = find(h, prefix);
	struct hub_rib_entry *e, *old;

	if (prefix->len > 32 || (prefix->addr_be & ~ip4_mask_be(prefix->len)) != 0 ||
		said->n_next_hops > HUB_NEXT_HOPS_MAX || said->source >= HUB_ROUTE_SOURCES)
		return no_room(prefix, EINVAL, "host bits, or too many next hops", err);
	old = r == NULL ? NULL : entry_find(r, said->source, said->instance);
	if (old != NULL && same(&old->said, said))
		return 0;
	if (r == NULL && h->rib.n_routes >= h->rib.room)
		return no_room(prefix, ENOSPC, "the routing table is full", err);
	if (r == NULL)
		r = route_create(h, prefix);
	e = r == NULL ? NULL : entry_create(h, said);
	if (e != NULL && hub_next_hops_take(h, e, prefix->table) < 0) {
		free(e);
		e = NULL;
	}
	if (e == NULL) {
		/* Nothing is said about it: it goes again. */
		if (r != NULL && STAILQ_EMPTY(&r->entries))
			run(h, r);
		return no_room(prefix, ENOMEM, "out of memory", err);
	}
	if (old != NULL)
		entry_destroy(h, old);
	entry_insert(h, r, e);
	run(h, r);
	r = find(h, prefix);
	if (r != NULL && r->no_room)
		return no_room(prefix, ENOBUFS, "the forwarding table has no room for it", err);
	return 0;
}

void hub_rib_withdraw(struct hub *h, const struct hub_prefix *prefix, enum hub_route_source source,
	uint8_t instance)
{
	struct hub_route *r = find(h, prefix);
	struct hub_rib_entry *e = r == NULL ? NULL : entry_find(r, source, instance);

	if (e == NULL)
		return;
	entry_destroy(h, e);
	run(h, r);
}

int hub_rib_add(struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len,
	enum hub_route_source source, dp_adj_t adj, struct error *err)
{
	const struct hub_prefix prefix = {addr_be, len, (uint8_t)table};
	const struct hub_route_entry entry = {
		.source = (uint8_t)source,
		.distance = hub_route_distance(source),
		.adj = adj,
	};

	return hub_rib_update(h, &prefix, &entry, err);
}

void hub_rib_del(struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len,
	enum hub_route_source source)
{
	const struct hub_prefix prefix = {addr_be, len, (uint8_t)table};

	hub_rib_withdraw(h, &prefix, source, 0);
}

int hub_rib_observe(struct hub *h, void (*changed)(void *ctx, const struct hub_route *r), void *ctx)
{
	if (h->rib.n_observers == HUB_RIB_OBSERVERS)
		return -ENOSPC;
	h->rib.observers[h->rib.n_observers++] = (struct hub_rib_observer){changed, ctx};
	return 0;
}

void hub_rib_unobserve(struct hub *h, const void *ctx)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->rib.n_observers; i++)
		if (h->rib.observers[i].ctx != ctx)
			h->rib.observers[n++] = h->rib.observers[i];
	h->rib.n_observers = n;
}

const struct hub_route *hub_rib_find(
	const struct hub *h, enum dp_table table, uint32_t addr_be, uint8_t len)
{
	return find(h, &(struct hub_prefix){addr_be, len, (uint8_t)table});
}

const struct hub_route *hub_rib_lookup(const struct hub *h, enum dp_table table, uint32_t addr_be)
{
	const struct hub_route *r = hub_rib_around(h, table, addr_be, 0, 32);

	while (r != NULL && !r->installed)
		r = r->prefix.len == 0 ? NULL
				       : hub_rib_around(h, table, addr_be, 0, r->prefix.len - 1u);
	return r;
}

const struct hub_rib_entry *hub_rib_entry(const struct hub_route *r, enum hub_route_source source)
{
	const struct hub_rib_entry *e = NULL;

	if (r != NULL)
		STAILQ_FOREACH (e, &r->entries, link)
			if (e->said.source == source)
				break;
	return e;
}

const struct hub_route *hub_rib_next(const struct hub *h, const struct hub_prefix *after)
{
	struct hub_route_tree *routes = (struct hub_route_tree *)(uintptr_t)&h->rib.routes;
	struct hub_route key, *r;

	if (after == NULL)
		return RB_MIN(hub_route_tree, routes);
	key.prefix = *after;
	r = RB_NFIND(hub_route_tree, routes, &key);
	if (r != NULL && compare(r, &key) == 0)
		r = RB_NEXT(hub_route_tree, routes, r);
	return r;
}
