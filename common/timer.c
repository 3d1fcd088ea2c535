/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/timer.h"

#include <stddef.h>

static int compare(const struct timer *a, const struct timer *b)
{
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* clang-format off */
RB_GENERATE_INTERNAL(timer_tree, timer, entry, compare, __attribute__((unused)) static)
/* clang-format on */

void timer_start(struct timers *all, struct timer *t, uint64_t due)
{
	timer_stop(all, t);
	t->due = due;
	t->order = all->started++;
	t->running = true;
	RB_INSERT(timer_tree, &all->tree, t);
}

void timer_stop(struct timers *all, struct timer *t)
{
	if (!t->running)
		return;
	RB_REMOVE(timer_tree, &all->tree, t);
	t->running = false;
}

struct timer *timers_take_due(struct timers *all, uint64_t now)
{
	struct timer *t = RB_MIN(timer_tree, &all->tree);

	if (t == NULL || t->due > now)
		return NULL;
	timer_stop(all, t);
	return t;
}

uint64_t timers_next(struct timers *all)
{
	const struct timer *t = RB_MIN(timer_tree, &all->tree);

	return t == NULL ? UINT64_MAX : t->due;
}
