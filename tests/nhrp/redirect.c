/* SPDX-License-Identifier: BSD-3-Clause */
/* Traffic indications: when, to whom, how often, and what we do with one. */
#include "tests/nhrp/world.h"

static const uint8_t head[] = {
	0x45, 0, 0, 84, 1, 2, 0, 0, 63, 1, 0, 0, 10, 1, 9, 5, 10, 1, 11, 7, 8, 0, 1, 2, 3, 4, 5, 6};

static unsigned hint_to(uint32_t peer, uint8_t dst3, uint8_t dst4)
{
	uint8_t ip[200] = {0};
	unsigned before = world.n_sent;

	memcpy(ip, head, sizeof(head));
	ip[18] = dst3;
	ip[19] = dst4;
	nhrp_hint(world.n, TUNNEL, peer, ip, sizeof(ip), world.now);
	return world.n_sent - before;
}

static void open_redirecting(const struct nhrp_params *params)
{
	world_open(params, &(struct nhrp_iface_params){.redirect = true, .secret = NULL});
	world_add(2, &(struct nhrp_iface_params){.address_be = be("10.254.0.1"), .network_id = 7});
	world_route_peer("10.1.9.0", 24, 9, "10.255.0.9");
	world_route_peer("10.1.11.0", 24, 11, "10.255.0.11");
	world_route("10.1.50.0", 24, (struct nhrp_route){.kind = NHRP_ROUTE_OTHER});
	world_route("10.1.60.0", 24,
		(struct nhrp_route){.kind = NHRP_ROUTE_PEER, .iface = 2, .peer = 31});
}

static void test_sent(void)
{
	open_redirecting(NULL);
	CU_ASSERT_EQUAL(hint_to(9, 11, 7), 1);
	CU_ASSERT_EQUAL(last(0)->peer, 9);
	CU_ASSERT_EQUAL(world.p.type, NHRP_TRAFFIC_INDICATION);
	CU_ASSERT(world.p.hop_count >= 1);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_proto), be(HUB));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_nbma), be(HUB_NBMA));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.dst_proto), be("10.1.9.5"));
	CU_ASSERT_EQUAL(world.p.payload.len, 128);
	CU_ASSERT_EQUAL(memcmp(world.p.payload.at, head, sizeof(head)), 0);
	CU_ASSERT(!world.p.has_extensions);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_REDIRECTED).address_be, be("10.1.11.7"));
	world_close();
}

static void test_not_sent(void)
{
	open_redirecting(NULL);
	CU_ASSERT_EQUAL(hint_to(9, 50, 1), 0); /* to the hub's LAN */
	CU_ASSERT_EQUAL(hint_to(9, 60, 1), 0); /* another NHRP domain */
	CU_ASSERT_EQUAL(hint_to(9, 9, 1), 0);  /* back to itself */
	CU_ASSERT_EQUAL(hint_to(9, 70, 1), 0); /* nowhere */
	nhrp_hint(world.n, TUNNEL, 9, head, 19, world.now);
	nhrp_hint(world.n, TUNNEL, 9, "\x60", 1, world.now);
	nhrp_hint(world.n, 99, 9, head, sizeof(head), world.now);
	CU_ASSERT_EQUAL(world.n_sent, 0);
	CU_ASSERT_EQUAL(stats().hints, 7);
	world_close();

	world_open(NULL, NULL);
	world_route_peer("10.1.11.0", 24, 11, "10.255.0.11");
	CU_ASSERT_EQUAL(hint_to(9, 11, 7), 0); /* not configured */
	world_close();
}

static void test_limit(void)
{
	unsigned n = 0;

	open_redirecting(NULL);
	/* At 0, 5, 15, 35, 75 and 155 s of 160 in which packets come without end. */
	for (unsigned s = 0; s < 1600; s++) {
		n += hint_to(9, 11, 7);
		world_pass(100);
	}
	CU_ASSERT_EQUAL(n, 6);
	CU_ASSERT_EQUAL(stats().redirects_limited, 1600 - 6);
	/* Another destination, another peer: their own limits. */
	CU_ASSERT_EQUAL(hint_to(9, 11, 8), 1);
	CU_ASSERT_EQUAL(hint_to(10, 11, 7), 1);
	/* Silence makes it new. */
	world_pass(360000);
	CU_ASSERT_EQUAL(hint_to(9, 11, 7), 1);
	world_pass(5000);
	CU_ASSERT_EQUAL(hint_to(9, 11, 7), 1);
	world_close();
}

