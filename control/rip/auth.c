/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/rip/auth.h"

#include <errno.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define MD5_KEY_LEN 16 /* RFC 2082 3: shorter keys are filled up with zeros */

static const struct {
	const char *name;
	unsigned digest_len;
	const EVP_MD *(*md)(void);
} algorithms[RIP_ALGORITHM_COUNT] = {
	[RIP_ALGORITHM_TEXT] = {"text", 0, NULL},
	[RIP_ALGORITHM_MD5] = {"md5", 16, EVP_md5},
	[RIP_ALGORITHM_SHA1] = {"hmac-sha-1", 20, EVP_sha1},
	[RIP_ALGORITHM_SHA256] = {"hmac-sha-256", 32, EVP_sha256},
	[RIP_ALGORITHM_SHA384] = {"hmac-sha-384", 48, EVP_sha384},
	[RIP_ALGORITHM_SHA512] = {"hmac-sha-512", 64, EVP_sha512},
};

const char *rip_algorithm_name(enum rip_algorithm a)
{
	return a < RIP_ALGORITHM_COUNT ? algorithms[a].name : "?";
}

unsigned rip_algorithm_digest_len(enum rip_algorithm a)
{
	return algorithms[a].digest_len;
}

static bool alive(const struct rip_lifetime *l, uint64_t unix_now)
{
	return l->from <= unix_now && unix_now < l->to;
}

const struct rip_key *rip_auth_send_key(const struct rip_auth *a, uint64_t unix_now)
{
	const struct rip_key *best = NULL;

	for (unsigned i = 0; i < a->n_keys; i++) {
		const struct rip_key *k = &a->keys[i];

		if (alive(&k->send, unix_now) && (best == NULL || k->send.to > best->send.to))
			best = k;
	}
	return best;
}

/* RFC 2453 3.6 bounds a message by 512 octets, the digest in it. */
unsigned rip_auth_room(const struct rip_key *k)
{
	unsigned digest = k == NULL ? 0 : algorithms[k->algorithm].digest_len;
	unsigned room = 512 - RIP_HEADER_LEN - (digest ? 4 + digest : 0);

	return room / RIP_ENTRY_LEN - (k != NULL);
}

static unsigned text_len(const struct rip_key *k)
{
	return k->len < RIP_SECRET_LEN ? k->len : RIP_SECRET_LEN;
}

void rip_auth_begin(
	struct writer *w, const struct rip_auth *a, const struct rip_key *k, uint32_t sequence)
{
	static const uint8_t zero[RIP_SECRET_LEN];
	unsigned digest, text;

	if (k == NULL)
		return;
	digest = algorithms[k->algorithm].digest_len;
	writer_u16(w, RIP_FAMILY_AUTH);
	if (digest == 0) {
		writer_u16(w, RIP_AUTH_TEXT);
		text = text_len(k);
		writer_copy(w, k->secret, text);
		writer_copy(w, zero, RIP_SECRET_LEN - text);
		return;
	}
	writer_u16(w, RIP_AUTH_CRYPT);
	writer_u16(w, 0); /* where the digest begins: rip_auth_end() knows */
	writer_u8(w, k->id);
	writer_u8(w, (uint8_t)(digest + (a->old_ripd_length ? 4 : 0)));
	writer_u32(w, sequence);
	writer_copy(w, zero, 8);
}

/* RFC 2082 3.2.1: MD5 over the message, and the key where the digest will stand. */
static bool keyed_md5(const struct rip_key *k, const uint8_t *data, size_t len, uint8_t *out)
{
	uint8_t padded[MD5_KEY_LEN] = {0};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	memcpy(padded, k->secret, k->len < MD5_KEY_LEN ? k->len : MD5_KEY_LEN);
	ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1 &&
	     EVP_DigestUpdate(ctx, data, len) == 1 &&
	     EVP_DigestUpdate(ctx, padded, sizeof(padded)) == 1 &&
	     EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	OPENSSL_cleanse(padded, sizeof(padded));
	return ok;
}

/*
 * RFC 4822 2.5: HMAC over the message with 0x878fe1f3 repeated where the digest will stand. A key
 * longer than the digest (not, as RFC 2104 has it, than the block) is hashed first.
 */
