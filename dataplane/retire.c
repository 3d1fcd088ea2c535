/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control takes out of service: hidden at once, given back when nobody can name it any more.
 *
 * A packet names its peer by index, and may do so for longer than a worker's turn: while it waits
 *in another worker's inbox, as a multicast packet among the replications, or as a copy in a queue
 *of control. So a place is free again after
 *
 *	a grace period		no worker holds it, or will queue a packet that names it,
 *	the inboxes		what stood there then was taken (what is parked too: owner.c),
 *	a grace period		and went on,
 *	the replications	what came of it was done,
 *	a grace period		and went on,
 *	control's queues	the copies were read.
 *
 * All of it is looked at from here: workers do nothing for it. A batch is on its way while the next
 * one collects; control never waits.
 */
#include "dataplane/dp_priv.h"

int retire_init(struct dp *dp, struct error *err)
{
	struct retire *r = &dp->retire;
	size_t room = (size_t)dp->n_peers + sa_table_capacity(dp->sa_in) +
		      sa_table_capacity(dp->sa_out) + DP_TUNNELS_MAX;

	/* As many as there are: a place is retired once. */
	r->open = calloc(room, sizeof(*r->open));
	r->closing = calloc(room, sizeof(*r->closing));
	if (r->open == NULL || r->closing == NULL)
		return error_set(err, ENOMEM, "out of memory");
	return 0;
}

void retire_fini(struct dp *dp)
{
	free(dp->retire.open);
	free(dp->retire.closing);
}

void retire(struct dp *dp, enum retire_kind kind, uint32_t index)
{
	struct retire *r = &dp->retire;

	r->open[r->n_open++] = (struct retired){.kind = kind, .index = index};
}

static void give_back(struct dp *dp, const struct retired *what)
{
	switch (what->kind) {
	case RETIRED_PEER:
		peer_free(dp, what->index);
		break;
	case RETIRED_SA_IN:
		sa_free(dp->sa_in, what->index);
		break;
	case RETIRED_SA_OUT:
		sa_free(dp->sa_out, what->index);
		break;
	case RETIRED_TUNNEL:
		dp->tunnels[what->index].used = false;
		break;
	}
}

static bool inboxes_passed(struct dp *dp)
{
	for (unsigned i = 0; i < dp->params.n_workers; i++)
		if (!ring_passed(dp->workers[i]->inbox, dp->retire.inbox[i]))
			return false;
	return ring_passed(dp->move.parked, dp->retire.parked);
}

static bool replications_passed(struct dp *dp)
{
	for (unsigned i = 0; i < dp->params.n_workers; i++)
		if ((int32_t)(__atomic_load_n(
				      &dp->workers[i]->replication.finished, __ATOMIC_ACQUIRE) -
			      dp->retire.replication[i]) < 0)
			return false;
	return true;
}

static bool punts_passed(struct dp *dp)
{
	for (unsigned i = 0; i < DP_PUNT_COUNT; i++)
		if (!ring_passed(dp->punt_ring[i], dp->retire.punt[i]))
			return false;
	return true;
}

/* Nobody takes what waits while workers rest, and it should not go out as late as that. */
static void purge_resting(struct dp *dp)
{
	for (unsigned i = 0; i < dp->params.n_workers && !dp->run; i++)
		worker_purge(dp->workers[i]);
}

/* What the step waits for has happened. */
static bool step_over(struct dp *dp)
{
	switch (dp->retire.step) {
	case RETIRE_IDLE:
		return dp->retire.n_open != 0;
	case RETIRE_HIDDEN:
	case RETIRE_TAKEN:
	case RETIRE_ENDING:
		return dp_grace_over(dp, dp->retire.token);
	case RETIRE_QUEUED:
		purge_resting(dp);
		return inboxes_passed(dp);
	case RETIRE_REPLICATED:
		purge_resting(dp);
		return replications_passed(dp);
	case RETIRE_PUNTED:
		return punts_passed(dp);
	}
	return false;
}

/* Begin to wait for the next thing. */
static void step_next(struct dp *dp)
{
	struct retire *r = &dp->retire;
	struct retired *swap = r->open;

	switch (r->step) {
	case RETIRE_IDLE:
		r->open = r->closing;
		r->closing = swap;
		r->n_closing = r->n_open;
		r->n_open = 0;
		r->token = dp_grace_start(dp);
		break;
	case RETIRE_HIDDEN:
		for (unsigned i = 0; i < dp->params.n_workers; i++)
			r->inbox[i] = ring_mark(dp->workers[i]->inbox);
		r->parked = ring_mark(dp->move.parked);
		break;
	case RETIRE_TAKEN:
		for (unsigned i = 0; i < dp->params.n_workers; i++)
			r->replication[i] = __atomic_load_n(
				&dp->workers[i]->replication.started, __ATOMIC_ACQUIRE);
		break;
	case RETIRE_QUEUED:
	case RETIRE_REPLICATED:
		r->token = dp_grace_start(dp);
		break;
	case RETIRE_ENDING:
		for (unsigned i = 0; i < DP_PUNT_COUNT; i++)
			r->punt[i] = ring_mark(dp->punt_ring[i]);
		break;
	case RETIRE_PUNTED:
		for (uint32_t i = 0; i < r->n_closing; i++)
			give_back(dp, &r->closing[i]);
		r->n_closing = 0;
		break;
	}
	r->step = r->step == RETIRE_PUNTED ? RETIRE_IDLE : r->step + 1;
}

unsigned dp_reclaim(struct dp *dp)
{
	struct retire *r = &dp->retire;

	while (step_over(dp))
		step_next(dp);
	return r->n_open + r->n_closing;
}
