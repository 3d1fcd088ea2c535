/* SPDX-License-Identifier: BSD-3-Clause */
/* nhrp/packet.h: octets to packets and back. */
#include "nhrp/packet.h"

#include <arpa/inet.h>

#include "common/hex.h"
#include "nhrp/nhrp_priv.h"
#include "tests/nhrp/reencode.h"
#include "tests/nhrp/samples.h"
#include "tests/unit/unit.h"

static uint8_t bytes[NHRP_PACKET_MAX];
static size_t len;
static struct nhrp_packet p;

static enum nhrp_fault parse_hex(const char *hex)
{
	ssize_t n = hex_parse(hex, bytes, sizeof(bytes));

	CU_ASSERT_FATAL(n > 0);
	len = (size_t)n;
	return nhrp_packet_parse(&p, bytes, len);
}

/* After a change of the octets: a good checksum again. */
static enum nhrp_fault parse_changed(void)
{
	uint16_t sum;

	bytes[12] = bytes[13] = 0;
	sum = nhrp_checksum(bytes, (size_t)(bytes[10] << 8 | bytes[11]));
	bytes[12] = (uint8_t)(sum >> 8);
	bytes[13] = (uint8_t)sum;
	return nhrp_packet_parse(&p, bytes, len);
}

static void test_header(void)
{
	struct nhrp_cie cie;
	struct nhrp_ext ext;
	struct cursor c;

	CU_ASSERT_EQUAL(parse_hex(SAMPLE_IOS_REGISTRATION), NHRP_FAULT_NONE);
	CU_ASSERT_EQUAL(p.afn, NHRP_AFN_IPV4);
	CU_ASSERT_EQUAL(p.protocol, NHRP_PROTOCOL_IPV4);
	CU_ASSERT_EQUAL(p.hop_count, 255);
	CU_ASSERT_EQUAL(p.version, 1);
	CU_ASSERT_EQUAL(p.type, NHRP_REGISTRATION_REQUEST);
	CU_ASSERT_EQUAL(p.flags, NHRP_FLAG_REG_UNIQUE);
	CU_ASSERT_EQUAL(p.request_id, 5);
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.src_nbma), inet_addr("10.0.12.2"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.src_proto), inet_addr("192.168.0.2"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&p.dst_proto), inet_addr("192.168.0.1"));
	CU_ASSERT_EQUAL(p.n_cies, 1);
	CU_ASSERT_EQUAL(p.n_extensions, 4);
	c = cursor_open(p.payload.at, p.payload.len);
	CU_ASSERT(nhrp_cie_next(&c, &cie));
	CU_ASSERT_EQUAL(cie.code, 0);
	CU_ASSERT_EQUAL(cie.prefix_len, 255);
	CU_ASSERT_EQUAL(nhrp_cie_prefix(&cie), 32);
	CU_ASSERT_EQUAL(cie.mtu, 1514);
	CU_ASSERT_EQUAL(cie.holding, 30);
	CU_ASSERT_EQUAL(cie.proto.len, 0);
	CU_ASSERT(!nhrp_cie_next(&c, &cie) && !c.error);
	CU_ASSERT(nhrp_ext_find(&p, NHRP_EXT_AUTHENTICATION, &ext));
	CU_ASSERT_EQUAL(ext.type, 0x8007);
	CU_ASSERT_EQUAL(ext.body.len, 9);
	CU_ASSERT_EQUAL(memcmp(ext.body.at + 4, "CISCO", 5), 0);
	CU_ASSERT(!nhrp_ext_find(&p, NHRP_EXT_NAT, &ext));
}

static void test_indication(void)
{
	CU_ASSERT_EQUAL(parse_hex(SAMPLE_FRR_TRAFFIC), NHRP_FAULT_NONE);
	CU_ASSERT_EQUAL(p.type, NHRP_TRAFFIC_INDICATION);
	CU_ASSERT(!p.has_extensions);
	CU_ASSERT_EQUAL(p.payload.len, 84);
	CU_ASSERT_EQUAL(p.payload.at[0], 0x45);
	CU_ASSERT_EQUAL(p.n_cies, 0);
}