static bool hmac_sha(const struct rip_key *k, const uint8_t *data, size_t len, uint8_t *out)
{
	static const uint8_t pad[4] = {0x87, 0x8f, 0xe1, 0xf3};
	const EVP_MD *md = algorithms[k->algorithm].md();
	unsigned digest = algorithms[k->algorithm].digest_len, key_len = k->len;
	uint8_t message[RIP_PACKET_MAX], key[RIP_KEY_MAX];
	bool ok = len + digest <= sizeof(message);

	memcpy(key, k->secret, key_len);
	if (key_len > digest)
		ok = ok && EVP_Digest(k->secret, k->len, key, &key_len, md, NULL) == 1;
	if (ok) {
		memcpy(message, data, len);
		for (unsigned i = 0; i < digest; i++)
			message[len + i] = pad[i % 4];
		ok = HMAC(md, key, (int)key_len, message, len + digest, out, NULL) != NULL;
	}
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

static bool sign(const struct rip_key *k, const uint8_t *data, size_t len, uint8_t *out)
{
	if (k->algorithm == RIP_ALGORITHM_MD5)
		return keyed_md5(k, data, len, out);
	return hmac_sha(k, data, len, out);
}

int rip_auth_end(struct writer *w, const struct rip_key *k)
{
	uint8_t digest[RIP_DIGEST_MAX];

	if (k == NULL || k->algorithm == RIP_ALGORITHM_TEXT)
		return 0;
	writer_patch_u16(w, RIP_HEADER_LEN + 4, (uint16_t)writer_len(w));
	writer_u16(w, RIP_FAMILY_AUTH);
	writer_u16(w, 1);
	if (w->error || !sign(k, w->start, writer_len(w), digest))
		return -EIO;
	writer_copy(w, digest, algorithms[k->algorithm].digest_len);
	return w->error ? -EIO : 0;
}

static bool text_fits(const struct rip_key *k, const uint8_t *text)
{
	uint8_t padded[RIP_SECRET_LEN] = {0};
	bool same;

	memcpy(padded, k->secret, text_len(k));
	same = CRYPTO_memcmp(padded, text, sizeof(padded)) == 0;
	OPENSSL_cleanse(padded, sizeof(padded));
	return same;
}

static bool digest_fits(const struct rip_key *k, const uint8_t *data, const struct rip_packet *p)
{
	uint8_t digest[RIP_DIGEST_MAX];

	return sign(k, data, p->auth.signed_len, digest) &&
	       CRYPTO_memcmp(digest, p->auth.digest, p->auth.digest_len) == 0;
}

/* A key that could have signed it. */
static bool comes_into_question(const struct rip_key *k, const struct rip_packet_auth *a)
{
	if (a->kind == RIP_AUTH_TEXT)
		return k->algorithm == RIP_ALGORITHM_TEXT;
	return k->algorithm != RIP_ALGORITHM_TEXT && k->id == a->key_id &&
	       algorithms[k->algorithm].digest_len == a->digest_len;
}

enum rip_verify rip_auth_verify(const struct rip_auth *a, const uint8_t *data,
	const struct rip_packet *p, uint64_t unix_now)
{
	enum rip_verify verdict = RIP_VERIFY_NO_KEY;

	if (p->auth.kind == RIP_AUTH_NONE)
		return a->n_keys == 0 ? RIP_VERIFY_OK : RIP_VERIFY_MISSING;
	if (a->n_keys == 0)
		return RIP_VERIFY_UNWANTED;
	for (unsigned i = 0; i < a->n_keys && verdict != RIP_VERIFY_OK; i++) {
		const struct rip_key *k = &a->keys[i];

		if (!alive(&k->accept, unix_now) || !comes_into_question(k, &p->auth))
			continue;
		verdict = RIP_VERIFY_DIGEST;
		if (p->auth.kind == RIP_AUTH_TEXT ? text_fits(k, p->auth.text)
						  : digest_fits(k, data, p))
			verdict = RIP_VERIFY_OK;
	}
	return verdict;
}
