/* SPDX-License-Identifier: BSD-3-Clause */
/* What a rogue spoke may try: refused, counted with it, memory bounded, others unaffected. */
#include "tests/nhrp/world.h"

static struct nhrp_peer_stats of(uint32_t peer)
{
	struct nhrp_peer_stats s = {0};

	nhrp_peer_stats(world.n, peer, &s);
	return s;
}

static void test_another_address(void)
{
	struct nhrp_binding b;
	static const char *const never[] = {HUB, "10.255.0.0", "10.255.0.255", "224.0.0.9",
		"127.0.0.1", "0.0.0.1", "255.255.255.255", "192.168.1.1"};

	world_open(NULL, NULL);
	say_register(9, 600);
	for (size_t i = 0; i < 8; i++) {
		say(66, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
				.cies = &(struct say_cie){.proto = never[i], .holding = 60}});
		CU_ASSERT(last(0) && code_of(0) == NHRP_CODE_PROHIBITED);
	}
	CU_ASSERT_EQUAL(of(66).refused, 8);
	/* Another spoke's, while that one lives. */
	CU_ASSERT_EQUAL(say_register_as(66, "10.255.0.9", NHRP_FLAG_REG_UNIQUE), -1);
	nhrp_peer_alive(world.n, 9, world.now);
	CU_ASSERT(last(0) && code_of(0) == NHRP_CODE_UNIQUE_EXISTS);
	CU_ASSERT_EQUAL(of(66).conflicts, 1);
	CU_ASSERT(bound("10.255.0.9", 32, &b) && b.peer == 9);
	/* In the hub's name. */
	CU_ASSERT_EQUAL(say_register_as(66, HUB, 0), -1);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_ADDRESS], 1);
	world_close();
}

static void test_networks(void)
{
	const struct nhrp_prefix all = {0, 0};
	static const struct say_cie cies[] = {
		{.proto = "0.0.0.0", .prefix = 1, .holding = 60}, /* everything */
		{.proto = "10.0.0.0", .prefix = 8, .holding = 60} /* the hub is in it */};

	world_open(NULL,
		&(struct nhrp_iface_params){.prefix_min = 1, .allowed = &all, .n_allowed = 1});
	say(66, &(struct say){.type = NHRP_REGISTRATION_REQUEST, .cies = cies, .n_cies = 2});
	last(0);
	CU_ASSERT_EQUAL(code_of(0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(code_of(1), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(stats().n_leases, 0);
	world_close();
}

static void test_flood(void)
{
	char src[16];

	world_open(NULL, NULL);
	say_register(9, 600);
	for (unsigned i = 10; i < 250; i++) {
		snprintf(src, sizeof(src), "10.255.0.%u", i);
		say(66, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
				.cies = &(struct say_cie){.proto = src}});
	}
	/* Under many names, it is always the last one. */
	for (unsigned i = 100; i < 250; i++) {
		snprintf(src, sizeof(src), "10.255.0.%u", i);
		say_register_as(67, src, 0);
		CU_ASSERT_EQUAL(of(67).n_leases, 1);
	}
	CU_ASSERT_EQUAL(of(66).n_leases, 16);
	CU_ASSERT_EQUAL(of(66).refused, 240 - 16);
	CU_ASSERT_EQUAL(stats().refused[NHRP_REFUSE_NETWORKS], 240 - 16);
	CU_ASSERT_EQUAL(stats().n_leases, 18);
	CU_ASSERT_EQUAL(say_register(9, 600), 0);
	world_close();
}

static void test_cies(void)
{
	static struct say_cie cies[5000];
	char proto[250][16];
	struct say s = {.type = NHRP_REGISTRATION_REQUEST, .cies = cies};

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(proto[i % 250], sizeof(proto[0]), "10.255.0.%u", i % 250 + 2);
		cies[i] = (struct say_cie){.holding = 60, .proto = proto[i % 250]};
	}
	world_open(NULL, NULL);
	s.n_cies = 200;
	say(66, &s);
	last(0);
	CU_ASSERT_EQUAL(world.p.n_cies, 200);
	for (unsigned k = 0; k < 200; k++)
		CU_ASSERT_EQUAL(code_of(k), k < 16 ? 0 : NHRP_CODE_NO_RESOURCES);
	CU_ASSERT_EQUAL(stats().n_leases, 16);
	CU_ASSERT_EQUAL(of(66).refused, 184);
	/* More than a packet may hold. */
	s.n_cies = 4000;
	say(66, &s);
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_ERROR_INDICATION);
	CU_ASSERT_EQUAL(world.p.code, NHRP_ERROR_SIZE);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_TOO_LONG], 1);
	CU_ASSERT_EQUAL(of(66).dropped, 1);
	world_close();
}

