/* SPDX-License-Identifier: BSD-3-Clause */
/* crypto/esp.h: what one end seals the other opens; numbers, IVs, padding, counters, bursts. */
#include "crypto/esp.h"

#include "tests/unit/crypto_fixture.h"

#define GUARD 0xa7

static void test_round_trip(void)
{
	static struct packet k;
	struct fixture f;
	uint32_t spi = 0x1000;

	fixture_open(&f, 256);
	for (unsigned s = 0; s < esp_suite_count(); s++) {
		const struct esp_suite *suite = esp_suite_at(s);

		for (unsigned esn = 0; esn < 2; esn++) {
			struct sa *out, *in;

			fixture_add_pair(&f, suite, spi++, esn, 64, &out, &in);
			for (uint16_t len = 0; len <= 300; len++) {
				unsigned total = len + esp_overhead(suite, len);

				memset(k.bytes, GUARD, sizeof(k.bytes));
				packet_fill(&k, out, len, (uint8_t)len);
				CU_ASSERT_EQUAL(packet_seal(&f, &k), ESP_OK);
				CU_ASSERT_EQUAL(k.p.len, total);
				CU_ASSERT_EQUAL(k.bytes[total + ESP_TAIL_MAX], GUARD);
				CU_ASSERT_EQUAL(packet_open(&f, &k, in), ESP_OK);
				CU_ASSERT(packet_holds(&k, len, (uint8_t)len));
				CU_ASSERT_EQUAL(k.p.seq, len + 1u);
			}
			CU_ASSERT_EQUAL(in->hot.packets, 301);
			CU_ASSERT_EQUAL(out->hot.packets, 301);
			CU_ASSERT_EQUAL(in->hot.bytes, 300 * 301 / 2);
			CU_ASSERT_EQUAL(out->hot.bytes, 300 * 301 / 2);
		}
	}
	fixture_close(&f);
}

static const struct unit_test tests[] = {
	{"what is sealed opens, every suite, 0 to 300 octets, ESN on and off", test_round_trip},
};

UNIT_MAIN("crypto: ESP bursts", tests)
