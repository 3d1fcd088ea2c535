/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Front of the ESP engine: gives plain packets their own way (esp_plain.c), parses the others,
 * gives each to its cipher path, finishes. Parsing, crypto and finishing are loops of their own:
 * what one writes is then out of the store buffer when the next reads it in other widths.
 */
#include "crypto/esp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "crypto/esp_priv.h"
#include "crypto/replay.h"

#define AEAD_ICV_LEN 16

/* What parsing needs of a suite, small enough to stay in the cache. */
static const struct shape {
	uint8_t iv_len;
	uint8_t align;
	bool aead;
} shapes[] = {
	[ESP_CIPHER_NULL] = {0, 4, false},
	[ESP_CIPHER_3DES_CBC] = {8, 8, false},
	[ESP_CIPHER_AES_CBC] = {16, 16, false},
	[ESP_CIPHER_AES_GCM] = {8, 4, true},
	[ESP_CIPHER_CHACHA20] = {8, 4, true},
};

struct esp_context *esp_context_create(const struct sa_table *table, const uint8_t seed[16])
{
	struct esp_context *c = aligned_alloc(_Alignof(struct esp_context), sizeof(*c));

	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->table = table;
	c->mgr = alloc_mb_mgr(0);
	if (c->mgr == NULL) {
		free(c);
		errno = ENOMEM;
		return NULL;
	}
	init_mb_mgr_auto(c->mgr, NULL);
	if (imb_get_errno(c->mgr) != 0) {
		esp_context_destroy(c);
		errno = ENOTSUP;
		return NULL;
	}
	IMB_AES128_GCM_PRE(c->mgr, seed, &c->iv_key);
	esp_gcm_init(c);
	return c;
}

