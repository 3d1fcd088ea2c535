/* SPDX-License-Identifier: BSD-3-Clause */
/* What NHRP knows and did. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/cli_priv.h"

#define SECOND 1000
/* Bindings and purges in a step: a fraction of a millisecond. */
#define WALK_STEP 128

static const struct cli_column cache_columns[] = {
	{"Address", "address", 19, NULL},
	{"Tunnel", "tunnel", 10, NULL},
	{"Type", "type", 11, NULL},
	{"NBMA", "nbma", 16, NULL},
	{"Claimed", "claimed", 16, NULL},
	{"State", "state", 6, NULL},
	{"Expires", "expires", 9, NULL},
	{"MTU", "mtu", 5, NULL},
	{"Asked by", "requesters", 9, NULL},
	{"Flags", "flags", 0, NULL},
};

json_t *cli_time_left(const struct hub *h, uint64_t until)
{
	uint64_t s = until > h->now ? (until - h->now) / SECOND : 0;

	if (until == UINT64_MAX)
		return json_null();
	return json_sprintf(
		"%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
}

static json_t *cache_row(const struct hub *h, const struct nhrp_binding *b)
{
	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:s, s:o, s:i, s:i, s:i, s:o}", "address",
		cli_prefix(b->address_be, b->len), "tunnel", h->tunnels[b->iface].config->name,
		"type", nhrp_binding_type_name(b->type), "nbma",
		b->nbma_be != 0 ? cli_addr_be(b->nbma_be) : json_null(), "claimed",
		b->claimed_nbma_be != 0 ? cli_addr_be(b->claimed_nbma_be) : json_null(), "state",
		b->up ? "up" : "down", "expires", cli_time_left(h, b->expires_ms), "holding_time",
		(int)b->holding, "mtu", (int)b->mtu, "requesters", (int)b->n_requesters, "flags",
		json_sprintf("%s%s%s%s", b->used ? "U" : "", b->unique ? "*" : "",
			b->nbma_be != b->claimed_nbma_be ? "N" : "", b->nhs ? "S" : ""));
}

/* The walk goes on in the engine from one step to the next; ended with the call. */
struct walk {
	struct nhrp_cursor cursor;
};

static void walk_close(void *state)
{
	struct walk *w = state;

	nhrp_cache_close(&w->cursor);
	free(w);
}

/* Begin the walk, or go on with it. @return NULL without memory */
static struct walk *walk_of(struct cli_call *call, const struct nhrp_selector *which)
{
	struct walk *w = call->state;

	if (w == NULL) {
		w = calloc(1, sizeof(*w));
		if (w == NULL)
			return NULL;
		nhrp_cache_open(call->cli->hub->nhrp.engine, &w->cursor, which);
		call->state = w;
		call->state_free = walk_close;
	}
	return w;
}

static enum nhrp_binding_type type_of(const char *word)
{
	if (strcmp(word, "static") == 0)
		return NHRP_STATIC;
	if (strcmp(word, "pending") == 0)
		return NHRP_INCOMPLETE;
	if (strcmp(word, "negative") == 0)
		return NHRP_NEGATIVE;
	return strcmp(word, "cached") == 0 ? NHRP_CACHED : NHRP_DYNAMIC;
}

int cli_show_nhrp_cache(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	struct walk *w = call->state;
	struct nhrp_selector which = {.by_type = call->option[0] != '\0',
		.type = type_of(call->option),
		.address_be = call->has_ip ? call->ip.v4_be : 0,
		.len = call->has_ip ? 32 : 0};
	struct nhrp_binding b;

	if (w == NULL)
		CLI_TABLE(call, cache_columns);
	w = walk_of(call, &which);
	if (w == NULL)
		return cli_fail(call, "no-memory", NULL, "Out of memory");
	for (unsigned n = 0; n < CLI_STEP_ROWS; n++) {
		if (!nhrp_cache_next(&w->cursor, &b)) {
			cli_text(call,
				"Flags: U used in last 30 s, * unique, N behind a NAT, S server\n");
			return CLI_DONE;
		}
		cli_row(call, cache_row(h, &b));
	}
	return CLI_MORE;
}

