/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes to the hub's kernel, and what never does. */
#include <string.h>

#include "tests/dp/expect.h"

#define OUTER    "192.0.2.9" /* the kernel has it, on port 1 */
#define STRANGER "203.0.113.5"
#define OSPF     "224.0.0.5"
#define MF       0x2000

/* The default world, an outer VLAN port with a TAP, and b on a tunnel with one. */
static void open_hosts(void)
{
	const struct dp_port_params port = {.name = "host",
		.parent = net.port[1].index,
		.vlan = 7,
		.host = true,
		.mtu = 1500,
		.n_addrs = 1,
		.addrs_be = {packet_addr(OUTER)}};
	const struct dp_tunnel_params tunnel = {.address_be = packet_addr("10.253.0.1"),
		.prefix_len = 24,
		.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = TUNNEL_MTU,
		.ttl = TUNNEL_TTL,
		.host = true};
	uint16_t index;

	net_open(NULL);
	EXPECT(dp_port_add(net.dp, &port, &index, NULL) == 0);
	spoke_del(&net.b);
	EXPECT(dp_tunnel_add(net.dp, &tunnel, &net.b.tunnel, NULL) == 0);
	spoke_add(&net.b);
	EXPECT(dp_route_add(
		       net.dp, DP_TABLE_OVERLAY, packet_addr("10.253.0.1"), 32, DP_ADJ_LOCAL) == 0);
}

static void from_outside(const struct packet *ip)
{
	struct packet tag = {.len = 4}, frame;

	packet_put16(tag.b, 7);
	packet_put16(tag.b + 2, 0x0800);
	tag = packet_join(&tag, ip);
	frame = packet_eth(&net.port[1].mac, &net.a.mac, 0x8100, &tag);
	net_receive(1, 0, &frame);
	net_run();
}

static struct packet outer(uint8_t protocol, uint16_t fragment)
{
	struct packet data = packet_fill(1, 32), ip;

	ip = packet_ip4(packet_addr(STRANGER), packet_addr(OUTER), protocol, &data);
	packet_put16(ip.b + PACKET_IP4_FRAG, fragment);
	packet_ip4_seal(ip.b);
	return ip;
}

static void expect_host(enum dp_punt_class class, const struct packet *ip)
{
	struct dp_punt_info info;
	struct packet got = expect_punt(HERE, class, &info);

	EXPECT(packet_equal(&got, ip));
}

static void outer_address(void)
{
	struct packet ip;

	open_hosts();
	ip = outer(IPPROTO_TCP, 0);
	from_outside(&ip);
	expect_host(DP_PUNT_OUTER_HOST, &ip);
	ip = packet_udp(packet_addr(STRANGER), packet_addr(OUTER), 1, 161, 60);
	from_outside(&ip);
	expect_host(DP_PUNT_OUTER_HOST, &ip);
	for (unsigned offset = 0; offset < 2; offset++) {
		ip = outer(IPPROTO_TCP, (uint16_t)(MF | offset * 4));
		from_outside(&ip);
		expect_host(DP_PUNT_OUTER_HOST, &ip);
	}
	/* Ping and IKE are the hub's. */
	ip = outer(IPPROTO_ICMP, 0);
	from_outside(&ip);
	expect_host(DP_PUNT_ICMP, &ip);
	ip = packet_udp(packet_addr(STRANGER), packet_addr(OUTER), 500, 500, 60);
	from_outside(&ip);
	expect_host(DP_PUNT_IKE, &ip);
	/* Where no TAP is, nothing changes. */
	ip = packet_udp(packet_addr(STRANGER), packet_addr(HUB_NBMA), 1, 161, 60);
	ip = packet_eth(&net.port[0].mac, &net.a.mac, 0x0800, &ip);
	net_receive(0, 0, &ip);
	net_run();
	EXPECT_DROPS(local_ignored, 1);
	net_close();
}

static void never(void)
{
	struct packet ip;

	open_hosts();
	ip = outer(IPPROTO_GRE, 0);
	from_outside(&ip);
	EXPECT_DROPS(ip4_clear_gre, 1);
	ip = outer(IPPROTO_IPIP, 0);
	from_outside(&ip);
	EXPECT_DROPS(ip4_clear_inner, 1);
	ip = outer(IPPROTO_GRE, MF);
	from_outside(&ip);
	EXPECT_DROPS(ip4_fragment, 1);
	ip = outer(IPPROTO_IPIP, 4);
	from_outside(&ip);
	EXPECT_DROPS(ip4_fragment, 2);
	ip = outer(IPPROTO_ESP, 0);
	from_outside(&ip);
	EXPECT_DROPS(esp_spi, 1);
	net_close();
}