static void test_same_octets(void)
{
	static const char *const samples[] = {SAMPLE_IOS_REGISTRATION, SAMPLE_FRR_REGISTRATION,
		SAMPLE_FRR_REGISTRATION_REPLY, SAMPLE_OPENNHRP_PURGE, SAMPLE_FRR_RESOLUTION,
		SAMPLE_FRR_RESOLUTION_REPLY, SAMPLE_FRR_TRAFFIC};
	uint8_t again[NHRP_PACKET_MAX];

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		CU_ASSERT_EQUAL(parse_hex(samples[i]), NHRP_FAULT_NONE);
		memset(again, 0xee, sizeof(again));
		CU_ASSERT_EQUAL(reencode(&p, again, sizeof(again)), len);
		CU_ASSERT_EQUAL(memcmp(bytes, again, len), 0);
	}
}

static void test_room(void)
{
	uint8_t again[NHRP_PACKET_MAX];

	parse_hex(SAMPLE_FRR_REGISTRATION_REPLY);
	for (size_t room = 0; room < len; room++) {
		memset(again, 0xee, sizeof(again));
		CU_ASSERT_EQUAL(reencode(&p, again, room), 0);
		CU_ASSERT_EQUAL(again[room], 0xee);
	}
}

static void test_cut(void)
{
	/* A packet cut anywhere, its length and checksum set right again, is a fault or whole. */
	parse_hex(SAMPLE_FRR_RESOLUTION_REPLY);
	for (size_t n = len - 1; n > 0; n--) {
		CU_ASSERT_EQUAL(nhrp_packet_parse(&p, bytes, n), NHRP_FAULT_LENGTH);
		bytes[10] = (uint8_t)(n >> 8);
		bytes[11] = (uint8_t)n;
		len = n;
		if (parse_changed() == NHRP_FAULT_NONE)
			CU_ASSERT(n >= 60);
	}
}

static void test_faults(void)
{
	parse_hex(SAMPLE_FRR_REGISTRATION);
	bytes[20] ^= 1;
	CU_ASSERT_EQUAL(nhrp_packet_parse(&p, bytes, len), NHRP_FAULT_CHECKSUM);
	CU_ASSERT_EQUAL(p.fault_at, 12);

	parse_hex(SAMPLE_FRR_REGISTRATION);
	bytes[16] = 2;
	CU_ASSERT_EQUAL(parse_changed(), NHRP_FAULT_VERSION);
	CU_ASSERT_EQUAL(p.fault_at, 16);

	/* The source protocol address runs past the mandatory part. */
	parse_hex(SAMPLE_FRR_REGISTRATION);
	bytes[20] = 200;
	CU_ASSERT_EQUAL(parse_changed(), NHRP_FAULT_MANDATORY);
	CU_ASSERT(!p.addressed);

	/* The CIE's protocol address does. */
	parse_hex(SAMPLE_FRR_REGISTRATION);
	bytes[40 + 10] = 1;
	CU_ASSERT_EQUAL(parse_changed(), NHRP_FAULT_CIE);
	CU_ASSERT(p.addressed);
	CU_ASSERT_EQUAL(p.fault_at, 40);

	/* Extensions begin inside the fixed header, and past the end. */
	parse_hex(SAMPLE_FRR_REGISTRATION);
	bytes[15] = 19;
	CU_ASSERT_EQUAL(parse_changed(), NHRP_FAULT_EXTENSIONS);
	bytes[15] = (uint8_t)(len + 1);
	CU_ASSERT_EQUAL(parse_changed(), NHRP_FAULT_EXTENSIONS);

	/* The last extension is longer than the packet. */
	parse_hex(SAMPLE_FRR_REGISTRATION);
	bytes[len - 4 - 20 - 1] = 25;
	CU_ASSERT_EQUAL(parse_changed(), NHRP_FAULT_EXTENSIONS);
}

static void test_no_end(void)
{
	/* Without the end of extensions, and with octets behind it. */
	parse_hex(SAMPLE_FRR_REGISTRATION);
	len -= 4;
	bytes[11] = (uint8_t)len;
	CU_ASSERT_EQUAL(parse_changed(), NHRP_FAULT_NONE);
	CU_ASSERT_EQUAL(p.n_extensions, 4);

	parse_hex(SAMPLE_FRR_REGISTRATION);
	memset(bytes + len, 0xff, 7);
	len += 7;
	bytes[11] = (uint8_t)len;
	CU_ASSERT_EQUAL(parse_changed(), NHRP_FAULT_NONE);
	CU_ASSERT_EQUAL(p.n_extensions, 4);
	CU_ASSERT_EQUAL(p.extensions.len, len - 7 - 52);
}

