/* SPDX-License-Identifier: BSD-3-Clause */
/* The hub as a client of other servers: registering, resolving; and static maps. */
#include <errno.h>

#include "tests/nhrp/world.h"

#define NHS      "10.255.0.2"
#define NHS_NBMA "192.0.2.9"
#define NHS_PEER 2

static void open_client(bool cisco, const char *address)
{
	const struct nhrp_nhs nhs = {.address_be = address == NULL ? 0 : be(address),
		.nbma_be = be(NHS_NBMA),
		.cisco = cisco};

	world_open(NULL, &(struct nhrp_iface_params){
				 .shortcut = true, .holding = 300, .nhs = &nhs, .n_nhs = 1});
	world.peers[NHS_PEER].nbma_be = be(NHS_NBMA);
	world.peers[30].nbma_be = be("203.0.113.30");
	world_pass(0);
}

static struct nhrp_nhs_status status(void)
{
	struct nhrp_nhs_status s;

	CU_ASSERT_EQUAL_FATAL(nhrp_nhs_list(world.n, 0, &s, 1), 1);
	return s;
}

/* The server's reply to our last request. */
static void nhs_replies(uint8_t code)
{
	last(0);
	CU_ASSERT_EQUAL_FATAL(world.p.type, NHRP_REGISTRATION_REQUEST);
	say(NHS_PEER, &(struct say){.type = NHRP_REGISTRATION_REPLY,
			      .id = world.p.request_id,
			      .src = HUB,
			      .dst = NHS,
			      .outer = NHS_NBMA,
			      .nat_proto = HUB,
			      .nat_nbma = "203.0.113.1",
			      .cies = &(struct say_cie){.code = code, .prefix = 255}});
}

static void test_register(void)
{
	uint32_t id;

	open_client(false, NHS);
	CU_ASSERT_EQUAL(last(0)->peer, NHS_PEER);
	CU_ASSERT_EQUAL(world.p.type, NHRP_REGISTRATION_REQUEST);
	CU_ASSERT_EQUAL(world.p.flags, NHRP_FLAG_REG_UNIQUE | NHRP_FLAG_NAT);
	CU_ASSERT_EQUAL(world.cie.prefix_len, 255);
	CU_ASSERT_EQUAL(world.cie.holding, 300);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_proto), be(HUB));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.dst_proto), be(NHS));
	CU_ASSERT_STRING_EQUAL(ext_order(), "rfvn");
	id = world.p.request_id;
	/* Lost: the same again. */
	world_pass(1000);
	CU_ASSERT_EQUAL(world.n_sent, 2);
	CU_ASSERT(last(0) && world.p.request_id == id);
	nhs_replies(0);
	CU_ASSERT_EQUAL(status().state, NHRP_NHS_UP);
	CU_ASSERT_EQUAL(status().public_be, be("203.0.113.1"));
	CU_ASSERT_EQUAL(events_of(NHRP_EV_NHS_UP), 1);
	CU_ASSERT(bound(NHS, 32, NULL));
	/* A third of 300 s later, under another id. */
	world_pass(89000);
	CU_ASSERT_EQUAL(world.n_sent, 2);
	for (unsigned k = 0; k < 130 && world.n_sent == 2; k++)
		world_pass(100);
	CU_ASSERT_EQUAL(world.n_sent, 3);
	CU_ASSERT(last(0) && world.p.request_id != id);
	nhs_replies(0);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_NHS_UP), 1);
	world_close();
}

static void test_unanswered(void)
{
	open_client(false, NHS);
	nhs_replies(0);
	world.n_sent = 0;
	world_pass(1000000);
	/* 1, 2, 4, ... 64 s apart. */
	CU_ASSERT(world.n_sent > 10 && world.n_sent < 30);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_NHS_DOWN), 1);
	CU_ASSERT_EQUAL(status().state, NHRP_NHS_REGISTERING);
	nhs_replies(0);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_NHS_UP), 2);
	world_close();
}

static void test_learned(void)
{
	open_client(false, NULL);
	last(0);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.dst_proto), be(HUB));
	nhs_replies(0);
	CU_ASSERT_EQUAL(status().address_be, be(NHS));
	world_close();
}

