/* SPDX-License-Identifier: BSD-3-Clause */
/* What a scenario does to spokes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/addr.h"
#include "crypto/replay.h"
#include "tools/spokes/sim_priv.h"

#define UP_AT_ONCE 64 /* spokes in one turn: what they send has to go out in between */

static unsigned n_of(const struct sim_range *r)
{
	return r->last - r->first + 1;
}

static bool fail(struct sim_step *step, const char *why, unsigned number)
{
	step->ok = false;
	snprintf(step->detail, sizeof(step->detail), "spoke %u: %s", number, why);
	return true;
}

/* All at once, or spread over the seconds. */
static bool act_up(struct sim *s, struct sim_step *step)
{
	uint64_t passed = s->now_ms - step->start_ms;
	unsigned n = n_of(&step->spokes), due = n;

	if (step->seconds > 0 && (double)passed < step->seconds * 1000)
		due = (unsigned)((double)n * (double)passed / (step->seconds * 1000));
	for (unsigned k = 0; k < UP_AT_ONCE && step->done < due; k++, step->done++)
		if (sim_spoke_up(sim_spoke(s, step->spokes.first + step->done)) < 0)
			return fail(step, "not enough memory", step->spokes.first + step->done);
	return step->done == n;
}

static int announce(struct sim_spoke *k, const struct sim_step *step)
{
	if (k->n_extras == SIM_EXTRAS_MAX)
		return -ENOSPC;
	k->extras[k->n_extras++] = (struct sim_extra){
		.net_be = step->net_be, .len = step->len, .metric = (uint8_t)step->metric};
	sim_rip_tell(k);
	return 0;
}

/* Told as lost once, then no more. */
static int withdraw(struct sim_spoke *k, const struct sim_step *step)
{
	unsigned i = 0;

	while (i < k->n_extras &&
		(k->extras[i].net_be != step->net_be || k->extras[i].len != step->len))
		i++;
	if (i == k->n_extras)
		return -ENOENT;
	k->extras[i].metric = 16;
	sim_rip_tell(k);
	k->extras[i] = k->extras[--k->n_extras];
	return 0;
}

static void rekey(struct sim *s, unsigned number)
{
	for (unsigned i = 0; i < sa_table_capacity(s->in); i++) {
		struct sa *sa = sa_at(s->in, i);

		if (sa->used && sa->peer == number)
			replay_reset(sa, sa_window_words(s->in, sa), 0);
	}
}

static int send_one(struct sim *s, const struct sim_step *step, unsigned i)
{
	unsigned to = n_of(&step->to) == 1 ? step->to.first : step->to.first + i;

	return sim_flow_start(s, step->spokes.first + i, to, step->rate, step->size);
}

/* To the host of each other's first LAN. */
static void resolve(struct sim *s, const struct sim_step *step, struct sim_spoke *k)
{
	for (unsigned to = step->to.first; to <= step->to.last; to++)
		if (to != k->number)
			sim_spoke_resolve(k, sim_lan_host_be(s, sim_lan_of(s, to, 0)));
}

static const char *act_one(struct sim *s, const struct sim_step *step, unsigned i)
{
	struct sim_spoke *k = sim_spoke(s, step->spokes.first + i);

	switch (step->verb) {
	case SIM_VERB_die:
		sim_spoke_die(k);
		break;
	case SIM_VERB_leave:
		sim_spoke_leave(k);
		break;
	case SIM_VERB_move:
		return sim_spoke_move(k) < 0 ? "is behind no NAT (nat_port)" : NULL;
	case SIM_VERB_send:
		return send_one(s, step, i) < 0 ? "not enough memory" : NULL;
	case SIM_VERB_stop:
		sim_flow_stop(s, k->number);
		break;
	case SIM_VERB_resolve:
		resolve(s, step, k);
		break;
	case SIM_VERB_announce:
		return announce(k, step) < 0 ? "announces too many networks" : NULL;
	case SIM_VERB_withdraw:
		return withdraw(k, step) < 0 ? "does not announce it" : NULL;
	case SIM_VERB_abuse:
		if (k->state == SIM_DOWN)
			return "is down";
		sim_abuse(k, step->kind, sim_spoke(s, step->to.first)->address_be, step->count);
		break;
	case SIM_VERB_rekey:
		rekey(s, k->number);
		break;
	default:
		break;
	}
	return NULL;
}

bool sim_act(struct sim *s, struct sim_step *step)
{
	step->ok = true;
	if (step->verb == SIM_VERB_up)
		return act_up(s, step);
	if (step->verb == SIM_VERB_wire)
		sim_wire_set(s, step->wire, step->seed);
	if (step->verb == SIM_VERB_watch)
		sim_flow_watch(s);
	if (step->verb == SIM_VERB_wire || step->verb == SIM_VERB_watch)
		return true;
	if (step->verb == SIM_VERB_wait)
		return (double)(s->now_ms - step->start_ms) >= step->seconds * 1000;
	for (unsigned i = 0; i < n_of(&step->spokes); i++) {
		const char *why = act_one(s, step, i);

		if (why != NULL)
			return fail(step, why, step->spokes.first + i);
	}
	return true;
}
