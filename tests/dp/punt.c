/* SPDX-License-Identifier: BSD-3-Clause */
/* Control's share: copies, meters, queues; a flood of one class starves nothing else. */
#include <stdlib.h>
#include <string.h>

#include "tests/dp/expect.h"

/* No flood needs more than this to hit its limit, however slowly the machine runs. */
#define FLOOD_MAX 1000000

static struct dp_stats stats(void)
{
	struct dp_stats s;

	dp_stats_read(net.dp, -1, &s);
	return s;
}

static struct packet echo_frame(void)
{
	const struct packet echo = packet_fill(8, 64);

	return spoke_frame(&net.a, IPPROTO_ICMP, &echo);
}

static unsigned drain(enum dp_punt_class class)
{
	struct rte_mbuf *m;
	unsigned n = 0;

	for (; dp_punt_receive(net.dp, class, &m, 1) == 1; n++)
		rte_pktmbuf_free(m);
	return n;
}

/* Send a frame again and again, emptying its class if told to, until the reason is counted. */
static unsigned flood(const struct packet *frame, enum dp_drop until, int class)
{
	unsigned sent = 0;

	while (sent < FLOOD_MAX && stats().drops[until] == 0) {
		for (unsigned i = 0; i < 64; i++, sent++)
			net_receive(0, 0, frame);
		net_run();
		if (class >= 0)
			drain((enum dp_punt_class) class);
	}
	return sent;
}

/* One class's flood ends at its meter; the other classes and forwarding do not notice. */
static void meter(void)
{
	struct packet frame, inner, nhrp;
	const struct packet_gre gre = {
		.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY, .protocol = 0x2001};
	struct dp_stats s;
	unsigned sent;

	net_open(NULL);
	frame = echo_frame();
	sent = flood(&frame, DP_DROP_punt_meter, DP_PUNT_ICMP);
	s = stats();
	EXPECT(s.punts[DP_PUNT_ICMP].refused > 0);
	EXPECT(s.punts[DP_PUNT_ICMP].passed + s.punts[DP_PUNT_ICMP].refused == sent);
	EXPECT_DROPS(punt_meter, (unsigned)s.punts[DP_PUNT_ICMP].refused);

	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send(&net.a, &inner);
	nhrp = packet_gre(&gre, &frame);
	spoke_send_gre(&net.a, &nhrp);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT_PUNT(NHRP, NULL);
	net_close();
}

/* Control does not read: its queue fills, the data plane goes on. */
static void queue_full(void)
{
	struct packet frame, inner;
	struct packet_gre gre = {.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY, .protocol = 0x0800};
	unsigned n = 0;

	net_open(NULL);
	inner = packet_udp(net.a.tunnel_be, packet_addr(HUB_TUNNEL), 520, 520, 52);
	inner = packet_gre(&gre, &inner);
	while (n < FLOOD_MAX && stats().drops[DP_DROP_punt_full] == 0) {
		for (unsigned i = 0; i < 64; i++, n++)
			spoke_send_gre(&net.a, &inner);
		net_run();
	}
	EXPECT_DROPS(punt_full, (unsigned)stats().drops[DP_DROP_punt_full]);
	EXPECT(stats().drops[DP_DROP_punt_full] > 0);
	EXPECT_DROPS(punt_meter, (unsigned)stats().drops[DP_DROP_punt_meter]);
	EXPECT(stats().punts[DP_PUNT_RIP].passed == drain(DP_PUNT_RIP));
	frame = spoke_packet(&net.a, &net.b, 100);
	spoke_send(&net.a, &frame);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&frame));
	net_close();
}

/* Control holds all its buffers: forwarding has its own. */
static void no_buffer(void)
{
	struct rte_mbuf **held = calloc(FLOOD_MAX, sizeof(*held));
	struct packet frame, inner;
	unsigned n = 0;

	net_open(NULL);
	while (n < FLOOD_MAX && (held[n] = dp_inject_alloc(net.dp)) != NULL)
		n++;
	EXPECT(n > 0 && n < FLOOD_MAX);
	frame = echo_frame();
	net_receive(0, 0, &frame);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send(&net.a, &inner);
	net_run();
	EXPECT_DROPS(punt_no_buffer, 1);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	rte_pktmbuf_free_bulk(held, n);
	free(held);
	net_close();
}

/* A punted packet is a copy: the data plane's own buffer is free at once. */
static void copies(void)
{
	struct packet frame, got;

	net_open(NULL);
	frame = echo_frame();
	net_receive(0, 0, &frame);
	net_run();
	EXPECT(rte_mempool_in_use_count(dp_packet_pool(net.dp)) == 0);
	EXPECT(net_buffers_in_use() == 1);
	got = EXPECT_PUNT(ICMP, NULL);
	frame = packet_cut(&frame, PACKET_ETH_LEN);
	EXPECT(packet_equal(&got, &frame));
	net_close();
}

static void names(void)
{
	for (unsigned i = 0; i < DP_PUNT_COUNT; i++)
		for (unsigned k = 0; k < i; k++)
			EXPECT(strcmp(dp_punt_name(i), dp_punt_name(k)) != 0);
}

static const struct unit_test tests[] = {
	{"a flood of one class ends at its meter", meter},
	{"a full queue costs only its class", queue_full},
	{"no buffer for control, forwarding goes on", no_buffer},
	{"control gets copies", copies},
	{"each class has its name", names},
};

DP_SUITE(punt, tests);
