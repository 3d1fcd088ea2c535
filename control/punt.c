/* SPDX-License-Identifier: BSD-3-Clause */
/* What the data plane hands over, by class. */
#include "control/hub_priv.h"

/* Of one class in one turn: a millisecond's worth of what its meter lets through, and more. */
#define BURST 64

typedef void (*handler_fn)(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *data, unsigned len);

/* Classes without a handler are counted. */
static const handler_fn handlers[DP_PUNT_COUNT] = {
	[DP_PUNT_ARP] = hub_arp_receive,
	[DP_PUNT_OUTER_HOST] = hub_tap_deliver,
	[DP_PUNT_HOST] = hub_tap_deliver,
	[DP_PUNT_IKE] = hub_ike_datagram,
	[DP_PUNT_EARLY] = hub_ike_early,
	[DP_PUNT_ICMP] = hub_icmp_receive,
	[DP_PUNT_RIP] = hub_rip_receive,
	[DP_PUNT_NHRP] = hub_nhrp_receive,
	[DP_PUNT_ERROR] = hub_icmp_error,
	[DP_PUNT_RESOLVE] = hub_neighbor_resolve,
	[DP_PUNT_MOVED] = hub_peer_moved,
	[DP_PUNT_REDIRECT] = hub_nhrp_hint,
};

unsigned hub_punt_turn(struct hub *h)
{
	struct rte_mbuf *m[BURST];
	unsigned total = 0, n;

	for (unsigned class = 0; class < DP_PUNT_COUNT; class ++) {
		n = dp_punt_receive(h->dp, class, m, BURST);
		for (unsigned i = 0; i < n && handlers[class] != NULL; i++)
			handlers[class](h, dp_punt_info(m[i]), rte_pktmbuf_mtod(m[i], uint8_t *),
				m[i]->data_len);
		rte_pktmbuf_free_bulk(m, n);
		h->punts[class].taken += n;
		total += n;
	}
	return total;
}
