/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet and outer IPv4: what is let in, what goes to control, what ends. */
#include <string.h>

#include "tests/dp/expect.h"

static const struct mac_addr broadcast = {{255, 255, 255, 255, 255, 255}};
static const struct mac_addr stranger = {{2, 0, 0, 0, 9, 9}};

/* An outer IPv4 packet to the hub from the world outside, in a frame for port 0. */
static struct packet outer(uint8_t protocol, const struct packet *payload)
{
	struct packet ip =
		packet_ip4(packet_addr("198.51.100.77"), packet_addr(HUB_NBMA), protocol, payload);

	return packet_eth(&net.port[0].mac, &stranger, 0x0800, &ip);
}

static void receive(const struct packet *frame)
{
	net_receive(0, 0, frame);
	net_run();
}

/* A frame after one change to its outer IPv4 header, checksum right again. */
static void receive_changed(unsigned offset, uint8_t value)
{
	const struct packet payload = packet_fill(1, 40);
	struct packet frame = outer(IPPROTO_ESP, &payload);

	frame.b[PACKET_ETH_LEN + offset] = value;
	packet_ip4_seal(frame.b + PACKET_ETH_LEN);
	receive(&frame);
}

static void receive_addresses(const char *src, const char *dst)
{
	const struct packet payload = packet_fill(1, 40);
	struct packet ip = packet_ip4(packet_addr(src), packet_addr(dst), IPPROTO_ESP, &payload);
	struct packet frame = packet_eth(&net.port[0].mac, &stranger, 0x0800, &ip);

	receive(&frame);
}

static void ethernet_types(void)
{
	static const uint16_t types[] = {0x0000, 0x0600, 0x8847, 0x88cc, 0xffff};
	const struct packet payload = packet_fill(0, 46);
	struct packet frame;

	net_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(types); i++) {
		frame = packet_eth(&net.port[0].mac, &stranger, types[i], &payload);
		receive(&frame);
	}
	EXPECT_DROPS(eth_type, RTE_DIM(types));
	frame = packet_eth(&net.port[0].mac, &stranger, 0x8100, &payload);
	receive(&frame);
	EXPECT_DROPS(eth_vlan, 1);
	frame = packet_eth(&net.port[0].mac, &stranger, 0x86dd, &payload);
	receive(&frame);
	EXPECT_DROPS(ip6, 1);
	net_close();
}

static void ethernet_destination(void)
{
	const struct packet payload = packet_fill(1, 40);
	struct packet inner, frame;

	net_open(NULL);
	frame = outer(IPPROTO_ESP, &payload);
	memcpy(frame.b, &stranger, 6);
	receive(&frame);
	EXPECT_DROPS(eth_not_ours, 1);

	/* A switch that floods sends us frames to all; the packet decides. */
	inner = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &inner);
	memcpy(frame.b, &broadcast, 6);
	receive(&frame);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static void short_frames(void)
{
	const struct packet payload = packet_fill(1, 40);
	struct packet frame;

	net_open(NULL);
	for (unsigned len = 1; len < PACKET_ETH_LEN; len++) {
		frame = outer(IPPROTO_ESP, &payload);
		frame.len = (uint16_t)len;
		receive(&frame);
	}
	EXPECT_DROPS(eth_truncated, PACKET_ETH_LEN - 1);
	for (unsigned len = PACKET_ETH_LEN; len < PACKET_ETH_LEN + PACKET_IP4_LEN + 40; len++) {
		frame = outer(IPPROTO_ESP, &payload);
		frame.len = (uint16_t)len;
		receive(&frame);
	}
	EXPECT_DROPS(ip4_truncated, PACKET_IP4_LEN + 40);
	net_close();
}

