/* SPDX-License-Identifier: BSD-3-Clause */
/* What a device is asked to do, and what is left to the workers. */
#ifndef DATAPLANE_OFFLOAD_PRIV_H
#define DATAPLANE_OFFLOAD_PRIV_H

#include <rte_ethdev.h>

/**
 * Choose by what the device says it can, and put that into its configuration.
 * @return bits of enum dp_offload
 */
unsigned offload_choose(
	const struct rte_eth_dev_info *info, uint16_t n_rxq, struct rte_eth_conf *conf);

#endif
