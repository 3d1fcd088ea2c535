/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench [SPOKES [ROUTES]]: what RIP costs the control thread. So many spokes (1,000) tell so many
 * routes (10,000) together, every 30 s of a fake clock, the hub tells them all on one tunnel.
 * Figures of the engine alone: time a spoke's update takes, a regular update of the hub's, the
 * turns in which nothing is due; messages, how they are spread; memory.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/addr.h"
#include "control/rip/rip.h"

#define INTERVAL 30000u

static struct {
	struct rip *r;
	uint32_t iface;
	uint64_t now;
	unsigned sent, events;
	uint64_t first, last; /* message of this update */
	unsigned in_turn, in_turn_max;
} bench;

static int count_sent(void *ctx, const struct rip_out *out)
{
	(void)ctx;
	(void)out;
	bench.first = bench.sent == 0 ? bench.now : bench.first;
	bench.last = bench.now;
	bench.sent++;
	bench.in_turn++;
	return 0;
}

static void count_event(void *ctx, const struct rip_route_view *v)
{
	(void)ctx;
	(void)v;
	bench.events++;
}

static uint32_t steady(void *ctx)
{
	(void)ctx;
	return INTERVAL / 6; /* regular updates exactly every interval */
}

static uint64_t unix_time(void *ctx)
{
	(void)ctx;
	return 1700000000 + bench.now / 1000;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t spoke(unsigned i)
{
	return htonl(0x0aff0000 + 2 + i);
}

static void start(unsigned spokes, unsigned routes)
{
	struct rip_params p = {
		.update_ms = INTERVAL,
		.timeout_ms = 180000,
		.garbage_ms = 120000,
		.holddown_ms = 210000,
		.max_routes = routes + 100,
		.max_paths = 1,
		.distance = 120,
		.calls = {count_sent, count_event, steady, unix_time, NULL},
	};
	struct rip_iface_params i = {
		.name = "tun0",
		.addrs = {{htonl(0x0aff0001), 16}},
		.n_addrs = 1,
		.split_horizon = RIP_SPLIT_OFF,
		.max_prefixes = routes,
		.max_peers = spokes,
	};
	struct error err;

	bench.r = rip_create(&p, 0, &err);
	if (bench.r == NULL || rip_iface_add(bench.r, &i, &bench.iface, &err) < 0)
		abort();
	rip_iface_set_copies(bench.r, bench.iface, spokes);
}

/* One spoke tells its routes, 25 a message. */
static void tell(unsigned i, unsigned routes_each)
{
	uint8_t bytes[RIP_PACKET_MAX];

	for (unsigned k = 0; k < routes_each; k += RIP_ENTRIES_MAX) {
		struct writer w = writer_open(bytes, sizeof(bytes));
		struct rip_in in = {bench.iface, spoke(i), RIP_PORT, bytes, 0};

		rip_packet_write_header(&w, RIP_RESPONSE, 2);
		for (unsigned n = k; n < routes_each && n < k + RIP_ENTRIES_MAX; n++) {
			const struct rip_entry e = {
				.family = RIP_FAMILY_IP,
				.addr_be = htonl(0x14000000 + ((i * routes_each + n) << 8)),
				.mask_be = ip4_mask_be(24),
				.metric = 1,
			};

			rip_packet_write_entry(&w, &e);
		}
		in.len = writer_len(&w);
		rip_receive(bench.r, bench.now, &in);
	}
}

/* An interval in turns of a millisecond, spokes spread over it. @return seconds that it took */
static double interval(unsigned spokes, unsigned routes_each, double *telling)
{
	double begin = seconds(), t;
	unsigned next = 0;

	*telling = 0;
	bench.sent = 0;
	bench.in_turn_max = 0;
	for (unsigned ms = 0; ms < INTERVAL; ms++, bench.now++) {
		t = seconds();
		for (; next < spokes && next * (uint64_t)INTERVAL / spokes <= ms; next++)
			tell(next, routes_each);
		*telling += seconds() - t;
		bench.in_turn = 0;
		rip_turn(bench.r, bench.now, 32);
		bench.in_turn_max =
			bench.in_turn > bench.in_turn_max ? bench.in_turn : bench.in_turn_max;
	}
	return seconds() - begin;
}

int main(int argc, char **argv)
{
	unsigned spokes = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
	unsigned routes = argc > 2 ? (unsigned)atoi(argv[2]) : 10000;
	unsigned each = routes / (spokes ? spokes : 1);
	double telling, took;
	struct rip_totals t;

	if (spokes == 0 || each == 0 || spokes > 60000)
		return EXIT_FAILURE;
	start(spokes, routes);
	took = interval(spokes, each, &telling);
	printf("learning %u routes of %u spokes, 30 s: %.1f ms (input %.1f ms), %u messages, %u "
	       "changes to the RIB\n",
		routes, spokes, took * 1e3, telling * 1e3, bench.sent, bench.events);
	for (unsigned i = 0; i < 3; i++)
		took = interval(spokes, each, &telling);
	t = rip_totals(bench.r);
	printf("a steady interval of 30 s: %.1f ms (input %.1f ms, %.2f us a route), %u messages, "
	       "at "
	       "most %u a turn, spread over %.1f s\n",
		took * 1e3, telling * 1e3, telling * 1e6 / routes, bench.sent, bench.in_turn_max,
		(double)(bench.last - bench.first) / 1e3);
	printf("memory: %zu octets, %zu a route; %u routes, %u ways, %u neighbors\n", t.octets,
		t.octets / (t.routes ? t.routes : 1), t.routes, t.paths, t.peers);
	took = seconds();
	for (unsigned i = 0; i < spokes / 10; i++)
		rip_peer_gone(bench.r, bench.iface, spoke(i));
	printf("a tenth of the spokes dies: %.2f ms\n", (seconds() - took) * 1e3);
	rip_destroy(bench.r);
	return t.routes == routes ? EXIT_SUCCESS : EXIT_FAILURE;
}
