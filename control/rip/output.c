/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes: regular and triggered updates, answers (RFC 2453 3.10). A table is never sent at once:
 * each destination is sent a message, and the next one a little later, so slowly that the copies to
 * all spokes spread over most of an update interval, but no slower than is good.
 */
#include <arpa/inet.h>

#include "common/addr.h"
#include "control/rip/rip_priv.h"

#define TRIGGER_MIN   1000 /* RFC 2453 3.10.1: 1 to 5 s between triggered updates */
#define TRIGGER_MAX   5000
#define ANSWER_PAUSE  5000 /* between two whole tables that a neighbor asks for */
#define COPIES_PER_MS 2    /* at least, of one destination's messages */
#define LOOKED_AT_MAX 1024 /* routes, for one message */
#define TRY_AGAIN     10   /* ms, when the caller could not send */

void rip_dest_init(struct rip_dest *d, struct rip_iface *i, struct rip_peer *p)
{
	*d = (struct rip_dest){.iface = i, .peer = p, .port = RIP_PORT, .version = 2};
}

void rip_dest_stop(struct rip_dest *d)
{
	struct rip *r = d->iface->rip;

	d->periodic = false;
	d->walking = false;
	d->triggering = false;
	timer_stop(&r->updates, &d->update);
	timer_stop(&r->holddowns, &d->holddown);
	timer_stop(&r->paces, &d->pace);
}

/* RFC 2453 3.8: by chance, so that the timers of all routers do not fall in step. */
static uint64_t until_update(struct rip *r)
{
	uint32_t jitter = r->params.update_ms / 6;

	return r->params.update_ms - jitter + rip_random(r, 2 * jitter + 1);
}

static void pace_at(struct rip_dest *d, uint64_t due)
{
	if (!d->pace.running || d->pace.due > due)
		timer_start(&d->iface->rip->paces, &d->pace, due);
}

static void walk(struct rip_dest *d)
{
	struct rip *r = d->iface->rip;

	d->walking = true;
	d->walk_begun = false;
	d->walk_seq = r->seq;
	pace_at(d, r->now);
}

void rip_dest_start(struct rip_dest *d)
{
	struct rip *r = d->iface->rip;

	if (d->periodic)
		return;
	d->periodic = true;
	d->told = r->seq;
	walk(d);
	timer_start(&r->updates, &d->update, r->now + until_update(r));
}

void rip_dest_poison(struct rip_dest *d)
{
	struct rip *r = d->iface->rip;

	if (!d->periodic)
		return;
	d->triggering = false;
	timer_stop(&r->holddowns, &d->holddown);
	timer_stop(&r->paces, &d->pace);
	d->port = RIP_PORT;
	d->version = 2;
	walk(d);
}

bool rip_dest_answer(struct rip_dest *d, uint16_t port, uint8_t version)
{
	struct rip *r = d->iface->rip;

	if (d->walking)
		return false;
	d->port = port;
	d->version = version;
	walk(d);
	if (d->answer_after > r->now)
		timer_start(&r->paces, &d->pace, d->answer_after);
	return true;
}

bool rip_message_begin(
	struct rip_message *m, struct rip_iface *i, enum rip_command command, uint8_t version)
{
	struct rip *r = i->rip;
	uint64_t unix_now = r->params.calls.unix_time(r->params.calls.ctx);
	const struct rip_auth *a = &i->params.auth;

	m->key = version == 1 ? NULL : rip_auth_send_key(a, unix_now);
	m->n = 0;
	m->room = rip_auth_room(m->key);
	m->w = writer_open(m->bytes, sizeof(m->bytes));
	/* RFC 4822 3.2.1: numbers that do not fall, over a restart neither. */
	if (r->sequence < (uint32_t)unix_now)
		r->sequence = (uint32_t)unix_now;
	rip_packet_write_header(&m->w, command, version);
	rip_auth_begin(&m->w, a, m->key, r->sequence);
	/* RFC 4822 4.1: without a valid key nothing is sent, least of all in clear. */
	return a->n_keys == 0 || m->key != NULL;
}

void rip_message_add(struct rip_message *m, const struct rip_entry *e)
{
	rip_packet_write_entry(&m->w, e);
	m->n++;
}

/* The hub's address on the link that the neighbor is on. */
static uint32_t source_for(const struct rip_iface *i, const struct rip_peer *p)
{
	const struct rip_prefix *link = p == NULL ? NULL : rip_iface_link(i, p->key.addr_be);

	return link == NULL ? i->params.addrs[0].addr_be : link->addr_be;
}

