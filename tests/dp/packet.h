/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets as tests write them: a length and octets, built from the inside out. Everything here is
 * plain memory; nothing knows the data plane.
 */
#ifndef TESTS_DP_PACKET_H
#define TESTS_DP_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#include "common/addr.h"

#define PACKET_MAX 10240

#define PACKET_ETH_LEN 14
#define PACKET_IP4_LEN 20
#define PACKET_UDP_LEN 8

/* Offsets in an IPv4 header (RFC 791 3.1). */
#define PACKET_IP4_TOS      1
#define PACKET_IP4_TOTAL    2
#define PACKET_IP4_ID       4
#define PACKET_IP4_FRAG     6
#define PACKET_IP4_TTL      8
#define PACKET_IP4_PROTOCOL 9
#define PACKET_IP4_CHECKSUM 10
#define PACKET_IP4_SRC      12
#define PACKET_IP4_DST      16

struct packet {
	uint16_t len;
	uint8_t b[PACKET_MAX];
};

/** Flag bits of a GRE header, as RFC 2784 and 2890 draw them; value is the first 16 bits. */
#define PACKET_GRE_CHECKSUM 0x8000
#define PACKET_GRE_ROUTING  0x4000
#define PACKET_GRE_KEY      0x2000
#define PACKET_GRE_SEQUENCE 0x1000

struct packet_gre {
	uint16_t flags; /**< fields that are there follow from the bits, set or not */
	uint16_t protocol;
	uint32_t key;
	uint32_t sequence;
	bool bad_checksum;
};

uint16_t packet_get16(const uint8_t *p);
uint32_t packet_get32(const uint8_t *p);
void packet_put16(uint8_t *p, uint16_t v);
void packet_put32(uint8_t *p, uint32_t v);

/** "10.0.0.1" in network order. */
uint32_t packet_addr(const char *text);

/** n octets of a pattern that starts at `first`. */
struct packet packet_fill(uint8_t first, unsigned n);

/** An IPv4 packet, TTL 64, no options, checksum right. */
struct packet packet_ip4(
	uint32_t src_be, uint32_t dst_be, uint8_t protocol, const struct packet *payload);

/** An IPv4/UDP packet of total_len octets (28 or more) without UDP checksum. */
struct packet packet_udp(
	uint32_t src_be, uint32_t dst_be, uint16_t sport, uint16_t dport, unsigned total_len);

/** RFC 1071 sum of n octets, ready to be stored. */
uint16_t packet_sum(const uint8_t *p, unsigned n);

/** Set the header checksum right after a change. The header starts at `ip`. */
void packet_ip4_seal(uint8_t *ip);

/** A GRE header in front of the payload. */
struct packet packet_gre(const struct packet_gre *gre, const struct packet *payload);

/** An Ethernet header in front of the payload. */
struct packet packet_eth(const struct mac_addr *dst, const struct mac_addr *src, uint16_t type,
	const struct packet *payload);

/** Cut n octets off the front. */
struct packet packet_cut(const struct packet *p, unsigned n);

/** One packet behind the other. */
struct packet packet_join(const struct packet *a, const struct packet *b);

bool packet_equal(const struct packet *a, const struct packet *b);

/** What a router makes of a packet it forwards: TTL one less, checksum right. */
struct packet packet_hop(const struct packet *ip);

#endif
