/* SPDX-License-Identifier: BSD-3-Clause */
/* crypto/replay.h: windows of all sizes against a model that remembers every number. */
#include "crypto/replay.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

static const uint16_t sizes[] = {1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000, 4095, 4096};

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static struct sa sa;
static uint64_t words[REPLAY_WORDS];

static void start(uint16_t window, bool esn, uint64_t seq)
{
	memset(&sa, 0, sizeof(sa));
	/* An SA before this one may have left anything here. */
	memset(words, 0xa5, sizeof(words));
	sa.esn = esn;
	sa.hot.window_size = window;
	replay_reset(&sa, words, seq);
}

/* Check and, if it passes, mark. */
static bool accept(uint64_t seq)
{
	if (!replay_check(&sa, words, seq))
		return false;
	replay_update(&sa, words, seq);
	return true;
}

static void test_in_order(void)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		start(sizes[i], false, 0);
		CU_ASSERT_FALSE(accept(0));
		for (uint64_t seq = 1; seq < 10000; seq++) {
			CU_ASSERT(accept(seq));
			CU_ASSERT_FALSE(accept(seq));
			CU_ASSERT_FALSE(accept(0));
		}
		CU_ASSERT_EQUAL(sa.hot.seq, 9999);
	}
}

static void test_edges(void)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		uint16_t w = sizes[i];

		start(w, false, 0);
		CU_ASSERT(accept(20000));
		/* The window is 20000-w+1 .. 20000. */
		CU_ASSERT_FALSE(accept(20000 - w));
		CU_ASSERT_FALSE(accept(1));
		CU_ASSERT_EQUAL(accept(20000 - w + 1), w > 1);
		CU_ASSERT_FALSE(accept(20000 - w + 1));
		/* One step pushes the left edge out, whether it was seen or not. */
		CU_ASSERT(accept(20001));
		CU_ASSERT_FALSE(accept(20001 - w));
		CU_ASSERT_FALSE(accept(20000));
		CU_ASSERT_EQUAL(sa.hot.seq, 20001);
	}
}

static void test_jumps(void)
{
	static const uint64_t jumps[] = {1, 31, 32, 63, 64, 65, 127, 128, 4095, 4096, 4097, 8127,
		8128, 8191, 8192, 8193, 8256, 100000, UINT64_C(1) << 33, UINT64_C(1) << 62};

	for (size_t i = 0; i < N_SIZES; i++)
		for (size_t j = 0; j < sizeof(jumps) / sizeof(jumps[0]); j++) {
			uint64_t top = 30000 + jumps[j];

			start(sizes[i], true, 0);
			/* All bits of the old window set: none may show through after the jump. */
			for (uint64_t seq = 30000 - 4200; seq <= 30000; seq++)
				accept(seq);
			CU_ASSERT(accept(top));
			for (uint64_t back = 1; back <= 4200; back++) {
				bool in_window = back < sizes[i];
				bool seen = top - back <= 30000;

				CU_ASSERT_EQUAL(accept(top - back), in_window && !seen);
			}
		}
}

/* A walk with reordering and duplicates; the model is one flag a number. */
static void test_random(void)
{
	enum { NUMBERS = 40000 };
	static bool seen[NUMBERS];
	uint32_t x = 1;

	for (size_t i = 0; i < N_SIZES; i++) {
		uint64_t top = 0;

		memset(seen, 0, sizeof(seen));
		start(sizes[i], false, 0);
		for (unsigned step = 0; top < NUMBERS - 200 && step < 200000; step++) {
			uint64_t seq;
			bool want;

			x = x * 1664525 + 1013904223;
			if (x >> 31)
				seq = top + 1 + (x >> 8) % ((x >> 24) % 16 ? 3 : 150);
			else
				seq = top - (x >> 8) % (sizes[i] + 20u) % (top + 1);
			want = seq > top || (seq > 0 && top - seq < sizes[i] && !seen[seq]);
			CU_ASSERT_EQUAL(accept(seq), want);
			seen[seq] = seen[seq] || want;
			top = seq > top ? seq : top;
		}
		CU_ASSERT(top > 1000);
		CU_ASSERT_EQUAL(sa.hot.seq, top);
	}
}

static void test_off(void)
{
	start(0, false, 0);
	CU_ASSERT(accept(0));
	CU_ASSERT(accept(5));
	CU_ASSERT(accept(5));
	CU_ASSERT(accept(1));
	CU_ASSERT_EQUAL(sa.hot.seq, 5);
}

static void test_check_is_pure(void)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		struct sa before;

		start(sizes[i], true, 100);
		before = sa;
		CU_ASSERT(replay_check(&sa, words, 5000));
		CU_ASSERT(replay_check(&sa, words, 5000));
		CU_ASSERT_FALSE(replay_check(&sa, words, 100));
		CU_ASSERT_EQUAL(memcmp(&before, &sa, sizeof(sa)), 0);
	}
}

