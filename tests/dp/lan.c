/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks behind the hub, and ports that are VLANs of another (IEEE 802.1Q). */
#include <string.h>

#include "tests/dp/expect.h"

#define VLAN     100
#define WAN_VLAN 200
#define LAN_MTU  1000
#define LAN_HOST "10.9.0.7"
#define LAN_FAR  "10.8.0.7"
#define LAN_HUB  "10.9.0.1"
#define DF       0x4000
#define TRUNK    1 /* net.port[] that carries the VLANs */
#define TAG_LEN  4

static const struct mac_addr router = {{2, 0, 0, 0, 9, 9}};
static uint16_t lan, wan;

static void route(const char *prefix, uint8_t len, dp_adj_t adj)
{
	CU_ASSERT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr(prefix), len, adj) == 0);
}

static uint16_t add_vlan(const char *name, uint16_t vlan, bool is_lan)
{
	const struct dp_port_params p = {.name = name,
		.parent = net.port[TRUNK].index,
		.vlan = vlan,
		.lan = is_lan,
		.mtu = is_lan ? LAN_MTU : 1500,
		.n_addrs = 1,
		.addrs_be = {packet_addr(is_lan ? LAN_HUB : HUB_NBMA)}};
	struct error err = {""};
	uint16_t index = DP_PORT_NONE;

	expect_true(HERE, dp_port_add(net.dp, &p, &index, &err) == 0, "%s", err.text);
	return index;
}

/* The default world with a LAN on a VLAN of the second port, a router there, and a far network. */
static void open_lan(void)
{
	uint32_t neighbor;

	net_open(NULL);
	lan = add_vlan("lan", VLAN, true);
	wan = add_vlan("wan", WAN_VLAN, false);
	CU_ASSERT(dp_neighbor_add(net.dp, lan, &router, &neighbor) == 0);
	route("10.9.0.0", 24, DP_ADJ(DP_ADJ_ETHER, neighbor));
	route("10.8.0.0", 16, DP_ADJ(DP_ADJ_ETHER, neighbor));
	route(LAN_HUB, 32, DP_ADJ_LOCAL);
}

static struct packet tagged(uint16_t vlan, uint16_t type, const struct packet *payload)
{
	struct packet tag = {.len = TAG_LEN}, rest;

	packet_put16(tag.b, 0xe000 | vlan);
	packet_put16(tag.b + 2, type);
	memcpy(tag.b + TAG_LEN, payload->b, payload->len);
	tag.len = (uint16_t)(TAG_LEN + payload->len);
	rest = packet_eth(&net.port[TRUNK].mac, &router, 0x8100, &tag);
	return rest;
}

static void lan_send(const struct packet *ip)
{
	const struct packet frame = tagged(VLAN, 0x0800, ip);

	net_receive(TRUNK, 0, &frame);
	net_run();
}

/* The next frame of the trunk is for the router on the LAN. Returns what it carries. */
static struct packet lan_next(void)
{
	struct packet frame = net_transmitted(TRUNK);

	if (frame.len < PACKET_ETH_LEN + TAG_LEN) {
		EXPECT(!"nothing was sent to the LAN");
		return frame;
	}
	EXPECT(memcmp(frame.b, router.bytes, 6) == 0);
	EXPECT(memcmp(frame.b + 6, net.port[TRUNK].mac.bytes, 6) == 0);
	EXPECT(packet_get16(frame.b + 12) == 0x8100 && packet_get16(frame.b + 14) == VLAN);
	EXPECT(packet_get16(frame.b + 16) == 0x0800);
	return packet_cut(&frame, PACKET_ETH_LEN + TAG_LEN);
}

static void both_ways(void)
{
	struct packet ip, got;
	struct dp_stats stats;

	open_lan();
	ip = packet_udp(net.a.lan_be, packet_addr(LAN_HOST), 1, 2, 100);
	spoke_send_run(&net.a, &ip);
	got = lan_next();
	ip = packet_hop(&ip);
	EXPECT(packet_equal(&got, &ip));

	ip = packet_udp(packet_addr(LAN_HOST), net.a.lan_be, 2, 1, 101);
	lan_send(&ip);
	EXPECT_DELIVERED(&net.a, packet_hop(&ip));

	ip = packet_udp(packet_addr(LAN_HOST), packet_addr(LAN_FAR), 2, 1, 102);
	lan_send(&ip);
	got = lan_next();
	ip = packet_hop(&ip);
	EXPECT(packet_equal(&got, &ip));

	dp_stats_read(net.dp, -1, &stats);
	EXPECT(stats.ports[lan].rx_packets == 2 && stats.ports[lan].tx_packets == 2);
	EXPECT(stats.ports[net.port[TRUNK].index].rx_packets == 2);
	EXPECT(stats.hairpin == 0);
	net_close();
}

