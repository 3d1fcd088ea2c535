/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets whose next hop is being asked for (RFC 1122 2.3.2.2): the latest few of each next hop are
 * held, and sent on when it answers. If it does not, their senders are told.
 */
#include <rte_ip.h>

#include "control/hub_priv.h"
#include "dataplane/drops.h"

#define EACH    3    /* packets held for one next hop */
#define WAIT_MS 3000 /* as long as a new neighbor is asked for at full rate */

static void drop_at(struct hub_hold *hold, unsigned i)
{
	hold->n--;
	memmove(&hold->at[i], &hold->at[i + 1], (hold->n - i) * sizeof(hold->at[0]));
}

static bool is_for(const struct hub_held *e, uint16_t port, uint32_t next_hop_be)
{
	return e->port == port && e->next_hop_be == next_hop_be;
}

/* Room for one more: the oldest of this next hop goes, or the oldest of all. */
static void make_room(struct hub_hold *hold, uint16_t port, uint32_t next_hop_be)
{
	unsigned n = 0, oldest = 0;

	for (unsigned i = hold->n; i-- > 0;)
		if (is_for(&hold->at[i], port, next_hop_be)) {
			oldest = i;
			n++;
		}
	if (n < EACH && hold->n < HUB_HOLD_MAX)
		return;
	if (n < EACH)
		oldest = 0;
	rte_pktmbuf_free(hold->at[oldest].m);
	drop_at(hold, oldest);
	hold->displaced++;
}

void hub_hold_add(struct hub *h, uint16_t port, uint32_t next_hop_be,
	const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	struct rte_mbuf *m = dp_inject_alloc(h->dp);
	struct hub_hold *hold = &h->hold;

	if (m == NULL || rte_pktmbuf_tailroom(m) < len) {
		rte_pktmbuf_free(m);
		return;
	}
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), packet, len);
	make_room(hold, port, next_hop_be);
	hold->at[hold->n++] = (struct hub_held){
		.m = m,
		.info = *info,
		.port = port,
		.next_hop_be = next_hop_be,
		.until = h->now + WAIT_MS,
	};
}

void hub_hold_release(struct hub *h, uint16_t port, uint32_t next_hop_be)
{
	struct hub_hold *hold = &h->hold;

	for (unsigned i = 0; i < hold->n;) {
		const struct hub_held e = hold->at[i];

		if (!is_for(&e, port, next_hop_be)) {
			i++;
			continue;
		}
		drop_at(hold, i);
		if (dp_inject_ip4(h->dp, e.info.table, e.m) == 0) {
			hold->sent++;
			h->punts[DP_PUNT_RESOLVE].sent++;
		}
	}
}

void hub_hold_turn(struct hub *h)
{
	struct hub_hold *hold = &h->hold;

	/* They came in this order. */
	while (hold->n > 0 && hold->at[0].until <= h->now) {
		struct hub_held e = hold->at[0];

		drop_at(hold, 0);
		hold->given_up++;
		/* RFC 1812 5.2.7.1: the host does not answer ARP. */
		e.info.drop = DP_DROP_fwd_no_peer;
		hub_icmp_error(h, &e.info, rte_pktmbuf_mtod(e.m, uint8_t *), e.m->data_len);
		rte_pktmbuf_free(e.m);
	}
}

void hub_hold_destroy(struct hub *h)
{
	for (unsigned i = 0; i < h->hold.n; i++)
		rte_pktmbuf_free(h->hold.at[i].m);
	h->hold.n = 0;
}