/* An SA taken over from elsewhere: what its number covers is seen, the next is new. */
static void test_resume(void)
{
	static const uint64_t tops[] = {1, 63, 64, 127, 128, 4096, 5000, UINT64_C(1) << 32};

	for (size_t i = 0; i < N_SIZES; i++)
		for (size_t j = 0; j < sizeof(tops) / sizeof(tops[0]); j++) {
			start(sizes[i], true, tops[j]);
			for (uint64_t back = 0; back < 4200 && back <= tops[j]; back++)
				CU_ASSERT_FALSE(accept(tops[j] - back));
			CU_ASSERT(accept(tops[j] + 2));
			CU_ASSERT_EQUAL(accept(tops[j] + 1), sizes[i] > 1);
			CU_ASSERT_FALSE(accept(tops[j]));
		}
}

/* RFC 4303 A2.2: which subspace a number belongs to. */
static void test_full_seq(void)
{
	static const struct {
		uint16_t window;
		uint64_t top;
		uint32_t low;
		uint64_t full;
	} cases[] = {
		/* case A: the window lies in one subspace */
		{64, 0x500001000, 0x1001, 0x500001001},
		{64, 0x500001000, 0x0fc1, 0x500000fc1},
		{64, 0x500001000, 0x0fc0, 0x600000fc0},
		{64, 0x500001000, 0, 0x600000000},
		{64, 0x500001000, 0xffffffff, 0x5ffffffff},
		{64, 0x50000003f, 0, 0x500000000},
		{64, 0x5ffffffff, 0, 0x600000000},
		{64, 0x5ffffffff, 0xffffffc0, 0x5ffffffc0},
		/* case B: it spans two */
		{64, 0x500000010, 0x11, 0x500000011},
		{64, 0x500000010, 0xffffffd0, 0x5ffffffd0},
		{64, 0x500000010, 0xffffffd1, 0x4ffffffd1},
		{64, 0x500000010, 0xffffffff, 0x4ffffffff},
		{64, 0x50000003e, 0xffffffff, 0x4ffffffff},
		/* no subspace before the first */
		{64, 0, 1, 1},
		{64, 0, 0xffffffff, 0xffffffff},
		{64, 0x10, 0xffffffff, 0xffffffff},
		/* other sizes move the border */
		{1, 0x500001000, 0x1000, 0x500001000},
		{1, 0x500001000, 0x0fff, 0x600000fff},
		{4096, 0x500000ffe, 0xffffffff, 0x4ffffffff},
		{4096, 0x500000fff, 0, 0x500000000},
		{4096, 0x500001000, 0, 0x600000000},
		/* without a window: the nearest */
		{0, 0x5ffffffff, 0, 0x600000000},
		{0, 0x500000000, 0xffffffff, 0x4ffffffff},
		{0, 0x500000000, 0x7fffffff, 0x57fffffff},
		{0, 0x500000000, 1, 0x500000001},
		{0, 0, 0xffffffff, 0xffffffff},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(cases[i].window, true, cases[i].top);
		CU_ASSERT_EQUAL(replay_full_seq(&sa, cases[i].low), cases[i].full);
		start(cases[i].window, false, cases[i].top & UINT32_MAX);
		CU_ASSERT_EQUAL(replay_full_seq(&sa, cases[i].low), cases[i].low);
	}
}

/* Over the edge of 2^32 in order, with late ones from the subspace before. */
static void test_wrap(void)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		uint64_t from = (UINT64_C(7) << 32) - 5000, to = (UINT64_C(7) << 32) + 5000;

		start(sizes[i], true, from - 1);
		for (uint64_t seq = from; seq < to; seq++) {
			uint64_t full = replay_full_seq(&sa, (uint32_t)seq);

			CU_ASSERT_EQUAL(full, seq);
			CU_ASSERT(accept(full));
			full = replay_full_seq(&sa, (uint32_t)(seq - sizes[i] + 1));
			CU_ASSERT_EQUAL(full, seq - sizes[i] + 1);
			CU_ASSERT_FALSE(accept(full));
		}
	}
}

static const struct unit_test tests[] = {
	{"numbers in order pass once", test_in_order},
	{"the window's left edge, for all sizes", test_edges},
	{"jumps ahead leave no old bits behind", test_jumps},
	{"a random walk agrees with a model", test_random},
	{"window 0 checks nothing", test_off},
	{"a check changes nothing", test_check_is_pure},
	{"a window can start at any number", test_resume},
	{"the high half is inferred as RFC 4303 A2.2 says", test_full_seq},
	{"the window moves over 2^32", test_wrap},
};

UNIT_MAIN("crypto: replay", tests)
