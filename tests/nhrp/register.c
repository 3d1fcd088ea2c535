/* SPDX-License-Identifier: BSD-3-Clause */
/* Registrations: what becomes a lease, and what the reply says. */
#include "common/hex.h"
#include "tests/nhrp/samples.h"
#include "tests/nhrp/world.h"

static void receive_hex(uint32_t peer, const char *outer, const char *hex)
{
	uint8_t bytes[NHRP_PACKET_MAX];
	ssize_t len = hex_parse(hex, bytes, sizeof(bytes));

	CU_ASSERT_FATAL(len > 0);
	nhrp_receive(world.n, TUNNEL, peer, be(outer), bytes, (size_t)len, world.now);
}

static void test_ios(void)
{
	struct nhrp_binding b;

	world_open(NULL, &(struct nhrp_iface_params){.address_be = be("192.168.0.1"),
				 .nbma_be = be("10.0.12.1"),
				 .secret = "CISCO"});
	receive_hex(5, "10.0.12.2", SAMPLE_IOS_REGISTRATION);
	CU_ASSERT(bound("192.168.0.2", 32, &b));
	CU_ASSERT_EQUAL(b.type, NHRP_DYNAMIC);
	CU_ASSERT_EQUAL(b.peer, 5);
	CU_ASSERT_EQUAL(b.nbma_be, be("10.0.12.2"));
	CU_ASSERT_EQUAL(b.mtu, 1400); /* it said 1514 */
	CU_ASSERT_EQUAL(b.holding, 30);
	CU_ASSERT_EQUAL(b.expires_ms, world.now + 30000);
	CU_ASSERT(b.unique && b.up);
	CU_ASSERT_EQUAL(last(0)->peer, 5);
	CU_ASSERT_EQUAL(world.p.type, NHRP_REGISTRATION_REPLY);
	CU_ASSERT_EQUAL(world.p.request_id, 5);
	CU_ASSERT_EQUAL(world.p.flags, NHRP_FLAG_REG_UNIQUE);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_proto), be("192.168.0.2"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_nbma), be("10.0.12.2"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.dst_proto), be("192.168.0.1"));
	CU_ASSERT_EQUAL(world.cie.code, 0);
	CU_ASSERT_EQUAL(world.cie.prefix_len, 255);
	CU_ASSERT_EQUAL(world.cie.mtu, 1514);
	CU_ASSERT_EQUAL(world.cie.holding, 30);
	CU_ASSERT_STRING_EQUAL(ext_order(), "rfva");
	CU_ASSERT(ext_cie(NHRP_EXT_RESPONDER, 0));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be("192.168.0.1"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be("10.0.12.1"));
	CU_ASSERT_EQUAL(world.cie.prefix_len, 0);
	world_close();
}

/* FRR does not know its server's address and registers with its own; it learns by the reply. */
static void test_frr(void)
{
	world_open(NULL, NULL);
	receive_hex(12, "192.0.2.12", SAMPLE_FRR_REGISTRATION);
	CU_ASSERT(bound("10.255.0.12", 32, NULL));
	last(0);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.dst_proto), be(HUB));
	CU_ASSERT_STRING_EQUAL(ext_order(), "fvrn");
	CU_ASSERT(ext_cie(NHRP_EXT_NAT, 0));
	CU_ASSERT(!ext_cie(NHRP_EXT_NAT, 1));
	world_close();
}

static void test_destinations(void)
{
	static const char *const ours[] = {HUB, "10.255.0.255", "10.255.0.9", HUB_NBMA};

	world_open(NULL, NULL);
	for (size_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
					       .dst = ours[i],
					       .hop_zero = true,
					       .cies = &(struct say_cie){.holding = 60}}),
			1);
		last(0);
		CU_ASSERT_EQUAL(world.p.type, NHRP_REGISTRATION_REPLY);
		CU_ASSERT_EQUAL(code_of(0), 0);
	}
	/* To another server, and there is no way to it. */
	say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
		       .dst = "10.255.0.77",
		       .cies = &(struct say_cie){.holding = 60}});
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_ERROR_INDICATION);
	CU_ASSERT_EQUAL(world.p.code, NHRP_ERROR_UNREACHABLE);
	world_close();
}

