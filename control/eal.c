/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/eal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_hash_crc.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "common/log.h"
#include "control/hub.h"

#define ARGS_MAX  128
#define MEGABYTES 900 /* forwarding table, peers, SAs, queues: all but packet buffers */

struct arguments {
	char *at[ARGS_MAX + 1];
	int n;
};

/* Is one of these options there, as "--option value", "--option=value" or "-o"? */
static bool has(const struct arguments *a, const char *const *options)
{
	for (; *options != NULL; options++) {
		size_t len = strlen(*options);

		for (int i = 1; i < a->n; i++) {
			if (strncmp(a->at[i], *options, len) != 0)
				continue;
			/* Short options may have their value behind them: "-l0-2". */
			if ((*options)[1] != '-' || a->at[i][len] == '\0' || a->at[i][len] == '=')
				return true;
		}
	}
	return false;
}

static int add(struct arguments *a, char *arg, struct error *err)
{
	if (a->n == ARGS_MAX)
		return error_set(err, EINVAL, "more than %u EAL arguments", ARGS_MAX - 1);
	a->at[a->n++] = arg;
	return 0;
}

/*
 * lcore 0 for control, 1..n for the workers, each on a CPU of its own as far as there are enough:
 * "0@2,1@3,2@4".
 */
static int map_lcores(unsigned workers, char *map, size_t room, struct error *err)
{
	cpu_set_t set;
	unsigned cpus[CPU_SETSIZE], n = 0;
	size_t used = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return error_set(err, EIO, "CPUs cannot be counted: %s", strerror(errno));
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = cpu;
	if (n < workers + 1)
		log_warning("control and %u worker%s share %u CPU%s: this works, but slowly; a "
			    "worker wants a CPU of its own",
			workers, workers == 1 ? "" : "s", n, n == 1 ? "" : "s");
	for (unsigned i = 0; i <= workers; i++)
		used += (size_t)snprintf(
			map + used, room - used, "%s%u@(%u)", i ? "," : "", i, cpus[i % n]);
	return 0;
}

/* What neither the command line nor the configuration say. */
static int complete(struct arguments *a, bool from_user, const struct config *c, char *map,
	size_t map_room, char *prefix, size_t prefix_room, struct error *err)
{
	static const char *const cores[] = {"-l", "-c", "-s", "-S", "--lcores", NULL};
	static const char *const simd[] = {"--force-max-simd-bitwidth", NULL};
	static const char *const level[] = {"--log-level", NULL};
	static const char *const names[] = {"--file-prefix", "--in-memory", NULL};
	int rc = 0;

	if (!from_user && !has(a, cores)) {
		rc = map_lcores(c->workers, map, map_room, err);
		if (rc == 0)
			rc = add(a, "--lcores", err);
		if (rc == 0)
			rc = add(a, map, err);
	}
	/* Several hubs may run beside each other, and differ by their sockets. */
	if (rc == 0 && !from_user && !has(a, names)) {
		snprintf(prefix, prefix_room, "--file-prefix=dmvpn-hub-%08x",
			rte_hash_crc(c->control_socket, (uint32_t)strlen(c->control_socket), 0));
		rc = add(a, prefix, err);
	}
	/* The forwarding tables' AVX-512 lookups are off unless asked for. */
	if (rc == 0 && !has(a, simd))
		rc = add(a, "--force-max-simd-bitwidth=512", err);
	if (rc != 0 || has(a, level))
		return rc;
	rc = add(a, "--log-level=warning", err);
	/* That there is no memory for a table is said by us, with what to do about it. */
	return rc == 0 ? add(a, "--log-level=lib.lpm:critical", err) : rc;
}

