/* SPDX-License-Identifier: BSD-3-Clause */
/* What the engine says, to whom, and when. */
#include "tests/unit/rip_fixture.h"

#define SPOKE_A "10.254.254.11"
#define SPOKE_B "10.254.254.12"
#define LAN_A   "10.11.0.0"

static unsigned count(uint32_t iface, enum rip_command command)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fx.n_sent; i++)
		n += fx.sent[i].out.iface == iface && fx.sent[i].packet.command == command;
	return n;
}

static void test_start(void)
{
	fx_defaults();
	fx_start();
	CU_ASSERT_EQUAL_FATAL(fx.n_sent, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct sent *s = &fx.sent[i];

		CU_ASSERT_EQUAL(s->out.dst_be, htonl(RIP_GROUP));
		CU_ASSERT_EQUAL(s->out.dst_port, RIP_PORT);
		CU_ASSERT_EQUAL(s->packet.command, RIP_REQUEST);
		CU_ASSERT_EQUAL(s->packet.version, 2);
		CU_ASSERT_EQUAL_FATAL(s->packet.n, 1);
		CU_ASSERT_EQUAL(s->packet.entries[0].family, 0);
		CU_ASSERT_EQUAL(s->packet.entries[0].metric, 16);
	}
	CU_ASSERT_EQUAL(fx.sent[0].out.src_be, be("10.254.254.1"));
	CU_ASSERT_EQUAL(fx.sent[1].out.src_be, be("10.1.0.1"));
	fx_stop();
}

/* RFC 2453 3.8: every 30 s, 5 s more or less by chance. */
static void test_period(void)
{
	uint64_t last = 0, least = UINT64_MAX, most = 0;

	fx_defaults();
	fx.vary = true;
	fx_settled();
	fx_announce("10.1.0.0", 24, RIP_SOURCE_CONNECTED, 1, fx.lan, NULL);
	fx_run(60 * SECOND);
	fx.n_sent = 0;
	fx_run(3000 * SECOND);
	for (unsigned i = 0; i < fx.n_sent; i++) {
		uint64_t gap = fx.sent[i].at - last;

		if (fx.sent[i].out.iface != fx.tun)
			continue;
		if (last != 0) {
			least = gap < least ? gap : least;
			most = gap > most ? gap : most;
		}
		last = fx.sent[i].at;
	}
	CU_ASSERT(least >= 25 * SECOND && least < 28 * SECOND);
	CU_ASSERT(most <= 35 * SECOND && most > 32 * SECOND);
	CU_ASSERT(count(fx.tun, RIP_RESPONSE) > 90 && count(fx.tun, RIP_RESPONSE) < 110);
	/* Its own network is nothing to tell a LAN whose horizon is split. */
	CU_ASSERT_EQUAL(count(fx.lan, RIP_RESPONSE), 0);
	fx_stop();
}

static void test_triggered(void)
{
	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_run(0);
	/* At once, and nothing but what changed. */
	CU_ASSERT_EQUAL_FATAL(count(fx.lan, RIP_RESPONSE), 1);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).metric, 2);
	fx.random = 1500; /* of 0..4000 */
	fx.n_sent = 0;
	fx_tell(fx.tun, SPOKE_B, "10.12.0.0", 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_B, "10.13.0.0", 24, NULL, 1);
	fx_run(999);
	CU_ASSERT_EQUAL(fx.n_sent, 0);
	/* 1 s after the first, for its hold-down was drawn as 0 more. */
	fx_run(1);
	CU_ASSERT_EQUAL_FATAL(count(fx.lan, RIP_RESPONSE), 1);
	CU_ASSERT_EQUAL(fx.sent[0].packet.n, 2);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).metric, 0);
	/* 2.5 s after the second. */
	fx.n_sent = 0;
	fx_tell(fx.tun, SPOKE_B, "10.12.0.0", 24, NULL, 16);
	fx_run(2499);
	CU_ASSERT_EQUAL(fx.n_sent, 0);
	fx_run(1);
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.12.0.0", 24).metric, 16);
	/* Said again, it is no change. */
	fx_run(5 * SECOND);
	fx.n_sent = 0;
	fx_tell(fx.tun, SPOKE_B, "10.13.0.0", 24, NULL, 1);
	fx_run(5 * SECOND);
	CU_ASSERT_EQUAL(fx.n_sent, 0);
	fx_stop();
}

/* A's LAN, told on the tunnel, the LAN and to itself. */
static struct rip_entry told_on_tunnel(enum rip_split_horizon split, bool next_hop_self)
{
	struct rip_entry said;

