/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SAs of a former hub that charon has made. The charon of then is known by its number: when it
 * comes it lists what it has, and what is here and not on its list goes.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/ike_priv.h"
#include "control/state_priv.h"

static void start(struct hub *h, struct timers *timers, struct timer *t, uint64_t deadline)
{
	uint64_t now = clock_ms(STATE_CLOCK);

	if (deadline != 0)
		timer_start(timers, t, h->now + (deadline > now ? deadline - now : 0));
}

int hub_ike_restore(
	struct hub *h, const struct hub_peer *p, const struct state_sa *sa, bool in, uint32_t index)
{
	struct hub_esp_sa *esp;

	if (h->ike == NULL || ike_esp_find(h->ike, sa->spi, sa->dst_be) != NULL)
		return -ENOENT;
	esp = calloc(1, sizeof(*esp));
	if (esp == NULL)
		return -ENOMEM;
	esp->key = (struct hub_esp_key){sa->spi, sa->dst_be};
	esp->in = in;
	esp->orphan = sa->orphan;
	esp->index = index;
	esp->peer = p->dp;
	esp->ike_sa = sa->ike_sa;
	esp->child = sa->child;
	esp->mate = sa->mate;
	esp->bytes = (struct ike_lifetime){sa->bytes_soft, sa->bytes_hard};
	esp->packets = (struct ike_lifetime){sa->packets_soft, sa->packets_hard};
	start(h, &h->ike->soft, &esp->soft, sa->soft);
	start(h, &h->ike->hard, &esp->hard, sa->hard);
	HASH_ADD(hh, h->ike->esps, key, sizeof(esp->key), esp);
	TAILQ_INSERT_TAIL(&h->ike->slice, esp, slice);
	hub_state_ike(h, esp);
	return 0;
}

void hub_ike_restore_instance(struct hub *h, uint64_t instance)
{
	if (h->ike == NULL)
		return;
	h->ike->instance = instance;
	h->ike->instance_known = true;
	hub_state_charon(h, instance);
}