static int check_lcores(const struct config *c, unsigned *lcores, struct error *err)
{
	unsigned n = 0, lcore;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (n < c->workers)
			lcores[n] = lcore;
		n++;
	}
	if (n >= c->workers)
		return 0;
	return error_set(err, EINVAL,
		"too few cores: %u worker%s and control need %u, the EAL has %u; pass -l 0-%u (or "
		"other cores) before --, or lower `workers`",
		c->workers, c->workers == 1 ? "" : "s", c->workers + 1, n + 1, c->workers);
}

static int start_failed(const struct arguments *a, struct error *err)
{
	static const char *const no_huge[] = {"--no-huge", NULL};

	if (rte_errno == EINVAL)
		return error_set(err, EINVAL,
			"DPDK's EAL refuses its arguments, for the reason it gives above");
	if (has(a, no_huge))
		return error_set(err, EIO, "DPDK's EAL did not start: %s", rte_strerror(rte_errno));
	return error_set(err, EIO,
		"DPDK's EAL did not start: %s. If it is for want of hugepages: reserve some "
		"(dpdk-hugepages.py --setup 2G, as root), or do without: --no-huge -m 1024",
		rte_strerror(rte_errno));
}

/* A message of DPDK's becomes a line of our log. */
static ssize_t take_log(void *cookie, const char *text, size_t len)
{
	static struct log_site sites[LOG_LEVELS];
	/* Theirs are syslog's, and 1 more. */
	enum log_level level = RTE_MAX(rte_log_cur_msg_loglevel() - 1, (int)LOG_LEVEL_ERROR);
	size_t n = len;

	(void)cookie;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	level = RTE_MIN(level, LOG_LEVEL_DEBUG);
	sites[level].subsystem = LOG_DPDK;
	sites[level].level = level;
	sites[level].limit = LOG_SOME;
	log_write(&sites[level], "%.*s", (int)n, text);
	return (ssize_t)len;
}

static void take_log_over(void)
{
	static const cookie_io_functions_t io = {.write = take_log};
	FILE *f = fopencookie(NULL, "w", io);

	/* Without it DPDK writes to stderr and syslog itself. */
	if (f != NULL)
		rte_openlog_stream(f);
}

/*
 * rte_eal_init() prints all of its usage for one wrong argument. It is kept from that, unless it
 * was asked; what is wrong it says in its log.
 */
static int init_quietly(struct arguments *a)
{
	static const char *const help[] = {"-h", "--help", NULL};
	int out = has(a, help) ? -1 : dup(STDOUT_FILENO);
	int null = out < 0 ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);
	int rc;

	fflush(stdout);
	if (null >= 0)
		dup2(null, STDOUT_FILENO);
	rc = rte_eal_init(a->n, a->at);
	fflush(stdout);
	if (null >= 0) {
		dup2(out, STDOUT_FILENO);
		close(null);
	}
	if (out >= 0)
		close(out);
	return rc;
}

int eal_start(char **args, unsigned n, const struct config *c, unsigned *lcores, struct error *err)
{
	char megabytes[16];
	char *anywhere[] = {
		"--no-huge", "-m", megabytes, "--no-pci", "--no-telemetry", "--no-shconf"};
	struct arguments a = {.at = {"dmvpn-hub"}, .n = 1};
	char map[16 * (CONFIG_WORKERS_MAX + 1)], prefix[64];
	bool from_user = n > 0;
	int rc = 0;

	snprintf(megabytes, sizeof(megabytes), "%u", MEGABYTES + hub_buffer_megabytes(c));
	if (!from_user) {
		args = c->n_eal > 0 ? c->eal : anywhere;
		n = c->n_eal > 0 ? c->n_eal : RTE_DIM(anywhere);
	}
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = add(&a, args[i], err);
	if (rc == 0)
		rc = complete(&a, from_user, c, map, sizeof(map), prefix, sizeof(prefix), err);
	if (rc < 0)
		return rc;
	take_log_over();
	if (init_quietly(&a) < 0)
		return start_failed(&a, err);
	rc = check_lcores(c, lcores, err);
	if (rc < 0)
		rte_eal_cleanup();
	return rc;
}
