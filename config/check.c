/* SPDX-License-Identifier: BSD-3-Clause */
/* What only shows when everything is read: twins, and things that point at nothing. */
#include <errno.h>
#include <stdlib.h>

#include "config/check_priv.h"

int config_check(const struct config *c, const struct config_env *env, struct error *err)
{
	struct config_check k = {.c = c, .env = env, .err = err};
	int rc = 0;

	if (config_check_ports(&k) < 0 || config_check_tunnels(&k) < 0 ||
		config_check_peers(&k) < 0 || config_check_spis(&k) < 0 ||
		config_nhrp_check(c, err) < 0 || config_check_routes(&k) < 0 ||
		config_check_filters(c, err) < 0 || config_check_taps(c, err) < 0 ||
		config_check_rip(c, err) < 0 || config_ike_check(c, err) < 0)
		rc = -EINVAL;
	free(k.ports.at);
	free(k.peers.at);
	return rc;
}
