/* SPDX-License-Identifier: BSD-3-Clause */
/* Resolution requests: answered, sent on, refused. */
#include "tests/nhrp/world.h"

#define FROM_LEASES                                                                                \
	(&(struct nhrp_iface_params){.answer_registered = true, .holding = 600, .mtu = 1400})

static void test_own(void)
{
	world_open(NULL, NULL);
	CU_ASSERT_EQUAL(say_resolve(9, HUB), 1);
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_RESOLUTION_REPLY);
	/* 5.2.2: Q and S are copied; A and D are ours to set */
	CU_ASSERT_EQUAL(world.p.flags, NHRP_FLAG_ROUTER | NHRP_FLAG_AUTHORITATIVE |
					       NHRP_FLAG_DST_STABLE | NHRP_FLAG_SRC_STABLE |
					       NHRP_FLAG_NAT);
	CU_ASSERT_EQUAL(world.p.n_cies, 1);
	CU_ASSERT_EQUAL(code_of(0), 0);
	CU_ASSERT_EQUAL(world.cie.prefix_len, 32);
	CU_ASSERT_EQUAL(world.cie.holding, 7200);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be(HUB_NBMA));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be(HUB));
	CU_ASSERT_STRING_EQUAL(ext_order(), "rfvn");
	CU_ASSERT(ext_cie(NHRP_EXT_RESPONDER, 0));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be(HUB));
	/* Who answers adds nothing to the records (5.3.2). */
	CU_ASSERT(!ext_cie(NHRP_EXT_FORWARD, 0) && !ext_cie(NHRP_EXT_REVERSE, 0));
	CU_ASSERT_EQUAL(stats().answered, 1);
	world_close();
}

static void test_announced(void)
{
	const struct nhrp_target targets[] = {
		{{be("192.168.0.0"), 16}, 0}, {{be("192.168.7.0"), 24}, 90}};

	world_open(NULL, &(struct nhrp_iface_params){.targets = targets, .n_targets = 2});
	world_route("10.9.0.0", 16, (struct nhrp_route){.kind = NHRP_ROUTE_ANNOUNCED});
	world_route("10.8.0.1", 32, (struct nhrp_route){.kind = NHRP_ROUTE_LOCAL});
	world_route_peer("192.168.9.0", 24, 11, "10.255.0.11");
	say_register(11, 60);
	say_resolve(9, "10.9.3.4");
	CU_ASSERT(last(0) && code_of(0) == 0 && world.cie.prefix_len == 16);
	say_resolve(9, "10.8.0.1");
	CU_ASSERT(last(0) && code_of(0) == 0 && world.cie.prefix_len == 32);
	say_resolve(9, "192.168.3.4");
	CU_ASSERT(last(0) && world.cie.prefix_len == 16 && world.cie.holding == 7200);
	say_resolve(9, "192.168.7.1");
	CU_ASSERT(last(0) && world.cie.prefix_len == 24 && world.cie.holding == 90);
	/* A spoke knows better what is longer. */
	say_resolve(9, "192.168.9.1");
	CU_ASSERT(last(0)->peer == 11 && world.p.type == NHRP_RESOLUTION_REQUEST);
	world_close();
}

static void test_widest(void)
{
	struct say s = {.type = NHRP_RESOLUTION_REQUEST,
		.dst = "10.9.3.4",
		.cies = &(struct say_cie){.prefix = 24}};

	world_open(NULL, NULL);
	world_route("10.9.0.0", 16, (struct nhrp_route){.kind = NHRP_ROUTE_ANNOUNCED});
	say(9, &s);
	CU_ASSERT(last(0) && world.cie.prefix_len == 24);
	s.cies = &(struct say_cie){.prefix = 8};
	say(9, &s);
	CU_ASSERT(last(0) && world.cie.prefix_len == 16);
	world_close();
}

