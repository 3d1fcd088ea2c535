/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's clocks as one number. Any thread. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

/** Nanoseconds of a clock, as CLOCK_MONOTONIC. */
static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/** Milliseconds of it. */
static inline uint64_t clock_ms(clockid_t id)
{
	return clock_ns(id) / 1000000;
}

#endif
