/* SPDX-License-Identifier: BSD-3-Clause */
/* Traces by command. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control/cli_priv.h"

#define GRE_KEY 0x2000 /* RFC 2890 2 */

int cli_trace_start(struct cli_call *call)
{
	struct dp_trace_params p = {
		.count = call->count, .drops = strcmp(call->option, "drops") == 0};

	if (cli_dp_peer(call, &p.peer) < 0)
		return -1;
	if (dp_trace_start(call->cli->hub->dp, &p) < 0)
		return cli_fail(call, "bad-argument", "count", "A trace follows up to %u packets",
			DP_TRACE_COUNT_MAX);
	cli_text(call, "Tracing %u packet%s\n", p.count, p.count == 1 ? "" : "s");
	return CLI_DONE;
}

int cli_clear_trace(struct cli_call *call)
{
	dp_trace_clear(call->cli->hub->dp);
	return CLI_DONE;
}

static const char *tunnel_name(const struct hub *h, uint16_t tunnel)
{
	return tunnel < h->n_tunnels && h->tunnels[tunnel].config != NULL
		       ? h->tunnels[tunnel].config->name
		       : "none";
}

static const char *port_name(const struct hub *h, uint16_t port)
{
	return port < h->n_ports ? h->ports[port].config->name : "none";
}

static json_t *peer_name(const struct hub *h, uint32_t dp_peer)
{
	const struct hub_peer *p = hub_peer_of(h, dp_peer);

	return p == NULL ? json_null() : cli_peer(p);
}

static json_t *hex32(uint32_t v)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", v);
	return json_string(text);
}

/* "peer 10.255.0.11", "no route", ... */
static json_t *adjacency(const struct hub *h, uint32_t adj)
{
	const struct hub_neighbor *n;
	char text[64], addr[IP_ADDR_STRLEN];
	struct ip_addr a;

	switch (DP_ADJ_KIND(adj)) {
	case DP_ADJ_PEER: {
		const struct hub_peer *p = hub_peer_of(h, DP_ADJ_INDEX(adj));

		a = ip_addr_v4(p != NULL && p->address_be != 0 ? p->address_be : 0);
		snprintf(text, sizeof(text), "peer %s", p == NULL ? "gone" : ip_addr_str(&a, addr));
		return json_string(text);
	}
	case DP_ADJ_ETHER:
		n = hub_neighbor_of(h, DP_ADJ_INDEX(adj));
		if (n == NULL)
			return json_string("neighbor gone");
		a = ip_addr_v4(n->addr_be);
		snprintf(text, sizeof(text), "neighbor %s", ip_addr_str(&a, addr));
		return json_string(text);
	case DP_ADJ_GLEAN:
		snprintf(text, sizeof(text), "on link of %s",
			port_name(h, (uint16_t)DP_ADJ_INDEX(adj)));
		return json_string(text);
	default:
		return json_string(adj == DP_ADJ_LOCAL      ? "the hub"
				   : adj == DP_ADJ_NO_PEER  ? "no peer"
				   : adj == DP_ADJ_NO_ROUTE ? "no route"
							    : "discard");
	}
}