static void test_forwarded(void)
{
	struct nhrp_binding b;

	world_open(NULL, NULL);
	world_route_peer("10.1.11.0", 24, 11, "10.255.0.11");
	say_register(11, 60);
	CU_ASSERT_EQUAL(say_resolve(9, "10.1.11.5"), 1);
	CU_ASSERT_EQUAL(last(0)->peer, 11);
	CU_ASSERT_EQUAL(world.p.type, NHRP_RESOLUTION_REQUEST);
	CU_ASSERT_EQUAL(world.p.hop_count, 254);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_proto), be("10.255.0.9"));
	CU_ASSERT(ext_cie(NHRP_EXT_FORWARD, 0));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be(HUB));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be(HUB_NBMA));
	CU_ASSERT(!ext_cie(NHRP_EXT_REVERSE, 0) && !ext_cie(NHRP_EXT_RESPONDER, 0));
	CU_ASSERT_EQUAL(event_of(NHRP_EV_FORWARDED).old_peer, 11);
	/* Its tunnel address goes there too: it is the default to forward. */
	say_resolve(9, "10.255.0.11");
	CU_ASSERT(last(0)->peer == 11 && world.p.type == NHRP_RESOLUTION_REQUEST);
	CU_ASSERT(bound("10.255.0.11", 32, &b));
	CU_ASSERT_EQUAL(b.n_requesters, 2);
	/* Asked again, it is the same requester. */
	say_resolve(9, "10.1.11.77");
	CU_ASSERT(bound("10.255.0.11", 32, &b) && b.n_requesters == 2);
	CU_ASSERT_EQUAL(stats().forwarded, 3);
	world_close();
}

static void test_reply_passes(void)
{
	world_open(NULL, NULL);
	world_route_peer("10.1.11.0", 24, 11, "10.255.0.11");
	say_register(9, 60);
	say_register(11, 60);
	say_resolve(9, "10.1.11.5");
	say(11, &(struct say){.type = NHRP_RESOLUTION_REPLY,
			.src = "10.255.0.9",
			.dst = "10.1.11.5",
			.nbma = "198.51.100.9",
			.outer = "198.51.100.11",
			.responder = "10.255.0.11",
			.cies = &(struct say_cie){.prefix = 24,
				.holding = 60,
				.proto = "10.255.0.11",
				.nbma = "198.51.100.11"}});
	CU_ASSERT_EQUAL(last(0)->peer, 9);
	CU_ASSERT_EQUAL(world.p.type, NHRP_RESOLUTION_REPLY);
	CU_ASSERT_EQUAL(world.p.hop_count, 254);
	CU_ASSERT_EQUAL(world.cie.prefix_len, 24);
	CU_ASSERT(ext_cie(NHRP_EXT_REVERSE, 0));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be(HUB));
	CU_ASSERT(!ext_cie(NHRP_EXT_FORWARD, 0));
	world_close();
}

static void test_no_binding(void)
{
	world_open(NULL, NULL);
	world_route("10.7.0.0", 16, (struct nhrp_route){.kind = NHRP_ROUTE_OTHER});
	world_route_peer("10.1.9.0", 24, 9, "10.255.0.9");
	world_route_peer("10.1.10.0", 24, 10, "10.255.0.10");
	world.peers[10].no_sa = true;
	/* Nowhere, behind a LAN port that is not announced, back to the requester, without an SA.
	 */
	static const char *const to[] = {"10.66.0.1", "10.7.0.1", "10.1.9.1", "10.1.10.1"};

	for (size_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(say_resolve(9, to[i]), 1);
		CU_ASSERT_EQUAL(last(0)->peer, 9);
		CU_ASSERT_EQUAL(world.p.type, NHRP_RESOLUTION_REPLY);
		CU_ASSERT_EQUAL(world.p.n_cies, 1);
		CU_ASSERT_EQUAL(code_of(0), NHRP_CODE_NO_BINDING);
		CU_ASSERT_EQUAL(world.cie.holding, 0);
		CU_ASSERT_EQUAL(world.cie.nbma.len + world.cie.proto.len, 0);
	}
	CU_ASSERT_EQUAL(stats().not_resolved, 4);
	world_close();
}

static void test_from_lease(void)
{
	struct nhrp_binding b;

	world_open(NULL, FROM_LEASES);
	say_register(11, 600);
	world_pass(100500);
	CU_ASSERT_EQUAL(say_resolve(9, "10.255.0.11"), 1);
	CU_ASSERT_EQUAL(last(0)->peer, 9);
	CU_ASSERT_EQUAL(world.p.type, NHRP_RESOLUTION_REPLY);
	CU_ASSERT(world.p.flags & NHRP_FLAG_AUTHORITATIVE);
	CU_ASSERT_EQUAL(world.cie.holding, 499); /* what is left of it */
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be("198.51.100.11"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be("10.255.0.11"));
	CU_ASSERT(bound("10.255.0.11", 32, &b) && b.n_requesters == 1);
	/* Networks behind it are its own business. */
	world_route_peer("10.1.11.0", 24, 11, "10.255.0.11");
	say_resolve(9, "10.1.11.1");
	CU_ASSERT_EQUAL(last(0)->peer, 11);
	world_close();
}

