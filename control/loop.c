/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/loop.h"

const uint32_t hub_loop_bounds_us[HUB_LOOP_BOUNDS] = {
	500, 1000, 2000, 5000, 10000, 50000, 100000, 1000000};

void hub_loop_turn(struct hub_loop *l, uint64_t now_us)
{
	uint64_t due = l->turned_us + HUB_LOOP_TURN_US;
	uint64_t delay = now_us > due ? now_us - due : 0;

	if (l->turned_us != 0) {
		l->turns++;
		l->delay_us += delay;
		l->delay_us_max = delay > l->delay_us_max ? delay : l->delay_us_max;
		for (unsigned i = 0; i < HUB_LOOP_BOUNDS; i++)
			if (delay <= hub_loop_bounds_us[i]) {
				l->within[i]++;
				break;
			}
	}
	l->turned_us = now_us;
}
