/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/rip/filter.h"

#include <stddef.h>

#include "common/addr.h"

bool rip_prefix_within(const struct rip_prefix *outer, const struct rip_prefix *inner)
{
	return inner->len >= outer->len &&
	       ((inner->addr_be ^ outer->addr_be) & ip4_mask_be(outer->len)) == 0;
}

bool rip_prefix_list_permits(const struct rip_prefix_list *list, const struct rip_prefix *p)
{
	if (list == NULL)
		return true;
	for (unsigned i = 0; i < list->n; i++) {
		const struct rip_rule *rule = &list->rules[i];

		if (rip_prefix_within(&rule->prefix, p) && rule->ge <= p->len && p->len <= rule->le)
			return rule->permit;
	}
	return false;
}

unsigned rip_offset_of(const struct rip_offset *o, const struct rip_prefix *p)
{
	return o->metric != 0 && rip_prefix_list_permits(o->list, p) ? o->metric : 0;
}
