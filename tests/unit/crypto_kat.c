/* SPDX-License-Identifier: BSD-3-Clause */
/* Published test vectors, as whole ESP packets through the engine. */
#include "common/hex.h"
#include "tests/unit/crypto_fixture.h"

/*
 * draft-mcgrew-gcm-test-01 4 (all for ESP with AES-GCM but the one whose SPI is 0), and at the end
 * RFC 7634 Appendix A. The ESN half of a number is in its test's additional data.
 */
static const struct {
	const char *suite;
	bool esn;
	uint64_t seq;
	const char *key; /* with salt */
	const char *packet;
	const char *payload;
	uint8_t next_header;
} aead_cases[] = {
	{
		"aes128gcm16",
		true,
		0x8765432100000000ULL,
		"4c80cdefbb5d10da906ac73c3613a6342e443b68",
		"00004321000000004956ed7e3b244cfefecf537e729d5b07dc30df528dd22b76"
		"8d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d"
		"15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe72"
		"2fd04796562dfdb4",
		"45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
		"00000000045f736970045f756470037369700963796265726369747902646b00"
		"00210001",
		1,
	},
	{
		"aes128gcm16",
		false,
		0x0000000aULL,
		"feffe9928665731c6d6a8f9467308308cafebabe",
		"0000a5f80000000afacedbaddecaf888deb22cd9b07c72c16e3a65beeb8df304"
		"a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642"
		"cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a",
		"4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		"0001000000000000037369700963796265726369747902646b0000010001",
		1,
	},
	{
		"aes256gcm16",
		false,
		0x00000002ULL,
		"abbccddef00112233445566778899aababbccddef00112233445566778899aab"
		"11223344",
		"4a2cbfe3000000020102030405060708ff425c9b724599df7a3bcd510194e00d"
		"6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99d"
		"ef842d8eb335f4eecfdbf831824b4c4915956c96",
		"4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		"7002400020bf0000020405b401010402",
		1,
	},
	{
		"aes128gcm16",
		true,
		0x1010101010101010ULL,
		"3de09874b388e6491988d0c3607eae1f57690e43",
		"42f67e3f101010104e280000a2fca1a3fba2caa4853cf9f0f22cb10d86dd83b0"
		"fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9fe3fba487bc9"
		"1755e6662b4c8d0d1f5e22739530320ae0d731cc978ecafaeae88f00e80d6e48",
		"4500003c99c300008001cb7c40679318010101010800085c0200430061626364"
		"65666768696a6b6c6d6e6f7071727374757677616263646566676869",
		1,
	},
	{
		"aes128gcm16",
		true,
		0x1010101010101010ULL,
		"3de09874b388e6491988d0c3607eae1f57690e43",
		"42f67e3f101010104e280000a2fca1a3fba2ca845e5df9f0f22c3e6e86dd831e"
		"1fc65792cd1af9130e1379ed369f071f35e034be95f112e4e7d05d35",
		"4500001c42a200008001441f406793b6e00000020a00f5ff",
		1,
	},
	{
		"aes192gcm16",
		false,
		0x0000000aULL,
		"feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
		"0000a5f80000000afacedbaddecaf888a5b1f8066029aea40e598b8122de0242"
		"0938b3ab33f828e687b8858b5bfbdbd0315b27452144cc7795457b9652037f53"
		"18027b5b4cd7a636",
		"45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e"
		"501016d07568",
		1,
	},
	{
		"aes128gcm16",
		true,
		0x0000000000000001ULL,
		"abbccddef00112233445566778899aabdecaf888",
		"0000010000000001cafedebaceface7418a6fd42f72cbf4ab2a2ea901f73d814"
		"e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863965d7472"
		"b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68651f57e6"
		"5f354f75ff17015769623436",
		"4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d5"
		"00004e20001e8c18d75b81dc91baa0476b91b924b280389d92c963bac046ec95"
		"9b6266c04722b14923",
		1,
	},
	{
		"aes256gcm16",
		true,
		0x156f3126dd0db99bULL,
		"abbccddef00112233445566778899aababbccddef00112233445566778899aab"
		"73616c74",
		"17405e67dd0db99b616e640169766563f2d69ecdbd5a0d5b8d5ef38bad4da58d"
		"1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e451626c2415771e3"
		"b7eebca614c89b35",
		"45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb712602"
		"50101f646d54",
		1,
	},
	{
		"aes128gcm16",
		true,
		0x1010101010101010ULL,
		"3de09874b388e6491988d0c3607eae1f57690e43",
		"42f67e3f101010104e280000a2fca1a3fba2cad12fc1f9f00d3cebf305410db8"
		"3d7784b607323d220f24b0a97d54182800cadb0f68d99ef0e0c0c89ae9bea888"
		"4e52d65bc1afd0740f742444747b5b39ab533163aad4550ee5160975cdb608c5"
		"769189609763b8e18caa81e2",
		"45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b"
		"000001e0001e8c18d65759d52284a0352c71475c8880391c764d6e5ee0496b32"
		"5ae270c03899493915",
		1,
	},
	{
		"aes256gcm16",
		true,
		0x156f3126dd0db99bULL,
		"abbccddef00112233445566778899aababbccddef00112233445566778899aab"
		"73616c74",
		"17405e67dd0db99b616e640169766563d4b7ed86a1777f2ea13d6973d324c69e"
		"7b43f826fb56831226508bebd2dceb18d0a6df10e5487df074113e14c641024e"
		"3e6773d91a62ee429b043a10e3efe6b012a49363412364f8c0cac587f249e56b"
		"11e24f30e44ccc76",
		"636973636f0172756c657301746865016e6574776501646566696e6501746865"
		"746563686e6f6c6f67696573017468617477696c6c01646566696e65746f6d6f"
		"72726f77",
		1,
	},
	{
		"aes128gcm16",
		false,
		0xffffffffULL,
		"7d773d00c144c525ac619d18c84a3f47d9664267",
		"335467aeffffffff43457e9182443bc6437f866bcb3f699fe9b0822bac961c45"
		"04bef270",
		"",
		1,
	},
	{
		"aes128gcm16",
		true,
		0x0000000000000001ULL,
		"abbccddef00112233445566778899aabdecaf888",
		"0000010000000001cafedebaceface7429c9fc69a197d038ccdd14e2ddfcaa05"
		"43332164412503524303ed3c6c5f283843af8c3e",
		"746f016265016f72016e6f7401746f016265",
		1,
	},
	{
		"aes256gcm16",
		true,
		0xffffffffffffffffULL,
		"6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961"
		"7475726e",
		"796b6963ffffffff333021696765746df97ab2aa356d8edce17644ac8c78e25d"
		"d24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb57dbe82"
		"1dcc63b9d0937ba2945f669368661a329fb4c053",
		"45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364"
		"65666768696a6b6c6d6e6f7071727374",
		1,
	},
	{
		"chacha20poly1305",
		false,
		0x00000005ULL,
		"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
		"a0a1a2a3",
		"0102030400000005101112131415161724039428b97f417e3c13753a4f05087b"
		"67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f7"
		"2aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da"
		"9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43",
		"45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
		"0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
		"2425262728292a2b2c2d2e2f3031323334353637",
		4,
	},
};

