/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hub's graceful end: whoever was told something by it is told that it is over, while workers
 * still send. In slices, as everything here, and over after a second whatever is left to say: the
 * protocols' own timers do the rest. Without a wish nothing is told, and spokes wait for the hub to
 * come back. IKE is last, for by its SAs goes what the others have to say; a charon that ends with
 * the hub deletes them, whatever was wished.
 */
#include "control/hub_priv.h"
#include "control/leases.h"
#include "control/rip_hub_priv.h"

#define TIME_MS  1000 /* for all of it */
#define DRAIN_MS 20   /* for workers to send what they were given last */
#define LEAVE_MS 2000 /* for charon, then */
#define SLICE    64   /* bindings and purges in a turn, which comes every millisecond */

void hub_shutdown(struct hub *h, bool purge, bool poison)
{
	struct hub_shutdown *s = &h->shutdown;

	if (s->begun)
		return;
	s->begun = true;
	hub_leases_end(h);
	/* What spokes are told now no later hub can go on with. */
	if (purge || poison)
		hub_state_forget(h);
	s->until = h->now + TIME_MS - DRAIN_MS;
	s->purging = purge;
	if (purge) {
		nhrp_shutdown(h->nhrp.engine, h->now);
		nhrp_cache_open(h->nhrp.engine, &s->walk, NULL);
	}
	s->poisoning = poison && h->rip != NULL;
	if (s->poisoning)
		rip_poison(h->rip->engine, TIME_MS - 2 * DRAIN_MS);
}

static void end_walk(struct hub *h)
{
	if (h->shutdown.purging)
		nhrp_cache_close(&h->shutdown.walk);
	h->shutdown.purging = false;
}

/* Nothing is left to say but what workers have not sent yet. */
static bool all_said(const struct hub *h)
{
	return !h->shutdown.purging && (!h->shutdown.poisoning || rip_silent(h->rip->engine));
}

static void say(struct hub *h)
{
	struct hub_shutdown *s = &h->shutdown;
	unsigned n = 0;

	if (s->purging && !nhrp_cache_purge(&s->walk, NULL, SLICE, h->now, &n))
		end_walk(h);
	s->said = all_said(h);
	if (s->said && s->until > h->now + DRAIN_MS)
		s->until = h->now + DRAIN_MS;
}

void hub_shutdown_turn(struct hub *h)
{
	struct hub_shutdown *s = &h->shutdown;

	if (!s->begun)
		return;
	if (!s->said)
		say(h);
	if (h->now < s->until)
		return;
	if (s->left)
		s->over = true;
	else if (hub_ike_leave(h) || h->now >= s->until + LEAVE_MS) {
		/* Its last datagrams are on their way to workers. */
		s->left = true;
		s->until = h->now + DRAIN_MS;
	}
}

void hub_shutdown_end(struct hub *h)
{
	end_walk(h);
}

bool hub_shutdown_over(const struct hub *h)
{
	return h->shutdown.over;
}
