/* SPDX-License-Identifier: BSD-3-Clause */
/* IKE: who proved what, counters, and commands that end or renew SAs. Keys are never read here. */
#include <stdlib.h>
#include <string.h>

#include "control/cli_priv.h"
#include "control/ike_priv.h"

static const struct cli_column columns[] = {
	{"Id", "id", 6, NULL},
	{"Version", "version", 8, NULL},
	{"Remote", "remote", 22, NULL},
	{"Auth", "auth", 12, NULL},
	{"SAs", "sas", 4, NULL},
	{"Age", "age", 8, NULL},
	{"Rekey-in", "rekey_in", 9, NULL},
	{"Identity", "identity", 0, NULL},
};

static const struct cli_column detail[] = {
	{"Id", "id", 6, NULL},
	{"Version", "version", 8, NULL},
	{"Local", "local", 22, NULL},
	{"Remote", "remote", 22, NULL},
	{"Auth", "auth", 12, NULL},
	{"NAT", "nat", 4, NULL},
	{"SAs", "sas", 4, NULL},
	{"Age", "age", 8, NULL},
	{"Rekey-in", "rekey_in", 9, NULL},
	{"Identity", "identity", 32, NULL},
	{"Proposal", "proposal", 0, NULL},
};

static const char *const auths[IKE_AUTHS] = {
	[IKE_AUTH_NONE] = "none",
	[IKE_AUTH_CERTIFICATE] = "certificate",
	[IKE_AUTH_KEY_OWN] = "own key",
	[IKE_AUTH_KEY_PREFIX] = "prefix key",
	[IKE_AUTH_KEY_ANYBODY] = "shared key",
};

static int no_ike(struct cli_call *call)
{
	return cli_fail(call, "not-found", "ike",
		"IKE is not configured: there is no ike = { } in the configuration");
}

static json_t *row(const struct hub_ike *ike, const struct hub_ike_sa *s, unsigned sas)
{
	const struct ike_ike_sa *i = &s->info;
	uint64_t passed = (ike->hub->now - s->since) / 1000;
	char local[IP_ADDR_STRLEN + 8], remote[IP_ADDR_STRLEN + 8];

	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:b, s:i, s:I, s:o, s:s, s:s}", "id",
		(json_int_t)i->ike_sa, "version",
		i->version == 2 ? "v2"
		: i->aggressive ? "v1 aggr"
				: "v1 main",
		"local", ike_endpoint_str(&i->local, local, sizeof(local)), "remote",
		ike_endpoint_str(&i->remote, remote, sizeof(remote)), "auth", auths[i->auth], "nat",
		(int)i->nat, "sas", (int)sas, "age", (json_int_t)(i->age + passed), "rekey_in",
		i->rekey == 0 ? json_null() : cli_u64(i->rekey > passed ? i->rekey - passed : 0),
		"identity", i->identity, "proposal", i->proposal);
}

/* IKE SAs with how many SAs each has, in the order of their numbers. */
struct listed {
	uint32_t id;
	unsigned sas;
};

