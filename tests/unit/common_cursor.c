/* SPDX-License-Identifier: BSD-3-Clause */
/* common/cursor.h: bounded reads, the error that sticks. */
#include "common/cursor.h"

#include <arpa/inet.h>

#include "tests/unit/unit.h"

static const uint8_t wire[] = {0x01, 0x82, 0x03, 0x84, 0x05, 0x06, 0x07, 0xc0, 0x00, 0x02, 0x01};

static void test_reads(void)
{
	struct cursor c = cursor_open(wire, sizeof(wire));
	uint32_t be;

	CU_ASSERT_EQUAL(cursor_left(&c), 11);
	CU_ASSERT_EQUAL(cursor_u8(&c), 0x01);
	CU_ASSERT_EQUAL(cursor_u16(&c), 0x8203);
	CU_ASSERT_EQUAL(cursor_u32(&c), 0x84050607);
	be = cursor_be32(&c);
	CU_ASSERT_EQUAL(be, htonl(0xc0000201));
	CU_ASSERT_EQUAL(cursor_left(&c), 0);
	CU_ASSERT(!c.error);
	CU_ASSERT_PTR_EQUAL(cursor_take(&c, 0), wire + sizeof(wire));
	CU_ASSERT(!c.error);
}

static void test_error_sticks(void)
{
	struct cursor c = cursor_open(wire, 3);
	uint8_t out[4] = {9, 9, 9, 9};

	CU_ASSERT_EQUAL(cursor_u16(&c), 0x0182);
	/* One octet is left: four are an error, and nothing of it is handed out after. */
	CU_ASSERT_EQUAL(cursor_u32(&c), 0);
	CU_ASSERT(c.error);
	CU_ASSERT_EQUAL(cursor_left(&c), 0);
	CU_ASSERT_EQUAL(cursor_u8(&c), 0);
	CU_ASSERT_EQUAL(cursor_u16(&c), 0);
	CU_ASSERT_EQUAL(cursor_be32(&c), 0);
	CU_ASSERT_PTR_NULL(cursor_take(&c, 1));
	cursor_copy(&c, out, sizeof(out));
	CU_ASSERT_EQUAL(memcmp(out, (uint8_t[4]){0}, 4), 0);
}

static void test_copy(void)
{
	struct cursor c = cursor_open(wire, sizeof(wire));
	uint8_t out[3];

	cursor_copy(&c, out, sizeof(out));
	CU_ASSERT_EQUAL(memcmp(out, wire, 3), 0);
	CU_ASSERT_PTR_EQUAL(c.at, wire + 3);
}

static void test_huge_length(void)
{
	struct cursor c = cursor_open(wire, sizeof(wire));

	/* A length from the wire must not wrap the pointer. */
	CU_ASSERT_PTR_NULL(cursor_take(&c, SIZE_MAX));
	CU_ASSERT(c.error);
	CU_ASSERT_PTR_EQUAL(c.at, wire);
}

static const struct unit_test tests[] = {
	{"reads in network order", test_reads},
	{"the error sticks, reads give zero", test_error_sticks},
	{"copy", test_copy},
	{"a length beyond memory is an error", test_huge_length},
};

UNIT_MAIN("common: cursor", tests)