/*
 * RFC 3602 4 has whole ESP packets; of NIST's vectors a block is put behind an IV that turns its
 * last octets into a trailer. None says an ICV: the last octets of each packet are the HMAC under
 * a key of octets 0x0b as Python's hmac makes it.
 */
static const struct {
	const char *source;
	const char *suite;
	const char *key;
	const char *packet;
	const char *payload;
	uint8_t next_header;
} cbc_cases[] = {
	{
		"RFC 3602 4, case 5",
		"aes128-sha256",
		"90d382b410eeba7ad938c46cec1a82bf",
		"0000432100000001e96e8c08ab465763fd098d45dd3ff893f663c25d325c18c6"
		"a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db08"
		"0b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d59"
		"13ac19b7cfbad4a61731896e10aaf60f5e4bd414d67e268d",
		"08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
		"18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
		1,
	},
	{
		"RFC 3602 4, case 6",
		"aes128-sha1",
		"90d382b410eeba7ad938c46cec1a82bf",
		"000043210000000869d08df7d203329db093fc4924e5bd80f51995881ec4e0c4"
		"488987ce742e8109689bb379d2d750c0d915dca346a89f75d04d386a9ceb9489"
		"e89ddda3",
		"0800b5e8a80a0500a69c083d0b660e00777777777777777777777777",
		1,
	},
	{
		"RFC 3602 4, case 7",
		"aes128-md5",
		"0123456789abcdef0123456789abcdef",
		"0000876500000002f4e765244f6407adf13dc1380f673f37773b5241a4c44922"
		"5e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad"
		"7a0f022b859243c647752e94a859352b8a4d4d2decd136e5c177f132ad3fbfb2"
		"201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d12d4fd4bfb19c604"
		"5aeb7fbf",
		"45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d"
		"02a2040008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
		"2425262728292a2b2c2d2e2f3031323334353637",
		4,
	},
	{
		"RFC 3602 4, case 8",
		"aes128-sha384",
		"0123456789abcdef0123456789abcdef",
		"000087650000000585d47224b5f3dd5d2101d4ea8dffab2215b92683819596a8"
		"047232cc00f7048fe45318e11f8a0f62ede3c3fc61203bb50f980a08c9843fd3"
		"a1b06d5c07ff9639b7eb7dfb3512e5de435e7207ed971ef3d2726d9b5ef6affc"
		"6d17a0decbb13892f204a89a70e1d4602a05af73e7f8b93003e840e5498ae77b",
		"45000044090c00004001f990c0a87b03c0a87bc80800d63caa0a0200c69c083d"
		"a3de0300ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"ffffffff",
		4,
	},
	{
		"NIST SP 800-38A F.2.3, block 1",
		"aes192-sha512",
		"8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
		"0000100000000001000102030405060708090a0b0c0d190a4f021db243bc633d"
		"7178183a9fa071e8c86a2157d8e914246f8322272d7fc0af87d6574e2b3b5b33"
		"6c92e1f53e920046",
		"6bc1bee22e409f96e93d7e117393",
		47,
	},
	{
		"NIST SP 800-38A F.2.5, block 1",
		"aes256-sha256",
		"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
		"0000100000000001000102030405060708090a0b0c0d190af58c4c04d6e5f1ba"
		"779eabfb5f7bfbd63e8e3df230b230e6d7936f874488ffe1",
		"6bc1bee22e409f96e93d7e117393",
		47,
	},
	{
		"NIST SP 800-67 B.1, block 1",
		"3des-sha1",
		"0123456789abcdef23456789abcdef01456789abcdef0123",
		"0000200000000001546865207175664ca826fd8ce53b855f271518e7172c7b70"
		"404f1507",
		"000000000000",
		47,
	},
	{
		"NIST SP 800-67 B.1, block 2",
		"3des-md5",
		"0123456789abcdef23456789abcdef01456789abcdef0123",
		"00002000000000016a2163736e766e0fcce21c8112256fe6ea3a8e7e05822f4a"
		"0eaa3771",
		"010101010101",
		47,
	},
	{
		"NIST SP 800-67 B.1, block 3",
		"3des-sha256",
		"0123456789abcdef23456789abcdef01456789abcdef0123",
		"0000200000000001646d7a2268776d5f68d5c05dd9b6b90000f441e0299c4050"
		"a369124a7c075317",
		"020202020202",
		47,
	},
};

