/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of an engine that is given the time: kept in order of when they are due, embedded in what
 * they are about, so that starting one takes no memory and cannot fail. Not thread-safe.
 */
#ifndef COMMON_TIMER_H
#define COMMON_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include <bsd/sys/tree.h>

/** All zeros: not running. */
struct timer {
	RB_ENTRY(timer) entry;
	uint64_t due;   /**< in the clock of whoever asks timers_take_due() */
	uint64_t order; /**< of starting: what is due at the same time comes in it */
	bool running;
};

/** All zeros: none runs. */
struct timers {
	RB_HEAD(timer_tree, timer) tree;
	uint64_t started;
};

/** Let a timer be due then, whether or not it runs already. O(log n) */
void timer_start(struct timers *all, struct timer *t, uint64_t due);

/** Of no effect if it does not run. */
void timer_stop(struct timers *all, struct timer *t);

/** Stop and return the first timer whose time has come, NULL if there is none. */
struct timer *timers_take_due(struct timers *all, uint64_t now);

/** When the first one is due, UINT64_MAX if none runs. */
uint64_t timers_next(struct timers *all);

/** What a timer is embedded in. */
#define timer_owner(t, type, member)                                                               \
	((type *)(void *)((char *)(t) - __builtin_offsetof(type, member)))

#endif
