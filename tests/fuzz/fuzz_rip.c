/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: any bytes as a RIP message. What is read must come out of the writer as it went
 * in, and authentication must say something about it, and be right about what it signs itself.
 */
#include <stdlib.h>

#include "control/rip/auth.h"

static const struct rip_key keys[] = {
	{0, RIP_ALGORITHM_TEXT, "text", 4, {0, UINT64_MAX}, {0, UINT64_MAX}},
	{1, RIP_ALGORITHM_MD5, "md5", 3, {0, UINT64_MAX}, {0, UINT64_MAX}},
	{2, RIP_ALGORITHM_SHA1, "a key of more than twenty octets", 32, {0, UINT64_MAX},
		{0, UINT64_MAX}},
	{3, RIP_ALGORITHM_SHA512, "sha512", 6, {0, UINT64_MAX}, {0, UINT64_MAX}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entries(const uint8_t *data, const struct rip_packet *p)
{
	uint8_t out[RIP_ENTRIES_MAX * RIP_ENTRY_LEN];
	struct writer w = writer_open(out, sizeof(out));
	size_t at = RIP_HEADER_LEN + (p->auth.kind == RIP_AUTH_NONE ? 0 : RIP_ENTRY_LEN);

	for (unsigned i = 0; i < p->n; i++)
		rip_packet_write_entry(&w, &p->entries[i]);
	if (w.error || memcmp(out, data + at, writer_len(&w)) != 0)
		abort();
}

static void check_signed(const struct rip_packet *p, const struct rip_key *k)
{
	struct rip_auth a = {.keys = k, .n_keys = 1, .old_ripd_length = p->version & 1};
	uint8_t out[RIP_PACKET_MAX];
	struct writer w = writer_open(out, sizeof(out));
	struct rip_packet again;

	rip_packet_write_header(&w, (enum rip_command)p->command, 2);
	rip_auth_begin(&w, &a, k, p->auth.sequence);
	for (unsigned i = 0; i < p->n && i < rip_auth_room(k); i++)
		rip_packet_write_entry(&w, &p->entries[i]);
	if (rip_auth_end(&w, k) < 0 || w.error)
		abort();
	/* An entry of version 1 can have the family of authentication. */
	if (rip_packet_parse(out, writer_len(&w), &again) != RIP_PARSE_OK) {
		if (p->version != 1)
			abort();
		return;
	}
	if (rip_auth_verify(&a, out, &again, 0) != RIP_VERIFY_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rip_auth all = {.keys = keys, .n_keys = 4}, none = {0};
	struct rip_packet p;

	if (rip_packet_parse(data, size, &p) != RIP_PARSE_OK)
		return 0;
	check_entries(data, &p);
	rip_auth_verify(&all, data, &p, 0);
	if (p.auth.kind == RIP_AUTH_NONE && rip_auth_verify(&none, data, &p, 0) != RIP_VERIFY_OK)
		abort();
	check_signed(&p, &keys[size % 4]);
	return 0;
}
