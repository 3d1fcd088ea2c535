/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/timer.h"

#include "tests/unit/unit.h"

#define N 1000

struct thing {
	int other;
	struct timer timer;
};

static struct timers all;

static void test_order(void)
{
	static struct thing things[N];
	uint64_t last = 0;
	struct timer *t;

	CU_ASSERT_EQUAL(timers_next(&all), UINT64_MAX);
	/* 389 and 1000 have no common factor: every time from 0 to 999 once. */
	for (unsigned i = 0; i < N; i++) {
		things[i].other = (int)(i * 389u % N);
		timer_start(&all, &things[i].timer, i * 389u % N);
	}
	CU_ASSERT_EQUAL(timers_next(&all), 0);
	for (unsigned i = 0; i < N; i++) {
		t = timers_take_due(&all, N);
		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		CU_ASSERT(t->due >= last && !t->running);
		CU_ASSERT_EQUAL((uint64_t)timer_owner(t, struct thing, timer)->other, t->due);
		last = t->due;
	}
	CU_ASSERT_PTR_NULL(timers_take_due(&all, UINT64_MAX));
}

static void test_not_yet(void)
{
	struct timer t = {0};

	timer_start(&all, &t, 100);
	CU_ASSERT_PTR_NULL(timers_take_due(&all, 99));
	CU_ASSERT_PTR_EQUAL(timers_take_due(&all, 100), &t);
}

static void test_same_time(void)
{
	struct timer t[3] = {0};

	for (unsigned i = 0; i < 3; i++)
		timer_start(&all, &t[(i + 2) % 3], 5);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_PTR_EQUAL(timers_take_due(&all, 5), &t[(i + 2) % 3]);
	CU_ASSERT_PTR_NULL(timers_take_due(&all, 5));
}

static void test_restart_and_stop(void)
{
	struct timer t = {0}, u = {0};

	timer_start(&all, &t, 10);
	timer_start(&all, &u, 20);
	timer_start(&all, &t, 30);
	CU_ASSERT_EQUAL(timers_next(&all), 20);
	timer_stop(&all, &u);
	timer_stop(&all, &u);
	CU_ASSERT_EQUAL(timers_next(&all), 30);
	CU_ASSERT_PTR_EQUAL(timers_take_due(&all, 30), &t);
	CU_ASSERT_EQUAL(timers_next(&all), UINT64_MAX);
}

static const struct unit_test tests[] = {
	{"timers come in order of their times", test_order},
	{"a timer does not come before its time", test_not_yet},
	{"timers of the same time come as they were started", test_same_time},
	{"a timer is started anew, and stopped", test_restart_and_stop},
};

UNIT_MAIN("common: timer", tests)
