/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Engines that speak to one another, nothing in between: two hubs and what is behind them. Nodes
 * are numbered; N is 10.255.0.N at 198.51.100.N, and what it calls a peer is the other's number.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "common/addr.h"
#include "nhrp/nhrp.h"
#include "tests/unit/unit.h"

#define NODES     8
#define QUEUE_MAX 256

struct node {
	struct nhrp *n;
	uint32_t number;
	uint8_t route_to[NODES]; /* next node towards 10.N.0.0/16; 0: none, itself: local */
	bool sa_with[NODES];
	struct nhrp_binding bound; /* the last shortcut */
	unsigned n_shortcuts;      /* installed */
};

static struct net {
	uint64_t now;
	struct node nodes[NODES];
	unsigned n_queue, n_sent, n_loops;
	struct {
		uint32_t from, to;
		size_t len;
		uint8_t bytes[NHRP_PACKET_MAX];
	} queue[QUEUE_MAX];
} net;

static uint32_t tunnel_be(uint32_t n)
{
	return htonl(0x0aff0000 + n);
}

static uint32_t nbma_be(uint32_t n)
{
	return htonl(0xc6336400 + n);
}

/* A node as others are told where to register. */
static struct nhrp_nhs server(uint32_t n)
{
	return (struct nhrp_nhs){.address_be = tunnel_be(n), .nbma_be = nbma_be(n)};
}

static void op_send(void *ctx, uint32_t iface, uint32_t peer, const void *bytes, size_t len)
{
	const struct node *from = ctx;

	(void)iface;
	CU_ASSERT_FATAL(peer < NODES && net.n_queue < QUEUE_MAX);
	CU_ASSERT(from->sa_with[peer]);
	net.queue[net.n_queue].from = from->number;
	net.queue[net.n_queue].to = peer;
	net.queue[net.n_queue].len = len;
	memcpy(net.queue[net.n_queue++].bytes, bytes, len);
	net.n_sent++;
}

static void op_route(void *ctx, uint32_t iface, uint32_t dst_be, struct nhrp_route *r)
{
	const struct node *node = ctx;
	uint32_t dst = ntohl(dst_be), to = dst >> 16 & 0xff;

	(void)iface;
	r->len = 16;
	if (dst >> 16 == 0x0aff) {
		to = dst & 0xff;
		r->len = 32;
		if (to < NODES && node->sa_with[to])
			*r = (struct nhrp_route){NHRP_ROUTE_PEER, 32, 0, to, dst_be};
		else if (to < NODES && node->route_to[to] != 0)
			*r = (struct nhrp_route){NHRP_ROUTE_PEER, 32, 0, node->route_to[to],
				tunnel_be(node->route_to[to])};
		return;
	}
	if (to >= NODES || node->route_to[to] == 0)
		return;
	if (node->route_to[to] == node->number)
		r->kind = NHRP_ROUTE_ANNOUNCED;
	else
		*r = (struct nhrp_route){
			NHRP_ROUTE_PEER, 16, 0, node->route_to[to], tunnel_be(node->route_to[to])};
}

static bool op_sa_up(void *ctx, uint32_t peer)
{
	return peer < NODES && ((struct node *)ctx)->sa_with[peer];
}

static uint32_t op_peer_of(void *ctx, uint32_t iface, uint32_t be)
{
	const struct node *node = ctx;

	(void)iface;
	for (uint32_t i = 0; i < NODES; i++)
		if (nbma_be(i) == be && node->sa_with[i])
			return i;
	return NHRP_PEER_NONE;
}

static int op_bind(void *ctx, const struct nhrp_binding *b)
{
	struct node *node = ctx;

	if (b->type != NHRP_CACHED)
		return 0;
	node->bound = *b;
	node->n_shortcuts++;
	return 0;
}

static void op_unbind(void *ctx, const struct nhrp_binding *b, enum nhrp_end why)
{
	(void)why;
	if (b->type == NHRP_CACHED)
		((struct node *)ctx)->n_shortcuts--;
}

static void op_event(void *ctx, const struct nhrp_event *ev)
{
	(void)ctx;
	net.n_loops += ev->type == NHRP_EV_ERROR_SENT && ev->code == NHRP_ERROR_LOOP;
}

