/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes: what neighbors told, what the hub announces, what was lost and is told as lost
 * (RFC 2453 3.8, 3.9.2).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "control/rip/rip_priv.h"

static int by_prefix(const struct rip_route *a, const struct rip_route *b)
{
	uint32_t x = ntohl(a->prefix.addr_be), y = ntohl(b->prefix.addr_be);

	if (x != y)
		return x < y ? -1 : 1;
	return (int)a->prefix.len - (int)b->prefix.len;
}

static int by_seq(const struct rip_route *a, const struct rip_route *b)
{
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* clang-format off */
RB_GENERATE_INTERNAL(rip_prefix_tree, rip_route, by_prefix, by_prefix, __attribute__((unused)) static)
RB_GENERATE_INTERNAL(rip_seq_tree, rip_route, by_seq, by_seq, __attribute__((unused)) static)
/* clang-format on */

struct rip_route *rip_table_find(const struct rip *r, const struct rip_prefix *p)
{
	struct rip_route key = {.prefix = *p};

	return RB_FIND(rip_prefix_tree, (struct rip_prefix_tree *)(uintptr_t)&r->routes, &key);
}

struct rip_route *rip_table_after(struct rip *r, const struct rip_prefix *p)
{
	struct rip_route key, *route;

	if (p == NULL)
		return RB_MIN(rip_prefix_tree, &r->routes);
	key.prefix = *p;
	route = RB_NFIND(rip_prefix_tree, &r->routes, &key);
	if (route != NULL && by_prefix(route, &key) == 0)
		route = RB_NEXT(rip_prefix_tree, &r->routes, route);
	return route;
}

struct rip_route *rip_table_changed_after(struct rip *r, uint64_t seq)
{
	struct rip_route key = {.seq = seq + 1};

	return RB_NFIND(rip_seq_tree, &r->changes, &key);
}

/* What is told about it is something else now. */
static void change(struct rip *r, struct rip_route *route)
{
	if (route->seq != 0)
		RB_REMOVE(rip_seq_tree, &r->changes, route);
	route->seq = ++r->seq;
	RB_INSERT(rip_seq_tree, &r->changes, route);
	r->changed = true;
}

static struct rip_route *make(struct rip *r, const struct rip_prefix *p)
{
	struct rip_route *route;

	if (r->n_routes >= r->params.max_routes)
		return NULL;
	route = calloc(1, sizeof(*route));
	if (route == NULL)
		return NULL;
	route->prefix = *p;
	route->metric = RIP_INFINITY;
	RB_INSERT(rip_prefix_tree, &r->routes, route);
	r->n_routes++;
	return route;
}

static void discard(struct rip *r, struct rip_route *route)
{
	timer_stop(&r->garbage, &route->garbage);
	if (route->seq != 0)
		RB_REMOVE(rip_seq_tree, &r->changes, route);
	RB_REMOVE(rip_prefix_tree, &r->routes, route);
	r->n_routes--;
	free(route);
}

static bool third_party(const struct rip_path *p)
{
	return p->via_be != p->from->key.addr_be;
}

static void cut(struct rip *r, struct rip_path *p)
{
	timer_stop(&r->timeouts, &p->timeout);
	DL_DELETE(p->route->paths, p);
	DL_DELETE2(p->from->paths, p, peer_prev, peer_next);
	p->route->n_paths--;
	p->from->n_paths--;
	r->n_paths--;
	r->n_third_party -= third_party(p);
	free(p);
}

static void cut_all(struct rip *r, struct rip_route *route)
{
	while (route->paths != NULL)
		cut(r, route->paths);
}

/* Nobody leads there any more: it is told as unreachable for a while, then forgotten (3.8). */
static void lose(struct rip *r, struct rip_route *route)
{
	bool echoed = route->iface != NULL && route->iface->params.split_horizon == RIP_SPLIT_OFF;
	uint64_t garbage = r->now + r->params.garbage_ms;

	route->lost_metric = route->metric;
	route->held_until = r->now + (echoed ? r->params.holddown_ms : 0);
	route->metric = RIP_INFINITY;
	timer_start(&r->garbage, &route->garbage,
		garbage > route->held_until ? garbage : route->held_until);
}

/* What is told follows from what is there; whoever is told or uses the route hears of changes. */
static void settle(struct rip *r, struct rip_route *route)
{
	const struct rip_path *p = route->paths;
	const struct rip_route was = *route;

	if (route->announced) {
		route->metric = route->own.metric;
		route->tag = route->own.tag;
		route->iface = rip_iface_of(r, route->own.iface);
		route->via_be = route->own.via_be;
		route->from_be = 0;
	} else if (p != NULL) {
		route->metric = p->metric;
		route->tag = p->tag;
		route->iface = p->from->iface;
		route->via_be = p->via_be;
		route->from_be = p->from->key.addr_be;
	} else if (route->metric < RIP_INFINITY) {
		lose(r, route);
	}
	if (route->metric < RIP_INFINITY)
		timer_stop(&r->garbage, &route->garbage);
	if (was.metric != route->metric || was.tag != route->tag || was.iface != route->iface ||
		was.via_be != route->via_be)
		change(r, route);
}

static void paths_changed(struct rip *r, struct rip_route *route)
{
	settle(r, route);
	rip_route_tell(r, route);
}

static void refresh(struct rip *r, struct rip_path *p)
{
	timer_start(&r->timeouts, &p->timeout, r->now + r->params.timeout_ms);
}

static enum rip_refusal add(struct rip *r, struct rip_route *route, struct rip_peer *from,
	uint32_t via_be, uint8_t metric, uint16_t tag)
{
	struct rip_path *p;

	if (from->n_paths >= from->iface->params.max_prefixes)
		return RIP_REFUSED_prefix_limit;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return RIP_REFUSED_table_full;
	p->route = route;
	p->from = from;
	p->via_be = via_be;
	p->metric = metric;
	p->tag = tag;
	DL_APPEND(route->paths, p);
	DL_APPEND2(from->paths, p, peer_prev, peer_next);
	route->n_paths++;
	from->n_paths++;
	r->n_paths++;
	r->n_third_party += third_party(p);
	refresh(r, p);
	return RIP_REFUSED_COUNT;
}

/*
 * A neighbor that lost a network may take it back from what the hub told, unless it sees itself in
 * the next hop; then it says so two hops further away than before. Believed, the two would count
 * to infinity.
 */
static bool may_be_echo(const struct rip *r, const struct rip_path *p, uint8_t metric)
{
	const struct rip_iface_params *i = &p->from->iface->params;

	return r->params.holddown_ms != 0 && i->split_horizon == RIP_SPLIT_OFF &&
	       !i->suppress_own && (i->next_hop_self || third_party(p)) && metric > p->metric + 1;
}

/* The same neighbor says something about it again: its word counts, be it better or worse. */
static void update(struct rip *r, struct rip_path *p, uint32_t via_be, uint8_t metric, uint16_t tag)
{
	struct rip_route *route = p->route;
	struct rip_path *other, *next;

	if (may_be_echo(r, p, metric))
		metric = RIP_INFINITY;
	if (metric >= RIP_INFINITY || (metric > p->metric && route->n_paths > 1)) {
		cut(r, p);
		paths_changed(r, route);
		return;
	}
	refresh(r, p);
	if (p->via_be == via_be && p->metric == metric && p->tag == tag)
		return;
	if (metric < p->metric)
		DL_FOREACH_SAFE(route->paths, other, next)
	if (other != p)
		cut(r, other);
	r->n_third_party -= third_party(p);
	p->via_be = via_be;
	p->metric = metric;
	p->tag = tag;
	r->n_third_party += third_party(p);
	paths_changed(r, route);
}

/* RFC 2453 3.9.2: of two equal ways, one that has not been confirmed for long may give way. */
static struct rip_path *stale(const struct rip *r, const struct rip_route *route)
{
	struct rip_path *p;

	DL_FOREACH(route->paths, p)
	if (p->timeout.due < r->now + r->params.timeout_ms / 2)
		return p;
	return NULL;
}

/*
 * A way by a neighbor that has none yet. When it is no better than the others it joins them, takes
 * a stale one's place, or is left.
 */
static enum rip_refusal offer(struct rip *r, struct rip_route *route, struct rip_peer *from,
	uint32_t via_be, uint8_t metric, uint16_t tag)
{
	struct rip_path *old = route->paths, *give_way = NULL;
	enum rip_refusal why;

	if (old == NULL && r->now < route->held_until && metric > route->lost_metric)
		return RIP_REFUSED_held_down;
	if (old != NULL && metric > old->metric)
		return RIP_REFUSED_COUNT;
	if (old != NULL && metric == old->metric && route->n_paths == r->params.max_paths) {
		give_way = stale(r, route);
		if (give_way == NULL)
			return RIP_REFUSED_COUNT;
	}
	why = add(r, route, from, via_be, metric, tag);
	if (why != RIP_REFUSED_COUNT)
		return why;
	if (give_way != NULL)
		cut(r, give_way);
	while (route->paths->metric > metric)
		cut(r, route->paths);
	paths_changed(r, route);
	return why;
}

enum rip_refusal rip_table_learn(struct rip *r, struct rip_peer *from, const struct rip_prefix *p,
	uint32_t via_be, uint8_t metric, uint16_t tag)
{
	struct rip_route *route = rip_table_find(r, p);
	enum rip_refusal why;
	struct rip_path *path;

	if (route != NULL)
		DL_FOREACH(route->paths, path)
	if (path->from == from) {
		update(r, path, via_be, metric, tag);
		return RIP_REFUSED_COUNT;
	}
	if (metric >= RIP_INFINITY)
		return RIP_REFUSED_COUNT;
	/* The routing table would not use it. */
	if (route != NULL && route->announced && route->own.distance <= r->params.distance)
		return RIP_REFUSED_COUNT;
	if (route != NULL)
		return offer(r, route, from, via_be, metric, tag);
	route = make(r, p);
	if (route == NULL)
		return RIP_REFUSED_table_full;
	why = offer(r, route, from, via_be, metric, tag);
	if (why != RIP_REFUSED_COUNT)
		discard(r, route);
	return why;
}

int rip_announce(struct rip *r, const struct rip_announcement *a)
{
	struct rip_route *route = rip_table_find(r, &a->prefix);
	bool had;

	if (a->metric == 0 || a->metric >= RIP_INFINITY || a->prefix.len > 32)
		return -EINVAL;
	if (route == NULL)
		route = make(r, &a->prefix);
	if (route == NULL)
		return -ENOSPC;
	had = route->paths != NULL;
	route->announced = true;
	route->own = *a;
	if (a->distance <= r->params.distance)
		cut_all(r, route);
	settle(r, route);
	if (had && route->paths == NULL)
		rip_route_tell(r, route);
	return 0;
}

void rip_withdraw(struct rip *r, const struct rip_prefix *p)
{
	struct rip_route *route = rip_table_find(r, p);

	if (route == NULL || !route->announced)
		return;
	route->announced = false;
	settle(r, route);
}

void rip_table_lose_peer(struct rip *r, struct rip_peer *gone)
{
	struct rip_route *route, *next;
	struct rip_path *p, *after;

	while (gone->paths != NULL) {
		route = gone->paths->route;
		cut(r, gone->paths);
		paths_changed(r, route);
	}
	if (r->n_third_party == 0)
		return;
	RB_FOREACH_SAFE(route, rip_prefix_tree, &r->routes, next)
	{
		unsigned before = route->n_paths;

		DL_FOREACH_SAFE(route->paths, p, after)
		if (p->from->iface == gone->iface && p->via_be == gone->key.addr_be)
			cut(r, p);
		if (route->n_paths != before)
			paths_changed(r, route);
	}
}

void rip_table_lose_all(struct rip *r)
{
	struct rip_route *route;

	RB_FOREACH(route, rip_prefix_tree, &r->routes)
	{
		if (route->paths == NULL)
			continue;
		cut_all(r, route);
		paths_changed(r, route);
		/* Whoever asks for this wants to hear them all again. */
		route->held_until = 0;
	}
}

void rip_table_expire(struct rip *r)
{
	struct timer *t;

	while ((t = timers_take_due(&r->timeouts, r->now)) != NULL) {
		struct rip_path *p = timer_owner(t, struct rip_path, timeout);
		struct rip_route *route = p->route;

		cut(r, p);
		paths_changed(r, route);
	}
	while ((t = timers_take_due(&r->garbage, r->now)) != NULL)
		discard(r, timer_owner(t, struct rip_route, garbage));
}

void rip_table_free(struct rip *r)
{
	struct rip_route *route, *next;

	RB_FOREACH_SAFE(route, rip_prefix_tree, &r->routes, next)
	{
		cut_all(r, route);
		discard(r, route);
	}
}
