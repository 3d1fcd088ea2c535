/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NHRP engine as a state machine. The input is a sequence of steps, an octet each that says
 * what and one that says who: packets (their addresses among few, so that they meet), hints, peers
 * that come, go and move, the gate's answers, time. Whatever happens: nothing is sent to a peer
 * that is gone, the counters add up, and what one peer may hold is bounded.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "nhrp/nhrp_priv.h"

#define PEERS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct nhrp *n;
	bool gone[PEERS], no_sa[PEERS];
	uint8_t proof, gate, bind;
	uint64_t token, authentic;
	unsigned n_bound;
	uint8_t routed; /* shifts where everything leads */
} w;

static uint32_t host(uint8_t k)
{
	return htonl(0x0aff0000u + k % 16);
}

static void op_send(void *ctx, uint32_t iface, uint32_t peer, const void *bytes, size_t len)
{
	struct nhrp_packet p;

	(void)ctx;
	if (iface > 1 || peer >= PEERS || w.gone[peer] ||
		nhrp_packet_parse(&p, bytes, len) != NHRP_FAULT_NONE)
		abort();
}

static void op_route(void *ctx, uint32_t iface, uint32_t dst_be, struct nhrp_route *r)
{
	uint8_t k = (uint8_t)(ntohl(dst_be) + w.routed);

	(void)ctx;
	r->kind = (enum nhrp_route_kind)(k % 5);
	r->len = 24;
	r->iface = k % 7 == 0 ? !iface : iface;
	r->peer = k % PEERS;
	r->next_hop_be = host(k % PEERS + 2);
	/* Control routes to no peer that is gone. */
	if (w.gone[r->peer])
		r->kind = NHRP_ROUTE_NONE;
}

static void op_identity(void *ctx, uint32_t peer, struct nhrp_identity *id)
{
	static const char *const names[] = {"a", "b", "", NULL};

	(void)ctx;
	id->proof = (enum nhrp_proof)(w.proof % 3);
	id->name = names[peer % 4];
	id->authentic_ms = w.authentic;
	id->pinned_be = w.proof % 16 == 15 ? host((uint8_t)peer) : 0;
}

static bool op_sa_up(void *ctx, uint32_t peer)
{
	(void)ctx;
	return !w.gone[peer] && !w.no_sa[peer];
}

static uint32_t op_peer_of(void *ctx, uint32_t iface, uint32_t nbma_be)
{
	uint8_t k = (uint8_t)ntohl(nbma_be) % PEERS;

	(void)ctx;
	(void)iface;
	return w.gone[k] ? NHRP_PEER_NONE : k;
}

static enum nhrp_gate op_gate(void *ctx, uint64_t token, const struct nhrp_binding *b)
{
	(void)ctx;
	(void)b;
	w.token = token;
	return (enum nhrp_gate)(w.gate % 3);
}

static int op_bind(void *ctx, const struct nhrp_binding *b)
{
	(void)ctx;
	if (b->peer >= PEERS || w.gone[b->peer])
		abort();
	return w.bind % 8 == 7 ? -ENOSPC : 0;
}

static void check(void)
{
	struct nhrp_stats s;
	struct nhrp_peer_stats p;
	uint64_t sum, leases = 0, pending = 0, requesters = 0;

	nhrp_stats(w.n, &s);
	sum = s.handled + s.forwarded + s.n_pending;
	for (int i = 0; i < NHRP_DROPS; i++)
		sum += s.dropped[i];
	for (uint32_t k = 0; k < PEERS; k++) {
		if (!nhrp_peer_stats(w.n, k, &p))
			continue;
		if (p.n_leases > 3 || p.n_pending > 2)
			abort();
		leases += p.n_leases;
		pending += p.n_pending;
		requesters += p.n_requesters;
	}
	if (sum != s.received || leases != s.n_leases || pending != s.n_pending ||
		requesters != s.n_requesters || s.n_requesters > 20 || s.n_redirects > 5 ||
		s.n_purges > 6 || s.n_shortcuts > 4 || s.n_pending > 5)
		abort();
}

/* Who says it, to whom and about whom come out of the input; so do the extensions. */
static void packet(struct cursor *c, uint32_t peer, uint64_t now)
{
	static const uint16_t exts[] = {
		0x8003, 0x8004, 0x8005, 0x8007, 0x0008, 0x0009, 0x8123, 0x0123};
	uint8_t bytes[2048], bits = cursor_u8(c), n = cursor_u8(c) % 8;
	uint32_t src = host(cursor_u8(c)), dst = host(cursor_u8(c)), proto, nbma, outer;
	struct nhrp_packet p = {.afn = 1,
		.protocol = 0x0800,
		.version = 1,
		.type = bits % 10,
		.hop_count = bits >> 4,
		.flags = cursor_u16(c),
		.request_id = cursor_u8(c),
		.src_proto = nhrp_addr_v4(&src),
		.dst_proto = nhrp_addr_v4(&dst),
		.src_nbma = nhrp_addr_v4(&outer)};
	struct nhrp_builder b;
	size_t len;

	p.code = (uint16_t)(p.request_id & 15);
	outer = htonl(0xc6336400u + peer);
	nhrp_build_start(&b, bytes, sizeof(bytes), &p);
	for (uint8_t k = 0; k < n; k++) {
		proto = host(cursor_u8(c));
		nbma = htonl(0xc6336400u + cursor_u8(c) % 16);
		nhrp_build_cie(&b, &(struct nhrp_cie){.prefix_len = cursor_u8(c),
					   .holding = cursor_u8(c),
					   .code = cursor_u8(c) % 16,
					   .mtu = 1400,
					   .proto = nhrp_addr_v4(&proto),
					   .nbma = nhrp_addr_v4(&nbma)});
	}
	for (n = cursor_u8(c) % 6; n > 0; n--) {
		nhrp_build_ext_open(&b, exts[cursor_u8(c) % 8]);
		proto = host(cursor_u8(c));
		if (proto != host(0))
			nhrp_build_cie(&b, &(struct nhrp_cie){.proto = nhrp_addr_v4(&proto)});
		nhrp_build_ext_close(&b);
	}
	len = nhrp_build_end(&b);
	if (bits == 0xff && len > 40)
		bytes[20 + cursor_u8(c) % 20] ^= cursor_u8(c);
	nhrp_receive(w.n, bits & 1, peer, (bits & 0x20) == 0 ? outer : htonl(0xcb007100u + peer),
		bytes, len, now);
}

