/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/rip/auth.h"

#include "common/hex.h"
#include "tests/unit/unit.h"

#define FOREVER                                                                                    \
	{                                                                                          \
		0, UINT64_MAX                                                                      \
	}

static struct rip_packet packet;
static uint8_t bytes[RIP_PACKET_MAX];

static const struct rip_entry entry = {RIP_FAMILY_IP, 99, 0x0000010a, 0x0000ffff, 0x02fefe0a, 3};

static struct rip_key make_key(uint8_t id, enum rip_algorithm algorithm, const char *secret)
{
	struct rip_key k = {
		.id = id,
		.algorithm = algorithm,
		.len = (unsigned)strlen(secret),
		.send = FOREVER,
		.accept = FOREVER,
	};

	memcpy(k.secret, secret, k.len);
	return k;
}

static size_t signed_by(const struct rip_auth *a, const struct rip_key *k)
{
	struct writer w = writer_open(bytes, sizeof(bytes));

	rip_packet_write_header(&w, RIP_RESPONSE, 2);
	rip_auth_begin(&w, a, k, 0x65000001);
	rip_packet_write_entry(&w, &entry);
	CU_ASSERT_EQUAL(rip_auth_end(&w, k), 0);
	CU_ASSERT_FALSE_FATAL(w.error);
	CU_ASSERT_EQUAL_FATAL(rip_packet_parse(bytes, writer_len(&w), &packet), RIP_PARSE_OK);
	return writer_len(&w);
}

/* Digests by Python's hashlib and hmac, written down from the RFCs' text. */
static const struct {
	enum rip_algorithm algorithm;
	const char *secret;
	const char *digest;
} known[] = {
	{RIP_ALGORITHM_MD5, "secret", "4c0126cde6fe2c966cde52e77e933b66"},
	{RIP_ALGORITHM_MD5, "a key that is lo", "52ac06223a601c79d10ba8d2714f37c8"},
	{RIP_ALGORITHM_SHA1, "secret", "7d37908f6208b61cd64b1d6f5678fc7780e58685"},
	{RIP_ALGORITHM_SHA1, "a key that is longer than the digest of SHA-1 is, and not by lit",
		"9ecdb57e61aaa291c8949f3b7e719fb9cc35ac19"},
	{RIP_ALGORITHM_SHA256, "secret",
		"080e0e3f97699c13c20447f754e3a8755505720d936000471c13e2e89dec3c8f"},
	{RIP_ALGORITHM_SHA256, "a key that is longer than the digest of SHA-1 is, and not by lit",
		"60428a5f47d2df286ac2e53bbcfaba23dc0dfe3c90e284f1976d30cafdd0cfeb"},
	{RIP_ALGORITHM_SHA384, "secret",
		"8ddee4f0c5ce14ca8a0d6d92f98905b63cc2a47320e0a0fd943a95250dfc9f85"
		"f7d2af3e57e9e13f9781f5fcec1b5a85"},
	{RIP_ALGORITHM_SHA384, "a key that is longer than the digest of SHA-1 is, and not by lit",
		"1c0980f1b8554da060e9a0b996d7b9402da23c58ff0c955084f9f159fda89bc4"
		"01ed93916f4b2851c56df764eba012de"},
	{RIP_ALGORITHM_SHA512, "secret",
		"c13b7ae95bff071893e2e4d4ced898c4f2caafde9cd33c3ec0d094f0e707c5e9"
		"855fd2fcacb80e982b5579d6becf13bbbba428c096ab1d25f6d7cf5360400803"},
	{RIP_ALGORITHM_SHA512, "a key that is longer than the digest of SHA-1 is, and not by lit",
		"eba5c393ac83e1709857c212eadc8f78fb798a7aa2240f99dde823e501d7dc65"
		"e0137c5e815ef0453db506d82e02b8e8424171b2c0c634218060b8b5e1f863f2"},
};

static void test_known(void)
{
	char text[2 * RIP_DIGEST_MAX + 1];

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct rip_key k = make_key(7, known[i].algorithm, known[i].secret);
		struct rip_auth a = {.keys = &k, .n_keys = 1};
		size_t len = signed_by(&a, &k);

		CU_ASSERT_EQUAL(packet.auth.digest_len, rip_algorithm_digest_len(k.algorithm));
		CU_ASSERT_EQUAL(packet.auth.auth_len, packet.auth.digest_len);
		CU_ASSERT_STRING_EQUAL(
			hex_str(packet.auth.digest, packet.auth.digest_len, text), known[i].digest);
		CU_ASSERT_EQUAL(rip_auth_verify(&a, bytes, &packet, 0), RIP_VERIFY_OK);
		for (size_t at = 0; at < len; at++) {
			bytes[at] ^= 1;
			if (rip_packet_parse(bytes, len, &packet) == RIP_PARSE_OK)
				CU_ASSERT_NOT_EQUAL(
					rip_auth_verify(&a, bytes, &packet, 0), RIP_VERIFY_OK);
			bytes[at] ^= 1;
		}
	}
}

