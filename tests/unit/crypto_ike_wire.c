/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket protocol between the hub and charon's plugin. */
#include "crypto/charon/ike_wire.h"

#include <errno.h>

#include "tests/unit/unit.h"

/* A message of each type with no field zero, where zero would hide a mistake. */
static struct ike_msg example(unsigned type)
{
	struct ike_msg m = {.type = (enum ike_msg_type)type, .id = 0x01020304};

	switch (type) {
	case IKE_MSG_HELLO:
		m.hello = (struct ike_hello){
			IKE_WIRE_MAGIC, IKE_WIRE_VERSION, UINT64_C(0x1122334455667788), "a charon"};
		break;
	case IKE_MSG_SA_ADD:
		m.sa_add = (struct ike_sa_add){
			.spi = 0xc1a20331,
			.in = true,
			.src = {0x0a636363, 4500},
			.dst = {0x010200c0, 4501},
			.ike_sa = 7,
			.mode = IKE_MODE_TUNNEL,
			.encap = true,
			.esn = true,
			.window = 1024,
			.cipher = 12,
			.integrity = 2,
			.key = {16, "0123456789abcdef"},
			.auth_key = {IKE_KEY_MAX, "the longest that there is"},
			.seconds = {3000, 3600},
			.bytes = {UINT64_C(5) << 32, UINT64_C(6) << 32},
			.packets = {1, 2},
			.seq = UINT64_C(9) << 33,
			.created = 5,
		};
		break;
	case IKE_MSG_IKE_SA:
		m.ike_sa = (struct ike_ike_sa){
			.ike_sa = 7,
			.version = 2,
			.initiator = true,
			.aggressive = true,
			.nat = true,
			.local = {0x010200c0, 500},
			.remote = {0x0a636363, 4500},
			.auth = IKE_AUTH_KEY_ANYBODY,
			.id_kind = IKE_ID_DN,
			.secret = 3,
			.identity = "C=CH, CN=spoke",
			.proposal = "IKE:AES_CBC_128",
			.age = 5,
			.rekey = 6,
		};
		break;
	case IKE_MSG_SECRET:
		m.secret = (struct ike_secret){
			1, IKE_SECRET_PREFIX, 0x0000000a, 8, "", {IKE_SECRET_MAX, "correct horse"}};
		break;
	case IKE_MSG_LOG:
		m.log = (struct ike_log){2, "IKE", "a line"};
		memset(m.log.text, 'x', IKE_TEXT_MAX);
		break;
	case IKE_MSG_LOG_LEVEL:
		m.log_level.level = -1;
		break;
	case IKE_MSG_EXPIRE:
		m.expire = (struct ike_expire){0xc1a20331, 0x010200c0, true};
		break;
	default:
		/* 1 is good for every kind of field. */
		memset(&m.stats, 0, sizeof(m.stats));
		m.result.code = 1;
	}
	return m;
}

static bool is_message(unsigned type)
{
	return type != IKE_MSG_DATAGRAM && strcmp(ike_msg_name(type), "?") != 0;
}

static void test_there_and_back(void)
{
	uint8_t data[IKE_WIRE_MAX], again[IKE_WIRE_MAX];
	struct ike_msg want, got;
	unsigned n = 0;

	for (unsigned type = 0; type < 256; type++) {
		if (!is_message(type))
			continue;
		n++;
		want = example(type);
		int len = ike_wire_encode(&want, data, sizeof(data));

		CU_ASSERT_FATAL(len >= IKE_WIRE_HEADER_LEN);
		CU_ASSERT_EQUAL(ike_wire_decode(&got, data, (size_t)len), 0);
		CU_ASSERT_EQUAL(got.type, type);
		CU_ASSERT_EQUAL(ike_wire_encode(&got, again, sizeof(again)), len);
		CU_ASSERT_EQUAL(memcmp(data, again, (size_t)len), 0);
	}
	CU_ASSERT_EQUAL(n, IKE_MSG_TYPES - 2);
}

