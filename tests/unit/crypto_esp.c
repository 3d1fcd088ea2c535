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

/* Seal a burst, then open the copies. */
static void burst_through(struct fixture *f, struct packet *k, struct sa **in, unsigned n)
{
	struct esp_packet *pkts[ESP_BURST_MAX];

	for (unsigned i = 0; i < n; i++)
		pkts[i] = &k[i].p;
	esp_seal_burst(f->esp, pkts, n);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(k[i].p.status, ESP_OK);
		k[i].p = (struct esp_packet){.sa = in[i], .esp = k[i].bytes, .len = k[i].p.len};
	}
	esp_open_burst(f->esp, pkts, n);
}

/* Bursts of every size over SAs of all suites, two with each; lengths to 1500. */
static void test_mixed_bursts(void)
{
	enum { PAIRS = 128 };
	static struct packet k[ESP_BURST_MAX];
	struct sa *out[PAIRS], *in[PAIRS], *to[ESP_BURST_MAX];
	struct fixture f;
	uint32_t x = 7;

	fixture_open(&f, 256);
	for (unsigned i = 0; i < PAIRS; i++)
		fixture_add_pair(&f, esp_suite_at(i % esp_suite_count()), 0x100 + i, i & 1,
			i % 3 ? 64 : 256, &out[i], &in[i]);
	for (unsigned round = 0; round < 2 * ESP_BURST_MAX; round++) {
		unsigned n = round % ESP_BURST_MAX + 1;
		uint16_t lens[ESP_BURST_MAX];

		for (unsigned i = 0; i < n; i++) {
			unsigned pair = (x = x * 1664525 + 1013904223) >> 25;

			/* The second half of the rounds: all over few SAs. */
			pair = round < ESP_BURST_MAX ? pair : pair % 5;
			lens[i] = (uint16_t)((x >> 8) % 1500);
			packet_fill(&k[i], out[pair], lens[i], (uint8_t)(i + round));
			to[i] = in[pair];
		}
		burst_through(&f, k, to, n);
		for (unsigned i = 0; i < n; i++) {
			CU_ASSERT_EQUAL(k[i].p.status, ESP_OK);
			CU_ASSERT(packet_holds(&k[i], lens[i], (uint8_t)(i + round)));
		}
	}
	fixture_close(&f);
}

/* A bad packet fails alone: neither neighbours in its batch nor its SA's window feel it. */
static void test_bad_among_good(void)
{
	static struct packet k[ESP_BURST_MAX];
	struct esp_packet *pkts[ESP_BURST_MAX];
	struct sa *out[ESP_BURST_MAX], *in[ESP_BURST_MAX];
	struct fixture f;

	fixture_open(&f, 128);
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		fixture_add_pair(&f, esp_suite_at(i % esp_suite_count()), 0x200 + i, i & 1, 64,
			&out[i], &in[i]);
		packet_fill(&k[i], out[i], (uint16_t)(40 + i), (uint8_t)i);
		pkts[i] = &k[i].p;
	}
	esp_seal_burst(f.esp, pkts, ESP_BURST_MAX);
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		k[i].p = (struct esp_packet){.sa = in[i], .esp = k[i].bytes, .len = k[i].p.len};
		if (i % 3 == 0)
			k[i].bytes[ESP_HDR_LEN + 20] ^= 0x10;
		else if (i % 3 == 1)
			k[i].p.len = (uint16_t)(i % 20);
	}
	esp_open_burst(f.esp, pkts, ESP_BURST_MAX);
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		static const enum esp_status want[] = {ESP_AUTH_FAILED, ESP_SHORT, ESP_OK};

		CU_ASSERT_EQUAL(k[i].p.status, want[i % 3]);
		CU_ASSERT_EQUAL(in[i]->hot.auth_errors, i % 3 == 0);
		CU_ASSERT_EQUAL(in[i]->hot.other_errors, i % 3 == 1);
		CU_ASSERT_EQUAL(in[i]->hot.packets, i % 3 == 2);
		CU_ASSERT_EQUAL(in[i]->hot.seq, i % 3 == 2);
	}
	fixture_close(&f);
}

