/* SPDX-License-Identifier: BSD-3-Clause */
/* What the engine takes and what it refuses. */
#include "tests/unit/rip_fixture.h"

#define SPOKE_A "10.254.254.11"
#define SPOKE_B "10.254.254.12"
#define LAN_A   "10.11.0.0"

static void test_source(void)
{
	struct rip_entry e = entry(LAN_A, 24, NULL, 1);

	fx_defaults();
	fx_settled();
	fx_message(fx.tun, SPOKE_A, 521, RIP_RESPONSE, 2, &e, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_port), 1);
	fx_message(fx.tun, "10.254.253.11", RIP_PORT, RIP_RESPONSE, 2, &e, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_off_link), 1);
	fx_message(fx.tun, "10.254.254.1", RIP_PORT, RIP_RESPONSE, 2, &e, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_own), 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 0);
	fx_message(fx.tun, SPOKE_A, RIP_PORT, RIP_RESPONSE, 2, &e, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 2);
	fx_stop();
}

static void test_metric(void)
{
	fx_defaults();
	fx_settled();
	for (unsigned metric = 1; metric < 15; metric++) {
		fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, metric);
		CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, metric + 1);
	}
	/* 15 and the hop to the hub are 16: unreachable. */
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 15);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).n_hops, 0);
	fx_tell(fx.tun, SPOKE_A, "10.12.0.0", 24, NULL, 0);
	fx_tell(fx.tun, SPOKE_A, "10.12.0.0", 24, NULL, 17);
	fx_tell(fx.tun, SPOKE_A, "10.12.0.0", 24, NULL, UINT32_MAX);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_metric), 3);
	/* That something unknown is lost is no news. */
	fx_tell(fx.tun, SPOKE_A, "10.12.0.0", 24, NULL, 16);
	CU_ASSERT_EQUAL(fx_see("10.12.0.0", 24).metric, 0);
	fx_stop();
}

static void test_destination(void)
{
	static const struct {
		const char *net;
		uint8_t len;
	} bad[] = {{"127.0.0.0", 8}, {"127.1.0.0", 16}, {"224.0.0.0", 4}, {"239.1.1.0", 24},
		{"240.0.0.0", 8}, {"255.255.255.255", 32}, {"0.1.0.0", 16}, {"0.0.0.0", 8}};

	fx_defaults();
	fx_settled();
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fx_tell(fx.tun, SPOKE_A, bad[i].net, bad[i].len, NULL, 1);
		CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_destination), i + 1);
		CU_ASSERT_EQUAL(fx_see(bad[i].net, bad[i].len).metric, 0);
	}
	fx_tell(fx.tun, SPOKE_A, "10.11.0.1", 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_mask), 1);
	fx_stop();
}

/* One bad entry costs nothing but itself. */
static void test_entries(void)
{
	struct rip_entry e[] = {entry("10.11.0.0", 24, NULL, 1), entry("10.12.0.0", 24, NULL, 1),
		entry("10.13.0.0", 24, NULL, 1), entry("10.14.0.0", 24, NULL, 1)};

	fx_defaults();
	fx_settled();
	e[0].family = 10;
	e[1].mask_be = htonl(0xff00ff00);
	e[2].metric = 99;
	fx_message(fx.tun, SPOKE_A, RIP_PORT, RIP_RESPONSE, 2, e, 4);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_family), 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_mask), 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_metric), 1);
	CU_ASSERT_EQUAL(fx_see("10.14.0.0", 24).metric, 2);
	CU_ASSERT_EQUAL(rip_totals(fx.r).routes, 1);
	fx_stop();
}

static void test_next_hop(void)
{
	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).hops[0].via_be, be(SPOKE_A));
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, SPOKE_B, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).hops[0].via_be, be(SPOKE_B));
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).hops[0].from_be, be(SPOKE_A));
	/* Not on the link: as if it were not there. */
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, "10.1.0.9", 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).hops[0].via_be, be(SPOKE_A));
	fx_tell(fx.tun, SPOKE_A, "10.12.0.0", 24, "10.254.254.1", 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_own_next_hop), 1);
	CU_ASSERT_EQUAL(fx_see("10.12.0.0", 24).metric, 0);
	/* A spoke that leads by the hub has lost its own way. */
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, "10.254.254.1", 3);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	fx_stop();
}