	fx_defaults();
	fx.tun_params.split_horizon = split;
	fx.tun_params.next_hop_self = next_hop_self;
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_run(36 * SECOND);
	said = fx_said(fx.tun, LAN_A, 24);
	/* Elsewhere it is told in any case, by way of the hub. */
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).metric, 2);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).next_hop_be, 0);
	fx_stop();
	return said;
}

static void test_split_horizon(void)
{
	CU_ASSERT_EQUAL(told_on_tunnel(RIP_SPLIT_SIMPLE, false).metric, 0);
	CU_ASSERT_EQUAL(told_on_tunnel(RIP_SPLIT_POISONED, false).metric, 16);
	CU_ASSERT_EQUAL(told_on_tunnel(RIP_SPLIT_OFF, false).metric, 2);
}

static void test_preserved_next_hop(void)
{
	CU_ASSERT_EQUAL(told_on_tunnel(RIP_SPLIT_OFF, false).next_hop_be, be(SPOKE_A));
	CU_ASSERT_EQUAL(told_on_tunnel(RIP_SPLIT_OFF, true).metric, 2);
	CU_ASSERT_EQUAL(told_on_tunnel(RIP_SPLIT_OFF, true).next_hop_be, 0);
}

static void test_connected(void)
{
	fx_defaults();
	fx_settled();
	fx_announce("10.254.254.0", 24, RIP_SOURCE_CONNECTED, 1, fx.tun, NULL);
	fx_announce("10.1.0.0", 24, RIP_SOURCE_CONNECTED, 1, fx.lan, NULL);
	fx_announce("10.55.0.0", 16, RIP_SOURCE_STATIC, 3, fx.tun, SPOKE_B);
	fx_announce("0.0.0.0", 0, RIP_SOURCE_DEFAULT, 1, RIP_IFACE_NONE, NULL);
	fx_run(SECOND);
	CU_ASSERT_EQUAL(fx_said(fx.tun, "10.1.0.0", 24).metric, 1);
	CU_ASSERT_EQUAL(fx_said(fx.tun, "10.254.254.0", 24).metric, 1);
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.254.254.0", 24).metric, 1);
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.1.0.0", 24).metric, 0);
	CU_ASSERT_EQUAL(fx_said(fx.tun, "0.0.0.0", 0).metric, 1);
	/* A static route by a spoke has its next hop on the tunnel. */
	CU_ASSERT_EQUAL(fx_said(fx.tun, "10.55.0.0", 16).metric, 3);
	CU_ASSERT_EQUAL(fx_said(fx.tun, "10.55.0.0", 16).next_hop_be, be(SPOKE_B));
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.55.0.0", 16).next_hop_be, 0);
	fx_stop();
}

static void test_suppress_own(void)
{
	unsigned to_a = 0, to_b = 0;

	fx_defaults();
	fx.tun_params.suppress_own = true;
	fx_settled();
	CU_ASSERT_EQUAL(rip_peer_up(fx.r, fx.tun, be(SPOKE_A)), 0);
	CU_ASSERT_EQUAL(rip_peer_up(fx.r, fx.tun, be(SPOKE_B)), 0);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_B, "10.12.0.0", 24, NULL, 1);
	fx_run(SECOND);
	for (unsigned i = 0; i < fx.n_sent; i++) {
		const struct sent *s = &fx.sent[i];

		if (s->out.iface != fx.tun || s->packet.command != RIP_RESPONSE)
			continue;
		CU_ASSERT_NOT_EQUAL(s->out.dst_be, htonl(RIP_GROUP));
		for (unsigned k = 0; k < s->packet.n; k++) {
			bool a_lan = s->packet.entries[k].addr_be == be(LAN_A);

			to_a += s->out.dst_be == be(SPOKE_A);
			to_b += s->out.dst_be == be(SPOKE_B);
			CU_ASSERT_EQUAL(s->out.dst_be, a_lan ? be(SPOKE_B) : be(SPOKE_A));
		}
	}
	CU_ASSERT(to_a > 0 && to_b > 0);
	/* Regular updates too, and none to who is gone. */
	fx.n_sent = 0;
	rip_peer_gone(fx.r, fx.tun, be(SPOKE_B));
	fx_run(36 * SECOND);
	CU_ASSERT(count(fx.tun, RIP_RESPONSE) >= 1);
	for (unsigned i = 0; i < fx.n_sent; i++)
		CU_ASSERT_NOT_EQUAL(fx.sent[i].out.dst_be, be(SPOKE_B));
	fx_stop();
}

