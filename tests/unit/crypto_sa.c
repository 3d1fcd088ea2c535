/* SPDX-License-Identifier: BSD-3-Clause */
/* crypto/sa.h: installing, finding, hiding and wiping SAs. */
#include "crypto/sa.h"

#include "crypto/replay.h"
#include "tests/unit/crypto_fixture.h"

static const struct esp_suite *gcm(void)
{
	return esp_suite_by_name("aes128gcm16");
}

static struct sa_table *table_open(unsigned capacity)
{
	struct sa_table *t;

	fixture_eal();
	t = sa_table_create("t", capacity, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	return t;
}

static struct sa *add(struct sa_table *t, uint32_t spi)
{
	struct sa_params p = fixture_params(gcm(), spi, true, 64);

	return fixture_add(t, &p);
}

static struct sa *find(const struct sa_table *t, uint32_t spi)
{
	struct sa *sa = NULL;

	sa_lookup_burst(t, &spi, 1, &sa);
	return sa;
}

static void test_capacity(void)
{
	struct sa_table *t = table_open(100);

	CU_ASSERT_EQUAL(sa_table_capacity(t), 128);
	CU_ASSERT_EQUAL(sa_table_used(t), 0);
	sa_table_destroy(t);
	errno = 0;
	CU_ASSERT_PTR_NULL(sa_table_create("none", 0, SOCKET_ID_ANY));
	CU_ASSERT_EQUAL(errno, EINVAL);
	/* More than the memory the fixture gave the EAL. */
	errno = 0;
	CU_ASSERT_PTR_NULL(sa_table_create("large", 1 << 20, SOCKET_ID_ANY));
	CU_ASSERT_EQUAL(errno, ENOMEM);
	sa_table_destroy(NULL);
}

static void test_direct_slot(void)
{
	struct sa_table *t = table_open(128);
	struct sa *sa = add(t, 0xabcd1203);

	CU_ASSERT_EQUAL(sa_index(t, sa), 0x03);
	CU_ASSERT_PTR_EQUAL(sa_at(t, 0x03), sa);
	CU_ASSERT_PTR_EQUAL(find(t, 0xabcd1203), sa);
	CU_ASSERT_PTR_NULL(find(t, 0xabcd1283));
	CU_ASSERT_PTR_NULL(find(t, 0x03));
	CU_ASSERT_EQUAL(sa_table_used(t), 1);
	CU_ASSERT_EQUAL(sa->hot.owner, SA_OWNER_NONE);
	sa_table_destroy(t);
}

/* Free slots carry SPI 0; it must not name them. */
static void test_spi_zero(void)
{
	struct sa_table *t = table_open(128);
	uint32_t spis[64];
	struct sa *found[64];

	/* The second comes to stand in the first free slot, 0, and leaves it. */
	add(t, 0x1001);
	CU_ASSERT_PTR_EQUAL(add(t, 0x2001), sa_at(t, 0));
	add(t, 0x3001);
	sa_unlink(t, 0);
	sa_free(t, 0);
	memset(spis, 0, sizeof(spis));
	memset(found, 0xff, sizeof(found));
	sa_lookup_burst(t, spis, 64, found);
	for (unsigned i = 0; i < 64; i++)
		CU_ASSERT_PTR_NULL(found[i]);
	sa_table_destroy(t);
}

/* All SPIs name one slot: all but one live by the hash, up to the last place. */
static void test_collisions(void)
{
	enum { CAPACITY = 1024 };
	struct sa_table *t = table_open(CAPACITY);
	struct sa *sas[CAPACITY], *found[64];
	struct sa_params p;
	struct error err = {""};
	uint32_t index, spis[64];

	for (uint32_t i = 0; i < CAPACITY; i++) {
		sas[i] = add(t, (i + 1) << 12 | 5);
		for (uint32_t j = 0; j < i; j++)
			if (sas[j] == sas[i])
				CU_FAIL("one slot for two SAs");
	}
	CU_ASSERT_EQUAL(sa_table_used(t), CAPACITY);
	p = fixture_params(gcm(), 0x77777777, true, 64);
	CU_ASSERT_EQUAL(sa_add(t, &p, &index, &err), -ENOSPC);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "1024"));
	for (uint32_t i = 0; i < CAPACITY; i += 64) {
		for (uint32_t j = 0; j < 64; j++)
			spis[j] = j % 8 == 7 ? 0xf0000005 + (j << 12) : (i + j + 1) << 12 | 5;
		sa_lookup_burst(t, spis, 64, found);
		for (uint32_t j = 0; j < 64; j++)
			CU_ASSERT_PTR_EQUAL(found[j], j % 8 == 7 ? NULL : sas[i + j]);
	}
	sa_table_destroy(t);
}