static const struct cli_column stats_columns[] = {
	{"What", "name", 34, NULL},
	{"Packets", "count", 12, NULL},
	{"What it means", "text", 0, NULL},
};

static void stats_row(struct cli_call *call, const char *name, uint64_t count, const char *text)
{
	if (count != 0 || call->json)
		cli_row(call, json_pack("{s:s, s:o, s:s}", "name", name, "count", cli_u64(count),
				      "text", text));
}

static void show_types(struct cli_call *call, const struct nhrp_stats *s)
{
	static const char *const types[NHRP_TYPES] = {"unknown", "resolution_request",
		"resolution_reply", "registration_request", "registration_reply", "purge_request",
		"purge_reply", "error_indication", "traffic_indication"};
	char name[64];

	for (unsigned i = 0; i < NHRP_TYPES; i++) {
		snprintf(name, sizeof(name), "rx_%s", types[i]);
		stats_row(call, name, s->rx[i], "received");
		snprintf(name, sizeof(name), "tx_%s", types[i]);
		stats_row(call, name, s->tx[i], "sent");
	}
}

static void show_work(struct cli_call *call, const struct nhrp_stats *s)
{
	const struct {
		const char *name;
		uint64_t count;
		const char *text;
	} rows[] = {
		{"received", s->received, "packets in all"},
		{"handled", s->handled, "answered, or nothing to say"},
		{"forwarded", s->forwarded, "sent on"},
		{"registered", s->registered, "new leases"},
		{"refreshed", s->refreshed, "leases renewed"},
		{"moved", s->moved, "leases of another peer or NBMA address than before"},
		{"ended", s->ended, "leases that ended"},
		{"conflicts", s->conflicts, "somebody else holds the address, and lives"},
		{"answered", s->answered, "resolution requests answered by the hub"},
		{"not_resolved", s->not_resolved, "negative replies"},
		{"purges_sent", s->purges_sent, "earlier requesters told that a lease is over"},
		{"purges_unanswered", s->purges_unanswered, "requesters that did not answer"},
		{"hints", s->hints, "packets that could have a shorter way"},
		{"redirects_sent", s->redirects_sent, "traffic indications"},
		{"redirects_limited", s->redirects_limited, "not sent: told lately"},
		{"redirects_capped", s->redirects_capped, "not sent: too many in all"},
		{"leases", s->n_leases, "now"},
		{"pending", s->n_pending, "undecided registrations, now"},
		{"requesters", s->n_requesters, "remembered, now"},
	};

	for (unsigned i = 0; i < RTE_DIM(rows); i++)
		stats_row(call, rows[i].name, rows[i].count, rows[i].text);
}

int cli_show_nhrp_stats(struct cli_call *call)
{
	struct nhrp_stats s;
	char name[64];

	nhrp_stats(call->cli->hub->nhrp.engine, &s);
	CLI_TABLE(call, stats_columns);
	show_work(call, &s);
	show_types(call, &s);
	for (unsigned i = 0; i < NHRP_DROPS; i++) {
		snprintf(name, sizeof(name), "drop_%s", nhrp_drop_name(i));
		stats_row(call, name, s.dropped[i], nhrp_drop_text(i));
	}
	for (unsigned i = 0; i < NHRP_REFUSES; i++) {
		snprintf(name, sizeof(name), "refused_%s", nhrp_refuse_name(i));
		stats_row(call, name, s.refused[i], nhrp_refuse_text(i));
	}
	return CLI_DONE;
}

