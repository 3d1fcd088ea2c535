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
static inline bool ip4_sum_good_words(const uint8_t *p, unsigned words)
{
	uint64_t sum = 0;
	uint32_t v;

	for (unsigned i = 0; i < words; i++) {
		memcpy(&v, p + 4 * i, sizeof(v));
		sum += v;
	}
	return sum % 0xffff == 0 && sum != 0;
}

/* The same of a header without options: three words, what overflows is 1 again (2^64 % 0xffff). */
static inline bool ip4_sum_good(const uint8_t *p)
{
	uint64_t a, b, sum;
	uint32_t c;

	memcpy(&a, p, sizeof(a));
	memcpy(&b, p + 8, sizeof(b));
	memcpy(&c, p + 16, sizeof(c));
	sum = a + b;
	sum += sum < b;
	sum += c;
	sum += sum < c;
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
		if (unlikely(!ip4_sum_good(l3)))
			return IP4_CHECKSUM;
	} else if (!ip4_sum_good_words(l3, header / 4)) {
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

/* A change of the header's second octet, with its checksum (RFC 1624). */
static inline void ip4_set_tos(struct rte_ipv4_hdr *ip, uint8_t tos)
{
	uint32_t sum = (uint16_t)~ip->hdr_checksum;

	sum += (uint16_t)~rte_cpu_to_be_16(ip->type_of_service);
	sum += rte_cpu_to_be_16(tos);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->hdr_checksum = (rte_be16_t) ~(sum + (sum >> 16));
	ip->type_of_service = tos;
}

enum ip4_ecn { IP4_NOT_ECT, IP4_ECT_1, IP4_ECT_0, IP4_CE };

/*
 * RFC 6040 4.2: congestion marked on the outer path (outer: its two bits) reaches the inner header,
 * ECT(1) counts as a milder mark than CE. Returns false if the packet must be dropped: marked, but
 * its sender does not speak ECN and would never learn.
 */
static inline bool ip4_take_ecn(uint8_t *l3, uint8_t outer)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;
	uint8_t inner = ip->type_of_service & RTE_IPV4_HDR_ECN_MASK;

	if (inner == IP4_NOT_ECT)
		return outer != IP4_CE;
	if (outer == IP4_CE || (outer == IP4_ECT_1 && inner == IP4_ECT_0))
		ip4_set_tos(ip, (uint8_t)((ip->type_of_service & ~RTE_IPV4_HDR_ECN_MASK) | outer));
	return true;
}

/*
 * One hop less (RFC 1812 5.3.1); the checksum follows by RFC 1624 (a word that falls by 0x0100
 * raises the complement by as much).
 */
static inline void ip4_ttl_down(uint8_t *l3)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;
	uint32_t sum = ip->hdr_checksum + (uint32_t)RTE_BE16(0x0100);

	ip->time_to_live--;
	ip->hdr_checksum = (rte_be16_t)(sum + (sum >> 16));
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
