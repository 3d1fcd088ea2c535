/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels and their spokes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli_priv.h"

#define SECOND 1000

static const struct cli_column columns[] = {
	{"Peer", "peer", 16, NULL},
	{"NBMA", "nbma", 23, NULL},
	{"Type", "type", 8, NULL},
	{"State", "state", 7, NULL},
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

static const char *type(const struct hub_peer *p)
{
	return hub_peer_pinned(p) != 0 ? "static" : "dynamic";
}

static unsigned count_sas(const struct hub *h, const struct hub_peer *p)
{
	uint32_t list[DP_PEER_SAS_MAX];

	return dp_peer_sas(h->dp, p->dp, true, list) + dp_peer_sas(h->dp, p->dp, false, list);
}

/* What NHRP knows of it, for people below its row. */
static void add_detail(
	json_t *o, const struct hub *h, const struct hub_peer *p, const struct nhrp_binding *b)
{
	static const char *const identities[] = {
		[HUB_IDENTITY_MANUAL] = "manual",
		[HUB_IDENTITY_PROVEN] = "proven",
		[HUB_IDENTITY_SHARED] = "shared",
		[HUB_IDENTITY_ADDRESS] = "address",
	};
	struct nhrp_peer_stats s = {.n_leases = 0};

	nhrp_peer_stats(h->nhrp.engine, p->dp, &s);
	json_object_set_new(o, "identity", p->identity ? json_string(p->identity) : json_null());
	json_object_set_new(o, "identity_is", json_string(identities[p->identity_is]));
	json_object_set_new(o, "claimed_nbma", b ? cli_addr_be(b->claimed_nbma_be) : json_null());
	json_object_set_new(o, "holding_time", b ? json_integer(b->holding) : json_null());
	json_object_set_new(o, "requesters", json_integer(b ? b->n_requesters : 0));
	json_object_set_new(o, "leases", json_integer(s.n_leases));
	json_object_set_new(o, "refused", cli_u64(s.refused));
	json_object_set_new(o, "conflicts", cli_u64(s.conflicts));
	json_object_set_new(o, "redirects", cli_u64(s.redirects));
}

static void text_detail(struct cli_call *call, const json_t *o)
{
	json_t *identity = json_object_get(o, "identity"),
	       *claimed = json_object_get(o, "claimed_nbma");

	cli_text(call, "  identity %s (%s), claims %s, holding time %d\n",
		json_is_string(identity) ? json_string_value(identity) : "-",
		json_string_value(json_object_get(o, "identity_is")),
		json_is_string(claimed) ? json_string_value(claimed) : "-",
		(int)json_integer_value(json_object_get(o, "holding_time")));
	cli_text(call,
		"  MTU %d, %d leases, %d requesters, %d refused, %d conflicts, %d redirects\n",
		(int)json_integer_value(json_object_get(o, "mtu")),
		(int)json_integer_value(json_object_get(o, "leases")),
		(int)json_integer_value(json_object_get(o, "requesters")),
		(int)json_integer_value(json_object_get(o, "refused")),
		(int)json_integer_value(json_object_get(o, "conflicts")),
		(int)json_integer_value(json_object_get(o, "redirects")));
}

static json_t *peer_row(
	const struct hub *h, const struct hub_peer *p, bool bound, const struct nhrp_binding *b)
{
	uint64_t rx, tx;

	hub_peer_packets(h, p, &rx, &tx);
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:i, s:o, s:o, s:o, s:i, s:i, s:o}", "tunnel",
		h->tunnels[p->tunnel].config->name, "peer", cli_peer(p), "nbma", nbma(p), "type",
		type(p), "state", hub_peer_state_name(hub_peer_state(h, p)), "sas",
		(int)count_sas(h, p), "expires",
		bound ? cli_time_left(h, b->expires_ms) : json_null(), "rx_packets", cli_u64(rx),
		"tx_packets", cli_u64(tx), "mtu", (int)dp_peer_mtu(h->dp, p->dp), "path_mtu",
		(int)p->path_mtu, "flags",
		json_sprintf("%s%s%s", hub_peer_used_lately(h, p) ? "U" : "",
			p->nat_port != 0 ? "N" : "", bound && b->unique ? "*" : ""));
}

static void show_peer(struct cli_call *call, const struct hub_peer *p)
{
	const struct hub *h = call->cli->hub;
	bool detail = strcmp(call->option, "detail") == 0;
	struct nhrp_binding b;
	bool bound = hub_nhrp_binding(h, p, &b);
	json_t *o = peer_row(h, p, bound, &b);

	if (detail)
		add_detail(o, h, p, bound ? &b : NULL);
	json_incref(o);
	cli_row(call, o);
	if (detail)
		text_detail(call, o);
	json_decref(o);
}

/* Peers of a tunnel by their state. */
struct counts {
	unsigned of[HUB_PEER_STATES];
};

/* "tun0: NBMA 192.0.2.1, 10.255.0.1/24, key 42, redirect on" */
static void text_tunnel(struct cli_call *call, const struct config_tunnel *c)
{
	char nbma_text[IP_ADDR_STRLEN], address[IP_PREFIX_STRLEN];

	cli_text(call, "%s: NBMA %s, %s, ", c->name, ip_addr_str(&c->nbma, nbma_text),
		ip_prefix_str(&c->address, address));
	if (c->key_set)
		cli_text(call, "key %u, ", c->key);
	else
		cli_text(call, "no key, ");
	cli_text(call, "redirect %s", c->redirect ? "on" : "off");
}

