/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/writer.h"

#include "tests/unit/unit.h"

static void test_written(void)
{
	static const uint8_t want[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	uint8_t got[9];
	struct writer w = writer_open(got, sizeof(got));

	writer_u8(&w, 1);
	writer_u16(&w, 0x0203);
	writer_u32(&w, 0x04050607);
	writer_copy(&w, "\x08\x09", 2);
	CU_ASSERT_FALSE(w.error);
	CU_ASSERT_EQUAL(writer_len(&w), 9);
	CU_ASSERT_EQUAL(memcmp(got, want, 9), 0);
}

static void test_full(void)
{
	uint8_t got[4] = {0, 0, 0, 0xee};
	struct writer w = writer_open(got, 3);

	writer_u16(&w, 0x0102);
	writer_u16(&w, 0x0304);
	CU_ASSERT_TRUE(w.error);
	writer_u8(&w, 5); /* it would fit, but comes after what did not */
	CU_ASSERT_EQUAL(writer_len(&w), 2);
	CU_ASSERT_EQUAL(got[2], 0);
	CU_ASSERT_EQUAL(got[3], 0xee);
}

static void test_patch(void)
{
	uint8_t got[4] = {0};
	struct writer w = writer_open(got, 4);

	writer_u32(&w, 0);
	writer_patch_u16(&w, 1, 0x0102);
	writer_patch_u16(&w, 3, 0xffff);
	CU_ASSERT_EQUAL(memcmp(got, "\0\1\2\0", 4), 0);
}

static const struct unit_test tests[] = {
	{"octets in network order", test_written},
	{"what does not fit sticks", test_full},
	{"patching stays inside what was written", test_patch},
};

UNIT_MAIN("common: writer", tests)