static void tunnel_address(void)
{
	struct packet ip;

	open_hosts();
	ip = packet_udp(net.b.lan_be, packet_addr("10.253.0.1"), 1, 161, 60);
	spoke_send_run(&net.b, &ip);
	expect_host(DP_PUNT_HOST, &ip);
	/* From a spoke of another tunnel, too: it is an address of the hub. */
	ip = packet_udp(net.a.lan_be, packet_addr("10.253.0.1"), 1, 161, 60);
	spoke_send_run(&net.a, &ip);
	expect_host(DP_PUNT_HOST, &ip);
	ip = packet_udp(net.a.lan_be, packet_addr(HUB_TUNNEL), 1, 161, 60);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(local_ignored, 1);
	net_close();
}

/* OSPF reaches the kernel of its own tunnel alone, and no other spoke. */
static void multicast(void)
{
	struct packet ip, data = packet_fill(0, 44);

	open_hosts();
	ip = packet_ip4(net.b.tunnel_be, packet_addr(OSPF), 89, &data);
	spoke_send_run(&net.b, &ip);
	expect_host(DP_PUNT_HOST, &ip);
	ip = packet_ip4(net.a.tunnel_be, packet_addr(OSPF), 89, &data);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(fwd_multicast, 1);
	ip = packet_ip4(net.b.tunnel_be, packet_addr("224.0.1.5"), 89, &data);
	spoke_send_run(&net.b, &ip);
	EXPECT_DROPS(fwd_multicast, 2);
	ip = packet_udp(net.b.tunnel_be, packet_addr("224.0.0.9"), 520, 520, 60);
	spoke_send_run(&net.b, &ip);
	expect_host(DP_PUNT_RIP, &ip);
	net_close();
}

static unsigned drain(enum dp_punt_class class)
{
	struct rte_mbuf *m;
	unsigned n = 0;

	for (; dp_punt_receive(net.dp, class, &m, 1) == 1; n++)
		rte_pktmbuf_free(m);
	return n;
}

/* Strangers that flood the kernel's address take nothing from spokes, NHRP or forwarding. */
static void flood(void)
{
	struct packet ip, inner;
	struct dp_stats s;

	open_hosts();
	ip = outer(IPPROTO_TCP, 0);
	for (unsigned i = 0; i < 1000; i++) {
		from_outside(&ip);
		if (i % 100 == 0)
			drain(DP_PUNT_OUTER_HOST);
	}
	dp_stats_read(net.dp, -1, &s);
	EXPECT(s.punts[DP_PUNT_OUTER_HOST].refused_class +
			s.punts[DP_PUNT_OUTER_HOST].refused_queue >
		0);
	EXPECT_DROPS(punt_meter, (unsigned)s.punts[DP_PUNT_OUTER_HOST].refused_class);
	EXPECT_DROPS(punt_full, (unsigned)s.punts[DP_PUNT_OUTER_HOST].refused_queue);
	inner = packet_udp(net.b.lan_be, packet_addr("10.253.0.1"), 1, 161, 60);
	spoke_send_run(&net.b, &inner);
	expect_host(DP_PUNT_HOST, &inner);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	drain(DP_PUNT_OUTER_HOST);
	net_close();
}

/* One spoke's flood leaves the others theirs. */
static void rogue(void)
{
	struct packet ip;
	struct dp_stats s;

	open_hosts();
	for (unsigned i = 0; i < 1000; i++) {
		ip = packet_udp(net.a.lan_be, packet_addr("10.253.0.1"), 1, 161, 60);
		spoke_send(&net.a, &ip);
		if (i % 32 == 31)
			net_run();
		if (i % 100 == 0)
			drain(DP_PUNT_HOST);
	}
	net_run();
	drain(DP_PUNT_HOST);
	dp_stats_read(net.dp, -1, &s);
	EXPECT(s.punts[DP_PUNT_HOST].refused_peer > 0 && s.punts[DP_PUNT_HOST].refused_class == 0);
	EXPECT_DROPS(punt_peer, (unsigned)s.punts[DP_PUNT_HOST].refused_peer);
	ip = packet_udp(net.b.lan_be, packet_addr("10.253.0.1"), 1, 161, 60);
	spoke_send_run(&net.b, &ip);
	expect_host(DP_PUNT_HOST, &ip);
	net_close();
}

static const struct unit_test tests[] = {
	{"outer address", outer_address},
	{"GRE, ESP and IP in IP never", never},
	{"tunnel address", tunnel_address},
	{"multicast of the link", multicast},
	{"a flood from outside", flood},
	{"a spoke's flood", rogue},
};

DP_SUITE(host, tests);
