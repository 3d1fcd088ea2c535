/* SPDX-License-Identifier: BSD-3-Clause */
/* AES-GCM (RFC 4106): the library's direct calls, with the keys of the packets ahead on their way.
 */
#include <rte_common.h>
#include <rte_prefetch.h>

#include "crypto/esp_priv.h"

#define ICV_LEN 16

/* Calls between asking for a key and using it: one is too short, many overflow the cache. */
#define AHEAD 3

/* Where the cache lines of hash keys begin and end in an SA. */
#define HASH_KEYS_BEGIN offsetof(struct sa, key.gcm.ghash_keys)
#define HASH_KEYS_END   offsetof(struct sa, hot)
#define HASH_KEYS_MAX   48

_Static_assert(HASH_KEYS_BEGIN % 64 == 0, "hash keys start on a cache line");
_Static_assert(HASH_KEYS_END - HASH_KEYS_BEGIN == HASH_KEYS_MAX * 16, "powers of H fill the key");

void esp_gcm_init(struct esp_context *c)
{
	const IMB_MGR *m = c->mgr;
	const uint64_t vaes = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;

	/* 11, 13 and 15 round keys of 16 octets, 16 octets into the SA */
	c->gcm[0] = (struct esp_gcm_ops){m->gcm128_enc, m->gcm128_dec, 3};
	c->gcm[1] = (struct esp_gcm_ops){m->gcm192_enc, m->gcm192_dec, 4};
	c->gcm[2] = (struct esp_gcm_ops){m->gcm256_enc, m->gcm256_dec, 4};
	c->gcm_vaes = m->used_arch == IMB_ARCH_AVX512 && (m->features & vaes) == vaes;
}

static inline const struct esp_gcm_ops *ops_of(const struct esp_context *c, const struct sa *sa)
{
	return &c->gcm[sa->key_size];
}

/*
 * Only the lines this packet will use. VAES code takes one power of H a block, counted from the
 * end of the structure; the older code takes the eight at its start, twice.
 */
static inline void prefetch_key(const struct esp_context *c, const struct esp_work *w)
{
	const char *sa = (const char *)w->sa;
	unsigned round_end = ops_of(c, w->sa)->round_key_lines * 64u;
	unsigned blocks = RTE_MIN(w->text_len / 16u + 2, (unsigned)HASH_KEYS_MAX);
	unsigned from = HASH_KEYS_END - blocks * 16, to = HASH_KEYS_END;

	if (!c->gcm_vaes) {
		from = HASH_KEYS_BEGIN;
		to = HASH_KEYS_BEGIN + 256;
	}
	/* The first line is there: parsing needed it. */
	for (unsigned at = 64; at < round_end; at += 64)
		rte_prefetch0(sa + at);
	for (unsigned at = from & ~63u; at < to; at += 64)
		rte_prefetch0(sa + at);
}

static inline void prefetch_first(
	const struct esp_context *c, struct esp_work *const work[], unsigned n)
{
	for (unsigned i = 0; i < RTE_MIN(n, (unsigned)AHEAD); i++)
		prefetch_key(c, work[i]);
}

void esp_gcm_open(struct esp_context *c, struct esp_work *const work[], unsigned n)
{
	prefetch_first(c, work, n);
	for (unsigned i = 0; i < n; i++) {
		struct esp_work *w = work[i];

		if (i + AHEAD < n)
			prefetch_key(c, work[i + AHEAD]);
		ops_of(c, w->sa)->decrypt(&w->sa->key.gcm, &c->gcm_scratch, w->text, w->text,
			w->text_len, w->nonce, w->aad, w->aad_len, w->icv, ICV_LEN);
	}
	for (unsigned i = 0; i < n; i++)
		work[i]->failed =
			!esp_icv_equal(work[i]->icv, work[i]->text + work[i]->text_len, ICV_LEN);
}

void esp_gcm_seal(struct esp_context *c, struct esp_work *const work[], unsigned n)
{
	prefetch_first(c, work, n);
	for (unsigned i = 0; i < n; i++) {
		struct esp_work *w = work[i];

		if (i + AHEAD < n)
			prefetch_key(c, work[i + AHEAD]);
		ops_of(c, w->sa)->encrypt(&w->sa->key.gcm, &c->gcm_scratch, w->text, w->text,
			w->text_len, w->nonce, w->aad, w->aad_len, w->text + w->text_len, ICV_LEN);
		w->failed = false;
	}
}
