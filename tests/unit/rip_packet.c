/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/rip/packet.h"

#include <arpa/inet.h>
#include <errno.h>

#include "tests/unit/unit.h"

#define MESSAGE(n) (RIP_HEADER_LEN + (n)*RIP_ENTRY_LEN)

static struct rip_packet packet;
static uint8_t bytes[1024];

static const struct rip_entry ten_one = {
	.family = RIP_FAMILY_IP,
	.tag = 99,
	.addr_be = 0x0000010a,
	.mask_be = 0x0000ffff,
	.next_hop_be = 0x02fefe0a,
	.metric = 3,
};

/* A message of n times the same entry. */
static size_t message(enum rip_command command, uint8_t version, unsigned n)
{
	struct writer w = writer_open(bytes, sizeof(bytes));

	rip_packet_write_header(&w, command, version);
	for (unsigned i = 0; i < n; i++)
		rip_packet_write_entry(&w, &ten_one);
	CU_ASSERT_FALSE_FATAL(w.error);
	return writer_len(&w);
}

static enum rip_parse parse(size_t len)
{
	return rip_packet_parse(bytes, len, &packet);
}

static void test_entry(void)
{
	static const uint8_t wire[] = {2, 2, 0, 0, /* header */
		0, 2, 0, 99, 10, 1, 0, 0, 255, 255, 0, 0, 10, 254, 254, 2, 0, 0, 0, 3};
	size_t len = message(RIP_RESPONSE, 2, 1);

	CU_ASSERT_EQUAL_FATAL(len, sizeof(wire));
	CU_ASSERT_EQUAL(memcmp(bytes, wire, len), 0);
	CU_ASSERT_EQUAL_FATAL(parse(len), RIP_PARSE_OK);
	CU_ASSERT_EQUAL(packet.command, RIP_RESPONSE);
	CU_ASSERT_EQUAL(packet.version, 2);
	CU_ASSERT_EQUAL(packet.auth.kind, RIP_AUTH_NONE);
	CU_ASSERT_EQUAL_FATAL(packet.n, 1);
	CU_ASSERT_EQUAL(memcmp(&packet.entries[0], &ten_one, sizeof(ten_one)), 0);
}

static void test_lengths(void)
{
	size_t full = message(RIP_RESPONSE, 2, RIP_ENTRIES_MAX);

	CU_ASSERT_EQUAL(parse(full), RIP_PARSE_OK);
	CU_ASSERT_EQUAL(packet.n, RIP_ENTRIES_MAX);
	for (size_t len = 0; len < full; len++) {
		bool whole = len >= RIP_HEADER_LEN && (len - RIP_HEADER_LEN) % RIP_ENTRY_LEN == 0;

		CU_ASSERT_EQUAL(parse(len), whole ? RIP_PARSE_OK : RIP_PARSE_LENGTH);
	}
	CU_ASSERT_EQUAL(parse(message(RIP_RESPONSE, 2, 26)), RIP_PARSE_LENGTH);
	CU_ASSERT_EQUAL(parse(message(RIP_RESPONSE, 2, 40)), RIP_PARSE_LENGTH);
}

static void test_command_and_version(void)
{
	size_t len = message(RIP_REQUEST, 2, 1);

	for (unsigned command = 0; command < 256; command++) {
		bytes[0] = (uint8_t)command;
		CU_ASSERT_EQUAL(parse(len),
			command == 1 || command == 2 ? RIP_PARSE_OK : RIP_PARSE_COMMAND);
	}
	bytes[0] = RIP_REQUEST;
	bytes[1] = 0;
	CU_ASSERT_EQUAL(parse(len), RIP_PARSE_VERSION);
	/* RFC 2453 4: what a later version says is taken as version 2 would say it. */
	bytes[1] = 3;
	CU_ASSERT_EQUAL(parse(len), RIP_PARSE_OK);
}

static void test_must_be_zero(void)
{
	static const unsigned must[] = {2, 3, 6, 7, 12, 15, 16, 19};
	size_t len = message(RIP_RESPONSE, 1, 1);

	memset(bytes + 6, 0, 2);
	memset(bytes + 12, 0, 8);
	CU_ASSERT_EQUAL(parse(len), RIP_PARSE_OK);
	for (unsigned i = 0; i < sizeof(must) / sizeof(must[0]); i++) {
		bytes[must[i]] = 1;
		CU_ASSERT_EQUAL(parse(len), RIP_PARSE_NOT_ZERO);
		bytes[must[i]] = 0;
	}
	/* RFC 2453 4: version 2 must not look at the header's unused field. */
	bytes[1] = 2;
	bytes[2] = 0xff;
	CU_ASSERT_EQUAL(parse(len), RIP_PARSE_OK);
}

