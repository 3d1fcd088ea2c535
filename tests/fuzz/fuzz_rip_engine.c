/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: what happens to a RIP engine, step by step. The first octet says how it is set
 * up; then each step is an octet of what, an octet of who and, for messages, one of how long, and
 * the message. Everything it sends must be a message; its sizes must stay in their bounds.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "common/addr.h"
#include "common/cursor.h"
#include "control/rip/rip.h"

#define ROUTES_MAX   64
#define PEERS_MAX    8
#define PREFIXES_MAX 16

enum step { TIME, MESSAGE, UP, GONE, ANNOUNCE, WITHDRAW, CLEAR, NEIGHBOR, SIGNED, STEPS };

static const struct rip_key key = {
	1, RIP_ALGORITHM_SHA256, "secret", 6, {0, UINT64_MAX}, {0, UINT64_MAX}};
static const struct rip_rule rules[] = {
	{false, {0x0000010a, 16}, 20, 24}, /* 10.1.0.0/16 */
	{true, {0, 0}, 0, 32},
};
static const struct rip_prefix_list list = {rules, 2};

static struct {
	struct rip *r;
	uint32_t ifaces[2];
	uint64_t now;
	uint32_t random;
	bool refuse;
} world;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int send_one(void *ctx, const struct rip_out *out)
{
	struct rip_packet p;

	(void)ctx;
	if (rip_packet_parse(out->data, out->len, &p) != RIP_PARSE_OK || out->len > 512)
		abort();
	if (p.version != 1 && (out->iface == world.ifaces[1]) != (p.auth.kind == RIP_AUTH_CRYPT))
		abort();
	world.random += (uint32_t)out->len;
	return world.refuse && world.random % 3 == 0 ? -1 : 0;
}

static void take_route(void *ctx, const struct rip_route_view *v)
{
	(void)ctx;
	if (v->n_hops > 3 || v->metric == 0 || v->metric > 16 ||
		(v->prefix.addr_be & ~ip4_mask_be(v->prefix.len)) != 0)
		abort();
	for (unsigned i = 0; i < v->n_hops; i++)
		if (v->hops[i].via_be == 0)
			abort();
}

static uint32_t take_random(void *ctx)
{
	(void)ctx;
	return world.random = world.random * 1664525 + 1013904223;
}

static uint64_t unix_time(void *ctx)
{
	(void)ctx;
	return 1700000000 + world.now / 1000;
}

static void start(uint8_t how)
{
	struct rip_params p = {
		.update_ms = 30000,
		.timeout_ms = 180000,
		.garbage_ms = 120000,
		.holddown_ms = how & 1 ? 210000 : 0,
		.max_routes = ROUTES_MAX,
		.max_paths = how & 2 ? 3 : 1,
		.distance = 120,
		.policy = {.in = &list, .offset_out = {&list, 3}},
		.calls = {send_one, take_route, take_random, unix_time, NULL},
	};
	struct rip_iface_params i = {
		.name = "tun0",
		.addrs = {{htonl(0x0afefe01), 24}},
		.n_addrs = 1,
		.split_horizon = (enum rip_split_horizon)(how >> 2 & 3) % 3,
		.suppress_own = how & 16,
		.next_hop_self = how & 32,
		.passive = how & 64,
		.receive_v1 = true,
		.replay_check = true,
		.max_prefixes = PREFIXES_MAX,
		.max_peers = PEERS_MAX,
	};
	struct error err;

	memset(&world, 0, sizeof(world));
	world.refuse = how & 128;
	world.ifaces[1] = 1;
	world.r = rip_create(&p, 0, &err);
	if (world.r == NULL || rip_iface_add(world.r, &i, &world.ifaces[0], &err) < 0)
		abort();
	i.addrs[0] = (struct rip_prefix){htonl(0x0a010001), 24};
	i.addrs[1] = (struct rip_prefix){htonl(0x0a010101), 24};
	i.n_addrs = 2;
	i.passive = false;
	i.suppress_own = false;
	i.accept_default = i.accept_own = true;
	i.split_horizon = RIP_SPLIT_SIMPLE;
	i.auth = (struct rip_auth){.keys = &key, .n_keys = 1};
	if (rip_iface_add(world.r, &i, &world.ifaces[1], &err) < 0)
		abort();
}

