/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "common/addr.h"
#include "control/rip/rip_priv.h"

static int check_params(const struct rip_params *p, struct error *err)
{
	const struct rip_calls *c = &p->calls;

	if (c->send == NULL || c->random == NULL || c->unix_time == NULL)
		return error_set(err, EINVAL, "rip: send, random and unix_time are needed");
	if (p->update_ms == 0 || p->timeout_ms == 0 || p->garbage_ms == 0)
		return error_set(err, EINVAL, "rip: timers of 0; expected more");
	if (p->max_paths == 0 || p->max_paths > RIP_PATHS_MAX)
		return error_set(err, EINVAL, "rip: %u paths to a network; expected 1..%u",
			p->max_paths, RIP_PATHS_MAX);
	return 0;
}

struct rip *rip_create(const struct rip_params *p, uint64_t now, struct error *err)
{
	struct rip *r;

	if (check_params(p, err) < 0)
		return NULL;
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	r->params = *p;
	r->now = now;
	return r;
}

void rip_destroy(struct rip *r)
{
	struct rip_peer *p, *next;

	if (r == NULL)
		return;
	rip_table_free(r);
	HASH_ITER(hh, r->peers, p, next)
	rip_peer_free(p);
	for (unsigned i = 0; i < r->n_ifaces; i++)
		free(r->ifaces[i]);
	free(r->ifaces);
	free(r->protected);
	free(r);
}

uint32_t rip_random(struct rip *r, uint32_t below)
{
	return below == 0 ? 0 : r->params.calls.random(r->params.calls.ctx) % below;
}

static int check_iface(const struct rip *r, const struct rip_iface_params *p, struct error *err)
{
	if (r->n_ifaces == RIP_IFACES_MAX)
		return error_set(err, ENOSPC, "rip: more than %u interfaces", RIP_IFACES_MAX);
	if (p->n_addrs == 0 || p->n_addrs > RIP_ADDRS_MAX)
		return error_set(err, EINVAL, "rip: interface %s has %u addresses; expected 1..%u",
			p->name, p->n_addrs, RIP_ADDRS_MAX);
	return 0;
}

int rip_iface_add(
	struct rip *r, const struct rip_iface_params *p, uint32_t *iface, struct error *err)
{
	struct rip_iface **grown, *i;
	int rc = check_iface(r, p, err);

	if (rc < 0)
		return rc;
	grown = reallocarray(r->ifaces, r->n_ifaces + 1, sizeof(*grown));
	if (grown == NULL)
		return error_set(err, ENOMEM, "out of memory");
	r->ifaces = grown;
	i = calloc(1, sizeof(*i));
	if (i == NULL)
		return error_set(err, ENOMEM, "out of memory");
	i->rip = r;
	i->index = r->n_ifaces;
	i->params = *p;
	i->copies = 1;
	rip_dest_init(&i->group, i, NULL);
	r->ifaces[r->n_ifaces++] = i;
	*iface = i->index;
	if (p->passive)
		return 0;
	rip_dest_ask(&i->group);
	if (!p->suppress_own)
		rip_dest_start(&i->group);
	return 0;
}

struct rip_iface *rip_iface_of(const struct rip *r, uint32_t iface)
{
	return iface < r->n_ifaces ? r->ifaces[iface] : NULL;
}

void rip_iface_set_copies(struct rip *r, uint32_t iface, unsigned copies)
{
	struct rip_iface *i = rip_iface_of(r, iface);

	if (i != NULL)
		i->copies = copies == 0 ? 1 : copies;
}

const struct rip_prefix *rip_iface_link(const struct rip_iface *i, uint32_t addr_be)
{
	const struct rip_prefix host = {addr_be, 32};

	for (unsigned k = 0; k < i->params.n_addrs; k++)
		if (rip_prefix_within(&i->params.addrs[k], &host))
			return &i->params.addrs[k];
	return NULL;
}

bool rip_iface_is_own(const struct rip_iface *i, uint32_t addr_be)
{
	for (unsigned k = 0; k < i->params.n_addrs; k++)
		if (i->params.addrs[k].addr_be == addr_be)
			return true;
	return false;
}

void rip_refuse(struct rip_iface *i, struct rip_peer *p, enum rip_refusal why)
{
	i->stats.refused[why]++;
	if (p != NULL)
		p->stats.refused[why]++;
}