static void node_open(uint32_t number, const struct nhrp_nhs *nhs, unsigned n_nhs)
{
	const struct nhrp_ops ops = {.send = op_send,
		.route = op_route,
		.peer_sa_up = op_sa_up,
		.peer_of = op_peer_of,
		.bind = op_bind,
		.unbind = op_unbind,
		.event = op_event};
	const struct nhrp_iface_params p = {.address_be = tunnel_be(number),
		.len = 24,
		.nbma_be = nbma_be(number),
		.mtu = 1400,
		.holding = 300,
		.shortcut = true,
		.redirect = true,
		.nhs = nhs,
		.n_nhs = n_nhs};
	struct node *node = &net.nodes[number];

	node->number = number;
	node->n = nhrp_create(&(struct nhrp_params){.seed = number}, &ops, node);
	CU_ASSERT_PTR_NOT_NULL_FATAL(node->n);
	CU_ASSERT_EQUAL_FATAL(nhrp_interface_add(node->n, 0, &p, net.now), 0);
}

static void sa(uint32_t a, uint32_t b)
{
	net.nodes[a].sa_with[b] = net.nodes[b].sa_with[a] = true;
	nhrp_peer_up(net.nodes[a].n, 0, b, nbma_be(b), net.now);
	nhrp_peer_up(net.nodes[b].n, 0, a, nbma_be(a), net.now);
}

static void deliver(void)
{
	for (unsigned i = 0; i < net.n_queue; i++) {
		struct node *to = &net.nodes[net.queue[i].to];

		if (to->n != NULL)
			nhrp_receive(to->n, 0, net.queue[i].from, nbma_be(net.queue[i].from),
				net.queue[i].bytes, net.queue[i].len, net.now);
	}
	net.n_queue = 0;
}

static void pass(uint64_t ms)
{
	for (uint64_t end = net.now + ms; net.now <= end; net.now += 50) {
		for (unsigned i = 0; i < NODES; i++)
			if (net.nodes[i].n != NULL)
				nhrp_turn(net.nodes[i].n, net.now);
		deliver();
	}
}

static void net_close(void)
{
	for (unsigned i = 0; i < NODES; i++)
		nhrp_destroy(net.nodes[i].n);
	net = (struct net){0};
}

/* The data plane of `hub` sent a packet of `from` for 10.to.0.1 back into the tunnel. */
static void hairpin(uint32_t hub, uint32_t from, uint32_t to)
{
	uint8_t head[28] = {0x45};
	uint32_t src = tunnel_be(from), dst = htonl(0x0a000001 + (to << 16));

	memcpy(head + 12, &src, sizeof(src));
	memcpy(head + 16, &dst, sizeof(dst));
	nhrp_hint(net.nodes[hub].n, 0, from, head, sizeof(head), net.now);
	deliver();
	deliver();
	deliver();
	deliver();
}

static void test_dual(void)
{
	/* 1 and 3 are hubs of their own, registered with 2, who knows both. */
	const struct nhrp_nhs nhs = server(2);
	struct nhrp_binding b;

	net.now = 1000;
	node_open(2, NULL, 0);
	node_open(1, &nhs, 1);
	node_open(3, &nhs, 1);
	sa(1, 2);
	sa(3, 2);
	net.nodes[1].route_to[3] = 2;
	net.nodes[2].route_to[3] = 3;
	net.nodes[3].route_to[3] = 3;
	pass(100);
	CU_ASSERT(nhrp_binding_find(net.nodes[2].n, 0, tunnel_be(1), 32, &b) && b.up);
	CU_ASSERT(nhrp_binding_find(net.nodes[2].n, 0, tunnel_be(3), 32, &b) && b.up);
	/* 2 tells 1 that there is a shorter way; 3 answers; there are no SAs with it yet. */
	hairpin(2, 1, 3);
	CU_ASSERT(nhrp_binding_find(net.nodes[1].n, 0, htonl(0x0a030000), 16, &b));
	CU_ASSERT(b.type == NHRP_CACHED && !b.up && b.nbma_be == nbma_be(3));
	CU_ASSERT_EQUAL(net.nodes[1].n_shortcuts, 0);
	sa(1, 3);
	CU_ASSERT_EQUAL(net.nodes[1].n_shortcuts, 1);
	CU_ASSERT(net.nodes[1].bound.peer == 3 && net.nodes[1].bound.len == 16);
	/* 3 goes: 2 purges who had asked it. */
	net.nodes[2].sa_with[3] = false;
	nhrp_peer_gone(net.nodes[2].n, 3, NHRP_END_PEER_DEAD, net.now);
	deliver();
	CU_ASSERT_EQUAL(net.nodes[1].n_shortcuts, 0);
	CU_ASSERT(!nhrp_binding_find(net.nodes[1].n, 0, htonl(0x0a030000), 16, NULL));
	net_close();
}