static void test_prefixes(void)
{
	static const uint8_t hosts[] = {0, 32, 255};
	struct nhrp_prefix allowed[] = {{be("10.255.0.0"), 24}, {be("10.1.0.0"), 16}};
	const struct say_cie nets[] = {{.prefix = 24, .proto = "10.1.7.99", .holding = 60},
		{.prefix = 23, .proto = "10.1.8.0", .holding = 60},
		{.prefix = 24, .proto = "10.2.0.0", .holding = 60}};

	world_open(NULL, NULL);
	for (size_t i = 0; i < 3; i++) {
		say(7 + (uint32_t)i,
			&(struct say){.type = NHRP_REGISTRATION_REQUEST,
				.cies = &(struct say_cie){.prefix = hosts[i], .holding = 60}});
		CU_ASSERT(last(0) && code_of(0) == 0);
	}
	CU_ASSERT(bound("10.255.0.7", 32, NULL) && bound("10.255.0.9", 32, NULL));
	/* Networks are not allowed unless configured. */
	say(7, &(struct say){.type = NHRP_REGISTRATION_REQUEST, .cies = nets});
	CU_ASSERT(last(0) && code_of(0) == NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(world.cie.holding, 0);
	world_close();

	world_open(NULL,
		&(struct nhrp_iface_params){.prefix_min = 24, .allowed = allowed, .n_allowed = 2});
	say(7, &(struct say){.type = NHRP_REGISTRATION_REQUEST, .cies = nets, .n_cies = 3});
	last(0);
	CU_ASSERT_EQUAL(code_of(0), 0);
	CU_ASSERT_EQUAL(code_of(1), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(code_of(2), NHRP_CODE_PROHIBITED);
	CU_ASSERT(bound("10.1.7.0", 24, NULL));
	world_close();
}

static void test_several(void)
{
	const struct say_cie cies[] = {{.holding = 60}, {.proto = "10.255.0.40", .holding = 61},
		{.proto = HUB, .holding = 62},
		{.proto = "10.255.0.41", .nbma = "203.0.113.9", .holding = 63}};
	struct nhrp_binding b;

	world_open(NULL, NULL);
	say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST, .cies = cies, .n_cies = 4});
	last(0);
	CU_ASSERT_EQUAL(world.p.n_cies, 4);
	CU_ASSERT_EQUAL(code_of(0), 0);
	CU_ASSERT_EQUAL(code_of(1), 0);
	CU_ASSERT_EQUAL(code_of(2), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(code_of(3), 0);
	CU_ASSERT(bound("10.255.0.41", 32, &b));
	/* What it claims is kept, but packets go to where its SA is. */
	CU_ASSERT_EQUAL(b.claimed_nbma_be, be("203.0.113.9"));
	CU_ASSERT_EQUAL(b.nbma_be, be("198.51.100.9"));
	CU_ASSERT_EQUAL(stats().n_leases, 3);
	CU_ASSERT_EQUAL(stats().registered, 3);
	world_close();
}

static void test_holding(void)
{
	struct nhrp_binding b;

	world_open(NULL, &(struct nhrp_iface_params){.holding = 300, .holding_max = 1000});
	CU_ASSERT_EQUAL(say_register(9, 0), 0);
	CU_ASSERT(bound("10.255.0.9", 32, &b));
	CU_ASSERT_EQUAL(b.holding, 300);
	CU_ASSERT_EQUAL(say_register(9, 7200), 0);
	CU_ASSERT(bound("10.255.0.9", 32, &b));
	CU_ASSERT_EQUAL(b.holding, 1000);
	world_close();
}

static void test_expiry(void)
{
	world_open(NULL, NULL);
	CU_ASSERT_EQUAL(say_register(9, 60), 0);
	world_pass(59999);
	CU_ASSERT(bound("10.255.0.9", 32, NULL));
	/* A refresh begins it anew, and installs nothing. */
	CU_ASSERT_EQUAL(say_register(9, 60), 0);
	CU_ASSERT_EQUAL(world.n_bound, 1);
	CU_ASSERT_EQUAL(stats().refreshed, 1);
	world_pass(59999);
	CU_ASSERT(bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(world.n_unbound, 0);
	world_pass(1);
	CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(world.n_unbound, 1);
	CU_ASSERT_EQUAL(world.unbound, NHRP_END_EXPIRED);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_ENDED).end, NHRP_END_EXPIRED);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_ENDED).address_be, be("10.255.0.9"));
	world_close();
}

