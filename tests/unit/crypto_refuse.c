/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must not be opened: packets changed, cut, grown, sealed for another SA, or authentic but
 * wrong inside. After each the SA still opens what is right.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "common/hex.h"
#include "tests/unit/crypto_fixture.h"

#define PAYLOAD_LEN 50

/*
 * Authentic packets made with Python's hmac and cryptography, their text 14 letters and a trailer:
 * a pad length of 14 leaves no payload, 15 and 255 run past it.
 */
static const struct {
	const char *suite;
	const char *key;
	const char *packet;
	enum esp_status want;
} pad_cases[] = {
	{
		"aes128gcm16",
		"0102030405060708090a0b0c0d0e0f1030313233",
		"0000300000000001404142434445464737f8ce7ca34a6898a30c2c4d5a73c843"
		"3b3a50357525249b08241f9faa7076b9",
		ESP_OK,
	},
	{
		"aes128gcm16",
		"0102030405060708090a0b0c0d0e0f1030313233",
		"0000300000000001404142434445464737f8ce7ca34a6898a30c2c4d5a73c943"
		"59abaafb54e26a8ec70df384a16e176b",
		ESP_PADDING,
	},
	{
		"aes128gcm16",
		"0102030405060708090a0b0c0d0e0f1030313233",
		"0000300000000001404142434445464737f8ce7ca34a6898a30c2c4d5a733943"
		"a6088b45e20bc6ff8e23ba123becadbf",
		ESP_PADDING,
	},
	{
		"chacha20poly1305",
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
		"30313233",
		"0000300000000001404142434445464731379709f2f083c5e83da38e1783b212"
		"ac9f89fadeb54b7ea18c3220e7a14e0b",
		ESP_OK,
	},
	{
		"chacha20poly1305",
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
		"30313233",
		"0000300000000001404142434445464731379709f2f083c5e83da38e1783b312"
		"de12bd25b4e95bfdbc776047a9cf91c2",
		ESP_PADDING,
	},
	{
		"chacha20poly1305",
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
		"30313233",
		"0000300000000001404142434445464731379709f2f083c5e83da38e17834312"
		"b2ad3a3f713c4566b59b4923b8ca2d95",
		ESP_PADDING,
	},
	{
		"aes128-sha1",
		"0102030405060708090a0b0c0d0e0f10",
		"0000300000000001404142434445464748494a4b4c4d4e4f25ad29aca3243f89"
		"08c8f330832ef966e6850dee5c71750de40e6d7a",
		ESP_OK,
	},
	{
		"aes128-sha1",
		"0102030405060708090a0b0c0d0e0f10",
		"0000300000000001404142434445464748494a4b4c4d4e4f4d9ce1bedcde1006"
		"cbe27c0db395f837dfd0ddb70c59d55950ee309d",
		ESP_PADDING,
	},
	{
		"aes128-sha1",
		"0102030405060708090a0b0c0d0e0f10",
		"0000300000000001404142434445464748494a4b4c4d4e4f51b0431dd19065b4"
		"f98191d43c1ea8cd6e2e8eb01c2343c4a77715fb",
		ESP_PADDING,
	},
	{
		"aes256-sha256",
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		"0000300000000001404142434445464748494a4b4c4d4e4fbb25c5af47a2e751"
		"1b4ef722e5e94a53b45257d788bce0d2d5d0cb3a2a892134",
		ESP_OK,
	},
	{
		"aes256-sha256",
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		"0000300000000001404142434445464748494a4b4c4d4e4fe803a6c751a05b52"
		"afc9553f6a9c5f8fe021c6f52c53e50abce78105aad0f04e",
		ESP_PADDING,
	},
	{
		"aes256-sha256",
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		"0000300000000001404142434445464748494a4b4c4d4e4fb549934257f1ee04"
		"fec9455257348111cf6a874d69cc985aaeb76db8615e8fd6",
		ESP_PADDING,
	},
	{
		"3des-sha384",
		"0102030405060708090a0b0c0d0e0f101112131415161718",
		"00003000000000014041424344454647c3f59aefcce1f0696e73f7e5bd25f684"
		"58dad08172418146a4ef182e931533bfe4c010c940b4643f",
		ESP_OK,
	},
	{
		"3des-sha384",
		"0102030405060708090a0b0c0d0e0f101112131415161718",
		"00003000000000014041424344454647c3f59aefcce1f069822ca06d4a88a92c"
		"b7868bc0e6e19b1b5eaec4b2b10301b234b8b62e7235470d",
		ESP_PADDING,
	},
	{
		"3des-sha384",
		"0102030405060708090a0b0c0d0e0f101112131415161718",
		"00003000000000014041424344454647c3f59aefcce1f069686824a59651ec68"
		"4c81ad7c223a33a161be85baeb114d74e9dbef9d41ab363f",
		ESP_PADDING,
	},
	{
		"null-sha512",
		"",
		"00003000000000016162636465666768696a6b6c6d6e0e2febda4069cbe4bbf1"
		"210542dc01d5423a04efd5cb70839c842e0d66c3b39c94be",
		ESP_OK,
	},
	{
		"null-sha512",
		"",
		"00003000000000016162636465666768696a6b6c6d6e0f2f303ccc910dc38307"
		"e4833c096515fae6f2ccf835bf847bd682c861e3f3745e25",
		ESP_PADDING,
	},
	{
		"null-sha512",
		"",
		"00003000000000016162636465666768696a6b6c6d6eff2f2c10cccb369ed185"
		"05d1f808ea7bb03aff1143a2919bdb3570900798a3c4c07d",
		ESP_PADDING,
	},
};