static void test_extensions(void)
{
	static char exts[10001];

	world_open(NULL, NULL);
	memset(exts, 'o', sizeof(exts) - 1);
	say(66, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
			.exts = exts,
			.cies = &(struct say_cie){.holding = 60}});
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_TOO_LONG], 1);
	exts[100] = '\0';
	say(66, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
			.exts = exts,
			.cies = &(struct say_cie){.holding = 60}});
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_ERROR_INDICATION);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_EXTENSIONS], 1);
	CU_ASSERT_EQUAL(stats().n_leases, 0);
	world_close();
}

static void test_resolve_flood(void)
{
	char dst[16];

	/* One entry a prefix, however many addresses in it are asked for. */
	world_open(NULL, NULL);
	world_route_peer("10.1.11.0", 24, 11, "10.255.0.11");
	say_register(11, 600);
	for (unsigned i = 1; i < 255; i++) {
		snprintf(dst, sizeof(dst), "10.1.11.%u", i);
		say_resolve(66, dst);
	}
	CU_ASSERT_EQUAL(of(66).n_requesters, 1);
	world_close();
}

static void test_short(void)
{
	uint8_t bytes[NHRP_PACKET_MAX];
	struct say s = {
		.type = NHRP_REGISTRATION_REQUEST, .cies = &(struct say_cie){.holding = 60}};
	size_t len;

	world_open(NULL, NULL);
	len = say_build(66, &s, bytes, sizeof(bytes));
	for (size_t n = 0; n < len; n++)
		nhrp_receive(world.n, TUNNEL, 66, be("198.51.100.66"), bytes, n, world.now);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_LENGTH], len);
	CU_ASSERT_EQUAL(world.n_sent, 0);
	bytes[len - 6] ^= 1;
	nhrp_receive(world.n, TUNNEL, 66, be("198.51.100.66"), bytes, len, world.now);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_CHECKSUM], 1);
	nhrp_receive(world.n, 99, 66, 0, bytes, len, world.now);
	nhrp_receive(world.n, TUNNEL, NHRP_PEER_NONE, 0, bytes, len, world.now);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_NO_INTERFACE], 1);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_NO_PEER], 1);
	world_close();
}

static void test_types(void)
{
	world_open(NULL, NULL);
	say(66, &(struct say){.type = 9, .exts = ""});
	say(66, &(struct say){.type = 200, .exts = ""});
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_ERROR_INDICATION);
	CU_ASSERT_EQUAL(world.p.code, NHRP_ERROR_PROTOCOL);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_TYPE], 2);
	CU_ASSERT_EQUAL(stats().rx[0], 2);
	world_close();
}

static const struct unit_test tests[] = {
	{"registers another's address, the hub's, and none", test_another_address},
	{"registers 0.0.0.0/1 and the hub's own network", test_networks},
	{"registers more than it may", test_flood},
	{"more CIEs than a packet may hold, than a request may", test_cies},
	{"10,000 extensions", test_extensions},
	{"asks for every address there is", test_resolve_flood},
	{"short, and changed on the way", test_short},
	{"types that are none", test_types},
};

UNIT_MAIN("nhrp: bad input", tests)
