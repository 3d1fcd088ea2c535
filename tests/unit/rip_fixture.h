/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One engine with a fake clock: a tunnel with the hub's 10.254.254.1/24 and split horizon off, a
 * LAN with 10.1.0.1/24. What it sends is kept, read again by the codec.
 */
#ifndef TESTS_UNIT_RIP_FIXTURE_H
#define TESTS_UNIT_RIP_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>

#include "common/addr.h"
#include "control/rip/rip.h"
#include "tests/unit/unit.h"

#define SENT_MAX 8192
#define SECOND   1000u

struct sent {
	uint64_t at;
	struct rip_out out;
	struct rip_packet packet;
	uint8_t bytes[RIP_PACKET_MAX];
};

static struct {
	struct rip *r;
	struct rip_params params;
	struct rip_iface_params tun_params, lan_params;
	uint32_t tun, lan;
	uint64_t now, unix_base;
	uint32_t random; /* a constant, or with `vary` the next of a sequence */
	bool vary;
	struct sent sent[SENT_MAX];
	unsigned n_sent;
	bool refuse_to_send;
	unsigned n_events;
	struct rip_route_view event; /* the last */
} fx;

static inline uint32_t be(const char *text)
{
	return inet_addr(text);
}

static inline struct rip_prefix prefix(const char *text, uint8_t len)
{
	return (struct rip_prefix){be(text), len};
}

static int fx_send(void *ctx, const struct rip_out *out)
{
	struct sent *s = &fx.sent[fx.n_sent];

	(void)ctx;
	if (fx.refuse_to_send)
		return -ENOBUFS;
	CU_ASSERT_FATAL(fx.n_sent < SENT_MAX && out->len <= RIP_PACKET_MAX);
	memcpy(s->bytes, out->data, out->len);
	s->at = fx.now;
	s->out = *out;
	s->out.data = s->bytes;
	CU_ASSERT_EQUAL(rip_packet_parse(s->bytes, out->len, &s->packet), RIP_PARSE_OK);
	fx.n_sent++;
	return 0;
}

static void fx_route(void *ctx, const struct rip_route_view *v)
{
	(void)ctx;
	fx.n_events++;
	fx.event = *v;
}

static uint32_t fx_random(void *ctx)
{
	(void)ctx;
	if (fx.vary)
		fx.random = fx.random * 1664525 + 1013904223;
	return fx.vary ? fx.random >> 8 : fx.random;
}

static uint64_t fx_unix(void *ctx)
{
	(void)ctx;
	return fx.unix_base + fx.now / 1000;
}

/* Parameters as a hub has them; tests change them before fx_start(). */
static inline void fx_defaults(void)
{
	memset(&fx, 0, sizeof(fx));
	fx.now = 1000000;
	fx.unix_base = 1700000000;
	fx.params = (struct rip_params){
		.update_ms = 30 * SECOND,
		.timeout_ms = 180 * SECOND,
		.garbage_ms = 120 * SECOND,
		.holddown_ms = 120 * SECOND,
		.max_routes = 20000,
		.max_paths = 1,
		.distance = 120,
		.calls = {fx_send, fx_route, fx_random, fx_unix, NULL},
	};
	fx.tun_params = (struct rip_iface_params){
		.name = "tun0",
		.addrs = {prefix("10.254.254.1", 24)},
		.n_addrs = 1,
		.split_horizon = RIP_SPLIT_OFF,
		.receive_v1 = true,
		.replay_check = true,
		.max_prefixes = 1000,
		.max_peers = 100,
	};
	fx.lan_params = fx.tun_params;
	strcpy(fx.lan_params.name, "lan0");
	fx.lan_params.addrs[0] = prefix("10.1.0.1", 24);
	fx.lan_params.split_horizon = RIP_SPLIT_SIMPLE;
	fx.lan_params.accept_default = true;
	fx.lan_params.accept_own = true;
}

static inline void fx_start(void)
{
	struct error err;

	fx.r = rip_create(&fx.params, fx.now, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fx.r);
	CU_ASSERT_EQUAL_FATAL(rip_iface_add(fx.r, &fx.tun_params, &fx.tun, &err), 0);
	CU_ASSERT_EQUAL_FATAL(rip_iface_add(fx.r, &fx.lan_params, &fx.lan, &err), 0);
}

