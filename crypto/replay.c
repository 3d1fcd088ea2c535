/* SPDX-License-Identifier: BSD-3-Clause */
/* Inference of the high half of a sequence number, and windows above 64 as RFC 6479 has them. */
#include "crypto/replay.h"

#include <string.h>

_Static_assert((REPLAY_WORDS & (REPLAY_WORDS - 1)) == 0, "word index is taken by masking");
_Static_assert(REPLAY_WORDS * 64 >= SA_WINDOW_MAX + 64, "RFC 6479 needs one spare word");

/* Without a window nothing is left of it; half the number space makes the nearest number win. */
#define NEAREST_WINDOW (UINT32_C(1) << 31)

uint64_t replay_full_seq(const struct sa *sa, uint32_t low)
{
	uint32_t top_high = (uint32_t)(sa->hot.seq >> 32), top_low = (uint32_t)sa->hot.seq;
	uint32_t window = sa->hot.window_size ? sa->hot.window_size : NEAREST_WINDOW;
	uint32_t bottom = top_low - window + 1;
	uint32_t high = top_high;

	if (!sa->esn)
		return low;
	if (top_low >= window - 1) {
		/* RFC 4303 A2.2 case A: the window lies in one subspace. */
		if (low < bottom)
			high++;
	} else if (low >= bottom && top_high > 0) {
		/* Case B: its left part lies in the subspace before, unless this is the first. */
		high--;
	}
	return (uint64_t)high << 32 | low;
}

static uint64_t *word_of(uint64_t *words, uint64_t seq)
{
	return &words[seq / 64 & (REPLAY_WORDS - 1)];
}

bool replay_check_words(const struct sa *sa, const uint64_t *words, uint64_t seq)
{
	if (seq > sa->hot.seq)
		return true;
	if (seq == 0 || sa->hot.seq - seq >= sa->hot.window_size)
		return false;
	return (words[seq / 64 & (REPLAY_WORDS - 1)] >> seq % 64 & 1) == 0;
}

void replay_update_words(struct sa *sa, uint64_t *words, uint64_t seq)
{
	if (seq > sa->hot.seq) {
		uint64_t from = sa->hot.seq / 64, to = seq / 64;

		/* Words the head moves into hold numbers of a full turn ago. */
		if (to - from >= REPLAY_WORDS)
			from = to - REPLAY_WORDS;
		while (from < to)
			words[++from & (REPLAY_WORDS - 1)] = 0;
		sa->hot.seq = seq;
	}
	*word_of(words, seq) |= UINT64_C(1) << seq % 64;
}

void replay_reset(struct sa *sa, uint64_t *words, uint64_t seq)
{
	sa->hot.seq = seq;
	sa->hot.window = seq > 0 ? UINT64_MAX : 0;
	if (sa->hot.window_size <= REPLAY_INLINE_MAX)
		return;
	memset(words, seq > 0 ? 0xff : 0, REPLAY_WORDS * sizeof(*words));
	if (seq % 64 != 63)
		*word_of(words, seq) &= (UINT64_C(2) << seq % 64) - 1;
}