static void test_same_and_other_router(void)
{
	fx_defaults();
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 3);
	CU_ASSERT_EQUAL(fx.n_events, 1);
	/* Worse, and as good, by another: no. */
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, NULL, 4);
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, NULL, 3);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).hops[0].from_be, be(SPOKE_A));
	CU_ASSERT_EQUAL(fx.n_events, 1);
	/* Worse, by the same: yes. */
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 5);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 6);
	CU_ASSERT_EQUAL(fx.n_events, 2);
	/* Better, by another: yes. */
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, NULL, 2);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 3);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).n_hops, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).hops[0].from_be, be(SPOKE_B));
	CU_ASSERT_EQUAL(fx.n_events, 3);
	CU_ASSERT_EQUAL(fx.event.hops[0].via_be, be(SPOKE_B));
	/* As good, when the one in use has not been heard of for half its time. */
	fx_run(89 * SECOND);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 2);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).hops[0].from_be, be(SPOKE_B));
	fx_run(2 * SECOND);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 2);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).hops[0].from_be, be(SPOKE_A));
	fx_stop();
}

static void test_ecmp(void)
{
	fx_defaults();
	fx.params.max_paths = 2;
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, NULL, 1);
	fx_tell(fx.tun, "10.254.254.13", LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).n_hops, 2);
	CU_ASSERT_EQUAL(fx.event.n_hops, 2);
	/* One gets worse: the other is left. */
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 2);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).n_hops, 1);
	CU_ASSERT_EQUAL(fx.event.hops[0].via_be, be(SPOKE_B));
	/* One gets better: it is alone. */
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).n_hops, 2);
	fx_tell(fx.lan, "10.1.0.9", LAN_A, 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).n_hops, 2);
	fx_tell(fx.tun, SPOKE_A, LAN_A, 24, NULL, 16);
	fx_tell(fx.tun, SPOKE_B, LAN_A, 24, NULL, 16);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 16);
	CU_ASSERT_EQUAL(fx.event.n_hops, 0);
	fx_stop();
}

static void test_version_1(void)
{
	struct rip_entry e[] = {entry("172.16.0.0", 0, NULL, 1), entry("10.254.254.64", 0, NULL, 1),
		entry("10.254.7.0", 0, NULL, 1), entry("172.16.3.0", 0, NULL, 1)};

	fx_defaults();
	fx.tun_params.accept_own = true;
	fx_settled();
	fx_message(fx.tun, SPOKE_A, RIP_PORT, RIP_RESPONSE, 1, e, 4);
	CU_ASSERT_EQUAL(fx_see("172.16.0.0", 16).metric, 2);
	/* In the link's natural network the link's mask counts; bits outside make a host. */
	CU_ASSERT_EQUAL(fx_see("10.254.254.64", 32).metric, 2);
	CU_ASSERT_EQUAL(fx_see("10.254.7.0", 24).metric, 2);
	CU_ASSERT_EQUAL(fx_see("172.16.3.0", 32).metric, 2);
	fx_stop();

	fx_defaults();
	fx.tun_params.receive_v1 = false;
	fx_settled();
	fx_message(fx.tun, SPOKE_A, RIP_PORT, RIP_RESPONSE, 1, e, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_version), 1);
	CU_ASSERT_EQUAL(rip_totals(fx.r).routes, 0);
	fx_stop();
}

static void test_no_mask(void)
{
	struct rip_entry e = entry("172.16.0.0", 0, NULL, 1);

	fx_defaults();
	fx_settled();
	fx_message(fx.tun, SPOKE_A, RIP_PORT, RIP_RESPONSE, 2, &e, 1);
	CU_ASSERT_EQUAL(fx_see("172.16.0.0", 16).metric, 2);
	fx_stop();
}

static void test_tag(void)
{
	struct rip_entry e = entry(LAN_A, 24, NULL, 1);

	fx_defaults();
	fx_settled();
	e.tag = 4711;
	fx_message(fx.tun, SPOKE_A, RIP_PORT, RIP_RESPONSE, 2, &e, 1);
	fx_run(SECOND);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).tag, 4711);
	CU_ASSERT_EQUAL(fx.event.tag, 4711);
	CU_ASSERT_EQUAL(fx_said(fx.lan, LAN_A, 24).tag, 4711);
	fx_stop();
}

