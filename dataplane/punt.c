/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/punt.h"

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

#define RING_SIZE 4096
/* What an ICMP error may quote fits in here (RFC 1812 4.3.2.3: 576 octets in all). */
#define ERROR_COPY_MAX 576

/*
 * Packets per second and burst that a class may have, all workers together. NHRP and RIP are what
 * a hub lives on: sized for every spoke of a large hub coming back at once.
 */
static const struct {
	const char *name;
	unsigned rate;
	unsigned burst;
} classes[DP_PUNT_COUNT] = {
	[DP_PUNT_ARP] = {"arp", 2000, 1000},
	[DP_PUNT_ICMP] = {"icmp", 2000, 1000},
	[DP_PUNT_IKE] = {"ike", 20000, 4000},
	[DP_PUNT_NHRP] = {"nhrp", 50000, 4000},
	[DP_PUNT_RIP] = {"rip", 50000, 4000},
	[DP_PUNT_ERROR] = {"error", 1000, 500},
	[DP_PUNT_RESOLVE] = {"resolve", 1000, 500},
	[DP_PUNT_MOVED] = {"moved", 5000, 1000},
	[DP_PUNT_REDIRECT] = {"redirect", 10000, 1000},
};

const char *dp_punt_name(enum dp_punt_class class)
{
	return class < DP_PUNT_COUNT ? classes[class].name : "?";
}

int punt_init(struct dp *dp, struct error *err)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_meter_srtcm_params params = {0};

	for (unsigned i = 0; i < DP_PUNT_COUNT; i++) {
		snprintf(name, sizeof(name), "punt_%s", classes[i].name);
		dp->punt_ring[i] = rte_ring_create(name, RING_SIZE, dp->params.socket,
			dp->params.n_workers > 1 ? RING_F_SC_DEQ : RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (dp->punt_ring[i] == NULL)
			return error_set(err, ENOMEM,
				"no memory for the queue of punted %s packets", classes[i].name);
		/* The meter counts octets; a packet is one. Each worker has its share. */
		params.cir = RTE_MAX(classes[i].rate / dp->params.n_workers, 1u);
		params.cbs = RTE_MAX(classes[i].burst / dp->params.n_workers, 1u);
		params.ebs = 0;
		if (rte_meter_srtcm_profile_config(&dp->punt_profile[i], &params) != 0)
			return error_set(
				err, EINVAL, "meter of punted %s packets", classes[i].name);
	}
	return 0;
}

void punt_fini(struct dp *dp)
{
	struct rte_mbuf *m;

	for (unsigned i = 0; i < DP_PUNT_COUNT; i++) {
		if (dp->punt_ring[i] == NULL)
			continue;
		while (rte_ring_dequeue(dp->punt_ring[i], (void **)&m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(dp->punt_ring[i]);
	}
}

void punt_meters_init(struct worker *w)
{
	for (unsigned i = 0; i < DP_PUNT_COUNT; i++)
		rte_meter_srtcm_config(&w->meters[i], &w->dp->punt_profile[i]);
}

static void refuse(struct worker *w, enum dp_punt_class class, enum dp_drop reason)
{
	w->stats.punts[class].refused++;
	drop_count(w, reason);
}

void punt_copy(struct worker *w, enum dp_punt_class class, const struct pkt *p,
	const uint8_t *start, unsigned len, uint32_t drop, uint32_t value)
{
	struct dp_punt_info *info;
	struct rte_mbuf *copy;

	if (rte_meter_srtcm_color_blind_check(
		    &w->meters[class], &w->dp->punt_profile[class], w->now, 1) != RTE_COLOR_GREEN) {
		refuse(w, class, DP_DROP_punt_meter);
		return;
	}
	copy = rte_pktmbuf_alloc(w->dp->control_pool);
	if (copy == NULL || rte_pktmbuf_tailroom(copy) < len) {
		rte_pktmbuf_free(copy);
		refuse(w, class, DP_DROP_punt_no_buffer);
		return;
	}
	memcpy(rte_pktmbuf_append(copy, (uint16_t)len), start, len);
	info = rte_mbuf_to_priv(copy);
	*info = (struct dp_punt_info){
		.class = (uint8_t) class,
		.table = p->table,
		.port = p->port,
		.peer = p->peer_in,
		.drop = drop,
		.value = value,
	};
	if (rte_ring_enqueue(w->dp->punt_ring[class], copy) != 0) {
		rte_pktmbuf_free(copy);
		refuse(w, class, DP_DROP_punt_full);
		return;
	}
	w->stats.punts[class].passed++;
	w->stats.stages[DP_STAGE_punt].packets++;
}

void punt_l3(struct worker *w, enum dp_punt_class class, struct pkt *p)
{
	punt_copy(w, class, p, p->l3, p->l3_len, 0, 0);
	buf_free(p->m);
}

void punt_error(struct worker *w, struct pkt *p, enum dp_drop reason, uint32_t value)
{
	/* The hub does not report errors to itself. */
	if (!(p->flags & PKT_LOCAL))
		punt_copy(w, DP_PUNT_ERROR, p, p->l3,
			RTE_MIN((unsigned)p->l3_len, (unsigned)ERROR_COPY_MAX), reason, value);
	pkt_drop(w, p, reason);
}

unsigned dp_punt_receive(struct dp *dp, enum dp_punt_class class, struct rte_mbuf **m, unsigned n)
{
	return rte_ring_dequeue_burst(dp->punt_ring[class], (void **)m, n, NULL);
}

const struct dp_punt_info *dp_punt_info(const struct rte_mbuf *m)
{
	return rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
}
