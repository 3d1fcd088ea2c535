/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CBC, 3DES and NULL with HMAC, and ChaCha20-Poly1305: the library's burst of jobs, one batch over
 * all SAs. Its lanes run packets side by side, so a batch costs least when it is full, and it is
 * flushed once.
 */
#include <string.h>

#include <rte_prefetch.h>

#include "crypto/esp_priv.h"

#define HMAC_STATES (2 * sizeof(((struct sa_hmac_key *)0)->ipad))

static const IMB_HASH_ALG hash_algs[] = {
	[ESP_AUTH_AEAD] = IMB_AUTH_CHACHA20_POLY1305,
	[ESP_AUTH_MD5_96] = IMB_AUTH_MD5,
	[ESP_AUTH_SHA1_96] = IMB_AUTH_HMAC_SHA_1,
	[ESP_AUTH_SHA256_128] = IMB_AUTH_HMAC_SHA_256,
	[ESP_AUTH_SHA384_192] = IMB_AUTH_HMAC_SHA_384,
	[ESP_AUTH_SHA512_256] = IMB_AUTH_HMAC_SHA_512,
};

static void job_chacha(IMB_JOB *job, struct esp_work *w)
{
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->enc_keys = w->sa->key.chacha;
	job->dec_keys = w->sa->key.chacha;
	job->iv = w->nonce;
	job->iv_len_in_bytes = 12;
	job->hash_start_src_offset_in_bytes = job->cipher_start_src_offset_in_bytes;
	job->msg_len_to_hash_in_bytes = w->text_len;
	job->u.CHACHA20_POLY1305.aad = w->aad;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = w->aad_len;
}

static void job_cipher(IMB_JOB *job, struct esp_work *w, const struct esp_suite *suite)
{
	struct sa_hmac_key *key = &w->sa->key.hmac;

	job->iv = w->pkt->esp + ESP_HDR_LEN;
	job->iv_len_in_bytes = suite->iv_len;
	switch (suite->cipher) {
	case ESP_CIPHER_AES_CBC:
		job->cipher_mode = IMB_CIPHER_CBC;
		job->enc_keys = key->aes;
		job->dec_keys = key->aes;
		break;
	case ESP_CIPHER_3DES_CBC:
		for (unsigned i = 0; i < 3; i++)
			w->des_keys[i] = key->des[i];
		job->cipher_mode = IMB_CIPHER_DES3;
		job->enc_keys = w->des_keys;
		job->dec_keys = w->des_keys;
		break;
	default:
		job->cipher_mode = IMB_CIPHER_NULL;
		job->msg_len_to_cipher_in_bytes = 0;
		break;
	}
}

/* The ICV covers header, IV and ciphertext, and with ESN the high half that is not sent. */
static void job_hmac(IMB_JOB *job, struct esp_work *w)
{
	uint8_t *end = w->text + w->text_len;

	if (w->sa->esn) {
		/* RFC 4303 2.2.1: behind the ciphertext; the ICV's place is free now */
		memcpy(end, &w->seq_high_be, sizeof(w->seq_high_be));
		end += sizeof(w->seq_high_be);
	}
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = (uint64_t)(end - w->pkt->esp);
	job->u.HMAC._hashed_auth_key_xor_ipad = w->sa->key.hmac.ipad;
	job->u.HMAC._hashed_auth_key_xor_opad = w->sa->key.hmac.opad;
}

/*
 * The jobs of a batch are filled before the first one runs: time for the keys to come. Two or three
 * lines of round keys (3DES has more, in order) and the HMAC states.
 */
static void prefetch_key(const struct sa *sa)
{
	const char *key = (const char *)sa, *hmac = (const char *)sa->key.hmac.ipad;

	rte_prefetch0(key + 64);
	rte_prefetch0(key + 128);
	rte_prefetch0(key + 192);
	for (unsigned at = 0; at < HMAC_STATES; at += 64)
		rte_prefetch0(hmac + at);
}

