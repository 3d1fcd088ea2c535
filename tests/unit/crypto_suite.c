/* SPDX-License-Identifier: BSD-3-Clause */
/* crypto/suite.h: names and the numbers the RFCs fix. */
#include "crypto/suite.h"

#include "tests/unit/unit.h"

static void test_names(void)
{
	static const char *const ciphers[] = {"aes128", "aes192", "aes256", "3des", "null"};
	static const char *const hashes[] = {"md5", "sha1", "sha256", "sha384", "sha512"};

	CU_ASSERT_EQUAL(esp_suite_count(), 4 + 5 * 5);
	for (unsigned i = 0; i < esp_suite_count(); i++) {
		const struct esp_suite *s = esp_suite_at(i);

		CU_ASSERT_EQUAL(esp_suite_index(s), i);
		CU_ASSERT_PTR_EQUAL(esp_suite_by_name(s->name), s);
		CU_ASSERT(s->key_len + s->salt_len <= ESP_KEY_MAX);
		CU_ASSERT(s->auth_key_len <= ESP_AUTH_MAX);
		CU_ASSERT(s->iv_len <= ESP_IV_MAX);
		CU_ASSERT(s->icv_len <= ESP_ICV_MAX);
	}
	for (unsigned c = 0; c < 5; c++)
		for (unsigned h = 0; h < 5; h++) {
			char name[32];

			snprintf(name, sizeof(name), "%s-%s", ciphers[c], hashes[h]);
			CU_ASSERT_PTR_NOT_NULL(esp_suite_by_name(name));
		}
	CU_ASSERT_PTR_NULL(esp_suite_at(esp_suite_count()));
	CU_ASSERT_PTR_NULL(esp_suite_by_name("aes128gcm8"));
	CU_ASSERT_PTR_NULL(esp_suite_by_name("aes128"));
	CU_ASSERT_PTR_NULL(esp_suite_by_name("AES128-sha1"));
	CU_ASSERT_PTR_NULL(esp_suite_by_name(""));
}

static void test_numbers(void)
{
	static const struct {
		const char *name;
		unsigned key, salt, iv, align, auth_key, icv;
		bool weak;
	} cases[] = {
		{"aes128gcm16", 16, 4, 8, 4, 0, 16, false},
		{"aes192gcm16", 24, 4, 8, 4, 0, 16, false},
		{"aes256gcm16", 32, 4, 8, 4, 0, 16, false},
		{"chacha20poly1305", 32, 4, 8, 4, 0, 16, false},
		{"aes128-sha1", 16, 0, 16, 16, 20, 12, false},
		{"aes192-sha384", 24, 0, 16, 16, 48, 24, false},
		{"aes256-sha256", 32, 0, 16, 16, 32, 16, false},
		{"aes256-sha512", 32, 0, 16, 16, 64, 32, false},
		{"aes256-md5", 32, 0, 16, 16, 16, 12, true},
		{"3des-sha256", 24, 0, 8, 8, 32, 16, true},
		{"null-sha256", 0, 0, 0, 4, 32, 16, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct esp_suite *s = esp_suite_by_name(cases[i].name);

		CU_ASSERT_PTR_NOT_NULL_FATAL(s);
		CU_ASSERT_EQUAL(s->key_len, cases[i].key);
		CU_ASSERT_EQUAL(s->salt_len, cases[i].salt);
		CU_ASSERT_EQUAL(s->iv_len, cases[i].iv);
		CU_ASSERT_EQUAL(s->align, cases[i].align);
		CU_ASSERT_EQUAL(s->auth_key_len, cases[i].auth_key);
		CU_ASSERT_EQUAL(s->icv_len, cases[i].icv);
		CU_ASSERT_EQUAL(s->weak, cases[i].weak);
	}
}

static void test_overhead(void)
{
	static const struct {
		const char *name;
		unsigned payload, overhead;
	} cases[] = {
		{"aes128gcm16", 0, 8 + 8 + 4 + 16},
		{"aes128gcm16", 2, 8 + 8 + 2 + 16},
		{"aes128gcm16", 3, 8 + 8 + 5 + 16},
		{"aes128gcm16", 1402, 8 + 8 + 2 + 16},
		{"aes256-sha256", 14, 8 + 16 + 2 + 16},
		{"aes256-sha256", 15, 8 + 16 + 17 + 16},
		{"aes128-sha1", 0, 8 + 16 + 16 + 12},
		{"3des-md5", 7, 8 + 8 + 9 + 12},
		{"null-sha512", 1, 8 + 0 + 3 + 32},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CU_ASSERT_EQUAL(esp_overhead(esp_suite_by_name(cases[i].name), cases[i].payload),
			cases[i].overhead);
}

static const struct unit_test tests[] = {
	{"every suite has its name", test_names},
	{"lengths are those of the RFCs", test_numbers},
	{"overhead counts header, IV, padding, trailer and ICV", test_overhead},
};

UNIT_MAIN("crypto: suites", tests)
