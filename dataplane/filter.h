/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stateless packet filters (DPDK's rte_acl): lists of rules of which the first that matches
 * decides. A filter stands at a tunnel or a LAN port, for the inner packets that come in there or
 * go out. Packets that control itself sends pass none. Control thread.
 */
#ifndef DATAPLANE_FILTER_H
#define DATAPLANE_FILTER_H

#include "dataplane/dp.h"

#define DP_FILTER_RULES_MAX 1024

struct dp_filter;

enum dp_filter_action {
	DP_FILTER_PERMIT,
	DP_FILTER_DENY,
	DP_FILTER_REJECT, /**< deny, and tell the sender (ICMP, RFC 1812 5.2.7.1 code 13) */
};

enum dp_filter_direction { DP_FILTER_IN, DP_FILTER_OUT, DP_FILTER_DIRECTIONS };

/** Ports, host order, both included. For ICMP `from_port` is type << 8 | code. */
struct dp_filter_range {
	uint16_t first, last;
};
#define DP_FILTER_ANY_PORT ((struct dp_filter_range){0, UINT16_MAX})

/**
 * What a packet must be. A rule that asks for ports, ICMP types or `established` matches no packet
 * that does not show them: no fragment but the first, none that is cut short before them.
 */
struct dp_filter_rule {
	enum dp_filter_action action;
	uint32_t from_be, to_be; /**< without host bits */
	uint8_t from_len, to_len;
	bool protocol_set;
	uint8_t protocol;
	struct dp_filter_range from_port, to_port;
	bool dscp_set;
	uint8_t dscp;     /**< 0..63 */
	bool established; /**< TCP with ACK or RST: not the first packet of a connection */
	bool fragments;   /**< fragments but the first */
};

struct dp_filter_params {
	const char *name;
	const struct dp_filter_rule *rules;
	unsigned n_rules;           /**< at most DP_FILTER_RULES_MAX */
	enum dp_filter_action rest; /**< what no rule matches */
};

/** @return a filter that stands nowhere yet, or NULL with err */
struct dp_filter *dp_filter_create(
	const struct dp *dp, const struct dp_filter_params *p, struct error *err);

/**
 * Free a filter that stands nowhere any more, a grace period (dp_synchronize()) after it was taken
 * away, or after dp_destroy(). NULL is allowed.
 */
void dp_filter_free(struct dp_filter *f);

/**
 * Packets that each rule decided, in order, and as the last of n_rules + 1 numbers those that none
 * matched; of all workers.
 */
void dp_filter_hits(const struct dp_filter *f, uint64_t *hits);

/**
 * Put a filter where another or none stood (NULL: none), in one store; the same filter may stand
 * in several places. @return 0; -EINVAL for a port that is not a LAN port
 */
int dp_filter_at_port(
	struct dp *dp, uint16_t port, enum dp_filter_direction d, struct dp_filter *f);
int dp_filter_at_tunnel(
	struct dp *dp, uint16_t tunnel, enum dp_filter_direction d, struct dp_filter *f);

#endif
