/* SPDX-License-Identifier: BSD-3-Clause */
/* Purges: what a spoke takes back, and who is told when something ends. */
#include "common/hex.h"
#include "tests/nhrp/samples.h"
#include "tests/nhrp/world.h"

static unsigned say_purge(uint32_t peer, const char *proto, uint8_t prefix, uint16_t flags)
{
	return say(peer, &(struct say){.type = NHRP_PURGE_REQUEST,
				 .flags = flags,
				 .id = 77,
				 .cies = &(struct say_cie){.proto = proto, .prefix = prefix}});
}

static void test_take_back(void)
{
	world_open(NULL, NULL);
	say_register(9, 60);
	CU_ASSERT_EQUAL(say_purge(9, "10.255.0.9", 32, 0), 1);
	CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	CU_ASSERT_EQUAL(world.unbound, NHRP_END_PURGED);
	CU_ASSERT_EQUAL(last(0)->peer, 9);
	CU_ASSERT_EQUAL(world.p.type, NHRP_PURGE_REPLY);
	CU_ASSERT_EQUAL(world.p.request_id, 77);
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_proto), be("10.255.0.9"));
	CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be("10.255.0.9"));
	CU_ASSERT_STRING_EQUAL(ext_order(), "rfvn");
	/* N: no reply. And a whole network of them. */
	say_register(9, 60);
	CU_ASSERT_EQUAL(say_purge(9, "10.255.0.0", 24, NHRP_FLAG_NO_REPLY), 0);
	CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	world_close();
}

static void test_nothing_there(void)
{
	uint8_t bytes[NHRP_PACKET_MAX];
	ssize_t len = hex_parse(SAMPLE_OPENNHRP_PURGE, bytes, sizeof(bytes));

	world_open(NULL, NULL);
	nhrp_receive(world.n, TUNNEL, 11, be("192.0.2.11"), bytes, (size_t)len, world.now);
	last(0);
	CU_ASSERT_EQUAL(world.p.type, NHRP_PURGE_REPLY);
	CU_ASSERT_EQUAL(world.p.n_cies, 3);
	world_close();
}

static void test_others(void)
{
	/* What another spoke registered is not its to take back. */
	world_open(NULL, NULL);
	say_register(9, 60);
	CU_ASSERT_EQUAL(say_purge(20, "10.255.0.9", 32, 0), 1);
	CU_ASSERT_EQUAL(say_purge(20, "0.0.0.0", 1, 0), 1);
	CU_ASSERT(bound("10.255.0.9", 32, NULL));
	world_close();
}

static void test_narrow(void)
{
	struct say s = {.type = NHRP_PURGE_REQUEST,
		.cies = &(struct say_cie){.proto = "10.255.0.9", .nbma = "203.0.113.99"}};

	world_open(NULL, NULL);
	say_register(9, 60);
	say(9, &s);
	CU_ASSERT(bound("10.255.0.9", 32, NULL));
	s.cies = &(struct say_cie){.proto = "10.255.0.9", .nbma = "198.51.100.9"};
	say(9, &s);
	CU_ASSERT(!bound("10.255.0.9", 32, NULL));
	world_close();
}

/* 9 was sent on to 11 for a network; 10 for its tunnel address. */
static void open_with_requesters(void)
{
	world_open(NULL, NULL);
	world_route_peer("10.1.11.0", 24, 11, "10.255.0.11");
	say_register(9, 600);
	say_register(10, 600);
	say_register(11, 600);
	say_resolve(9, "10.1.11.5");
	say_resolve(10, "10.255.0.11");
	CU_ASSERT_EQUAL(stats().n_requesters, 2);
	world.n_sent = 0;
}

static void purged(uint32_t peer, const char *source, const char *prefix, uint8_t len)
{
	for (unsigned k = 0; k < world.n_sent; k++) {
		if (last(k)->peer != peer || world.p.type != NHRP_PURGE_REQUEST)
			continue;
		CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_proto), be(HUB));
		CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.src_nbma), be(HUB_NBMA));
		CU_ASSERT_EQUAL(nhrp_addr_be(&world.p.dst_proto), be(source));
		CU_ASSERT_EQUAL(nhrp_addr_be(&world.cie.proto), be(prefix));
		CU_ASSERT_EQUAL(world.cie.prefix_len, len);
		CU_ASSERT_EQUAL(world.cie.holding, 0);
		CU_ASSERT_EQUAL(world.cie.nbma.len, 0);
		CU_ASSERT_EQUAL(world.p.flags & NHRP_FLAG_NO_REPLY, 0);
		return;
	}
	CU_FAIL("not purged");
}

