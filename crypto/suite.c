/* SPDX-License-Identifier: BSD-3-Clause */
/* The cipher suites of suite.h. */
#include "crypto/suite.h"

#include <stddef.h>
#include <string.h>

/* RFC 4106 8.1 (salt, 16 octet ICV), RFC 7634 2. */
#define AEAD(text, which, key)                                                                     \
	{                                                                                          \
		.name = (text), .cipher = (which), .auth = ESP_AUTH_AEAD, .key_len = (key),        \
		.salt_len = 4, .iv_len = 8, .align = 4, .icv_len = 16,                             \
	}

/* The key of an HMAC is as long as its hash: RFC 2403, RFC 2404, RFC 4868 2.1.1. */
#define HMAC(text, which, key, iv, block, how, auth_key, icv, is_weak)                             \
	{                                                                                          \
		.name = (text), .cipher = (which), .auth = (how), .key_len = (key),                \
		.iv_len = (iv), .align = (block), .auth_key_len = (auth_key), .icv_len = (icv),    \
		.weak = (is_weak),                                                                 \
	}

#define WITH_EACH_HMAC(text, which, key, iv, block, is_weak)                                       \
	HMAC(text "-md5", which, key, iv, block, ESP_AUTH_MD5_96, 16, 12, true),                   \
		HMAC(text "-sha1", which, key, iv, block, ESP_AUTH_SHA1_96, 20, 12, is_weak),      \
		HMAC(text "-sha256", which, key, iv, block, ESP_AUTH_SHA256_128, 32, 16, is_weak), \
		HMAC(text "-sha384", which, key, iv, block, ESP_AUTH_SHA384_192, 48, 24, is_weak), \
		HMAC(text "-sha512", which, key, iv, block, ESP_AUTH_SHA512_256, 64, 32, is_weak)

static const struct esp_suite suites[] = {
	AEAD("aes128gcm16", ESP_CIPHER_AES_GCM, 16),
	AEAD("aes192gcm16", ESP_CIPHER_AES_GCM, 24),
	AEAD("aes256gcm16", ESP_CIPHER_AES_GCM, 32),
	AEAD("chacha20poly1305", ESP_CIPHER_CHACHA20, 32),
	WITH_EACH_HMAC("aes128", ESP_CIPHER_AES_CBC, 16, 16, 16, false),
	WITH_EACH_HMAC("aes192", ESP_CIPHER_AES_CBC, 24, 16, 16, false),
	WITH_EACH_HMAC("aes256", ESP_CIPHER_AES_CBC, 32, 16, 16, false),
	WITH_EACH_HMAC("3des", ESP_CIPHER_3DES_CBC, 24, 8, 8, true),
	WITH_EACH_HMAC("null", ESP_CIPHER_NULL, 0, 0, 4, true),
};

unsigned esp_suite_count(void)
{
	return sizeof(suites) / sizeof(suites[0]);
}

const struct esp_suite *esp_suite_at(unsigned index)
{
	return index < esp_suite_count() ? &suites[index] : NULL;
}

unsigned esp_suite_index(const struct esp_suite *suite)
{
	return (unsigned)(suite - suites);
}

const struct esp_suite *esp_suite_by_name(const char *name)
{
	for (unsigned i = 0; i < esp_suite_count(); i++)
		if (strcmp(suites[i].name, name) == 0)
			return &suites[i];
	return NULL;
}

unsigned esp_overhead(const struct esp_suite *suite, unsigned payload_len)
{
	unsigned text = payload_len + 2; /* pad length and next header */

	text += -text & (suite->align - 1u);
	return 8 + suite->iv_len + (text - payload_len) + suite->icv_len;
}
