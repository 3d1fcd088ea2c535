/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hub, its spokes, their NATs and the shortcuts it knows of, in Graphviz's language:
 * dmvpn-hubctl show dmvpn graph | dot -Tsvg > dmvpn.svg
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli_priv.h"

/* call->at: first places of peers, then pairs of redirects. */
#define REDIRECTS_AT UINT32_MAX

static const char *const colors[HUB_PEER_STATES] = {
	[HUB_PEER_UP] = "darkgreen",
	[HUB_PEER_PENDING] = "orange",
	[HUB_PEER_NO_SA] = "red",
	[HUB_PEER_NO_NEIGHBOR] = "red",
};

/* A spoke's name in the graph. */
static const char *name_of(const struct hub_peer *p, char name[32])
{
	snprintf(name, 32, "peer%u", p->dp);
	return name;
}

static void node(struct cli_call *call, const char *name, const char *kind, const char *label,
	const char *state)
{
	cli_row(call, json_pack("{s:s, s:s, s:s, s:s}", "node", name, "kind", kind, "label", label,
			      "state", state));
}

static void edge(struct cli_call *call, const char *from, const char *to, const char *kind)
{
	if (call->json)
		cli_row(call, json_pack("{s:s, s:s, s:s}", "from", from, "to", to, "kind", kind));
	else
		cli_text(call, "\t\"%s\" -> \"%s\"%s;\n", from, to,
			strcmp(kind, "shortcut") == 0 ? " [style=dashed, color=blue]"
						      : " [dir=none]");
}

static void show_tunnels(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	char label[256], nbma[IP_ADDR_STRLEN], address[IP_PREFIX_STRLEN];

	if (call->json)
		CLI_TABLE(call, ((const struct cli_column[]){{"", "node", 0, NULL}}));
	cli_text(call, "digraph dmvpn {\n\tlayout=twopi; overlap=false; root=\"%s\";\n",
		h->n_tunnels > 0 && h->tunnels[0].config != NULL ? h->tunnels[0].config->name : "");
	for (unsigned i = 0; i < h->n_tunnels; i++) {
		const struct config_tunnel *t = h->tunnels[i].config;

		if (t == NULL)
			continue;
		ip_addr_str(&t->nbma, nbma);
		ip_prefix_str(&t->address, address);
		snprintf(label, sizeof(label), "%s %s %s", t->name, address, nbma);
		if (call->json)
			node(call, t->name, "hub", label, "up");
		else
			cli_text(call, "\t\"%s\" [shape=box, label=\"%s\\n%s\\n%s\"];\n", t->name,
				t->name, address, nbma);
	}
}

static void show_peer(struct cli_call *call, const struct hub_peer *p)
{
	const struct hub *h = call->cli->hub;
	const char *tunnel = h->tunnels[p->tunnel].config->name;
	struct ip_addr address = ip_addr_v4(p->address_be), nbma = ip_addr_v4(p->nbma_be);
	char name[32], nat[64], at[IP_ADDR_STRLEN], outer[IP_ADDR_STRLEN], label[128];
	enum hub_peer_state state = hub_peer_state(h, p);

	name_of(p, name);
	ip_addr_str(&address, at);
	ip_addr_str(&nbma, outer);
	snprintf(nat, sizeof(nat), "nat %s", outer);
	snprintf(label, sizeof(label), "%s %s", p->address_be == 0 ? "?" : at, outer);
	if (call->json)
		node(call, name, "spoke", label, hub_peer_state_name(state));
	else
		cli_text(call, "\t\"%s\" [color=%s, label=\"%s\\n%s\"];\n", name, colors[state],
			p->address_be == 0 ? "?" : at, outer);
	if (p->nat_port == 0) {
		edge(call, tunnel, name, "tunnel");
		return;
	}
	/* Several spokes may be behind one: the same node again, which is one. */
	if (call->json)
		node(call, nat, "nat", outer, "up");
	else
		cli_text(call, "\t\"%s\" [shape=diamond];\n", nat);
	edge(call, tunnel, nat, "tunnel");
	edge(call, nat, name, "tunnel");
}

/* Who was told of a shorter way to whom. */
static bool show_redirects(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	struct nhrp_redirect list[CLI_STEP_ROWS];
	unsigned n = nhrp_redirect_list(
		h->nhrp.engine, (unsigned)(call->at - REDIRECTS_AT), list, CLI_STEP_ROWS);

	for (unsigned i = 0; i < n; i++) {
		const struct hub_route *way = hub_rib_lookup(h, DP_TABLE_OVERLAY, list[i].dst_be);
		const struct hub_peer *from = hub_peer_of(h, list[i].peer), *to;
		char a[32], z[32];

		/* A lease, or a network behind a spoke. */
		if (from == NULL || way == NULL || DP_ADJ_KIND(way->adj) != DP_ADJ_PEER)
			continue;
		to = hub_peer_of(h, DP_ADJ_INDEX(way->adj));
		if (to != NULL && to != from)
			edge(call, name_of(from, a), name_of(to, z), "shortcut");
	}
	call->at += n;
	return n == CLI_STEP_ROWS;
}

int cli_show_dmvpn_graph(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;

	if (call->at == 0)
		show_tunnels(call);
	for (unsigned n = 0, looks = 0;
		n < CLI_STEP_ROWS && looks < CLI_STEP_LOOKS && call->at < h->peers_room; looks++) {
		const struct hub_peer *p = &h->peers[call->at++];

		if (p->used) {
			show_peer(call, p);
			n++;
		}
	}
	if (call->at < h->peers_room)
		return CLI_MORE;
	if (call->at < REDIRECTS_AT)
		call->at = REDIRECTS_AT;
	if (show_redirects(call))
		return CLI_MORE;
	cli_text(call, "}\n");
	return CLI_DONE;
}