static void test_code_14(void)
{
	uint32_t id;

	open_client(true, NHS);
	last(0);
	id = world.p.request_id;
	nhs_replies(NHRP_CODE_UNIQUE_EXISTS);
	CU_ASSERT_EQUAL(status().state, NHRP_NHS_REFUSED);
	CU_ASSERT_EQUAL(status().code, NHRP_CODE_UNIQUE_EXISTS);
	CU_ASSERT_EQUAL(event_of(NHRP_EV_NHS_DOWN).code, NHRP_CODE_UNIQUE_EXISTS);
	/* As Cisco's clients: purge without reply, under the same id, then again after 2 s. */
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_PURGE_REQUEST);
	CU_ASSERT(world.p.flags & NHRP_FLAG_NO_REPLY);
	CU_ASSERT_EQUAL(world.p.request_id, id);
	world.n_sent = 0;
	world_pass(1999);
	CU_ASSERT_EQUAL(world.n_sent, 0);
	world_pass(1);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	nhs_replies(0);
	CU_ASSERT_EQUAL(status().state, NHRP_NHS_UP);
	world_close();
}

static void test_unsolicited(void)
{
	open_client(false, NHS);
	last(0);
	/* From another peer, and with another id. */
	say(9, &(struct say){.type = NHRP_REGISTRATION_REPLY,
		       .id = world.p.request_id,
		       .src = HUB,
		       .cies = &(struct say_cie){0}});
	say(NHS_PEER, &(struct say){.type = NHRP_REGISTRATION_REPLY,
			      .id = world.p.request_id + 1,
			      .src = HUB,
			      .cies = &(struct say_cie){0}});
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_UNSOLICITED], 2);
	CU_ASSERT_EQUAL(status().state, NHRP_NHS_REGISTERING);
	world_close();
}

static void test_nhs_gone(void)
{
	open_client(false, NHS);
	nhs_replies(0);
	world.peers[NHS_PEER].nbma_be = 0;
	world.peers[NHS_PEER].gone = true;
	nhrp_peer_gone(world.n, NHS_PEER, NHRP_END_PEER_DEAD, world.now);
	CU_ASSERT_EQUAL(status().state, NHRP_NHS_DOWN);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_NHS_DOWN), 1);
	world_pass(500000);
	world.peers[3].nbma_be = be(NHS_NBMA);
	nhrp_peer_up(world.n, TUNNEL, 3, be(NHS_NBMA), world.now);
	world_pass(0);
	CU_ASSERT_EQUAL(last(0)->peer, 3);
	world_close();
}

/* Two servers: each is registered with by itself, and what is asked is asked of one that lives. */
static void test_two_servers(void)
{
	const struct nhrp_nhs two[] = {{be(NHS), be(NHS_NBMA), false, false},
		{be("10.255.0.3"), be("192.0.2.10"), false, false}};
	struct nhrp_nhs_status s[2];
	unsigned first, second;

	world_open(NULL, &(struct nhrp_iface_params){.shortcut = true, .nhs = two, .n_nhs = 2});
	world.peers[NHS_PEER].nbma_be = be(NHS_NBMA);
	world.peers[3].nbma_be = be("192.0.2.10");
	world_pass(0);
	CU_ASSERT_EQUAL_FATAL(world.n_sent, 2);
	for (unsigned k = 0; k < 2; k++) {
		uint32_t peer = last(k)->peer;

		say(peer, &(struct say){.type = NHRP_REGISTRATION_REPLY,
				  .id = world.p.request_id,
				  .src = HUB,
				  .dst = peer == 3 ? "10.255.0.3" : NHS,
				  .outer = peer == 3 ? "192.0.2.10" : NHS_NBMA,
				  .cies = &(struct say_cie){.prefix = 255}});
	}
	CU_ASSERT_EQUAL_FATAL(nhrp_nhs_list(world.n, 0, s, 2), 2);
	CU_ASSERT(s[0].state == NHRP_NHS_UP && s[1].state == NHRP_NHS_UP);
	world.n_sent = 0;
	nhrp_resolve(world.n, TUNNEL, be("10.4.1.1"), world.now);
	CU_ASSERT_EQUAL_FATAL(world.n_sent, 1);
	first = last(0)->peer;
	second = first == 3 ? NHS_PEER : 3;
	world.peers[first].gone = true;
	world.peers[first].nbma_be = 0;
	nhrp_peer_gone(world.n, first, NHRP_END_PEER_DEAD, world.now);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_NHS_DOWN), 1);
	world.n_sent = 0;
	nhrp_resolve(world.n, TUNNEL, be("10.5.1.1"), world.now);
	CU_ASSERT_EQUAL_FATAL(world.n_sent, 1);
	CU_ASSERT_EQUAL(last(0)->peer, second);
	CU_ASSERT(bound(second == 3 ? "10.255.0.3" : NHS, 32, NULL));
	world_close();
}