/* For each suite, with ESN off and on: the SA's two ends, and one sealed packet. */
struct subject {
	struct fixture f;
	struct sa *out;
	struct sa *in;
	struct packet good;
	uint16_t len;
};

static void subject_open(struct subject *s, const struct esp_suite *suite, bool esn)
{
	fixture_open(&s->f, 16);
	fixture_add_pair(&s->f, suite, 0x1234, esn, 64, &s->out, &s->in);
	packet_fill(&s->good, s->out, PAYLOAD_LEN, 3);
	CU_ASSERT_EQUAL(packet_seal(&s->f, &s->good), ESP_OK);
	s->len = s->good.p.len;
}

/* Nothing of what came before moved the window or spoiled the SA. */
static void subject_close(struct subject *s)
{
	struct packet k = s->good;

	CU_ASSERT_EQUAL(s->in->hot.seq, 0);
	CU_ASSERT_EQUAL(s->in->hot.window, 0);
	CU_ASSERT_EQUAL(s->in->hot.packets, 0);
	CU_ASSERT_EQUAL(packet_open(&s->f, &k, s->in), ESP_OK);
	CU_ASSERT(packet_holds(&k, PAYLOAD_LEN, 3));
	fixture_close(&s->f);
}

static void for_each_suite(void (*test)(struct subject *s))
{
	static struct subject s;

	for (unsigned i = 0; i < esp_suite_count(); i++)
		for (unsigned esn = 0; esn < 2; esn++) {
			subject_open(&s, esp_suite_at(i), esn);
			test(&s);
			subject_close(&s);
		}
}

/* Every bit of header, IV, ciphertext and ICV. */
static void flip_bits(struct subject *s)
{
	unsigned flips = s->len * 8u;

	for (unsigned bit = 0; bit < flips; bit++) {
		struct packet k = s->good;

		k.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* Number 1 may become number 0, which is refused before its ICV is looked at. */
		CU_ASSERT_EQUAL(
			packet_open(&s->f, &k, s->in), bit == 7 * 8 ? ESP_REPLAY : ESP_AUTH_FAILED);
	}
	CU_ASSERT_EQUAL(s->in->hot.auth_errors, flips - 1);
	CU_ASSERT_EQUAL(s->in->hot.replay_errors, 1);
}

static void test_flips(void)
{
	for_each_suite(flip_bits);
}

/* Two changes that cancel in a sloppy comparison. */
static void change_icv(struct subject *s)
{
	unsigned icv_len = s->in->icv_len;

	for (unsigned i = 0; i < icv_len; i++) {
		struct packet k = s->good;
		uint8_t *icv = k.bytes + s->len - icv_len;

		icv[i] ^= 0x80;
		icv[(i + 4) % icv_len] ^= 0x80;
		CU_ASSERT_EQUAL(packet_open(&s->f, &k, s->in), ESP_AUTH_FAILED);
		k = s->good;
		icv = k.bytes + s->len - icv_len;
		memset(icv, (int)(i * 17), icv_len);
		CU_ASSERT_EQUAL(packet_open(&s->f, &k, s->in), ESP_AUTH_FAILED);
	}
}

static void test_icv(void)
{
	for_each_suite(change_icv);
}

/*
 * Every length from none to one short, at the end of a page behind which nothing is mapped: no
 * octet outside may be touched either.
 */
static void cut(struct subject *s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct esp_suite *suite = esp_suite_at(s->in->suite);
	unsigned least = ESP_HDR_LEN + suite->iv_len + 2 + suite->icv_len;

	CU_ASSERT_FATAL(map != MAP_FAILED);
	CU_ASSERT_EQUAL_FATAL(mprotect(map + page, page, PROT_NONE), 0);
	for (uint16_t len = 0; len < s->len; len++) {
		struct esp_packet k = {.sa = s->in, .esp = map + page - len, .len = len};
		struct esp_packet *p = &k;
		unsigned text_len = len - (least - 2);

		memcpy(k.esp, s->good.bytes, len);
		esp_open_burst(s->f.esp, &p, 1);
		if (len < least)
			CU_ASSERT_EQUAL(k.status, ESP_SHORT);
		if (len >= least && text_len % suite->align != 0)
			CU_ASSERT_EQUAL(k.status, ESP_LENGTH);
		if (len >= least && text_len % suite->align == 0)
			CU_ASSERT_EQUAL(k.status, ESP_AUTH_FAILED);
	}
	munmap(map, 2 * page);
}

