/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles a packet, turn by turn, as a histogram. What disturbs a turn (another program, a neighbor
 * on the core's other thread) only makes it slower, and does so for some of the turns: the lower
 * quartile stays where it is when a mean or a median of seconds has doubled.
 */
#ifndef TOOLS_TURNS_H
#define TOOLS_TURNS_H

#include <stdint.h>

#define TURNS_BINS 4096

struct turns {
	uint64_t n;
	uint32_t bins[TURNS_BINS];
};

#define TURNS_LOW    0.10
#define TURNS_FIGURE 0.25 /**< the share of turns that were cheaper than what is reported */
#define TURNS_HIGH   0.50

/** A turn that took so many cycles for so many packets, at least one. */
void turns_add(struct turns *t, uint64_t cycles, uint64_t packets);

/** Cycles a packet that `share` (0..1) of the turns were below; 0 if there were none. */
double turns_at(const struct turns *t, double share);

void turns_merge(struct turns *to, const struct turns *from);

#endif
