/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets in transit, errors, and what happens to extensions on the way and at the end. */
#include "tests/nhrp/world.h"

/* A resolution request of 9 that goes to 11. */
static struct say to_11(void)
{
	static const struct say_cie cie = {.holding = 60};

	return (struct say){
		.type = NHRP_RESOLUTION_REQUEST, .id = 5, .dst = "10.255.0.11", .cies = &cie};
}

static void open_two(void)
{
	world_open(NULL, NULL);
	say_register(9, 600);
	say_register(11, 600);
	world.n_sent = 0;
}

static void error_of(uint16_t code)
{
	CU_ASSERT_EQUAL(world.n_sent, 1);
	CU_ASSERT_EQUAL(last(0)->peer, 9);
	CU_ASSERT_EQUAL(world.p.type, NHRP_ERROR_INDICATION);
	CU_ASSERT_EQUAL(world.p.code, code);
	CU_ASSERT_EQUAL(world.p.hop_count, 255);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_proto), be(HUB));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_nbma), be(HUB_NBMA));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.dst_proto), be("10.255.0.9"));
	/* 5.2.7: no extensions */
	CU_ASSERT(!world.p.has_extensions);
	CU_ASSERT_EQUAL(stats().error_tx[code], 1);
	world_close();
}

static void test_hop_count(void)
{
	struct say s = to_11();

	open_two();
	s.hop_zero = true;
	say(9, &s);
	error_of(NHRP_ERROR_HOP_COUNT);

	open_two();
	s.hop_zero = false;
	s.hop = 1;
	say(9, &s);
	CU_ASSERT_EQUAL(last(0)->peer, 11);
	CU_ASSERT_EQUAL(world.p.hop_count, 0);
	world_close();
}

static void test_loop(void)
{
	struct say s = to_11();

	open_two();
	s.transit = HUB;
	say(9, &s);
	error_of(NHRP_ERROR_LOOP);

	open_two();
	s.type = NHRP_RESOLUTION_REPLY;
	s.src = "10.255.0.11";
	s.dst = "10.255.0.9";
	s.outer = "198.51.100.9";
	say(9, &s);
	error_of(NHRP_ERROR_LOOP);

	/* 5.3.1: our reply on its way to somebody, and it is here again */
	open_two();
	s.transit = NULL;
	s.responder = HUB;
	say(9, &s);
	error_of(NHRP_ERROR_LOOP);
}

static void test_not_back(void)
{
	struct say s = to_11();

	/* The way leads to a server that had it. */
	world_open(NULL, NULL);
	world_route_peer("10.3.0.0", 16, 30, "10.255.0.30");
	s.dst = "10.3.1.1";
	s.transit = "10.255.0.30";
	say(9, &s);
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_RESOLUTION_REPLY);
	CU_ASSERT_EQUAL(code_of(0), NHRP_CODE_NO_BINDING);
	s.transit = "10.255.0.31";
	say(9, &s);
	CU_ASSERT_EQUAL(last(0)->peer, 30);
	CU_ASSERT(ext_cie(NHRP_EXT_FORWARD, 0));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be("10.255.0.31"));
	CU_ASSERT(ext_cie(NHRP_EXT_FORWARD, 1));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be(HUB));
	world_close();
}

static void test_unreachable(void)
{
	open_two();
	say(9, &(struct say){.type = NHRP_PURGE_REQUEST,
		       .dst = "10.66.0.1",
		       .cies = &(struct say_cie){.proto = "10.66.0.1"}});
	error_of(NHRP_ERROR_UNREACHABLE);
}

static void test_extensions_in_transit(void)
{
	struct say s = to_11();

	/* Order and what is not known stay as they are. */
	open_two();
	s.exts = "pvofnrp";
	say(9, &s);
	last(0);
	CU_ASSERT_STRING_EQUAL(ext_order(), "pvofnrp");
	CU_ASSERT(ext_cie(NHRP_EXT_FORWARD, 0));
	world_close();

	/* Compulsory and not known: passed on, but we are not in the record. */
	open_two();
	s.exts = "fcv";
	say(9, &s);
	CU_ASSERT_EQUAL(last(0)->peer, 11);
	CU_ASSERT_STRING_EQUAL(ext_order(), "fcv");
	CU_ASSERT(!ext_cie(NHRP_EXT_FORWARD, 0));
	world_close();

	/* Without a record none is added. */
	open_two();
	s.exts = "";
	say(9, &s);
	CU_ASSERT_EQUAL(last(0)->peer, 11);
	CU_ASSERT(!world.p.has_extensions);
	world_close();
}