static void test_shutdown(void)
{
	open_client(false, NHS);
	nhs_replies(0);
	nhrp_shutdown(world.n, world.now);
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_PURGE_REQUEST);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be(HUB));
	/* And is not made again. */
	world.n_sent = 0;
	world_pass(1000000);
	CU_ASSERT_EQUAL(world.n_sent, 0);
	world_close();
}

/* --- resolving -------------------------------------------------------------------------------- */

static uint32_t ask_for(const char *dst)
{
	world_route_peer("10.4.0.0", 16, NHS_PEER, NHS);
	nhs_replies(0);
	world.n_sent = 0;
	nhrp_resolve(world.n, TUNNEL, be(dst), world.now);
	CU_ASSERT_EQUAL_FATAL(world.n_sent, 1);
	CU_ASSERT_EQUAL(last(0)->peer, NHS_PEER);
	CU_ASSERT_EQUAL(world.p.type, NHRP_RESOLUTION_REQUEST);
	return world.p.request_id;
}

static void answer(uint32_t id, uint8_t code, uint8_t prefix, uint16_t holding)
{
	say(NHS_PEER, &(struct say){.type = NHRP_RESOLUTION_REPLY,
			      .id = id,
			      .src = HUB,
			      .dst = "10.4.1.1",
			      .outer = NHS_NBMA,
			      .cies = &(struct say_cie){.code = code,
				      .prefix = prefix,
				      .holding = holding,
				      .mtu = 9000,
				      .proto = "10.255.0.30",
				      .nbma = "203.0.113.30"}});
}

static void test_resolve(void)
{
	struct nhrp_event ev;
	struct nhrp_binding b;
	uint32_t id;

	open_client(false, NHS);
	id = ask_for("10.4.1.1");
	CU_ASSERT(bound("10.4.1.1", 32, &b) && b.type == NHRP_INCOMPLETE);
	/* Asked for already. */
	nhrp_resolve(world.n, TUNNEL, be("10.4.1.1"), world.now);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	answer(id + 1, 0, 24, 100);
	CU_ASSERT_EQUAL(last(0)->peer, NHS_PEER);
	CU_ASSERT_EQUAL(world.p.code, NHRP_ERROR_REPLY_INVALID);
	answer(id, 0, 24, 100);
	CU_ASSERT(bound("10.4.1.0", 24, &b));
	CU_ASSERT(!bound("10.4.1.1", 32, NULL));
	CU_ASSERT_EQUAL(b.type, NHRP_CACHED);
	CU_ASSERT_EQUAL(b.nbma_be, be("203.0.113.30"));
	CU_ASSERT_EQUAL(b.next_hop_be, be("10.255.0.30"));
	CU_ASSERT_EQUAL(b.mtu, 1400);
	ev = event_of(NHRP_EV_SHORTCUT_UP);
	CU_ASSERT_EQUAL(ev.address_be, be("10.4.1.0"));
	CU_ASSERT_EQUAL(ev.len, 24);
	CU_ASSERT_EQUAL(world.bound.address_be, be("10.4.1.0"));
	CU_ASSERT(b.up && b.peer == 30 && world.bound.peer == 30 && world.bound.len == 24);
	/* Asked again some time before its end, as it is used; then not answered, and over. */
	world.n_sent = 0;
	world_pass(86000);
	CU_ASSERT(world.n_sent >= 1);
	CU_ASSERT(bound("10.4.1.0", 24, NULL));
	world_pass(14000);
	CU_ASSERT(!bound("10.4.1.0", 24, NULL));
	CU_ASSERT_EQUAL(event_of(NHRP_EV_SHORTCUT_DOWN).end, NHRP_END_EXPIRED);
	CU_ASSERT_EQUAL(world.unbound, NHRP_END_EXPIRED);
	world_close();
}

