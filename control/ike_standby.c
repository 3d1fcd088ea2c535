/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When the outbound SA of a renewed pair takes over. charon may have it before the spoke can read
 * it: the last message of the exchange, or the answer to it, is still on its way. Until the spoke
 * is heard on the new pair, or deletes the old one, the old one is used; but not for long, since a
 * spoke may have nothing to say. A spoke that begins anew has lost its old SAs: no wait for it.
 *
 * When charon renews by IKEv1 it takes the old outbound SA away before it sends the third message
 * of quick mode (RFC 2409 5.5), without which the spoke has no new one. So then it stays for as
 * long. What the spoke deletes goes at once: by IKEv1 the inbound SA goes with it.
 */
#include "control/ike_priv.h"

#define LOOK_MS 10
#define WAIT_MS 3000 /* a lost message was sent again by then */

bool ike_standby_wanted(
	const struct hub_ike *ike, const struct hub_peer *p, const struct ike_sa_add *a)
{
	uint32_t in_use = dp_peer_sa_out(ike->hub->dp, p->dp);
	const struct hub_esp_sa *old;

	/* What is listed after a hub's restart is there on both sides. */
	if (a->in || in_use == SA_NONE || ike->restored)
		return false;
	old = ike_esp_of(ike, p, false, in_use);
	return old != NULL && !old->orphan && old->ike_sa == a->ike_sa;
}

void ike_standby_begin(struct hub_ike *ike, struct hub_esp_sa *esp)
{
	esp->wait_until = ike->hub->now + WAIT_MS;
	timer_start(&ike->standby, &esp->standby, ike->hub->now + LOOK_MS);
}

static struct hub_esp_sa *mate_of(const struct hub_ike *ike, const struct hub_esp_sa *esp)
{
	const struct hub_peer *p = &ike->hub->peers[esp->peer];
	uint32_t local_be = ike->hub->tunnels[p->tunnel].config->nbma.v4_be;

	return esp->mate == 0 ? NULL
			      : ike_esp_find(ike, esp->mate, esp->in ? p->nbma_be : local_be);
}

static bool mate_was_heard(const struct hub_ike *ike, const struct hub_esp_sa *esp)
{
	const struct hub_esp_sa *in = mate_of(ike, esp);

	return in != NULL && in->in && ike_esp_packets(ike, in) > 0;
}

/* Is another one used, and is it older? The peer's list is in the order of coming. */
static bool is_next(
	const struct hub_ike *ike, const struct hub_peer *p, const struct hub_esp_sa *esp)
{
	uint32_t list[DP_PEER_SAS_MAX], in_use = dp_peer_sa_out(ike->hub->dp, p->dp);
	unsigned n = dp_peer_sas(ike->hub->dp, p->dp, false, list);

	for (unsigned i = 0; i < n && list[i] != esp->index; i++)
		if (list[i] == in_use)
			return true;
	return false;
}

bool ike_standby_keep(struct hub_ike *ike, struct hub_esp_sa *esp)
{
	const struct hub_ike_sa *s = ike_find(ike, esp->ike_sa);
	struct hub_esp_sa *mate = mate_of(ike, esp);
	uint32_t list[DP_PEER_SAS_MAX];

	if (esp->in && mate != NULL && mate->last)
		ike_esp_del(ike, mate);
	if (esp->in || esp->last || mate == NULL || s == NULL || s->info.version != 1 ||
		dp_peer_sa_out(ike->hub->dp, esp->peer) != esp->index ||
		dp_peer_sas(ike->hub->dp, esp->peer, false, list) < 2)
		return false;
	esp->last = true;
	timer_start(&ike->standby, &esp->standby, ike->hub->now + WAIT_MS);
	return true;
}

void ike_standby_turn(struct hub_ike *ike)
{
	struct hub *h = ike->hub;
	struct timer *t;

	while ((t = timers_take_due(&ike->standby, h->now)) != NULL) {
		struct hub_esp_sa *esp = timer_owner(t, struct hub_esp_sa, standby);
		struct hub_peer *p = &h->peers[esp->peer];

		if (esp->last)
			ike_esp_del(ike, esp);
		else if (!is_next(ike, p, esp))
			continue; /* it was overtaken, or nothing is left to wait for */
		else if (h->now >= esp->wait_until || mate_was_heard(ike, esp))
			hub_peer_use_sa(h, p, esp->index);
		else
			timer_start(&ike->standby, t, h->now + LOOK_MS);
	}
}