/* Whoever comes up is asked and told when it has had the time to know the way to the hub. */
static void test_greeting(void)
{
	fx_defaults();
	fx.params.greet_ms = SECOND;
	fx_settled();
	fx.n_sent = 0;
	CU_ASSERT_EQUAL(rip_peer_up(fx.r, fx.tun, be(SPOKE_A)), 0);
	CU_ASSERT_EQUAL(rip_peer_up(fx.r, fx.tun, be(SPOKE_B)), 0);
	rip_peer_gone(fx.r, fx.tun, be(SPOKE_B));
	fx_run(SECOND - 1);
	CU_ASSERT_EQUAL(count(fx.tun, RIP_REQUEST), 0);
	CU_ASSERT(rip_next(fx.r) <= fx.now + 1);
	fx_run(1);
	CU_ASSERT_EQUAL(count(fx.tun, RIP_REQUEST), 1);
	for (unsigned i = 0; i < fx.n_sent; i++)
		if (fx.sent[i].packet.command == RIP_REQUEST)
			CU_ASSERT_EQUAL(fx.sent[i].out.dst_be, be(SPOKE_A));
	fx_stop();
}

static void test_passive_and_neighbor(void)
{
	struct rip_entry all = {.metric = 16};

	fx_defaults();
	fx.lan_params.passive = true;
	fx_settled();
	CU_ASSERT_EQUAL(rip_neighbor_add(fx.r, fx.lan, be("10.1.0.9")), 0);
	CU_ASSERT_EQUAL(rip_neighbor_add(fx.r, fx.lan, be("10.9.0.9")), -EINVAL);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_message(fx.lan, "10.1.0.7", RIP_PORT, RIP_REQUEST, 2, &all, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.lan, RIP_REFUSED_passive), 1);
	fx_run(40 * SECOND);
	/* The request, the triggered and the regular update. */
	CU_ASSERT(count(fx.lan, RIP_REQUEST) == 1 && count(fx.lan, RIP_RESPONSE) >= 2);
	for (unsigned i = 0; i < fx.n_sent; i++)
		if (fx.sent[i].out.iface == fx.lan)
			CU_ASSERT_EQUAL(fx.sent[i].out.dst_be, be("10.1.0.9"));
	/* It listens all the same. */
	fx_tell(fx.lan, "10.1.0.7", "10.77.0.0", 16, NULL, 1);
	CU_ASSERT_EQUAL(fx_see("10.77.0.0", 16).metric, 2);
	fx_stop();
}

static void test_request_all(void)
{
	struct rip_entry all = {.metric = 16};

	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_tell(fx.lan, "10.1.0.9", "10.77.0.0", 16, NULL, 1);
	fx_run(6 * SECOND);
	fx.n_sent = 0;
	fx_message(fx.lan, "10.1.0.7", 4000, RIP_REQUEST, 2, &all, 1);
	fx_run(0);
	CU_ASSERT_EQUAL_FATAL(fx.n_sent, 1);
	CU_ASSERT_EQUAL(fx.sent[0].out.dst_be, be("10.1.0.7"));
	CU_ASSERT_EQUAL(fx.sent[0].out.dst_port, 4000);
	/* With split horizon. */
	CU_ASSERT_EQUAL_FATAL(fx.sent[0].packet.n, 1);
	CU_ASSERT_EQUAL(fx.sent[0].packet.entries[0].addr_be, be(LAN_A));
	/* A flood of them is answered once in 5 s. */
	for (unsigned i = 0; i < 1000; i++) {
		fx_message(fx.lan, "10.1.0.7", 4000, RIP_REQUEST, 2, &all, 1);
		fx_run(10);
	}
	CU_ASSERT(fx.n_sent <= 4);
	CU_ASSERT(fx_refused(fx.lan, RIP_REFUSED_request_busy) > 900);
	fx_stop();
}

static void test_request_some(void)
{
	struct rip_entry e[] = {entry("10.77.0.0", 16, NULL, 1), entry("10.78.0.0", 16, NULL, 1)};

	fx_defaults();
	fx_settled();
	fx_tell(fx.lan, "10.1.0.9", "10.77.0.0", 16, NULL, 1);
	fx_run(6 * SECOND);
	fx.n_sent = 0;
	fx_message(fx.lan, "10.1.0.7", RIP_PORT, RIP_REQUEST, 2, e, 2);
	/* At once, and whatever the horizon. */
	CU_ASSERT_EQUAL_FATAL(fx.n_sent, 1);
	CU_ASSERT_EQUAL(fx.sent[0].packet.command, RIP_RESPONSE);
	CU_ASSERT_EQUAL_FATAL(fx.sent[0].packet.n, 2);
	CU_ASSERT_EQUAL(fx.sent[0].packet.entries[0].metric, 2);
	CU_ASSERT_EQUAL(fx.sent[0].packet.entries[1].metric, 16);
	fx_message(fx.lan, "10.1.0.7", RIP_PORT, RIP_REQUEST, 2, e, 0);
	fx_run(0);
	CU_ASSERT_EQUAL(fx.n_sent, 1);
	fx_stop();
}

