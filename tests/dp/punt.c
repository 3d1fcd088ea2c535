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

static struct packet arp_frame(void)
{
	const struct packet arp = packet_fill(1, 28);

	return packet_eth(&net.port[0].mac, &net.a.mac, 0x0806, &arp);
}

static struct packet ike_frame(void)
{
	const struct packet ike =
		packet_udp(packet_addr("203.0.113.99"), packet_addr(HUB_NBMA), 500, 500, 200);

	return packet_eth(&net.port[0].mac, &net.a.mac, 0x0800, &ike);
}

/* What a spoke causes of a class, with the packets it sends in its tunnel. */
static void send_class(struct spoke *s, enum dp_punt_class class)
{
	struct packet_gre gre = {.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY, .protocol = 0x0800};
	const struct packet payload = packet_fill(8, 64);
	struct packet p;

	switch (class) {
	case DP_PUNT_NHRP:
		gre.protocol = 0x2001;
		p = payload;
		break;
	case DP_PUNT_RIP:
		p = packet_udp(s->tunnel_be, packet_addr("224.0.0.9"), 520, 520, 52);
		break;
	case DP_PUNT_ICMP:
		p = packet_ip4(s->tunnel_be, packet_addr(HUB_TUNNEL), IPPROTO_ICMP, &payload);
		break;
	default: /* an error: nobody is there */
		p = packet_udp(s->lan_be, packet_addr("10.255.0.99"), 1, 2, 60);
	}
	p = packet_gre(&gre, &p);
	spoke_send_gre(s, &p);
}

static const enum dp_punt_class from_spokes[] = {
	DP_PUNT_NHRP, DP_PUNT_RIP, DP_PUNT_ICMP, DP_PUNT_ERROR};

/* One class's flood ends at its meter; the other classes and forwarding do not notice. */
static void meter(enum dp_punt_class class, const struct packet *frame)
{
	const struct packet arp = arp_frame(), ike = ike_frame();
	struct packet inner;
	struct dp_stats s;
	unsigned sent = flood(frame, DP_DROP_punt_meter, (int)class);

	s = stats();
	EXPECT(s.punts[class].refused_class > 0);
	EXPECT(s.punts[class].passed + s.punts[class].refused_class == sent);
	EXPECT_DROPS(punt_meter, (unsigned)s.punts[class].refused_class);

	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send(&net.a, &inner);
	for (unsigned i = 0; i < RTE_DIM(from_spokes); i++)
		if (from_spokes[i] != class)
			send_class(&net.c, from_spokes[i]);
	if (class != DP_PUNT_ARP)
		net_receive(0, 0, &arp);
	if (class != DP_PUNT_IKE)
		net_receive(0, 0, &ike);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	for (unsigned i = 0; i < RTE_DIM(from_spokes); i++)
		EXPECT(drain(from_spokes[i]) == (from_spokes[i] != class));
	EXPECT(drain(DP_PUNT_ARP) == (class != DP_PUNT_ARP));
	EXPECT(drain(DP_PUNT_IKE) == (class != DP_PUNT_IKE));
	EXPECT_DROPS(fwd_no_peer, 1);
	net_close();
}

static void meter_icmp(void)
{
	struct packet frame;

	net_open(NULL);
	frame = echo_frame();
	meter(DP_PUNT_ICMP, &frame);
}

static void meter_arp(void)
{
	struct packet frame;

	net_open(NULL);
	frame = arp_frame();
	meter(DP_PUNT_ARP, &frame);
}

static void meter_ike(void)
{
	struct packet frame;

	net_open(NULL);
	frame = ike_frame();
	meter(DP_PUNT_IKE, &frame);
}

static void meter_early(void)
{
	struct packet frame;

	net_open(NULL);
	frame = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &frame);
	packet_put32(frame.b + PACKET_ETH_LEN + PACKET_IP4_LEN, 0x76543210);
	dp_spi_expect(net.dp, 0x76543210);
	meter(DP_PUNT_EARLY, &frame);
}

#define FLOOD_ROUNDS 20 /* within the burst of every class */
#define FLOOD_FACTOR                                                                               \
	200 /* the rogue's packets for one of another's: together, more than a class has */

/* A spoke floods a class; each packet of the others passes, whatever they send. */
static void rogue(void)
{
	const struct net_params params = {.n_mbufs = 4095};

	for (unsigned i = 0; i < RTE_DIM(from_spokes); i++) {
		const enum dp_punt_class class = from_spokes[i];
		unsigned got[2] = {0, 0}, others = 0;
		struct rte_mbuf *m;
		struct dp_stats s;

		net_open(&params);
		for (unsigned round = 0; round < FLOOD_ROUNDS; round++) {
			for (unsigned k = 0; k < FLOOD_FACTOR; k++)
				send_class(&net.a, class);
			send_class(&net.b, class);
			for (unsigned k = 0; k < RTE_DIM(from_spokes); k++)
				send_class(&net.c, from_spokes[k]);
			net_run();
			while (dp_punt_receive(net.dp, class, &m, 1) == 1) {
				const uint32_t peer = dp_punt_info(m)->peer;

				got[0] += peer == net.b.peer;
				got[1] += peer == net.c.peer;
				rte_pktmbuf_free(m);
			}
			for (unsigned k = 0; k < RTE_DIM(from_spokes); k++)
				others += drain(from_spokes[k]);
		}
		EXPECT(got[0] == FLOOD_ROUNDS && got[1] == FLOOD_ROUNDS);
		EXPECT(others == FLOOD_ROUNDS * (RTE_DIM(from_spokes) - 1));
		s = stats();
		EXPECT(s.punts[class].refused_peer > 0 && s.punts[class].refused_class == 0);
		EXPECT_DROPS(punt_peer, (unsigned)s.punts[class].refused_peer);
		EXPECT_DROPS(fwd_no_peer, (unsigned)s.drops[DP_DROP_fwd_no_peer]);
		net_close();
	}
}

/* Control does not read: its queue fills, the data plane goes on. */
static void queue_full(void)
{
	struct packet frame, inner;
	struct dp_stats s;

	net_open(NULL);
	frame = ike_frame();
	flood(&frame, DP_DROP_punt_full, -1);
	s = stats();
	EXPECT(s.punts[DP_PUNT_IKE].refused_queue > 0);
	EXPECT_DROPS(punt_full, (unsigned)s.punts[DP_PUNT_IKE].refused_queue);
	EXPECT_DROPS(punt_meter, (unsigned)s.punts[DP_PUNT_IKE].refused_class);
	EXPECT(s.punts[DP_PUNT_IKE].passed == drain(DP_PUNT_IKE));
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
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
	EXPECT(stats().punts[DP_PUNT_ICMP].refused_buffers == 1);
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
	{"a flood of ICMP ends at its meter", meter_icmp},
	{"a flood of ARP ends at its meter", meter_arp},
	{"a flood of IKE ends at its meter", meter_ike},
	{"a flood of ESP before its association ends at its meter", meter_early},
	{"a spoke's flood starves no other spoke", rogue},
	{"a full queue costs only its class", queue_full},
	{"no buffer for control, forwarding goes on", no_buffer},
	{"control gets copies", copies},
	{"each class has its name", names},
};

DP_SUITE(punt, tests);
