/* SPDX-License-Identifier: BSD-3-Clause */
/* How late the control thread's turns come, which is how long packets for control may wait. */
#ifndef CONTROL_LOOP_H
#define CONTROL_LOOP_H

#include <stdint.h>

#define HUB_LOOP_TURN_US 1000 /* between two turns, if nothing is late */
#define HUB_LOOP_BOUNDS  8

struct hub_loop {
	uint64_t turned_us; /* when the last one began; 0: none yet */
	uint64_t turns, delay_us, delay_us_max;
	uint64_t within[HUB_LOOP_BOUNDS]; /* turns by their delay; the rest was later than all */
};

/* Upper bounds of delays, microseconds, each counted apart. */
extern const uint32_t hub_loop_bounds_us[HUB_LOOP_BOUNDS];

/* A timed turn begins. */
void hub_loop_turn(struct hub_loop *l, uint64_t now_us);

#endif
