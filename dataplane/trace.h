/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traces: the way of single packets, stage by stage, with what each stage saw and how it ended.
 * Control thread.
 */
#ifndef DATAPLANE_TRACE_H
#define DATAPLANE_TRACE_H

#include "dataplane/dp.h"

#define DP_TRACE_COUNT_MAX 128
#define DP_TRACE_STEPS_MAX 20

struct dp_trace_params {
	unsigned count; /**< packets, 1..DP_TRACE_COUNT_MAX */
	uint32_t peer;  /**< only packets from it or to it; DP_PEER_NONE: all */
	bool drops;     /**< only packets that are dropped */
};

enum dp_trace_end {
	DP_TRACE_FORWARDED, /**< given to a port */
	DP_TRACE_PUNTED,    /**< given to control */
	DP_TRACE_DROPPED,
	DP_TRACE_HELD, /**< a fragment that waits for the rest of its packet */
};

/** Parts of a struct dp_trace that are known. */
enum dp_trace_part {
	DP_TRACE_OUTER = 1,
	DP_TRACE_ESP_IN = 2,
	DP_TRACE_PEER_IN = 4,
	DP_TRACE_INNER = 8,
	DP_TRACE_ADJ = 16,
	DP_TRACE_ESP_OUT = 32,
	DP_TRACE_PORT_OUT = 64,
};

/** A stage the packet entered, or handoff to this worker. */
struct dp_trace_step {
	uint8_t stage; /**< enum dp_stage */
	uint8_t worker;
};

/** A packet's way. Addresses in network order, all else in host order. */
struct dp_trace {
	uint32_t number; /**< from 1 */
	uint64_t tsc;    /**< start of the turn it came in with */
	uint8_t parts;   /**< enum dp_trace_part */
	uint8_t n_steps;
	struct dp_trace_step steps[DP_TRACE_STEPS_MAX];
	/* rx */
	uint16_t port_in; /**< a VLAN's own from ip4_in on */
	uint32_t frame_len;
	/* OUTER, from ip4_in on */
	uint32_t outer_src_be, outer_dst_be;
	uint16_t outer_len;
	uint8_t outer_protocol;
	/* ESP_IN */
	uint32_t spi_in;
	uint64_t seq_in;  /**< low half until it was verified */
	uint16_t udp_src; /**< of ESP in UDP, else 0 */
	/* PEER_IN, after verification */
	uint32_t peer_in;
	uint16_t tunnel_in;
	uint16_t gre_flags, gre_protocol;
	uint32_t gre_key; /**< if gre_flags has 0x2000 */
	/* INNER, as they came to ip4_fwd */
	uint32_t inner_src_be, inner_dst_be;
	uint16_t inner_len;
	uint8_t inner_protocol, inner_ttl;
	/* ADJ */
	uint32_t adj; /**< dp_adj_t */
	/* ESP_OUT */
	uint32_t spi_out;
	uint64_t seq_out; /**< 0 until it was sealed */
	uint32_t outer_to_be;
	/* PORT_OUT */
	uint16_t port_out;
	uint32_t frame_len_out;
	uint16_t pieces; /**< it was cut into so many; what follows is about the first. 0: whole */
	/* its end */
	uint8_t end;     /**< enum dp_trace_end */
	uint16_t reason; /**< DROPPED: enum dp_drop; PUNTED: enum dp_punt_class */
};

/** Forget all traces and begin anew. @return 0 or -EINVAL (count) */
int dp_trace_start(struct dp *dp, const struct dp_trace_params *p);

/** End, and forget all traces. */
void dp_trace_clear(struct dp *dp);

/** What was asked for; count is 0 if nothing was, or dp_trace_clear() came after. */
struct dp_trace_params dp_trace_params(const struct dp *dp);

/** Trace of a packet that has come to its end. @param number  1..count. @return false: none yet */
bool dp_trace_read(const struct dp *dp, unsigned number, struct dp_trace *out);

#endif
