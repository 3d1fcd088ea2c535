/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/turns.h"

#define SUB  128u /* bins that each power of two is cut into */
#define UNIT 16.0 /* parts of a cycle that the lowest bins hold one of each */

static unsigned bin_of(uint64_t v)
{
	unsigned e = v < 2 * SUB ? 0 : 63 - (unsigned)__builtin_clzll(v) - 7;
	unsigned bin = e * SUB + (unsigned)(v >> e);

	return bin < TURNS_BINS ? bin : TURNS_BINS - 1;
}

static double bin_start(unsigned bin)
{
	unsigned e = bin < 2 * SUB ? 0 : bin / SUB - 1;

	return (double)((uint64_t)(bin - e * SUB) << e) / UNIT;
}

void turns_add(struct turns *t, uint64_t cycles, uint64_t packets)
{
	t->n++;
	t->bins[bin_of(cycles * (uint64_t)UNIT / packets)]++;
}

double turns_at(const struct turns *t, double share)
{
	double rank = share * (double)t->n, below = 0;
	unsigned bin = 0;

	if (t->n == 0)
		return 0;
	while (bin < TURNS_BINS - 1 && below + t->bins[bin] <= rank)
		below += t->bins[bin++];
	if (t->bins[bin] == 0)
		return bin_start(bin);
	return bin_start(bin) +
	       (bin_start(bin + 1) - bin_start(bin)) * (rank - below) / t->bins[bin];
}

void turns_merge(struct turns *to, const struct turns *from)
{
	to->n += from->n;
	for (unsigned i = 0; i < TURNS_BINS; i++)
		to->bins[i] += from->bins[i];
}