/* What is private to a vendor is the business of its ends. */
static void test_vendor_private(void)
{
	struct say s = to_11();
	struct nhrp_ext e;

	open_two();
	s.exts = "pp";
	say(9, &s);
	CU_ASSERT_EQUAL(last(0)->peer, 11);
	CU_ASSERT_STRING_EQUAL(ext_order(), "pp");
	CU_ASSERT_FATAL(nhrp_ext_find(&world.p, NHRP_EXT_VENDOR, &e));
	CU_ASSERT(e.body.len == 8 && memcmp(e.body.at, "\x01\x02\x03group", 8) == 0);
	world_close();
}

static void test_extensions_at_end(void)
{
	struct say s = {.type = NHRP_REGISTRATION_REQUEST,
		.cies = &(struct say_cie){.holding = 60},
		.exts = "povpfnr"};
	static const uint8_t types[] = {
		NHRP_REGISTRATION_REQUEST, NHRP_RESOLUTION_REQUEST, NHRP_PURGE_REQUEST};

	world_open(NULL, NULL);
	for (size_t i = 0; i < 3; i++) {
		s.type = types[i];
		say(9, &s);
		last(0);
		CU_ASSERT_EQUAL(world.p.type, types[i] + 1);
		CU_ASSERT_STRING_EQUAL(ext_order(), "povpfnr");
	}
	world_close();

	for (size_t i = 0; i < 3; i++) {
		world_open(NULL, NULL);
		s.type = types[i];
		s.exts = "rfvc";
		say(9, &s);
		CU_ASSERT(!bound("10.255.0.9", 32, NULL));
		error_of(NHRP_ERROR_EXTENSION_UNKNOWN);
	}
}

static void test_extension_cut(void)
{
	uint8_t bytes[NHRP_PACKET_MAX], again[NHRP_PACKET_MAX];
	struct nhrp_packet p;
	struct nhrp_builder b;
	struct say s = {.type = NHRP_REGISTRATION_REQUEST,
		.cies = &(struct say_cie){.holding = 60},
		.exts = ""};
	size_t len;

	/* A record that is no list of entries. */
	world_open(NULL, NULL);
	len = say_build(9, &s, bytes, sizeof(bytes));
	nhrp_packet_parse(&p, bytes, len);
	nhrp_build_start(&b, again, sizeof(again), &p);
	nhrp_build_bytes(&b, p.payload.at, p.payload.len);
	nhrp_build_ext(&b, 0x8005, NULL, 0);
	nhrp_build_ext(&b, 0x8004, "12345", 5);
	len = nhrp_build_end(&b);
	nhrp_receive(world.n, TUNNEL, 9, be("198.51.100.9"), again, len, world.now);
	last(0);
	CU_ASSERT_EQUAL(world.p.offset, 52 + 4);
	error_of(NHRP_ERROR_EXTENSION_INVALID);
}

/* --- the secret ------------------------------------------------------------------------------- */

static void test_secret(void)
{
	struct say s = {
		.type = NHRP_REGISTRATION_REQUEST, .cies = &(struct say_cie){.holding = 60}};
	static const char *const wrong[] = {NULL, "tEST123", "test12", "test1234", ""};

	for (size_t i = 0; i < 5; i++) {
		world_open(NULL, &(struct nhrp_iface_params){.secret = "test123"});
		s.secret = wrong[i];
		say(9, &s);
		CU_ASSERT(!bound("10.255.0.9", 32, NULL));
		CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_AUTHENTICATION], 1);
		error_of(NHRP_ERROR_AUTHENTICATION);
	}
	world_open(NULL, &(struct nhrp_iface_params){.secret = "test123"});
	s.secret = "test123";
	say(9, &s);
	last(0);
	CU_ASSERT_EQUAL(code_of(0), 0);
	CU_ASSERT_STRING_EQUAL(ext_order(), "rfvna");
	world_close();

	/* Where none is wanted, none is given either: not somebody else's. */
	world_open(NULL, NULL);
	say(9, &s);
	last(0);
	CU_ASSERT_EQUAL(code_of(0), 0);
	CU_ASSERT_STRING_EQUAL(ext_order(), "rfvn");
	world_close();
}

