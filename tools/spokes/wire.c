/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bad wire between spokes and hub, by a scenario's "wire". Of every thousand packets to the hub
 * so many are lost, damaged in one bit, sent twice, sent after later ones, or sent again much
 * later; of those that come from the hub so many are lost. Which ones follows from the seed.
 */
#include <rte_mbuf.h>

#include "tools/spokes/sim_priv.h"

#define OUTER  14 /* what is damaged begins behind Ethernet */
#define BEHIND 7  /* packets that overtake one that is late */

static const char *const names[SIM_WIRES] = {"drop", "corrupt", "duplicate", "reorder", "replay"};

const char *sim_wire_name(enum sim_wire kind)
{
	return names[kind];
}

static uint32_t random_next(struct sim_bad_wire *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 17;
	w->random ^= w->random << 5;
	return w->random;
}

static bool happens(struct sim *s, enum sim_wire kind)
{
	struct sim_bad_wire *w = &s->wire;

	if (w->permille[kind] == 0 || random_next(w) % 1000 >= w->permille[kind])
		return false;
	s->counts.wire[kind]++;
	return true;
}

static void damage(struct sim_bad_wire *w, struct rte_mbuf *m)
{
	uint32_t bit = random_next(w) % ((m->data_len - OUTER) * 8u);

	rte_pktmbuf_mtod_offset(m, uint8_t *, OUTER)[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void send_copy(struct sim *s, const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, s->pool, 0, UINT32_MAX);

	if (copy != NULL)
		sim_cable_send(s, &copy, 1);
	else
		s->counts.no_buffer++;
}

/* What went now and then is kept, for who listens on the wire keeps it, too. */
static void keep(struct sim *s, const struct rte_mbuf *m)
{
	struct sim_bad_wire *w = &s->wire;
	struct rte_mbuf **at = &w->kept[random_next(w) % SIM_WIRE_KEPT];

	rte_pktmbuf_free(*at);
	*at = rte_pktmbuf_copy(m, s->pool, 0, UINT32_MAX);
}

static void release_late(struct sim *s)
{
	if (s->wire.late != NULL)
		sim_cable_send(s, &s->wire.late, 1);
	s->wire.late = NULL;
}

static void send_one(struct sim *s, struct rte_mbuf *m)
{
	struct sim_bad_wire *w = &s->wire;

	if (w->permille[SIM_WIRE_REPLAY] != 0 && random_next(w) % SIM_WIRE_KEPT == 0)
		keep(s, m);
	if (happens(s, SIM_WIRE_REPLAY) && w->kept[random_next(w) % SIM_WIRE_KEPT] != NULL)
		send_copy(s, w->kept[w->random % SIM_WIRE_KEPT]);
	if (w->late != NULL && --w->behind == 0)
		release_late(s);
	if (happens(s, SIM_WIRE_DROP)) {
		rte_pktmbuf_free(m);
		return;
	}
	if (happens(s, SIM_WIRE_DUPLICATE))
		send_copy(s, m);
	if (happens(s, SIM_WIRE_CORRUPT))
		damage(w, m);
	if (w->late == NULL && happens(s, SIM_WIRE_REORDER)) {
		w->late = m;
		w->behind = BEHIND;
		return;
	}
	sim_cable_send(s, &m, 1);
}

void sim_wire_send(struct sim *s, struct rte_mbuf **m, unsigned n)
{
	if (!s->wire.on) {
		sim_cable_send(s, m, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		send_one(s, m[i]);
}

unsigned sim_wire_receive(struct sim *s, struct rte_mbuf **m, unsigned n)
{
	unsigned left = 0;

	if (!s->wire.on)
		return n;
	for (unsigned i = 0; i < n; i++) {
		if (happens(s, SIM_WIRE_DROP))
			rte_pktmbuf_free(m[i]);
		else
			m[left++] = m[i];
	}
	return left;
}

void sim_wire_set(struct sim *s, const unsigned permille[SIM_WIRES], unsigned seed)
{
	struct sim_bad_wire *w = &s->wire;

	release_late(s);
	w->on = false;
	for (unsigned i = 0; i < SIM_WIRES; i++) {
		w->permille[i] = permille[i];
		w->on |= permille[i] != 0;
	}
	for (unsigned i = 0; i < SIM_WIRE_KEPT && !w->on; i++) {
		rte_pktmbuf_free(w->kept[i]);
		w->kept[i] = NULL;
	}
	w->random = seed * 2654435761u | 1;
}
