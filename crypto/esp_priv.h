/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the front of the engine (esp.c), its two cipher paths (esp_gcm.c, esp_jobs.c), and the
 * way of its own that plain packets take (esp_plain.c). The front parses and finishes; a path turns
 * text and ICV of the packets it is given.
 */
#ifndef CRYPTO_ESP_PRIV_H
#define CRYPTO_ESP_PRIV_H

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include "crypto/esp.h"

#define ESP_TRAILER_LEN 2 /* pad length, next header */

/* The largest ESP packet that IPv4 carries: 65535 - 20. */
#define ESP_LEN_MAX 65515

/** One packet between parsing and finishing. What GCM works with stands in the first line. */
struct esp_work {
	/** AEAD: salt and IV; 16 octets are written at once, 12 used */
	uint8_t nonce[16] __attribute__((aligned(16)));
	/** AEAD: SPI and number, with its high half if ESN (RFC 4106 5, RFC 7634 2.1) */
	uint8_t aad[16];
	struct esp_packet *pkt;
	struct sa *sa;
	uint8_t *text; /**< ciphertext and plaintext: between IV and ICV */
	uint16_t text_len;
	uint8_t aad_len;
	bool failed;                   /**< set by a path: not authentic, or the library refused */
	uint32_t seq_high_be;          /**< HMAC with ESN: goes into the ICV (RFC 4303 2.2.1) */
	uint8_t icv[64];               /**< as computed here; room for any untruncated hash */
	uint8_t received[ESP_ICV_MAX]; /**< opening: saved, ESN needs the place */
	const void *des_keys[3];       /**< the library wants pointers, a slot holds none */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct esp_work, icv) == 64, "GCM works on one line");

/** A plain packet on its way: one line. */
struct esp_plain {
	uint8_t nonce[16];
	uint8_t icv[16]; /**< opening: as computed */
	struct esp_packet *pkt;
	struct sa *sa;
	uint8_t *esp;
	uint32_t text_len;
	uint32_t seq;
} __attribute__((aligned(64)));

/** The library's calls for one key length. */
struct esp_gcm_ops {
	aes_gcm_enc_dec_t encrypt;
	aes_gcm_enc_dec_t decrypt;
};

struct esp_context {
	struct esp_plain plain[ESP_BURST_MAX];
	struct esp_work gcm_work[ESP_BURST_MAX];
	struct esp_work job_work[ESP_BURST_MAX];
	struct gcm_context_data gcm_scratch;
	struct gcm_key_data iv_key __attribute__((aligned(64))); /**< of the IV generator */
	uint64_t iv_count;                                       /**< its nonces so far */
	uint8_t ivs[ESP_BURST_MAX * ESP_IV_MAX];
	struct esp_gcm_ops gcm[3]; /**< by sa.key_size */
	bool gcm_vaes;             /**< which layout of hash keys the library uses */
	IMB_MGR *mgr;
	const struct sa_table *table;
} __attribute__((aligned(64)));

/** Compare without telling by time where the difference is. len: multiple of 4, at least 8. */
static inline bool esp_icv_equal(const uint8_t *a, const uint8_t *b, unsigned len)
{
	uint64_t diff = 0;

	/* The last step may overlap the one before. */
	for (unsigned i = 0; i < len; i += 8) {
		unsigned at = i + 8 <= len ? i : len - 8;
		uint64_t x, y;

		__builtin_memcpy(&x, a + at, sizeof(x));
		__builtin_memcpy(&y, b + at, sizeof(y));
		diff |= x ^ y;
	}
	return diff == 0;
}

static inline void esp_store16(uint8_t *to, uint64_t first, uint64_t second)
{
	typedef uint64_t pair __attribute__((vector_size(16), aligned(1), may_alias));

	*(pair *)to = (pair){first, second};
}

/**
 * Salt, IV, and the block counter's first value. One store of 16 octets: the cipher loads them as
 * one, and a load over two smaller stores would have to wait for both to reach the cache.
 */
