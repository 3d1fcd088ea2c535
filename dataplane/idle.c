/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker does when nothing comes.
 *
 * poll: looks again at once.
 *
 * pause: sleeps a little, twice as long each time up to NAP_MAX_US. A packet that comes meanwhile
 * waits so long at most, and for what the kernel adds (about 60 us).
 *
 * interrupt: sleeps until a port has something. Packets of other workers and of control do not wake
 * it: they wait at most WAKE_MS.
 *
 * A worker that sleeps counts as one that holds nothing, so nobody waits for it.
 */
#include <rte_bus.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>
#include <rte_pause.h>

#include "dataplane/dp_priv.h"

#define BUSY_TURNS 256 /* without a packet, before the first nap */
#define NAP_MIN_US 8
#define NAP_MAX_US 512
#define WAKE_MS    1
#define EVENTS_MAX 32

static bool is_software(const struct port *port)
{
	struct rte_eth_dev_info info;

	return port->ethdev == RTE_MAX_ETHPORTS ||
	       (rte_eth_dev_info_get(port->ethdev, &info) == 0 &&
		       strcmp(rte_bus_name(rte_dev_bus(info.device)), "vdev") == 0);
}

enum dp_idle idle_of_ports(const struct dp *dp)
{
	if (dp->params.idle != DP_IDLE_AUTO)
		return dp->params.idle;
	for (unsigned i = 0; i < dp->n_ports; i++)
		if (dp->ports[i].vlan == 0 && !is_software(&dp->ports[i]))
			return DP_IDLE_POLL;
	return DP_IDLE_PAUSE;
}

typedef void (*queue_fn)(uint16_t ethdev, uint16_t queue);

static void each_queue(const struct worker *w, queue_fn fn)
{
	const struct dp *dp = w->dp;

	for (unsigned p = 0; p < dp->n_ports; p++)
		for (unsigned q = w->id; q < dp->ports[p].n_rxq; q += dp->params.n_workers)
			fn(dp->ports[p].ethdev, (uint16_t)q);
}

/* Devices whose interrupt is a file descriptor that says "readable" have nothing to switch. */
static void arm(uint16_t ethdev, uint16_t queue)
{
	rte_eth_dev_rx_intr_enable(ethdev, queue);
}

static void disarm(uint16_t ethdev, uint16_t queue)
{
	rte_eth_dev_rx_intr_disable(ethdev, queue);
}

static void watch_queue(uint16_t ethdev, uint16_t queue)
{
	rte_eth_dev_rx_intr_ctl_q(ethdev, queue, RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD, NULL);
}

void idle_start(struct worker *w)
{
	w->idle_turns = 0;
	w->nap_us = NAP_MIN_US;
	if (__atomic_load_n(&w->dp->idle, __ATOMIC_RELAXED) == DP_IDLE_INTERRUPT &&
		w->n_watched != w->dp->n_ports) {
		each_queue(w, watch_queue);
		w->n_watched = w->dp->n_ports;
	}
}

static void nap(struct worker *w)
{
	rte_delay_us_sleep(w->nap_us);
	w->nap_us = RTE_MIN(w->nap_us * 2, (unsigned)NAP_MAX_US);
}

/* What came before the interrupt was armed raises none: look once more. Returns true if one came.
 */
static bool wait_event(struct worker *w)
{
	struct rte_epoll_event events[EVENTS_MAX];
	bool came;

	each_queue(w, arm);
	came = dp_worker_poll(w->dp, w->id) != 0;
	rte_rcu_qsbr_thread_offline(w->dp->qsbr, w->id);
	if (!came)
		came = rte_epoll_wait(RTE_EPOLL_PER_THREAD, events, EVENTS_MAX, WAKE_MS) > 0;
	each_queue(w, disarm);
	return came;
}

/*
 * The driver may see a packet a little later than its interrupt: net_tap is told by a signal to the
 * process. So after an interrupt it is given a nap's time before the next one is waited for.
 */
static void sleep_until_event(struct worker *w)
{
	if (w->woken) {
		w->woken = false;
		rte_rcu_qsbr_thread_offline(w->dp->qsbr, w->id);
		rte_delay_us_sleep(NAP_MIN_US);
	} else {
		w->woken = wait_event(w);
	}
	if (w->woken)
		w->idle_turns = 0;
}

void idle_turn(struct worker *w, unsigned n)
{
	enum dp_idle idle = __atomic_load_n(&w->dp->idle, __ATOMIC_RELAXED);

	if (likely(n != 0)) {
		w->idle_turns = 0;
		w->nap_us = NAP_MIN_US;
		return;
	}
	rte_pause();
	if (idle == DP_IDLE_POLL || ++w->idle_turns < BUSY_TURNS)
		return;
	if (idle == DP_IDLE_INTERRUPT) {
		sleep_until_event(w);
	} else {
		rte_rcu_qsbr_thread_offline(w->dp->qsbr, w->id);
		nap(w);
	}
	rte_rcu_qsbr_thread_online(w->dp->qsbr, w->id);
}
