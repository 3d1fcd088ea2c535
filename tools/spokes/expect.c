/* SPDX-License-Identifier: BSD-3-Clause */
/* What a scenario expects of spokes: looked at again and again until it holds or its time is over.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/spokes/sim_priv.h"

typedef bool (*holds_fn)(struct sim *s, const struct sim_step *step, struct sim_spoke *k);

/* The first spoke from this one on that does not hold it, 0: all do. */
static unsigned first_bad(struct sim *s, const struct sim_step *step, holds_fn holds, unsigned from)
{
	for (unsigned i = from; i <= step->spokes.last; i++)
		if (!holds(s, step, sim_spoke(s, i)))
			return i;
	return 0;
}

/*
 * All spokes of the step hold it; else detail says which does not. A look begins with the one that
 * did not the last time: of many spokes with many routes only the last look sees all.
 */
static bool all(struct sim *s, struct sim_step *step, holds_fn holds)
{
	unsigned n = step->spokes.last - step->spokes.first + 1;
	unsigned bad = first_bad(s, step, holds, step->spokes.first + step->done);

	if (bad == 0 && step->done != 0)
		bad = first_bad(s, step, holds, step->spokes.first);
	step->done = bad == 0 ? 0 : bad - step->spokes.first;
	if (bad == 0)
		snprintf(step->detail, sizeof(step->detail), "all of %u", n);
	else
		snprintf(step->detail, sizeof(step->detail), "not yet spoke %u of %u, which is %s",
			bad, n, sim_state_name(sim_spoke(s, bad)->state));
	return bad == 0;
}

static bool registered(struct sim *s, const struct sim_step *step, struct sim_spoke *k)
{
	(void)s;
	(void)step;
	return k->state == SIM_REGISTERED;
}

static bool refused(struct sim *s, const struct sim_step *step, struct sim_spoke *k)
{
	(void)s;
	return k->state == SIM_REFUSED && (step->code == 0 || k->code == step->code);
}

/* Every LAN of every spoke of `to`, with that spoke's tunnel address as next hop. */
static bool route(struct sim *s, const struct sim_step *step, struct sim_spoke *k)
{
	for (unsigned to = step->to.first; to <= step->to.last; to++)
		for (unsigned j = 0; to != k->number && j < s->set.lans; j++)
			if (!sim_rip_knows(k, sim_lan_of(s, to, j), sim_spoke(s, to)->address_be))
				return false;
	return true;
}

static bool no_route(struct sim *s, const struct sim_step *step, struct sim_spoke *k)
{
	for (unsigned to = step->to.first; to <= step->to.last; to++)
		for (unsigned j = 0; to != k->number && j < s->set.lans; j++)
			if (sim_rip_knows(k, sim_lan_of(s, to, j), 0))
				return false;
	return true;
}

/* It knows where the other is outside, and that is right. */
static bool shortcut(struct sim *s, const struct sim_step *step, struct sim_spoke *k)
{
	uint32_t nbma_be;

	for (unsigned to = step->to.first; to <= step->to.last; to++)
		if (to != k->number &&
			(!sim_spoke_shortcut(
				 k, sim_lan_host_be(s, sim_lan_of(s, to, 0)), &nbma_be) ||
				nbma_be != sim_spoke(s, to)->nbma_be))
			return false;
	return true;
}

static bool no_shortcut(struct sim *s, const struct sim_step *step, struct sim_spoke *k)
{
	uint32_t nbma_be;

	for (unsigned to = step->to.first; to <= step->to.last; to++)
		if (to != k->number &&
			sim_spoke_shortcut(k, sim_lan_host_be(s, sim_lan_of(s, to, 0)), &nbma_be))
			return false;
	return true;
}

static bool purged(struct sim *s, const struct sim_step *step, struct sim_spoke *k)
{
	(void)s;
	return k->n_purged >= step->count;
}

/* Every flow of the step's spokes had so many packets since the step began. */
static bool received(struct sim *s, struct sim_step *step)
{
	unsigned n = 0, good = 0;

	for (unsigned i = 0; i < s->n_flows && i < step->n_snapshot; i++) {
		const struct sim_flow *f = &s->flows[i];

		if (f->from < step->spokes.first || f->from > step->spokes.last)
			continue;
		n++;
		good += f->received >= step->snapshot[i] + step->count;
	}
	snprintf(step->detail, sizeof(step->detail), "%u of %u flows", good, n);
	return n > 0 && good == n;
}

/* Every packet that was sent before the step began has come. */
static bool lossless(struct sim *s, struct sim_step *step)
{
	uint64_t lost = 0, sent = 0, late = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_flows && i < step->n_snapshot; i++) {
		const struct sim_flow *f = &s->flows[i];

		if (f->from < step->spokes.first || f->from > step->spokes.last)
			continue;
		n++;
		sent += step->snapshot[i];
		lost += sim_flow_holes(f);
		late += f->highest < step->snapshot[i];
	}
	snprintf(step->detail, sizeof(step->detail),
		"%u flows, %llu packets sent, %llu lost, %llu flows with packets on their way", n,
		(unsigned long long)sent, (unsigned long long)lost, (unsigned long long)late);
	return n > 0 && lost == 0 && late == 0;
}

static bool faultless(const struct sim *s, struct sim_step *step)
{
	step->detail[0] = '\0';
	for (unsigned i = 0; i < SIM_FAULTS; i++)
		if (s->counts.fault[i] != 0)
			snprintf(step->detail, sizeof(step->detail), "%s %llu", sim_fault_name(i),
				(unsigned long long)s->counts.fault[i]);
	return sim_faults(s) == 0;
}

bool sim_expect(struct sim *s, struct sim_step *step)
{
	switch (step->verb) {
	case SIM_VERB_registered:
		return all(s, step, registered);
	case SIM_VERB_refused:
		return all(s, step, refused);
	case SIM_VERB_route:
		return all(s, step, route);
	case SIM_VERB_no_route:
		return all(s, step, no_route);
	case SIM_VERB_shortcut:
		return all(s, step, shortcut);
	case SIM_VERB_no_shortcut:
		return all(s, step, no_shortcut);
	case SIM_VERB_purged:
		return all(s, step, purged);
	case SIM_VERB_received:
		return received(s, step);
	case SIM_VERB_lossless:
		return lossless(s, step);
	default:
		return faultless(s, step);
	}
}

/* What flows have sent, or had, when the step begins. */
static void snapshot(struct sim *s, struct sim_step *step)
{
	bool sent = step->verb == SIM_VERB_lossless;

	if (!sent && step->verb != SIM_VERB_received)
		return;
	step->snapshot = calloc(s->n_flows + 1, sizeof(step->snapshot[0]));
	if (step->snapshot == NULL)
		return;
	step->n_snapshot = s->n_flows;
	for (unsigned i = 0; i < s->n_flows; i++)
		step->snapshot[i] = sent ? s->flows[i].sent : s->flows[i].received;
}

bool sim_step_run(struct sim *s, struct sim_step *step)
{
	bool over;

	if (step->start_ms == 0) {
		step->start_ms = s->now_ms;
		snapshot(s, step);
	}
	if (!sim_verb_is_expect(step->verb)) {
		over = sim_act(s, step);
	} else {
		step->ok = sim_expect(s, step);
		over = step->ok || (double)(s->now_ms - step->start_ms) >= step->within * 1000;
	}
	step->end_ms = s->now_ms;
	if (over) {
		free(step->snapshot);
		step->snapshot = NULL;
	}
	return over;
}
