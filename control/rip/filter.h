/* SPDX-License-Identifier: BSD-3-Clause */
/* Prefix lists, and what is done with them: which routes pass, and what they cost. Pure. */
#ifndef CONTROL_RIP_FILTER_H
#define CONTROL_RIP_FILTER_H

#include <stdbool.h>
#include <stdint.h>

/** An IPv4 network. */
struct rip_prefix {
	uint32_t addr_be; /**< no bits behind len */
	uint8_t len;
};

/** `permit|deny PREFIX [ge N] [le N]` */
struct rip_rule {
	bool permit;
	struct rip_prefix prefix;
	uint8_t ge, le; /**< lengths that match; both prefix.len: exactly this network */
};

/** The first rule that matches decides; if none does, the list denies. */
struct rip_prefix_list {
	const struct rip_rule *rules;
	unsigned n;
};

/** What costs more than it says: `offset-list LIST in|out N`. */
struct rip_offset {
	const struct rip_prefix_list *list; /**< NULL: all */
	uint8_t metric;                     /**< 0: no offset */
};

/** What an interface, or all of them, do with routes that come and go. */
struct rip_policy {
	const struct rip_prefix_list *in, *out; /**< NULL: all pass */
	struct rip_offset offset_in, offset_out;
};

/** True if the network passes; a list that is NULL passes everything. */
bool rip_prefix_list_permits(const struct rip_prefix_list *list, const struct rip_prefix *p);

/** What an offset adds to the metric of this network. */
unsigned rip_offset_of(const struct rip_offset *o, const struct rip_prefix *p);

/** True if `inner` is `outer` or a part of it. */
bool rip_prefix_within(const struct rip_prefix *outer, const struct rip_prefix *inner);

#endif