static void test_duplicates(void)
{
	struct sa_table *t = table_open(64);
	struct sa_params p;
	struct error err;
	uint32_t index;

	add(t, 0x1005);
	add(t, 0x2005);
	p = fixture_params(gcm(), 0x1005, true, 64);
	CU_ASSERT_EQUAL(sa_add(t, &p, &index, &err), -EEXIST);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "0x00001005"));
	p = fixture_params(gcm(), 0x2005, true, 64);
	CU_ASSERT_EQUAL(sa_add(t, &p, &index, &err), -EEXIST);
	CU_ASSERT_EQUAL(sa_table_used(t), 2);
	sa_table_destroy(t);

	/* Outbound SPIs are the peers' to choose: two may choose the same. */
	t = table_open(64);
	p = fixture_params(gcm(), 0x1005, false, 0);
	CU_ASSERT_EQUAL(sa_add(t, &p, &index, &err), 0);
	CU_ASSERT_EQUAL(sa_add(t, &p, &index, &err), 0);
	CU_ASSERT_EQUAL(sa_table_used(t), 2);
	sa_table_destroy(t);
}

static void test_life(void)
{
	static const uint8_t zero[sizeof(struct sa)];
	struct sa_table *t = table_open(64);
	struct sa *direct = add(t, 0x1005), *hashed = add(t, 0x2005), *again;
	uint32_t i_direct = sa_index(t, direct), i_hashed = sa_index(t, hashed);

	sa_unlink(t, i_direct);
	sa_unlink(t, i_hashed);
	CU_ASSERT_PTR_NULL(find(t, 0x1005));
	CU_ASSERT_PTR_NULL(find(t, 0x2005));
	/* Workers may still hold them: neither slot nor keys may go yet. */
	CU_ASSERT_EQUAL(sa_table_used(t), 2);
	CU_ASSERT(direct->used && hashed->used);
	CU_ASSERT_NOT_EQUAL(memcmp(&direct->key, zero, sizeof(direct->key)), 0);
	again = add(t, 0x1005);
	CU_ASSERT(again != direct && again != hashed);
	CU_ASSERT_PTR_EQUAL(find(t, 0x1005), again);

	sa_free(t, i_direct);
	sa_free(t, i_hashed);
	CU_ASSERT_EQUAL(memcmp(direct, zero, sizeof(*direct)), 0);
	CU_ASSERT_EQUAL(memcmp(hashed, zero, sizeof(*hashed)), 0);
	CU_ASSERT_EQUAL(sa_table_used(t), 1);
	CU_ASSERT_PTR_EQUAL(find(t, 0x1005), again);
	/* The slot that SPI names is free again, and is taken first. */
	CU_ASSERT_PTR_EQUAL(add(t, 0x3005), direct);
	CU_ASSERT_PTR_EQUAL(find(t, 0x3005), direct);
	CU_ASSERT_PTR_EQUAL(find(t, 0x1005), again);
	sa_table_destroy(t);
}

/* Rekeys without end: places of the hash come back too. */
static void test_reuse(void)
{
	struct sa_table *t = table_open(16);

	add(t, 0x7);
	for (uint32_t i = 1; i <= 2000; i++) {
		struct sa *sa = add(t, i << 8 | 7);

		CU_ASSERT_PTR_EQUAL_FATAL(find(t, i << 8 | 7), sa);
		sa_unlink(t, sa_index(t, sa));
		CU_ASSERT_PTR_NULL(find(t, i << 8 | 7));
		sa_free(t, sa_index(t, sa));
	}
	CU_ASSERT_EQUAL(sa_table_used(t), 1);
	CU_ASSERT_PTR_NOT_NULL(find(t, 0x7));
	sa_table_destroy(t);
}

static void refused(struct sa_table *t, const struct sa_params *p, const char *word)
{
	struct error err = {""};
	uint32_t index;

	CU_ASSERT_EQUAL(sa_add(t, p, &index, &err), -EINVAL);
	if (strstr(err.text, word) == NULL) {
		fprintf(stderr, "\"%s\" does not say \"%s\"\n", err.text, word);
		CU_FAIL("the reason is not told");
	}
	/* No error text may tell a key, however it is written. */
	CU_ASSERT_PTR_NULL(strstr(err.text, "SECRET"));
	CU_ASSERT_PTR_NULL(strstr(err.text, "534543"));
	CU_ASSERT_EQUAL(sa_table_used(t), 0);
}

