/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's EAL as tools without a NIC need it: plain memory, no devices, no files left behind. */
#ifndef TOOLS_EAL_H
#define TOOLS_EAL_H

#include "common/error.h"

struct tools_eal_options {
	const char *program;
	unsigned megabytes; /**< plain memory; taken when it is touched, so be generous */
	unsigned lcores;    /**< besides the main one, each on a CPU of its own; 0: none */
	int huge;           /**< memory from hugepages (no mount needed) instead */
	char **args;        /**< given by the user: replace all of the above */
	unsigned n_args;
};

/** Start the EAL. @return 0, or -errno with err saying what to do */
int tools_eal_start(const struct tools_eal_options *o, struct error *err);

#endif
