/* SPDX-License-Identifier: BSD-3-Clause */
/* Security associations. Keys are never read here. */
#include <stdio.h>

#include "control/cli_priv.h"
#include "control/ike_priv.h"

static const struct cli_column columns[] = {
	{"Dir", "direction", 4, NULL},
	{"SPI", "spi", 11, NULL},
	{"Suite", "suite", 17, NULL},
	{"Mode", "mode", 10, NULL},
	{"Seq", "sequence", 13, NULL},
	{"Packets", "packets", 9, NULL},
	{"Bytes", "bytes", 9, NULL},
	{"Errors", "errors", 7, NULL},
	{"Soft-left", "soft_left", 10, NULL},
	{"State", "state", 8, NULL},
	{"Peer", "peer", 0, NULL},
};

static uint64_t load64(const uint64_t *v)
{
	return __atomic_load_n(v, __ATOMIC_RELAXED);
}

static uint32_t load32(const uint32_t *v)
{
	return __atomic_load_n(v, __ATOMIC_RELAXED);
}

/* Seconds until a timer of an SA's lifetime is due; null: never. */
static json_t *left(const struct hub *h, const struct timer *t)
{
	if (t == NULL || !t->running)
		return json_null();
	return cli_u64(t->due > h->now ? (t->due - h->now) / 1000 : 0);
}

static json_t *row(const struct hub *h, const struct hub_peer *p, bool in, uint32_t index)
{
	const struct sa *sa = sa_at(dp_sa_table(h->dp, in), index);
	const struct sa_hot *hot = &sa->hot;
	uint32_t auth = load32(&hot->auth_errors), replay = load32(&hot->replay_errors);
	uint32_t other = load32(&hot->other_errors);
	const struct hub_esp_sa *esp = h->ike == NULL ? NULL : ike_esp_of(h->ike, p, in, index);
	/* All inbound ones are good; of the outbound ones one is used. */
	bool current = in || dp_peer_sa_out(h->dp, p->dp) == index;
	bool next = !current && esp != NULL && esp->standby.running;
	char spi[16];

	snprintf(spi, sizeof(spi), "0x%08x", sa->spi);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:s, "
			 "s:i, s:b, s:s, s:s?, s:I, s:o}",
		"direction", in ? "in" : "out", "spi", spi, "suite", esp_suite_at(sa->suite)->name,
		"mode", sa->tunnel ? "tunnel" : "transp", "sequence", cli_u64(load64(&hot->seq)),
		"packets", cli_u64(load64(&hot->packets)), "bytes", cli_u64(load64(&hot->bytes)),
		"errors", (json_int_t)auth + replay + other, "auth_errors", (json_int_t)auth,
		"replay_errors", (json_int_t)replay, "other_errors", (json_int_t)other, "soft_left",
		left(h, esp == NULL ? NULL : &esp->soft), "hard_left",
		left(h, esp == NULL ? NULL : &esp->hard), "state",
		current ? "current"
		: next  ? "next"
			: "old",
		"window", (int)(in ? hot->window_size : 0), "esn", (int)sa->esn, "keys",
		esp == NULL   ? "manual"
		: esp->orphan ? "orphan"
			      : "ike",
		"identity", p->identity, "sequence_kept",
		esp == NULL ? (json_int_t)0 : (json_int_t)esp->seq_said, "peer", cli_peer(p));
}

static void show_peer(struct cli_call *call, const struct hub_peer *p)
{
	const struct hub *h = call->cli->hub;
	uint32_t sa[DP_PEER_SAS_MAX];
	unsigned n = dp_peer_sas(h->dp, p->dp, true, sa);

	for (unsigned i = 0; i < n; i++)
		cli_row(call, row(h, p, true, sa[i]));
	n = dp_peer_sas(h->dp, p->dp, false, sa);
	for (unsigned i = 0; i < n; i++)
		cli_row(call, row(h, p, false, sa[i]));
}

/* call->at is the next peer's place. */
int cli_show_ipsec_sa(struct cli_call *call)
{
	const struct hub *h = call->cli->hub;
	const struct hub_peer *p;
	char text[IP_ADDR_STRLEN];

	if (call->has_ip) {
		p = hub_peer_find(h, &call->ip);
		if (p == NULL)
			return cli_fail(call, "not-found", ip_addr_str(&call->ip, text),
				"No peer has the tunnel address %s", ip_addr_str(&call->ip, text));
		CLI_TABLE(call, columns);
		show_peer(call, p);
		return CLI_DONE;
	}
	if (call->at == 0)
		CLI_TABLE(call, columns);
	for (unsigned n = 0, looks = 0;
		n < CLI_STEP_ROWS / 2 && looks < CLI_STEP_LOOKS && call->at < h->peers_room;
		looks++) {
		p = &h->peers[call->at++];
		if (!p->used)
			continue;
		show_peer(call, p);
		n++;
	}
	return call->at < h->peers_room ? CLI_MORE : CLI_DONE;
}
