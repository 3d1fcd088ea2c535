/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hub and spokes, each an engine, on a network that loses and delays: what one says to the group
 * reaches, from the hub, every spoke, from a spoke the hub alone. Split horizon is off everywhere,
 * and spokes hold nothing down, as routers of today have it. Every spoke has a LAN.
 */
#include <arpa/inet.h>

#include "common/addr.h"
#include "control/rip/rip.h"
#include "tests/unit/unit.h"

#define SPOKES     3
#define SECOND     1000u
#define FLYING_MAX 256
/* A message of before may overtake the news, to the hub and from it: two regular updates later. */
#define LATE 90
#define RUNS 60

struct node {
	struct rip *r;
	uint32_t tun;
	uint32_t addr_be;
};

struct flying {
	uint64_t at; /* arrives; 0: free */
	unsigned to;
	uint32_t src_be;
	size_t len;
	uint8_t bytes[RIP_PACKET_MAX];
};

static struct {
	struct node nodes[SPOKES + 1]; /* the first is the hub */
	uint64_t now;
	uint32_t seed;
	unsigned loss; /* in percent */
	unsigned delay_max;
	struct flying flying[FLYING_MAX];
	/* Of the first spoke's LAN, as the hub's table has it. */
	uint8_t worst;
	unsigned changes;
} net;

static uint32_t chance(void)
{
	net.seed = net.seed * 1664525 + 1013904223;
	return net.seed >> 8;
}

static struct rip_prefix lan_of(unsigned spoke)
{
	return (struct rip_prefix){htonl(0x0a0b0000 + (spoke << 8)), 24};
}

static void fly(unsigned to, const struct rip_out *out)
{
	if (chance() % 100 < net.loss)
		return;
	for (unsigned i = 0; i < FLYING_MAX; i++) {
		struct flying *f = &net.flying[i];

		if (f->at != 0)
			continue;
		f->at = net.now + 1 + chance() % net.delay_max;
		f->to = to;
		f->src_be = out->src_be;
		f->len = out->len;
		memcpy(f->bytes, out->data, out->len);
		return;
	}
	CU_FAIL_FATAL("too much is under way");
}

static int net_send(void *ctx, const struct rip_out *out)
{
	const struct node *from = ctx;

	if (from != &net.nodes[0]) {
		fly(0, out);
		return 0;
	}
	for (unsigned i = 1; i <= SPOKES; i++)
		if (out->dst_be == htonl(RIP_GROUP) || out->dst_be == net.nodes[i].addr_be)
			fly(i, out);
	return 0;
}

static uint32_t net_random(void *ctx)
{
	(void)ctx;
	return chance();
}

static uint64_t net_unix(void *ctx)
{
	(void)ctx;
	return 1700000000 + net.now / 1000;
}

static void look(struct node *hub)
{
	struct rip_prefix lan = lan_of(1);
	struct rip_route_view v;

	if (rip_route_find(hub->r, &lan, &v) && v.metric < 16 && v.metric > net.worst)
		net.worst = v.metric;
}

static void net_route(void *ctx, const struct rip_route_view *v)
{
	struct rip_prefix lan = lan_of(1);

	net.changes += ctx == &net.nodes[0] && v->prefix.addr_be == lan.addr_be;
}

static void start_node(
	struct node *n, unsigned i, const struct rip_iface_params *hub_params, uint32_t holddown)
{
	struct rip_params p = {
		.update_ms = 30 * SECOND,
		.timeout_ms = 180 * SECOND,
		.garbage_ms = 120 * SECOND,
		.holddown_ms = i == 0 ? holddown : 0,
		.max_routes = 100,
		.max_paths = 1,
		.distance = 120,
		.calls = {net_send, net_route, net_random, net_unix, n},
	};
	struct rip_iface_params iface = *hub_params;
	struct error err;

	n->addr_be = htonl(0x0afefe01 + i);
	if (i > 0) {
		iface.next_hop_self = false;
		iface.suppress_own = false;
	}
	iface.addrs[0] = (struct rip_prefix){n->addr_be, 24};
	n->r = rip_create(&p, net.now, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n->r);
	CU_ASSERT_EQUAL_FATAL(rip_iface_add(n->r, &iface, &n->tun, &err), 0);
}