static void test_filters(void)
{
	static const struct rip_rule rules[] = {
		{false, {0, 0}, 25, 32}, {true, {0x00000b0a, 16}, 16, 32}, /* 10.11.0.0/16 */
	};
	static const struct rip_rule twelve[] = {{true, {0x00000c0a, 16}, 16, 24}};
	const struct rip_prefix_list list = {rules, 2}, offset = {twelve, 1};

	CU_ASSERT_EQUAL(be("10.11.0.0"), 0x00000b0a);
	fx_defaults();
	fx.tun_params.policy.in = &list;
	fx.params.policy.offset_in = (struct rip_offset){&offset, 3};
	fx_settled();
	fx_tell(fx.tun, SPOKE_A, "10.11.3.0", 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, "10.11.3.128", 25, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, "10.12.0.0", 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see("10.11.3.0", 24).metric, 2);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_filtered), 2);
	/* The LAN has no list, but the offset is for all. */
	fx_tell(fx.lan, "10.1.0.9", "10.12.0.0", 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see("10.12.0.0", 24).metric, 5);
	fx_stop();
}

static void test_policy(void)
{
	static const struct rip_prefix secret = {0x0000a8c0, 16}; /* 192.168.0.0/16 */

	fx_defaults();
	fx_settled();
	CU_ASSERT_EQUAL(rip_protect(fx.r, &secret), 0);
	fx_tell(fx.tun, SPOKE_A, "0.0.0.0", 0, NULL, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_default_route), 1);
	fx_tell(fx.tun, SPOKE_A, "10.1.0.0", 24, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, "10.1.0.128", 25, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, "10.254.254.12", 32, NULL, 1);
	fx_tell(fx.tun, SPOKE_A, "192.168.7.0", 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_own_network), 4);
	CU_ASSERT_EQUAL(rip_totals(fx.r).routes, 0);
	/* What is around them leads nothing astray: the hub's own are longer. */
	fx_tell(fx.tun, SPOKE_A, "10.0.0.0", 8, NULL, 1);
	CU_ASSERT_EQUAL(fx_see("10.0.0.0", 8).metric, 2);
	/* The hub's own side may. */
	fx_tell(fx.lan, "10.1.0.9", "0.0.0.0", 0, NULL, 1);
	CU_ASSERT_EQUAL(fx_see("0.0.0.0", 0).metric, 2);
	fx_stop();
}

struct a_peer {
	uint32_t addr_be;
	struct rip_peer_view view;
};

static void take_peer(void *ctx, const struct rip_peer_view *v)
{
	struct a_peer *p = ctx;

	if (v->addr_be == p->addr_be)
		p->view = *v;
}

/* Counted for the neighbor that did it, and for no other. */
static struct rip_peer_view see_peer(const char *addr)
{
	struct a_peer p = {.addr_be = be(addr)};

	rip_peers_each(fx.r, take_peer, &p);
	return p.view;
}

static void test_prefix_limit(void)
{
	char net[20];

	fx_defaults();
	fx.tun_params.max_prefixes = 10;
	fx_settled();
	for (unsigned i = 0; i < 250; i++) {
		snprintf(net, sizeof(net), "10.11.%u.0", i);
		fx_tell(fx.tun, SPOKE_A, net, 24, NULL, 1);
	}
	fx_tell(fx.tun, SPOKE_B, "10.12.0.0", 24, NULL, 1);
	CU_ASSERT_EQUAL(rip_totals(fx.r).routes, 11);
	CU_ASSERT_EQUAL(see_peer(SPOKE_A).n_routes, 10);
	CU_ASSERT_EQUAL(see_peer(SPOKE_A).stats.refused[RIP_REFUSED_prefix_limit], 240);
	CU_ASSERT_EQUAL(see_peer(SPOKE_B).stats.refused[RIP_REFUSED_prefix_limit], 0);
	CU_ASSERT_EQUAL(see_peer(SPOKE_B).n_routes, 1);
	/* What it has it may change, and what it gives up it may replace. */
	fx_tell(fx.tun, SPOKE_A, "10.11.0.0", 24, NULL, 16);
	fx_tell(fx.tun, SPOKE_A, "10.11.200.0", 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see("10.11.200.0", 24).metric, 2);
	fx_stop();
}

