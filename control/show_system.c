/* SPDX-License-Identifier: BSD-3-Clause */
/* The process: versions, memory, settings. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_mempool.h>
#include <rte_version.h>

#include "control/cli_priv.h"

int cli_show_version(struct cli_call *call)
{
	struct timespec now;
	time_t up;

	clock_gettime(CLOCK_MONOTONIC, &now);
	up = now.tv_sec - call->cli->started.tv_sec;
	cli_text(call, "dmvpn-hub %s\n%s\nintel-ipsec-mb %s\n", HUB_VERSION, rte_version(),
		imb_get_version_str());
	cli_text(call, "process %d, up %ld s\n", getpid(), (long)up);
	cli_value(call, json_pack("{s:s, s:s, s:s, s:i, s:I}", "version", HUB_VERSION, "dpdk",
				rte_version(), "ipsec_mb", imb_get_version_str(), "process",
				getpid(), "uptime", (json_int_t)up));
	return CLI_DONE;
}

static void pool_row(struct rte_mempool *pool, void *ctx)
{
	cli_row(ctx, json_pack("{s:s, s:i, s:i, s:i, s:i}", "name", pool->name, "size",
			     (int)pool->size, "in_use", (int)rte_mempool_in_use_count(pool), "free",
			     (int)rte_mempool_avail_count(pool), "octets", (int)pool->elt_size));
}

int cli_show_mempool(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Pool", "name", 20, NULL},
		{"Size", "size", 9, NULL},
		{"In use", "in_use", 9, NULL},
		{"Free", "free", 9, NULL},
		{"Octets each", "octets", 0, NULL},
	};

	CLI_TABLE(call, columns);
	rte_mempool_walk(pool_row, call);
	return CLI_DONE;
}

/* The files the settings came from, and whether they are newer than the process. */
static int show_files(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Changed since start", "changed", 20, NULL},
		{"File", "file", 0, NULL},
	};
	const struct config *c = call->cli->hub->config;
	struct timespec now, real;
	struct stat st;
	time_t start;

	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_gettime(CLOCK_REALTIME, &real);
	start = real.tv_sec - (now.tv_sec - call->cli->started.tv_sec);
	CLI_TABLE(call, columns);
	for (unsigned i = 0; i < c->n_files; i++) {
		bool there = stat(c->files[i], &st) == 0;

		cli_row(call, json_pack("{s:b, s:s}", "changed", !there || st.st_mtime > start,
				      "file", c->files[i]));
	}
	return CLI_DONE;
}

/* The settings as text, line by line; call->at is where the next one starts. */
int cli_show_config(struct cli_call *call)
{
	static const struct cli_column columns[] = {{"", "line", 0, NULL}};
	char *line, *end;

	if (strcmp(call->option, "file") == 0)
		return show_files(call);
	if (strcmp(call->option, "diff") == 0)
		return cli_show_config_diff(call);
	if (call->at == 0) {
		call->state = config_text(call->cli->hub->config);
		if (call->state == NULL)
			return cli_fail(call, "failed", NULL, "Out of memory");
		if (call->json)
			CLI_TABLE(call, columns);
	}
	for (unsigned n = 0; n < 8 * CLI_STEP_ROWS; n++) {
		line = (char *)call->state + call->at;
		if (*line == '\0')
			return CLI_DONE;
		end = line + strcspn(line, "\n");
		call->at += (uint64_t)(end - line) + (*end != '\0');
		*end = '\0';
		if (call->json)
			cli_row(call, json_string(line));
		else
			cli_text(call, "%s\n", line);
	}
	return CLI_MORE;
}

/* How many turns came within a bound's delay, and not within the one before. */
int cli_show_loop(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Late by at most", "bound_us", 16, NULL},
		{"Turns", "turns", 12, NULL},
		{"Share", "share", 0, "%"},
	};
	const struct hub_loop *l = &call->cli->hub->loop;
	json_t *bounds = json_array();
	uint64_t rest = l->turns;

	cli_text(call, "%" PRIu64 " turns, on average %.0f us late, at most %" PRIu64 " us\n",
		l->turns, l->turns ? (double)l->delay_us / (double)l->turns : 0.0, l->delay_us_max);
	if (!call->json)
		CLI_TABLE(call, columns);
	for (unsigned i = 0; i <= HUB_LOOP_BOUNDS; i++) {
		uint64_t n = i < HUB_LOOP_BOUNDS ? l->within[i] : rest;
		json_t *o = json_pack("{s:o, s:o, s:f}", "bound_us",
			i < HUB_LOOP_BOUNDS ? cli_u64(hub_loop_bounds_us[i]) : json_null(), "turns",
			cli_u64(n), "share", l->turns ? 100.0 * (double)n / (double)l->turns : 0.0);

		rest -= n;
		if (call->json)
			json_array_append_new(bounds, o);
		else
			cli_row(call, o);
	}
	if (!call->json)
		json_decref(bounds);
	else
		cli_value(call, json_pack("{s:o, s:o, s:o, s:o}", "turns", cli_u64(l->turns),
					"delay_us", cli_u64(l->delay_us), "delay_us_max",
					cli_u64(l->delay_us_max), "bounds", bounds));
	return CLI_DONE;
}