static int by_id(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int snapshot(struct cli_call *call, const struct hub_ike *ike)
{
	unsigned n = HASH_COUNT(ike->ikes), i = 0;
	struct listed *list = calloc(n + 1, sizeof(*list)), *found;
	const struct hub_esp_sa *esp;

	if (list == NULL)
		return cli_fail(call, "failed", NULL, "Out of memory");
	for (const struct hub_ike_sa *s = ike->ikes; s != NULL; s = s->hh.next)
		list[i++].id = s->id;
	qsort(list, n, sizeof(*list), by_id);
	TAILQ_FOREACH (esp, &ike->slice, slice) {
		const struct listed key = {.id = esp->ike_sa};

		found = esp->orphan ? NULL : bsearch(&key, list, n, sizeof(*list), by_id);
		if (found != NULL)
			found->sas++;
	}
	call->state = list;
	call->n_state = n;
	return 0;
}

/* call->at is the next one of the list. */
int cli_show_ike_sa(struct cli_call *call)
{
	const struct hub_ike *ike = call->cli->hub->ike;
	const struct listed *list;

	if (ike == NULL)
		return no_ike(call);
	if (call->state == NULL) {
		if (snapshot(call, ike) < 0)
			return -1;
		if (call->option[0] != '\0')
			CLI_TABLE(call, detail);
		else
			CLI_TABLE(call, columns);
	}
	list = call->state;
	for (unsigned n = 0; n < CLI_STEP_ROWS && call->at < call->n_state; n++, call->at++) {
		const struct hub_ike_sa *s = ike_find(ike, list[call->at].id);

		if (s != NULL)
			cli_row(call, row(ike, s, list[call->at].sas));
	}
	return call->at < call->n_state ? CLI_MORE : CLI_DONE;
}

static void counter(struct cli_call *call, const char *name, uint64_t value, const char *means)
{
	cli_row(call, json_pack("{s:s, s:o, s:s}", "name", name, "value", cli_u64(value), "means",
			      means));
}

int cli_show_ike_stats(struct cli_call *call)
{
	static const struct cli_column stats[] = {{"Counter", "name", 18, NULL},
		{"Value", "value", 12, NULL}, {"", "means", 0, NULL}};
	const struct hub_ike *ike = call->cli->hub->ike;

	if (ike == NULL)
		return no_ike(call);
	CLI_TABLE(call, stats);
	counter(call, "connected", ike_connected(ike), "1: charon is there");
	counter(call, "starts", ike->stats.starts, "times charon was started");
	counter(call, "connections", ike->stats.connections, "times charon has come");
	counter(call, "strangers", ike->stats.strangers, "refused on charon's sockets");
	counter(call, "ike_sas", ike->theirs.ike_sas, "IKE SAs, half open ones too");
	counter(call, "half_open", ike->theirs.half_open, "of them not yet authenticated");
	counter(call, "esp_sas", HASH_COUNT(ike->esps), "SAs, each direction");
	counter(call, "sas_added", ike->stats.sas_added, "");
	counter(call, "sas_refused", ike->stats.sas_refused, "which the hub could not have");
	counter(call, "sas_expired", ike->stats.sas_expired, "that nobody renewed in time");
	counter(call, "early_sent", ike->early.sent, "ESP that was held until its SA was there");
	counter(call, "early_given_up", ike->early.given_up, "ESP whose SA did not come in time");
	counter(call, "early_displaced", ike->early.displaced, "ESP that made room for more of it");
	counter(call, "datagrams_in", ike->stats.datagrams_in, "to charon");
	counter(call, "dropped_in", ike->stats.dropped_in,
		"charon was not there, or did not keep up");
	counter(call, "datagrams_out", ike->stats.datagrams_out, "from charon");
	counter(call, "refused_out", ike->stats.refused_out,
		"not from an outer address of the hub, or no buffers");
	counter(call, "dropped_out", ike->theirs.dropped_out, "the hub did not keep up");
	counter(call, "auth_failed", ike->theirs.auth_failed, "wrong key or unknown identity");
	counter(call, "no_proposal", ike->theirs.no_proposal, "no algorithms in common");
	counter(call, "malformed", ike->theirs.malformed, "also what another key encrypted");
	counter(call, "unknown_spi", ike->theirs.refused_spis, "of IKE SAs that are not there");
	counter(call, "retransmits", ike->theirs.retransmits, "sent and heard");
	counter(call, "dead", ike->theirs.dead, "peers that did not answer any more");
	return CLI_DONE;
}

/* --- ending and renewing ---------------------------------------------------------------------- */

/* charon is there, and the peer if one is named. @return 0 or -1 */
static int check_peer(struct cli_call *call, const struct hub_peer **p)
{
	const struct hub *h = call->cli->hub;
	char text[IP_ADDR_STRLEN];

	*p = NULL;
	if (h->ike == NULL)
		return no_ike(call);
	if (!ike_connected(h->ike))
		return cli_fail(call, "failed", NULL, "charon is not there; try again later");
	if (!call->has_ip)
		return 0;
	*p = hub_peer_find(h, &call->ip);
	if (*p == NULL)
		return cli_fail(call, "not-found", ip_addr_str(&call->ip, text),
			"No peer has the tunnel address %s", ip_addr_str(&call->ip, text));
	return 0;
}

int cli_clear_ipsec_sa(struct cli_call *call)
{
	struct hub_ike *ike = call->cli->hub->ike;
	struct hub_esp_sa *esp, *next;
	const struct hub_peer *p;
	unsigned n = 0;

	if (check_peer(call, &p) < 0)
		return -1;
	for (esp = TAILQ_FIRST(&ike->slice); esp != NULL; esp = next) {
		next = TAILQ_NEXT(esp, slice);
		if (p != NULL && esp->peer != p->dp)
			continue;
		n++;
		/* charon tells the peer, and takes both directions away. */
		if (esp->orphan)
			ike_esp_del(ike, esp);
		else if (esp->in)
			ike_say_expire(ike, esp, true);
	}
	cli_text(call, "Ending %u SAs\n", n);
	return CLI_DONE;
}

/* The outbound SA in use of the peer that the command names. @return NULL: the command has failed
 */
static const struct hub_esp_sa *esp_in_use(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	const struct hub_esp_sa *esp = NULL;
	const struct hub_peer *p;
	char text[IP_ADDR_STRLEN];
	uint32_t out;

	if (check_peer(call, &p) < 0)
		return NULL;
	out = dp_peer_sa_out(h->dp, p->dp);
	if (out != SA_NONE)
		esp = ike_esp_of(h->ike, p, false, out);
	if (esp != NULL && !esp->orphan)
		return esp;
	cli_fail(call, "not-found", ip_addr_str(&call->ip, text),
		"Peer %s has no SA of this charon", ip_addr_str(&call->ip, text));
	return NULL;
}

int cli_rekey_ipsec_sa(struct cli_call *call)
{
	const struct hub_esp_sa *esp = esp_in_use(call);

	if (esp == NULL)
		return -1;
	ike_say_expire(call->cli->hub->ike, esp, false);
	cli_text(call, "Renewing SA 0x%08x\n", esp->key.spi);
	return CLI_DONE;
}

static void say_action(struct hub_ike *ike, uint32_t ike_sa, enum ike_do what)
{
	const struct ike_msg m = {
		.type = IKE_MSG_IKE_ACTION,
		.action = {.ike_sa = ike_sa, .what = (uint8_t)what},
	};

	ike_say(ike, &m);
}

int cli_rekey_ike_sa(struct cli_call *call)
{
	const struct hub_esp_sa *esp = esp_in_use(call);

	if (esp == NULL)
		return -1;
	say_action(call->cli->hub->ike, esp->ike_sa, IKE_DO_REKEY);
	cli_text(call, "Renewing IKE SA %u\n", esp->ike_sa);
	return CLI_DONE;
}

/* All there are, or that of a peer: charon tells whoever it is with. */
int cli_clear_ike_sa(struct cli_call *call)
{
	struct hub_ike *ike = call->cli->hub->ike;
	const struct hub_esp_sa *esp;
	const struct hub_peer *p;

	if (!call->has_ip && check_peer(call, &p) < 0)
		return -1;
	if (call->has_ip) {
		esp = esp_in_use(call);
		if (esp == NULL)
			return -1;
		say_action(ike, esp->ike_sa, IKE_DO_DELETE);
		cli_text(call, "Ending IKE SA %u\n", esp->ike_sa);
		return CLI_DONE;
	}
	for (const struct hub_ike_sa *s = ike->ikes; s != NULL; s = s->hh.next)
		say_action(ike, s->id, IKE_DO_DELETE);
	cli_text(call, "Ending %u IKE SAs\n", HASH_COUNT(ike->ikes));
	return CLI_DONE;
}
