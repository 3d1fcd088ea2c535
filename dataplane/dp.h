/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane as control sees it: made, given objects (port.h, tunnel.h, peer.h, route.h),
 * started, read (stats.h), stopped.
 *
 * One thread (control) calls everything here and in those headers, unless a function says
 * otherwise. Workers only read shared tables, under rte_rcu_qsbr; what they write is their own.
 */
#ifndef DATAPLANE_DP_H
#define DATAPLANE_DP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "crypto/sa.h"

#define DP_WORKERS_MAX 64
#define DP_PORTS_MAX   32
#define DP_TUNNELS_MAX 256
/** Packet buffers of the control side, beside those of struct dp_params. */
#define DP_CONTROL_BUFFERS 10239

struct dp;

/** What workers do when nothing comes; see idle.c. */
enum dp_idle {
	DP_IDLE_AUTO,      /**< poll if some port is a NIC, else pause */
	DP_IDLE_POLL,      /**< look again at once: no packet waits, a core is busy */
	DP_IDLE_PAUSE,     /**< sleep for at most half a millisecond */
	DP_IDLE_INTERRUPT, /**< sleep until a port has something; not all devices can */
};

struct dp_params {
	unsigned n_workers;
	/** EAL lcore of each worker; NULL when the caller polls the workers itself (tests, bench)
	 */
	const unsigned *lcores;
	unsigned burst;    /**< packets taken from a queue at once, 1..64 */
	unsigned n_mbufs;  /**< packet buffers for ports */
	uint16_t mtu;      /**< largest packet a buffer is to hold, outer or inner; 0: 1500 */
	unsigned n_routes; /**< room for routes beside those that peers need */
	unsigned n_peers;  /**< room for peers; an SA table of each direction gets twice as many */
	enum dp_idle idle;
	int socket; /**< NUMA node of the memory, or SOCKET_ID_ANY */
	/** how long an outer fragment waits for the rest of its packet, microseconds; 0: 2 s */
	uint32_t fragment_us;
	/** memory for the tables of SAs, in 1, out 0, each with room for dp_sa_room(); or the EAL's
	 */
	struct sa_memory sa_memory[2];
	uint64_t ident_seed; /**< for outer identifications that others cannot guess, as below */
	uint8_t seed[16];    /**< for unpredictable IVs: getrandom(), unless output must repeat */
};

/** SAs of one direction that there is room for. */
unsigned dp_sa_room(unsigned n_peers);

/** Octets of memory for each packet buffer of a data plane with such an MTU. */
unsigned dp_buffer_size(uint16_t mtu);

/** Make an empty data plane. @return NULL, err says what was missing and what to do */
struct dp *dp_create(const struct dp_params *p, struct error *err);

/** Stop, and free everything. SAs are wiped. NULL is allowed. */
void dp_destroy(struct dp *dp);

/** Start the workers on their lcores, or let them forward again after dp_stop(). */
int dp_start(struct dp *dp, struct error *err);

/** Workers finish their burst and rest; nothing is polled until dp_start(). */
void dp_stop(struct dp *dp);

/** Between dp_start() and dp_stop(). */
bool dp_running(const struct dp *dp);

unsigned dp_workers(const struct dp *dp);

/** What they do when nothing comes, DP_IDLE_AUTO decided by the ports that are there. */
enum dp_idle dp_idle(const struct dp *dp);

/**
 * One turn of a worker's loop: each of its queues once, all stages, transmit. For callers that
 * gave no lcores; one thread at a time per worker.
 * @return packets received and injected in this turn
 */
unsigned dp_worker_poll(struct dp *dp, unsigned worker);

/**
 * Wait until no worker can hold anything that was unlinked before. At most a burst's time; returns
 * at once when workers are not running on lcores.
 */
void dp_synchronize(struct dp *dp);

/**
 * Places of peers, SAs and tunnels that were removed become free some time later, when no packet
 * can name them any more. This looks whether that time has come, and never waits. Call it now and
 * then: the daemon does so every millisecond.
 * @return places that are not free yet
 */
unsigned dp_reclaim(struct dp *dp);

/**
 * Let packets that can take the short way of express.c (on at the start), or send all through the
 * stages, to compare: the outcome is the same. Captures, traces and filters do so by themselves.
 */
void dp_express(struct dp *dp, bool on);

/** Inbound (true) or outbound (false) SA table, for display. */
const struct sa_table *dp_sa_table(const struct dp *dp, bool in);

/** Pool that ports and tests take receive buffers from. */
struct rte_mempool *dp_packet_pool(const struct dp *dp);

#endif