static void test_table_full(void)
{
	char net[20];

	fx_defaults();
	fx.params.max_routes = 20;
	fx_settled();
	for (unsigned i = 0; i < 250; i++) {
		snprintf(net, sizeof(net), "10.11.%u.0", i);
		fx_tell(fx.tun, SPOKE_A, net, 24, NULL, 1);
	}
	CU_ASSERT_EQUAL(rip_totals(fx.r).routes, 20);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_table_full), 230);
	fx_stop();
}

/* A thousand names are not a thousand neighbors. */
static void test_peers_full(void)
{
	char from[20];
	size_t before;

	fx_defaults();
	fx.tun_params.max_peers = 10;
	fx.tun_params.addrs[0] = prefix("10.254.0.1", 16);
	fx_settled();
	fx_tell(fx.tun, "10.254.200.1", LAN_A, 24, NULL, 1);
	before = rip_totals(fx.r).octets;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(from, sizeof(from), "10.254.%u.%u", i / 250, i % 250 + 2);
		fx_tell(fx.tun, from, "10.12.0.0", 24, NULL, 5);
	}
	CU_ASSERT_EQUAL(rip_totals(fx.r).peers, 10);
	CU_ASSERT(rip_totals(fx.r).octets < before + 10 * 2048);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_peers_full), 991);
	CU_ASSERT_EQUAL(fx_see(LAN_A, 24).metric, 2);
	/* The idle ones make room after a while. */
	fx_run(31 * SECOND);
	fx_tell(fx.tun, SPOKE_B, "10.14.0.0", 24, NULL, 1);
	CU_ASSERT_EQUAL(fx_see("10.14.0.0", 24).metric, 2);
	CU_ASSERT_EQUAL(rip_totals(fx.r).peers, 10);
	fx_stop();
}

static void test_garbage(void)
{
	uint8_t bytes[RIP_PACKET_MAX + 100] = {0};

	fx_defaults();
	fx_settled();
	fx_bytes(fx.tun, SPOKE_A, RIP_PORT, bytes, 3);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_length), 1);
	fx_bytes(fx.tun, SPOKE_A, RIP_PORT, bytes, sizeof(bytes));
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_length), 2);
	fx_bytes(fx.tun, SPOKE_A, RIP_PORT, bytes, 24);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_version), 1);
	bytes[0] = 9;
	bytes[1] = 2;
	fx_bytes(fx.tun, SPOKE_A, RIP_PORT, bytes, 24);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_command), 1);
	bytes[0] = 2;
	bytes[1] = 1;
	bytes[2] = 1;
	fx_bytes(fx.tun, SPOKE_A, RIP_PORT, bytes, 24);
	CU_ASSERT_EQUAL(fx_refused(fx.tun, RIP_REFUSED_not_zero), 1);
	CU_ASSERT_EQUAL(rip_totals(fx.r).peers, 0);
	fx_bytes(99, SPOKE_A, RIP_PORT, bytes, 24);
	fx_stop();
}

static const struct unit_test tests[] = {
	{"RFC 2453 3.9.2: responses from port 520, from the link, not one's own", test_source},
	{"RFC 2453 3.5, 3.9.2: metric 1 to 16, and one more for the way here", test_metric},
	{"RFC 2453 3.7, 3.9.2: destinations", test_destination},
	{"RFC 2453 3.9.2: a bad entry does not cost the others", test_entries},
	{"RFC 2453 4.4: next hops", test_next_hop},
	{"RFC 2453 3.9.2: the same router and others", test_same_and_other_router},
	{"several ways of the same metric", test_ecmp},
	{"RFC 1058 3.2: networks of version 1", test_version_1},
	{"RFC 2453 4.3: a mask of zero is none", test_no_mask},
	{"RFC 2453 4.2: tags are kept", test_tag},
	{"prefix lists and offsets for what comes", test_filters},
	{"RFC 2453 3.7, bad input: default route, the hub's own networks", test_policy},
	{"bad input: more routes than a neighbor may have", test_prefix_limit},
	{"bad input: more routes than fit", test_table_full},
	{"bad input: a flood of neighbors", test_peers_full},
	{"bad input: no messages", test_garbage},
};

UNIT_MAIN("rip: input", tests)
