/* SPDX-License-Identifier: BSD-3-Clause */
/* Drops, stages and punts: counters of the data plane, and what control made of them. */
#include <inttypes.h>
#include <string.h>

#include "control/cli_priv.h"

static double share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

int cli_show_drops(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Reason", "reason", 22, NULL},
		{"Packets", "packets", 9, NULL},
		{"Share", "share", 6, "%"},
		{"What it means", "meaning", 0, NULL},
	};
	bool all = call->option[0] != '\0';
	struct dp_stats now, s;
	uint64_t sum = 0;

	dp_stats_read(hub_dp(call->cli->hub), -1, &now);
	dp_stats_diff(&now, &call->cli->drops_cleared, &s);
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		sum += s.drops[i];
	if (sum == 0 && !all)
		cli_text(call, "Nothing was dropped\n");
	if (sum != 0 || all || call->json)
		CLI_TABLE(call, columns);
	for (unsigned i = 0; i < DP_DROP_COUNT; i++)
		if (all || s.drops[i] != 0)
			cli_row(call,
				json_pack("{s:s, s:o, s:f, s:s}", "reason", dp_drop_names[i].name,
					"packets", cli_u64(s.drops[i]), "share",
					share(s.drops[i], sum), "meaning", dp_drop_names[i].text));
	return CLI_DONE;
}

int cli_clear_drops(struct cli_call *call)
{
	dp_stats_read(hub_dp(call->cli->hub), -1, &call->cli->drops_cleared);
	return CLI_DONE;
}

static json_t *stage_row(enum dp_stage i, const struct dp_stage_stats *s, uint64_t cycles)
{
	json_t *o = json_pack("{s:s, s:o, s:o, s:o}", "stage", dp_stage_names[i].name, "packets",
		cli_u64(s->packets), "calls", cli_u64(s->calls), "cycles", cli_u64(s->cycles));

	json_object_set_new(o, "packets_per_call",
		s->calls ? json_real((double)s->packets / (double)s->calls) : json_null());
	json_object_set_new(o, "cycles_per_packet",
		s->packets && s->calls ? json_real((double)s->cycles / (double)s->packets)
				       : json_null());
	json_object_set_new(o, "share", json_real(share(s->cycles, cycles)));
	json_object_set_new(o, "does", json_string(dp_stage_names[i].text));
	return o;
}

int cli_show_nodes(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Stage", "stage", 8, NULL},
		{"Packets", "packets", 12, NULL},
		{"Calls", "calls", 12, NULL},
		{"Pkts/call", "packets_per_call", 9, NULL},
		{"Cycles/pkt", "cycles_per_packet", 10, NULL},
		{"Share", "share", 6, "%"},
		{"What it does", "does", 0, NULL},
	};
	json_t *stages = call->json ? json_array() : NULL;
	struct dp_stats now, s;
	uint64_t cycles = 0;

	dp_stats_read(hub_dp(call->cli->hub), -1, &now);
	dp_stats_diff(&now, &call->cli->nodes_cleared, &s);
	for (unsigned i = 0; i < DP_STAGE_COUNT; i++)
		cycles += s.stages[i].cycles;
	if (!call->json)
		CLI_TABLE(call, columns);
	for (unsigned i = 0; i < DP_STAGE_COUNT; i++) {
		json_t *o = stage_row(i, &s.stages[i], cycles);

		if (call->json)
			json_array_append_new(stages, o);
		else
			cli_row(call, o);
	}
	cli_text(call, "Idle: %.1f%% of %" PRIu64 " turns on %u worker%s\n",
		share(s.idle_turns, s.turns), s.turns, dp_workers(hub_dp(call->cli->hub)),
		dp_workers(hub_dp(call->cli->hub)) == 1 ? "" : "s");
	if (call->json)
		cli_value(call, json_pack("{s:o, s:o, s:o, s:f}", "stages", stages, "turns",
					cli_u64(s.turns), "idle_turns", cli_u64(s.idle_turns),
					"idle_share", share(s.idle_turns, s.turns)));
	return CLI_DONE;
}

int cli_clear_nodes(struct cli_call *call)
{
	dp_stats_read(hub_dp(call->cli->hub), -1, &call->cli->nodes_cleared);
	return CLI_DONE;
}

static json_t *arp_counts(const struct hub_arp_stats *a)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "requests_in", cli_u64(a->requests_in),
		"replies_in", cli_u64(a->replies_in), "requests_out", cli_u64(a->requests_out),
		"replies_out", cli_u64(a->replies_out), "refused", cli_u64(a->refused));
}

