/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Authentication of RIP messages: plain text (RFC 2453 4.1), keyed MD5 (RFC 2082) and HMAC-SHA
 * (RFC 4822), by keys with lifetimes. Arithmetic is OpenSSL's. Any thread.
 */
#ifndef CONTROL_RIP_AUTH_H
#define CONTROL_RIP_AUTH_H

#include "control/rip/packet.h"

#define RIP_KEY_MAX 64 /**< octets of a key */

enum rip_algorithm {
	RIP_ALGORITHM_TEXT,
	RIP_ALGORITHM_MD5,
	RIP_ALGORITHM_SHA1,
	RIP_ALGORITHM_SHA256,
	RIP_ALGORITHM_SHA384,
	RIP_ALGORITHM_SHA512,
	RIP_ALGORITHM_COUNT
};

/** Seconds since 1970, the end not included. */
struct rip_lifetime {
	uint64_t from;
	uint64_t to; /**< UINT64_MAX: for ever */
};

struct rip_key {
	uint8_t id; /**< told in the message, but for plain text */
	enum rip_algorithm algorithm;
	uint8_t secret[RIP_KEY_MAX];
	unsigned len; /**< octets, 1..RIP_KEY_MAX; plain text: at most RIP_SECRET_LEN */
	struct rip_lifetime send;
	struct rip_lifetime accept;
};

/** What messages of an interface must have. No keys: no authentication. */
struct rip_auth {
	const struct rip_key *keys; /**< the caller's, for as long as this is used */
	unsigned n_keys;
	/** The message's auth length counts 4 octets more, as old ripd and some others do. */
	bool old_ripd_length;
};

enum rip_verify {
	RIP_VERIFY_OK,
	RIP_VERIFY_MISSING,  /**< none in the message, but keys are set */
	RIP_VERIFY_UNWANTED, /**< in the message, but no keys are set (RFC 2453 5.2) */
	RIP_VERIFY_NO_KEY,   /**< no key of this id and kind is accepted now */
	RIP_VERIFY_DIGEST,   /**< the key does not fit */
};

/** Names: "text", "md5", "hmac-sha-1", "hmac-sha-256", ... */
const char *rip_algorithm_name(enum rip_algorithm a);

/** Octets of an algorithm's digest, 0 for plain text. */
unsigned rip_algorithm_digest_len(enum rip_algorithm a);

/** The key to send with now, the one valid for longest of them; NULL: none is valid. */
const struct rip_key *rip_auth_send_key(const struct rip_auth *a, uint64_t unix_now);

/** Entries of routes that fit in a message that is signed by this key (NULL: by none). */
unsigned rip_auth_room(const struct rip_key *k);

/** Write the authentication entry, behind the header; nothing if k is NULL. */
void rip_auth_begin(
	struct writer *w, const struct rip_auth *a, const struct rip_key *k, uint32_t sequence);

/** Write what stands behind the entries. @return 0, or -EIO if OpenSSL would not */
int rip_auth_end(struct writer *w, const struct rip_key *k);

/** Check a message of version 2 that rip_packet_parse() took, in constant time. */
enum rip_verify rip_auth_verify(const struct rip_auth *a, const uint8_t *data,
	const struct rip_packet *p, uint64_t unix_now);

#endif