static void test_link_padding(void)
{
	parse_hex(SAMPLE_IOS_REGISTRATION);
	memset(bytes + len, 0, 16);
	CU_ASSERT_EQUAL(nhrp_packet_parse(&p, bytes, len + 16), NHRP_FAULT_NONE);
	CU_ASSERT_EQUAL(p.whole.len, len);
}

/* 10,000 of them in one packet of 64 kB. */
static void test_many(void)
{
	static uint8_t big[65535];
	struct nhrp_builder b;
	uint16_t n;

	parse_hex(SAMPLE_FRR_REGISTRATION);
	p.has_extensions = false;
	nhrp_build_start(&b, big, sizeof(big), &p);
	for (n = 0; n < 5000; n++)
		nhrp_build_cie(&b, &(struct nhrp_cie){.holding = 60});
	len = nhrp_build_end(&b);
	CU_ASSERT_EQUAL(len, 40 + 5000 * 12);
	CU_ASSERT_EQUAL(nhrp_packet_parse(&p, big, len), NHRP_FAULT_NONE);
	CU_ASSERT_EQUAL(p.n_cies, 5000);

	parse_hex(SAMPLE_FRR_REGISTRATION);
	nhrp_build_start(&b, big, sizeof(big), &p);
	nhrp_build_cie(&b, &(struct nhrp_cie){.holding = 60});
	for (n = 0; n < 10000; n++)
		nhrp_build_ext(&b, 0x1000, NULL, 0);
	len = nhrp_build_end(&b);
	CU_ASSERT(len > 40000);
	CU_ASSERT_EQUAL(nhrp_packet_parse(&p, big, len), NHRP_FAULT_EXTENSIONS);

	/* What has no length of 16 bits is no packet. */
	nhrp_build_start(&b, big, sizeof(big), &p);
	for (n = 0; n < 6000; n++)
		nhrp_build_cie(&b, &(struct nhrp_cie){.holding = 60});
	CU_ASSERT_EQUAL(nhrp_build_end(&b), 0);
}

static void test_odd_checksum(void)
{
	/* RFC 2332 5.1: an odd last octet is padded with zero. */
	CU_ASSERT_EQUAL(nhrp_checksum((const uint8_t *)"\x12\x34\x56", 3), (uint16_t)~0x6834);
	CU_ASSERT_EQUAL(nhrp_checksum((const uint8_t *)"\xff\xff\x00\x01", 4), (uint16_t)~1);
	CU_ASSERT_EQUAL(parse_hex(SAMPLE_IOS_REGISTRATION), NHRP_FAULT_NONE);
	CU_ASSERT_EQUAL(len % 2, 1);
}

static void test_prefix(void)
{
	static const uint8_t wire[] = {0, 1, 24, 31, 32, 33, 255};
	static const uint8_t want[] = {32, 1, 24, 31, 32, 32, 32};

	for (size_t i = 0; i < sizeof(wire); i++)
		CU_ASSERT_EQUAL(
			nhrp_cie_prefix(&(struct nhrp_cie){.prefix_len = wire[i]}), want[i]);
}

static void test_names(void)
{
	CU_ASSERT_STRING_EQUAL(nhrp_type_name(3), "registration request");
	CU_ASSERT_STRING_EQUAL(nhrp_type_name(0), "unknown");
	CU_ASSERT_STRING_EQUAL(nhrp_type_name(99), "unknown");
	CU_ASSERT_STRING_EQUAL(nhrp_code_name(11), nhrp_code_name(12));
	CU_ASSERT_STRING_EQUAL(nhrp_error_name(2), nhrp_error_name(3));
	for (int i = 0; i < NHRP_FAULTS; i++)
		CU_ASSERT_PTR_NOT_NULL(nhrp_fault_name((enum nhrp_fault)i));
}

static const struct unit_test tests[] = {
	{"RFC 2332 5.2.0.1: the mandatory part of a registration", test_header},
	{"a traffic indication holds a packet", test_indication},
	{"packets of IOS, FRR and OpenNHRP become the same octets again", test_same_octets},
	{"what does not fit is not written", test_room},
	{"a cut packet", test_cut},
	{"faults are found where they are", test_faults},
	{"RFC 2332 5.3.0: end of extensions", test_no_end},
	{"RFC 2332 5.1: what follows ar$pktsz is not looked at", test_link_padding},
	{"thousands of CIEs, thousands of extensions", test_many},
	{"RFC 2332 5.1: checksum", test_odd_checksum},
	{"RFC 2332 5.2.0.1: prefix length 0 is 255", test_prefix},
	{"names", test_names},
};

UNIT_MAIN("nhrp: packet", tests)