/* Every prefix of a message, and one octet more, is refused, and leaves nothing behind. */
static void test_cut(void)
{
	static const struct ike_msg zero;
	uint8_t data[IKE_WIRE_MAX];
	struct ike_msg m, got;

	for (unsigned type = 0; type < 256; type++) {
		if (!is_message(type))
			continue;
		m = example(type);
		int len = ike_wire_encode(&m, data, sizeof(data));

		data[len] = 0;
		for (int cut = 0; cut <= len + 1; cut++) {
			if (cut == len)
				continue;
			CU_ASSERT_EQUAL(ike_wire_decode(&got, data, (size_t)cut), -EPROTO);
			CU_ASSERT_EQUAL(memcmp(&got, &zero, sizeof(got)), 0);
		}
		CU_ASSERT_EQUAL(ike_wire_encode(&m, data, (size_t)len - 1), -EMSGSIZE);
	}
}

/* One octet of a good message changed to what its field cannot hold. */
static void refuse(unsigned type, int offset, uint8_t value)
{
	uint8_t data[IKE_WIRE_MAX];
	struct ike_msg m = example(type), got;
	int len = ike_wire_encode(&m, data, sizeof(data));

	CU_ASSERT_FATAL(offset < len);
	CU_ASSERT_EQUAL(ike_wire_decode(&got, data, (size_t)len), 0);
	data[offset] = value;
	CU_ASSERT_EQUAL(ike_wire_decode(&got, data, (size_t)len), -EPROTO);
}

/* Not only octets that come and go, but the fields they are meant for. */
static void test_fields(void)
{
	uint8_t data[IKE_WIRE_MAX];
	struct ike_msg want = example(IKE_MSG_SA_ADD), got;
	int len = ike_wire_encode(&want, data, sizeof(data));

	CU_ASSERT_EQUAL(ike_wire_decode(&got, data, (size_t)len), 0);
	CU_ASSERT_EQUAL(got.id, 0x01020304);
	CU_ASSERT_EQUAL(got.sa_add.spi, 0xc1a20331);
	CU_ASSERT_EQUAL(got.sa_add.dst.port, 4501);
	CU_ASSERT_EQUAL(got.sa_add.src.addr_be, 0x0a636363);
	CU_ASSERT_EQUAL(got.sa_add.auth_key.len, IKE_KEY_MAX);
	CU_ASSERT_EQUAL(memcmp(got.sa_add.key.at, "0123456789abcdef", 16), 0);
	CU_ASSERT_EQUAL(got.sa_add.bytes.hard, UINT64_C(6) << 32);
	CU_ASSERT_EQUAL(got.sa_add.seq, UINT64_C(9) << 33);
	want = example(IKE_MSG_IKE_SA);
	len = ike_wire_encode(&want, data, sizeof(data));
	CU_ASSERT_EQUAL(ike_wire_decode(&got, data, (size_t)len), 0);
	CU_ASSERT_STRING_EQUAL(got.ike_sa.identity, "C=CH, CN=spoke");
	CU_ASSERT_EQUAL(got.ike_sa.rekey, 6);
}

static void test_bounds(void)
{
	refuse(IKE_MSG_EXPIRE, 0, 0);             /* no such type */
	refuse(IKE_MSG_EXPIRE, 0, IKE_MSG_TYPES); /* so */
	refuse(IKE_MSG_EXPIRE, 0, IKE_MSG_DATAGRAM);
	refuse(IKE_MSG_EXPIRE, 1, 1);                      /* reserved */
	refuse(IKE_MSG_EXPIRE, 3, 1);                      /* so */
	refuse(IKE_MSG_EXPIRE, 16, 2);                     /* a bool */
	refuse(IKE_MSG_SA_ADD, 8 + 5 + 12 + 4, 2);         /* mode */
	refuse(IKE_MSG_SA_ADD, 8 + 5 + 12 + 4 + 3 + 6, 1); /* a key of 256 + 16 octets */
	refuse(IKE_MSG_IKE_SA, 8 + 4, 3);                  /* version */
	refuse(IKE_MSG_IKE_SA, 8 + 4 + 4 + 12, IKE_AUTHS); /* auth */
	refuse(IKE_MSG_IKE_SA, 8 + 4 + 4 + 12 + 6, '\0');  /* a NUL within a text */
	refuse(IKE_MSG_SECRET, 8 + 2 + 1 + 4, 33);         /* prefix length */
	refuse(IKE_MSG_LOG_LEVEL, 8, IKE_LOG_LEVEL_MAX + 1);
	refuse(IKE_MSG_LOG_LEVEL, 8, 0xfe); /* -2 */
}