void esp_context_destroy(struct esp_context *c)
{
	if (c == NULL)
		return;
	free_mb_mgr(c->mgr);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static inline uint64_t load8(const uint8_t *from)
{
	uint64_t v;

	memcpy(&v, from, sizeof(v));
	return v;
}

/* `header` is SPI and low half of the number as they stand in the packet. */
static inline void aad_set(struct esp_work *w, uint64_t header, uint64_t seq)
{
	w->seq_high_be = rte_cpu_to_be_32((uint32_t)(seq >> 32));
	if (w->sa->esn) {
		esp_store16(
			w->aad, (uint32_t)header | (uint64_t)w->seq_high_be << 32, header >> 32);
		w->aad_len = 12;
	} else {
		esp_store16(w->aad, header, 0);
		w->aad_len = 8;
	}
}

static inline uint64_t *large_window(const struct esp_context *c, const struct sa *sa)
{
	return sa->hot.window_size > REPLAY_INLINE_MAX ? sa_window_words(c->table, sa) : NULL;
}

/* Lengths and the first look at the window (RFC 4303 3.4.2, 3.4.3). */
static enum esp_status open_parse(
	const struct esp_context *c, struct esp_work *w, struct esp_packet *pkt)
{
	struct sa *sa = pkt->sa;
	const struct shape *shape = &shapes[sa->cipher];
	unsigned text_at = ESP_HDR_LEN + shape->iv_len;
	unsigned fixed = text_at + (shape->aead ? AEAD_ICV_LEN : sa->icv_len);
	uint64_t header;

	if (pkt->len < fixed + ESP_TRAILER_LEN) {
		sa->hot.other_errors++;
		return ESP_SHORT;
	}
	w->pkt = pkt;
	w->sa = sa;
	w->text = pkt->esp + text_at;
	w->text_len = (uint16_t)(pkt->len - fixed);
	if (w->text_len & (shape->align - 1u)) {
		sa->hot.other_errors++;
		return ESP_LENGTH;
	}
	header = load8(pkt->esp);
	pkt->seq = rte_be_to_cpu_32((uint32_t)(header >> 32));
	if (sa->esn)
		pkt->seq = replay_full_seq(sa, (uint32_t)pkt->seq);
	if (!replay_check(sa, large_window(c, sa), pkt->seq)) {
		sa->hot.replay_errors++;
		return ESP_REPLAY;
	}
	esp_nonce_set(w->nonce, sa->salt, load8(pkt->esp + ESP_HDR_LEN));
	aad_set(w, header, pkt->seq);
	return ESP_OK;
}

/* RFC 4303 3.4.4.1 after the ICV: trailer, then the window moves. */
static inline enum esp_status open_finish(const struct esp_context *c, struct esp_work *w)
{
	struct esp_packet *pkt = w->pkt;
	struct sa *sa = w->sa;
	uint64_t *words = large_window(c, sa);
	unsigned pad_len;

	if (w->failed) {
		sa->hot.auth_errors++;
		return ESP_AUTH_FAILED;
	}
	/* One burst may hold a number twice; the first look passed both. */
	if (!replay_check(sa, words, pkt->seq)) {
		sa->hot.replay_errors++;
		return ESP_REPLAY;
	}
	pad_len = w->text[w->text_len - 2];
	if (pad_len + ESP_TRAILER_LEN > w->text_len) {
		sa->hot.other_errors++;
		return ESP_PADDING;
	}
	replay_update(sa, words, pkt->seq);
	pkt->payload = w->text;
	pkt->payload_len = (uint16_t)(w->text_len - ESP_TRAILER_LEN - pad_len);
	pkt->next_header = w->text[w->text_len - 1];
	sa->hot.packets++;
	sa->hot.bytes += pkt->payload_len;
	return ESP_OK;
}

static void open_finish_all(const struct esp_context *c, struct esp_work *work, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		work[i].pkt->status = (uint8_t)open_finish(c, &work[i]);
}

void esp_open_burst(struct esp_context *c, struct esp_packet *const pkts[], unsigned n)
{
	struct esp_packet *rest[ESP_BURST_MAX];
	unsigned n_gcm = 0, n_jobs = 0, n_rest = esp_plain_open(c, pkts, n, rest);

	if (likely(n_rest == 0))
		return;
	for (unsigned i = 0; i < n_rest; i++) {
		bool gcm = rest[i]->sa->cipher == ESP_CIPHER_AES_GCM;
		struct esp_work *w = gcm ? &c->gcm_work[n_gcm] : &c->job_work[n_jobs];

		rest[i]->status = (uint8_t)open_parse(c, w, rest[i]);
		if (rest[i]->status == ESP_OK)
			*(gcm ? &n_gcm : &n_jobs) += 1;
	}
	esp_gcm_open(c, c->gcm_work, n_gcm);
	esp_jobs_open(c, c->job_work, n_jobs);
	open_finish_all(c, c->gcm_work, n_gcm);
	open_finish_all(c, c->job_work, n_jobs);
}

static enum esp_status seal_parse(struct esp_work *w, struct esp_packet *pkt)
{
	struct sa *sa = pkt->sa;
	const struct shape *shape = &shapes[sa->cipher];
	unsigned text_at = ESP_HDR_LEN + shape->iv_len;
	uint64_t header, iv_be;

	if (text_at + pkt->payload_len + ESP_TAIL_MAX > ESP_LEN_MAX) {
		sa->hot.other_errors++;
		return ESP_LENGTH;
	}
	/* RFC 4303 3.3.3: the counter must not cycle */
	if (sa->hot.seq == (sa->esn ? UINT64_MAX : UINT32_MAX)) {
		sa->hot.other_errors++;
		return ESP_SEQ_OVERFLOW;
	}
	pkt->seq = ++sa->hot.seq;
	w->pkt = pkt;
	w->sa = sa;
	w->text = pkt->esp + text_at;
	w->text_len = (uint16_t)esp_trailer_write(
		w->text, pkt->payload_len, pkt->next_header, shape->align);
	header = rte_cpu_to_be_32(sa->spi) | (uint64_t)rte_cpu_to_be_32((uint32_t)pkt->seq) << 32;
	/* RFC 4106 3.1: never twice with one key, and it is not a secret */
	iv_be = rte_cpu_to_be_64(sa->hot.window + pkt->seq);
	if (shape->aead)
		esp_store16(pkt->esp, header, iv_be);
	else
		memcpy(pkt->esp, &header, sizeof(header));
	esp_nonce_set(w->nonce, sa->salt, iv_be);
	aad_set(w, header, pkt->seq);
	return ESP_OK;
}

static inline enum esp_status seal_finish(struct esp_work *w)
{
	struct esp_packet *pkt = w->pkt;
	struct sa *sa = w->sa;

	if (w->failed) {
		sa->hot.other_errors++;
		return ESP_LENGTH;
	}
	pkt->payload = w->text;
	pkt->len = (uint16_t)(w->text - pkt->esp + w->text_len + sa->icv_len);
	sa->hot.packets++;
	sa->hot.bytes += pkt->payload_len;
	return ESP_OK;
}

static void seal_finish_all(struct esp_work *work, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		work[i].pkt->status = (uint8_t)seal_finish(&work[i]);
}

void esp_seal_burst(struct esp_context *c, struct esp_packet *const pkts[], unsigned n)
{
	struct esp_packet *rest[ESP_BURST_MAX];
	unsigned n_gcm = 0, n_jobs = 0, n_rest = esp_plain_seal(c, pkts, n, rest);

	if (likely(n_rest == 0))
		return;
	for (unsigned i = 0; i < n_rest; i++) {
		bool gcm = rest[i]->sa->cipher == ESP_CIPHER_AES_GCM;
		struct esp_work *w = gcm ? &c->gcm_work[n_gcm] : &c->job_work[n_jobs];

		rest[i]->status = (uint8_t)seal_parse(w, rest[i]);
		if (rest[i]->status == ESP_OK)
			*(gcm ? &n_gcm : &n_jobs) += 1;
	}
	esp_gcm_seal(c, c->gcm_work, n_gcm);
	esp_jobs_seal(c, c->job_work, n_jobs);
	seal_finish_all(c->gcm_work, n_gcm);
	seal_finish_all(c->job_work, n_jobs);
}
