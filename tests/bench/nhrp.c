/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What registrations cost, and what leases hold: N spokes register, all register again, then their
 * leases end. A line for each N:
 *
 *	leases N  new N/s  refresh N/s  end N/s  N bytes a lease
 *
 * With --check it fails if 10,000 new registrations take 1 s, or 100,000 leases 200 MB. With a
 *number only so many spokes register. How much is done for one, whatever caches do to it, is
 *counted by tests/bench/nhrp-steps.
 */
#include <arpa/inet.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nhrp/nhrp.h"

static unsigned n_replies;

static void op_send(void *ctx, uint32_t iface, uint32_t peer, const void *bytes, size_t len)
{
	(void)ctx;
	(void)iface;
	(void)peer;
	(void)bytes;
	(void)len;
	n_replies++;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t held(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* A registration as a Cisco spoke sends it. */
static size_t request(uint32_t spoke, uint8_t *bytes, size_t room)
{
	uint32_t src = htonl(0x0a000002 + spoke), dst = htonl(0x0a000001);
	uint32_t nbma = htonl(0xc6000000 + spoke);
	struct nhrp_packet p = {.afn = NHRP_AFN_IPV4,
		.protocol = NHRP_PROTOCOL_IPV4,
		.hop_count = 255,
		.version = 1,
		.type = NHRP_REGISTRATION_REQUEST,
		.flags = NHRP_FLAG_REG_UNIQUE | NHRP_FLAG_NAT,
		.request_id = spoke,
		.src_nbma = nhrp_addr_v4(&nbma),
		.src_proto = nhrp_addr_v4(&src),
		.dst_proto = nhrp_addr_v4(&dst)};
	static const uint16_t exts[] = {0x8003, 0x8004, 0x8005, 0x0009};
	struct nhrp_builder b;

	nhrp_build_start(&b, bytes, room, &p);
	nhrp_build_cie(&b, &(struct nhrp_cie){.prefix_len = 255, .mtu = 17916, .holding = 7200});
	for (size_t i = 0; i < sizeof(exts) / sizeof(exts[0]); i++)
		nhrp_build_ext(&b, exts[i], NULL, 0);
	return nhrp_build_end(&b);
}

/* By its name valgrind knows what to count. */
__attribute__((noinline)) static double register_all(
	struct nhrp *n, uint32_t n_spokes, uint64_t now)
{
	uint8_t bytes[NHRP_PACKET_MAX];
	double start = seconds();
	size_t len;

	for (uint32_t i = 0; i < n_spokes; i++) {
		len = request(i, bytes, sizeof(bytes));
		nhrp_receive(n, 0, i, htonl(0xc6000000 + i), bytes, len, now);
	}
	return seconds() - start;
}

/* @return false if it is out of bounds */
static bool measure(uint32_t n_spokes)
{
	const struct nhrp_ops ops = {.send = op_send};
	const struct nhrp_iface_params i = {.address_be = htonl(0x0a000001),
		.len = 8,
		.nbma_be = htonl(0xc0000201),
		.mtu = 1400};
	size_t before = held(), with;
	struct nhrp *n = nhrp_create(&(struct nhrp_params){0}, &ops, NULL);
	struct nhrp_stats s;
	double first, again, end;

	if (n == NULL || nhrp_interface_add(n, 0, &i, 0) != 0)
		return false;
	n_replies = 0;
	first = register_all(n, n_spokes, 1000);
	with = held() - before;
	again = register_all(n, n_spokes, 2000);
	nhrp_stats(n, &s);
	if (n_replies != 2 * n_spokes || s.n_leases != n_spokes || s.refreshed != n_spokes) {
		fprintf(stderr, "%u spokes: %u replies, %lu leases\n", n_spokes, n_replies,
			(unsigned long)s.n_leases);
		return false;
	}
	end = seconds();
	nhrp_turn(n, 100000000);
	end = seconds() - end;
	printf("leases %6u  new %8.0f/s  refresh %8.0f/s  end %8.0f/s  %4zu bytes a lease\n",
		n_spokes, n_spokes / first, n_spokes / again, n_spokes / end, with / n_spokes);
	nhrp_destroy(n);
	return first / n_spokes * 10000 < 1.0 && (double)with / n_spokes * 100000 < 200e6;
}

int main(int argc, char **argv)
{
	bool check = argc > 1 && strcmp(argv[1], "--check") == 0, good = true;
	uint32_t only = argc > 1 && !check ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;

	/* What was freed is to be given back, or the next N would count it as its own. */
	mallopt(M_MMAP_THRESHOLD, 1 << 16);
	for (uint32_t n = 100; only == 0 && n <= 100000; n *= 10)
		good &= measure(n);
	if (only != 0)
		good &= measure(only);
	return check && !good ? EXIT_FAILURE : EXIT_SUCCESS;
}