/* RFC 1812 5.2.2: each header check by itself. */
static void header_checks(void)
{
	const struct packet payload = packet_fill(1, 40);
	struct packet frame;

	net_open(NULL);
	receive_changed(0, 0x55);
	receive_changed(0, 0x44);
	receive_changed(0, 0x00);
	EXPECT_DROPS(ip4_header, 3);
	receive_changed(PACKET_IP4_TOTAL + 1, 19);
	EXPECT_DROPS(ip4_header, 4);
	receive_changed(PACKET_IP4_TOTAL + 1, PACKET_IP4_LEN + 41);
	EXPECT_DROPS(ip4_truncated, 1);
	for (unsigned bit = 0; bit < 8 * PACKET_IP4_LEN; bit++) {
		frame = outer(IPPROTO_ESP, &payload);
		frame.b[PACKET_ETH_LEN + bit / 8] ^= 1 << (bit % 8);
		if (bit >= 8) /* version and length have reasons of their own */
			receive(&frame);
	}
	EXPECT_DROPS(ip4_checksum, 8 * PACKET_IP4_LEN - 8);
	net_close();
}

/* Any header length that fits is walked over, whatever the options say. */
static void header_options(void)
{
	struct packet inner, gre, esp, ip, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 64);
	gre = spoke_gre(&net.a, &inner);
	esp = spoke_esp(&net.a, IPPROTO_GRE, &gre);
	ip = packet_fill(0x01, 40); /* no operation, then nonsense */
	ip = packet_join(&ip, &esp);
	ip = packet_ip4(net.a.nbma_be, packet_addr(HUB_NBMA), IPPROTO_ESP, &ip);
	ip.b[0] = 0x4f;
	packet_ip4_seal(ip.b);
	frame = packet_eth(&net.port[0].mac, &stranger, 0x0800, &ip);
	receive(&frame);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

/* A header that says it is longer than what is there. */
static void header_too_long(void)
{
	const struct packet payload = packet_fill(1, 40);
	struct packet frame;
	unsigned n = 0;

	net_open(NULL);
	for (unsigned len = PACKET_IP4_LEN; len < 60; len++, n++) {
		frame = outer(IPPROTO_ESP, &payload);
		frame.b[PACKET_ETH_LEN] = 0x4f;
		packet_put16(frame.b + PACKET_ETH_LEN + PACKET_IP4_TOTAL, (uint16_t)len);
		packet_ip4_seal(frame.b + PACKET_ETH_LEN);
		frame.len = (uint16_t)(PACKET_ETH_LEN + len);
		receive(&frame);
	}
	EXPECT_DROPS(ip4_truncated, n);
	net_close();
}

/* Ethernet pads short packets to 46 octets; what stands behind the total length is not packet. */
static void link_padding(void)
{
	const struct packet pad = packet_fill(0xee, 18);
	struct packet inner, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 64);
	frame = spoke_seal(&net.a, &inner);
	frame = packet_join(&frame, &pad);
	receive(&frame);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static void addresses(void)
{
	net_open(NULL);
	receive_addresses("198.51.100.11", "192.0.2.99");
	receive_addresses("198.51.100.11", "255.255.255.255");
	receive_addresses("198.51.100.11", "224.0.0.9");
	receive_addresses("198.51.100.11", HUB_NBMA_1); /* the other port's */
	EXPECT_DROPS(ip4_not_ours, 4);
	receive_addresses("0.0.0.0", HUB_NBMA);
	receive_addresses("127.0.0.1", HUB_NBMA);
	receive_addresses("224.0.0.1", HUB_NBMA);
	receive_addresses("240.0.0.1", HUB_NBMA);
	receive_addresses("255.255.255.255", HUB_NBMA);
	receive_addresses(HUB_NBMA, HUB_NBMA);
	EXPECT_DROPS(ip4_source, 6);
	net_close();
}