static void both_purged(void)
{
	CU_ASSERT_EQUAL(world.n_sent, 2);
	purged(9, "10.255.0.9", "10.1.11.0", 24);
	purged(10, "10.255.0.10", "10.255.0.11", 32);
	CU_ASSERT_EQUAL(stats().n_requesters, 0);
	CU_ASSERT_EQUAL(stats().n_purges, 2);
	world_close();
}

static void test_end(void)
{
	open_with_requesters();
	world.peers[11].gone = true;
	nhrp_peer_gone(world.n, 11, NHRP_END_PEER_GONE, world.now);
	both_purged();

	open_with_requesters();
	nhrp_peer_moved(world.n, 11, be("203.0.113.1"), world.now);
	both_purged();

	open_with_requesters();
	world_clear(&(struct nhrp_selector){.by_peer = true, .peer = 11});
	both_purged();

	open_with_requesters();
	world.peers[21].id.proof = NHRP_MANUAL;
	say_register_as(21, "10.255.0.11", 0);
	CU_ASSERT_EQUAL(last(0)->peer, 21);
	world.n_sent--;
	both_purged();
}

static void change(const char *prefix, uint8_t len)
{
	struct nhrp_change c = {.prefix = {be(prefix), len}};

	while (nhrp_route_changed(world.n, &c, 1, world.now))
		;
}

/* The way to what somebody was told changes, and no lease does. */
static void test_routes(void)
{
	/* Another network; the same way as before. */
	open_with_requesters();
	change("10.1.12.0", 24);
	change("10.1.11.0", 24);
	change("0.0.0.0", 0);
	change("10.255.0.11", 32);
	CU_ASSERT_EQUAL(world.n_sent, 0);
	/* It is 20's now. */
	world.n_routes = 0;
	world_route_peer("10.1.11.0", 24, 20, "10.255.0.20");
	change("10.1.11.0", 24);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	purged(9, "10.255.0.9", "10.1.11.0", 24);
	CU_ASSERT_EQUAL(stats().n_requesters, 1);
	world_close();
	/* It is nobody's, and all routes went at once. */
	open_with_requesters();
	world.n_routes = 0;
	change("0.0.0.0", 0);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	purged(9, "10.255.0.9", "10.1.11.0", 24);
	/* The lease's own address is no matter of routes. */
	CU_ASSERT_EQUAL(stats().n_requesters, 1);
	world_close();
	/* A part of it is somebody else's. */
	open_with_requesters();
	world_route_peer("10.1.11.128", 25, 20, "10.255.0.20");
	change("10.1.11.128", 25);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	purged(9, "10.255.0.9", "10.1.11.0", 24);
	world_close();
	/* Known by what the reply said: wider, and many of them. */
	world_open(NULL, NULL);
	world_route_peer("10.0.0.0", 8, 11, "10.255.0.11");
	say_register(11, 600);
	for (uint32_t i = 20; i < 50; i++)
		say_resolve(i, i % 2 ? "10.1.1.1" : "10.2.2.2");
	CU_ASSERT_EQUAL(stats().n_requesters, 30);
	world.n_sent = 0;
	world.n_routes = 0;
	change("10.0.0.0", 8);
	CU_ASSERT_EQUAL(world.n_sent, 30);
	CU_ASSERT_EQUAL(stats().n_requesters, 0);
	world_close();
}

static void test_over(void)
{
	/* Its lease ends by itself: nobody believes in it any more either. */
	open_with_requesters();
	world_pass(600000);
	CU_ASSERT_EQUAL(stats().n_leases, 0);
	CU_ASSERT_EQUAL(world.n_sent, 0);
	CU_ASSERT_EQUAL(stats().n_requesters, 0);
	world_close();
}

static void test_learn(void)
{
	/* The reply said /28 and 1000 s: that is what must be purged, and for so long. */
	open_with_requesters();
	say(11, &(struct say){.type = NHRP_RESOLUTION_REPLY,
			.src = "10.255.0.9",
			.dst = "10.1.11.5",
			.outer = "198.51.100.11",
			.cies = &(struct say_cie){.prefix = 28,
				.holding = 1000,
				.proto = "10.255.0.11",
				.nbma = "198.51.100.11"}});
	world.n_sent = 0;
	nhrp_peer_gone(world.n, 11, NHRP_END_PEER_GONE, world.now);
	purged(9, "10.255.0.9", "10.1.11.0", 28);
	world_close();
}

