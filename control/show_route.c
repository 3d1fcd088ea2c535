/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes and neighbors. */
#include "control/cli_priv.h"

static const char *const table_names[DP_TABLE_COUNT] = {
	[DP_TABLE_UNDERLAY] = "underlay",
	[DP_TABLE_OVERLAY] = "overlay",
};

static const char *const source_names[HUB_ROUTE_SOURCES] = {
	[HUB_ROUTE_LOCAL] = "local",
	[HUB_ROUTE_CONNECTED] = "connected",
	[HUB_ROUTE_PEER] = "peer",
	[HUB_ROUTE_NEIGHBOR] = "neighbor",
	[HUB_ROUTE_STATIC] = "static",
};

static const struct cli_column columns[] = {
	{"Table", "table", 9, NULL},
	{"Prefix", "prefix", 19, NULL},
	{"Source", "source", 10, NULL},
	{"Action", "action", 10, NULL},
	{"Via", "via", 16, NULL},
	{"Device", "device", 0, NULL},
};

/* What an adjacency does: action, next hop, tunnel or port. */
static void describe(json_t *row, const struct hub *h, dp_adj_t adj)
{
	static const char *const special[] = {"no-route", "blackhole", "no-peer", "local"};
	const struct hub_neighbor *n;
	const struct hub_peer *p;
	const char *action = "no-route", *device = NULL;
	json_t *via = NULL;
	uint32_t index = DP_ADJ_INDEX(adj);

	switch (DP_ADJ_KIND(adj)) {
	case DP_ADJ_SPECIAL:
		if (index < RTE_DIM(special))
			action = special[index];
		break;
	case DP_ADJ_PEER:
		p = hub_peer_of(h, index);
		action = "peer";
		via = cli_addr(&p->config->address);
		device = h->tunnels[p->tunnel].config->name;
		break;
	case DP_ADJ_GLEAN:
		action = "resolve";
		device = h->ports[index].config->name;
		break;
	case DP_ADJ_ETHER:
		action = "neighbor";
		n = hub_neighbor_of(h, index);
		via = cli_addr_be(n->addr_be);
		device = h->ports[n->port].config->name;
		break;
	}
	json_object_set_new(row, "action", json_string(action));
	json_object_set_new(row, "via", via ? via : json_null());
	json_object_set_new(row, "device", device ? json_string(device) : json_null());
}

/* A row's prefix and source; r may be NULL for what no route leads to. */
static json_t *row(const struct hub *h, unsigned table, const struct hub_route *r, dp_adj_t adj)
{
	json_t *o = json_pack("{s:s, s:o, s:s}", "table", table_names[table], "prefix",
		r ? cli_prefix(r->addr_be, r->len) : json_null(), "source",
		r ? source_names[hub_route_best(r)] : "none");

	describe(o, h, adj);
	return o;
}

/* What the forwarding tables themselves say. */
static int lookup(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;

	CLI_TABLE(call, columns);
	for (unsigned t = DP_TABLE_COUNT; t-- > 0;)
		cli_row(call, row(h, t, hub_rib_lookup(h, t, call->ip.v4_be),
				      dp_route_lookup(h->dp, t, call->ip.v4_be)));
	return CLI_DONE;
}

/* call->at is the next route of a snapshot: routes come and go while it is shown. */
int cli_show_route(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;

	if (call->has_ip)
		return lookup(call);
	if (call->at == 0) {
		CLI_TABLE(call, columns);
		call->state = hub_rib_snapshot(h, &call->n_state);
	}
	for (unsigned n = 0; n < CLI_STEP_ROWS && call->at < call->n_state; n++, call->at++) {
		const struct hub_route *r = &((const struct hub_route *)call->state)[call->at];

		cli_row(call, row(h, r->table, r, r->adj[hub_route_best(r)]));
	}
	return call->at < call->n_state ? CLI_MORE : CLI_DONE;
}

static const char *neighbor_state(const struct hub_neighbor *n)
{
	if (n->fixed)
		return "permanent";
	if (!n->known)
		return "incomplete";
	return n->tries == 0 ? "reachable" : "probing";
}

/* call->at is the next place of the table. */
int cli_show_arp(struct cli_call *call)
{
	static const struct cli_column arp_columns[] = {
		{"Address", "address", 16, NULL},
		{"MAC Address", "mac", 18, NULL},
		{"Port", "port", 12, NULL},
		{"State", "state", 11, NULL},
		{"Age", "age", 6, NULL},
		{"Used for", "used_for", 0, NULL},
	};
	const struct hub *h = call->cli->hub;

	if (call->at == 0)
		CLI_TABLE(call, arp_columns);
	for (unsigned n = 0; n < 16 * CLI_STEP_ROWS && call->at < h->neighbors.room; n++) {
		const struct hub_neighbor *e = &h->neighbors.at[call->at++];

		if (!e->used)
			continue;
		cli_row(call,
			json_pack("{s:o, s:o, s:s, s:s, s:o, s:s}", "address",
				cli_addr_be(e->addr_be), "mac",
				e->known ? cli_mac(&e->mac) : json_null(), "port",
				h->ports[e->port].config->name, "state", neighbor_state(e), "age",
				e->fixed || !e->known ? json_null()
						      : cli_u64((h->now - e->heard) / 1000),
				"used_for",
				e->gateway              ? "gateway"
				: e->peers != HUB_NONE  ? "peers"
				: e->routes != HUB_NONE ? "routes"
							: "-"));
	}
	return call->at < h->neighbors.room ? CLI_MORE : CLI_DONE;
}
