/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that wait for something, each with the key of what it waits for: the latest few of a key,
 * in control's buffers, for a bounded time.
 */
#ifndef CONTROL_HOLD_PRIV_H
#define CONTROL_HOLD_PRIV_H

#include <stdbool.h>

#include "dataplane/punt.h"

#define HUB_HOLD_MAX 512

struct hub_held {
	struct rte_mbuf *m;
	struct dp_punt_info info;
	uint64_t key;
	uint64_t until;
};

struct hub_hold {
	unsigned room;    /* for packets in all, HUB_HOLD_MAX at most */
	unsigned each;    /* of one key */
	unsigned wait_ms; /* that one is held */
	unsigned n;
	struct hub_held at[HUB_HOLD_MAX]; /* in order of coming */
	uint64_t sent;
	uint64_t given_up;  /* what they waited for did not come */
	uint64_t displaced; /* by later packets */
};

/* Keep a copy of a packet, from now on; the oldest of its key makes room, or the oldest of all. */
void hub_hold_add(struct dp *dp, struct hub_hold *hold, uint64_t now, uint64_t key,
	const struct dp_punt_info *info, const uint8_t *packet, unsigned len);
/* The oldest that waits for this, which has come; its buffer is the caller's. @return false: none
 */
bool hub_hold_take(struct hub_hold *hold, uint64_t key, struct hub_held *out);
/* The oldest, if it has waited too long; likewise. */
bool hub_hold_give_up(struct hub_hold *hold, uint64_t now, struct hub_held *out);
void hub_hold_free(struct hub_hold *hold);

#endif