static inline void esp_nonce_set(uint8_t nonce[16], uint32_t salt, uint64_t iv_be)
{
	esp_store16(nonce, salt | iv_be << 32, iv_be >> 32 | UINT64_C(1) << 56);
}

/**
 * Padding 1, 2, 3, ... (RFC 4303 2.4), pad length and next header. There is room for any suite.
 * @return octets of the text with it
 */
static inline uint32_t esp_trailer_write(
	uint8_t *text, unsigned payload_len, uint8_t next_header, unsigned align)
{
	unsigned text_len = (payload_len + ESP_TRAILER_LEN + align - 1) & ~(align - 1);
	uint16_t end = (uint16_t)((text_len - payload_len - ESP_TRAILER_LEN) | next_header << 8);

	esp_store16(text + payload_len, UINT64_C(0x0807060504030201), UINT64_C(0x100f0e0d0c0b0a09));
	memcpy(text + text_len - sizeof(end), &end, sizeof(end));
	return text_len;
}

/** Calls between asking for a key and using it: one is too short, many overflow the cache. */
#define ESP_GCM_AHEAD 3

/* Where the cache lines of hash keys begin and end in an SA. */
#define HASH_KEYS_BEGIN offsetof(struct sa, key.gcm.ghash_keys)
#define HASH_KEYS_END   offsetof(struct sa, hot)
#define HASH_KEYS_MAX   48
#define HASH_KEYS_OLD   256

_Static_assert(HASH_KEYS_BEGIN % 64 == 0, "hash keys start on a cache line");
_Static_assert(HASH_KEYS_END - HASH_KEYS_BEGIN == HASH_KEYS_MAX * 16, "powers of H fill the key");

/**
 * Only the lines this packet will use. Of the round keys the first line is there, parsing needed
 * it; 11 of them end in the third, 13 and 15 in the fourth. Of the hash keys VAES code takes one
 * a block and two more, counted from the end of the structure, so two lines for up to 96 octets;
 * older code takes the eight at its start, twice.
 */
static inline void esp_gcm_prefetch(const struct sa *sa, unsigned text_len, bool vaes)
{
	const char *at = (const char *)sa, *end = at + HASH_KEYS_END;

	rte_prefetch0(at + 64);
	rte_prefetch0(at + 128);
	if (sa->key_size > 0)
		rte_prefetch0(at + 192);
	if (unlikely(!vaes)) {
		for (unsigned i = 0; i < HASH_KEYS_OLD; i += 64)
			rte_prefetch0(at + HASH_KEYS_BEGIN + i);
		return;
	}
	rte_prefetch0(end - 64);
	rte_prefetch0(end - 128);
	end -= 128;
	for (int left = (int)RTE_MIN(text_len, HASH_KEYS_MAX * 16 - 32u) - 96; left > 0;
		left -= 64) {
		end -= 64;
		rte_prefetch0(end);
	}
}

/**
 * Plain packets of a burst, from their first to their last step.
 * @param[out] rest  those that are not, for the front
 * @return how many these are
 */
unsigned esp_plain_open(struct esp_context *c, struct esp_packet *const pkts[], unsigned n,
	struct esp_packet **rest);
unsigned esp_plain_seal(struct esp_context *c, struct esp_packet *const pkts[], unsigned n,
	struct esp_packet **rest);

/** AES-GCM, one direct call a packet. n may be 0. */
void esp_gcm_init(struct esp_context *c);
void esp_gcm_open(struct esp_context *c, struct esp_work *work, unsigned n);
void esp_gcm_seal(struct esp_context *c, struct esp_work *work, unsigned n);

/** Everything else, as one batch of multi-buffer jobs. n may be 0. */
void esp_jobs_open(struct esp_context *c, struct esp_work *work, unsigned n);
void esp_jobs_seal(struct esp_context *c, struct esp_work *work, unsigned n);

#endif
