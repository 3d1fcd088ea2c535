/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels and their spokes. */
#include <inttypes.h>

#include "control/cli_priv.h"

#define SECOND 1000

static const char *const state_names[] = {
	[HUB_PEER_UP] = "up",
	[HUB_PEER_NO_SA] = "no-sa",
	[HUB_PEER_NO_NEIGHBOR] = "no-arp",
};

static const struct cli_column columns[] = {
	{"Peer", "peer", 16, NULL},
	{"NBMA", "nbma", 23, NULL},
	{"Type", "type", 8, NULL},
	{"State", "state", 6, NULL},
	{"SAs", "sas", 4, NULL},
	{"Expires", "expires", 9, NULL},
	{"RX-pkts", "rx_packets", 11, NULL},
	{"TX-pkts", "tx_packets", 11, NULL},
	{"Flags", "flags", 0, NULL},
};

/* Where a peer is now; behind a NAT with its port. */
static json_t *nbma(const struct hub_peer *p)
{
	struct ip_addr a = ip_addr_v4(p->nbma_be);
	char text[IP_ADDR_STRLEN];

	return p->nat_port != 0 ? json_sprintf("%s:%u", ip_addr_str(&a, text), p->nat_port)
				: cli_addr(&a);
}

static json_t *row(const struct hub *h, const struct hub_peer *p)
{
	const struct config_peer *c = p->config;
	uint64_t rx, tx;

	hub_peer_packets(h, p, &rx, &tx);
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:i, s:n, s:o, s:o, s:i, s:i, s:o}", "tunnel",
		h->tunnels[p->tunnel].config->name, "peer", cli_addr(&c->address), "nbma", nbma(p),
		"type", "static", "state", state_names[hub_peer_state(h, p)], "sas",
		(int)(c->n_sa_in + c->n_sa_out), "expires", "rx_packets", cli_u64(rx), "tx_packets",
		cli_u64(tx), "mtu", (int)dp_peer_mtu(h->dp, p->dp), "path_mtu", (int)p->path_mtu,
		"flags",
		json_sprintf("%s%s", hub_peer_used_lately(h, p) ? "U" : "",
			p->nat_port != 0 ? "N" : ""));
}

/* "tun0: NBMA 192.0.2.1, 10.255.0.1/24, key 42, redirect on, 3 peers: 2 up, 1 no-sa" */
static void text_tunnel(struct cli_call *call, const struct hub_tunnel *t)
{
	const struct hub *h = call->cli->hub;
	const struct config_tunnel *c = t->config;
	char nbma[IP_ADDR_STRLEN], address[IP_PREFIX_STRLEN];
	unsigned states[RTE_DIM(state_names)] = {0};
	const char *mark = ":";

	for (unsigned i = 0; i < c->n_peers; i++)
		states[hub_peer_state(h, &h->peers[t->first_peer + i])]++;
	cli_text(call, "%s: NBMA %s, %s, ", c->name, ip_addr_str(&c->nbma, nbma),
		ip_prefix_str(&c->address, address));
	if (c->key_set)
		cli_text(call, "key %u, ", c->key);
	else
		cli_text(call, "no key, ");
	cli_text(call, "redirect %s, %u peer%s", c->redirect ? "on" : "off", c->n_peers,
		c->n_peers == 1 ? "" : "s");
	for (unsigned i = 0; i < RTE_DIM(states); i++)
		if (states[i] != 0) {
			cli_text(call, "%s %u %s", mark, states[i], state_names[i]);
			mark = ",";
		}
	cli_text(call, "\n");
}

static int show_one(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	const struct hub_peer *p = hub_peer_find(h, &call->ip);
	char text[IP_ADDR_STRLEN];

	if (p == NULL)
		return cli_fail(call, "not-found", ip_addr_str(&call->ip, text),
			"No peer has the tunnel address %s", ip_addr_str(&call->ip, text));
	text_tunnel(call, &h->tunnels[p->tunnel]);
	CLI_TABLE(call, columns);
	cli_row(call, row(h, p));
	cli_text(call, "MTU %u", dp_peer_mtu(h->dp, p->dp));
	if (p->path_mtu != 0)
		cli_text(call, ", for the path has %u for another %" PRIu64 " s", p->path_mtu,
			(p->path_mtu_until - h->now) / SECOND);
	cli_text(call, "\n");
	return CLI_DONE;
}

/* call->at is the next peer. */
int cli_show_dmvpn(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;

	if (call->has_ip)
		return show_one(call);
	if (call->json && call->at == 0)
		CLI_TABLE(call, columns);
	for (unsigned n = 0; n < CLI_STEP_ROWS && call->at < h->n_peers; n++, call->at++) {
		const struct hub_peer *p = &h->peers[call->at];

		if (!call->json && h->tunnels[p->tunnel].first_peer == call->at) {
			text_tunnel(call, &h->tunnels[p->tunnel]);
			CLI_TABLE(call, columns);
		}
		cli_row(call, row(h, p));
	}
	if (call->at < h->n_peers)
		return CLI_MORE;
	/* Tunnels that have no peers have had no row either. */
	for (unsigned i = 0; i < h->n_tunnels; i++)
		if (h->tunnels[i].config->n_peers == 0)
			text_tunnel(call, &h->tunnels[i]);
	cli_text(call, "Flags: U used in last 30 s, N behind a NAT\n");
	return CLI_DONE;
}