int rip_message_send(struct rip_message *m, struct rip_iface *i, struct rip_peer *p, uint16_t port)
{
	struct rip *r = i->rip;
	struct rip_out out = {
		.iface = i->index,
		.src_be = source_for(i, p),
		.dst_be = p == NULL ? htonl(RIP_GROUP) : p->key.addr_be,
		.dst_port = port,
		.data = m->bytes,
	};
	int rc = rip_auth_end(&m->w, m->key);

	out.len = writer_len(&m->w);
	if (rc == 0 && m->w.error)
		rc = -1;
	if (rc == 0)
		rc = r->params.calls.send(r->params.calls.ctx, &out);
	i->stats.sent += rc == 0;
	i->stats.send_failed += rc != 0;
	if (p != NULL) {
		p->stats.sent += rc == 0;
		p->stats.send_failed += rc != 0;
	}
	return rc;
}

/* RFC 2453 3.9.1: one entry of family 0 and metric 16 asks for everything. */
void rip_dest_ask(struct rip_dest *d)
{
	const struct rip_entry all = {.family = RIP_FAMILY_ALL, .metric = RIP_INFINITY};
	struct rip_message m;

	if (!rip_message_begin(&m, d->iface, RIP_REQUEST, 2))
		return;
	rip_message_add(&m, &all);
	rip_message_send(&m, d->iface, d->peer, RIP_PORT);
}

/* RFC 1058 3.2: version 1 has no masks; what cannot be said without is not said. */
static bool fit_version_1(struct rip_entry *e, const struct rip_prefix *p)
{
	e->tag = 0;
	e->mask_be = 0;
	e->next_hop_be = 0;
	return rip_natural_len(p->addr_be) == p->len;
}

/* The next hop as the destination is told it; 0: the hub (RFC 2453 4.4). */
static uint32_t next_hop(const struct rip_dest *d, const struct rip_route *route)
{
	const struct rip_iface *i = d->iface;

	if (i->params.next_hop_self || route->iface != i || route->via_be == 0 ||
		rip_iface_is_own(i, route->via_be) || rip_iface_link(i, route->via_be) == NULL)
		return 0;
	return route->via_be;
}

/* RFC 2453 3.4.3. @return false: it is not told here */
static bool split(const struct rip_dest *d, const struct rip_route *route, unsigned *metric)
{
	const struct rip_iface *i = d->iface;

	/* A neighbor that gets a copy of its own need not hear what it said, or what it is. */
	if (d->peer != NULL && i->params.suppress_own && route->iface == i &&
		(route->from_be == d->peer->key.addr_be || route->via_be == d->peer->key.addr_be))
		return false;
	if (route->iface != i || i->params.split_horizon == RIP_SPLIT_OFF)
		return true;
	/* A static route was not heard there, though it leads there. */
	if (route->from_be == 0 && route->own.source != RIP_SOURCE_CONNECTED)
		return true;
	*metric = RIP_INFINITY;
	return i->params.split_horizon == RIP_SPLIT_POISONED;
}

bool rip_dest_entry(const struct rip_dest *d, const struct rip_route *route, struct rip_entry *e)
{
	const struct rip_policy *own = &d->iface->params.policy;
	const struct rip_policy *all = &d->iface->rip->params.policy;
	unsigned metric = route->metric + rip_offset_of(&own->offset_out, &route->prefix) +
			  rip_offset_of(&all->offset_out, &route->prefix);

	if (!split(d, route, &metric) || !rip_prefix_list_permits(own->out, &route->prefix) ||
		!rip_prefix_list_permits(all->out, &route->prefix))
		return false;
	if (d->iface->rip->poison_ms != 0)
		metric = RIP_INFINITY;
	*e = (struct rip_entry){
		.family = RIP_FAMILY_IP,
		.tag = route->tag,
		.addr_be = route->prefix.addr_be,
		.mask_be = ip4_mask_be(route->prefix.len),
		.next_hop_be = next_hop(d, route),
		.metric = metric > RIP_INFINITY ? RIP_INFINITY : metric,
	};
	return d->version != 1 || fit_version_1(e, &route->prefix);
}

/* Send what was collected, and if that went well let the destination's place advance. */
static int send_if_any(struct rip_dest *d, struct rip_message *m, unsigned *sent)
{
	int rc;

	if (m->n == 0)
		return 0;
	rc = rip_message_send(m, d->iface, d->peer, d->triggering ? RIP_PORT : d->port);
	*sent += rc == 0;
	return rc;
}