/*
 * RFC 2202 2 and 3, RFC 4868 2.7.2.2 to 2.7.2.4: test case 2 of each. The text is long enough to be
 * an ESP packet. Keys of RFC 2202 are shorter than IPsec's, but HMAC pads with zeros.
 */
static const struct {
	const char *suite;
	const char *key;
	const char *icv;
} hmac_cases[] = {
	{"null-md5", "4a656665", "750c783e6ab0b503eaa86e31"},
	{"null-sha1", "4a656665", "effcdf6ae5eb2fa2d27416d5"},
	{
		"null-sha256",
		"4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665",
		"167f928588c5cc2eef8e3093caa0e87c",
	},
	{
		"null-sha384",
		"4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665"
		"4a6566654a6566654a6566654a656665",
		"2c7353974f1842fd66d53c452ca42122b28c0b594cfb184d",
	},
	{
		"null-sha512",
		"4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665"
		"4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665",
		"cb370917ae8a7ce28cfd1d8f4705d6141c173b2a9362c15df235dfb251b15454",
	},
};

#define HMAC_TEXT "what do ya want for nothing?"

static uint32_t be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64_at(const uint8_t *p)
{
	return (uint64_t)be32_at(p) << 32 | be32_at(p + 4);
}

static void test_aead(void)
{
	for (size_t i = 0; i < sizeof(aead_cases) / sizeof(aead_cases[0]); i++) {
		const struct esp_suite *suite = esp_suite_by_name(aead_cases[i].suite);
		uint8_t key[ESP_KEY_MAX], want[256], payload[256];
		ssize_t key_len = hex_parse(aead_cases[i].key, key, sizeof(key));
		ssize_t len = hex_parse(aead_cases[i].packet, want, sizeof(want));
		ssize_t payload_len = hex_parse(aead_cases[i].payload, payload, sizeof(payload));
		struct sa_params p;
		struct packet k;
		struct fixture f;
		struct sa *sa;

		CU_ASSERT_FATAL(key_len > 0 && len > 0 && payload_len >= 0);
		fixture_open(&f, 8);
		p = (struct sa_params){
			.spi = be32_at(want),
			.suite = suite,
			.key = key,
			.key_len = (size_t)key_len,
			.esn = aead_cases[i].esn,
			.window = 64,
			.seq = aead_cases[i].seq - 1,
			.iv_seed = be64_at(want + ESP_HDR_LEN) - aead_cases[i].seq,
		};
		sa = fixture_add(f.out, &p);
		packet_fill(&k, sa, (uint16_t)payload_len, 0);
		memcpy(k.p.payload, payload, (size_t)payload_len);
		k.p.next_header = aead_cases[i].next_header;
		CU_ASSERT_EQUAL(packet_seal(&f, &k), ESP_OK);
		CU_ASSERT_EQUAL_FATAL(k.p.len, len);
		CU_ASSERT_EQUAL(memcmp(k.bytes, want, (size_t)len), 0);

		p.in = true;
		sa = fixture_add(f.in, &p);
		memcpy(k.bytes, want, (size_t)len);
		CU_ASSERT_EQUAL(packet_open(&f, &k, sa), ESP_OK);
		CU_ASSERT_EQUAL(k.p.seq, aead_cases[i].seq);
		CU_ASSERT_EQUAL(k.p.next_header, aead_cases[i].next_header);
		CU_ASSERT_EQUAL_FATAL(k.p.payload_len, payload_len);
		CU_ASSERT_EQUAL(memcmp(k.p.payload, payload, (size_t)payload_len), 0);
		fixture_close(&f);
	}
}