static void test_purge_clears(void)
{
	struct nhrp_redirect list[4];

	open_redirecting(NULL);
	hint_to(9, 11, 7);
	hint_to(10, 11, 7);
	CU_ASSERT_EQUAL(nhrp_redirect_list(world.n, 0, list, 4), 2);
	CU_ASSERT_EQUAL(list[0].peer, 9);
	CU_ASSERT_EQUAL(list[0].dst_be, be("10.1.11.7"));
	CU_ASSERT_EQUAL(list[0].n_sent, 1);
	CU_ASSERT_EQUAL(nhrp_redirect_list(world.n, 1, list, 4), 1);
	CU_ASSERT_EQUAL(list[0].peer, 10);
	say(9, &(struct say){.type = NHRP_PURGE_REQUEST,
		       .flags = NHRP_FLAG_NO_REPLY,
		       .cies = &(struct say_cie){.proto = "10.1.11.0", .prefix = 24}});
	CU_ASSERT_EQUAL(hint_to(9, 11, 7), 1);
	CU_ASSERT_EQUAL(hint_to(10, 11, 7), 0);
	CU_ASSERT_EQUAL(nhrp_redirect_clear(world.n, be("10.1.0.0"), 16), 2);
	CU_ASSERT_EQUAL(hint_to(10, 11, 7), 1);
	nhrp_peer_gone(world.n, 10, NHRP_END_PEER_GONE, world.now);
	CU_ASSERT_EQUAL(stats().n_redirects, 0);
	world_close();
}

static void test_bounds(void)
{
	unsigned n = 0;

	open_redirecting(&(struct nhrp_params){.redirects_max = 10, .redirects_per_s = 20});
	for (unsigned i = 0; i < 200; i++)
		n += hint_to(9, 11, (uint8_t)i);
	CU_ASSERT_EQUAL(n, 20);
	CU_ASSERT_EQUAL(stats().redirects_capped, 180);
	CU_ASSERT_EQUAL(stats().n_redirects, 10);
	world_pass(1000);
	for (n = 0; n < 200 && hint_to(9, 11, (uint8_t)(n + 1)) == 1; n++)
		;
	CU_ASSERT_EQUAL(n, 20);
	world_close();
}

/* --- received --------------------------------------------------------------------------------- */

static void test_followed(void)
{
	const struct nhrp_nhs nhs = {.address_be = be("10.255.0.2"), .nbma_be = be("192.0.2.9")};
	struct say s = {.type = NHRP_TRAFFIC_INDICATION,
		.src = "10.255.0.2",
		.payload = head,
		.len = sizeof(head)};

	for (int shortcut = 0; shortcut < 2; shortcut++) {
		world_open(NULL,
			&(struct nhrp_iface_params){.shortcut = shortcut, .nhs = &nhs, .n_nhs = 1});
		/* From a spoke: it cannot make us ask. */
		say(9, &s);
		CU_ASSERT_EQUAL(stats().n_shortcuts, 0);
		nhrp_peer_up(world.n, TUNNEL, 2, be("192.0.2.9"), world.now);
		s.nbma = "192.0.2.9";
		say(2, &s);
		CU_ASSERT_EQUAL(stats().n_shortcuts, (unsigned)shortcut);
		CU_ASSERT_EQUAL(bound("10.1.11.7", 32, NULL), shortcut);
		world_close();
		s.nbma = NULL;
	}
}

static const struct unit_test tests[] = {
	{"a hairpin's sender is told", test_sent},
	{"only hairpins of one domain, and if configured", test_not_sent},
	{"ever less often for the same pair", test_limit},
	{"a purge lets it be told again", test_purge_clears},
	{"pairs and rate are bounded", test_bounds},
	{"an indication of a server is followed", test_followed},
};

UNIT_MAIN("nhrp: redirect", tests)
