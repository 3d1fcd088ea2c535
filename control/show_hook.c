/* SPDX-License-Identifier: BSD-3-Clause */
/* Scripts and the event stream. */
#include <inttypes.h>

#include "control/cli_priv.h"
#include "control/event_stream.h"
#include "control/hook_helper.h"

static json_t *events_of(const struct config_hook *hook)
{
	char text[256] = "";
	size_t n = 0;

	for (unsigned i = 0; i < CONFIG_HOOK_EVENTS; i++)
		if ((hook->events & UINT32_C(1) << i) != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? "," : "",
				config_hook_event_name(i));
	return json_string(text);
}

int cli_show_hooks(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Script", "script", 32, NULL},
		{"Runs", "runs", 8, NULL},
		{"Ok", "ok", 8, NULL},
		{"Failed", "failed", 7, NULL},
		{"Timeout", "timeouts", 7, NULL},
		{"Refused", "refused", 7, NULL},
		{"Events", "events", 0, NULL},
	};
	const struct hub *h = call->cli->hub;
	const struct hub_hooks *hooks = &h->hooks;

	CLI_TABLE(call, columns);
	for (unsigned i = 0; i < h->config->n_hooks; i++) {
		const struct config_hook *hook = &h->config->hooks[i];
		const struct hub_hook_stats *s = &hooks->stats[i];

		cli_row(call,
			json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "script",
				hook->script, "runs", cli_u64(s->runs), "ok", cli_u64(s->succeeded),
				"failed", cli_u64(s->failed), "timeouts", cli_u64(s->timeouts),
				"refused", cli_u64(s->refused), "events", events_of(hook),
				"timeout", (int)hook->timeout));
	}
	cli_text(call,
		"%u of %u run, %u of %u wait, %" PRIu64 " lines of theirs were not logged%s\n",
		hooks->n_running, HOOK_RUNNING_MAX, hooks->n_queued, HUB_HOOKS_QUEUED,
		hooks->unlogged,
		h->config->n_hooks > 0 && hooks->helper < 0
			? "; the process that runs scripts is not there"
			: "");
	return CLI_DONE;
}

int cli_show_events(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Events", "events", 9, NULL},
		{"Clients", "clients", 8, NULL},
		{"Ever", "clients_ever", 8, NULL},
		{"Refused", "refused", 8, NULL},
		{"Cut off", "cut_off", 0, NULL},
	};
	static const struct event_stream_stats none;
	const struct event_stream *s = call->cli->hub->events;
	const struct event_stream_stats *stats = s != NULL ? event_stream_stats(s) : &none;

	CLI_TABLE(call, columns);
	cli_row(call,
		json_pack("{s:o, s:i, s:o, s:o, s:o}", "events", cli_u64(stats->events), "clients",
			(int)stats->now, "clients_ever", cli_u64(stats->clients), "refused",
			cli_u64(stats->refused), "cut_off", cli_u64(stats->dropped)));
	return CLI_DONE;
}