/* What would not be read is not written. */
static void test_not_written(void)
{
	uint8_t data[IKE_WIRE_MAX];
	struct ike_msg m = example(IKE_MSG_SA_ADD);

	m.sa_add.key.len = IKE_KEY_MAX + 1;
	CU_ASSERT_EQUAL(ike_wire_encode(&m, data, sizeof(data)), -EINVAL);
	m = example(IKE_MSG_LOG_LEVEL);
	m.log_level.level = IKE_LOG_LEVEL_MAX + 1;
	CU_ASSERT_EQUAL(ike_wire_encode(&m, data, sizeof(data)), -EINVAL);
	m = example(IKE_MSG_LOG);
	memset(m.log.group, 'x', sizeof(m.log.group));
	CU_ASSERT_EQUAL(ike_wire_encode(&m, data, sizeof(data)), -EINVAL);
	m.type = IKE_MSG_DATAGRAM;
	CU_ASSERT_EQUAL(ike_wire_encode(&m, data, sizeof(data)), -EINVAL);
}

static void test_other_version(void)
{
	uint8_t data[IKE_WIRE_MAX];
	struct ike_msg m = example(IKE_MSG_HELLO), got;
	int len;

	m.hello.version = IKE_WIRE_VERSION + 1;
	len = ike_wire_encode(&m, data, sizeof(data));
	memset(data + IKE_WIRE_HEADER_LEN + 6, 0xee, (size_t)len - IKE_WIRE_HEADER_LEN - 6);
	/* However it goes on, its version can be told. */
	for (size_t n = IKE_WIRE_HEADER_LEN + 6; n <= (size_t)len; n++) {
		CU_ASSERT_EQUAL(ike_wire_decode(&got, data, n), 0);
		CU_ASSERT_EQUAL(got.hello.magic, IKE_WIRE_MAGIC);
		CU_ASSERT_EQUAL(got.hello.version, IKE_WIRE_VERSION + 1);
		CU_ASSERT_EQUAL(got.hello.software[0], '\0');
	}
}

static void test_datagram(void)
{
	const struct ike_datagram d = {.src = {0x0a636363, 4500}, .dst = {0x010200c0, 500}};
	uint8_t data[IKE_WIRE_DATAGRAM_HEADER_LEN + 3] = {0};
	struct ike_datagram got;

	ike_wire_datagram_header(&d, data);
	memcpy(data + IKE_WIRE_DATAGRAM_HEADER_LEN, "ike", 3);
	CU_ASSERT_EQUAL(ike_wire_datagram_decode(&got, data, sizeof(data)), 0);
	CU_ASSERT_EQUAL(memcmp(&got.src, &d.src, sizeof(d.src)), 0);
	CU_ASSERT_EQUAL(memcmp(&got.dst, &d.dst, sizeof(d.dst)), 0);
	CU_ASSERT_EQUAL(got.len, 3);
	CU_ASSERT_EQUAL(memcmp(got.data, "ike", 3), 0);
	for (size_t n = 0; n <= IKE_WIRE_DATAGRAM_HEADER_LEN; n++)
		CU_ASSERT_EQUAL(ike_wire_datagram_decode(&got, data, n), -EPROTO);
	for (unsigned i = 0; i < IKE_WIRE_HEADER_LEN; i++) {
		data[i] ^= 1;
		CU_ASSERT_EQUAL(ike_wire_datagram_decode(&got, data, sizeof(data)), -EPROTO);
		data[i] ^= 1;
	}
}

static const struct unit_test tests[] = {
	{"every message comes back as it went", test_there_and_back},
	{"fields are what they were", test_fields},
	{"what is cut or too long is refused", test_cut},
	{"what a field cannot hold is refused", test_bounds},
	{"what would be refused is not written", test_not_written},
	{"another version can be told", test_other_version},
	{"datagrams", test_datagram},
};

UNIT_MAIN("crypto: socket protocol of charon's plugin", tests)
