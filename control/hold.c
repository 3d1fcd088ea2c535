/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "control/hold_priv.h"

static struct hub_held take_at(struct hub_hold *hold, unsigned i)
{
	const struct hub_held e = hold->at[i];

	hold->n--;
	memmove(&hold->at[i], &hold->at[i + 1], (hold->n - i) * sizeof(hold->at[0]));
	return e;
}

static void make_room(struct hub_hold *hold, uint64_t key)
{
	unsigned n = 0, oldest = 0;

	for (unsigned i = hold->n; i-- > 0;)
		if (hold->at[i].key == key) {
			oldest = i;
			n++;
		}
	if (n < hold->each && hold->n < hold->room)
		return;
	if (n < hold->each)
		oldest = 0;
	rte_pktmbuf_free(take_at(hold, oldest).m);
	hold->displaced++;
}

void hub_hold_add(struct dp *dp, struct hub_hold *hold, uint64_t now, uint64_t key,
	const struct dp_punt_info *info, const uint8_t *packet, unsigned len)
{
	struct rte_mbuf *m = dp_inject_alloc(dp);

	if (m == NULL || rte_pktmbuf_tailroom(m) < len) {
		rte_pktmbuf_free(m);
		return;
	}
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), packet, len);
	make_room(hold, key);
	hold->at[hold->n++] = (struct hub_held){
		.m = m,
		.info = *info,
		.key = key,
		.until = now + hold->wait_ms,
	};
}

bool hub_hold_take(struct hub_hold *hold, uint64_t key, struct hub_held *out)
{
	for (unsigned i = 0; i < hold->n; i++)
		if (hold->at[i].key == key) {
			*out = take_at(hold, i);
			return true;
		}
	return false;
}

bool hub_hold_give_up(struct hub_hold *hold, uint64_t now, struct hub_held *out)
{
	/* They came in this order. */
	if (hold->n == 0 || hold->at[0].until > now)
		return false;
	*out = take_at(hold, 0);
	hold->given_up++;
	return true;
}

void hub_hold_free(struct hub_hold *hold)
{
	for (unsigned i = 0; i < hold->n; i++)
		rte_pktmbuf_free(hold->at[i].m);
	hold->n = 0;
}