static void test_request_version_1(void)
{
	struct rip_entry all = {.metric = 16};

	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, "172.16.0.0", 16, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, "172.17.3.0", 24, NULL, 1);
	fx_run(6 * SECOND);
	fx.n_sent = 0;
	fx_message(fx.lan, "10.1.0.7", RIP_PORT, RIP_REQUEST, 1, &all, 1);
	fx_run(0);
	CU_ASSERT_EQUAL_FATAL(fx.n_sent, 1);
	CU_ASSERT_EQUAL(fx.sent[0].packet.version, 1);
	/* A subnet would be taken for a host. */
	CU_ASSERT_EQUAL_FATAL(fx.sent[0].packet.n, 1);
	CU_ASSERT_EQUAL(fx.sent[0].packet.entries[0].addr_be, be("172.16.0.0"));
	fx_stop();
}

static void many_routes(unsigned n)
{
	struct rip_announcement a = {
		.source = RIP_SOURCE_STATIC, .metric = 1, .iface = RIP_IFACE_NONE};

	for (unsigned i = 0; i < n; i++) {
		a.prefix = (struct rip_prefix){htonl(0x14000000 + (i << 8)), 24};
		CU_ASSERT_EQUAL(rip_announce(fx.r, &a), 0);
	}
}

/* 400 messages to 1,000 spokes are not sent at once, but within the interval. */
static void test_paced(void)
{
	unsigned n = 0, burst = 0;
	uint64_t first = 0, last = 0;

	fx_defaults();
	fx_settled();
	rip_iface_set_copies(fx.r, fx.tun, 1000);
	many_routes(10000);
	fx.random = 5000; /* of 0..10000: every 30 s */
	fx_run(120 * SECOND);
	/* From the end of an update on. */
	do {
		fx.n_sent = 0;
		fx_run(2 * SECOND);
	} while (count(fx.tun, RIP_RESPONSE) > 0);
	fx_run(28 * SECOND);
	for (unsigned i = 0; i < fx.n_sent; i++) {
		if (fx.sent[i].out.iface != fx.tun)
			continue;
		first = n == 0 ? fx.sent[i].at : first;
		burst += n > 0 && fx.sent[i].at - last < 50;
		last = fx.sent[i].at;
		n++;
	}
	CU_ASSERT_EQUAL(n, 400);
	CU_ASSERT_EQUAL(burst, 0);
	CU_ASSERT(last - first > 20 * SECOND && last - first <= 24 * SECOND);
	fx_stop();
}

/* A turn hands out no more than it is allowed to, and nothing is lost by it. */
static void test_slices(void)
{
	bool seen[10000] = {false};
	unsigned n = 0;

	fx_defaults();
	fx_settled();
	many_routes(10000);
	while (rip_next(fx.r) < fx.now + 20 * SECOND) {
		unsigned before = fx.n_sent;

		fx.now = rip_next(fx.r) > fx.now ? rip_next(fx.r) : fx.now;
		rip_turn(fx.r, fx.now, 3);
		/* The last step may send one more. */
		CU_ASSERT(fx.n_sent - before <= 4);
	}
	for (unsigned i = 0; i < fx.n_sent; i++)
		for (unsigned k = 0; k < fx.sent[i].packet.n && fx.sent[i].out.iface == fx.tun; k++)
			seen[(ntohl(fx.sent[i].packet.entries[k].addr_be) - 0x14000000) >> 8] =
				true;
	for (unsigned i = 0; i < 10000; i++)
		n += seen[i];
	CU_ASSERT_EQUAL(n, 10000);
	fx_stop();
}

static void test_send_refused(void)
{
	fx_defaults();
	fx_settled();
	fx.refuse_to_send = true;
	many_routes(100);
	fx_run(2 * SECOND);
	CU_ASSERT_EQUAL(fx.n_sent, 0);
	CU_ASSERT(rip_iface_stats(fx.r, fx.tun)->send_failed > 10);
	fx.refuse_to_send = false;
	fx_run(SECOND);
	CU_ASSERT_EQUAL(count(fx.tun, RIP_RESPONSE), 4);
	CU_ASSERT_EQUAL(fx_said(fx.tun, "20.0.99.0", 24).metric, 1);
	fx_stop();
}