/* call->at pairs were shown. */
int cli_show_nhrp_redirect(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Peer", "peer", 16, NULL},
		{"Destination", "destination", 16, NULL},
		{"Sent", "sent", 6, NULL},
		{"Next in", "next_in", 0, NULL},
	};
	const struct hub *h = call->cli->hub;
	struct nhrp_redirect list[CLI_STEP_ROWS];
	unsigned n = nhrp_redirect_list(h->nhrp.engine, (unsigned)call->at, list, CLI_STEP_ROWS);

	if (call->at == 0)
		CLI_TABLE(call, columns);
	for (unsigned i = 0; i < n; i++) {
		const struct hub_peer *p = hub_peer_of(h, list[i].peer);

		cli_row(call, json_pack("{s:o, s:o, s:o, s:o}", "peer",
				      p != NULL ? cli_peer(p) : json_null(), "destination",
				      cli_addr_be(list[i].dst_be), "sent", cli_u64(list[i].n_sent),
				      "next_in", cli_time_left(h, list[i].next_ms)));
	}
	call->at += n;
	return n == CLI_STEP_ROWS ? CLI_MORE : CLI_DONE;
}

int cli_show_nhrp_nhs(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Address", "address", 16, NULL},
		{"NBMA", "nbma", 16, NULL},
		{"Tunnel", "tunnel", 10, NULL},
		{"State", "state", 12, NULL},
		{"Code", "code", 5, NULL},
		{"Our NBMA", "public", 16, NULL},
		{"Unanswered", "unanswered", 0, NULL},
	};
	const struct hub *h = call->cli->hub;
	struct nhrp_nhs_status list[CLI_STEP_ROWS];
	unsigned n = nhrp_nhs_list(h->nhrp.engine, (unsigned)call->at, list, CLI_STEP_ROWS);

	if (call->at == 0)
		CLI_TABLE(call, columns);
	for (unsigned i = 0; i < n; i++)
		cli_row(call, json_pack("{s:o, s:o, s:s, s:s, s:i, s:o, s:o}", "address",
				      list[i].address_be != 0 ? cli_addr_be(list[i].address_be)
							      : json_null(),
				      "nbma", cli_addr_be(list[i].nbma_be), "tunnel",
				      h->tunnels[list[i].iface].config->name, "state",
				      nhrp_nhs_state_name(list[i].state), "code", (int)list[i].code,
				      "public",
				      list[i].public_be != 0 ? cli_addr_be(list[i].public_be)
							     : json_null(),
				      "unanswered", cli_u64(list[i].n_unanswered)));
	call->at += n;
	return n == CLI_STEP_ROWS ? CLI_MORE : CLI_DONE;
}

static int walked(struct cli_call *call, const char *done, bool needed)
{
	unsigned n = call->n_state;

	if (n == 0 && needed)
		return cli_fail(call, "not-found", NULL, "No binding to clear is there");
	cli_text(call, "%u %s\n", n, done);
	cli_value(call, json_pack("{s:i}", done, (int)n));
	return CLI_DONE;
}

/* Their requesters are purged, the spokes register again in their time. */
int cli_clear_nhrp_cache(struct cli_call *call)
{
	struct nhrp_selector which = {
		.address_be = call->has_ip ? call->ip.v4_be : 0, .len = call->has_ip ? 32 : 0};
	struct walk *w = walk_of(call, &which);

	if (w == NULL)
		return cli_fail(call, "no-memory", NULL, "Out of memory");
	if (nhrp_cache_clear(&w->cursor, WALK_STEP, call->cli->hub->now, &call->n_state))
		return CLI_MORE;
	return walked(call, "cleared", call->has_ip);
}

int cli_purge_nhrp(struct cli_call *call)
{
	const struct nhrp_prefix told = {call->prefix.addr.v4_be, call->prefix.len};
	struct walk *w = walk_of(call, NULL);

	if (w == NULL)
		return cli_fail(call, "no-memory", NULL, "Out of memory");
	if (nhrp_cache_purge(&w->cursor, call->prefix.addr.family == 0 ? NULL : &told, WALK_STEP,
		    call->cli->hub->now, &call->n_state))
		return CLI_MORE;
	return walked(call, "purged", false);
}

/* They are bounded (65536): one step. */
int cli_clear_nhrp_redirect(struct cli_call *call)
{
	call->n_state = nhrp_redirect_clear(
		call->cli->hub->nhrp.engine, call->prefix.addr.v4_be, call->prefix.len);
	return walked(call, "cleared", false);
}
