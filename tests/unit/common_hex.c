/* SPDX-License-Identifier: BSD-3-Clause */
/* common/hex.h: text to bytes and back. */
#include "common/hex.h"

#include <errno.h>

#include "tests/unit/unit.h"

static void test_parse(void)
{
	static const struct {
		const char *text;
		ssize_t len;
		uint8_t bytes[4];
	} cases[] = {
		{"", 0, {0}},
		{"0x", 0, {0}},
		{"00", 1, {0x00}},
		{"0xdeadBEEF", 4, {0xde, 0xad, 0xbe, 0xef}},
		{"0X09aF", 2, {0x09, 0xaf}},
		{"0", -EINVAL, {0}},
		{"0x123", -EINVAL, {0}},
		{"12 34", -EINVAL, {0}},
		{"1g", -EINVAL, {0}},
		{"g1", -EINVAL, {0}},
		{"x1", -EINVAL, {0}},
		{"0102030405", -ENOSPC, {0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t out[5] = {[4] = 0x5a};

		CU_ASSERT_EQUAL(hex_parse(cases[i].text, out, 4), cases[i].len);
		if (cases[i].len > 0)
			CU_ASSERT_EQUAL(memcmp(out, cases[i].bytes, (size_t)cases[i].len), 0);
		CU_ASSERT_EQUAL(out[4], 0x5a);
	}
}

static void test_str(void)
{
	static const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
	char buf[2 * sizeof(bytes) + 1];

	CU_ASSERT_STRING_EQUAL(hex_str(bytes, sizeof(bytes), buf), "000fa5ff");
	CU_ASSERT_STRING_EQUAL(hex_str(bytes, 0, buf), "");
}

static const struct unit_test tests[] = {
	{"text becomes bytes, or is refused", test_parse},
	{"bytes become text", test_str},
};

UNIT_MAIN("common: hex", tests)
