/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RIP messages (RFC 2453 3.6, 4; RFC 1058 3.1): bytes to a struct and back. Whether an
 * authentication entry is there is told; whether it is right, auth.h knows. Pure; any thread.
 */
#ifndef CONTROL_RIP_PACKET_H
#define CONTROL_RIP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/writer.h"

#define RIP_PORT        520
#define RIP_GROUP       0xe0000009u /**< 224.0.0.9, host order (RFC 2453 4.5) */
#define RIP_HEADER_LEN  4
#define RIP_ENTRY_LEN   20
#define RIP_ENTRIES_MAX 25 /**< of a message, authentication included (RFC 2453 3.6) */
#define RIP_DIGEST_MAX  64 /**< HMAC-SHA-512 (RFC 4822) */
#define RIP_INFINITY    16
#define RIP_SECRET_LEN  16 /**< of a plain text password (RFC 2453 4.1) */
/** Octets of the longest message: all entries, and behind them the longest digest. */
#define RIP_PACKET_MAX (RIP_HEADER_LEN + RIP_ENTRIES_MAX * RIP_ENTRY_LEN + 4 + RIP_DIGEST_MAX)

enum rip_command { RIP_REQUEST = 1, RIP_RESPONSE = 2 };

/** Address families an entry can have; 0 is an entry about the whole table. */
enum rip_family { RIP_FAMILY_ALL = 0, RIP_FAMILY_IP = 2, RIP_FAMILY_AUTH = 0xffff };

/** One route entry as it stands on the wire. Version 1: mask, next hop and tag are 0. */
struct rip_entry {
	uint16_t family;
	uint16_t tag;
	uint32_t addr_be;
	uint32_t mask_be;
	uint32_t next_hop_be; /**< 0: the sender */
	uint32_t metric;      /**< as received, any value */
};

enum rip_auth_kind {
	RIP_AUTH_NONE = 0,
	RIP_AUTH_TEXT = 2,
	RIP_AUTH_CRYPT = 3, /**< keyed MD5 (RFC 2082), HMAC-SHA (RFC 4822) */
};

/** The authentication entry of a received message; pointers lead into the message. */
struct rip_packet_auth {
	enum rip_auth_kind kind;
	const uint8_t *text; /**< TEXT: RIP_SECRET_LEN octets */
	uint8_t key_id;      /**< CRYPT from here on */
	uint8_t auth_len;    /**< as the sender counts it */
	uint32_t sequence;
	uint16_t signed_len; /**< octets in front of the digest, which it covers */
	const uint8_t *digest;
	unsigned digest_len;
};

struct rip_packet {
	uint8_t command;
	uint8_t version;
	struct rip_packet_auth auth;
	unsigned n;
	struct rip_entry entries[RIP_ENTRIES_MAX];
};

/** Why a message is none. */
enum rip_parse {
	RIP_PARSE_OK,
	RIP_PARSE_LENGTH,   /**< not a header and 0 to 25 entries */
	RIP_PARSE_COMMAND,  /**< neither request nor response */
	RIP_PARSE_VERSION,  /**< 0 */
	RIP_PARSE_NOT_ZERO, /**< version 1: a field that must be zero is not (RFC 1058 3.4) */
	RIP_PARSE_AUTH,     /**< authentication of an unknown kind, cut, or not in its place */
};

/** Read a message. @return RIP_PARSE_OK, or why not; *p is then undefined */
enum rip_parse rip_packet_parse(const uint8_t *data, size_t len, struct rip_packet *p);

/** Write the header of a message. */
void rip_packet_write_header(struct writer *w, enum rip_command command, uint8_t version);

/** Write one entry, as it stands in the struct. */
void rip_packet_write_entry(struct writer *w, const struct rip_entry *e);

/**
 * Length of the prefix that a mask stands for.
 * @return 0..32, or -EINVAL for a mask with holes
 */
int rip_mask_len(uint32_t mask_be);

/** Length of a classful network's prefix (RFC 1058): 8, 16, 24; 0 for 0.0.0.0; -EINVAL: no host. */
int rip_natural_len(uint32_t addr_be);

#endif
