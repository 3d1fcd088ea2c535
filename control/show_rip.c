/* SPDX-License-Identifier: BSD-3-Clause */
/* RIP: routes, neighbors, and how it runs. */
#include "control/cli_priv.h"
#include "control/rip_hub_priv.h"

#define SECOND 1000

static const char *iface_name(const struct hub_rip *rip, uint32_t iface)
{
	const struct rip_iface_params *p = rip_iface_params(rip->engine, iface);

	return p == NULL ? NULL : p->name;
}

static json_t *seconds_until(const struct hub *h, uint64_t due)
{
	return cli_u64(due > h->now ? (due - h->now) / SECOND : 0);
}

/* One way to a network; hop < n_hops, or 0 for a route without. */
static json_t *route_row(const struct hub_rip *rip, const struct rip_route_view *v, unsigned hop)
{
	const struct rip_hop *p =
		v->source == RIP_SOURCE_RIP && hop < v->n_hops ? &v->hops[hop] : NULL;
	bool lost = v->metric == RIP_INFINITY;
	const char *iface = p == NULL ? NULL : iface_name(rip, p->iface);

	return json_pack("{s:o, s:s, s:o, s:o, s:s?, s:i, s:i, s:o, s:b}", "prefix",
		cli_prefix(v->prefix.addr_be, v->prefix.len), "source", rip_source_name(v->source),
		"via", p ? cli_addr_be(p->via_be) : json_null(), "from",
		p                              ? cli_addr_be(p->from_be)
		: lost && v->lost_from_be != 0 ? cli_addr_be(v->lost_from_be)
					       : json_null(),
		"interface", iface, "metric", (int)v->metric, "tag", (int)v->tag, "expires",
		p      ? seconds_until(rip->hub, p->expires)
		: lost ? seconds_until(rip->hub, v->expires)
		       : json_null(),
		"lost", lost);
}

/* call->state is the network that was shown last: routes come and go meanwhile. */
static int show_routes(struct cli_call *call, const struct hub_rip *rip)
{
	static const struct cli_column columns[] = {
		{"Prefix", "prefix", 19, NULL},
		{"Source", "source", 10, NULL},
		{"Via", "via", 16, NULL},
		{"From", "from", 16, NULL},
		{"Interface", "interface", 12, NULL},
		{"Metric", "metric", 7, NULL},
		{"Tag", "tag", 6, NULL},
		{"Expires", "expires", 0, NULL},
	};
	struct rip_prefix *at = call->state;
	struct rip_route_view v;

	if (call->at == 0)
		CLI_TABLE(call, columns);
	for (unsigned n = 0; n < CLI_STEP_ROWS; n++) {
		if (!rip_route_after(rip->engine, at, &v))
			return CLI_DONE;
		if (at == NULL)
			at = call->state = malloc(sizeof(*at));
		if (at == NULL)
			return cli_fail(call, "no-memory", "routes", "Out of memory");
		*at = v.prefix;
		for (unsigned hop = 0; hop == 0 || (v.source == RIP_SOURCE_RIP && hop < v.n_hops);
			hop++)
			cli_row(call, route_row(rip, &v, hop));
		call->at++;
	}
	return CLI_MORE;
}

static json_t *refusals(const struct rip_stats *s)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < RIP_REFUSED_COUNT; i++)
		if (s->refused[i] != 0)
			json_object_set_new(
				o, rip_refusal_name((enum rip_refusal)i), cli_u64(s->refused[i]));
	return o;
}

static uint64_t refused(const struct rip_stats *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < RIP_REFUSED_COUNT; i++)
		n += s->refused[i];
	return n;
}

struct peers {
	struct rip_peer_view *at;
	unsigned n, room;
};

static void take_peer(void *ctx, const struct rip_peer_view *v)
{
	struct peers *p = ctx;

	if (p->n < p->room)
		p->at[p->n++] = *v;
}

static int by_address(const void *a, const void *b)
{
	const struct rip_peer_view *x = a, *y = b;
	uint32_t m = rte_be_to_cpu_32(x->addr_be), n = rte_be_to_cpu_32(y->addr_be);

	return m < n ? -1 : m > n;
}

static int snapshot_peers(struct cli_call *call, const struct hub_rip *rip)
{
	struct peers p = {.room = rip_totals(rip->engine).peers};

	p.at = calloc(p.room + 1, sizeof(*p.at));
	if (p.at == NULL)
		return cli_fail(call, "no-memory", "neighbors", "Out of memory");
	rip_peers_each(rip->engine, take_peer, &p);
	qsort(p.at, p.n, sizeof(*p.at), by_address);
	call->state = p.at;
	call->n_state = p.n;
	return 0;
}

static json_t *peer_row(const struct hub_rip *rip, const struct rip_peer_view *v)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "neighbor",
		cli_addr_be(v->addr_be), "interface", iface_name(rip, v->iface), "version",
		v->version ? json_integer(v->version) : json_null(), "heard",
		v->version ? cli_u64((rip->hub->now - v->heard) / SECOND) : json_null(), "routes",
		(int)v->n_routes, "responses", cli_u64(v->stats.responses), "requests",
		cli_u64(v->stats.requests), "sent", cli_u64(v->stats.sent), "refused",
		cli_u64(refused(&v->stats)), "refusals", refusals(&v->stats), "configured",
		(int)v->configured, "up", (int)v->up);
}