static void job_fill(IMB_JOB *job, struct esp_work *w)
{
	const struct esp_suite *suite = esp_suite_at(w->sa->suite);

	job->src = w->pkt->esp;
	job->dst = w->text;
	job->cipher_start_src_offset_in_bytes = (uint64_t)(w->text - w->pkt->esp);
	job->msg_len_to_cipher_in_bytes = w->text_len;
	job->key_len_in_bytes = suite->key_len;
	job->hash_alg = hash_algs[suite->auth];
	job->auth_tag_output = w->icv;
	job->auth_tag_output_len_in_bytes = suite->icv_len;
	if (suite->auth == ESP_AUTH_AEAD) {
		job_chacha(job, w);
	} else {
		job_cipher(job, w, suite);
		job_hmac(job, w);
	}
}

/* Run the batch; what the library did not finish in order is marked as failed. */
static void batch_run(
	struct esp_context *c, struct esp_work *work, unsigned n, IMB_CIPHER_DIRECTION dir)
{
	IMB_JOB *jobs[ESP_BURST_MAX], *done[ESP_BURST_MAX];
	/* The queue is empty between batches and holds more than a burst. */
	unsigned room = IMB_GET_NEXT_BURST(c->mgr, n, jobs);

	for (unsigned i = 0; i < room; i++) {
		jobs[i]->cipher_direction = dir;
		jobs[i]->chain_order =
			dir == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
		prefetch_key(work[i].sa);
		job_fill(jobs[i], &work[i]);
		done[i] = jobs[i];
	}
	IMB_SUBMIT_BURST_NOCHECK(c->mgr, room, done);
	while (IMB_FLUSH_BURST(c->mgr, ESP_BURST_MAX, done) > 0)
		;
	for (unsigned i = 0; i < n; i++)
		work[i].failed = i >= room || jobs[i]->status != IMB_STATUS_COMPLETED;
}

void esp_jobs_open(struct esp_context *c, struct esp_work *work, unsigned n)
{
	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++)
		memcpy(work[i].received, work[i].text + work[i].text_len, work[i].sa->icv_len);
	batch_run(c, work, n, IMB_DIR_DECRYPT);
	for (unsigned i = 0; i < n; i++)
		work[i].failed |=
			!esp_icv_equal(work[i].icv, work[i].received, work[i].sa->icv_len);
}

/*
 * CBC IVs have to be unpredictable (RFC 3602 3): octets of a key stream that only this context
 * knows. One call makes those of the burst.
 */
static void fill_ivs(struct esp_context *c, struct esp_work *work, unsigned n)
{
	uint8_t nonce[16] __attribute__((aligned(16))) = {0};
	uint8_t tag[16];

	memcpy(nonce, &c->iv_count, sizeof(c->iv_count));
	c->iv_count++;
	memset(c->ivs, 0, n * ESP_IV_MAX);
	IMB_AES128_GCM_ENC(c->mgr, &c->iv_key, &c->gcm_scratch, c->ivs, c->ivs, n * ESP_IV_MAX,
		nonce, nonce, 0, tag, sizeof(tag));
	for (unsigned i = 0; i < n; i++)
		if (work[i].sa->cipher == ESP_CIPHER_AES_CBC)
			memcpy(work[i].pkt->esp + ESP_HDR_LEN, c->ivs + i * ESP_IV_MAX, 16);
		else if (work[i].sa->cipher == ESP_CIPHER_3DES_CBC)
			memcpy(work[i].pkt->esp + ESP_HDR_LEN, c->ivs + i * ESP_IV_MAX, 8);
}

void esp_jobs_seal(struct esp_context *c, struct esp_work *work, unsigned n)
{
	if (n == 0)
		return;
	fill_ivs(c, work, n);
	batch_run(c, work, n, IMB_DIR_ENCRYPT);
	for (unsigned i = 0; i < n; i++)
		memcpy(work[i].text + work[i].text_len, work[i].icv, work[i].sa->icv_len);
}
