/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/stats.h"

#include "dataplane/dp_priv.h"

/* The struct is nothing but 64-bit counters, so that it can be summed as an array of them. */
#define N_COUNTERS (sizeof(struct dp_stats) / sizeof(uint64_t))
_Static_assert(sizeof(struct dp_stats) % sizeof(uint64_t) == 0, "counters only");

static void add_worker(const struct dp *dp, unsigned worker, uint64_t *sum)
{
	const uint64_t *counter = (const uint64_t *)&dp->workers[worker]->stats;

	for (unsigned i = 0; i < N_COUNTERS; i++)
		sum[i] += __atomic_load_n(&counter[i], __ATOMIC_RELAXED);
}

void dp_stats_read(const struct dp *dp, int worker, struct dp_stats *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < dp->params.n_workers; i++)
		if (worker < 0 || (unsigned)worker == i)
			add_worker(dp, i, (uint64_t *)out);
	if (worker < 0)
		out->inject_refused = dp->inject_refused;
}

void dp_stats_stage_cycles(const struct dp *dp, unsigned worker, uint64_t out[DP_STAGE_COUNT])
{
	const struct dp_stage_stats *stages = dp->workers[worker]->stats.stages;

	for (unsigned i = 0; i < DP_STAGE_COUNT; i++)
		out[i] = __atomic_load_n(&stages[i].cycles, __ATOMIC_RELAXED);
}

void dp_stats_diff(const struct dp_stats *now, const struct dp_stats *since, struct dp_stats *out)
{
	const uint64_t *a = (const uint64_t *)now, *b = (const uint64_t *)since;
	uint64_t *o = (uint64_t *)out;

	for (unsigned i = 0; i < N_COUNTERS; i++)
		o[i] = a[i] - b[i];
}