static void answer_purge(uint32_t peer, uint32_t id)
{
	say(peer, &(struct say){.type = NHRP_PURGE_REPLY,
			  .id = id,
			  .src = HUB,
			  .dst = "10.255.0.9",
			  .cies = &(struct say_cie){.proto = "10.1.11.0", .prefix = 24}});
}

static void test_repeated(void)
{
	uint32_t id, nine = 0;

	open_with_requesters();
	nhrp_peer_gone(world.n, 11, NHRP_END_PEER_GONE, world.now);
	last(last(0)->peer == 9 ? 0 : 1);
	id = world.p.request_id;
	/* Only who was asked may answer. */
	answer_purge(10, id);
	CU_ASSERT_EQUAL(stats().n_purges, 2);
	answer_purge(9, id);
	CU_ASSERT_EQUAL(stats().n_purges, 1);
	CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_UNSOLICITED], 1);
	/* The other one does not answer: 1, 2, 4 and 8 s. */
	world.n_sent = 0;
	world_pass(20000);
	for (unsigned k = 0; k < world.n_sent; k++)
		nine += last(k)->peer == 9;
	CU_ASSERT_EQUAL(nine, 0);
	CU_ASSERT_EQUAL(world.n_sent, 3);
	CU_ASSERT_EQUAL(stats().n_purges, 0);
	CU_ASSERT_EQUAL(stats().purges_unanswered, 1);
	world_close();
}

static void test_requester_gone(void)
{
	open_with_requesters();
	world.peers[9].gone = true;
	nhrp_peer_gone(world.n, 9, NHRP_END_PEER_GONE, world.now);
	CU_ASSERT_EQUAL(stats().n_requesters, 1);
	nhrp_peer_gone(world.n, 11, NHRP_END_PEER_GONE, world.now);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	/* And one that goes while its answer is waited for. */
	world.peers[10].gone = true;
	nhrp_peer_gone(world.n, 10, NHRP_END_PEER_GONE, world.now);
	world_pass(60000);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	CU_ASSERT_EQUAL(stats().n_purges, 0);
	world_close();
}

static void test_full(void)
{
	struct nhrp_binding b;

	/* The oldest is told and forgotten. */
	world_open(&(struct nhrp_params){.requesters_per_lease = 2}, NULL);
	say_register(11, 600);
	say_resolve(20, "10.255.0.11");
	say_resolve(21, "10.255.0.11");
	say_resolve(20, "10.255.0.11");
	world.n_sent = 0;
	say_resolve(22, "10.255.0.11");
	CU_ASSERT_EQUAL(world.n_sent, 2);
	CU_ASSERT_EQUAL(last(1)->peer, 21);
	CU_ASSERT_EQUAL(world.p.type, NHRP_PURGE_REQUEST);
	CU_ASSERT(bound("10.255.0.11", 32, &b) && b.n_requesters == 2);
	CU_ASSERT_EQUAL(stats().requesters_forgotten, 1);
	world_close();
}

static void test_unremembered(void)
{
	world_open(&(struct nhrp_params){.purges_max = 1}, NULL);
	say_register(11, 600);
	say_resolve(20, "10.255.0.11");
	say_resolve(21, "10.255.0.11");
	nhrp_peer_gone(world.n, 11, NHRP_END_PEER_GONE, world.now);
	CU_ASSERT_EQUAL(stats().n_purges, 1);
	/* Without a place for it no answer is asked for. */
	last(0);
	CU_ASSERT(world.p.flags & NHRP_FLAG_NO_REPLY);
	last(1);
	CU_ASSERT_EQUAL(world.p.flags & NHRP_FLAG_NO_REPLY, 0);
	world_close();
}

/* Purge requesters of what they were told within a prefix. @return how many */
static unsigned purge(const char *address, uint8_t len)
{
	const struct nhrp_prefix told = {address == NULL ? 0 : be(address), len};
	struct nhrp_cursor c;
	unsigned n = 0;

	nhrp_cache_open(world.n, &c, NULL);
	while (nhrp_cache_purge(&c, address == NULL ? NULL : &told, 1, world.now, &n))
		;
	nhrp_cache_close(&c);
	return n;
}

static void test_command(void)
{
	/* What overlaps: a part of what 9 was told, a whole that has what 10 was told. */
	open_with_requesters();
	CU_ASSERT_EQUAL(purge("10.1.12.0", 24), 0);
	CU_ASSERT_EQUAL(purge("10.1.11.7", 32), 1);
	CU_ASSERT_EQUAL(world.n_sent, 1);
	purged(9, "10.255.0.9", "10.1.11.0", 24);
	CU_ASSERT_EQUAL(purge("10.0.0.0", 8), 1);
	CU_ASSERT(bound("10.255.0.11", 32, NULL));
	both_purged();

	open_with_requesters();
	CU_ASSERT_EQUAL(purge(NULL, 0), 2);
	CU_ASSERT_EQUAL(stats().n_leases, 3);
	both_purged();
}