static void fragments(void)
{
	static const uint8_t protocols[] = {IPPROTO_IPIP, IPPROTO_GRE, IPPROTO_ICMP, 89};
	const struct packet payload = packet_fill(1, 64);

	net_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(protocols); i++) {
		struct packet frame = outer(protocols[i], &payload);
		uint8_t *ip = frame.b + PACKET_ETH_LEN;

		packet_put16(ip + PACKET_IP4_FRAG, 0x2000); /* first of more */
		packet_ip4_seal(ip);
		receive(&frame);
		packet_put16(ip + PACKET_IP4_FRAG, 0x0010); /* last */
		packet_ip4_seal(ip);
		receive(&frame);
	}
	EXPECT_DROPS(ip4_fragment, 2 * RTE_DIM(protocols));
	/* Don't fragment alone is no fragment. */
	receive_changed(PACKET_IP4_FRAG, 0x40);
	EXPECT_DROPS(esp_spi, 1);
	net_close();
}

static void protocols_not_ours(void)
{
	const struct packet payload = packet_fill(1, 64);
	struct packet frame;
	unsigned n = 0;

	net_open(NULL);
	for (unsigned protocol = 0; protocol < 256; protocol++) {
		if (protocol == IPPROTO_ICMP || protocol == IPPROTO_UDP ||
			protocol == IPPROTO_IPIP || protocol == IPPROTO_GRE ||
			protocol == IPPROTO_ESP)
			continue;
		frame = outer((uint8_t)protocol, &payload);
		receive(&frame);
		n++;
	}
	EXPECT_DROPS(ip4_protocol, n);
	net_close();
}

/* Clear GRE with the right key from a known peer's address is as bad as any. */
static void clear_tunnels(void)
{
	struct packet inner, gre, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	gre = spoke_gre(&net.a, &inner);
	frame = spoke_frame(&net.a, IPPROTO_GRE, &gre);
	receive(&frame);
	EXPECT_DROPS(ip4_clear_gre, 1);
	frame = spoke_frame(&net.a, IPPROTO_IPIP, &inner);
	receive(&frame);
	EXPECT_DROPS(ip4_clear_inner, 1);
	net_close();
}

static struct packet udp_to_hub(uint16_t port, const struct packet *payload)
{
	struct packet ip = packet_udp(packet_addr("198.51.100.77"), packet_addr(HUB_NBMA), 500,
		port, PACKET_IP4_LEN + PACKET_UDP_LEN + payload->len);

	memcpy(ip.b + PACKET_IP4_LEN + PACKET_UDP_LEN, payload->b, payload->len);
	return packet_eth(&net.port[0].mac, &stranger, 0x0800, &ip);
}

/* IKE is control's, on 500 and with the non-ESP marker on 4500 (RFC 3948 2.2). */
static void ike(void)
{
	struct packet payload = packet_fill(0x11, 60), frame, got;
	struct dp_punt_info info;

	net_open(NULL);
	frame = udp_to_hub(500, &payload);
	receive(&frame);
	got = EXPECT_PUNT(IKE, &info);
	frame = packet_cut(&frame, PACKET_ETH_LEN);
	EXPECT(packet_equal(&got, &frame));
	EXPECT(info.port == net.port[0].index && info.peer == DP_PEER_NONE);
	EXPECT(info.table == DP_TABLE_UNDERLAY);

	frame = udp_to_hub(4500, &payload);
	receive(&frame);
	EXPECT_DROPS(esp_spi, 1);
	packet_put32(payload.b, 0);
	frame = udp_to_hub(4500, &payload);
	receive(&frame);
	EXPECT_PUNT(IKE, NULL);
	payload.len = 1; /* NAT-keepalive, RFC 3948 2.3 */
	payload.b[0] = 0xff;
	frame = udp_to_hub(4500, &payload);
	receive(&frame);
	EXPECT_DROPS(udp_keepalive, 1);
	payload.b[0] = 0;
	frame = udp_to_hub(4500, &payload);
	receive(&frame);
	EXPECT_DROPS(udp_length, 1);
	frame = udp_to_hub(53, &payload);
	receive(&frame);
	EXPECT_DROPS(local_ignored, 1);
	net_close();
}

