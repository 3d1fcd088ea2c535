/* SPDX-License-Identifier: BSD-3-Clause */
/* Expansion of raw keys into what the ciphers work with. */
#include <string.h>

#include "crypto/sa_priv.h"

#define HMAC_BLOCK_MAX IMB_SHA_512_BLOCK_SIZE

static void expand_gcm(IMB_MGR *mgr, struct gcm_key_data *out, const uint8_t *key, size_t len)
{
	if (len == IMB_KEY_128_BYTES)
		IMB_AES128_GCM_PRE(mgr, key, out);
	else if (len == IMB_KEY_192_BYTES)
		IMB_AES192_GCM_PRE(mgr, key, out);
	else
		IMB_AES256_GCM_PRE(mgr, key, out);
}

/* A slot serves one direction and keeps that one's round keys. */
static void expand_cbc(IMB_MGR *mgr, uint8_t *out, const uint8_t *key, size_t len, bool decrypt)
{
	uint8_t other[16 * 15] __attribute__((aligned(16)));
	uint8_t *enc = decrypt ? other : out, *dec = decrypt ? out : other;

	if (len == IMB_KEY_128_BYTES)
		IMB_AES_KEYEXP_128(mgr, key, enc, dec);
	else if (len == IMB_KEY_192_BYTES)
		IMB_AES_KEYEXP_192(mgr, key, enc, dec);
	else
		IMB_AES_KEYEXP_256(mgr, key, enc, dec);
	explicit_bzero(other, sizeof(other));
}

static void hash_one_block(IMB_MGR *mgr, enum esp_auth auth, const void *block, void *state)
{
	switch (auth) {
	case ESP_AUTH_MD5_96:
		IMB_MD5_ONE_BLOCK(mgr, block, state);
		break;
	case ESP_AUTH_SHA1_96:
		IMB_SHA1_ONE_BLOCK(mgr, block, state);
		break;
	case ESP_AUTH_SHA256_128:
		IMB_SHA256_ONE_BLOCK(mgr, block, state);
		break;
	case ESP_AUTH_SHA384_192:
		IMB_SHA384_ONE_BLOCK(mgr, block, state);
		break;
	case ESP_AUTH_SHA512_256:
		IMB_SHA512_ONE_BLOCK(mgr, block, state);
		break;
	case ESP_AUTH_AEAD:
		break;
	}
}

/* RFC 2104 4: the states after the padded key blocks are all that is needed of the key. */
static void expand_hmac(IMB_MGR *mgr, struct sa_hmac_key *out, const struct sa_params *p)
{
	uint8_t block[HMAC_BLOCK_MAX] __attribute__((aligned(16)));

	memset(block, 0x36, sizeof(block));
	for (size_t i = 0; i < p->auth_key_len; i++)
		block[i] ^= p->auth_key[i];
	hash_one_block(mgr, p->suite->auth, block, out->ipad);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	hash_one_block(mgr, p->suite->auth, block, out->opad);
	explicit_bzero(block, sizeof(block));
}

void sa_key_expand(IMB_MGR *mgr, struct sa *sa, const struct sa_params *p)
{
	const struct esp_suite *suite = p->suite;

	switch (suite->cipher) {
	case ESP_CIPHER_AES_GCM:
		expand_gcm(mgr, &sa->key.gcm, p->key, suite->key_len);
		break;
	case ESP_CIPHER_CHACHA20:
		memcpy(sa->key.chacha, p->key, sizeof(sa->key.chacha));
		break;
	case ESP_CIPHER_AES_CBC:
		expand_cbc(mgr, sa->key.hmac.aes, p->key, suite->key_len, p->in);
		break;
	case ESP_CIPHER_3DES_CBC:
		for (unsigned i = 0; i < 3; i++)
			IMB_DES_KEYSCHED(mgr, sa->key.hmac.des[i], p->key + 8 * i);
		break;
	case ESP_CIPHER_NULL:
		break;
	}
	if (suite->auth != ESP_AUTH_AEAD)
		expand_hmac(mgr, &sa->key.hmac, p);
	if (suite->salt_len > 0)
		memcpy(&sa->salt, p->key + suite->key_len, sizeof(sa->salt));
}