/* ", 3 peers: 2 up, 1 no-sa" */
static void text_counts(struct cli_call *call, const struct counts *counts)
{
	const char *mark = ":";
	unsigned sum = 0;

	for (unsigned i = 0; i < HUB_PEER_STATES; i++)
		sum += counts->of[i];
	cli_text(call, ", %u peer%s", sum, sum == 1 ? "" : "s");
	for (unsigned i = 0; i < HUB_PEER_STATES; i++)
		if (counts->of[i] != 0) {
			cli_text(call, "%s %u %s", mark, counts->of[i], hub_peer_state_name(i));
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
	text_tunnel(call, h->tunnels[p->tunnel].config);
	cli_text(call, "\n");
	CLI_TABLE(call, columns);
	show_peer(call, p);
	cli_text(call, "MTU %u", dp_peer_mtu(h->dp, p->dp));
	if (p->path_mtu != 0)
		cli_text(call, ", for the path has %u for another %" PRIu64 " s", p->path_mtu,
			(p->path_mtu_until - h->now) / SECOND);
	cli_text(call, "\n");
	return CLI_DONE;
}

/* The peers of one round of the list: call->at counts places, tunnel after tunnel. */
static void list(struct cli_call *call, unsigned tunnel)
{
	const struct hub *h = call->cli->hub;

	for (unsigned n = 0, looks = 0; n < CLI_STEP_ROWS && looks < CLI_STEP_LOOKS; looks++) {
		const struct hub_peer *p = &h->peers[call->at++ % h->peers_room];

		if (p->used && p->tunnel == tunnel) {
			show_peer(call, p);
			n++;
		}
		if (call->at % h->peers_room == 0)
			break;
	}
}

/* First round: how many there are. @return true when it is done */
static bool count(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	struct counts *counts = call->state;

	for (unsigned looks = 0; looks < CLI_STEP_LOOKS && call->at < h->peers_room; looks++) {
		const struct hub_peer *p = &h->peers[call->at++];

		if (p->used)
			counts[p->tunnel].of[hub_peer_state(h, p)]++;
	}
	return call->at >= h->peers_room;
}

/* A round over the places for the counts, then one for each tunnel's peers. */
int cli_show_dmvpn(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	unsigned tunnel;

	if (call->has_ip)
		return show_one(call);
	if (call->state == NULL) {
		call->state = calloc(DP_TUNNELS_MAX, sizeof(struct counts));
		if (call->state == NULL)
			return cli_fail(call, "no-memory", NULL, "Out of memory");
		if (call->json)
			CLI_TABLE(call, columns);
	}
	if (call->at < h->peers_room)
		return count(call) && h->n_tunnels == 0 ? CLI_DONE : CLI_MORE;
	tunnel = (unsigned)(call->at / h->peers_room) - 1;
	if ((call->tunnel != NULL && call->tunnel != &h->tunnels[tunnel]) ||
		h->tunnels[tunnel].config == NULL) {
		call->at += h->peers_room;
		return tunnel + 1 < h->n_tunnels ? CLI_MORE : CLI_DONE;
	}
	if (call->at % h->peers_room == 0 && !call->json) {
		text_tunnel(call, h->tunnels[tunnel].config);
		text_counts(call, &((const struct counts *)call->state)[tunnel]);
		if (h->tunnels[tunnel].n_peers > 0)
			CLI_TABLE(call, columns);
	}
	if (h->tunnels[tunnel].n_peers > 0)
		list(call, tunnel);
	else
		call->at += h->peers_room;
	if (call->at / h->peers_room <= h->n_tunnels)
		return CLI_MORE;
	cli_text(call, "Flags: U used in last 30 s, N behind a NAT, * unique\n");
	return CLI_DONE;
}

int cli_show_dmvpn_summary(struct cli_call *call)
{
	static const struct cli_column of_summary[] = {{"Tunnel", "tunnel", 10, NULL},
		{"State", "state", 8, NULL}, {"Peers", "peers", 0, NULL}};
	const struct hub *h = call->cli->hub;
	const struct counts *counts;

	if (call->state == NULL)
		call->state = calloc(DP_TUNNELS_MAX, sizeof(struct counts));
	if (call->state == NULL)
		return cli_fail(call, "no-memory", NULL, "Out of memory");
	if (!count(call))
		return CLI_MORE;
	counts = call->state;
	CLI_TABLE(call, of_summary);
	for (unsigned i = 0; i < h->n_tunnels; i++)
		for (unsigned s = 0; s < HUB_PEER_STATES; s++)
			if (counts[i].of[s] != 0)
				cli_row(call, json_pack("{s:s, s:s, s:i}", "tunnel",
						      h->tunnels[i].config->name, "state",
						      hub_peer_state_name(s), "peers",
						      (int)counts[i].of[s]));
	return CLI_DONE;
}

/* A row names its place: the next page begins behind the last one. */
int cli_show_dmvpn_page(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;

	if (call->n_state++ == 0) {
		call->at = call->place;
		CLI_TABLE(call, columns);
	}
	for (unsigned looks = 0, n = 0; call->at < h->peers_room && call->count > 0; looks++) {
		const struct hub_peer *p = &h->peers[call->at++];
		struct nhrp_binding b;
		json_t *o;

		if (looks == CLI_STEP_LOOKS || n == CLI_STEP_ROWS) {
			call->at--;
			return CLI_MORE;
		}
		if (!p->used)
			continue;
		o = peer_row(h, p, hub_nhrp_binding(h, p, &b), &b);
		json_object_set_new(o, "place", json_integer((json_int_t)call->at - 1));
		cli_row(call, o);
		call->count--;
		n++;
	}
	return CLI_DONE;
}