int rip_protect(struct rip *r, const struct rip_prefix *p)
{
	struct rip_prefix *grown = reallocarray(r->protected, r->n_protected + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	r->protected = grown;
	grown[r->n_protected++] = *p;
	return 0;
}

/* Neighbors that are told by unicast: those that are configured, and all where each has its own. */
static bool told_by_unicast(const struct rip_peer *p)
{
	return p->configured ||
	       (p->up && p->iface->params.suppress_own && !p->iface->params.passive);
}

static int add_peer(struct rip *r, uint32_t iface, uint32_t addr_be, struct rip_peer **out)
{
	struct rip_iface *i = rip_iface_of(r, iface);

	if (i == NULL || rip_iface_link(i, addr_be) == NULL || rip_iface_is_own(i, addr_be))
		return -EINVAL;
	*out = rip_peer_get(i, addr_be);
	return *out == NULL ? -ENOSPC : 0;
}

int rip_neighbor_add(struct rip *r, uint32_t iface, uint32_t addr_be)
{
	struct rip_peer *p;
	int rc = add_peer(r, iface, addr_be, &p);

	if (rc < 0)
		return rc;
	p->configured = true;
	rip_dest_ask(&p->dest);
	rip_dest_start(&p->dest);
	return 0;
}

int rip_peer_up(struct rip *r, uint32_t iface, uint32_t addr_be)
{
	struct rip_peer *p;
	int rc = add_peer(r, iface, addr_be, &p);

	if (rc < 0)
		return rc;
	p->up = true;
	if (p->iface->params.passive)
		return 0;
	timer_start(&r->greets, &p->greet, r->now + r->params.greet_ms);
	rip_peers_greet(r);
	return 0;
}

void rip_peers_greet(struct rip *r)
{
	struct timer *t;

	while ((t = timers_take_due(&r->greets, r->now)) != NULL) {
		struct rip_peer *p = timer_owner(t, struct rip_peer, greet);

		rip_dest_ask(&p->dest);
		if (told_by_unicast(p))
			rip_dest_start(&p->dest);
		else
			rip_dest_answer(&p->dest, RIP_PORT, 2);
	}
}

void rip_peer_gone(struct rip *r, uint32_t iface, uint32_t addr_be)
{
	struct rip_peer *p = rip_peer_find(r, iface, addr_be);

	if (p == NULL)
		return;
	rip_table_lose_peer(r, p);
	p->up = false;
	timer_stop(&r->greets, &p->greet);
	p->sequence_known = false;
	if (!p->configured)
		rip_peer_free(p);
}

void rip_clear(struct rip *r)
{
	struct rip_peer *p, *next;

	rip_table_lose_all(r);
	for (unsigned i = 0; i < r->n_ifaces; i++)
		if (!r->ifaces[i]->params.passive)
			rip_dest_ask(&r->ifaces[i]->group);
	HASH_ITER(hh, r->peers, p, next)
	if (told_by_unicast(p))
		rip_dest_ask(&p->dest);
}

void rip_poison(struct rip *r, uint32_t within_ms)
{
	struct rip_peer *p, *next;

	r->poison_ms = within_ms == 0 ? 1 : within_ms;
	for (unsigned i = 0; i < r->n_ifaces; i++)
		rip_dest_poison(&r->ifaces[i]->group);
	HASH_ITER(hh, r->peers, p, next)
	rip_dest_poison(&p->dest);
}

bool rip_silent(const struct rip *r)
{
	const struct rip_peer *p;

	for (unsigned i = 0; i < r->n_ifaces; i++)
		if (r->ifaces[i]->group.walking)
			return false;
	for (p = r->peers; p != NULL; p = p->hh.next)
		if (p->dest.walking)
			return false;
	return true;
}

void rip_turn(struct rip *r, uint64_t now, unsigned messages)
{
	if (now > r->now)
		r->now = now;
	rip_table_expire(r);
	rip_peers_expire(r);
	rip_peers_greet(r);
	rip_output_trigger(r);
	rip_output_turn(r, messages);
}

uint64_t rip_next(struct rip *r)
{
	struct timers *all[] = {&r->timeouts, &r->garbage, &r->forgets, &r->updates, &r->holddowns,
		&r->paces, &r->greets};
	uint64_t next = r->changed ? r->now : UINT64_MAX;

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t due = timers_next(all[i]);

		next = due < next ? due : next;
	}
	return next;
}