static void announce_lan(unsigned spoke)
{
	struct rip_announcement a = {.prefix = lan_of(spoke),
		.source = RIP_SOURCE_CONNECTED,
		.metric = 1,
		.iface = RIP_IFACE_NONE};

	CU_ASSERT_EQUAL(rip_announce(net.nodes[spoke].r, &a), 0);
}

static void start(
	uint32_t seed, unsigned loss, const struct rip_iface_params *hub_params, uint32_t holddown)
{
	memset(&net, 0, sizeof(net));
	net.seed = seed;
	net.loss = loss;
	net.delay_max = 3 * SECOND; /* more than the least time between triggered updates */
	net.now = 1;
	for (unsigned i = 0; i <= SPOKES; i++)
		start_node(&net.nodes[i], i, hub_params, holddown);
	for (unsigned i = 1; i <= SPOKES; i++) {
		announce_lan(i);
		rip_peer_up(net.nodes[0].r, net.nodes[0].tun, net.nodes[i].addr_be);
	}
}

static void stop(void)
{
	for (unsigned i = 0; i <= SPOKES; i++)
		rip_destroy(net.nodes[i].r);
}

static void arrive(struct flying *f)
{
	const struct rip_in in = {
		.iface = net.nodes[f->to].tun,
		.src_be = f->src_be,
		.src_port = RIP_PORT,
		.data = f->bytes,
		.len = f->len,
	};

	f->at = 0;
	rip_receive(net.nodes[f->to].r, net.now, &in);
}

/* In steps of 20 ms, which is finer than anything that is waited for. */
static void run(uint64_t ms)
{
	for (uint64_t end = net.now + ms; net.now < end; net.now += 20) {
		for (unsigned i = 0; i < FLYING_MAX; i++)
			if (net.flying[i].at != 0 && net.flying[i].at <= net.now)
				arrive(&net.flying[i]);
		for (unsigned i = 0; i <= SPOKES; i++)
			rip_turn(net.nodes[i].r, net.now, 16);
		look(&net.nodes[0]);
	}
}

/* Everybody knows every LAN at its true distance, by the spoke that has it. */
static bool converged(bool next_hop_self)
{
	struct rip_route_view v;

	for (unsigned i = 0; i <= SPOKES; i++)
		for (unsigned lan = 1; lan <= SPOKES; lan++) {
			struct rip_prefix p = lan_of(lan);
			unsigned via = i == 0 ? lan : next_hop_self ? 0 : lan;

			if (i == lan)
				continue;
			if (!rip_route_find(net.nodes[i].r, &p, &v) || v.n_hops != 1 ||
				v.metric != (i == 0 ? 2 : 3) ||
				v.hops[0].via_be != net.nodes[via].addr_be)
				return false;
		}
	return true;
}

/* Nobody believes to have a way to a LAN. */
static bool forgotten(unsigned lan)
{
	struct rip_prefix p = lan_of(lan);
	struct rip_route_view v;

	for (unsigned i = 0; i <= SPOKES; i++)
		if (rip_route_find(net.nodes[i].r, &p, &v) && v.metric < 16)
			return false;
	return true;
}

static const struct rip_iface_params off = {
	.name = "tun0",
	.n_addrs = 1,
	.split_horizon = RIP_SPLIT_OFF,
	.max_prefixes = 100,
	.max_peers = 10,
};

/* Until it holds; @return seconds, or more than the most. */
static unsigned wait_converged(bool next_hop_self, unsigned most)
{
	unsigned s = 0;

	for (; s <= most && !converged(next_hop_self); s++)
		run(SECOND);
	return s;
}

static void test_converges(void)
{
	for (uint32_t seed = 1; seed <= RUNS; seed++) {
		start(seed, 0, &off, 210 * SECOND);
		/* A triggered update there and one on, each at most 5 s held and 3 s under way. */
		CU_ASSERT(wait_converged(false, 60) <= 16);
		run(300 * SECOND);
		CU_ASSERT_TRUE(converged(false));
		CU_ASSERT_EQUAL(net.worst, 2);
		stop();
	}
}

