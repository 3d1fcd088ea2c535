/* SPDX-License-Identifier: BSD-3-Clause */
/* show tech-support: what somebody who helps asks for, one answer after the other. */
#include <stdlib.h>
#include <string.h>

#include "control/cli_priv.h"

/* Keys are hidden in all of these; addresses and identities are not. */
static const char *const commands[] = {
	"show version",
	"show config running",
	"show config diff",
	"show reload",
	"show port summary all",
	"show port info all",
	"show port stats all",
	"show fwd stats all",
	"show nodes",
	"show drops",
	"show punt stats",
	"show mempool",
	"show loop",
	"show filter",
	"show tap",
	"show dmvpn detail",
	"show nhrp cache",
	"show nhrp stats",
	"show nhrp nhs",
	"show ipsec sa",
	"show ike sa",
	"show ike stats",
	"show route summary",
	"show route",
	"show arp",
	"show rip status",
	"show rip neighbors",
	"show hooks",
	"show events",
	"show capture",
};

static void close_part(void *state)
{
	cli_call_close(state);
}

/* The next one; call->at were begun. */
static int open_part(struct cli_call *call)
{
	char line[80];

	snprintf(line, sizeof(line), "%s%s", commands[call->at], call->json ? " json" : "");
	cli_text(call, "%s------ %s (%u of %u) ------\n\n", call->at > 0 ? "\n" : "",
		commands[call->at], (unsigned)call->at + 1, (unsigned)RTE_DIM(commands));
	call->state = cli_call_open(call->cli, line);
	call->state_free = close_part;
	if (call->state == NULL)
		return cli_fail(call, "no-memory", NULL, "Out of memory");
	if (call->json && call->at > 0)
		evbuffer_add_printf(call->out, ",");
	call->at++;
	return 0;
}

/* A part that fails says why in its place: IKE that does not run is no reason to end. */
int cli_show_tech_support(struct cli_call *call)
{
	if (call->json && call->at == 0)
		cli_table(call, NULL, 0);
	if (call->state == NULL && open_part(call) < 0)
		return -1;
	if (cli_call_step(call->state, call->out) == CLI_MORE)
		return CLI_MORE;
	cli_call_close(call->state);
	call->state = NULL;
	return call->at < RTE_DIM(commands) ? CLI_MORE : CLI_DONE;
}
