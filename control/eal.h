/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's EAL for the daemon: its arguments from the command line, the configuration, or neither. */
#ifndef CONTROL_EAL_H
#define CONTROL_EAL_H

#include "config/config.h"

/**
 * Start the EAL. Arguments of the command line are taken as they are, else the configuration's
 * `eal` list, else ones that run anywhere: no hugepages, no PCI devices. What they leave open is
 * added: cores for control and the workers, quiet logs, the widest SIMD.
 * @param args  from the command line, n of them
 * @param[out] lcores  one for each of c->workers
 * @return 0, or -EINVAL (arguments, too few cores), -EIO (the EAL did not start) with err
 */
int eal_start(char **args, unsigned n, const struct config *c, unsigned *lcores, struct error *err);

#endif