static int show_neighbors(struct cli_call *call, const struct hub_rip *rip)
{
	static const struct cli_column columns[] = {
		{"Neighbor", "neighbor", 16, NULL},
		{"Interface", "interface", 12, NULL},
		{"Version", "version", 8, NULL},
		{"Heard", "heard", 6, NULL},
		{"Routes", "routes", 7, NULL},
		{"Responses", "responses", 10, NULL},
		{"Requests", "requests", 9, NULL},
		{"Refused", "refused", 0, NULL},
	};

	if (call->at == 0) {
		if (snapshot_peers(call, rip) < 0)
			return -1;
		CLI_TABLE(call, columns);
	}
	for (unsigned n = 0; n < CLI_STEP_ROWS && call->at < call->n_state; n++, call->at++)
		cli_row(call, peer_row(rip, &((struct rip_peer_view *)call->state)[call->at]));
	return call->at < call->n_state ? CLI_MORE : CLI_DONE;
}

static json_t *iface_row(const struct hub_rip *rip, uint32_t i)
{
	const struct rip_iface_params *p = rip_iface_params(rip->engine, i);
	const struct rip_stats *s = rip_iface_stats(rip->engine, i);

	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "interface",
		p->name, "split_horizon", rip_split_horizon_name(p->split_horizon), "passive",
		(int)p->passive, "next_hop", p->next_hop_self ? "self" : "kept", "authentication",
		p->auth.n_keys == 0 ? "none" : rip_algorithm_name(p->auth.keys[0].algorithm),
		"responses", cli_u64(s->responses), "requests", cli_u64(s->requests), "sent",
		cli_u64(s->sent), "send_failed", cli_u64(s->send_failed), "refused",
		cli_u64(refused(s)), "refusals", refusals(s));
}

/* "timers: update 30 s, timeout 180 s, ..."; and why something was refused, in words. */
static void text_status(struct cli_call *call, const struct hub_rip *rip)
{
	const struct config_rip *c = rip->hub->config->rip;
	struct rip_totals t = rip_totals(rip->engine);

	cli_text(call,
		"Timers: update %u s, timeout %u s, garbage %u s, holddown %u s; distance %u\n"
		"%u of at most %u routes, %u ways by neighbors, %u neighbors, %zu octets\n",
		c->update, c->timeout, c->garbage, c->holddown, c->distance, t.routes,
		c->max_routes, t.paths, t.peers, t.octets);
	for (uint32_t i = 0; i < rip->n_ifaces; i++) {
		const struct rip_stats *s = rip_iface_stats(rip->engine, i);

		for (unsigned k = 0; k < RIP_REFUSED_COUNT; k++)
			if (s->refused[k] != 0)
				cli_text(call, "%s: refused %" PRIu64 " %s: %s\n",
					iface_name(rip, i), s->refused[k],
					rip_refusal_name((enum rip_refusal)k),
					rip_refusal_text((enum rip_refusal)k));
	}
	if (rip->malformed + rip->checksum != 0)
		cli_text(call,
			"%" PRIu64 " packets were none of RIP's, %" PRIu64
			" had a wrong checksum\n",
			rip->malformed, rip->checksum);
}

static int show_status(struct cli_call *call, const struct hub_rip *rip)
{
	static const struct cli_column columns[] = {
		{"Interface", "interface", 12, NULL},
		{"Horizon", "split_horizon", 9, NULL},
		{"Passive", "passive", 8, NULL},
		{"Next hop", "next_hop", 9, NULL},
		{"Authentication", "authentication", 15, NULL},
		{"Responses", "responses", 10, NULL},
		{"Requests", "requests", 9, NULL},
		{"Sent", "sent", 9, NULL},
		{"Refused", "refused", 0, NULL},
	};

	text_status(call, rip);
	CLI_TABLE(call, columns);
	for (uint32_t i = 0; i < rip->n_ifaces; i++)
		cli_row(call, iface_row(rip, i));
	return CLI_DONE;
}

static int not_running(struct cli_call *call)
{
	if (call->json)
		cli_table(call, NULL, 0);
	cli_text(call, "RIP does not run: the configuration has no `rip = { ... }`\n");
	return CLI_DONE;
}

int cli_show_rip(struct cli_call *call)
{
	const struct hub_rip *rip = call->cli->hub->rip;

	if (rip == NULL)
		return not_running(call);
	if (strcmp(call->option, "neighbors") == 0)
		return show_neighbors(call, rip);
	if (strcmp(call->option, "status") == 0)
		return show_status(call, rip);
	return show_routes(call, rip);
}

int cli_clear_rip(struct cli_call *call)
{
	struct hub_rip *rip = call->cli->hub->rip;

	if (rip != NULL)
		rip_clear(rip->engine);
	else
		cli_text(call, "RIP does not run\n");
	return CLI_DONE;
}
