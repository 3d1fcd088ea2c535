/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the front of the engine (esp.c) and its two cipher paths (esp_gcm.c, esp_jobs.c). The
 * front parses and finishes; a path turns text and ICV of the packets it is given.
 */
#ifndef CRYPTO_ESP_PRIV_H
#define CRYPTO_ESP_PRIV_H

#include "crypto/esp.h"

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

/** The library's calls for one key length. */
struct esp_gcm_ops {
	aes_gcm_enc_dec_t encrypt;
	aes_gcm_enc_dec_t decrypt;
};

struct esp_context {
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

/** AES-GCM, one direct call a packet. n may be 0. */
void esp_gcm_init(struct esp_context *c);
void esp_gcm_open(struct esp_context *c, struct esp_work *work, unsigned n);
void esp_gcm_seal(struct esp_context *c, struct esp_work *work, unsigned n);

/** Everything else, as one batch of multi-buffer jobs. n may be 0. */
void esp_jobs_open(struct esp_context *c, struct esp_work *work, unsigned n);
void esp_jobs_seal(struct esp_context *c, struct esp_work *work, unsigned n);

#endif
