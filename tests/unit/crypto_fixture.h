/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of crypto/ share: an EAL without hugepages, a table of each direction with an
 * engine, SAs with keys made from their SPI, and packets with room around them.
 */
#ifndef TESTS_UNIT_CRYPTO_FIXTURE_H
#define TESTS_UNIT_CRYPTO_FIXTURE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include "crypto/esp.h"
#include "crypto/sa.h"
#include "crypto/suite.h"
#include "tests/unit/unit.h"

#define PACKET_ROOM 2048

struct fixture {
	struct sa_table *in;
	struct sa_table *out;
	struct esp_context *esp;
};

/* An ESP packet and its descriptor. */
struct packet {
	struct esp_packet p;
	uint8_t bytes[PACKET_ROOM];
};

static inline void fixture_eal_stop(void)
{
	rte_eal_cleanup();
}

/* Once a process; a test program is nothing without it. */
static inline void fixture_eal(void)
{
	static int started;
	char *args[] = {program_invocation_short_name, "--no-huge", "-m", "512", "--no-pci",
		"--no-telemetry", "--log-level", "error", "-l", "0", "--file-prefix",
		program_invocation_short_name};

	if (started)
		return;
	if (rte_eal_init((int)(sizeof(args) / sizeof(args[0])), args) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(EXIT_FAILURE);
	}
	atexit(fixture_eal_stop);
	started = 1;
}

static inline void fixture_open(struct fixture *f, unsigned capacity)
{
	static const uint8_t seed[16] = "seed of the IVs";

	fixture_eal();
	f->in = sa_table_create("in", capacity, SOCKET_ID_ANY);
	f->out = sa_table_create("out", capacity, SOCKET_ID_ANY);
	f->esp = f->in ? esp_context_create(f->in, seed) : NULL;
	if (f->in == NULL || f->out == NULL || f->esp == NULL) {
		fprintf(stderr, "no tables or no engine: %s\n", strerror(errno));
		exit(EXIT_FAILURE);
	}
}

static inline void fixture_close(struct fixture *f)
{
	esp_context_destroy(f->esp);
	sa_table_destroy(f->in);
	sa_table_destroy(f->out);
}

/* Params with keys that differ for each SPI. Good until the next call with the same direction. */
static inline struct sa_params fixture_params(
	const struct esp_suite *suite, uint32_t spi, bool in, uint16_t window)
{
	static uint8_t keys[2][ESP_KEY_MAX], auth_keys[2][ESP_AUTH_MAX];
	uint32_t x = spi * 2654435761u + esp_suite_index(suite);

	for (unsigned i = 0; i < ESP_KEY_MAX; i++)
		keys[in][i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	for (unsigned i = 0; i < ESP_AUTH_MAX; i++)
		auth_keys[in][i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	return (struct sa_params){
		.spi = spi,
		.suite = suite,
		.key = keys[in],
		.key_len = (size_t)suite->key_len + suite->salt_len,
		.auth_key = auth_keys[in],
		.auth_key_len = suite->auth_key_len,
		.in = in,
		.window = window,
		.iv_seed = spi * UINT64_C(0x9e3779b97f4a7c15),
	};
}

/* Add the SA or end the program: a test that goes on without its SA says nothing. */
static inline struct sa *fixture_add(struct sa_table *t, const struct sa_params *p)
{
	struct error err;
	uint32_t index;

	if (sa_add(t, p, &index, &err) != 0) {
		fprintf(stderr, "sa_add: %s\n", err.text);
		exit(EXIT_FAILURE);
	}
	return sa_at(t, index);
}

/* The two ends of one SA. */
static inline void fixture_add_pair(struct fixture *f, const struct esp_suite *suite, uint32_t spi,
	bool esn, uint16_t window, struct sa **out, struct sa **in)
{
	struct sa_params p = fixture_params(suite, spi, false, window);

	p.esn = esn;
	*out = fixture_add(f->out, &p);
	p = fixture_params(suite, spi, true, window);
	p.esn = esn;
	*in = fixture_add(f->in, &p);
}

/* A payload of this length whose octets depend on the tag, ready for sealing. */
static inline void packet_fill(struct packet *k, struct sa *out, uint16_t len, uint8_t tag)
{
	k->p = (struct esp_packet){
		.sa = out,
		.esp = k->bytes,
		.payload_len = len,
		.next_header = ESP_NEXT_GRE,
	};
	k->p.payload = k->bytes + ESP_HDR_LEN + esp_suite_at(out->suite)->iv_len;
	for (unsigned i = 0; i < len; i++)
		k->p.payload[i] = (uint8_t)(tag + i * 7);
}

static inline bool packet_holds(const struct packet *k, uint16_t len, uint8_t tag)
{
	if (k->p.payload_len != len || k->p.next_header != ESP_NEXT_GRE)
		return false;
	for (unsigned i = 0; i < len; i++)
		if (k->p.payload[i] != (uint8_t)(tag + i * 7))
			return false;
	return true;
}

static inline enum esp_status packet_seal(struct fixture *f, struct packet *k)
{
	struct esp_packet *p = &k->p;

	esp_seal_burst(f->esp, &p, 1);
	return k->p.status;
}

/* Open what lies in the packet with this SA; what sealing left in the descriptor is forgotten. */
static inline enum esp_status packet_open(struct fixture *f, struct packet *k, struct sa *in)
{
	struct esp_packet *p = &k->p;

	k->p = (struct esp_packet){.sa = in, .esp = k->bytes, .len = k->p.len};
	esp_open_burst(f->esp, &p, 1);
	return k->p.status;
}

#endif