/* Without an SA to its end a shortcut waits; it ends with the SA, or when it is led elsewhere. */
static void test_shortcut_sa(void)
{
	struct nhrp_binding b;
	unsigned n_bound;

	open_client(false, NHS);
	world.peers[30].nbma_be = 0;
	n_bound = world.n_bound;
	answer(ask_for("10.4.1.1"), 0, 24, 100);
	CU_ASSERT(bound("10.4.1.0", 24, &b) && !b.up && b.peer == NHRP_PEER_NONE);
	CU_ASSERT_EQUAL(world.n_bound, n_bound);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_SHORTCUT_UP), 0);
	nhrp_peer_up(world.n, TUNNEL, 31, be("203.0.113.31"), world.now);
	CU_ASSERT(bound("10.4.1.0", 24, &b) && !b.up);
	nhrp_peer_up(world.n, TUNNEL, 30, be("203.0.113.30"), world.now);
	CU_ASSERT(bound("10.4.1.0", 24, &b) && b.up && b.peer == 30);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_SHORTCUT_UP), 1);
	nhrp_peer_gone(world.n, 30, NHRP_END_PEER_DEAD, world.now);
	CU_ASSERT(!bound("10.4.1.0", 24, NULL));
	CU_ASSERT_EQUAL(world.unbound, NHRP_END_PEER_DEAD);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_SHORTCUT_DOWN), 1);
	world_close();
	/* Not to be installed: then it is not up. */
	open_client(false, NHS);
	world.bind_rc = -ENOSPC;
	answer(ask_for("10.4.1.1"), 0, 24, 100);
	CU_ASSERT(bound("10.4.1.0", 24, &b) && !b.up);
	CU_ASSERT_EQUAL(events_of(NHRP_EV_SHORTCUT_UP), 0);
	world_close();
}

/*
 * What the hub only has from others it tells nobody: an authoritative answer comes from who serves
 * the network.
 */
static void test_not_authoritative(void)
{
	open_client(false, NHS);
	answer(ask_for("10.4.1.1"), 0, 24, 100);
	CU_ASSERT(bound("10.4.1.0", 24, NULL));
	for (unsigned authoritative = 0; authoritative < 2; authoritative++) {
		say(9, &(struct say){.type = NHRP_RESOLUTION_REQUEST,
			       .flags = NHRP_FLAG_ROUTER |
					(authoritative ? NHRP_FLAG_AUTHORITATIVE : 0),
			       .dst = "10.4.1.7",
			       .cies = &(struct say_cie){.prefix = 32}});
		CU_ASSERT_EQUAL(last(0)->peer, NHS_PEER);
		CU_ASSERT_EQUAL(world.p.type, NHRP_RESOLUTION_REQUEST);
		CU_ASSERT_EQUAL((world.p.flags & NHRP_FLAG_AUTHORITATIVE) != 0, authoritative == 1);
	}
	CU_ASSERT_EQUAL(stats().answered, 0);
	world_close();
}

static void test_greedy(void)
{
	/* Whoever answers 0/1 gets no more than the route that was asked about. */
	open_client(false, NHS);
	answer(ask_for("10.4.1.1"), 0, 1, 100);
	CU_ASSERT(bound("10.4.0.0", 16, NULL));
	CU_ASSERT_EQUAL(stats().n_shortcuts, 1);
	world_close();
}