static json_t *hold_counts(const struct hub_hold *d)
{
	return json_pack("{s:i, s:o, s:o, s:o}", "held", (int)d->n, "sent", cli_u64(d->sent),
		"given_up", cli_u64(d->given_up), "displaced", cli_u64(d->displaced));
}

static json_t *path_mtu_counts(const struct hub_path_mtu *t)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "believed", cli_u64(t->believed), "malformed",
		cli_u64(t->malformed), "unknown", cli_u64(t->unknown), "sequence",
		cli_u64(t->sequence), "value", cli_u64(t->value));
}

static void text_counts(struct cli_call *call, const struct hub *h)
{
	const struct hub_arp_stats *a = &h->arp;
	const struct hub_path_mtu *t = &h->path_mtu;
	const struct hub_hold *d = &h->hold;

	cli_text(call,
		"ARP: requests %" PRIu64 " in, %" PRIu64 " out; replies %" PRIu64 " in, %" PRIu64
		" out; %" PRIu64 " refused\n",
		a->requests_in, a->requests_out, a->replies_in, a->replies_out, a->refused);
	cli_text(call,
		"Held for next hops: %u now; %" PRIu64 " sent, %" PRIu64 " given up, %" PRIu64
		" displaced\n",
		d->n, d->sent, d->given_up, d->displaced);
	cli_text(call,
		"Path MTU: %" PRIu64 " believed; refused: %" PRIu64 " malformed, %" PRIu64
		" of no SA, %" PRIu64 " not sent lately, %" PRIu64 " of no use\n",
		t->believed, t->malformed, t->unknown, t->sequence, t->value);
}

/* Refused by: the spoke's meter, the class's, its queue, want of buffers. */
static json_t *punt_row(
	enum dp_punt_class class, const struct dp_punt_stats *s, const struct hub_punt_stats *h)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "class", dp_punt_name(class),
		"passed", cli_u64(s->passed), "refused_peer", cli_u64(s->refused_peer),
		"refused_class", cli_u64(s->refused_class), "refused_queue",
		cli_u64(s->refused_queue), "refused_buffers", cli_u64(s->refused_buffers), "taken",
		cli_u64(h->taken), "sent", cli_u64(h->sent));
}

int cli_show_punt_stats(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Class", "class", 8, NULL},
		{"Passed", "passed", 10, NULL},
		{"By peer", "refused_peer", 10, NULL},
		{"By class", "refused_class", 10, NULL},
		{"By queue", "refused_queue", 9, NULL},
		{"By bufs", "refused_buffers", 9, NULL},
		{"Taken", "taken", 10, NULL},
		{"Sent", "sent", 10, NULL},
		{"What control does", "does", 0, NULL},
	};
	static const char *const does[DP_PUNT_COUNT] = {
		[DP_PUNT_ARP] = "learns next hops, answers for the hub",
		[DP_PUNT_ICMP] = "answers echo requests, learns path MTUs",
		[DP_PUNT_IKE] = "carries IKE to and from charon",
		[DP_PUNT_EARLY] = "holds ESP until its SA is there",
		[DP_PUNT_NHRP] = "registers, resolves, purges",
		[DP_PUNT_RIP] = "learns routes",
		[DP_PUNT_ERROR] = "sends ICMP errors",
		[DP_PUNT_RESOLVE] = "asks for next hops, holds packets meanwhile",
		[DP_PUNT_MOVED] = "follows spokes whose NAT gave them another place",
		[DP_PUNT_REDIRECT] = "sends NHRP traffic indications",
	};
	const struct hub *h = call->cli->hub;
	struct dp_stats s;

	dp_stats_read(h->dp, -1, &s);
	CLI_TABLE(call, columns);
	for (unsigned i = 0; i < DP_PUNT_COUNT; i++) {
		json_t *o = punt_row(i, &s.punts[i], &h->punts[i]);

		json_object_set_new(o, "does", json_string(does[i]));
		if (i == DP_PUNT_ARP)
			json_object_set_new(o, "arp", arp_counts(&h->arp));
		if (i == DP_PUNT_ICMP)
			json_object_set_new(o, "path_mtu", path_mtu_counts(&h->path_mtu));
		if (i == DP_PUNT_RESOLVE)
			json_object_set_new(o, "hold", hold_counts(&h->hold));
		cli_row(call, o);
	}
	text_counts(call, h);
	return CLI_DONE;
}
