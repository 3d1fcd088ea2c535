/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces of the kernel. */
#include "control/cli_priv.h"

int cli_show_tap(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"TAP", "tap", 15, NULL},
		{"Of", "of", 12, NULL},
		{"To kernel", "to_kernel", 10, NULL},
		{"From", "from_kernel", 10, NULL},
		{"Full", "kernel_full", 6, NULL},
		{"Hub full", "hub_full", 9, NULL},
		{"Malformed", "malformed", 10, NULL},
		{"Protocol", "protocol", 9, NULL},
		{"Source", "source", 7, NULL},
		{"Group", "destination", 6, NULL},
		{"Too big", "too_big", 0, NULL},
	};
	const struct hub *h = call->cli->hub;

	CLI_TABLE(call, columns);
	for (unsigned i = 0; i < h->n_taps; i++) {
		const struct hub_tap *t = &h->taps[i];
		const struct hub_tap_stats *s = &t->stats;

		cli_row(call,
			json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tap",
				t->name, "of",
				t->tunnel ? h->tunnels[t->index].config->name
					  : h->ports[t->index].config->name,
				"to_kernel", cli_u64(s->to_kernel), "from_kernel",
				cli_u64(s->from_kernel), "kernel_full", cli_u64(s->kernel_full),
				"hub_full", cli_u64(s->hub_full), "malformed",
				cli_u64(s->malformed), "protocol", cli_u64(s->protocol), "source",
				cli_u64(s->source), "destination", cli_u64(s->destination),
				"too_big", cli_u64(s->too_big)));
	}
	return CLI_DONE;
}
