/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ESP cipher suites: what is fixed by an algorithm pair. Names are those of an IKE daemon's
 * esp_proposals: "aes128gcm16", "aes256-sha256", "3des-md5", "chacha20poly1305", "null-sha1".
 *
 * The table is constant; any thread.
 */
#ifndef CRYPTO_SUITE_H
#define CRYPTO_SUITE_H

#include <stdbool.h>
#include <stdint.h>

enum esp_cipher {
	ESP_CIPHER_NULL,     /**< RFC 2410 */
	ESP_CIPHER_3DES_CBC, /**< RFC 2451 */
	ESP_CIPHER_AES_CBC,  /**< RFC 3602 */
	ESP_CIPHER_AES_GCM,  /**< RFC 4106, 16 octet ICV */
	ESP_CIPHER_CHACHA20, /**< RFC 7634 */
};

enum esp_auth {
	ESP_AUTH_AEAD,       /**< the cipher authenticates */
	ESP_AUTH_MD5_96,     /**< RFC 2403 */
	ESP_AUTH_SHA1_96,    /**< RFC 2404 */
	ESP_AUTH_SHA256_128, /**< RFC 4868 */
	ESP_AUTH_SHA384_192, /**< RFC 4868 */
	ESP_AUTH_SHA512_256, /**< RFC 4868 */
};

struct esp_suite {
	const char *name;
	enum esp_cipher cipher;
	enum esp_auth auth;
	uint8_t key_len;      /**< cipher key, octets, without the salt */
	uint8_t salt_len;     /**< octets of salt that follow the key (RFC 4106 8.1, RFC 7634 2) */
	uint8_t iv_len;       /**< octets of IV on the wire */
	uint8_t align;        /**< ciphertext is a multiple of this (at least 4, RFC 4303 2.4) */
	uint8_t auth_key_len; /**< 0 for AEAD */
	uint8_t icv_len;
	bool weak; /**< kept for old routers; worth a warning at configuration */
};

#define ESP_KEY_MAX  36 /**< key_len + salt_len of any suite */
#define ESP_AUTH_MAX 64 /**< auth_key_len of any suite */
#define ESP_IV_MAX   16
#define ESP_ICV_MAX  32

/** Number of suites; index them 0..esp_suite_count()-1 with esp_suite_at(). */
unsigned esp_suite_count(void);

/** Suite by index, NULL when out of range. */
const struct esp_suite *esp_suite_at(unsigned index);

/** Index of a suite from this table. */
unsigned esp_suite_index(const struct esp_suite *suite);

/** Suite by its name, NULL if there is none. */
const struct esp_suite *esp_suite_by_name(const char *name);

/**
 * Octets that ESP adds to a payload of this length: header, IV, padding, trailer and ICV
 * (RFC 4303 2), without IP and UDP headers.
 */
unsigned esp_overhead(const struct esp_suite *suite, unsigned payload_len);

#endif
