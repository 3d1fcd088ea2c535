/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/tunnel.h"

#include "dataplane/dp_priv.h"

int dp_tunnel_add(
	struct dp *dp, const struct dp_tunnel_params *p, uint16_t *index, struct error *err)
{
	for (uint16_t i = 0; i < DP_TUNNELS_MAX; i++) {
		if (dp->tunnels[i].used)
			continue;
		dp->tunnels[i] = (struct tunnel){.used = true, .p = *p};
		*index = i;
		return 0;
	}
	return error_set(err, ENOSPC, "more than %u tunnels", DP_TUNNELS_MAX);
}
