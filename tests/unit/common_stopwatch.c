/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/stopwatch.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

/* Laps shorter than a millisecond are not told, longer ones by their names. */
static void test_text(void)
{
	struct stopwatch w = {.began_ns = 1000000, .at_ns = 8500000, .n = 3};
	char text[64], small[12];

	w.laps[0].name = "one";
	w.laps[0].ns = 4000000;
	w.laps[1].name = "nothing";
	w.laps[1].ns = 999999;
	w.laps[2].name = "two";
	w.laps[2].ns = 2500001;
	stopwatch_text(&w, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "7 ms: one 4, two 2");
	stopwatch_text(&w, small, sizeof(small));
	CU_ASSERT_STRING_EQUAL(small, "7 ms: one 4");
}

/* All laps together are all of the time; what does not fit is left out. */
static void test_laps(void)
{
	struct stopwatch w;
	uint64_t sum = 0;

	stopwatch_start(&w);
	for (unsigned i = 0; i < STOPWATCH_LAPS + 2; i++)
		stopwatch_lap(&w, "lap");
	CU_ASSERT_EQUAL(w.n, STOPWATCH_LAPS);
	for (unsigned i = 0; i < w.n; i++)
		sum += w.laps[i].ns;
	CU_ASSERT_EQUAL(w.began_ns + sum, w.at_ns);
	stopwatch_lap(NULL, "nobody looks");
}

static const struct unit_test tests[] = {
	{"laps become text", test_text},
	{"laps are all of the time", test_laps},
};

UNIT_MAIN("common: stopwatch", tests)
