/* SPDX-License-Identifier: BSD-3-Clause */
/* What took how long, one thing after the other. One thread. */
#ifndef COMMON_STOPWATCH_H
#define COMMON_STOPWATCH_H

#include <stddef.h>
#include <stdint.h>

#define STOPWATCH_LAPS 16

struct stopwatch {
	uint64_t began_ns, at_ns; /* of CLOCK_MONOTONIC */
	struct {
		const char *name;
		uint64_t ns;
	} laps[STOPWATCH_LAPS];
	unsigned n;
};

/** All of it is 0. */
void stopwatch_start(struct stopwatch *w);
/** What was done since the last lap has this name, which stays the caller's; w may be NULL. */
void stopwatch_lap(struct stopwatch *w, const char *name);
/** "812 ms: configuration 12, EAL 310, tables 220": laps of a millisecond and more. */
void stopwatch_text(const struct stopwatch *w, char *text, size_t room);

#endif
