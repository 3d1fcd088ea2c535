/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/drops.h"

const struct dp_name dp_drop_names[DP_DROP_COUNT] = {
#define DROP(name, text) {#name, text},
#include "dataplane/drops.def"
#undef DROP
};

const struct dp_name dp_stage_names[DP_STAGE_COUNT] = {
#define STAGE(name, text) {#name, text},
#include "dataplane/stages.def"
#undef STAGE
};