/* Sealing takes a random IV, so these are opened; round trips tie sealing to them. */
static void test_cbc(void)
{
	uint8_t auth_key[ESP_AUTH_MAX];

	memset(auth_key, 0x0b, sizeof(auth_key));
	for (size_t i = 0; i < sizeof(cbc_cases) / sizeof(cbc_cases[0]); i++) {
		const struct esp_suite *suite = esp_suite_by_name(cbc_cases[i].suite);
		uint8_t key[ESP_KEY_MAX], payload[256];
		struct packet k = {.p = {.len = 0}};
		ssize_t key_len = hex_parse(cbc_cases[i].key, key, sizeof(key));
		ssize_t len = hex_parse(cbc_cases[i].packet, k.bytes, sizeof(k.bytes));
		ssize_t payload_len = hex_parse(cbc_cases[i].payload, payload, sizeof(payload));
		struct sa_params p;
		struct fixture f;

		CU_ASSERT_FATAL(key_len > 0 && len > 0 && payload_len > 0);
		fixture_open(&f, 8);
		p = (struct sa_params){
			.spi = be32_at(k.bytes),
			.suite = suite,
			.key = key,
			.key_len = (size_t)key_len,
			.auth_key = auth_key,
			.auth_key_len = suite->auth_key_len,
			.in = true,
			.window = 64,
		};
		k.p.len = (uint16_t)len;
		CU_ASSERT_EQUAL(packet_open(&f, &k, fixture_add(f.in, &p)), ESP_OK);
		CU_ASSERT_EQUAL(k.p.next_header, cbc_cases[i].next_header);
		CU_ASSERT_EQUAL_FATAL(k.p.payload_len, payload_len);
		CU_ASSERT_EQUAL(memcmp(k.p.payload, payload, (size_t)payload_len), 0);
		fixture_close(&f);
	}
}

