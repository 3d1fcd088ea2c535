/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/punt.h"

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "dataplane/buf_priv.h"
#include "dataplane/dp_priv.h"
#include "dataplane/ip4_priv.h"

/* What an ICMP error may quote fits in here (RFC 1812 4.3.2.3: 576 octets in all). */
#define ERROR_COPY_MAX 576

/*
 * Packets per second and burst that a class may have, all workers together, and that one spoke may
 * have of it; the queue holds a burst. NHRP and RIP are what a hub lives on: sized for every spoke
 * of a large hub coming back at once, and for a spoke that tells 10,000 routes (25 a packet, RFC
 * 2453 4). The queues together leave control buffers of its own even if it reads none of them.
 */
static const struct {
	const char *name;
	unsigned rate, burst;
	unsigned peer_rate, peer_burst;
} classes[DP_PUNT_COUNT] = {
	[DP_PUNT_ARP] = {"arp", 2000, 512, 0, 0},
	[DP_PUNT_OUTER_HOST] = {"outer-host", 20000, 256, 0, 0},
	[DP_PUNT_IKE] = {"ike", 20000, 1024, 0, 0},
	[DP_PUNT_EARLY] = {"early", 100000, 512, 0, 0},
	[DP_PUNT_ICMP] = {"icmp", 2000, 512, 100, 100},
	[DP_PUNT_HOST] = {"host", 20000, 256, 10000, 192},
	[DP_PUNT_NHRP] = {"nhrp", 50000, 2048, 50, 100},
	[DP_PUNT_RIP] = {"rip", 50000, 2048, 100, 400},
	[DP_PUNT_ERROR] = {"error", 1000, 256, 100, 64},
	[DP_PUNT_RESOLVE] = {"resolve", 1000, 256, 100, 64},
	[DP_PUNT_MOVED] = {"moved", 5000, 256, 5, 5},
	[DP_PUNT_REDIRECT] = {"redirect", 10000, 256, 200, 100},
};

/* Time in the words of spokes' meters: 32 bits of some microseconds each. */
static uint32_t punt_ticks(uint64_t tsc)
{
	return (uint32_t)(tsc >> 13);
}

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
		dp->punt_ring[i] = rte_ring_create(name, classes[i].burst, dp->params.socket,
			RING_F_EXACT_SZ | RING_F_SC_DEQ |
				(dp->params.n_workers > 1 ? 0 : RING_F_SP_ENQ));
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
	for (unsigned i = 0; i < PUNT_PEER_CLASSES; i++) {
		struct punt_peer_meter *meter = &dp->punt_peer[i];

		meter->step = punt_ticks(rte_get_tsc_hz()) / classes[PUNT_PEER_FIRST + i].peer_rate;
		meter->slack = meter->step * (classes[PUNT_PEER_FIRST + i].peer_burst - 1);
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

/*
 * A spoke's meter of a class is one word: the time at which its next packet would be due at its
 * rate. It may come earlier by the burst (the generic cell rate algorithm, ITU-T I.371). A packet
 * that was handed over is punted by another worker than the spoke's owner; when two store at the
 * same time, one packet more passes, no harm.
 */
static bool peer_may(const struct worker *w, enum dp_punt_class class, uint32_t peer)
{
	const struct punt_peer_meter *meter;
	uint32_t now = punt_ticks(w->now), ahead, *word;

	if (peer == DP_PEER_NONE || class < PUNT_PEER_FIRST)
		return true;
	meter = &w->dp->punt_peer[class - PUNT_PEER_FIRST];
	word = &w->dp->peers[peer].punt_due[class - PUNT_PEER_FIRST];
	ahead = __atomic_load_n(word, __ATOMIC_RELAXED) - now;
	/* Never so far ahead: it is in the past, however often the ticks went round since. */
	if (ahead > meter->slack + meter->step)
		ahead = 0;
	if (ahead > meter->slack)
		return false;
	__atomic_store_n(word, now + ahead + meter->step, __ATOMIC_RELAXED);
	return true;
}

/* The spoke's meter comes first, so that its excess takes nothing of the class from others. */
static enum dp_drop meter(struct worker *w, enum dp_punt_class class, uint32_t peer)
{
	if (!peer_may(w, class, peer))
		return DP_DROP_punt_peer;
	if (rte_meter_srtcm_color_blind_check(
		    &w->meters[class], &w->dp->punt_profile[class], w->now, 1) == RTE_COLOR_GREEN)
		return DP_DROP_COUNT;
	return DP_DROP_punt_meter;
}

static void count_refused(struct dp_punt_stats *s, enum dp_drop reason)
{
	s->refused_peer += reason == DP_DROP_punt_peer;
	s->refused_class += reason == DP_DROP_punt_meter;
	s->refused_buffers += reason == DP_DROP_punt_no_buffer;
	s->refused_queue += reason == DP_DROP_punt_full;
}

static enum dp_drop refuse(
	struct worker *w, enum dp_punt_class class, const struct pkt *p, enum dp_drop reason)
{
	count_refused(&w->stats.punts[class], reason);
	drop_count(w, reason);
	if (unlikely(w->watch & WATCH_DROPS)) {
		if (class == DP_PUNT_ARP)
			capture_drop_frame(w, w->dp->ports[p->port].phys, p->m, false, reason);
		else
			capture_drop(w, p, reason);
	}
	return reason;
}

enum dp_drop punt_copy(struct worker *w, enum dp_punt_class class, const struct pkt *p,
	const uint8_t *start, unsigned len, uint32_t drop, uint32_t value)
{
	struct dp_punt_info *info;
	enum dp_drop refused;
	struct rte_mbuf *copy;

	refused = meter(w, class, p->peer_in);
	if (refused != DP_DROP_COUNT)
		return refuse(w, class, p, refused);
	copy = rte_pktmbuf_alloc(w->dp->control_pool);
	if (copy == NULL || rte_pktmbuf_tailroom(copy) < len) {
		rte_pktmbuf_free(copy);
		return refuse(w, class, p, DP_DROP_punt_no_buffer);
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
		return refuse(w, class, p, DP_DROP_punt_full);
	}
	w->stats.punts[class].passed++;
	w->stats.stages[DP_STAGE_punt].packets++;
	return DP_DROP_COUNT;
}

void punt_l3(struct worker *w, enum dp_punt_class class, struct pkt *p)
{
	pkt_punted(w, p, class, punt_copy(w, class, p, p->l3, p->l3_len, 0, 0));
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
