/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that come and go while the capture is played: each is added with its SAs and a route, and
 * removed a while later. They are nobody's, so what the capture's own peers lose is a fault.
 */
#include "tools/replay_priv.h"

#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>

#include "crypto/suite.h"
#include "dataplane/peer.h"
#include "dataplane/route.h"

#define A_TURN     16                   /* peers that come in one turn of control */
#define NBMA       UINT32_C(0xc6120000) /* 198.18.0.0, for benchmarks (RFC 2544) */
#define LANS       UINT32_C(0xf0000000) /* where no spoke can be */
#define SPIS       UINT32_C(0x30000000)
#define SECRET_LEN 20 /* AES-128 and its salt */

static int add_sas(struct replay *r, uint32_t peer, uint32_t number, struct error *err)
{
	static const uint8_t key[SECRET_LEN] = {1};
	struct sa_params sa = {.suite = esp_suite_by_name("aes128gcm16"),
		.key = key,
		.key_len = sizeof(key),
		.spi = SPIS + number,
		.in = true,
		.window = 64};
	uint32_t index;
	int rc = dp_peer_add_sa(r->dp, peer, &sa, &index, err);

	sa.in = false;
	return rc < 0 ? rc : dp_peer_add_sa(r->dp, peer, &sa, &index, err);
}

static int come(struct replay *r, struct error *err)
{
	struct replay_churn *c = &r->churn;
	struct replay_guest *g = &c->guests[c->came % REPLAY_GUESTS];
	struct dp_peer_params p = {.nbma_be = rte_cpu_to_be_32(NBMA + c->came % 0x10000)};
	int rc = dp_peer_add(r->dp, &p, &g->peer, err);

	if (rc < 0)
		return rc;
	g->lan_be = rte_cpu_to_be_32(LANS + c->came);
	rc = add_sas(r, g->peer, c->came, err);
	if (rc == 0)
		rc = dp_route_add(
			r->dp, DP_TABLE_OVERLAY, g->lan_be, 32, DP_ADJ(DP_ADJ_PEER, g->peer));
	if (rc < 0)
		dp_peer_del(r->dp, g->peer);
	else
		c->came++;
	return rc;
}

static void go(struct replay *r)
{
	struct replay_churn *c = &r->churn;
	struct replay_guest *g = &c->guests[c->gone++ % REPLAY_GUESTS];

	dp_route_del(r->dp, DP_TABLE_OVERLAY, g->lan_be, 32);
	dp_peer_del(r->dp, g->peer);
}

void replay_churn_turn(struct replay *r)
{
	struct replay_churn *c = &r->churn;
	struct error err;

	for (unsigned i = 0; i < A_TURN && c->gone < r->opt.churn; i++) {
		if (c->came - c->gone == REPLAY_GUESTS || c->came == r->opt.churn)
			go(r);
		/* Places of those who went are free a little later. */
		if (c->came < r->opt.churn && come(r, &err) < 0)
			break;
	}
	dp_reclaim(r->dp);
}

int replay_churn_check(const struct replay *r, struct error *err)
{
	if (r->churn.gone >= r->opt.churn)
		return 0;
	return error_set(err, EAGAIN,
		"only %u of %u peers came and went while the capture was played: give more --loops",
		r->churn.gone, r->opt.churn);
}