static json_t *trace_in(const struct hub *h, const struct dp_trace *t)
{
	json_t *o = json_pack(
		"{s:s, s:i}", "port", port_name(h, t->port_in), "frame_octets", (int)t->frame_len);

	if (t->parts & DP_TRACE_OUTER)
		json_object_set_new(o, "outer",
			json_pack("{s:o, s:o, s:i, s:i}", "source", cli_addr_be(t->outer_src_be),
				"destination", cli_addr_be(t->outer_dst_be), "protocol",
				(int)t->outer_protocol, "octets", (int)t->outer_len));
	if (t->parts & DP_TRACE_ESP_IN)
		json_object_set_new(o, "esp",
			json_pack("{s:o, s:o, s:i}", "spi", hex32(t->spi_in), "sequence",
				cli_u64(t->seq_in), "udp_port", (int)t->udp_src));
	if (t->parts & DP_TRACE_PEER_IN)
		json_object_set_new(o, "peer", peer_name(h, t->peer_in));
	if (t->parts & DP_TRACE_PEER_IN)
		json_object_set_new(o, "gre",
			json_pack("{s:s, s:i, s:o}", "tunnel", tunnel_name(h, t->tunnel_in),
				"protocol", (int)t->gre_protocol, "key",
				t->gre_flags & GRE_KEY ? cli_u64(t->gre_key) : json_null()));
	if (t->parts & DP_TRACE_INNER)
		json_object_set_new(o, "inner",
			json_pack("{s:o, s:o, s:i, s:i, s:i}", "source",
				cli_addr_be(t->inner_src_be), "destination",
				cli_addr_be(t->inner_dst_be), "protocol", (int)t->inner_protocol,
				"octets", (int)t->inner_len, "ttl", (int)t->inner_ttl));
	return o;
}

static json_t *trace_out(const struct hub *h, const struct dp_trace *t)
{
	json_t *o = json_object();

	if (t->pieces != 0)
		json_object_set_new(o, "pieces", json_integer(t->pieces));
	if (t->parts & DP_TRACE_ESP_OUT)
		json_object_set_new(o, "esp",
			json_pack("{s:o, s:o, s:o}", "spi", hex32(t->spi_out), "destination",
				cli_addr_be(t->outer_to_be), "sequence",
				t->seq_out != 0 ? cli_u64(t->seq_out) : json_null()));
	if (t->parts & DP_TRACE_PORT_OUT) {
		json_object_set_new(o, "port", json_string(port_name(h, t->port_out)));
		json_object_set_new(o, "frame_octets", json_integer(t->frame_len_out));
	}
	return o;
}

static const char *const end_names[] = {
	[DP_TRACE_FORWARDED] = "forwarded",
	[DP_TRACE_PUNTED] = "punted",
	[DP_TRACE_DROPPED] = "dropped",
	[DP_TRACE_HELD] = "held",
};

static const char *reason_of(const struct dp_trace *t)
{
	switch (t->end) {
	case DP_TRACE_PUNTED:
		return dp_punt_name(t->reason);
	case DP_TRACE_DROPPED:
		return dp_drop_names[t->reason].name;
	default:
		return NULL;
	}
}

static json_t *trace_json(const struct hub *h, const struct dp_trace *t)
{
	json_t *steps = json_array(), *o;
	const char *reason = reason_of(t);

	for (unsigned i = 0; i < t->n_steps; i++)
		json_array_append_new(steps,
			json_pack("{s:s, s:i}", "stage", dp_stage_names[t->steps[i].stage].name,
				"worker", (int)t->steps[i].worker));
	o = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "number", cli_u64(t->number), "in",
		trace_in(h, t), "out", trace_out(h, t), "stages", steps, "end", end_names[t->end],
		"reason", reason == NULL ? json_null() : json_string(reason));
	if (t->parts & DP_TRACE_ADJ)
		json_object_set_new(o, "adjacency", adjacency(h, t->adj));
	return o;
}

static const char *addr_text(uint32_t be, char *text)
{
	const struct in_addr a = {.s_addr = be};

	return inet_ntop(AF_INET, &a, text, INET_ADDRSTRLEN);
}

