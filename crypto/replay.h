/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Anti-replay window and extended sequence numbers (RFC 4303 3.4.3, A2; RFC 6479 for windows above
 * 64). Called by the SA's owning worker only.
 */
#ifndef CRYPTO_REPLAY_H
#define CRYPTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "crypto/sa.h"

/** Largest window that stands in the SA's hot line. */
#define REPLAY_INLINE_MAX 64

/**
 * Words of bitmap of an SA with a larger window: a power of two with room for SA_WINDOW_MAX and
 * the word the window's head is moving into (RFC 6479 2).
 */
#define REPLAY_WORDS 128

/**
 * The full 64-bit number of a packet that carries `low`: with ESN the high half is inferred from
 * the window's place (RFC 4303 A2.2), without it is 0. Without a window the nearest number to the
 * highest one seen is taken.
 */
uint64_t replay_full_seq(const struct sa *sa, uint32_t low);

/** replay_check() for windows above REPLAY_INLINE_MAX. */
bool replay_check_words(const struct sa *sa, const uint64_t *words, uint64_t seq);

/** replay_update() for windows above REPLAY_INLINE_MAX. */
void replay_update_words(struct sa *sa, uint64_t *words, uint64_t seq);

/** Everything up to `seq` counts as seen; 0 for a fresh SA. Words may be NULL for small windows. */
void replay_reset(struct sa *sa, uint64_t *words, uint64_t seq);

/** replay_check() for windows that stand in the hot line. */
static inline bool replay_check_inline(const struct sa *sa, uint64_t seq)
{
	const struct sa_hot *hot = &sa->hot;

	if (likely(seq > hot->seq) || hot->window_size == 0)
		return true;
	if (seq == 0 || hot->seq - seq >= hot->window_size)
		return false;
	return (hot->window >> (hot->seq - seq) & 1) == 0;
}

/** replay_update() for windows that stand in the hot line. */
static inline void replay_update_inline(struct sa *sa, uint64_t seq)
{
	struct sa_hot *hot = &sa->hot;

	if (likely(seq > hot->seq)) {
		uint64_t ahead = seq - hot->seq;

		hot->window = (ahead < 64 ? hot->window << ahead : 0) | 1;
		hot->seq = seq;
	} else if (hot->seq - seq < REPLAY_INLINE_MAX) {
		hot->window |= UINT64_C(1) << (hot->seq - seq);
	}
}

/**
 * True if the number is new and not left of the window. Number 0 is never new (RFC 4303 3.3.3
 * starts at 1). Without a window every number is (RFC 4303 3.4.3).
 * @param words  sa_window_words(); not looked at up to REPLAY_INLINE_MAX
 */
static inline bool replay_check(const struct sa *sa, const uint64_t *words, uint64_t seq)
{
	return sa->hot.window_size > REPLAY_INLINE_MAX ? replay_check_words(sa, words, seq)
						       : replay_check_inline(sa, seq);
}

/** Mark the number as seen; only after the packet was authenticated and replay_check() held. */
static inline void replay_update(struct sa *sa, uint64_t *words, uint64_t seq)
{
	if (sa->hot.window_size > REPLAY_INLINE_MAX)
		replay_update_words(sa, words, seq);
	else
		replay_update_inline(sa, seq);
}

#endif
