/* SPDX-License-Identifier: BSD-3-Clause */
/* Reloads, and what one would change. A file is read by a thread; the command waits for it. */
#include <string.h>

#include "control/cli_priv.h"

/* Begin, and then look whether it is done. call->at is the reload's number. */
static int wait(struct cli_call *call, bool apply)
{
	struct hub *h = call->cli->hub;
	struct error err;
	unsigned id;

	if (call->at == 0) {
		if (hub_reload_start(h, apply, &id, &err) < 0)
			return cli_fail(call, "busy", NULL, "%s", err.text);
		call->at = id;
	}
	if (h->reloads.id != call->at)
		return cli_fail(call, "busy", NULL, "Another reload came in between");
	return hub_reload_poll(h) ? CLI_DONE : CLI_MORE;
}

static void show_changes(struct cli_call *call, const char *text)
{
	static const struct cli_column columns[] = {{"", "line", 0, NULL}};

	if (call->json)
		CLI_TABLE(call, columns);
	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, "\n");

		if (call->json)
			cli_row(call, json_stringn(text, len));
		else
			cli_text(call, "%.*s\n", (int)len, text);
		text += len + (text[len] != '\0');
	}
}

int cli_reload(struct cli_call *call)
{
	const struct hub_reloads *r = &call->cli->hub->reloads;
	int rc = wait(call, true);

	if (rc != CLI_DONE)
		return rc;
	if (r->rc < 0)
		return cli_fail(call, "refused", NULL, "Nothing has changed: %s", r->line);
	show_changes(call, r->text);
	cli_text(call, "Reloaded: %s\n", r->line);
	return CLI_DONE;
}

int cli_show_config_diff(struct cli_call *call)
{
	const struct hub_reloads *r = &call->cli->hub->reloads;
	int rc = wait(call, false);

	if (rc != CLI_DONE)
		return rc;
	if (r->text == NULL)
		return cli_fail(call, "refused", NULL, "%s", r->line);
	show_changes(call, r->text);
	if (r->text[0] == '\0')
		cli_text(call, "No change\n");
	else if (r->rc < 0)
		cli_text(call, "A reload would be refused: %s\n", r->line);
	return CLI_DONE;
}

int cli_show_reload(struct cli_call *call)
{
	const struct hub_reloads *r = &call->cli->hub->reloads;
	const char *state = r->id == 0  ? "none"
			    : !r->done  ? "reads"
			    : r->rc < 0 ? "refused"
					: "done";

	cli_value(call, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "state", state, "last", r->line,
				"applied", cli_u64(r->applied), "refused", cli_u64(r->refused),
				"read_us", cli_u64(r->read_us), "apply_us", cli_u64(r->apply_us)));
	cli_text(call, "Last reload: %s%s%s\nApplied: %llu, refused: %llu\n", state,
		r->line[0] != '\0' ? ": " : "", r->line, (unsigned long long)r->applied,
		(unsigned long long)r->refused);
	return CLI_DONE;
}