static void test_negative(void)
{
	static const uint8_t codes[] = {NHRP_CODE_NO_BINDING, NHRP_CODE_NO_BINDING_OLD};
	struct nhrp_binding b;

	for (size_t i = 0; i < 2; i++) {
		open_client(false, NHS);
		answer(ask_for("10.4.1.1"), codes[i], 0, 0);
		CU_ASSERT(bound("10.4.1.1", 32, &b) && b.type == NHRP_NEGATIVE);
		nhrp_resolve(world.n, TUNNEL, be("10.4.1.1"), world.now);
		CU_ASSERT_EQUAL(world.n_sent, 1);
		world_pass(180000);
		CU_ASSERT(!bound("10.4.1.1", 32, NULL));
		world_close();
	}
	/* Nobody answers. */
	open_client(false, NHS);
	ask_for("10.4.1.1");
	world_pass(64000);
	CU_ASSERT(bound("10.4.1.1", 32, &b) && b.type == NHRP_NEGATIVE);
	world_close();
}

static void test_purged(void)
{
	struct say s = {.type = NHRP_PURGE_REQUEST,
		.src = NHS,
		.cies = &(struct say_cie){.proto = "10.4.1.0", .prefix = 24}};

	open_client(false, NHS);
	answer(ask_for("10.4.1.1"), 0, 24, 100);
	say(9, &s);
	CU_ASSERT(bound("10.4.1.0", 24, NULL));
	s.nbma = NHS_NBMA;
	say(NHS_PEER, &s);
	CU_ASSERT(!bound("10.4.1.0", 24, NULL));
	CU_ASSERT_EQUAL(last(0)->peer, NHS_PEER);
	CU_ASSERT_EQUAL(world.p.type, NHRP_PURGE_REPLY);
	world_close();
}

/* --- maps ------------------------------------------------------------------------------------- */

static void test_maps(void)
{
	struct nhrp_map maps[] = {{{be("10.255.0.40"), 32}, be("203.0.113.40"), 0, 0, 0},
		{{be("10.255.0.41"), 32}, be("203.0.113.41"), true, true, 0}};
	struct nhrp_iface_params p = {.maps = maps,
		.n_maps = 2,
		.address_be = be(HUB),
		.len = 24,
		.nbma_be = be(HUB_NBMA),
		.mtu = 1400};
	struct nhrp_binding b;

	world_open(NULL, &p);
	CU_ASSERT(bound("10.255.0.40", 32, &b));
	CU_ASSERT(b.type == NHRP_STATIC && !b.up && b.peer == NHRP_PEER_NONE);
	nhrp_peer_up(world.n, TUNNEL, 40, be("203.0.113.40"), world.now);
	CU_ASSERT(bound("10.255.0.40", 32, &b) && b.up && b.peer == 40);
	/* Nobody else may have it; the map's peer may say so itself. */
	CU_ASSERT_EQUAL(say_register_as(9, "10.255.0.40", 0), NHRP_CODE_PROHIBITED);
	CU_ASSERT_EQUAL(stats().refused[NHRP_REFUSE_MAPPED], 1);
	nhrp_peer_gone(world.n, 40, NHRP_END_PEER_GONE, world.now);
	CU_ASSERT(bound("10.255.0.40", 32, &b) && !b.up);
	/* `register` */
	nhrp_peer_up(world.n, TUNNEL, 41, be("203.0.113.41"), world.now);
	world_pass(0);
	CU_ASSERT_EQUAL(last(0)->peer, 41);
	CU_ASSERT_EQUAL(world.p.type, NHRP_REGISTRATION_REQUEST);
	CU_ASSERT_EQUAL(world.p.flags, NHRP_FLAG_NAT);
	CU_ASSERT_EQUAL(world.cie.prefix_len, 32);
	/* Taken out of the configuration. */
	p.n_maps = 0;
	CU_ASSERT_EQUAL(nhrp_interface_change(world.n, TUNNEL, &p, world.now), 0);
	CU_ASSERT(!bound("10.255.0.40", 32, NULL) && !bound("10.255.0.41", 32, NULL));
	CU_ASSERT_EQUAL(nhrp_nhs_list(world.n, 0, &(struct nhrp_nhs_status){0}, 1), 0);
	world_close();
}