static void test_converges_with_loss(void)
{
	for (uint32_t seed = 1; seed <= RUNS; seed++) {
		start(seed, 30, &off, 210 * SECOND);
		CU_ASSERT(wait_converged(false, 300) <= 300);
		stop();
	}
}

/* E.3: withdrawn, it goes away, and at no time looks further away than it was. */
static void withdraw(unsigned loss, const struct rip_iface_params *p, unsigned within)
{
	struct rip_prefix lan = lan_of(1);
	unsigned s;

	for (uint32_t seed = 1; seed <= RUNS; seed++) {
		start(seed, loss, p, 210 * SECOND);
		CU_ASSERT(wait_converged(p->next_hop_self, 600) <= 600);
		/* At any moment of everybody's intervals. */
		run(seed * 777);
		net.worst = 0;
		rip_withdraw(net.nodes[1].r, &lan);
		for (s = 0; s <= within && !forgotten(1); s++)
			run(SECOND);
		CU_ASSERT(s <= within);
		run(400 * SECOND);
		CU_ASSERT_TRUE(forgotten(1));
		CU_ASSERT(net.worst <= 2);
		stop();
	}
}

static void test_withdrawn(void)
{
	withdraw(0, &off, LATE);
}

static void test_withdrawn_with_loss(void)
{
	withdraw(30, &off, 400);
}

static void test_withdrawn_next_hop_self(void)
{
	struct rip_iface_params p = off;

	p.next_hop_self = true;
	withdraw(0, &p, LATE);
	withdraw(30, &p, 400);
}

static void test_withdrawn_suppress_own(void)
{
	struct rip_iface_params p = off;

	p.suppress_own = true;
	withdraw(0, &p, LATE);
	withdraw(30, &p, 400);
}

/* What all this is for: as ripd does it, the network counts. */
static void test_counts_without_holddown(void)
{
	struct rip_prefix lan = lan_of(1);
	unsigned counted = 0;

	for (uint32_t seed = 1; seed <= RUNS; seed++) {
		start(seed, 0, &off, 0);
		wait_converged(false, 60);
		run(seed * 777);
		net.worst = 0;
		rip_withdraw(net.nodes[1].r, &lan);
		run(400 * SECOND);
		counted += net.worst > 3;
		stop();
	}
	CU_ASSERT(counted > 0);
}

/* A spoke dies without a word: all know it as soon as the hub does. */
static void test_dead(void)
{
	for (uint32_t seed = 1; seed <= RUNS; seed++) {
		unsigned s;

		start(seed, 0, &off, 210 * SECOND);
		CU_ASSERT(wait_converged(false, 60) <= 60);
		run(seed * 777);
		net.worst = 0;
		rip_withdraw(net.nodes[1].r, &(struct rip_prefix){lan_of(1).addr_be, 24});
		for (unsigned i = 0; i < FLYING_MAX; i++)
			net.flying[i].at = 0;
		rip_destroy(net.nodes[1].r);
		start_node(&net.nodes[1], 1, &off, 0);
		rip_peer_gone(net.nodes[0].r, net.nodes[0].tun, net.nodes[1].addr_be);
		for (s = 0; s <= LATE && !forgotten(1); s++)
			run(SECOND);
		CU_ASSERT(s <= LATE);
		CU_ASSERT(net.worst <= 2);
		/* And back: at once, for it is no further away than it was. */
		announce_lan(1);
		CU_ASSERT(wait_converged(false, 60) <= LATE);
		stop();
	}
}

static const struct unit_test tests[] = {
	{"RFC 2453 3.4.4: a hub and spokes converge by triggered updates", test_converges},
	{"they converge when a third is lost", test_converges_with_loss},
	{"RFC 2453 3.4.2: a withdrawn LAN goes and does not count to infinity", test_withdrawn},
	{"RFC 2453 3.4.2: nor when a third is lost", test_withdrawn_with_loss},
	{"RFC 2453 3.4.2: nor with next-hop-self", test_withdrawn_next_hop_self},
	{"RFC 2453 3.4.2: nor with a copy for each spoke", test_withdrawn_suppress_own},
	{"without hold-down it does", test_counts_without_holddown},
	{"a dead spoke's LAN goes at once, and comes back at once", test_dead},
};

UNIT_MAIN("rip: network", tests)