/* What the stages up to routing saw. */
static void text_in(struct cli_call *call, enum dp_stage stage, const struct dp_trace *t)
{
	const struct hub *h = call->cli->hub;
	char a[INET_ADDRSTRLEN], b[INET_ADDRSTRLEN];
	json_t *peer;

	if (stage == DP_STAGE_rx)
		cli_text(call, "port %s, %u octets", port_name(h, t->port_in), t->frame_len);
	if (stage == DP_STAGE_ip4_in && t->parts & DP_TRACE_OUTER)
		cli_text(call, "%s > %s, protocol %u, %u octets", addr_text(t->outer_src_be, a),
			addr_text(t->outer_dst_be, b), t->outer_protocol, t->outer_len);
	if (stage == DP_STAGE_esp_in && t->parts & DP_TRACE_ESP_IN)
		cli_text(call, "SPI 0x%08x, sequence %" PRIu64, t->spi_in, t->seq_in);
	if (stage == DP_STAGE_esp_in && t->udp_src != 0)
		cli_text(call, ", UDP port %u", t->udp_src);
	if (stage == DP_STAGE_gre_in) {
		peer = peer_name(h, t->peer_in);
		cli_text(call, "peer %s, protocol 0x%04x, ",
			json_is_string(peer) ? json_string_value(peer) : "gone", t->gre_protocol);
		json_decref(peer);
		if (t->gre_flags & GRE_KEY)
			cli_text(call, "key %u", t->gre_key);
		else
			cli_text(call, "no key");
	}
	if (stage == DP_STAGE_ip4_fwd && t->parts & DP_TRACE_INNER)
		cli_text(call, "%s > %s, protocol %u, %u octets, TTL %u",
			addr_text(t->inner_src_be, a), addr_text(t->inner_dst_be, b),
			t->inner_protocol, t->inner_len, t->inner_ttl);
}

/* What the stages behind routing saw. */
static void text_out(struct cli_call *call, enum dp_stage stage, const struct dp_trace *t)
{
	char a[INET_ADDRSTRLEN];
	json_t *to;

	if (stage == DP_STAGE_handoff || stage == DP_STAGE_eth_out) {
		to = adjacency(call->cli->hub, t->adj);
		cli_text(call, "to %s", json_string_value(to));
		json_decref(to);
	}
	if (stage == DP_STAGE_gre_out && t->pieces != 0)
		cli_text(call, "in %u pieces, from here on the first", t->pieces);
	if (stage == DP_STAGE_esp_out)
		cli_text(call, "SPI 0x%08x, to %s", t->spi_out, addr_text(t->outer_to_be, a));
	if (stage == DP_STAGE_esp_out && t->seq_out != 0)
		cli_text(call, ", sequence %" PRIu64, t->seq_out);
	if (stage == DP_STAGE_tx)
		cli_text(call, "port %s, %u octets", port_name(call->cli->hub, t->port_out),
			t->frame_len_out);
}

static void trace_text(struct cli_call *call, const struct dp_trace *t)
{
	cli_text(call, "Packet %u\n", t->number);
	for (unsigned i = 0; i < t->n_steps; i++) {
		cli_text(call, "  %-8s worker %-2u  ", dp_stage_names[t->steps[i].stage].name,
			t->steps[i].worker);
		text_in(call, t->steps[i].stage, t);
		text_out(call, t->steps[i].stage, t);
		cli_text(call, "\n");
	}
	switch (t->end) {
	case DP_TRACE_DROPPED:
		cli_text(call, "  dropped: %s: %s\n", dp_drop_names[t->reason].name,
			dp_drop_names[t->reason].text);
		break;
	case DP_TRACE_PUNTED:
		cli_text(call, "  punted: %s\n", dp_punt_name(t->reason));
		break;
	default:
		cli_text(call, "  forwarded\n");
	}
}

int cli_show_trace(struct cli_call *call)
{
	struct dp *dp = call->cli->hub->dp;
	unsigned count = dp_trace_params(dp).count, done = 0;
	json_t *all = json_array();
	struct dp_trace t;

	for (unsigned number = 1; number <= count; number++) {
		if (!dp_trace_read(dp, number, &t))
			continue;
		done++;
		if (call->json)
			json_array_append_new(all, trace_json(call->cli->hub, &t));
		else
			trace_text(call, &t);
	}
	if (count == 0)
		cli_text(call, "Nothing is traced\n");
	else
		cli_text(call, "%u of %u packets\n", done, count);
	cli_value(call, all);
	return CLI_DONE;
}
