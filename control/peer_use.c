/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether peers work, and what they send. */
#include "control/hub_priv.h"

#define SAMPLE_MS 5000 /* each peer is looked at once in this time */
#define LATELY_MS 30000
#define FEW       32

static const char *const state_names[HUB_PEER_STATES] = {
	[HUB_PEER_UP] = "up",
	[HUB_PEER_PENDING] = "pending",
	[HUB_PEER_NO_SA] = "no-sa",
	[HUB_PEER_NO_NEIGHBOR] = "no-arp",
};

const char *hub_peer_state_name(enum hub_peer_state state)
{
	return state_names[state];
}

enum hub_peer_state hub_peer_state(const struct hub *h, const struct hub_peer *p)
{
	uint32_t list[DP_PEER_SAS_MAX];

	if (dp_peer_sas(h->dp, p->dp, true, list) == 0 || dp_peer_sa_out(h->dp, p->dp) == SA_NONE)
		return HUB_PEER_NO_SA;
	if (p->address_be == 0)
		return HUB_PEER_PENDING;
	if (p->next_hop == HUB_NONE || !h->neighbors.at[p->next_hop].known)
		return HUB_PEER_NO_NEIGHBOR;
	return HUB_PEER_UP;
}

uint64_t hub_sa_packets(const struct hub *h, bool in, uint32_t index)
{
	const struct sa *sa = sa_at(dp_sa_table(h->dp, in), index);

	return __atomic_load_n(&sa->hot.packets, __ATOMIC_RELAXED);
}

static uint64_t sum(const struct hub *h, const struct hub_peer *p, bool in)
{
	uint32_t list[DP_PEER_SAS_MAX];
	unsigned n = dp_peer_sas(h->dp, p->dp, in, list);
	uint64_t packets = 0;

	for (unsigned i = 0; i < n; i++)
		packets += hub_sa_packets(h, in, list[i]);
	return packets;
}

void hub_peer_packets(const struct hub *h, const struct hub_peer *p, uint64_t *rx, uint64_t *tx)
{
	*rx = p->gone_rx + sum(h, p, true);
	*tx = p->gone_tx + sum(h, p, false);
}

static void sample(struct hub *h, struct hub_peer *p)
{
	uint64_t rx, tx;

	hub_peer_packets(h, p, &rx, &tx);
	if (rx + tx != p->packets) {
		p->was_used = true;
		p->used_at = h->now;
	}
	p->packets = rx + tx;
	hub_path_mtu_age(h, p);
}

void hub_peers_sample(struct hub *h)
{
	/* Each place has its turn in time, and a few more than that. */
	uint64_t share = h->peers_room * (h->now - h->sampled_at) / SAMPLE_MS + FEW;
	unsigned n = (unsigned)RTE_MIN(share, (uint64_t)h->peers_room);

	h->sampled_at = h->now;
	for (unsigned i = 0; i < n && h->n_peers > 0; i++) {
		struct hub_peer *p = &h->peers[h->sampled++ % h->peers_room];

		if (p->used)
			sample(h, p);
	}
}

bool hub_peer_used_lately(const struct hub *h, const struct hub_peer *p)
{
	return p->was_used && h->now - p->used_at < LATELY_MS;
}