/* One burst with each packet twice: the first look lets both in, the second only one. */
static void test_twice_in_a_burst(void)
{
	static struct packet k[2];
	struct fixture f;
	uint32_t spi = 0x300;

	fixture_open(&f, 128);
	for (unsigned s = 0; s < esp_suite_count(); s++)
		for (unsigned window = 0; window <= 128; window += 32) {
			struct esp_packet *pkts[2] = {&k[0].p, &k[1].p};
			struct sa *out, *in;

			fixture_add_pair(
				&f, esp_suite_at(s), spi++, false, (uint16_t)window, &out, &in);
			packet_fill(&k[0], out, 100, 1);
			CU_ASSERT_EQUAL(packet_seal(&f, &k[0]), ESP_OK);
			memcpy(k[1].bytes, k[0].bytes, k[0].p.len);
			for (unsigned i = 0; i < 2; i++)
				k[i].p = (struct esp_packet){
					.sa = in, .esp = k[i].bytes, .len = k[0].p.len};
			esp_open_burst(f.esp, pkts, 2);
			CU_ASSERT_EQUAL(k[0].p.status, ESP_OK);
			CU_ASSERT_EQUAL(k[1].p.status, window ? ESP_REPLAY : ESP_OK);
			CU_ASSERT_EQUAL(in->hot.replay_errors, window ? 1 : 0);
			CU_ASSERT_EQUAL(in->hot.packets, window ? 1 : 2);
			sa_unlink(f.in, sa_index(f.in, in));
			sa_free(f.in, sa_index(f.in, in));
			sa_unlink(f.out, sa_index(f.out, out));
			sa_free(f.out, sa_index(f.out, out));
		}
	fixture_close(&f);
}

/* Replay through the engine: late ones inside the window pass once, outside never. */
static void test_window(void)
{
	enum { SENT = 300 };
	static const uint16_t windows[] = {0, 1, 32, 64, 65, 128, 4096};
	static struct packet sent[SENT];
	static struct packet k;
	struct fixture f;

	fixture_open(&f, 128);
	for (unsigned w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
		struct sa *out, *in;
		unsigned window = windows[w];

		fixture_add_pair(
			&f, esp_suite_at(0), 0x400 + w, false, (uint16_t)window, &out, &in);
		for (unsigned i = 0; i < SENT; i++) {
			packet_fill(&sent[i], out, 50, (uint8_t)i);
			packet_seal(&f, &sent[i]);
		}
		/* the last first, then all the others backwards, then all again */
		for (unsigned turn = 0; turn < 2; turn++)
			for (unsigned back = 0; back < SENT; back++) {
				bool fresh = turn == 0 && (back == 0 || back < window);

				k = sent[SENT - 1 - back];
				CU_ASSERT_EQUAL(packet_open(&f, &k, in),
					fresh || window == 0 ? ESP_OK : ESP_REPLAY);
			}
	}
	fixture_close(&f);
}

/* Number 0 never stands on the wire (RFC 4303 3.3.3), but a window of none does not look. */
static void test_number_zero(void)
{
	static struct packet k;
	struct fixture f;

	fixture_open(&f, 128);
	for (unsigned s = 0; s < esp_suite_count(); s++)
		for (uint16_t window = 0; window <= 128; window += 64) {
			uint32_t spi = 0x500 + s;
			struct sa *out, *in;

			fixture_add_pair(&f, esp_suite_at(s), spi, false, window, &out, &in);
			/* Only a test can wind the counter so that 0 comes next. */
			out->hot.seq = UINT64_MAX;
			packet_fill(&k, out, 10, 0);
			CU_ASSERT_EQUAL(packet_seal(&f, &k), ESP_OK);
			CU_ASSERT_EQUAL(k.p.seq, 0);
			CU_ASSERT_EQUAL(packet_open(&f, &k, in), window ? ESP_REPLAY : ESP_OK);
			sa_unlink(f.in, sa_index(f.in, in));
			sa_free(f.in, sa_index(f.in, in));
		}
	fixture_close(&f);
}

static void test_overflow(void)
{
	static struct packet k;
	struct fixture f;

	fixture_open(&f, 128);
	for (unsigned s = 0; s < esp_suite_count(); s++)
		for (unsigned esn = 0; esn < 2; esn++) {
			const struct esp_suite *suite = esp_suite_at(s);
			struct sa_params p = fixture_params(suite, 0x600 + 2 * s + esn, false, 0);
			uint64_t last = esn ? UINT64_MAX : UINT32_MAX;
			struct sa *out;

			p.esn = esn;
			p.seq = last - 1;
			out = fixture_add(f.out, &p);
			packet_fill(&k, out, 64, 9);
			CU_ASSERT_EQUAL(packet_seal(&f, &k), ESP_OK);
			CU_ASSERT_EQUAL(k.p.seq, last);
			for (unsigned i = 0; i < 2; i++) {
				packet_fill(&k, out, 64, 9);
				CU_ASSERT_EQUAL(packet_seal(&f, &k), ESP_SEQ_OVERFLOW);
				/* The payload is still there, and nothing says it could be sent. */
				CU_ASSERT(packet_holds(&k, 64, 9));
				CU_ASSERT_EQUAL(k.p.len, 0);
			}
			CU_ASSERT_EQUAL(out->hot.seq, last);
			CU_ASSERT_EQUAL(out->hot.packets, 1);
			CU_ASSERT_EQUAL(out->hot.other_errors, 2);
		}
	fixture_close(&f);
}

