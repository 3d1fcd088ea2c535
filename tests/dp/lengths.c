/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cut a good packet at every length, at every layer: no crash, no leak, one drop each. Which one,
 * the suites of the stages say; here it is that there is one and no more.
 */
#include "tests/dp/expect.h"

static uint64_t drops_of(unsigned first, unsigned last)
{
	struct dp_stats stats;
	uint64_t sum = 0;

	dp_stats_read(net.dp, -1, &stats);
	for (unsigned i = first; i <= last; i++)
		sum += stats.drops[i];
	return sum;
}

/* So many drops since the world began, all in this range of reasons, all expected. */
static void expect_sum(unsigned first, unsigned last, uint64_t n)
{
	struct dp_stats stats;

	dp_stats_read(net.dp, -1, &stats);
	EXPECT(drops_of(first, last) == n);
	for (unsigned i = first; i <= last; i++)
		expect_drops(HERE, (enum dp_drop)i, (unsigned)stats.drops[i]);
}

static void frames(void)
{
	struct packet inner, frame;
	unsigned n = 0;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 200);
	frame = spoke_seal(&net.a, &inner);
	for (unsigned len = 1; len < frame.len; len++, n++) {
		struct packet cut = frame;

		cut.len = (uint16_t)len;
		net_receive(0, 0, &cut);
		net_run();
		EXPECT(drops_of(0, DP_DROP_COUNT - 1) == n + 1);
	}
	expect_sum(DP_DROP_eth_truncated, DP_DROP_ip4_truncated, n);
	net_close();
}

/* The outer header tells of fewer octets: ESP is cut, Ethernet is not. */
static void outer(const char *suite)
{
	const struct net_params params = {.suite = suite};
	struct packet inner, frame;
	unsigned n = 0;

	net_open(&params);
	inner = spoke_packet(&net.a, &net.b, 120);
	frame = spoke_seal(&net.a, &inner);
	for (unsigned len = PACKET_IP4_LEN; len + PACKET_ETH_LEN < frame.len; len++, n++) {
		struct packet cut = frame;

		packet_put16(cut.b + PACKET_ETH_LEN + PACKET_IP4_TOTAL, (uint16_t)len);
		packet_ip4_seal(cut.b + PACKET_ETH_LEN);
		net_receive(0, 0, &cut);
		net_run();
		EXPECT(drops_of(0, DP_DROP_COUNT - 1) == n + 1);
	}
	expect_sum(DP_DROP_esp_short, DP_DROP_esp_auth, n);
	net_close();
}

static void outer_all(void)
{
	for (unsigned i = 0; i < esp_suite_count(); i++)
		outer(esp_suite_at(i)->name);
}

/* Authentic ESP around every cut of GRE and of the inner packet. */
static void inside(void)
{
	struct packet inner, gre;
	unsigned n = 0;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 120);
	gre = spoke_gre(&net.a, &inner);
	for (unsigned len = 0; len < gre.len; len++, n++) {
		struct packet cut = gre;

		cut.len = (uint16_t)len;
		spoke_send_gre(&net.a, &cut);
		net_run();
		EXPECT(drops_of(0, DP_DROP_COUNT - 1) == n + 1);
	}
	expect_sum(DP_DROP_gre_truncated, DP_DROP_fwd_truncated, n);
	net_close();
}

/* The longest frame one buffer takes; larger than the tunnel's MTU, it leaves in two pieces. */
static void longest(void)
{
	struct packet inner, frame;

	net_open(NULL);
	inner = packet_fill(0, 1900);
	inner = packet_ip4(net.a.lan_be, net.b.lan_be, IPPROTO_UDP, &inner);
	frame = spoke_seal(&net.a, &inner);
	net_receive(0, 0, &frame);
	net_run();
	EXPECT(EXPECT_GRE(&net.b).len == 8 + 1396);
	EXPECT(EXPECT_GRE(&net.b).len == 8 + 20 + 1900 - 1376);
	net_close();
}

static const struct unit_test tests[] = {
	{"a frame cut anywhere is one drop", frames},
	{"an outer packet cut anywhere is one drop, every suite", outer_all},
	{"GRE and inner packet cut anywhere are one drop", inside},
	{"the longest frame", longest},
};

DP_SUITE(lengths, tests);