static void udp_lengths(void)
{
	static const uint16_t bad[] = {0, 7, 69, 0xffff};
	const struct packet payload = packet_fill(0, 60);
	struct packet frame;

	net_open(NULL);
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		frame = udp_to_hub(500, &payload);
		packet_put16(frame.b + PACKET_ETH_LEN + PACKET_IP4_LEN + 4, bad[i]);
		receive(&frame);
	}
	EXPECT_DROPS(udp_length, RTE_DIM(bad));
	for (unsigned len = 0; len < PACKET_UDP_LEN; len++) {
		const struct packet udp = packet_fill(0, len);

		frame = outer(IPPROTO_UDP, &udp);
		receive(&frame);
	}
	EXPECT_DROPS(udp_length, RTE_DIM(bad) + PACKET_UDP_LEN);
	net_close();
}

static void icmp(void)
{
	struct packet payload = packet_fill(8, 40), frame, got;
	struct dp_punt_info info;

	net_open(NULL);
	frame = outer(IPPROTO_ICMP, &payload);
	receive(&frame);
	got = EXPECT_PUNT(ICMP, &info);
	frame = packet_cut(&frame, PACKET_ETH_LEN);
	EXPECT(packet_equal(&got, &frame));
	EXPECT(info.table == DP_TABLE_UNDERLAY && info.peer == DP_PEER_NONE);
	net_close();
}

static void arp(void)
{
	const struct packet payload = packet_fill(0, 46);
	struct packet frame, got;
	struct dp_punt_info info;

	net_open(NULL);
	frame = packet_eth(&broadcast, &stranger, 0x0806, &payload);
	net_receive(1, 0, &frame);
	net_run();
	got = EXPECT_PUNT(ARP, &info);
	EXPECT(packet_equal(&got, &frame) && info.port == net.port[1].index);
	frame = packet_eth(&net.port[0].mac, &stranger, 0x0806, &payload);
	receive(&frame);
	EXPECT_PUNT(ARP, NULL);
	frame = packet_eth(&stranger, &net.a.mac, 0x0806, &payload);
	receive(&frame);
	EXPECT_DROPS(eth_not_ours, 1);
	net_close();
}

/* Drivers deliver long frames in pieces: joined as long as one buffer holds them. */
static void segments(void)
{
	const struct packet big = packet_fill(0, 3000);
	struct packet inner, frame;

	net_open(NULL);
	for (unsigned segment = 1; segment < 200; segment += 13) {
		inner = spoke_packet(&net.a, &net.b, 300);
		frame = spoke_seal(&net.a, &inner);
		net_receive_chain(0, 0, &frame, segment);
		net_run();
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	frame = outer(IPPROTO_ESP, &big);
	net_receive_chain(0, 0, &frame, 2000);
	net_run();
	EXPECT_DROPS(eth_segments, 1);
	net_close();
}

static const struct unit_test tests[] = {
	{"unknown Ethernet types, VLAN tags and IPv6 end", ethernet_types},
	{"frames to another station end, flooded ones do not", ethernet_destination},
	{"every short length of a frame is one drop", short_frames},
	{"each rule of RFC 1812 5.2.2 has its reason", header_checks},
	{"outer options are stepped over", header_options},
	{"headers longer than the packet end", header_too_long},
	{"link padding is not part of the packet", link_padding},
	{"only the port's own addresses and unicast sources", addresses},
	{"outer fragments of what the hub does not speak end", fragments},
	{"other protocols end", protocols_not_ours},
	{"GRE and IP in IP in clear end before any tunnel", clear_tunnels},
	{"IKE goes to control, ESP in UDP does not", ike},
	{"UDP lengths that lie end", udp_lengths},
	{"ICMP to the outer address goes to control", icmp},
	{"ARP for the hub or all goes to control", arp},
	{"frames in pieces are joined while they fit", segments},
};

DP_SUITE(ip4_in, tests);
