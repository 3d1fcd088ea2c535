/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/stopwatch.h"

#include <stdio.h>

#include "common/clock.h"

#define NS_PER_MS 1000000

void stopwatch_start(struct stopwatch *w)
{
	*w = (struct stopwatch){.began_ns = clock_ns(CLOCK_MONOTONIC)};
	w->at_ns = w->began_ns;
}

void stopwatch_lap(struct stopwatch *w, const char *name)
{
	uint64_t now;

	if (w == NULL || w->n == STOPWATCH_LAPS)
		return;
	now = clock_ns(CLOCK_MONOTONIC);
	w->laps[w->n].name = name;
	w->laps[w->n++].ns = now - w->at_ns;
	w->at_ns = now;
}

void stopwatch_text(const struct stopwatch *w, char *text, size_t room)
{
	int len = snprintf(
		text, room, "%llu ms", (unsigned long long)((w->at_ns - w->began_ns) / NS_PER_MS));
	char mark = ':';

	for (unsigned i = 0; i < w->n && len >= 0 && (size_t)len < room; i++) {
		if (w->laps[i].ns < NS_PER_MS)
			continue;
		len += snprintf(text + len, room - (size_t)len, "%c %s %llu", mark, w->laps[i].name,
			(unsigned long long)(w->laps[i].ns / NS_PER_MS));
		mark = ',';
	}
}
