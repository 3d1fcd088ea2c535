/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the reasons and stages in drops.def and stages.def. Constant; any thread. */
#ifndef DATAPLANE_DROPS_H
#define DATAPLANE_DROPS_H

enum dp_drop {
#define DROP(name, text) DP_DROP_##name,
#include "dataplane/drops.def"
#undef DROP
	DP_DROP_COUNT
};

enum dp_stage {
#define STAGE(name, text) DP_STAGE_##name,
#include "dataplane/stages.def"
#undef STAGE
	DP_STAGE_COUNT
};

struct dp_name {
	const char *name;
	const char *text;
};

/** Name and meaning by enum dp_drop. */
extern const struct dp_name dp_drop_names[DP_DROP_COUNT];

/** Name and meaning by enum dp_stage. */
extern const struct dp_name dp_stage_names[DP_STAGE_COUNT];

#endif