static void test_auth_place(void)
{
	size_t len = message(RIP_RESPONSE, 2, 3);

	memset(bytes + MESSAGE(0), 0xff, 2);
	bytes[MESSAGE(0) + 2] = 0;
	bytes[MESSAGE(0) + 3] = RIP_AUTH_TEXT;
	CU_ASSERT_EQUAL_FATAL(parse(len), RIP_PARSE_OK);
	CU_ASSERT_EQUAL(packet.auth.kind, RIP_AUTH_TEXT);
	CU_ASSERT_PTR_EQUAL(packet.auth.text, bytes + MESSAGE(0) + 4);
	CU_ASSERT_EQUAL(packet.n, 2);
	/* A kind that nobody knows. */
	bytes[MESSAGE(0) + 3] = 9;
	CU_ASSERT_EQUAL(parse(len), RIP_PARSE_AUTH);
	/* A second one. */
	bytes[MESSAGE(0) + 3] = RIP_AUTH_TEXT;
	memset(bytes + MESSAGE(2), 0xff, 2);
	CU_ASSERT_EQUAL(parse(len), RIP_PARSE_AUTH);
}

/* RFC 4822 2.1: the offset leads to a trailer, or the message is none. */
static void test_auth_trailer(void)
{
	size_t len = message(RIP_RESPONSE, 2, 2) + 20;
	uint8_t *auth = bytes + MESSAGE(0), *trailer = bytes + MESSAGE(2);
	unsigned good = 0;

	memcpy(auth, "\xff\xff\0\3\0\x2c\7\x10\1\2\3\4\0\0\0\0\0\0\0\0", RIP_ENTRY_LEN);
	memset(trailer, 0xaa, 20);
	memcpy(trailer, "\xff\xff\0\1", 4);
	CU_ASSERT_EQUAL_FATAL(parse(len), RIP_PARSE_OK);
	CU_ASSERT_EQUAL(packet.auth.kind, RIP_AUTH_CRYPT);
	CU_ASSERT_EQUAL(packet.auth.key_id, 7);
	CU_ASSERT_EQUAL(packet.auth.sequence, 0x01020304);
	CU_ASSERT_EQUAL(packet.auth.signed_len, MESSAGE(2) + 4);
	CU_ASSERT_PTR_EQUAL(packet.auth.digest, trailer + 4);
	CU_ASSERT_EQUAL(packet.auth.digest_len, 16);
	CU_ASSERT_EQUAL(packet.n, 1);
	auth[7] = 20; /* as old ripd counts */
	CU_ASSERT_EQUAL(parse(len), RIP_PARSE_OK);
	auth[7] = 17;
	CU_ASSERT_EQUAL(parse(len), RIP_PARSE_AUTH);
	auth[7] = 16;
	for (unsigned offset = 0; offset < 65536; offset++) {
		auth[4] = (uint8_t)(offset >> 8);
		auth[5] = (uint8_t)offset;
		good += parse(len) == RIP_PARSE_OK;
	}
	CU_ASSERT_EQUAL(good, 1);
	memcpy(auth + 4, "\0\x2c", 2);
	/* A header alone is a message; 12 octets of digest fit the length of old ripd. */
	for (size_t cut = 0; cut < len; cut++)
		CU_ASSERT_EQUAL(parse(cut) == RIP_PARSE_OK, cut == 4 || cut == len - 4);
}

static void test_masks(void)
{
	CU_ASSERT_EQUAL(rip_mask_len(0), 0);
	CU_ASSERT_EQUAL(rip_mask_len(htonl(0xffffff00)), 24);
	CU_ASSERT_EQUAL(rip_mask_len(UINT32_MAX), 32);
	CU_ASSERT_EQUAL(rip_mask_len(htonl(0xff00ff00)), -EINVAL);
	CU_ASSERT_EQUAL(rip_mask_len(htonl(1)), -EINVAL);
	CU_ASSERT_EQUAL(rip_natural_len(0), 0);
	CU_ASSERT_EQUAL(rip_natural_len(htonl(0x0a010000)), 8);
	CU_ASSERT_EQUAL(rip_natural_len(htonl(0xac100000)), 16);
	CU_ASSERT_EQUAL(rip_natural_len(htonl(0xc0a80100)), 24);
	CU_ASSERT_EQUAL(rip_natural_len(htonl(RIP_GROUP)), -EINVAL);
}

static const struct unit_test tests[] = {
	{"RFC 2453 4: an entry on the wire", test_entry},
	{"RFC 2453 3.6: header and up to 25 whole entries, nothing else", test_lengths},
	{"RFC 2453 3.6: commands and versions", test_command_and_version},
	{"RFC 1058 3.4: version 1 must have zeros where it must", test_must_be_zero},
	{"RFC 2453 4.1: authentication is the first entry and no other", test_auth_place},
	{"RFC 4822 2.1: the digest stands where the first entry says", test_auth_trailer},
	{"RFC 2453 4.3: masks; RFC 1058: natural networks", test_masks},
};

UNIT_MAIN("rip: packet", tests)
