/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sources say about prefixes, and what the forwarding table makes of it: distances, next hops
 * and what they resolve to, several at once, changes under way. rib_model.c tries all of it at
 * random.
 *
 * The world's peers have the tunnel addresses 10.255.0.11 to 14.
 */
#include "tests/control/world.h"

#define TABLE DP_TABLE_OVERLAY

static struct hub_prefix prefix_of(const char *text)
{
	struct ip_prefix p;

	CU_ASSERT_FATAL(ip_prefix_parse(text, &p) == 0);
	return (struct hub_prefix){p.addr.v4_be, p.len, TABLE};
}

static dp_adj_t at(const char *addr)
{
	return dp_route_lookup(world.dp, TABLE, packet_addr(addr));
}

static struct hub_route_entry entry_of(enum hub_route_source source, const char *via)
{
	struct hub_route_entry e = {
		.source = (uint8_t)source,
		.distance = hub_route_distance(source),
		.adj = DP_ADJ_BLACKHOLE,
	};
	char text[128], *rest = text;

	/* "10.255.0.11 10.255.0.12" */
	snprintf(text, sizeof(text), "%s", via ? via : "");
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			e.next_hops_be[e.n_next_hops++] = packet_addr(word);
	return e;
}

static void say(const char *prefix, const struct hub_route_entry *e)
{
	const struct hub_prefix p = prefix_of(prefix);
	struct error err = {""};

	CU_ASSERT_EQUAL(hub_rib_update(world.hub, &p, e, &err), 0);
}

static void add(const char *prefix, enum hub_route_source source, const char *via)
{
	const struct hub_route_entry e = entry_of(source, via);

	say(prefix, &e);
}

static void del(const char *prefix, enum hub_route_source source)
{
	const struct hub_prefix p = prefix_of(prefix);

	hub_rib_withdraw(world.hub, &p, source, 0);
}

static enum hub_route_state state(const char *prefix, enum hub_route_source source)
{
	const struct hub_prefix p = prefix_of(prefix);
	const struct hub_rib_entry *e =
		hub_rib_entry(hub_rib_find(world.hub, TABLE, p.addr_be, p.len), source);

	return e == NULL ? HUB_ROUTE_STATES : hub_rib_state(e);
}

/* A peer's tunnel address comes and goes. */
static void peer_route(const char *addr, bool there)
{
	static dp_adj_t adj;
	struct error err;

	if (!there) {
		adj = at(addr);
		hub_rib_del(world.hub, TABLE, packet_addr(addr), 32, HUB_ROUTE_PEER);
	} else {
		CU_ASSERT_EQUAL(hub_rib_add(world.hub, TABLE, packet_addr(addr), 32, HUB_ROUTE_PEER,
					adj, &err),
			0);
	}
}

static void close_quietly(void)
{
	world_run();
	world_discard(0);
	world_discard(1);
	world_close();
}

