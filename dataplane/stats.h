/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters. Each is written by one worker and read here without stopping it; a value may be one
 * burst old. Clearing is the reader's affair: keep a snapshot and subtract. Control thread.
 */
#ifndef DATAPLANE_STATS_H
#define DATAPLANE_STATS_H

#include "dataplane/drops.h"
#include "dataplane/port.h"
#include "dataplane/punt.h"

struct dp_stage_stats {
	uint64_t packets;
	uint64_t calls;
	uint64_t cycles; /**< TSC */
};

struct dp_port_stats {
	uint64_t rx_packets;
	uint64_t rx_bytes; /**< Ethernet frame without CRC */
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t tx_dropped; /**< the queue took no more */
};

struct dp_punt_stats {
	uint64_t passed;
	uint64_t refused_peer;    /**< a spoke's own meter for the class */
	uint64_t refused_class;   /**< the meter of the class */
	uint64_t refused_queue;   /**< control does not keep up */
	uint64_t refused_buffers; /**< no buffer for a copy */
};

struct dp_stats {
	uint64_t drops[DP_DROP_COUNT];
	struct dp_stage_stats stages[DP_STAGE_COUNT];
	struct dp_port_stats ports[DP_PORTS_MAX];
	struct dp_punt_stats punts[DP_PUNT_COUNT];
	uint64_t forwarded;       /**< inner packets of others that left for a peer */
	uint64_t forwarded_bytes; /**< their inner octets */
	uint64_t hairpin; /**< inner packets on their way out through the tunnel they came in on */
	uint64_t fragmented;     /**< inner packets cut before encryption */
	uint64_t fragments;      /**< their pieces */
	uint64_t reassembled;    /**< outer packets made of their fragments */
	uint64_t mss_clamped;    /**< TCP SYNs whose MSS was lowered */
	uint64_t replicated;     /**< copies of control's multicast */
	uint64_t captured;       /**< copies for a capture */
	uint64_t capture_lost;   /**< copies that were not made: queue full or no buffer */
	uint64_t inject_refused; /**< from control, but the worker's queue was full; all workers */
	uint64_t turns;          /**< of the worker loop */
	uint64_t idle_turns;     /**< of these, nothing was there */
};

/** Sum of all workers, or one worker's own. @param worker  -1 for all */
void dp_stats_read(const struct dp *dp, int worker, struct dp_stats *out);

/** Cycles of each stage of one worker alone: cheap enough for each turn. Any thread. */
void dp_stats_stage_cycles(const struct dp *dp, unsigned worker, uint64_t out[DP_STAGE_COUNT]);

/** out = now - since, field by field. Any thread. */
void dp_stats_diff(const struct dp_stats *now, const struct dp_stats *since, struct dp_stats *out);

#endif