/* Over 2^32 with ESN, every suite; and the half that is not sent counts. */
static void test_esn_wrap(void)
{
	static struct packet k, late;
	struct fixture f;

	fixture_open(&f, 128);
	for (unsigned s = 0; s < esp_suite_count(); s++) {
		const struct esp_suite *suite = esp_suite_at(s);
		struct sa_params p = fixture_params(suite, 0x700 + s, false, 0);
		uint64_t from = UINT64_C(0x2fffffff0);
		struct sa *out, *in;

		p.esn = true;
		p.seq = from;
		out = fixture_add(f.out, &p);
		p = fixture_params(suite, 0x700 + s, true, 64);
		p.esn = true;
		p.seq = from;
		in = fixture_add(f.in, &p);
		packet_fill(&late, out, 30, 1);
		CU_ASSERT_EQUAL(packet_seal(&f, &late), ESP_OK);
		for (uint64_t seq = from + 2; seq < from + 40; seq++) {
			packet_fill(&k, out, 77, (uint8_t)seq);
			CU_ASSERT_EQUAL(packet_seal(&f, &k), ESP_OK);
			CU_ASSERT_EQUAL(packet_open(&f, &k, in), ESP_OK);
			CU_ASSERT_EQUAL(k.p.seq, seq);
			CU_ASSERT(packet_holds(&k, 77, (uint8_t)seq));
		}
		CU_ASSERT_EQUAL(packet_open(&f, &late, in), ESP_OK);
		CU_ASSERT_EQUAL(late.p.seq, from + 1);

		/* The same low half, another high half: not what was sealed. */
		packet_fill(&k, out, 10, 1);
		CU_ASSERT_EQUAL(packet_seal(&f, &k), ESP_OK);
		in->hot.seq += UINT64_C(1) << 32;
		CU_ASSERT_EQUAL(packet_open(&f, &k, in), ESP_AUTH_FAILED);
	}
	fixture_close(&f);
}

static int compare_ivs(const void *a, const void *b)
{
	return memcmp(a, b, ESP_IV_MAX);
}

/* In one SA and over the SAs of one context no IV comes twice. */
static void test_ivs(void)
{
	enum { ROUNDS = 100, IVS = ROUNDS * ESP_BURST_MAX };
	static struct packet k[ESP_BURST_MAX];
	static uint8_t ivs[IVS][ESP_IV_MAX];
	struct esp_packet *pkts[ESP_BURST_MAX];
	struct fixture f;

	fixture_open(&f, 128);
	for (unsigned s = 0; s < esp_suite_count(); s++) {
		const struct esp_suite *suite = esp_suite_at(s);
		struct sa_params p = fixture_params(suite, 0x800 + s, false, 0);
		bool counted = suite->auth == ESP_AUTH_AEAD;
		unsigned same = 0;
		struct sa *out;

		/* Let the counter's base wrap in the middle. */
		p.iv_seed = UINT64_MAX - IVS / 2;
		out = fixture_add(f.out, &p);
		memset(ivs, 0, sizeof(ivs));
		for (unsigned i = 0; i < IVS && suite->iv_len > 0; i++) {
			unsigned at = i % ESP_BURST_MAX;

			if (at == 0) {
				for (unsigned j = 0; j < ESP_BURST_MAX; j++) {
					packet_fill(&k[j], out, 8, 0);
					pkts[j] = &k[j].p;
				}
				esp_seal_burst(f.esp, pkts, ESP_BURST_MAX);
			}
			memcpy(ivs[i], k[at].bytes + ESP_HDR_LEN, suite->iv_len);
		}
		/* AEAD: the counter is what makes them differ (RFC 4106 3.1). */
		for (unsigned i = 0; i < IVS && counted; i++) {
			uint64_t iv;

			memcpy(&iv, ivs[i], sizeof(iv));
			CU_ASSERT_EQUAL(__builtin_bswap64(iv), p.iv_seed + i + 1);
		}
		qsort(ivs, IVS, sizeof(ivs[0]), compare_ivs);
		for (unsigned i = 1; i < IVS && suite->iv_len > 0; i++)
			same += memcmp(ivs[i - 1], ivs[i], ESP_IV_MAX) == 0;
		CU_ASSERT_EQUAL(same, 0);
	}
	fixture_close(&f);
}