static uint32_t who(uint8_t n)
{
	return htonl((n & 1 ? 0x0a010000 : 0x0afefe00) + (n >> 1));
}

static void receive(uint8_t n, const uint8_t *data, size_t len)
{
	const struct rip_in in = {
		.iface = world.ifaces[n & 1],
		.src_be = who(n),
		.src_port = n == 255 ? 4000 : RIP_PORT,
		.data = data,
		.len = len,
	};

	rip_receive(world.r, world.now, &in);
}

/* Octets as the entries of a message that is authentic. */
static void receive_signed(uint8_t n, const uint8_t *data, size_t len)
{
	const struct rip_auth a = {.keys = &key, .n_keys = 1};
	uint8_t bytes[RIP_PACKET_MAX + 300];
	struct writer w = writer_open(bytes, sizeof(bytes));

	rip_packet_write_header(&w, n & 2 ? RIP_REQUEST : RIP_RESPONSE, 2);
	rip_auth_begin(&w, &a, &key, (uint32_t)unix_time(NULL));
	writer_copy(&w, data, len / RIP_ENTRY_LEN * RIP_ENTRY_LEN);
	if (rip_auth_end(&w, &key) == 0)
		receive(n | 1, bytes, writer_len(&w));
}

static void announce(uint8_t n, bool withdraw)
{
	struct rip_announcement a = {
		.prefix = {htonl(0x0a010000 + ((uint32_t)n << 8)), 24},
		.source = RIP_SOURCE_STATIC,
		.metric = n % 17,
		.distance = n & 1 ? 200 : 1,
		.iface = n % 4,
		.via_be = who(n),
	};

	if (withdraw)
		rip_withdraw(world.r, &a.prefix);
	else
		rip_announce(world.r, &a);
}

static void check(void)
{
	struct rip_totals t = rip_totals(world.r);

	if (t.routes > ROUTES_MAX || t.peers > 2 * PEERS_MAX ||
		t.paths > 2 * PEERS_MAX * PREFIXES_MAX)
		abort();
}

static void do_step(enum step what, uint8_t n, struct cursor *c)
{
	uint8_t len;
	const uint8_t *bytes;

	switch (what) {
	case TIME:
		world.now += (uint64_t)n * n * 16;
		rip_turn(world.r, world.now, 5);
		break;
	case MESSAGE:
	case SIGNED:
		len = cursor_u8(c);
		if (len > cursor_left(c))
			len = (uint8_t)cursor_left(c);
		bytes = cursor_take(c, len);
		if (bytes != NULL && what == MESSAGE)
			receive(n, bytes, len);
		else if (bytes != NULL)
			receive_signed(n, bytes, len);
		break;
	case UP:
		rip_peer_up(world.r, world.ifaces[n & 1], who(n));
		break;
	case GONE:
		rip_peer_gone(world.r, world.ifaces[n & 1], who(n));
		break;
	case ANNOUNCE:
	case WITHDRAW:
		announce(n, what == WITHDRAW);
		break;
	case CLEAR:
		rip_clear(world.r);
		break;
	default:
		rip_neighbor_add(world.r, world.ifaces[n & 1], who(n));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_open(data, size);
	struct rip_route_view v;
	unsigned seen = 0;

	start(cursor_u8(&c));
	while (cursor_left(&c) >= 2) {
		enum step what = (enum step)(cursor_u8(&c) % STEPS);

		do_step(what, cursor_u8(&c), &c);
		rip_turn(world.r, world.now, 5);
		check();
	}
	for (bool more = rip_route_after(world.r, NULL, &v); more; seen++)
		more = rip_route_after(world.r, &v.prefix, &v);
	if (seen != rip_totals(world.r).routes)
		abort();
	/* Without more messages all that was learned goes, and nothing stays busy. */
	world.refuse = false;
	for (unsigned i = 0; i < 5000 && i < 200 * size + 200; i++) {
		world.now += 100;
		rip_turn(world.r, world.now, 50);
	}
	world.now += 1000000;
	rip_turn(world.r, world.now, 50);
	world.now += 1000000;
	rip_turn(world.r, world.now, 50);
	if (rip_totals(world.r).paths != 0)
		abort();
	rip_destroy(world.r);
	return 0;
}
