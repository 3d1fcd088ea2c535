/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ESP that comes before its SA. By IKEv1 charon, as responder, has keys when it has read the third
 * message of quick mode, and the spoke may send right behind that (RFC 2409 5.5). The SPI is known,
 * for the hub gave it out: what comes by it is held until there are SAs of both directions, and
 * then goes on as if it came only now.
 *
 * SPIs are given out for those alone who have proven who they are. What one can have held is
 * bounded, and a second after the first packet the SPI is nobody's again.
 */
#include <rte_ip.h>

#include "common/cursor.h"
#include "control/ike_priv.h"

#define EACH    128
#define ROOM    512
#define WAIT_MS 1000

_Static_assert(ROOM <= HUB_HOLD_MAX, "there is room");

void ike_early_init(struct hub_ike *ike)
{
	ike->early.each = EACH;
	ike->early.room = ROOM;
	ike->early.wait_ms = WAIT_MS;
}

/* What the data plane has looked at already, with its header in front. 0: it has none */
static uint32_t spi_of(const uint8_t *packet, unsigned len)
{
	struct cursor c = cursor_open(packet, len);
	unsigned header = (cursor_u8(&c) & 0xf) * 4u;
	uint8_t protocol;

	cursor_take(&c, 8);
	protocol = cursor_u8(&c);
	c = cursor_open(packet, len);
	cursor_take(&c, header + (protocol == IPPROTO_UDP ? 8 : 0));
	return cursor_u32(&c);
}

static void release(struct hub_ike *ike, uint32_t spi)
{
	struct hub_held e;

	while (hub_hold_take(&ike->early, spi, &e))
		if (dp_inject_esp(ike->hub->dp, e.info.port, e.m) == 0) {
			ike->early.sent++;
			ike->hub->punts[DP_PUNT_EARLY].sent++;
		}
}

void ike_early_release(struct hub_ike *ike, uint32_t peer)
{
	const struct dp *dp = ike->hub->dp;
	uint32_t list[DP_PEER_SAS_MAX];
	unsigned n = dp_peer_sas(dp, peer, true, list);

	/* What it asks of the hub could not be answered yet. */
	if (dp_peer_sa_out(dp, peer) == SA_NONE)
		return;
	for (unsigned i = 0; i < n; i++)
		release(ike, sa_at(dp_sa_table(dp, true), list[i])->spi);
}

void hub_ike_early(
	struct hub *h, const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	uint32_t spi = spi_of(packet, len);
	struct sa *sa;

	hub_hold_add(h->dp, &h->ike->early, h->now, spi, info, packet, len);
	/* It came while the packet was on its way here. */
	sa_lookup_burst(dp_sa_table(h->dp, true), &spi, 1, &sa);
	if (sa != NULL)
		ike_early_release(h->ike, sa->peer);
}

void ike_early_turn(struct hub_ike *ike)
{
	struct hub_held e;

	while (hub_hold_give_up(&ike->early, ike->hub->now, &e)) {
		dp_spi_forget(ike->hub->dp, (uint32_t)e.key);
		rte_pktmbuf_free(e.m);
	}
}