static void test_multicast(void)
{
	const uint32_t only = be("10.255.0.9");
	struct nhrp_binding b;

	world_open(NULL, &(struct nhrp_iface_params){.multicast = NHRP_MULTICAST_DYNAMIC});
	say_register(8, 60);
	CU_ASSERT(world.bound.multicast);
	world_close();
	world_open(NULL, &(struct nhrp_iface_params){.multicast_be = &only, .n_multicast = 1});
	say_register(8, 60);
	say_register(9, 60);
	CU_ASSERT(bound("10.255.0.8", 32, &b) && !b.multicast);
	CU_ASSERT(bound("10.255.0.9", 32, &b) && b.multicast);
	world_close();
}

static void test_change_keeps(void)
{
	struct nhrp_iface_params p = {.address_be = be(HUB),
		.len = 24,
		.nbma_be = be(HUB_NBMA),
		.mtu = 1300,
		.holding = 100};

	world_open(NULL, NULL);
	say_register(9, 60);
	CU_ASSERT_EQUAL(nhrp_interface_change(world.n, TUNNEL, &p, world.now), 0);
	CU_ASSERT(bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(world.bound.mtu, 1300);
	CU_ASSERT_EQUAL(world.n_unbound, 0);
	p.address_be = be("10.250.0.1");
	CU_ASSERT_EQUAL(nhrp_interface_change(world.n, TUNNEL, &p, world.now), 0);
	CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(world.unbound, NHRP_END_CONFIG);
	p.mtu = 0;
	CU_ASSERT_EQUAL(nhrp_interface_change(world.n, TUNNEL, &p, world.now), -EINVAL);
	CU_ASSERT_EQUAL(nhrp_interface_change(world.n, 9, &p, world.now), -ENOENT);
	world_close();
}

static void test_cursor(void)
{
	struct nhrp_cursor c, other;
	struct nhrp_binding b;
	unsigned n = 0;

	world_open(NULL, NULL);
	for (uint32_t i = 10; i < 20; i++)
		say_register(i, 60);
	nhrp_cache_open(world.n, &other, &(struct nhrp_selector){.by_peer = true, .peer = 19});
	nhrp_cache_open(world.n, &c, NULL);
	while (nhrp_cache_next(&c, &b)) {
		CU_ASSERT_EQUAL(b.address_be, htonl(0x0aff000a + n));
		n++;
		/* What comes next goes away, and new ones come. */
		if (n == 3)
			nhrp_peer_gone(world.n, 13, NHRP_END_PEER_GONE, world.now);
		if (n == 3)
			n++;
		if (n == 8)
			say_register(20, 60);
	}
	CU_ASSERT_EQUAL(n, 11);
	nhrp_cache_close(&c);
	CU_ASSERT(nhrp_cache_next(&other, &b) && b.peer == 19);
	CU_ASSERT(!nhrp_cache_next(&other, &b));
	nhrp_cache_close(&other);
	CU_ASSERT_EQUAL(
		world_clear(&(struct nhrp_selector){.address_be = be("10.255.0.16"), .len = 30}),
		4);
	world_close();
}

static const struct unit_test tests[] = {
	{"RFC 2332 5.2.3: registers, and again after a third of the holding time", test_register},
	{"a server that does not answer", test_unanswered},
	{"a server's address is learned from its reply", test_learned},
	{"RFC 2332 5.2.4: code 14", test_code_14},
	{"RFC 2332 5.2.0.1: replies nobody waits for", test_unsolicited},
	{"a server's SAs go and come", test_nhs_gone},
	{"several servers, one dies", test_two_servers},
	{"shutdown takes the registration back", test_shutdown},
	{"RFC 2332 5.2.1, 6.2.1: a prefix is resolved and renewed", test_resolve},
	{"a shortcut is there while its SA is", test_shortcut_sa},
	{"RFC 2332 5.2.1: nothing that was only cached is answered", test_not_authoritative},
	{"RFC 2332 6.2: an answer draws no more than its route", test_greedy},
	{"RFC 2332 5.2.2: codes 12 and 11, and no answer", test_negative},
	{"RFC 2332 5.2.5: a shortcut is purged", test_purged},
	{"static maps", test_maps},
	{"whom multicast is copied to", test_multicast},
	{"a change of parameters keeps what it can", test_change_keeps},
	{"walking the cache while it changes", test_cursor},
};

UNIT_MAIN("nhrp: client", tests)