/* Each call ends a slice, whatever there is; in between others register. */
static void test_slices(void)
{
	char address[16];
	struct nhrp_cursor c;
	unsigned ended = 0, calls = 0, before;
	bool more;

	world_open(&(struct nhrp_params){.requesters_per_lease = 4},
		&(struct nhrp_iface_params){
			.len = 8, .networks_per_peer = UINT16_MAX, .answer_registered = true});
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(address, sizeof(address), "10.1.%u.%u", i / 250, 1 + i % 250);
		say(9, &(struct say){.type = NHRP_REGISTRATION_REQUEST,
			       .cies = &(struct say_cie){.proto = address, .holding = 600}});
		say_resolve(10, address);
	}
	CU_ASSERT_EQUAL(stats().n_requesters, 10000);
	nhrp_cache_open(world.n, &c, NULL);
	do {
		before = ended;
		world.n_sent = 0;
		more = nhrp_cache_clear(&c, 128, world.now, &ended);
		CU_ASSERT(ended - before <= 128 && world.n_sent <= 128);
		calls++;
		if (ended > 5000 && before <= 5000)
			CU_ASSERT_EQUAL(say_register(11, 60), 0);
	} while (more);
	nhrp_cache_close(&c);
	/* Who came meanwhile comes last. */
	CU_ASSERT_EQUAL(ended, 10001);
	CU_ASSERT_EQUAL(stats().n_leases, 0);
	CU_ASSERT(calls >= 2 * 10000 / 128);
	world_close();
}

static void test_shutdown(void)
{
	for (int with = 0; with < 2; with++) {
		open_with_requesters();
		nhrp_shutdown(world.n, world.now);
		CU_ASSERT_EQUAL(with ? purge(NULL, 0) : 0, with ? 2 : 0);
		CU_ASSERT_EQUAL(world.n_sent, with ? 2 : 0);
		for (unsigned k = 0; k < world.n_sent; k++) {
			last(k);
			CU_ASSERT_EQUAL(world.p.type, NHRP_PURGE_REQUEST);
			CU_ASSERT(world.p.flags & NHRP_FLAG_NO_REPLY);
		}
		/* Nothing that would have to be taken back again. */
		world.n_sent = 0;
		CU_ASSERT_EQUAL(say_resolve(9, "10.255.0.11"), 0);
		CU_ASSERT_EQUAL(say_register(12, 60), -1);
		CU_ASSERT_EQUAL(stats().dropped[NHRP_DROP_CLOSING], 2);
		world_close();
	}
}

static void test_forwarded(void)
{
	/* From one spoke to another. */
	world_open(NULL, NULL);
	say_register(9, 60);
	say_register(11, 60);
	say(9, &(struct say){.type = NHRP_PURGE_REQUEST,
		       .dst = "10.255.0.11",
		       .cies = &(struct say_cie){.proto = "10.255.0.11"}});
	CU_ASSERT_EQUAL(last(0)->peer, 11);
	CU_ASSERT(bound("10.255.0.11", 32, NULL));
	world_close();
}

static const struct unit_test tests[] = {
	{"RFC 2332 5.2.5, 5.2.6: a spoke takes its registration back", test_take_back},
	{"RFC 2332 5.2.5: a reply also if there is nothing", test_nothing_there},
	{"RFC 2332 5.2.5: a spoke cannot take back another's", test_others},
	{"RFC 2332 5.2.5: the NBMA address narrows it", test_narrow},
	{"RFC 2332 5.2.5: requesters are told when a lease ends or moves", test_end},
	{"RFC 2332 5.2.5: requesters are told when a route changes its egress", test_routes},
	{"nobody is told what is over anyway", test_over},
	{"RFC 2332 5.2.5: the reply that passes tells what must be purged", test_learn},
	{"RFC 2332 5.2.5: repeated until answered, not for ever", test_repeated},
	{"a requester that is gone is told nothing", test_requester_gone},
	{"a lease's list of requesters is full", test_full},
	{"too many purges at once", test_unremembered},
	{"RFC 2332 5.2.5: requesters are told by command, leases stay", test_command},
	{"10,000 leases are cleared in slices", test_slices},
	{"shutdown, with purge and without", test_shutdown},
	{"RFC 2332 5.2.5: a purge for somebody else", test_forwarded},
};

UNIT_MAIN("nhrp: purge", tests)