/* The seed decides over CBC IVs: the same one repeats them, another one shares none. */
static void test_iv_seed(void)
{
	static const uint8_t seeds[3][16] = {"one seed", "one seed", "another seed"};
	uint8_t ivs[3][ESP_IV_MAX];
	static struct packet k;
	struct fixture f;
	struct sa *out, *in;

	fixture_open(&f, 128);
	fixture_add_pair(&f, esp_suite_by_name("aes128-sha1"), 0x900, false, 64, &out, &in);
	for (unsigned i = 0; i < 3; i++) {
		struct esp_context *c = esp_context_create(NULL, seeds[i]);
		struct esp_packet *p = &k.p;

		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		packet_fill(&k, out, 100, 3);
		esp_seal_burst(c, &p, 1);
		CU_ASSERT_EQUAL(k.p.status, ESP_OK);
		memcpy(ivs[i], k.bytes + ESP_HDR_LEN, ESP_IV_MAX);
		CU_ASSERT_EQUAL(packet_open(&f, &k, in), ESP_OK);
		esp_context_destroy(c);
	}
	CU_ASSERT_EQUAL(memcmp(ivs[0], ivs[1], ESP_IV_MAX), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(ivs[0], ivs[2], 8), 0);
	esp_context_destroy(NULL);
	fixture_close(&f);
}

/* RFC 4303 2.4: 1, 2, 3, ...; decryption leaves them behind the payload. */
static void test_padding(void)
{
	static struct packet k;
	struct fixture f;

	fixture_open(&f, 128);
	for (unsigned s = 0; s < esp_suite_count(); s++) {
		const struct esp_suite *suite = esp_suite_at(s);
		struct sa *out, *in;

		fixture_add_pair(&f, suite, 0xa00 + s, false, 64, &out, &in);
		for (uint16_t len = 0; len < 40; len++) {
			unsigned text_len = len + esp_overhead(suite, len) - ESP_HDR_LEN -
					    suite->iv_len - suite->icv_len;
			unsigned pad_len = text_len - len - 2;

			packet_fill(&k, out, len, 5);
			CU_ASSERT_EQUAL(packet_seal(&f, &k), ESP_OK);
			CU_ASSERT_EQUAL(packet_open(&f, &k, in), ESP_OK);
			CU_ASSERT(pad_len < suite->align);
			for (unsigned i = 0; i < pad_len; i++)
				CU_ASSERT_EQUAL(k.p.payload[len + i], i + 1);
			CU_ASSERT_EQUAL(k.p.payload[len + pad_len], pad_len);
			CU_ASSERT_EQUAL(k.p.payload[len + pad_len + 1], ESP_NEXT_GRE);
		}
	}
	fixture_close(&f);
}

/* The largest payloads that fit an IPv4 packet, and those that do not. */
static void test_too_long(void)
{
	static uint8_t bytes[UINT16_MAX + 1 + ESP_TAIL_MAX + 64];
	struct fixture f;

	fixture_open(&f, 128);
	for (unsigned s = 0; s < esp_suite_count(); s++) {
		struct esp_packet k = {.esp = bytes, .payload_len = 65400, .next_header = 4};
		struct esp_packet *p = &k;
		struct sa *out, *in;

		fixture_add_pair(&f, esp_suite_at(s), 0xb00 + s, true, 64, &out, &in);
		k.sa = out;
		esp_seal_burst(f.esp, &p, 1);
		CU_ASSERT_EQUAL(k.status, ESP_OK);
		k.sa = in;
		esp_open_burst(f.esp, &p, 1);
		CU_ASSERT_EQUAL(k.status, ESP_OK);
		CU_ASSERT_EQUAL(k.payload_len, 65400);
		k.sa = out;
		k.payload_len = 65510;
		esp_seal_burst(f.esp, &p, 1);
		CU_ASSERT_EQUAL(k.status, ESP_LENGTH);
		CU_ASSERT_EQUAL(out->hot.seq, 1);
	}
	fixture_close(&f);
}

static const struct unit_test tests[] = {
	{"what is sealed opens, every suite, 0 to 300 octets, ESN on and off", test_round_trip},
	{"bursts of 1 to 64 mix suites and SAs", test_mixed_bursts},
	{"a bad packet fails alone", test_bad_among_good},
	{"a number twice in one burst passes once", test_twice_in_a_burst},
	{"windows 0 to 4096 hold in the engine", test_window},
	{"number 0 is refused where there is a window", test_number_zero},
	{"the last number is the last", test_overflow},
	{"ESN goes over 2^32, and its high half is authenticated", test_esn_wrap},
	{"no IV comes twice", test_ivs},
	{"the seed decides over CBC IVs", test_iv_seed},
	{"padding is 1, 2, 3", test_padding},
	{"what no IP packet holds is not sealed", test_too_long},
};

UNIT_MAIN("crypto: ESP bursts", tests)
