/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/eal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#define ARGS_MAX 64

/*
 * The main lcore may run on any CPU we may use; each further lcore is pinned to its own.
 * "0@(0,1),1@0,2@1"
 */
static int lcore_map(unsigned lcores, char *map, size_t room, struct error *err)
{
	cpu_set_t set;
	unsigned cpus = 0, lcore = 1;
	size_t used;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return error_set(err, errno, "CPUs cannot be counted: %s", strerror(errno));
	cpus = (unsigned)CPU_COUNT(&set);
	if (lcores > cpus)
		return error_set(err, EINVAL,
			"%u workers want a CPU each, but this process may use %u; ask for at most "
			"%u",
			lcores, cpus, cpus);
	used = (size_t)snprintf(map, room, "0@(");
	for (unsigned cpu = 0, n = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			used += (size_t)snprintf(
				map + used, room - used, "%s%u", n++ ? "," : "", cpu);
	used += (size_t)snprintf(map + used, room - used, ")");
	/* From the last CPU down: the first one serves most of a machine's interrupts. */
	for (unsigned cpu = CPU_SETSIZE; cpu-- > 0 && lcore <= lcores;)
		if (CPU_ISSET(cpu, &set))
			used += (size_t)snprintf(map + used, room - used, ",%u@%u", lcore++, cpu);
	return 0;
}

int tools_eal_start(const struct tools_eal_options *o, struct error *err)
{
	char map[8192], megabytes[16], prefix[32];
	char *args[ARGS_MAX] = {(char *)(uintptr_t)o->program};
	char *plain[] = {"--no-huge", "-m", megabytes, "--no-shconf"};
	char *huge[] = {"--in-memory"};
	char *both[] = {"--no-pci", "--no-telemetry", "--log-level=error",
		"--force-max-simd-bitwidth=512", "--lcores", map, prefix};
	int n = 1, rc = lcore_map(o->lcores, map, sizeof(map), err);

	if (rc != 0)
		return rc;
	if (o->n_args >= ARGS_MAX)
		return error_set(err, EINVAL, "more than %u EAL arguments", ARGS_MAX - 1);
	snprintf(megabytes, sizeof(megabytes), "%u", o->megabytes);
	snprintf(prefix, sizeof(prefix), "--file-prefix=%s", o->program);
	if (o->n_args > 0) {
		memcpy(args + 1, o->args, o->n_args * sizeof(args[0]));
		n += (int)o->n_args;
	} else {
		for (unsigned i = 0; o->huge && i < sizeof(huge) / sizeof(huge[0]); i++)
			args[n++] = huge[i];
		for (unsigned i = 0; !o->huge && i < sizeof(plain) / sizeof(plain[0]); i++)
			args[n++] = plain[i];
		for (unsigned i = 0; i < sizeof(both) / sizeof(both[0]); i++)
			args[n++] = both[i];
	}
	if (rte_eal_init(n, args) < 0)
		return error_set(err, rte_errno != 0 ? rte_errno : EINVAL,
			"DPDK's EAL did not start (%s)%s", rte_strerror(rte_errno),
			o->huge ? "; are there free hugepages? try without --huge" : "");
	return 0;
}
