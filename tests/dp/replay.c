/* SPDX-License-Identifier: BSD-3-Clause */
/* Anti-replay, seen from outside: the same frame again, in the same burst and later. */
#include "tests/dp/expect.h"

static void receive(const struct packet *frame)
{
	net_receive(0, 0, frame);
}

static void same_burst(const char *suite)
{
	const struct net_params params = {.suite = suite};
	struct packet inner, frame;

	net_open(&params);
	inner = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &inner);
	for (unsigned i = 0; i < 8; i++)
		receive(&frame);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT_DROPS(esp_replay, 7);
	receive(&frame);
	net_run();
	EXPECT_DROPS(esp_replay, 8);
	net_close();
}

/* Batched suites see all of them before any is verified. */
static void same_burst_all(void)
{
	for (unsigned i = 0; i < esp_suite_count(); i++)
		same_burst(esp_suite_at(i)->name);
}

/* Number n+1 .. n+200 arrive; of all before, those inside the window are new once. */
static void window(uint16_t size, bool esn)
{
	const struct net_params params = {.window = size, .esn = esn};
	struct packet inner, newest;
	struct packet *old = calloc(size + 8u, sizeof(*old));
	const unsigned n_old = size + 8u, n_left = n_old - (size - 1u);

	net_open(&params);
	inner = spoke_packet(&net.a, &net.b, 40);
	for (unsigned i = 0; i < n_old; i++)
		old[i] = spoke_seal(&net.a, &inner);
	newest = spoke_seal(&net.a, &inner);
	receive(&newest);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	/* newest is number n_old + 1; the window holds it and the size - 1 before it */
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < n_old; i++) {
			const unsigned behind = n_old - i;

			receive(&old[i]);
			net_run();
			if (round == 0 && behind < size)
				EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		}
	/*
	 * With ESN what is left of the window is taken for a number of the next 2^32 (RFC 4303
	 * A2.2), and cannot be authentic.
	 */
	EXPECT_DROPS(esp_replay, (size - 1u) + (esn ? 0 : 2 * n_left));
	EXPECT_DROPS(esp_auth, esn ? 2 * n_left : 0);
	net_close();
	free(old);
}

static void windows(void)
{
	static const uint16_t sizes[] = {1, 2, 32, 63, 64, 65, 128, 1000, 1024};

	for (unsigned i = 0; i < RTE_DIM(sizes); i++)
		window(sizes[i], false);
	window(64, true);
	window(256, true);
}

/* A forged packet far ahead must not push the window on. */
static void forged_ahead(void)
{
	struct packet inner, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	*spoke_seq(&net.a) = 1000000;
	frame = spoke_seal(&net.a, &inner);
	frame.b[frame.len - 1] ^= 1;
	receive(&frame);
	net_run();
	EXPECT_DROPS(esp_auth, 1);
	*spoke_seq(&net.a) = 0;
	spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

/* A jump ahead of any size is good, what it leaves behind is old. */
static void jump(void)
{
	struct packet inner, first;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	first = spoke_seal(&net.a, &inner);
	*spoke_seq(&net.a) = 0xfffffffe;
	spoke_send(&net.a, &inner);
	receive(&first);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT_DROPS(esp_replay, 1);
	net_close();
}

/* One spoke's numbers are nothing to another's. */
static void apart(void)
{
	struct packet inner;

	net_open(NULL);
	for (unsigned i = 0; i < 3; i++) {
		*spoke_seq(&net.spoke[i]) = 41;
		inner = spoke_packet(&net.spoke[i], &net.b, 100);
		spoke_send(&net.spoke[i], &inner);
		net_run();
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	net_close();
}

static const struct unit_test tests[] = {
	{"the same frame in one burst and later, every suite", same_burst_all},
	{"windows of many sizes, to the number", windows},
	{"a forged number ahead moves nothing", forged_ahead},
	{"a jump ahead leaves the rest behind", jump},
	{"spokes' numbers are apart", apart},
};

DP_SUITE(replay, tests);