static void test_mtu(void)
{
	struct nhrp_binding b;
	struct say s = {.type = NHRP_REGISTRATION_REQUEST};

	world_open(NULL, NULL);
	s.cies = &(struct say_cie){.mtu = 17916, .holding = 60};
	say(9, &s);
	CU_ASSERT(bound("10.255.0.9", 32, &b) && b.mtu == 1400);
	s.cies = &(struct say_cie){.mtu = 1200, .holding = 60};
	say(9, &s);
	CU_ASSERT(bound("10.255.0.9", 32, &b) && b.mtu == 1200);
	CU_ASSERT_EQUAL(world.n_bound, 2);
	CU_ASSERT_EQUAL(world.bound.mtu, 1200);
	world_close();
}

static void test_nat(void)
{
	struct nhrp_binding b;
	struct say s = {.type = NHRP_REGISTRATION_REQUEST,
		.flags = NHRP_FLAG_NAT,
		.nbma = "192.168.1.2",
		.outer = "203.0.113.5",
		.nat_proto = "0.0.0.0",
		.nat_nbma = HUB_NBMA,
		.cies = &(struct say_cie){.holding = 60}};

	world_open(NULL, NULL);
	say(9, &s);
	CU_ASSERT(bound("10.255.0.9", 32, &b));
	CU_ASSERT_EQUAL(b.nbma_be, be("203.0.113.5"));
	CU_ASSERT_EQUAL(b.claimed_nbma_be, be("192.168.1.2"));
	last(0);
	CU_ASSERT(ext_cie(NHRP_EXT_NAT, 0));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be(HUB_NBMA));
	CU_ASSERT(ext_cie(NHRP_EXT_NAT, 1));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be("203.0.113.5"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be("10.255.0.9"));
	CU_ASSERT(!ext_cie(NHRP_EXT_NAT, 2));
	/* Device capabilities of RFC 2735 have the same number and are no addresses. */
	s.exts = "rfvd";
	say(9, &s);
	last(0);
	CU_ASSERT_STRING_EQUAL(ext_order(), "rfvd");
	CU_ASSERT_EQUAL(world.p.extensions.len, 24 + 4 + 4 + 12 + 4);
	world_close();
}

static void test_no_claim(void)
{
	world_open(NULL, NULL);
	say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST});
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_ERROR_INDICATION);
	CU_ASSERT_EQUAL(world.p.code, NHRP_ERROR_PROTOCOL);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_NO_CIE], 1);
	world_close();
}

static void test_install(void)
{
	static const struct {
		int rc;
		uint8_t code;
	} cases[] = {{-ENOSPC, 5}, {-ENOMEM, 5}, {-EEXIST, 14}, {-EPERM, 4}};

	world_open(NULL, NULL);
	for (size_t i = 0; i < 4; i++) {
		world.bind_rc = cases[i].rc;
		CU_ASSERT_EQUAL(say_register(9, 60), cases[i].code);
		CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	}
	CU_ASSERT_EQUAL(world.n_unbound, 0);
	CU_ASSERT_EQUAL(stats().n_leases, 0);
	world.bind_rc = 0;
	CU_ASSERT_EQUAL(say_register(9, 60), 0);
	world_close();
}

