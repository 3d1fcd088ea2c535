/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures by command. */
#include <inttypes.h>
#include <string.h>

#include "control/cli_priv.h"

#define COUNT_DEFAULT 1000
#define COUNT_MAX     1000000

static const char *const side_names[] = {
	[DP_CAPTURE_OUTER] = "outer",
	[DP_CAPTURE_INNER] = "inner",
	[DP_CAPTURE_DROPS] = "drops",
};

int cli_dp_peer(struct cli_call *call, uint32_t *peer)
{
	const struct hub_peer *p;
	char text[IP_ADDR_STRLEN];

	*peer = DP_PEER_NONE;
	if (!call->has_ip)
		return 0;
	p = hub_peer_find(call->cli->hub, &call->ip);
	if (p == NULL)
		return cli_fail(call, "not-found", ip_addr_str(&call->ip, text),
			"No peer has the tunnel address %s", ip_addr_str(&call->ip, text));
	*peer = p->dp;
	return 0;
}

int cli_capture_start(struct cli_call *call)
{
	struct dp_capture_params p = {.side = DP_CAPTURE_OUTER, .port = DP_PORT_NONE};
	unsigned count = call->count != 0 ? call->count : COUNT_DEFAULT;
	unsigned snaplen = call->snaplen != 0 ? call->snaplen : DP_CAPTURE_SNAPLEN_MAX;
	struct error err;

	if (count > COUNT_MAX || snaplen > DP_CAPTURE_SNAPLEN_MAX)
		return cli_fail(call, "bad-argument", count > COUNT_MAX ? "count" : "snaplen",
			"A capture takes up to %u packets and %u octets of each", COUNT_MAX,
			DP_CAPTURE_SNAPLEN_MAX);
	for (unsigned i = 0; i < RTE_DIM(side_names); i++)
		if (strcmp(call->option, side_names[i]) == 0)
			p.side = i;
	if (call->port_end != 0)
		p.port = (uint16_t)call->port;
	p.snaplen = (uint16_t)snaplen;
	if (cli_dp_peer(call, &p.peer) < 0)
		return -1;
	if (hub_capture_start(call->cli->hub, call->file, &p, count, &err) < 0)
		return cli_fail(call, "failed", call->file, "%s", err.text);
	cli_text(call, "Capturing up to %u packets to %s\n", count, call->file);
	return CLI_DONE;
}

int cli_capture_stop(struct cli_call *call)
{
	struct error err;

	if (hub_capture_stop(call->cli->hub, &err) < 0)
		return cli_fail(call, "failed", NULL, "%s", err.text);
	return cli_show_capture(call);
}

int cli_show_capture(struct cli_call *call)
{
	const struct hub_capture *c = &call->cli->hub->capture;
	const char *state = c->file != NULL ? "running" : c->ended;
	struct dp_stats now;
	uint64_t lost;

	if (c->path[0] == '\0') {
		cli_text(call, "Nothing was captured\n");
		return CLI_DONE;
	}
	dp_stats_read(call->cli->hub->dp, -1, &now);
	lost = now.capture_lost - c->before.capture_lost;
	cli_text(call,
		"%s: %s\n  %s, %" PRIu64 " of %" PRIu64 " packets, %" PRIu64 " octets, %" PRIu64
		" lost for want of room\n",
		c->path, state, side_names[c->params.side], c->written, c->count, c->bytes, lost);
	cli_value(call,
		json_pack("{s:s, s:b, s:s, s:s, s:o, s:o, s:o, s:o}", "file", c->path, "running",
			c->file != NULL, "state", state, "what", side_names[c->params.side],
			"packets", cli_u64(c->written), "count", cli_u64(c->count), "octets",
			cli_u64(c->bytes), "lost", cli_u64(lost)));
	return CLI_DONE;
}
