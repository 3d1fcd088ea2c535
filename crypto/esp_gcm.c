/* SPDX-License-Identifier: BSD-3-Clause */
/* AES-GCM (RFC 4106): the library's direct calls, with the keys of packets ahead on their way. */
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
#define HASH_KEYS_OLD   256

_Static_assert(HASH_KEYS_BEGIN % 64 == 0, "hash keys start on a cache line");
_Static_assert(HASH_KEYS_END - HASH_KEYS_BEGIN == HASH_KEYS_MAX * 16, "powers of H fill the key");

void esp_gcm_init(struct esp_context *c)
{
	const IMB_MGR *m = c->mgr;
	const uint64_t vaes = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;

	c->gcm[0] = (struct esp_gcm_ops){m->gcm128_enc, m->gcm128_dec};
	c->gcm[1] = (struct esp_gcm_ops){m->gcm192_enc, m->gcm192_dec};
	c->gcm[2] = (struct esp_gcm_ops){m->gcm256_enc, m->gcm256_dec};
	c->gcm_vaes = m->used_arch == IMB_ARCH_AVX512 && (m->features & vaes) == vaes;
}

/*
 * Only the lines this packet will use. Of the round keys the first line is there, parsing needed
 * it; 11 of them end in the third, 13 and 15 in the fourth. Of the hash keys VAES code takes one
 * a block, counted from the end of the structure; older code takes the eight at its start, twice.
 */
static inline void prefetch_key(const struct esp_work *w, bool vaes)
{
	const char *sa = (const char *)w->sa;
	unsigned blocks = RTE_MIN(w->text_len / 16u + 2, (unsigned)HASH_KEYS_MAX);
	unsigned from = vaes ? (HASH_KEYS_END - blocks * 16) & ~63u : HASH_KEYS_BEGIN;
	unsigned to = vaes ? HASH_KEYS_END : HASH_KEYS_BEGIN + HASH_KEYS_OLD;

	rte_prefetch0(sa + 64);
	rte_prefetch0(sa + 128);
	if (w->sa->key_size > 0)
		rte_prefetch0(sa + 192);
	do {
		rte_prefetch0(sa + from);
		from += 64;
	} while (from < to);
}

static inline void prefetch_first(const struct esp_work *work, unsigned n, bool vaes)
{
	for (unsigned i = 0; i < RTE_MIN(n, (unsigned)AHEAD); i++)
		prefetch_key(&work[i], vaes);
}

void esp_gcm_open(struct esp_context *c, struct esp_work *work, unsigned n)
{
	bool vaes = c->gcm_vaes;

	prefetch_first(work, n, vaes);
	for (unsigned i = 0; i < n; i++) {
		struct esp_work *w = &work[i];

		if (i + AHEAD < n)
			prefetch_key(w + AHEAD, vaes);
		c->gcm[w->sa->key_size].decrypt(&w->sa->key.gcm, &c->gcm_scratch, w->text, w->text,
			w->text_len, w->nonce, w->aad, w->aad_len, w->icv, ICV_LEN);
	}
	for (unsigned i = 0; i < n; i++)
		work[i].failed =
			!esp_icv_equal(work[i].icv, work[i].text + work[i].text_len, ICV_LEN);
}

void esp_gcm_seal(struct esp_context *c, struct esp_work *work, unsigned n)
{
	bool vaes = c->gcm_vaes;

	prefetch_first(work, n, vaes);
	for (unsigned i = 0; i < n; i++) {
		struct esp_work *w = &work[i];

		if (i + AHEAD < n)
			prefetch_key(w + AHEAD, vaes);
		c->gcm[w->sa->key_size].encrypt(&w->sa->key.gcm, &c->gcm_scratch, w->text, w->text,
			w->text_len, w->nonce, w->aad, w->aad_len, w->text + w->text_len, ICV_LEN);
		w->failed = false;
	}
}