static void test_sa(void)
{
	world_open(NULL, NULL);
	world.peers[9].no_sa = true;
	CU_ASSERT_EQUAL(say_register(9, 60), -1);
	CU_ASSERT_EQUAL(stats().n_pending, 1);
	/* Asked again, nothing new; the reply has the latest id. */
	say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
		       .id = 8,
		       .cies = &(struct say_cie){.prefix = 32, .holding = 60}});
	CU_ASSERT_EQUAL(stats().n_pending, 1);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_REPEATED], 1);
	world.peers[9].no_sa = false;
	nhrp_peer_up(world.n, TUNNEL, 9, be("198.51.100.9"), world.now);
	CU_ASSERT(bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(world.n_sent, 1);
	last(0);
	CU_ASSERT_EQUAL(world.p.request_id, 8);
	CU_ASSERT_EQUAL(stats().n_pending, 0);

	/* And if it never comes: no answer. */
	world.peers[10].no_sa = true;
	CU_ASSERT_EQUAL(say_register(10, 60), -1);
	world_pass(30000);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_TIMEOUT], 1);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	world_close();
}

static void test_overload(void)
{
	world_open(&(struct nhrp_params){.leases_max = 2}, NULL);
	CU_ASSERT_EQUAL(say_register(9, 60), 0);
	nhrp_overload(world.n, true);
	CU_ASSERT_EQUAL(say_register(10, 60), NHRP_CODE_NO_RESOURCES);
	CU_ASSERT_EQUAL(say_register(9, 60), 0);
	nhrp_overload(world.n, false);
	CU_ASSERT_EQUAL(say_register(10, 60), 0);
	CU_ASSERT_EQUAL(say_register(11, 60), NHRP_CODE_NO_RESOURCES);
	CU_ASSERT_EQUAL(stats().refused[NHRP_REFUSE_LEASES], 1);
	CU_ASSERT_EQUAL(stats().refused[NHRP_REFUSE_OVERLOAD], 1);
	world_close();
}

static void test_peer_gone(void)
{
	const struct say_cie two[] = {{.holding = 60}, {.proto = "10.255.0.40", .holding = 60}};

	world_open(NULL, NULL);
	say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST, .cies = two, .n_cies = 2});
	CU_ASSERT_EQUAL(stats().n_leases, 2);
	nhrp_peer_gone(world.n, 9, NHRP_END_PEER_DEAD, world.now);
	CU_ASSERT_EQUAL(stats().n_leases, 0);
	CU_ASSERT_EQUAL(world.n_unbound, 2);
	CU_ASSERT_EQUAL(world.unbound, NHRP_END_PEER_DEAD);
	CU_ASSERT_EQUAL(stats().n_peers, 0);
	CU_ASSERT_EQUAL(nhrp_next(world.n), UINT64_MAX);
	world_close();
}

static void test_peer_moved(void)
{
	struct nhrp_binding b;

	world_open(NULL, NULL);
	say_register(9, 60);
	nhrp_peer_moved(world.n, 9, be("203.0.113.7"), world.now);
	CU_ASSERT(bound("10.255.0.9", 32, &b));
	CU_ASSERT_EQUAL(b.nbma_be, be("203.0.113.7"));
	CU_ASSERT_EQUAL(world.n_bound, 2);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_MOVED).old_nbma_be, be("198.51.100.9"));
	world_close();
}

static const struct unit_test tests[] = {
	{"RFC 2332 5.2.3, 5.2.4: a registration of IOS", test_ios},
	{"RFC 2332 5.2.3: a registration of FRR, to its own address", test_frr},
	{"RFC 2332 5.2.3: destinations that are ours, and one that is not", test_destinations},
	{"RFC 2332 5.2.0.1: prefix lengths 0, 32, 255, and networks by policy", test_prefixes},
	{"RFC 2332 5.2.3: several CIEs, each with its own code", test_several},
	{"RFC 2332 5.2.0.1: holding time 0, and too long", test_holding},
	{"RFC 2332 5.2.0.1: a lease ends with its holding time", test_expiry},
	{"RFC 2332 5.2.0.1: the MTU is cut to the interface's", test_mtu},
	{"a spoke behind a NAT learns its public address", test_nat},
	{"RFC 2332 5.2.3: one CIE at least", test_no_claim},
	{"RFC 2332 5.2.4: the reply says what could be done", test_install},
	{"pending until there is an SA", test_sa},
	{"RFC 2332 5.2.4: code 5 under overload, not for those who are known", test_overload},
	{"leases end with their peer", test_peer_gone},
	{"a peer moves to another NBMA address", test_peer_moved},
};

UNIT_MAIN("nhrp: register", tests)
