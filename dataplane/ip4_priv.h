/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 header checks that outer and inner packets share (RFC 1812 5.2.2). */
#ifndef DATAPLANE_IP4_PRIV_H
#define DATAPLANE_IP4_PRIV_H

#include <stdbool.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

#include "common/cursor.h"

#define IP4_HDR_MIN 20

enum ip4_check {
	IP4_OK,
	IP4_TRUNCATED,
	IP4_HEADER,
	IP4_CHECKSUM,
};

/*
 * A correct header's ones' complement sum is all ones (RFC 1071 1): what its words add up to, in
 * any width, is a multiple of 0xffff. The compiler tests that by one multiplication; to fold the
 * sum is ten steps.
 */
static inline bool ip4_sum_good(const uint8_t *p, unsigned words)
{
	uint64_t sum = 0;
	uint32_t v;

	for (unsigned i = 0; i < words; i++) {
		memcpy(&v, p + 4 * i, sizeof(v));
		sum += v;
	}
	return sum % 0xffff == 0 && sum != 0;
}

/*
 * RFC 1812 5.2.2: (1) the link says there are at least 20 octets, (2) checksum, (3) version 4,
 * (4) header length at least 5, (5) total length covers the header, and is there. On IP4_OK *len
 * is cut to the total length (link or TFC padding goes). summed: a device found the checksum good.
 */
static inline enum ip4_check ip4_check(const uint8_t *l3, uint16_t *len, bool summed)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)l3;
	unsigned header, total;

	if (unlikely(*len < IP4_HDR_MIN))
		return IP4_TRUNCATED;
	header = (l3[0] & 0x0f) * 4u;
	if (unlikely(l3[0] >> 4 != 4 || header < IP4_HDR_MIN))
		return IP4_HEADER;
	if (unlikely(header > *len))
		return IP4_TRUNCATED;
	if (summed) {
		/* Nothing to add. */
	} else if (likely(header == IP4_HDR_MIN)) {
		if (unlikely(!ip4_sum_good(l3, 5)))
			return IP4_CHECKSUM;
	} else if (!ip4_sum_good(l3, header / 4)) {
		return IP4_CHECKSUM;
	}
	total = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(total < header))
		return IP4_HEADER;
	if (unlikely(total > *len))
		return IP4_TRUNCATED;
	*len = (uint16_t)total;
	return IP4_OK;
}

/*
 * A source that no packet may carry (RFC 1812 5.3.7): "this network", loopback, multicast,
 * class E and broadcast.
 */
static inline bool ip4_bad_source(uint32_t be)
{
	uint32_t a = rte_be_to_cpu_32(be);

	return a >> 24 == 0 || a >> 24 == 127 || a >= 0xe0000000;
}

static inline bool ip4_is_multicast(uint32_t be)
{
	return rte_be_to_cpu_32(be) >> 28 == 0xe;
}

/* Destination port of a first fragment's UDP header, 0 if the packet is none. */
static inline uint16_t ip4_udp_port(const uint8_t *l3, uint16_t len)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)l3;
	struct cursor c = cursor_open(l3, len);

	if (ip->next_proto_id != 17 || (ip->fragment_offset & RTE_BE16(0x1fff)) != 0)
		return 0;
	cursor_take(&c, rte_ipv4_hdr_len(ip) + 2u);
	return cursor_u16(&c);
}

#endif