/* A short frame is padded by the link; the padding stays there. */
static void link_padding(void)
{
	struct packet ip, frame, pad = packet_fill(0xaa, 18);

	open_lan();
	ip = packet_udp(packet_addr(LAN_HOST), net.a.lan_be, 2, 1, 28);
	frame = tagged(VLAN, 0x0800, &ip);
	memcpy(frame.b + frame.len, pad.b, pad.len);
	frame.len += pad.len;
	net_receive(TRUNK, 0, &frame);
	net_run();
	EXPECT_DELIVERED(&net.a, packet_hop(&ip));
	net_close();
}

/* A LAN is no way to the outer side: neither ESP nor GRE is taken there, nor the outer address. */
static void not_the_outer_side(void)
{
	const uint32_t host = packet_addr(LAN_HOST), hub = packet_addr(LAN_HUB);
	struct packet ip, inner, esp, gre;

	open_lan();
	inner = spoke_packet(&net.a, &net.b, 100);
	gre = spoke_gre(&net.a, &inner);
	esp = spoke_esp(&net.a, IPPROTO_GRE, &gre);
	ip = packet_ip4(net.a.nbma_be, hub, IPPROTO_ESP, &esp);
	lan_send(&ip);
	EXPECT_DROPS(local_ignored, 1);
	ip = packet_ip4(host, hub, IPPROTO_GRE, &gre);
	lan_send(&ip);
	EXPECT_DROPS(local_ignored, 2);
	ip = packet_ip4(net.a.nbma_be, packet_addr(HUB_NBMA), IPPROTO_ESP, &esp);
	lan_send(&ip);
	EXPECT_DROPS(fwd_no_route, 1);
	EXPECT_PUNT(ERROR, NULL);
	net_close();
}

static void to_control(void)
{
	struct packet payload = packet_fill(1, 46), frame, got;
	struct dp_punt_info info;

	open_lan();
	frame = tagged(VLAN, 0x0806, &payload);
	memset(frame.b, 0xff, 6);
	net_receive(TRUNK, 0, &frame);
	net_run();
	got = EXPECT_PUNT(ARP, &info);
	EXPECT(info.port == lan && info.table == DP_TABLE_OVERLAY);
	EXPECT(got.len == PACKET_ETH_LEN + 46 && packet_get16(got.b + 12) == 0x0806);
	EXPECT(memcmp(got.b + 6, router.bytes, 6) == 0);

	payload = packet_ip4(packet_addr(LAN_HOST), packet_addr(LAN_HUB), IPPROTO_ICMP, &payload);
	lan_send(&payload);
	EXPECT_PUNT(ICMP, &info);
	EXPECT(info.port == lan && info.table == DP_TABLE_OVERLAY);

	payload = packet_udp(packet_addr(LAN_HOST), packet_addr("10.7.0.1"), 1, 2, 60);
	lan_send(&payload);
	EXPECT_DROPS(fwd_no_route, 1);
	EXPECT_PUNT(ERROR, &info);
	EXPECT(info.port == lan && info.peer == DP_PEER_NONE);
	net_close();
}

/* The LAN's own MTU: to the octet; then an error or pieces. */
static void mtu(void)
{
	struct packet ip, got;
	struct dp_punt_info info;

	open_lan();
	ip = packet_udp(net.a.lan_be, packet_addr(LAN_HOST), 1, 2, LAN_MTU);
	spoke_send_run(&net.a, &ip);
	got = lan_next();
	EXPECT(got.len == LAN_MTU);

	ip = packet_udp(net.a.lan_be, packet_addr(LAN_HOST), 1, 2, LAN_MTU + 1);
	spoke_send_run(&net.a, &ip);
	got = lan_next();
	EXPECT(got.len == 20 + 976 && packet_get16(got.b + PACKET_IP4_FRAG) == 0x2000);
	got = lan_next();
	EXPECT(got.len == 20 + 5 && packet_get16(got.b + PACKET_IP4_FRAG) == 976 / 8);

	packet_put16(ip.b + PACKET_IP4_FRAG, DF);
	packet_ip4_seal(ip.b);
	spoke_send_run(&net.a, &ip);
	EXPECT_DROPS(fwd_too_big, 1);
	EXPECT_PUNT(ERROR, &info);
	EXPECT(info.value == LAN_MTU);
	net_close();
}