static void route_changed(uint8_t k, uint8_t len, uint64_t now)
{
	struct nhrp_change c = {
		.prefix = {host(k) & (len == 0 ? 0 : htonl(UINT32_MAX << (32 - len))), len}};

	while (nhrp_route_changed(w.n, &c, 1, now))
		;
}

/* By command: end what a peer registered, or tell who asked about it. */
static void walk(uint32_t peer, bool purge, uint64_t now)
{
	struct nhrp_cursor c;
	unsigned n = 0;

	nhrp_cache_open(w.n, &c, &(struct nhrp_selector){.by_peer = true, .peer = peer});
	while (purge ? nhrp_cache_purge(&c, NULL, 1, now, &n) : nhrp_cache_clear(&c, 1, now, &n))
		;
	nhrp_cache_close(&c);
}

static void step(struct cursor *c, uint64_t *now)
{
	uint8_t what = cursor_u8(c), head[24] = {0x45};
	uint32_t peer = cursor_u8(c) % PEERS, to;

	switch (what % 12) {
	case 0:
		w.gone[peer] = true;
		nhrp_peer_gone(w.n, peer, NHRP_END_PEER_GONE, *now);
		break;
	case 1:
		if (!w.gone[peer])
			nhrp_peer_moved(w.n, peer, htonl(0xcb007100u + what), *now);
		break;
	case 2:
		w.gone[peer] = w.no_sa[peer] = false;
		nhrp_peer_up(w.n, what >> 7, peer, htonl(0xc6336400u + peer), *now);
		break;
	case 3:
		nhrp_peer_alive(w.n, peer, *now);
		w.no_sa[peer] = what & 0x80;
		break;
	case 4:
		nhrp_gate_result(w.n, w.token, what & 0x80, *now);
		break;
	case 5:
		*now += 1u << what % 17;
		nhrp_turn(w.n, *now);
		break;
	case 6:
		to = host(cursor_u8(c));
		memcpy(head + 16, &to, 4);
		if (!w.gone[peer])
			nhrp_hint(w.n, what >> 7, peer, head, sizeof(head), *now);
		break;
	case 7:
		w.gate = w.proof = w.bind = what >> 3;
		w.authentic = what & 0x80 ? *now : 0;
		break;
	case 8:
		nhrp_resolve(w.n, what >> 7, host(cursor_u8(c)), *now);
		break;
	case 10:
		w.routed = what >> 4;
		route_changed(cursor_u8(c), what >> 3, *now);
		break;
	case 9:
		if (what & 0x80)
			walk(peer, what & 0x40, *now);
		else
			nhrp_overload(w.n, what & 0x10);
		break;
	default:
		if (!w.gone[peer])
			packet(c, peer, *now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct nhrp_params params = {.leases_max = 12,
		.pending_max = 5,
		.pending_per_peer = 2,
		.requesters_max = 20,
		.requesters_per_lease = 4,
		.purges_max = 6,
		.redirects_max = 5,
		.redirects_per_s = 10,
		.shortcuts_max = 4,
		.seed = 1};
	const struct nhrp_ops ops = {.send = op_send,
		.route = op_route,
		.identity = op_identity,
		.peer_sa_up = op_sa_up,
		.peer_of = op_peer_of,
		.gate = op_gate,
		.bind = op_bind};
	const struct nhrp_prefix all = {0, 0};
	const struct nhrp_map map = {.prefix = {host(5), 32}, .nbma_be = htonl(0xc6336403)};
	const struct nhrp_nhs nhs = {.nbma_be = htonl(0xc6336404)};
	struct nhrp_iface_params i = {.address_be = host(1),
		.len = 24,
		.nbma_be = htonl(0xc0000201),
		.mtu = 1400,
		.redirect = true,
		.shortcut = true,
		.networks_per_peer = 3,
		.cies_max = 4,
		.prefix_min = 24,
		.allowed = &all,
		.n_allowed = 1,
		.maps = &map,
		.n_maps = 1,
		.nhs = &nhs,
		.n_nhs = 1};
	struct cursor c = cursor_open(data, size);
	uint64_t now = 1000;
	uint8_t how = cursor_u8(&c);

	memset(&w, 0, sizeof(w));
	w.n = nhrp_create(&params, &ops, NULL);
	i.unique = (enum nhrp_unique)(how % 3);
	i.answer_registered = how & 4;
	if (w.n == NULL || nhrp_interface_add(w.n, 0, &i, now) != 0)
		abort();
	i.n_nhs = i.n_maps = 0;
	if (nhrp_interface_add(w.n, 1, &i, now) != 0)
		abort();
	while (cursor_left(&c) > 1) {
		step(&c, &now);
		check();
	}
	nhrp_interface_del(w.n, 1, now);
	check();
	nhrp_destroy(w.n);
	return 0;
}