static void test_distance(void)
{
	struct hub_route_entry e;
	const struct hub_route *r;

	world_open(NULL);
	add("10.77.0.0/16", HUB_ROUTE_RIP, "10.255.0.11");
	CU_ASSERT_EQUAL(at("10.77.1.1"), at("10.255.0.11"));
	add("10.77.0.0/16", HUB_ROUTE_NHRP, "10.255.0.12");
	CU_ASSERT_EQUAL(at("10.77.1.1"), at("10.255.0.12"));
	CU_ASSERT_EQUAL(state("10.77.0.0/16", HUB_ROUTE_RIP), HUB_ROUTE_STANDBY);
	add("10.77.0.0/16", HUB_ROUTE_STATIC, NULL);
	CU_ASSERT_EQUAL(at("10.77.1.1"), DP_ADJ_BLACKHOLE);
	/* A static route of distance 200 stands behind RIP. */
	e = entry_of(HUB_ROUTE_STATIC, NULL);
	e.distance = 200;
	say("10.77.0.0/16", &e);
	del("10.77.0.0/16", HUB_ROUTE_NHRP);
	CU_ASSERT_EQUAL(at("10.77.1.1"), at("10.255.0.11"));
	del("10.77.0.0/16", HUB_ROUTE_RIP);
	CU_ASSERT_EQUAL(at("10.77.1.1"), DP_ADJ_BLACKHOLE);
	e.distance = HUB_DISTANCE_NEVER;
	say("10.77.0.0/16", &e);
	CU_ASSERT_EQUAL(at("10.77.1.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(state("10.77.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_NEVER);
	/* Of one source and distance the metric decides. */
	e = entry_of(HUB_ROUTE_RIP, "10.255.0.12");
	e.metric = 5;
	e.instance = 1;
	say("10.77.0.0/16", &e);
	e = entry_of(HUB_ROUTE_RIP, "10.255.0.13");
	e.metric = 4;
	e.instance = 2;
	say("10.77.0.0/16", &e);
	CU_ASSERT_EQUAL(at("10.77.1.1"), at("10.255.0.13"));
	r = hub_rib_find(world.hub, TABLE, packet_addr("10.77.0.0"), 16);
	CU_ASSERT_EQUAL(r->best->said.metric, 4);
	close_quietly();
}

static void test_refused(void)
{
	struct hub_route_entry e = entry_of(HUB_ROUTE_RIP, "10.255.0.11");
	struct hub_prefix p = prefix_of("10.77.0.1/16");
	struct error err = {""};

	world_open(NULL);
	CU_ASSERT_EQUAL(hub_rib_update(world.hub, &p, &e, &err), -EINVAL);
	p = prefix_of("10.77.0.0/16");
	e.n_next_hops = HUB_NEXT_HOPS_MAX + 1;
	CU_ASSERT_EQUAL(hub_rib_update(world.hub, &p, &e, &err), -EINVAL);
	e.n_next_hops = 1;
	world.hub->rib.room = world.hub->rib.n_routes;
	CU_ASSERT_EQUAL(hub_rib_update(world.hub, &p, &e, &err), -ENOSPC);
	CU_ASSERT_STRING_EQUAL(err.text, "route 10.77.0.0/16: the routing table is full");
	/* What is there may change. */
	p = prefix_of("10.9.0.0/16");
	CU_ASSERT_EQUAL(hub_rib_update(world.hub, &p, &e, &err), 0);
	close_quietly();
}

/* Routes follow the peers that they lead to, through other routes as well. */
static void test_recursion(void)
{
	dp_adj_t peer;

	world_open(NULL);
	peer = at("10.255.0.11");
	add("10.50.0.0/16", HUB_ROUTE_STATIC, "10.255.0.11");
	add("10.60.0.0/16", HUB_ROUTE_STATIC, "10.50.0.1");
	add("10.70.0.0/16", HUB_ROUTE_RIP, "10.60.0.1");
	CU_ASSERT_EQUAL(at("10.70.1.1"), peer);
	/* Four routes are a chain, five are too long a one. */
	add("10.80.0.0/16", HUB_ROUTE_RIP, "10.70.0.1");
	CU_ASSERT_EQUAL(at("10.80.1.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(state("10.80.0.0/16", HUB_ROUTE_RIP), HUB_ROUTE_LOOP);
	peer_route("10.255.0.11", false);
	CU_ASSERT_EQUAL(at("10.50.1.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(at("10.60.1.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(at("10.70.1.1"), DP_ADJ_NO_ROUTE);
	CU_ASSERT_EQUAL(state("10.70.0.0/16", HUB_ROUTE_RIP), HUB_ROUTE_UNRESOLVED);
	peer_route("10.255.0.11", true);
	CU_ASSERT_EQUAL(at("10.70.1.1"), peer);
	/* A more specific prefix around the next hop takes it over, and gives it back. */
	add("10.60.0.0/24", HUB_ROUTE_STATIC, "10.255.0.12");
	CU_ASSERT_EQUAL(at("10.70.1.1"), at("10.255.0.12"));
	del("10.60.0.0/24", HUB_ROUTE_STATIC);
	CU_ASSERT_EQUAL(at("10.70.1.1"), peer);
	close_quietly();
}

/* What leads nowhere: itself, each other, the hub, a spoke that is not there, a default route. */
static void test_no_way(void)
{
	world_open(NULL);
	add("0.0.0.0/0", HUB_ROUTE_RIP, "10.255.0.11");
	add("10.50.0.0/16", HUB_ROUTE_STATIC, "10.50.0.1");
	CU_ASSERT_EQUAL(state("10.50.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_LOOP);
	CU_ASSERT_EQUAL(at("10.50.0.1"), at("10.255.0.11"));
	add("10.60.0.0/16", HUB_ROUTE_STATIC, "10.61.0.1");
	add("10.61.0.0/16", HUB_ROUTE_STATIC, "10.60.0.1");
	CU_ASSERT_EQUAL(state("10.60.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_LOOP);
	CU_ASSERT_EQUAL(state("10.61.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_LOOP);
	add("10.62.0.0/16", HUB_ROUTE_STATIC, "10.255.0.1");
	CU_ASSERT_EQUAL(state("10.62.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_UNRESOLVED);
	add("10.63.0.0/16", HUB_ROUTE_STATIC, "10.255.0.99");
	CU_ASSERT_EQUAL(state("10.63.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_UNRESOLVED);
	add("10.64.0.0/16", HUB_ROUTE_STATIC, "172.16.0.1");
	CU_ASSERT_EQUAL(state("10.64.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_UNRESOLVED);
	/* Nor by the underlay, where the outer ports are. */
	add("10.65.0.0/16", HUB_ROUTE_STATIC, "192.0.2.254");
	CU_ASSERT_EQUAL(state("10.65.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_UNRESOLVED);
	add("10.66.0.0/16", HUB_ROUTE_STATIC, "10.9.0.1");
	CU_ASSERT_EQUAL(state("10.66.0.0/16", HUB_ROUTE_STATIC), HUB_ROUTE_UNRESOLVED);
	/* A loop ends when one of them gets another way. */
	add("10.61.0.0/16", HUB_ROUTE_STATIC, "10.255.0.12");
	CU_ASSERT_EQUAL(at("10.60.0.1"), at("10.255.0.12"));
	close_quietly();
}

/* Several next hops share the flows; the same ones are one group. */
static void test_equal_cost(void)
{
	dp_adj_t group, members[DP_GROUP_MAX];

	world_open(NULL);
	add("10.50.0.0/16", HUB_ROUTE_STATIC, "10.255.0.12 10.255.0.11");
	group = at("10.50.1.1");
	CU_ASSERT_EQUAL(dp_group_members(world.dp, group, members), 2);
	CU_ASSERT_EQUAL(members[0], at("10.255.0.11"));
	CU_ASSERT_EQUAL(members[1], at("10.255.0.12"));
	add("10.51.0.0/16", HUB_ROUTE_RIP, "10.255.0.11 10.255.0.12");
	CU_ASSERT_EQUAL(at("10.51.1.1"), group);
	/* Through a route of several, and to two addresses that are one peer's. */
	add("10.52.0.0/16", HUB_ROUTE_RIP, "10.50.0.1 10.255.0.13");
	CU_ASSERT_EQUAL(dp_group_members(world.dp, at("10.52.1.1"), members), 3);
	add("10.53.0.0/16", HUB_ROUTE_RIP, "10.1.1.1 10.1.1.2");
	CU_ASSERT_EQUAL(at("10.53.1.1"), at("10.255.0.11"));
	peer_route("10.255.0.11", false);
	CU_ASSERT_EQUAL(at("10.50.1.1"), at("10.255.0.12"));
	CU_ASSERT_EQUAL(dp_group_members(world.dp, at("10.52.1.1"), members), 2);
	EXPECT_TEXT("show route prefix 10.50.0.0/16", "10.255.0.12      tun0         active");
	EXPECT_TEXT("show route prefix 10.50.0.0/16", "10.255.0.11      -            unresolved");
	peer_route("10.255.0.11", true);
	CU_ASSERT_EQUAL(dp_group_members(world.dp, at("10.50.1.1"), members), 2);
	EXPECT_TEXT("show route lookup 10.50.1.1", "peer       10.255.0.11 ");
	EXPECT_TEXT("show route lookup 10.50.1.1", "peer       10.255.0.12 ");
	close_quietly();
}

static unsigned heard;
static const char *lead;

/* An observer that changes the RIB: what follows leads where the heard one leads. */
static void observe(void *ctx, const struct hub_route *r)
{
	const struct hub_prefix follower = prefix_of("10.99.0.0/16");

	(void)ctx;
	if (r->prefix.addr_be != packet_addr("10.50.0.0"))
		return;
	heard++;
	if (lead == NULL)
		return;
	if (r->best == NULL) {
		hub_rib_withdraw(world.hub, &follower, HUB_ROUTE_RIP, 0);
	} else {
		const struct hub_route_entry e = entry_of(HUB_ROUTE_RIP, lead);
		struct error err;

		CU_ASSERT_EQUAL(hub_rib_update(world.hub, &follower, &e, &err), 0);
	}
}

static void test_observer(void)
{
	struct hub_route_entry e = entry_of(HUB_ROUTE_STATIC, "10.255.0.11");

	heard = 0;
	lead = NULL;
	world_open(NULL);
	CU_ASSERT_EQUAL(hub_rib_observe(world.hub, observe, NULL), 0);
	say("10.50.0.0/16", &e);
	CU_ASSERT_EQUAL(heard, 1);
	/* The same again, and a worse one: nobody hears of it. */
	say("10.50.0.0/16", &e);
	add("10.50.0.0/16", HUB_ROUTE_RIP, "10.255.0.12");
	del("10.50.0.0/16", HUB_ROUTE_RIP);
	del("10.50.0.0/16", HUB_ROUTE_RIP);
	CU_ASSERT_EQUAL(heard, 1);
	e.tag = 7;
	say("10.50.0.0/16", &e);
	CU_ASSERT_EQUAL(heard, 2);
	peer_route("10.255.0.11", false);
	CU_ASSERT_EQUAL(heard, 3);
	lead = "10.50.0.1";
	peer_route("10.255.0.11", true);
	CU_ASSERT_EQUAL(heard, 4);
	CU_ASSERT_EQUAL(at("10.99.0.1"), at("10.255.0.11"));
	del("10.50.0.0/16", HUB_ROUTE_STATIC);
	CU_ASSERT_EQUAL(heard, 5);
	CU_ASSERT_PTR_NULL(hub_rib_find(world.hub, TABLE, packet_addr("10.99.0.0"), 16));
	close_quietly();
}

static const struct unit_test tests[] = {
	{"distance, then source, then metric", test_distance},
	{"what the RIB does not take", test_refused},
	{"next hops through other routes, peers that go and come", test_recursion},
	{"next hops that lead nowhere", test_no_way},
	{"several next hops", test_equal_cost},
	{"observers hear of changes, and may make some", test_observer},
};

const struct control_suite suite_rib = {"rib", tests, RTE_DIM(tests)};