/* Let time pass, doing what is due when it is due. */
static inline void fx_run(uint64_t ms)
{
	uint64_t end = fx.now + ms;

	for (;;) {
		uint64_t next = rip_next(fx.r);

		if (next > end)
			break;
		fx.now = next > fx.now ? next : fx.now;
		rip_turn(fx.r, fx.now, 64);
	}
	fx.now = end;
	rip_turn(fx.r, fx.now, 64);
}

/* Started, and everything said that is said at the start. */
static inline void fx_settled(void)
{
	fx_start();
	fx_run(6 * SECOND);
	fx.n_sent = 0;
	fx.n_events = 0;
}

static inline void fx_stop(void)
{
	rip_destroy(fx.r);
	fx.r = NULL;
}

static inline struct rip_entry entry(
	const char *net, uint8_t len, const char *next_hop, uint32_t metric)
{
	return (struct rip_entry){
		.family = RIP_FAMILY_IP,
		.addr_be = be(net),
		.mask_be = ip4_mask_be(len),
		.next_hop_be = next_hop == NULL ? 0 : be(next_hop),
		.metric = metric,
	};
}

static inline void fx_bytes(
	uint32_t iface, const char *from, uint16_t port, const void *data, size_t len)
{
	const struct rip_in in = {
		.iface = iface,
		.src_be = be(from),
		.src_port = port,
		.data = data,
		.len = len,
	};

	rip_receive(fx.r, fx.now, &in);
}

static inline void fx_message(uint32_t iface, const char *from, uint16_t port,
	enum rip_command command, uint8_t version, const struct rip_entry *e, unsigned n)
{
	uint8_t bytes[RIP_PACKET_MAX];
	struct writer w = writer_open(bytes, sizeof(bytes));

	rip_packet_write_header(&w, command, version);
	for (unsigned i = 0; i < n; i++)
		rip_packet_write_entry(&w, &e[i]);
	CU_ASSERT_FALSE_FATAL(w.error);
	fx_bytes(iface, from, port, bytes, writer_len(&w));
}

/* A response of version 2 with one entry. */
static inline void fx_tell(uint32_t iface, const char *from, const char *net, uint8_t len,
	const char *next_hop, uint32_t metric)
{
	struct rip_entry e = entry(net, len, next_hop, metric);

	fx_message(iface, from, RIP_PORT, RIP_RESPONSE, 2, &e, 1);
}

/* The route, or one of metric 0 if there is none. */
static inline struct rip_route_view fx_see(const char *net, uint8_t len)
{
	const struct rip_prefix p = prefix(net, len);
	struct rip_route_view v = {.metric = 0};

	rip_route_find(fx.r, &p, &v);
	return v;
}

static inline uint64_t fx_refused(uint32_t iface, enum rip_refusal why)
{
	return rip_iface_stats(fx.r, iface)->refused[why];
}

/* The latest that was said about a network on an interface; metric 0: nothing. */
static inline struct rip_entry fx_said(uint32_t iface, const char *net, uint8_t len)
{
	struct rip_entry said = {.metric = 0};

	for (unsigned i = 0; i < fx.n_sent; i++) {
		const struct sent *s = &fx.sent[i];

		for (unsigned k = 0; s->out.iface == iface && k < s->packet.n; k++)
			if (s->packet.command == RIP_RESPONSE &&
				s->packet.entries[k].addr_be == be(net) &&
				s->packet.entries[k].mask_be == ip4_mask_be(len))
				said = s->packet.entries[k];
	}
	return said;
}

static inline void fx_announce(const char *net, uint8_t len, enum rip_source source, uint8_t metric,
	uint32_t iface, const char *via)
{
	const struct rip_announcement a = {
		.prefix = prefix(net, len),
		.source = source,
		.metric = metric,
		.iface = iface,
		.via_be = via == NULL ? 0 : be(via),
	};

	CU_ASSERT_EQUAL(rip_announce(fx.r, &a), 0);
}

#endif
