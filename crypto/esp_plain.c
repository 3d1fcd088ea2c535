/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nearly all packets are: AES-GCM (RFC 4106), numbers of 32 bits, a window that stands in the
 * SA's hot line (sa.plain). Same steps as the front's, in the same order, without questions about
 * what else a packet may be, and with what lies between them in one line: 130 instructions less for
 * a packet that is opened and sealed, 20 cycles.
 */
#include <string.h>

#include <emmintrin.h>

#include <rte_byteorder.h>

#include "crypto/esp_priv.h"
#include "crypto/replay.h"

#define ICV_LEN   16
#define IV_LEN    8
#define TEXT_AT   (ESP_HDR_LEN + IV_LEN)
#define ALIGN     4
#define FIXED_LEN (TEXT_AT + ICV_LEN)

/* Lengths and the first look at the window (RFC 4303 3.4.2, 3.4.3). */
static inline enum esp_status open_parse(struct esp_plain *w, struct esp_packet *pkt, struct sa *sa)
{
	uint32_t text_len = (uint32_t)pkt->len - FIXED_LEN;
	uint64_t header, iv;
	uint32_t seq;

	if (unlikely(pkt->len < FIXED_LEN + ESP_TRAILER_LEN)) {
		sa->hot.other_errors++;
		return ESP_SHORT;
	}
	if (unlikely(text_len & (ALIGN - 1))) {
		sa->hot.other_errors++;
		return ESP_LENGTH;
	}
	memcpy(&header, pkt->esp, sizeof(header));
	seq = rte_be_to_cpu_32((uint32_t)(header >> 32));
	if (unlikely(!replay_check_inline(sa, seq))) {
		sa->hot.replay_errors++;
		return ESP_REPLAY;
	}
	memcpy(&iv, pkt->esp + ESP_HDR_LEN, sizeof(iv));
	esp_nonce_set(w->nonce, sa->salt, iv);
	w->pkt = pkt;
	w->sa = sa;
	w->esp = pkt->esp;
	w->text_len = text_len;
	w->seq = seq;
	return ESP_OK;
}

static inline bool icv_good(const struct esp_plain *w)
{
	__m128i computed = _mm_load_si128((const __m128i *)w->icv);
	__m128i received = _mm_loadu_si128((const __m128i *)(w->esp + TEXT_AT + w->text_len));

	return _mm_movemask_epi8(_mm_cmpeq_epi8(computed, received)) == 0xffff;
}

/* RFC 4303 3.4.4.1: ICV, the window again for one burst may hold a number twice, trailer. */
static inline enum esp_status open_finish(struct esp_plain *w)
{
	struct esp_packet *pkt = w->pkt;
	struct sa *sa = w->sa;
	uint8_t trailer[ESP_TRAILER_LEN];
	uint32_t payload_len;

	if (unlikely(!icv_good(w))) {
		sa->hot.auth_errors++;
		return ESP_AUTH_FAILED;
	}
	if (unlikely(!replay_check_inline(sa, w->seq))) {
		sa->hot.replay_errors++;
		return ESP_REPLAY;
	}
	memcpy(trailer, w->esp + TEXT_AT + w->text_len - ESP_TRAILER_LEN, sizeof(trailer));
	payload_len = w->text_len - ESP_TRAILER_LEN - trailer[0];
	if (unlikely((int32_t)payload_len < 0)) {
		sa->hot.other_errors++;
		return ESP_PADDING;
	}
	replay_update_inline(sa, w->seq);
	pkt->seq = w->seq;
	pkt->payload = w->esp + TEXT_AT;
	pkt->payload_len = (uint16_t)payload_len;
	pkt->next_header = trailer[1];
	sa->hot.packets++;
	sa->hot.bytes += payload_len;
	return ESP_OK;
}

static inline void prefetch_ahead(struct esp_plain *work, unsigned i, unsigned n, bool vaes)
{
	if (likely(i < n))
		esp_gcm_prefetch(work[i].sa, work[i].text_len, vaes);
}

unsigned esp_plain_open(struct esp_context *c, struct esp_packet *const pkts[], unsigned n,
	struct esp_packet **rest)
{
	struct esp_plain *work = c->plain;
	unsigned todo = 0, n_rest = 0;
	bool vaes = c->gcm_vaes;

