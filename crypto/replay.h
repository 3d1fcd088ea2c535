/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Anti-replay window and extended sequence numbers (RFC 4303 3.4.3, A2; RFC 6479 for windows above
 * 64). Called by the SA's owning worker only.
 */
#ifndef CRYPTO_REPLAY_H
#define CRYPTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/sa.h"

/** Words of bitmap that every SA of a table has for windows above 64: RFC 6479 needs one spare. */
#define REPLAY_WORDS 128

/**
 * The full 64-bit number of a packet that carries `low`: with ESN the high half is inferred from
 * the window's place (RFC 4303 A2.2), without it is 0.
 */
uint64_t replay_full_seq(const struct sa *sa, uint32_t low);

/** True if the number is new and not left of the window. Number 0 is never new. */
bool replay_check(const struct sa *sa, const uint64_t *words, uint64_t seq);

/** Mark the number as seen; only after the packet was authenticated and replay_check() held. */
void replay_update(struct sa *sa, uint64_t *words, uint64_t seq);

#endif