static void test_params(void)
{
	static const uint8_t key[128] = "SECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRET";
	struct sa_table *t = table_open(16);
	struct sa_params good = {.spi = 0x100,
		.suite = esp_suite_by_name("aes256-sha256"),
		.key = key,
		.key_len = 32,
		.auth_key = key,
		.auth_key_len = 32,
		.in = true,
		.window = 64};
	struct sa_params p;

	p = good, p.spi = 0, refused(t, &p, "SPI 0");
	p = good, p.suite = NULL, refused(t, &p, "suite");
	p = good, p.key_len = 16, refused(t, &p, "32");
	p = good, p.key_len = 36, refused(t, &p, "32");
	p = good, p.key_len = 0, refused(t, &p, "32");
	p = good, p.auth_key_len = 20, refused(t, &p, "authentication");
	p = good, p.auth_key_len = 64, refused(t, &p, "authentication");
	p = good, p.window = SA_WINDOW_MAX + 1, refused(t, &p, "4096");
	p = good, p.seq = UINT64_C(1) << 32, refused(t, &p, "ESN");
	p = good, p.suite = gcm(), p.auth_key_len = 0, p.key_len = 16, refused(t, &p, "salt");
	p = good, p.suite = gcm(), p.key_len = 20, refused(t, &p, "authentication");
	fixture_add(t, &good);
	sa_table_destroy(t);
}

static void test_fields(void)
{
	struct sa_table *t = table_open(16);
	struct sa_params p = fixture_params(esp_suite_by_name("aes256gcm16"), 0xfedcba98, true, 32);
	struct sa *sa;

	p.peer = 77;
	p.tag[0] = 1, p.tag[3] = 4;
	p.esn = true;
	p.seq = UINT64_C(0x123456789);
	sa = fixture_add(t, &p);
	CU_ASSERT_EQUAL(sa->spi, 0xfedcba98);
	CU_ASSERT_EQUAL(memcmp(&sa->salt, p.key + 32, 4), 0);
	CU_ASSERT_EQUAL(sa->peer, 77);
	CU_ASSERT_EQUAL(sa->suite, esp_suite_index(p.suite));
	CU_ASSERT_EQUAL(sa->cipher, ESP_CIPHER_AES_GCM);
	CU_ASSERT_EQUAL(sa->icv_len, 16);
	CU_ASSERT(sa->esn && sa->in && sa->used);
	CU_ASSERT_EQUAL(sa->hot.seq, p.seq);
	CU_ASSERT_EQUAL(sa->hot.window_size, 32);
	CU_ASSERT_EQUAL(sa->hot.tag[0], 1);
	CU_ASSERT_EQUAL(sa->hot.tag[3], 4);
	CU_ASSERT_PTR_NULL(sa_window_words(t, sa));
	sa_table_destroy(t);
}

static void test_windows(void)
{
	struct sa_table *t = table_open(16);
	struct sa_params p = fixture_params(gcm(), 0x100, true, 65);
	struct sa *a = fixture_add(t, &p), *b;

	p = fixture_params(gcm(), 0x101, true, SA_WINDOW_MAX);
	b = fixture_add(t, &p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(sa_window_words(t, a));
	CU_ASSERT(sa_window_words(t, a) + REPLAY_WORDS <= sa_window_words(t, b));
	sa_table_destroy(t);
}

static void test_many(void)
{
	enum { MANY = 100000 };
	struct sa_table *t = table_open(MANY);
	uint32_t x = 1, spis[64];
	struct sa *found[64];
	unsigned wrong = 0;

	/* A full period generator: all SPIs differ; their low bits meet in the way real ones do. */
	for (unsigned i = 0; i < MANY; i++) {
		x = x * 1664525 + 1013904223;
		add(t, x ^ x >> 16);
	}
	CU_ASSERT_EQUAL(sa_table_used(t), MANY);
	x = 1;
	for (unsigned i = 0; i < MANY / 50; i++) {
		for (unsigned j = 0; j < 50; j++) {
			x = x * 1664525 + 1013904223;
			spis[j] = x ^ x >> 16;
		}
		sa_lookup_burst(t, spis, 50, found);
		for (unsigned j = 0; j < 50; j++)
			wrong += found[j] == NULL || found[j]->spi != spis[j];
	}
	CU_ASSERT_EQUAL(wrong, 0);
	sa_table_destroy(t);
}

static const struct unit_test tests[] = {
	{"capacity is rounded up; too much is refused", test_capacity},
	{"an SA stands where its SPI says", test_direct_slot},
	{"SPI 0 finds nothing", test_spi_zero},
	{"SPIs that meet are found by the hash, to the last place", test_collisions},
	{"inbound SPIs are unique, outbound ones need not be", test_duplicates},
	{"unlinked SAs hide, freed ones are wiped", test_life},
	{"places come back", test_reuse},
	{"wrong parameters are refused in words, without keys", test_params},
	{"what was asked for stands in the slot", test_fields},
	{"large windows have words of their own", test_windows},
	{"100,000 SAs", test_many},
};

UNIT_MAIN("crypto: SA table", tests)