	for (unsigned i = 0; i < n; i++) {
		struct esp_packet *pkt = pkts[i];
		struct sa *sa = pkt->sa;

		if (unlikely(!sa->plain)) {
			rest[n_rest++] = pkt;
			continue;
		}
		pkt->status = (uint8_t)open_parse(&work[todo], pkt, sa);
		todo += pkt->status == ESP_OK;
	}
	for (unsigned i = 0; i < ESP_GCM_AHEAD; i++)
		prefetch_ahead(work, i, todo, vaes);
	for (unsigned i = 0; i < todo; i++) {
		struct esp_plain *w = &work[i];
		uint8_t *text = w->esp + TEXT_AT;

		prefetch_ahead(work, i + ESP_GCM_AHEAD, todo, vaes);
		c->gcm[w->sa->key_size].decrypt(&w->sa->key.gcm, &c->gcm_scratch, text, text,
			w->text_len, w->nonce, w->esp, ESP_HDR_LEN, w->icv, ICV_LEN);
	}
	for (unsigned i = 0; i < todo; i++)
		work[i].pkt->status = (uint8_t)open_finish(&work[i]);
	return n_rest;
}

static inline enum esp_status seal_parse(struct esp_plain *w, struct esp_packet *pkt, struct sa *sa)
{
	uint64_t header, iv;

	if (unlikely(pkt->payload_len > ESP_LEN_MAX - TEXT_AT - ESP_TAIL_MAX)) {
		sa->hot.other_errors++;
		return ESP_LENGTH;
	}
	/* RFC 4303 3.3.3: the counter must not cycle */
	if (unlikely(sa->hot.seq == UINT32_MAX)) {
		sa->hot.other_errors++;
		return ESP_SEQ_OVERFLOW;
	}
	w->pkt = pkt;
	w->sa = sa;
	w->esp = pkt->esp;
	pkt->seq = ++sa->hot.seq;
	w->text_len =
		esp_trailer_write(pkt->esp + TEXT_AT, pkt->payload_len, pkt->next_header, ALIGN);
	header = rte_cpu_to_be_32(sa->spi) | (uint64_t)rte_cpu_to_be_32((uint32_t)sa->hot.seq)
						     << 32;
	/* RFC 4106 3.1: never twice with one key, and it is not a secret */
	iv = rte_cpu_to_be_64(sa->hot.window + sa->hot.seq);
	esp_store16(w->esp, header, iv);
	esp_nonce_set(w->nonce, sa->salt, iv);
	return ESP_OK;
}

static inline void seal_finish(struct esp_plain *w)
{
	struct esp_packet *pkt = w->pkt;

	pkt->payload = w->esp + TEXT_AT;
	pkt->len = (uint16_t)(w->text_len + FIXED_LEN);
	w->sa->hot.packets++;
	w->sa->hot.bytes += pkt->payload_len;
}

unsigned esp_plain_seal(struct esp_context *c, struct esp_packet *const pkts[], unsigned n,
	struct esp_packet **rest)
{
	struct esp_plain *work = c->plain;
	unsigned todo = 0, n_rest = 0;
	bool vaes = c->gcm_vaes;

	for (unsigned i = 0; i < n; i++) {
		struct esp_packet *pkt = pkts[i];
		struct sa *sa = pkt->sa;

		if (unlikely(!sa->plain)) {
			rest[n_rest++] = pkt;
			continue;
		}
		pkt->status = (uint8_t)seal_parse(&work[todo], pkt, sa);
		todo += pkt->status == ESP_OK;
	}
	for (unsigned i = 0; i < ESP_GCM_AHEAD; i++)
		prefetch_ahead(work, i, todo, vaes);
	for (unsigned i = 0; i < todo; i++) {
		struct esp_plain *w = &work[i];
		uint8_t *text = w->esp + TEXT_AT;

		prefetch_ahead(work, i + ESP_GCM_AHEAD, todo, vaes);
		c->gcm[w->sa->key_size].encrypt(&w->sa->key.gcm, &c->gcm_scratch, text, text,
			w->text_len, w->nonce, w->esp, ESP_HDR_LEN, text + w->text_len, ICV_LEN);
	}
	for (unsigned i = 0; i < todo; i++)
		seal_finish(&work[i]);
	return n_rest;
}
