/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Identification of outer packets that may be fragmented on their way (RFC 791 3.2). One of a
 * destination comes again after 65,536 packets of those that share its counter; that this may be
 * sooner than RFC 6864 4.3's rate limit is allowed there because ESP's ICV finds a wrong
 * reassembly. Workers do not meet: each counts in steps of as many as there are.
 */
#include "dataplane/dp_priv.h"
#include "dataplane/mix_priv.h"

void ident_init(struct worker *w)
{
	struct ident *ident = &w->ident;

	ident->secret = w->dp->params.ident_seed;
	ident->step = (uint16_t)rte_align32pow2(w->dp->params.n_workers);
	for (unsigned i = 0; i < RTE_DIM(ident->next); i++)
		ident->next[i] = (uint16_t)w->id;
}

uint16_t ident_next(struct worker *w, uint32_t dst_be)
{
	struct ident *ident = &w->ident;
	/* What one spoke sees of its own says nothing of another's: where a destination's numbers
	 * begin is as secret as which counter it has. */
	uint64_t place = mix64(ident->secret + dst_be);
	uint16_t *next = &ident->next[place % RTE_DIM(ident->next)];

	*next += ident->step;
	return (uint16_t)(*next + (place >> 48));
}
