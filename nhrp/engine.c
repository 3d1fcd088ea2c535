/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine as a whole: made, turned, counted. */
#include "nhrp/nhrp_priv.h"

static void defaults(struct nhrp_params *p)
{
	const struct {
		uint32_t *value;
		uint32_t preset;
	} presets[] = {
		{&p->leases_max, 1000000},
		{&p->pending_max, 100000},
		{&p->pending_per_peer, 4},
		{&p->requesters_max, 1000000},
		{&p->requesters_per_lease, 128},
		{&p->purges_max, 100000},
		{&p->redirects_max, 65536},
		{&p->redirects_per_s, 1000},
		{&p->shortcuts_max, 10000},
		{&p->probe_ms, 3000},
		{&p->gate_ms, 30000},
	};

	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (*presets[i].value == 0)
			*presets[i].value = presets[i].preset;
	if (p->requesters_per_lease > UINT16_MAX)
		p->requesters_per_lease = UINT16_MAX;
}

struct nhrp *nhrp_create(const struct nhrp_params *params, const struct nhrp_ops *ops, void *ctx)
{
	struct nhrp *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->p = *params;
	defaults(&n->p);
	n->ops = *ops;
	n->ctx = ctx;
	n->random = params->seed * 2654435761u + 1;
	/*
	 * Request ids of before a restart must not be taken for ones of after it (RFC 2332 5.2.3
	 * asks for non-volatile memory): they begin anywhere.
	 */
	n->request_id = params->seed == 0 ? 0 : nhrp_random(n, UINT32_MAX);
	n->redirect_tokens = n->p.redirects_per_s;
	TAILQ_INIT(&n->requesters);
	return n;
}

void nhrp_destroy(struct nhrp *n)
{
	struct nhrp_iface *i, *next;

	if (n == NULL)
		return;
	n->ops = (struct nhrp_ops){0};
	/* Everything else hangs off peers and interfaces. */
	while (n->peers != NULL)
		nhrp_peer_gone(n, n->peers->id, NHRP_END_SHUTDOWN, n->now);
	HASH_ITER(hh, n->ifaces, i, next)
	nhrp_interface_del(n, i->id, n->now);
	free(n);
}

void nhrp_due_at(struct nhrp *n, struct nhrp_due *d, uint64_t ms)
{
	timer_start(&n->timers, &d->timer, ms);
}

void nhrp_due_never(struct nhrp *n, struct nhrp_due *d)
{
	timer_stop(&n->timers, &d->timer);
}

void nhrp_turn(struct nhrp *n, uint64_t now_ms)
{
	struct timer *t;
	struct nhrp_due *d;

	n->now = now_ms;
	while ((t = timers_take_due(&n->timers, now_ms)) != NULL) {
		d = timer_owner(t, struct nhrp_due, timer);
		d->fire(n, d);
	}
}

uint64_t nhrp_next(const struct nhrp *n)
{
	/* RB_MIN does not write, but is not const either. */
	return timers_next((struct timers *)(uintptr_t)&n->timers);
}

/* xorshift: jitter needs no more. */
uint32_t nhrp_random(struct nhrp *n, uint32_t below)
{
	n->random ^= n->random << 13;
	n->random ^= n->random >> 17;
	n->random ^= n->random << 5;
	return (uint32_t)((uint64_t)n->random * below >> 32);
}

/* Up to a tenth less, so that those who began together do not stay together. */
uint64_t nhrp_jitter(struct nhrp *n, uint64_t ms)
{
	return ms - nhrp_random(n, (uint32_t)(ms / 10) + 1);
}

void nhrp_tell(struct nhrp *n, const struct nhrp_event *ev)
{
	if (n->ops.event != NULL)
		n->ops.event(n->ctx, ev);
}

void nhrp_identity_of(struct nhrp *n, const struct nhrp_peer *peer, struct nhrp_identity *id)
{
	*id = (struct nhrp_identity){0};
	if (n->ops.identity != NULL)
		n->ops.identity(n->ctx, peer->id, id);
}

bool nhrp_sa_up(struct nhrp *n, const struct nhrp_peer *peer)
{
	return n->ops.peer_sa_up == NULL || n->ops.peer_sa_up(n->ctx, peer->id);
}

void nhrp_overload(struct nhrp *n, bool on)
{
	n->overload = on;
}

void nhrp_shutdown(struct nhrp *n, uint64_t now_ms)
{
	struct nhrp_iface *i;
	struct nhrp_server *s;

	n->now = now_ms;
	n->closing = true;
	for (i = n->ifaces; i != NULL; i = i->hh.next)
		TAILQ_FOREACH (s, &i->servers, of_iface)
			nhrp_server_deregister(n, s);
}

void nhrp_stats(const struct nhrp *n, struct nhrp_stats *out)
{
	*out = n->stats;
	out->n_bindings = HASH_COUNT(n->entries);
	out->n_peers = HASH_COUNT(n->peers);
	out->n_purges = HASH_COUNT(n->purges);
	out->n_redirects = HASH_COUNT(n->limits);
}