/* --- errors ----------------------------------------------------------------------------------- */

static void test_never_about_errors(void)
{
	struct say s = {.type = NHRP_ERROR_INDICATION,
		.code = NHRP_ERROR_AUTHENTICATION,
		.payload = "x",
		.len = 1};

	world_open(NULL, &(struct nhrp_iface_params){.secret = "s"});
	CU_ASSERT_EQUAL(say(9, &s), 0);
	CU_ASSERT_EQUAL(stats().error_rx[NHRP_ERROR_AUTHENTICATION], 1);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_ERROR_RECEIVED).code, NHRP_ERROR_AUTHENTICATION);
	/* To nowhere, and at the end of its hops. */
	s.dst = "10.66.0.1";
	CU_ASSERT_EQUAL(say(9, &s), 0);
	s.hop_zero = true;
	CU_ASSERT_EQUAL(say(9, &s), 0);
	/* FRR's and OpenNHRP's number for a loop counts as the RFC's. */
	s = (struct say){.type = NHRP_ERROR_INDICATION, .code = NHRP_ERROR_LOOP_OLD};
	say(9, &s);
	CU_ASSERT_EQUAL(stats().error_rx[NHRP_ERROR_LOOP], 1);
	world_close();
}

static void test_error_passes(void)
{
	struct say s = {.type = NHRP_ERROR_INDICATION,
		.code = NHRP_ERROR_UNREACHABLE,
		.dst = "10.255.0.11",
		.payload = "packet",
		.len = 6};

	open_two();
	CU_ASSERT_EQUAL(say(9, &s), 1);
	CU_ASSERT_EQUAL(last(0)->peer, 11);
	CU_ASSERT_EQUAL(world.p.type, NHRP_ERROR_INDICATION);
	CU_ASSERT_EQUAL(world.p.payload.len, 6);
	/* 5.2.7: our own is in a loop: quietly away with it */
	s.src = HUB;
	s.nbma = HUB_NBMA;
	CU_ASSERT_EQUAL(say(9, &s), 0);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_LOOP], 1);
	world_close();
}

static void test_error_about_reply(void)
{
	/* 10 to whoever answered what was not asked; it is the reply's destination. */
	world_open(NULL, NULL);
	say(9, &(struct say){.type = NHRP_RESOLUTION_REPLY,
		       .src = HUB,
		       .dst = "10.255.0.9",
		       .cies = &(struct say_cie){.proto = "10.255.0.9", .holding = 60}});
	error_of(NHRP_ERROR_REPLY_INVALID);
}

static void test_padding(void)
{
	struct say s = {.type = NHRP_PURGE_REQUEST,
		.dst = "10.66.0.1",
		.cies = &(struct say_cie){.proto = "10.66.0.1"},
		.secret = "s"};

	world_open(NULL, &(struct nhrp_iface_params){.error_padding = true, .secret = "s"});
	say(9, &s);
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_ERROR_INDICATION);
	CU_ASSERT_EQUAL(world.p.payload.at[world.p.payload.len - 16], 0);
	CU_ASSERT_EQUAL(
		memcmp(world.p.payload.at + world.p.payload.len - 16, (uint8_t[16]){0}, 16), 0);
	CU_ASSERT_STRING_EQUAL(ext_order(), "a");
	world_close();
}

static const struct unit_test tests[] = {
	{"RFC 2332 5.1: hop count", test_hop_count},
	{"RFC 2332 5.3.1 to 5.3.3: loops", test_loop},
	{"RFC 2332 5.3.2, 5.3.3: never back to who had it", test_not_back},
	{"RFC 2332 5.2.7: no way to it", test_unreachable},
	{"RFC 2332 5.3: extensions in transit", test_extensions_in_transit},
	{"RFC 2332 5.3.5: vendor private extensions", test_vendor_private},
	{"RFC 2332 5.3: extensions where it ends", test_extensions_at_end},
	{"RFC 2332 5.2.7: an extension that is none", test_extension_cut},
	{"RFC 2332 5.3.4: Cisco's secret", test_secret},
	{"RFC 2332 5.2.7: never an error about an error", test_never_about_errors},
	{"RFC 2332 5.2.7: errors for others, and our own in a loop", test_error_passes},
	{"RFC 2332 5.2.2: an answer to no question", test_error_about_reply},
	{"padding of errors for Cisco", test_padding},
};

UNIT_MAIN("nhrp: forward", tests)