/* One message of what changed. @return false if the caller must try again */
static bool step_changes(struct rip_dest *d, unsigned *sent)
{
	struct rip *r = d->iface->rip;
	struct rip_route *route = rip_table_changed_after(r, d->told);
	struct rip_message m;
	struct rip_entry e;
	uint64_t told = d->told;

	if (!rip_message_begin(&m, d->iface, RIP_RESPONSE, 2))
		route = NULL;
	for (unsigned i = 0; route != NULL && i < LOOKED_AT_MAX && m.n < m.room; i++) {
		if (rip_dest_entry(d, route, &e))
			rip_message_add(&m, &e);
		told = route->seq;
		route = rip_table_changed_after(r, told);
	}
	if (send_if_any(d, &m, sent) != 0)
		return false;
	d->told = told;
	if (route != NULL)
		return true;
	d->triggering = false;
	timer_start(&r->holddowns, &d->holddown,
		r->now + TRIGGER_MIN + rip_random(r, TRIGGER_MAX - TRIGGER_MIN + 1));
	return true;
}

static void end_walk(struct rip_dest *d)
{
	d->walking = false;
	d->port = RIP_PORT;
	d->version = 2;
	if (d->told < d->walk_seq)
		d->told = d->walk_seq;
	d->answer_after = d->iface->rip->now + ANSWER_PAUSE;
}

/* One message of the whole table. @return false if the caller must try again */
static bool step_walk(struct rip_dest *d, unsigned *sent)
{
	struct rip *r = d->iface->rip;
	struct rip_route *route = rip_table_after(r, d->walk_begun ? &d->walked : NULL);
	struct rip_prefix walked = d->walked;
	struct rip_message m;
	struct rip_entry e;

	if (!rip_message_begin(&m, d->iface, RIP_RESPONSE, d->version))
		route = NULL;
	for (unsigned i = 0; route != NULL && i < LOOKED_AT_MAX && m.n < m.room; i++) {
		if (rip_dest_entry(d, route, &e))
			rip_message_add(&m, &e);
		walked = route->prefix;
		route = rip_table_after(r, &walked);
	}
	if (send_if_any(d, &m, sent) != 0)
		return false;
	d->walked = walked;
	d->walk_begun = true;
	if (route == NULL)
		end_walk(d);
	return true;
}

/* ms between two messages to a destination. */
static uint64_t gap(const struct rip_dest *d)
{
	const struct rip *r = d->iface->rip;
	uint64_t messages = r->n_routes / rip_auth_room(NULL) + 1;
	uint64_t within = r->poison_ms != 0 ? r->poison_ms : r->params.update_ms;
	uint64_t spread = within * 8 / 10 / messages;
	uint64_t slow = (d->peer == NULL ? d->iface->copies : 1) / COPIES_PER_MS;

	return slow < spread ? slow : spread;
}

/* Its turn: a message, or as many as COPIES_PER_MS where nothing holds them up. */
static unsigned step(struct rip_dest *d)
{
	struct rip *r = d->iface->rip;
	uint64_t pause = gap(d);
	unsigned sent = 0;
	bool good = true;

	for (unsigned i = 0; good && i < (pause == 0 ? COPIES_PER_MS : 1); i++) {
		if (d->triggering)
			good = step_changes(d, &sent);
		else if (d->walking)
			good = step_walk(d, &sent);
	}
	if (!good)
		pace_at(d, r->now + TRY_AGAIN);
	else if (d->triggering || d->walking)
		pace_at(d, r->now + (pause == 0 ? 1 : pause));
	return sent;
}

static void trigger(struct rip_dest *d)
{
	if (!d->periodic || d->triggering || d->iface->rip->poison_ms != 0 || d->holddown.running ||
		d->told >= d->iface->rip->seq)
		return;
	d->triggering = true;
	pace_at(d, d->iface->rip->now);
}

void rip_output_trigger(struct rip *r)
{
	struct rip_peer *p, *next;

	if (!r->changed)
		return;
	r->changed = false;
	for (unsigned i = 0; i < r->n_ifaces; i++)
		trigger(&r->ifaces[i]->group);
	HASH_ITER(hh, r->peers, p, next)
	trigger(&p->dest);
}

unsigned rip_output_turn(struct rip *r, unsigned messages)
{
	unsigned sent = 0;
	struct timer *t;

	while ((t = timers_take_due(&r->holddowns, r->now)) != NULL)
		trigger(timer_owner(t, struct rip_dest, holddown));
	while ((t = timers_take_due(&r->updates, r->now)) != NULL) {
		struct rip_dest *d = timer_owner(t, struct rip_dest, update);

		/* One that takes longer than the interval is not begun again before its end. */
		if (!d->walking)
			walk(d);
		timer_start(&r->updates, t, r->now + until_update(r));
	}
	while (sent < messages && (t = timers_take_due(&r->paces, r->now)) != NULL)
		sent += step(timer_owner(t, struct rip_dest, pace));
	return sent;
}