static void test_cuts(void)
{
	for_each_suite(cut);
}

static void grow(struct subject *s)
{
	for (unsigned more = 1; more <= 64; more++) {
		struct packet k = s->good;
		unsigned align = esp_suite_at(s->in->suite)->align;

		memset(k.bytes + s->len, 0, more);
		k.p.len = (uint16_t)(s->len + more);
		CU_ASSERT_EQUAL(
			packet_open(&s->f, &k, s->in), more % align ? ESP_LENGTH : ESP_AUTH_FAILED);
	}
}

static void test_grown(void)
{
	for_each_suite(grow);
}

/* Another SA's keys, the same keys with another salt, and the other kind of number. */
static void open_with_others(struct subject *s)
{
	const struct esp_suite *suite = esp_suite_at(s->in->suite);
	struct sa_params p = fixture_params(suite, 0x5678, true, 64);
	uint8_t key[ESP_KEY_MAX], auth_key[ESP_AUTH_MAX];
	struct packet k = s->good;

	p.esn = s->in->esn;
	CU_ASSERT_EQUAL(packet_open(&s->f, &k, fixture_add(s->f.in, &p)), ESP_AUTH_FAILED);

	/* fixture_params() keeps one set of keys a direction: copies of the subject's */
	p = fixture_params(suite, 0x1234, true, 64);
	memcpy(key, p.key, sizeof(key));
	memcpy(auth_key, p.auth_key, sizeof(auth_key));
	p.key = key;
	p.auth_key = auth_key;
	p.spi = 0x5679;
	p.esn = !s->in->esn;
	k = s->good;
	CU_ASSERT_EQUAL(packet_open(&s->f, &k, fixture_add(s->f.in, &p)), ESP_AUTH_FAILED);

	p.spi = 0x567a;
	p.esn = s->in->esn;
	if (suite->salt_len > 0)
		key[suite->key_len + suite->salt_len - 1] ^= 1;
	else
		auth_key[suite->auth_key_len - 1] ^= 1;
	k = s->good;
	CU_ASSERT_EQUAL(packet_open(&s->f, &k, fixture_add(s->f.in, &p)), ESP_AUTH_FAILED);
}

static void test_others(void)
{
	for_each_suite(open_with_others);
}

/* A number far ahead with a wrong ICV must not push the window over what comes. */
static void jump_ahead(struct subject *s)
{
	struct packet k = s->good;

	k.bytes[4] = 0x7f;
	CU_ASSERT_EQUAL(packet_open(&s->f, &k, s->in), ESP_AUTH_FAILED);
}

static void test_jump(void)
{
	for_each_suite(jump_ahead);
}

static void test_pad_length(void)
{
	uint8_t auth_key[ESP_AUTH_MAX];

	memset(auth_key, 0x0b, sizeof(auth_key));
	for (size_t i = 0; i < sizeof(pad_cases) / sizeof(pad_cases[0]); i++) {
		const struct esp_suite *suite = esp_suite_by_name(pad_cases[i].suite);
		struct packet k = {.p = {.len = 0}};
		uint8_t key[ESP_KEY_MAX];
		ssize_t key_len = hex_parse(pad_cases[i].key, key, sizeof(key));
		ssize_t len = hex_parse(pad_cases[i].packet, k.bytes, sizeof(k.bytes));
		struct sa_params p = {
			.spi = 0x3000,
			.suite = suite,
			.key = key,
			.key_len = (size_t)key_len,
			.auth_key = auth_key,
			.auth_key_len = suite->auth_key_len,
			.in = true,
			.window = 64,
		};
		struct fixture f;
		struct sa *in;

		CU_ASSERT_FATAL(key_len >= 0 && len > 0);
		fixture_open(&f, 8);
		in = fixture_add(f.in, &p);
		k.p.len = (uint16_t)len;
		CU_ASSERT_EQUAL(packet_open(&f, &k, in), pad_cases[i].want);
		if (pad_cases[i].want == ESP_OK)
			CU_ASSERT_EQUAL(k.p.payload_len, 0);
		CU_ASSERT_EQUAL(in->hot.seq, pad_cases[i].want == ESP_OK);
		CU_ASSERT_EQUAL(in->hot.other_errors, pad_cases[i].want != ESP_OK);
		fixture_close(&f);
	}
}

static const struct unit_test tests[] = {
	{"no bit of a packet can be changed", test_flips},
	{"no ICV but the right one", test_icv},
	{"cut packets, every length, nothing behind them is touched", test_cuts},
	{"grown packets", test_grown},
	{"another SA's keys, salt or kind of number", test_others},
	{"a false number far ahead", test_jump},
	{"authentic packets whose pad length lies", test_pad_length},
};

UNIT_MAIN("crypto: what is refused", tests)
