/* SPDX-License-Identifier: BSD-3-Clause */
/* Every reason of drops.def: reached by some test above, or listed here with why it cannot be. */
#include <string.h>

#include "tests/dp/expect.h"

static const struct {
	enum dp_drop reason;
	const char *why;
} unreachable[] = {
	{DP_DROP_tx_no_port, "ports cannot be removed while the data plane is there"},
};

static bool excused(enum dp_drop reason)
{
	for (unsigned i = 0; i < RTE_DIM(unreachable); i++)
		if (unreachable[i].reason == reason)
			return true;
	return false;
}

static void all_reached(void)
{
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		expect_true(HERE, expect_drop_seen[i] != excused(i), "%s: %s",
			dp_drop_names[i].name,
			excused(i) ? "reached, take it off the list" : "no test reaches it");
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