static void test_filters(void)
{
	static const struct rip_rule eleven[] = {{true, {0x00000b0a, 16}, 16, 32}};
	const struct rip_prefix_list list = {eleven, 1};

	fx_defaults();
	fx.lan_params.policy.out = &list;
	fx.tun_params.policy.offset_out = (struct rip_offset){&list, 4};
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, "10.12.0.0", 24, NULL, 1);
	fx_run(SECOND);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).metric, 2);
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.12.0.0", 24).metric, 0);
	CU_ASSERT_EQUAL(fx_said(fx.tun, LAN_A, 24).metric, 6);
	CU_ASSERT_EQUAL(fx_said(fx.tun, "10.12.0.0", 24).metric, 2);
	fx_stop();
}

static void test_peer_up(void)
{
	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_run(6 * SECOND);
	fx.n_sent = 0;
	CU_ASSERT_EQUAL(rip_peer_up(fx.r, fx.tun, be(SPOKE_B)), 0);
	fx_run(0);
	CU_ASSERT_EQUAL_FATAL(fx.n_sent, 2);
	CU_ASSERT_EQUAL(fx.sent[0].packet.command, RIP_REQUEST);
	CU_ASSERT_EQUAL(fx.sent[0].out.dst_be, be(SPOKE_B));
	CU_ASSERT_EQUAL(fx.sent[1].out.dst_be, be(SPOKE_B));
	CU_ASSERT_EQUAL(fx.sent[1].packet.entries[0].addr_be, be(LAN_A));
	fx_stop();
}

/* The hub ends: every route is lost, told to all who are told anything, within the time given. */
static void test_poison(void)
{
	fx_defaults();
	fx_settled();
	rip_iface_set_copies(fx.r, fx.tun, 1000);
	many_routes(5000);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_run(120 * SECOND);
	fx.n_sent = 0;
	rip_poison(fx.r, 1000);
	CU_ASSERT(!rip_silent(fx.r));
	fx_run(1000);
	CU_ASSERT(rip_silent(fx.r));
	CU_ASSERT(fx.n_sent >= 2 * 5000 / 25);
	for (unsigned i = 0; i < fx.n_sent; i++)
		for (unsigned k = 0; k < fx.sent[i].packet.n; k++)
			CU_ASSERT_EQUAL(fx.sent[i].packet.entries[k].metric, 16);
	CU_ASSERT_EQUAL(fx_said(fx.tun, LAN_A, 24).metric, 16);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).metric, 16);
	/* And nothing else is said afterwards. */
	fx_tell(fx.tun, SPOKE_A, "10.99.0.0", 24, NULL, 1);
	fx_run(60 * SECOND);
	CU_ASSERT_EQUAL(fx_said(fx.lan, "10.99.0.0", 24).metric, 16);
	fx_stop();
}

static const struct unit_test tests[] = {
	{"RFC 2453 3.9.1, 4.5: the group is asked for everything at the start", test_start},
	{"RFC 2453 3.8: regular updates", test_period},
	{"RFC 2453 3.10.1: triggered updates, 1 to 5 s apart, of what changed", test_triggered},
	{"RFC 2453 3.4.3: split horizon simple, poisoned, off", test_split_horizon},
	{"RFC 2453 4.4: next hops are kept on the tunnel, or next-hop-self",
		test_preserved_next_hop},
	{"what is announced: connected, static, default", test_connected},
	{"each spoke's copy without its own routes", test_suppress_own},
	{"a spoke that comes up is greeted a while later", test_greeting},
	{"passive interfaces, and neighbors on them", test_passive_and_neighbor},
	{"RFC 2453 3.9.1: a request for the whole table", test_request_all},
	{"RFC 2453 3.9.1: a request for some routes", test_request_some},
	{"RFC 1058 3.4.1: a request of version 1", test_request_version_1},
	{"RFC 2453 3.10.2: updates of a large table spread over the interval", test_paced},
	{"a turn sends a slice, and all slices are everything", test_slices},
	{"what could not be sent is sent later", test_send_refused},
	{"prefix lists and offsets for what goes", test_filters},
	{"RFC 2453 3.4.2: the end poisons every route", test_poison},
	{"a new spoke is told everything at once", test_peer_up},
};

UNIT_MAIN("rip: output", tests)
