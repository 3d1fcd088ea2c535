/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rib-bench [PEERS [ROUTES]]: what the RIB and the forwarding table under it cost on this machine.
 * No packets, no workers: control's side alone. The curve at the end shows whether a change costs
 * more when there are more peers that it does not concern.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>

#include "control/hub_priv.h"

#define TABLE     DP_TABLE_OVERLAY
#define PER_SPOKE 10 /* routes that one spoke announces */
#define CHANGES   1000

static struct hub hub;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "rib-bench: %s\n", what);
	exit(EXIT_FAILURE);
}

static uint32_t peer_be(unsigned i)
{
	return rte_cpu_to_be_32(0x0a800000 + i + 2);
}

static void peer(unsigned i, bool there)
{
	struct error err = {""};

	if (there)
		check(hub_rib_add(&hub, TABLE, peer_be(i), 32, HUB_ROUTE_PEER,
			      DP_ADJ(DP_ADJ_PEER, i), &err) == 0,
			err.text);
	else
		hub_rib_del(&hub, TABLE, peer_be(i), 32, HUB_ROUTE_PEER);
}

/* Network i is behind spoke i / PER_SPOKE. */
static void route(unsigned i, uint32_t metric)
{
	const struct hub_prefix prefix = {rte_cpu_to_be_32(0x14000000 + (i << 8)), 24, TABLE};
	const struct hub_route_entry entry = {
		.source = HUB_ROUTE_RIP,
		.distance = hub_route_distance(HUB_ROUTE_RIP),
		.metric = metric,
		.n_next_hops = 1,
		.next_hops_be = {peer_be(i / PER_SPOKE)},
	};
	struct error err = {""};

	check(hub_rib_update(&hub, &prefix, &entry, &err) == 0, err.text);
}

static void say(const char *what, unsigned n, double seconds)
{
	printf("%-52s %8.2f us each\n", what, seconds / n * 1e6);
}

static double change_peers(unsigned spokes)
{
	double start = now();

	for (unsigned i = 0; i < CHANGES; i++) {
		peer(i % spokes, false);
		peer(i % spokes, true);
	}
	return now() - start;
}

static void walk(void)
{
	const struct hub_route *r = hub_rib_next(&hub, NULL);
	double start = now();
	unsigned n = 0;

	for (; r != NULL; n++) {
		const struct hub_prefix last = r->prefix;

		r = hub_rib_next(&hub, &last);
	}
	say("a step of a walk in pieces", n, now() - start);
}

static void run(unsigned peers, unsigned routes)
{
	size_t before = mallinfo2().uordblks, with_peers;
	double start = now();

	for (unsigned i = 0; i < peers; i++)
		peer(i, true);
	say("a peer's /32 added", peers, now() - start);
	with_peers = mallinfo2().uordblks;
	start = now();
	for (unsigned i = 0; i < routes; i++)
		route(i, 2);
	say("a route through a peer added", routes, now() - start);
	printf("%-52s %8zu octets, %zu\n", "memory of a peer's /32, of a route through it",
		(with_peers - before) / peers, (mallinfo2().uordblks - with_peers) / routes);
	start = now();
	for (unsigned i = 0; i < routes; i++)
		route(i, 2);
	say("a route said again, unchanged", routes, now() - start);
	start = now();
	for (unsigned i = 0; i < routes; i++)
		route(i, 3);
	say("a route with another metric", routes, now() - start);
	say("a peer with 10 routes goes and comes", CHANGES, change_peers(routes / PER_SPOKE));
	walk();
}

static void curve(unsigned peers)
{
	for (unsigned i = 0; i < 10 * PER_SPOKE; i++)
		route(i, 2);
	for (unsigned n = 100, there = 0; n <= peers; n *= 10) {
		char what[64];

		while (there < n)
			peer(there++, true);
		snprintf(what, sizeof(what), "of %u peers one with 10 routes goes and comes", n);
		say(what, CHANGES, change_peers(10));
	}
}

static void open_hub(unsigned room)
{
	struct dp_params p = {
		.n_workers = 1, .burst = 32, .n_mbufs = 1024, .n_peers = room / 4, .socket = -1};
	struct error err = {""};

	hub = (struct hub){.dp = dp_create(&p, &err)};
	check(hub.dp != NULL, err.text);
	check(hub_rib_create(&hub, 2 * room, &err) == 0, err.text);
}

static void close_hub(void)
{
	hub_rib_destroy(&hub);
	dp_destroy(hub.dp);
}

int main(int argc, char **argv)
{
	char prefix[64];
	char *args[] = {"rib-bench", "--no-huge", "-m", "1024", "--no-pci", "--no-telemetry",
		"--no-shconf", "--log-level=error", "--file-prefix", prefix, NULL};
	unsigned peers = argc > 1 ? (unsigned)atoi(argv[1]) : 100000;
	unsigned routes = argc > 2 ? (unsigned)atoi(argv[2]) : 10000;

	snprintf(prefix, sizeof(prefix), "rib-bench-%d", getpid());
	check(peers >= 100 && routes >= 100 && routes <= peers,
		"usage: rib-bench [PEERS [ROUTES]]");
	check(rte_eal_init(RTE_DIM(args) - 1, args) >= 0, "the EAL does not start");
	printf("%u peers, %u routes\n", peers, routes);
	open_hub(peers + routes);
	run(peers, routes);
	close_hub();
	open_hub(peers + routes);
	curve(peers);
	close_hub();
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