static void test_text(void)
{
	struct rip_key k = make_key(0, RIP_ALGORITHM_TEXT, "seen by all");
	struct rip_key other = make_key(0, RIP_ALGORITHM_TEXT, "seen by al");
	struct rip_auth a = {.keys = &k, .n_keys = 1}, b = {.keys = &other, .n_keys = 1};

	signed_by(&a, &k);
	CU_ASSERT_EQUAL(memcmp(bytes + 4, "\xff\xff\0\2seen by all\0\0\0\0\0", 20), 0);
	CU_ASSERT_EQUAL(rip_auth_verify(&a, bytes, &packet, 0), RIP_VERIFY_OK);
	CU_ASSERT_EQUAL(rip_auth_verify(&b, bytes, &packet, 0), RIP_VERIFY_DIGEST);
}

static void test_wanted_or_not(void)
{
	struct rip_key k = make_key(7, RIP_ALGORITHM_MD5, "secret");
	struct rip_auth a = {.keys = &k, .n_keys = 1}, none = {0};
	struct rip_key same_len = make_key(8, RIP_ALGORITHM_MD5, "secret");
	struct rip_auth b = {.keys = &same_len, .n_keys = 1};

	signed_by(&a, &k);
	CU_ASSERT_EQUAL(rip_auth_verify(&none, bytes, &packet, 0), RIP_VERIFY_UNWANTED);
	CU_ASSERT_EQUAL(rip_auth_verify(&b, bytes, &packet, 0), RIP_VERIFY_NO_KEY);
	signed_by(&none, NULL);
	CU_ASSERT_EQUAL(rip_auth_verify(&none, bytes, &packet, 0), RIP_VERIFY_OK);
	CU_ASSERT_EQUAL(rip_auth_verify(&a, bytes, &packet, 0), RIP_VERIFY_MISSING);
}

/* RFC 4822 4.1: keys follow one another, the old one is still accepted for a while. */
static void test_lifetimes(void)
{
	struct rip_key keys[2] = {
		make_key(1, RIP_ALGORITHM_MD5, "old"), make_key(2, RIP_ALGORITHM_SHA256, "new")};
	struct rip_auth a = {.keys = keys, .n_keys = 2};

	keys[0].send = (struct rip_lifetime){100, 200};
	keys[0].accept = (struct rip_lifetime){100, 250};
	keys[1].send = (struct rip_lifetime){190, 300};
	keys[1].accept = (struct rip_lifetime){150, 350};
	CU_ASSERT_PTR_NULL(rip_auth_send_key(&a, 99));
	CU_ASSERT_PTR_EQUAL(rip_auth_send_key(&a, 100), &keys[0]);
	CU_ASSERT_PTR_EQUAL(rip_auth_send_key(&a, 195), &keys[1]);
	CU_ASSERT_PTR_EQUAL(rip_auth_send_key(&a, 299), &keys[1]);
	CU_ASSERT_PTR_NULL(rip_auth_send_key(&a, 300));
	signed_by(&a, &keys[0]);
	CU_ASSERT_EQUAL(rip_auth_verify(&a, bytes, &packet, 99), RIP_VERIFY_NO_KEY);
	CU_ASSERT_EQUAL(rip_auth_verify(&a, bytes, &packet, 249), RIP_VERIFY_OK);
	CU_ASSERT_EQUAL(rip_auth_verify(&a, bytes, &packet, 250), RIP_VERIFY_NO_KEY);
	signed_by(&a, &keys[1]);
	CU_ASSERT_EQUAL(rip_auth_verify(&a, bytes, &packet, 150), RIP_VERIFY_OK);
}

static void test_old_ripd(void)
{
	struct rip_key k = make_key(7, RIP_ALGORITHM_MD5, "secret");
	struct rip_auth a = {.keys = &k, .n_keys = 1, .old_ripd_length = true};

	signed_by(&a, &k);
	CU_ASSERT_EQUAL(packet.auth.auth_len, 20);
	CU_ASSERT_EQUAL(packet.auth.digest_len, 16);
	CU_ASSERT_EQUAL(rip_auth_verify(&a, bytes, &packet, 0), RIP_VERIFY_OK);
}

/* RFC 2453 3.6: 512 octets in all; ripd has the same 25, 24 and 23. */
static void test_room(void)
{
	static const unsigned room[] = {24, 23, 23, 22, 21, 21};
	struct rip_key k = make_key(7, RIP_ALGORITHM_TEXT, "x");

	CU_ASSERT_EQUAL(rip_auth_room(NULL), 25);
	for (unsigned i = 0; i < RIP_ALGORITHM_COUNT; i++) {
		k.algorithm = (enum rip_algorithm)i;
		CU_ASSERT_EQUAL(rip_auth_room(&k), room[i]);
	}
}

static const struct unit_test tests[] = {
	{"RFC 2082, RFC 4822 2.5: digests of each algorithm; no octet may change", test_known},
	{"RFC 2453 4.1: plain text", test_text},
	{"RFC 2453 5.2: authentication is there exactly if it is wanted", test_wanted_or_not},
	{"RFC 4822 4.1: keys have lifetimes", test_lifetimes},
	{"auth-length old-ripd", test_old_ripd},
	{"RFC 2453 3.6: how many entries fit", test_room},
};

UNIT_MAIN("rip: authentication", tests)
