/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbors: whoever was heard of and was found to be what it should. Of each interface only so
 * many are kept; those that tell no routes are forgotten first.
 */
#include <stdlib.h>

#include "control/rip/rip_priv.h"

struct rip_peer *rip_peer_find(const struct rip *r, uint32_t iface, uint32_t addr_be)
{
	const struct rip_peer_key key = {iface, addr_be};
	struct rip_peer *p;

	HASH_FIND(hh, r->peers, &key, sizeof(key), p);
	return p;
}

static bool dispensable(const struct rip_peer *p)
{
	return !p->configured && !p->up && p->n_paths == 0;
}

/* Room for another one: of those that nobody misses, the one heard of longest ago goes. */
static bool evict(struct rip_iface *i)
{
	struct rip_peer *p, *next, *oldest = NULL;

	HASH_ITER(hh, i->rip->peers, p, next)
	if (p->iface == i && dispensable(p) && (oldest == NULL || p->heard < oldest->heard))
		oldest = p;
	/* Were the last minute's kept no longer, a flood of names would push one another out. */
	if (oldest == NULL || i->rip->now - oldest->heard < i->rip->params.update_ms)
		return false;
	rip_peer_free(oldest);
	return true;
}

struct rip_peer *rip_peer_get(struct rip_iface *i, uint32_t addr_be)
{
	struct rip *r = i->rip;
	struct rip_peer *p = rip_peer_find(r, i->index, addr_be);

	if (p != NULL)
		return p;
	if (i->n_peers >= i->params.max_peers && !evict(i))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->key = (struct rip_peer_key){i->index, addr_be};
	p->iface = i;
	p->heard = r->now;
	rip_dest_init(&p->dest, i, p);
	HASH_ADD(hh, r->peers, key, sizeof(p->key), p);
	i->n_peers++;
	timer_start(&r->forgets, &p->forget, r->now + r->params.timeout_ms);
	return p;
}

void rip_peer_heard(struct rip_peer *p, uint8_t version)
{
	p->heard = p->iface->rip->now;
	p->version = version;
}

void rip_peer_free(struct rip_peer *p)
{
	struct rip *r = p->iface->rip;

	rip_dest_stop(&p->dest);
	timer_stop(&r->forgets, &p->forget);
	timer_stop(&r->greets, &p->greet);
	HASH_DEL(r->peers, p);
	p->iface->n_peers--;
	free(p);
}

/* RFC 4822 3.2.2: the state of a neighbor that was not heard of for so long begins anew. */
void rip_peers_expire(struct rip *r)
{
	struct timer *t;

	while ((t = timers_take_due(&r->forgets, r->now)) != NULL) {
		struct rip_peer *p = timer_owner(t, struct rip_peer, forget);
		uint64_t due = p->heard + r->params.timeout_ms;

		if (due <= r->now) {
			p->sequence_known = false;
			if (dispensable(p)) {
				rip_peer_free(p);
				continue;
			}
			due = r->now + r->params.timeout_ms;
		}
		timer_start(&r->forgets, t, due);
	}
}