/*
 * As a packet the text has a pad length of 'g' or 't': ESP_PADDING means that its ICV was right.
 * With ESN the text's last word is the half of the number that is not sent (RFC 4303 2.2.1).
 */
static void hmac_open(size_t i, bool esn, unsigned flip, enum esp_status want)
{
	static const uint8_t text[] = HMAC_TEXT;
	const struct esp_suite *suite = esp_suite_by_name(hmac_cases[i].suite);
	size_t sent = sizeof(text) - 1 - (esn ? 4 : 0);
	uint8_t auth_key[ESP_AUTH_MAX] = {0};
	struct packet k;
	struct fixture f;
	struct sa_params p = {
		.spi = be32_at(text),
		.suite = suite,
		.auth_key = auth_key,
		.auth_key_len = suite->auth_key_len,
		.in = true,
		.esn = esn,
		.window = 64,
		.seq = esn ? (uint64_t)be32_at(text + 24) << 32 | 1000 : 0,
	};

	CU_ASSERT_FATAL(hex_parse(hmac_cases[i].key, auth_key, sizeof(auth_key)) > 0);
	memcpy(k.bytes, text, sent);
	CU_ASSERT_EQUAL_FATAL(
		hex_parse(hmac_cases[i].icv, k.bytes + sent, ESP_ICV_MAX), suite->icv_len);
	k.bytes[flip / 8] ^= (uint8_t)(flip ? 1 << flip % 8 : 0);
	k.p.len = (uint16_t)(sent + suite->icv_len);
	fixture_open(&f, 8);
	CU_ASSERT_EQUAL(packet_open(&f, &k, fixture_add(f.in, &p)), want);
	fixture_close(&f);
}

static void test_hmac(void)
{
	for (size_t i = 0; i < sizeof(hmac_cases) / sizeof(hmac_cases[0]); i++) {
		hmac_open(i, false, 0, ESP_PADDING);
		hmac_open(i, false, 12 * 8, ESP_AUTH_FAILED);
		hmac_open(i, true, 0, ESP_PADDING);
		hmac_open(i, true, 12 * 8, ESP_AUTH_FAILED);
	}
}

static const struct unit_test tests[] = {
	{"AES-GCM of draft-mcgrew-gcm-test-01, ChaCha20-Poly1305 of RFC 7634", test_aead},
	{"AES-CBC of RFC 3602 and NIST, 3DES of NIST", test_cbc},
	{"HMAC of RFC 2202 and RFC 4868, with and without ESN", test_hmac},
};

UNIT_MAIN("crypto: published vectors", tests)