static void test_expires(void)
{
	const struct nhrp_nhs nhs = server(2);
	struct node *node = &net.nodes[1];

	net.now = 1000;
	node_open(2, NULL, 0);
	node_open(1, &nhs, 1);
	node_open(3, &nhs, 1);
	sa(1, 2);
	sa(3, 2);
	sa(1, 3);
	node->route_to[3] = 2;
	net.nodes[2].route_to[3] = 3;
	net.nodes[3].route_to[3] = 3;
	pass(100);
	hairpin(2, 1, 3);
	CU_ASSERT_EQUAL(node->n_shortcuts, 1);
	/* It is used, so it is renewed; 3 lets nobody answer for it any more: it ends in time. */
	pass(400000);
	CU_ASSERT_EQUAL(node->n_shortcuts, 1);
	net.nodes[2].route_to[3] = 0;
	pass(301000);
	CU_ASSERT_EQUAL(node->n_shortcuts, 0);
	net_close();
}

/*
 * A hierarchy: 4 is a spoke of 1, 5 of 3, and both hubs are spokes of 2. What 4 asks goes up and
 * down again, and the answer leads straight to 5.
 */
static void test_hierarchy(void)
{
	const struct nhrp_nhs first = server(1);
	const struct nhrp_nhs second = server(2);
	const struct nhrp_nhs third = server(3);
	struct nhrp_binding b;

	net.now = 1000;
	node_open(2, NULL, 0);
	node_open(1, &second, 1);
	node_open(3, &second, 1);
	node_open(4, &first, 1);
	node_open(5, &third, 1);
	sa(1, 2);
	sa(3, 2);
	sa(4, 1);
	sa(5, 3);
	net.nodes[4].route_to[5] = 1;
	net.nodes[1].route_to[5] = 2;
	net.nodes[2].route_to[5] = 3;
	net.nodes[3].route_to[5] = 5;
	net.nodes[5].route_to[5] = 5;
	net.nodes[3].route_to[4] = 2;
	net.nodes[2].route_to[4] = 1;
	pass(100);
	sa(4, 5);
	nhrp_resolve(net.nodes[4].n, 0, htonl(0x0a050001), net.now);
	for (unsigned i = 0; i < 10; i++)
		deliver();
	CU_ASSERT(nhrp_binding_find(net.nodes[4].n, 0, htonl(0x0a050000), 16, &b));
	CU_ASSERT(b.up && b.peer == 5 && b.nbma_be == nbma_be(5));
	CU_ASSERT_EQUAL(net.n_loops, 0);
	/* 5 leaves its hub: who had asked is told, all the way. */
	net.nodes[3].sa_with[5] = false;
	nhrp_peer_gone(net.nodes[3].n, 5, NHRP_END_PEER_DEAD, net.now);
	for (unsigned i = 0; i < 10; i++)
		deliver();
	CU_ASSERT(!nhrp_binding_find(net.nodes[4].n, 0, htonl(0x0a050000), 16, NULL));
	net_close();
}

/* Hubs that are servers of each other: nothing goes round for ever. */
static void test_loop(void)
{
	const struct nhrp_nhs first = server(1);
	const struct nhrp_nhs second = server(2);
	const struct nhrp_nhs third = server(3);
	unsigned before;

	net.now = 1000;
	node_open(1, &second, 1);
	node_open(2, &third, 1);
	node_open(3, &first, 1);
	node_open(4, &first, 1);
	sa(1, 2);
	sa(2, 3);
	sa(3, 1);
	sa(4, 1);
	/* Each thinks that the next one knows the way to 10.5.0.0/16. */
	net.nodes[1].route_to[5] = 2;
	net.nodes[2].route_to[5] = 3;
	net.nodes[3].route_to[5] = 1;
	net.nodes[4].route_to[5] = 1;
	pass(100);
	before = net.n_sent;
	nhrp_resolve(net.nodes[4].n, 0, htonl(0x0a050001), net.now);
	for (unsigned i = 0; i < 20; i++)
		deliver();
	/* Once round, an answer or error back on the same way. */
	CU_ASSERT(net.n_sent - before <= 10);
	CU_ASSERT_EQUAL(net.n_queue, 0);
	/* In a quarter of an hour registrations and what is asked again, no more. */
	before = net.n_sent;
	pass(900000);
	CU_ASSERT(net.n_sent - before < 400);
	net_close();
}

static const struct unit_test tests[] = {
	{"RFC 2332 5.2.1: a hub resolves by another hub, and installs the shortcut", test_dual},
	{"RFC 2332 5.2.2: a shortcut is renewed while it is used, and ends", test_expires},
	{"RFC 2332 5.2.1: a hierarchy of hubs, and a purge through it", test_hierarchy},
	{"RFC 2332 5.3.2: hubs in a circle", test_loop},
};

UNIT_MAIN("nhrp: hubs", tests)
