/* SPDX-License-Identifier: BSD-3-Clause */
/* Every reason of drops.def is reached by some test above. */
#include <string.h>

#include "tests/dp/expect.h"

static void all_reached(void)
{
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		expect_true(
			HERE, expect_drop_seen[i], "%s: no test reaches it", dp_drop_names[i].name);
}

static void named(void)
{
	for (unsigned i = 0; i < DP_DROP_COUNT; i++) {
		EXPECT(strlen(dp_drop_names[i].name) > 0 && strlen(dp_drop_names[i].text) > 0);
		for (unsigned k = 0; k < i; k++)
			EXPECT(strcmp(dp_drop_names[i].name, dp_drop_names[k].name) != 0);
	}
}

static const struct unit_test tests[] = {
	{"each reason is reached", all_reached},
	{"each reason has its own name and a text", named},
};

DP_SUITE(drops, tests);
