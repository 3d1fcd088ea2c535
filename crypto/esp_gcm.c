/* SPDX-License-Identifier: BSD-3-Clause */
/* AES-GCM (RFC 4106): the library's direct calls, with the keys of packets ahead on their way. */
#include "crypto/esp_priv.h"

#define ICV_LEN 16

void esp_gcm_init(struct esp_context *c)
{
	const IMB_MGR *m = c->mgr;
	const uint64_t vaes = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;

	c->gcm[0] = (struct esp_gcm_ops){m->gcm128_enc, m->gcm128_dec};
	c->gcm[1] = (struct esp_gcm_ops){m->gcm192_enc, m->gcm192_dec};
	c->gcm[2] = (struct esp_gcm_ops){m->gcm256_enc, m->gcm256_dec};
	c->gcm_vaes = m->used_arch == IMB_ARCH_AVX512 && (m->features & vaes) == vaes;
}

static inline void prefetch_first(const struct esp_work *work, unsigned n, bool vaes)
{
	for (unsigned i = 0; i < RTE_MIN(n, (unsigned)ESP_GCM_AHEAD); i++)
		esp_gcm_prefetch(work[i].sa, work[i].text_len, vaes);
}

void esp_gcm_open(struct esp_context *c, struct esp_work *work, unsigned n)
{
	bool vaes = c->gcm_vaes;

	prefetch_first(work, n, vaes);
	for (unsigned i = 0; i < n; i++) {
		struct esp_work *w = &work[i];

		if (i + ESP_GCM_AHEAD < n)
			esp_gcm_prefetch(w[ESP_GCM_AHEAD].sa, w[ESP_GCM_AHEAD].text_len, vaes);
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

		if (i + ESP_GCM_AHEAD < n)
			esp_gcm_prefetch(w[ESP_GCM_AHEAD].sa, w[ESP_GCM_AHEAD].text_len, vaes);
		c->gcm[w->sa->key_size].encrypt(&w->sa->key.gcm, &c->gcm_scratch, w->text, w->text,
			w->text_len, w->nonce, w->aad, w->aad_len, w->text + w->text_len, ICV_LEN);
		w->failed = false;
	}
}