static void test_unique(void)
{
	struct say s = {.type = NHRP_RESOLUTION_REQUEST,
		.flags = NHRP_FLAG_RES_UNIQUE,
		.dst = "10.255.0.11"};

	world_open(NULL, FROM_LEASES);
	say_register_as(11, NULL, 0);
	say(9, &s);
	CU_ASSERT(last(0) && code_of(0) == NHRP_CODE_NOT_UNIQUE);
	say_register_as(11, NULL, NHRP_FLAG_REG_UNIQUE);
	say(9, &s);
	CU_ASSERT(last(0) && code_of(0) == 0);
	CU_ASSERT(world.p.flags & NHRP_FLAG_RES_UNIQUE);
	world_close();
}

/* Both are behind NATs. */
static void test_nat(void)
{
	struct say s = {.type = NHRP_RESOLUTION_REQUEST,
		.dst = "10.255.0.11",
		.nbma = "192.168.9.9",
		.outer = "203.0.113.9"};

	world_open(NULL, FROM_LEASES);
	say(11, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
			.nbma = "192.168.1.1",
			.outer = "203.0.113.11",
			.cies = &(struct say_cie){.holding = 60}});
	say(9, &s);
	last(0);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be("192.168.1.1"));
	CU_ASSERT(ext_cie(NHRP_EXT_NAT, 0));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be("10.255.0.9"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be("203.0.113.9"));
	CU_ASSERT(ext_cie(NHRP_EXT_NAT, 1));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be("10.255.0.11"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be("203.0.113.11"));
	/* Without the extension there is one address to say, and it had better be the one that
	 * works. */
	s.exts = "rfv";
	say(9, &s);
	last(0);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.nbma), be("203.0.113.11"));
	world_close();
}

static void test_requesters_max(void)
{
	world_open(&(struct nhrp_params){.requesters_max = 2}, FROM_LEASES);
	say_register(11, 600);
	say_resolve(20, "10.255.0.11");
	say_resolve(21, "10.255.0.11");
	/* 5.2.2: who could not be purged is not answered */
	say_resolve(22, "10.255.0.11");
	CU_ASSERT(last(0) && code_of(0) == NHRP_CODE_NO_RESOURCES);
	CU_ASSERT_EQUAL(stats().n_requesters, 2);
	world_close();
}

static void test_two_tunnels(void)
{
	/* A spoke of another tunnel, with another secret. */
	world_open(NULL, NULL);
	world_add(2, &(struct nhrp_iface_params){.address_be = be("10.254.0.1"),
			     .nbma_be = be("192.0.2.2"),
			     .secret = "two"});
	world_route("10.2.0.0", 16,
		(struct nhrp_route){.kind = NHRP_ROUTE_PEER,
			.iface = 2,
			.peer = 31,
			.next_hop_be = be("10.254.0.31")});
	say_resolve(9, "10.2.3.4");
	CU_ASSERT_EQUAL(last(0)->iface, 2);
	CU_ASSERT_EQUAL(last(0)->peer, 31);
	CU_ASSERT_STRING_EQUAL(ext_order(), "rfvna");
	world_close();
}

static const struct unit_test tests[] = {
	{"RFC 2332 5.2.2: the hub's own address", test_own},
	{"announced networks, the longest one", test_announced},
	{"RFC 2332 5.2.1: the widest prefix that is wanted", test_widest},
	{"RFC 2332 5.3.2: sent on to the spoke, with a record", test_forwarded},
	{"RFC 2332 5.3.3: the reply passes, with a record", test_reply_passes},
	{"RFC 2332 5.2.2: code 12 if it leads nowhere", test_no_binding},
	{"RFC 2332 5.2.2: from a lease, with what is left of its time", test_from_lease},
	{"RFC 2332 5.2.1: who wants a unique binding", test_unique},
	{"requester and answer behind NATs", test_nat},
	{"RFC 2332 5.2.2: code 5 if the requester cannot be remembered", test_requesters_max},
	{"RFC 2332 5.3.4: the secret of the next hop's tunnel", test_two_tunnels},
};

UNIT_MAIN("nhrp: resolve", tests)
