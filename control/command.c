/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that do something, and help. */
#include <string.h>

#include "common/log.h"
#include "control/cli_priv.h"

static json_t *help_row(const struct cli_command *c)
{
	return json_pack("{s:s, s:s, s:s}", "usage", c->usage, "help", c->help, "group",
		cli_group_names[c->group]);
}

int cli_help(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Command", "usage", 54, NULL}, {"", "help", 0, NULL}};
	bool all = call->option[0] == '\0' || strcmp(call->option, "all") == 0;

	CLI_TABLE(call, columns);
	for (unsigned i = 0; i < cli_n_commands; i++)
		if (all || strcmp(call->option, cli_group_names[cli_commands[i].group]) == 0)
			cli_row(call, help_row(&cli_commands[i]));
	cli_text(call, "Words may be shortened; every command takes a last word json.\n");
	return CLI_DONE;
}

int cli_start(struct cli_call *call)
{
	struct dp *dp = hub_dp(call->cli->hub);
	unsigned n = dp_workers(dp);
	struct error err;

	if (dp_running(dp)) {
		cli_text(call, "Packet forwarding already started\n");
		return CLI_DONE;
	}
	/* As testpmd: what is forwarded counts from here. */
	cli_clear_fwd_stats(call);
	if (dp_start(dp, &err) < 0)
		return cli_fail(call, "failed", NULL, "%s", err.text);
	log_info("forwarding started by command");
	cli_text(call, "Forwarding on %u worker%s\n", n, n == 1 ? "" : "s");
	return CLI_DONE;
}

int cli_stop(struct cli_call *call)
{
	struct dp *dp = hub_dp(call->cli->hub);

	if (!dp_running(dp)) {
		cli_text(call, "Packet forwarding not started\n");
		return CLI_DONE;
	}
	cli_text(call, "Telling cores to stop...\nWaiting for lcores to finish...\n");
	dp_stop(dp);
	log_info("forwarding stopped by command");
	cli_show_fwd_stats(call);
	cli_text(call, "\nDone.\n");
	return CLI_DONE;
}

int cli_quit(struct cli_call *call)
{
	call->quit = true;
	return CLI_DONE;
}

/* As configured, or as this once wished. */
int cli_shutdown(struct cli_call *call)
{
	const struct config *c = call->cli->hub->config;
	bool graceful = strcmp(call->option, "graceful") == 0;
	bool now = strcmp(call->option, "now") == 0;

	if (call->cli->shutdown != NULL)
		call->cli->shutdown(call->cli->ctx, graceful || (c->shutdown.purge && !now),
			graceful || (c->shutdown.poison && !now));
	cli_text(call, "Stopping\n");
	return CLI_DONE;
}

/* The words have been found to be names already. */
int cli_set_log(struct cli_call *call)
{
	const char *which = call->words + strlen("set log ");
	const char *level = strchr(which, ' ') + 1;
	bool all = strncmp(which, "global ", 7) == 0;
	unsigned l = LOG_LEVEL_ERROR;

	while (l + 1 < LOG_LEVELS && strcmp(level, log_level_names[l]) != 0)
		l++;
	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++) {
		const char *name = log_subsystem_names[i];

		if (all || (strncmp(which, name, strlen(name)) == 0 && which[strlen(name)] == ' '))
			log_set_level(i, l);
	}
	hub_ike_log(call->cli->hub);
	cli_text(call, "Log of %.*s: %s\n", (int)(level - which - 1), which, level);
	return CLI_DONE;
}