static void tags(void)
{
	struct packet ip, frame;

	open_lan();
	ip = packet_udp(packet_addr(LAN_HOST), net.a.lan_be, 2, 1, 60);
	frame = tagged(VLAN + 1, 0x0800, &ip);
	net_receive(TRUNK, 0, &frame);
	net_run();
	EXPECT_DROPS(eth_vlan, 1);
	/* On a port without VLANs. */
	frame = tagged(VLAN, 0x0800, &ip);
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(eth_vlan, 2);
	for (uint16_t len = PACKET_ETH_LEN; len < PACKET_ETH_LEN + TAG_LEN; len++) {
		frame.len = len;
		net_receive(TRUNK, 0, &frame);
		net_run();
	}
	EXPECT_DROPS(eth_vlan, 2 + TAG_LEN);
	/* A priority tag alone: the trunk's own traffic. */
	ip = spoke_seal(&net.d, &(struct packet[]){spoke_packet(&net.d, &net.a, 80)}[0]);
	ip = packet_cut(&ip, PACKET_ETH_LEN);
	frame = tagged(0, 0x0800, &ip);
	net_receive(TRUNK, 0, &frame);
	net_run();
	ip = spoke_packet(&net.d, &net.a, 80);
	EXPECT_DELIVERED(&net.a, packet_hop(&ip));
	net_close();
}

/* Spokes may be behind a VLAN too, and control's own frames are tagged there. */
static void outer_vlan(void)
{
	struct packet inner, frame, esp;
	struct rte_mbuf *m;

	open_lan();
	dp_peer_set_neighbor(net.dp, net.a.peer, wan, &router);
	inner = spoke_packet(&net.b, &net.a, 100);
	spoke_send_run(&net.b, &inner);
	frame = net_transmitted(TRUNK);
	EXPECT(packet_get16(frame.b + 12) == 0x8100 && packet_get16(frame.b + 14) == WAN_VLAN);
	EXPECT(packet_get16(frame.b + 16) == 0x0800);
	EXPECT(packet_get32(frame.b + PACKET_ETH_LEN + TAG_LEN + PACKET_IP4_LEN) == net.a.spi_out);

	inner = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &inner);
	esp = packet_cut(&frame, PACKET_ETH_LEN);
	frame = tagged(WAN_VLAN, 0x0800, &esp);
	net_receive(TRUNK, 0, &frame);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));

	m = dp_inject_alloc(net.dp);
	memset(rte_pktmbuf_append(m, 60), 7, 60);
	CU_ASSERT(dp_inject_frame(net.dp, wan, m) == 0);
	net_run();
	frame = net_transmitted(TRUNK);
	EXPECT(frame.len == 64 && packet_get16(frame.b + 12) == 0x8100);
	EXPECT(packet_get16(frame.b + 14) == WAN_VLAN && frame.b[16] == 7);
	net_close();
}

static void refused(void)
{
	struct dp_port_params p = {.name = "x", .vlan = VLAN, .mtu = 1500};
	struct error err;
	uint16_t index;

	open_lan();
	p.parent = net.port[TRUNK].index;
	EXPECT(dp_port_add(net.dp, &p, &index, &err) == -EEXIST);
	p.vlan = 4095;
	EXPECT(dp_port_add(net.dp, &p, &index, &err) == -EINVAL);
	p.vlan = 7;
	p.parent = lan;
	EXPECT(dp_port_add(net.dp, &p, &index, &err) == -EINVAL);
	net_close();
}

static const struct unit_test tests[] = {
	{"spoke to LAN, LAN to spoke, LAN to LAN", both_ways},
	{"link padding", link_padding},
	{"a LAN is not the outer side", not_the_outer_side},
	{"what control gets", to_control},
	{"MTU of the LAN", mtu},
	{"tags that no port stands for", tags},
	{"spokes behind a VLAN", outer_vlan},
	{"VLANs that cannot be", refused},
};

DP_SUITE(lan, tests);
