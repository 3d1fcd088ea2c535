/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes and neighbors. */
#include "control/cli_priv.h"

static const char *const table_names[DP_TABLE_COUNT] = {
	[DP_TABLE_UNDERLAY] = "underlay",
	[DP_TABLE_OVERLAY] = "overlay",
};

static const char *const state_names[HUB_ROUTE_STATES] = {
	[HUB_ROUTE_ACTIVE] = "active",
	[HUB_ROUTE_STANDBY] = "standby",
	[HUB_ROUTE_UNRESOLVED] = "unresolved",
	[HUB_ROUTE_LOOP] = "loop",
	[HUB_ROUTE_NEVER] = "distance",
	[HUB_ROUTE_NO_ROOM] = "no-room",
};

static const struct cli_column columns[] = {
	{"Table", "table", 9, NULL},
	{"Prefix", "prefix", 19, NULL},
	{"Source", "source", 10, NULL},
	{"Dist", "distance", 4, NULL},
	{"Metric", "metric", 6, NULL},
	{"Action", "action", 10, NULL},
	{"Via", "via", 16, NULL},
	{"Device", "device", 12, NULL},
	{"State", "state", 10, NULL},
	{"Age", "age", 0, NULL},
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
		if (p == NULL)
			break;
		action = "peer";
		via = cli_peer(p);
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
	case DP_ADJ_GROUP:
		action = "group";
		break;
	}
	json_object_set_new(row, "action", json_string(action));
	json_object_set_new(row, "via", via ? via : json_null());
	json_object_set_new(row, "device", device ? json_string(device) : json_null());
}

/* A row of an entry, or of what no route leads to. */
static json_t *row(const struct hub *h, unsigned table, const struct hub_rib_entry *e,
	enum hub_route_state state, dp_adj_t adj)
{
	json_t *o = json_pack("{s:s}", "table", table_names[table]);

	json_object_set_new(o, "prefix",
		e ? cli_prefix(e->route->prefix.addr_be, e->route->prefix.len) : json_null());
	json_object_set_new(
		o, "source", json_string(e ? hub_route_source_name(e->said.source) : "none"));
	json_object_set_new(o, "distance", e ? json_integer(e->said.distance) : json_null());
	json_object_set_new(o, "metric", e ? cli_u64(e->said.metric) : json_null());
	json_object_set_new(o, "tag", e ? json_integer(e->said.tag) : json_null());
	describe(o, h, adj);
	json_object_set_new(o, "state", json_string(state_names[state]));
	json_object_set_new(o, "age", e ? cli_u64((h->now - e->since) / 1000) : json_null());
	return o;
}

/* What the forwarding tables themselves say. */
static int lookup(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	dp_adj_t at[DP_GROUP_MAX];

	CLI_TABLE(call, columns);
	for (unsigned t = DP_TABLE_COUNT; t-- > 0;) {
		const struct hub_route *r = hub_rib_lookup(h, t, call->ip.v4_be);
		dp_adj_t adj = dp_route_lookup(h->dp, t, call->ip.v4_be);
		unsigned n = dp_group_members(h->dp, adj, at);

		if (n == 0)
			at[n++] = adj;
		for (unsigned i = 0; i < n; i++)
			cli_row(call, row(h, t, r ? r->best : NULL,
					      r ? HUB_ROUTE_ACTIVE : HUB_ROUTE_UNRESOLVED, at[i]));
	}
	return CLI_DONE;
}

/* What each source says about a prefix, a row for each next hop. */
static void show_route(struct cli_call *call, const struct hub_route *r)
{
	const struct hub *h = call->cli->hub;
	const struct hub_rib_entry *e;

	STAILQ_FOREACH (e, &r->entries, link) {
		if (e->said.n_next_hops == 0)
			cli_row(call, row(h, r->prefix.table, e, hub_rib_state(e), e->said.adj));
		for (unsigned i = 0; i < e->said.n_next_hops; i++) {
			dp_adj_t adj;
			enum hub_route_state state = hub_rib_hop_state(e, i, &adj);
			json_t *o = row(h, r->prefix.table, e, state, adj);

			json_object_set_new(o, "via", cli_addr_be(e->said.next_hops_be[i]));
			cli_row(call, o);
		}
	}
}

/* call->state is the last prefix shown: routes come and go meanwhile. */
int cli_show_route(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	const struct hub_route *r;
	struct hub_prefix *last = call->state;

	if (call->has_ip)
		return lookup(call);
	if (call->state == NULL) {
		CLI_TABLE(call, columns);
		call->state = last = malloc(sizeof(*last));
		if (last == NULL)
			return cli_fail(call, "no-memory", NULL, "out of memory");
	}
	r = hub_rib_next(h, call->at == 0 ? NULL : last);
	for (unsigned n = 0; n < CLI_STEP_ROWS && r != NULL; n++, call->at++) {
		show_route(call, r);
		*last = r->prefix;
		r = hub_rib_next(h, last);
	}
	return r != NULL ? CLI_MORE : CLI_DONE;
}

/* One prefix in both tables, exactly. */
int cli_show_route_prefix(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;

	CLI_TABLE(call, columns);
	for (unsigned t = DP_TABLE_COUNT; t-- > 0;) {
		const struct hub_route *r =
			hub_rib_find(h, t, call->prefix.addr.v4_be, call->prefix.len);

		if (r != NULL)
			show_route(call, r);
	}
	return CLI_DONE;
}

int cli_show_route_summary(struct cli_call *call)
{
	static const struct cli_column summary[] = {
		{"Source", "source", 10, NULL},
		{"Routes", "routes", 8, NULL},
		{"Active", "active", 0, NULL},
	};
	const struct hub_rib *rib = &call->cli->hub->rib;

	CLI_TABLE(call, summary);
	for (unsigned i = 0; i < HUB_ROUTE_SOURCES; i++)
		cli_row(call,
			json_pack("{s:s, s:i, s:i}", "source", hub_route_source_name(i), "routes",
				(int)rib->n_entries[i], "active", (int)rib->n_active[i]));
	cli_text(call, "%u prefixes of at most %u, %u without room in the forwarding table\n",
		rib->n_routes, rib->room, rib->n_no_room);
	return CLI_DONE;
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
				e->gateway             ? "gateway"
				: e->peers != HUB_NONE ? "peers"
				: e->next_hop          ? "routes"
						       : "-"));
	}
	return call->at < h->neighbors.room ? CLI_MORE : CLI_DONE;
}
