/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ESP (RFC 4303) on bursts, in place, over plain memory: four calls, so that another engine than
 * intel-ipsec-mb can stand behind them. A burst may mix SAs and suites freely; multi-buffer
 * suites are batched across SAs.
 *
 * A context belongs to one worker (or test) and is used by one thread at a time.
 */
#ifndef CRYPTO_ESP_H
#define CRYPTO_ESP_H

#include <stdint.h>

#include "crypto/sa.h"

#define ESP_BURST_MAX 64
#define ESP_HDR_LEN   8
#define ESP_NEXT_IP4  4 /**< tunnel mode */
#define ESP_NEXT_GRE  47
#define ESP_NEXT_NONE 59 /**< dummy packet, RFC 4303 2.6 */

/** Room the caller must leave behind a payload: padding, trailer and ICV of any suite. */
#define ESP_TAIL_MAX (15 + 2 + ESP_ICV_MAX)

enum esp_status {
	ESP_OK,
	ESP_SHORT,  /**< shorter than header, IV, trailer and ICV */
	ESP_LENGTH, /**< in: ciphertext no multiple of the block; out: too long for an IP packet */
	ESP_REPLAY, /**< if there is a window: seen, left of it, or number 0 (RFC 4303 3.4.3) */
	ESP_AUTH_FAILED,  /**< ICV does not match */
	ESP_PADDING,      /**< pad length runs past the payload */
	ESP_SEQ_OVERFLOW, /**< out: the counter is used up (RFC 4303 3.3.3); rekey */
	ESP_STATUS_COUNT
};

/**
 * One packet of a burst. `esp` points at the ESP header in the packet; all octets of the packet
 * are contiguous.
 *
 * Opening: len = octets from the ESP header to the end of the ICV. Afterwards (ESP_OK) payload and
 * payload_len give the decrypted payload (padding and trailer cut off), next_header its protocol,
 * seq the 64-bit sequence number.
 *
 * Sealing: the caller wrote payload_len octets of payload at esp + ESP_HDR_LEN + suite->iv_len and
 * left ESP_TAIL_MAX octets of room behind, and set next_header. Afterwards len = octets from the
 * ESP header to the end of the ICV.
 */
struct esp_packet {
	struct sa *sa;
	uint8_t *esp;
	uint8_t *payload;
	uint64_t seq;
	uint16_t len;
	uint16_t payload_len;
	uint8_t next_header;
	uint8_t status; /**< enum esp_status */
};

struct esp_context;

/**
 * @param table  inbound SA table (for large windows); may be NULL if only sealing
 * @param seed   16 octets of key for the CBC IV generator (unpredictable per RFC 3602 3): from
 *               getrandom(), unless a test wants the same output twice; different for each
 *               context whose SAs may meet
 * @return NULL with errno (ENOTSUP: the CPU lacks what ipsec-mb needs)
 */
struct esp_context *esp_context_create(const struct sa_table *table, const uint8_t seed[16]);

/** NULL is allowed. */
void esp_context_destroy(struct esp_context *c);

/**
 * Verify, check against replay (before and again after verifying: one burst can hold the same
 * number twice) and decrypt n packets (1..ESP_BURST_MAX). Sets each packet's status; counts
 * packets, octets and errors in its SA. A packet that fails leaves the SA's window as it was.
 */
void esp_open_burst(struct esp_context *c, struct esp_packet *const pkts[], unsigned n);

/**
 * Take the next sequence number, pad, encrypt and append the ICV for n packets (1..ESP_BURST_MAX).
 */
void esp_seal_burst(struct esp_context *c, struct esp_packet *const pkts[], unsigned n);

#endif
