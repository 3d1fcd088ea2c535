/* SPDX-License-Identifier: BSD-3-Clause */
/* Spokes behind a NAT: ESP in UDP (RFC 3948), two behind one address, and rebinding. */
#include <string.h>

#include "tests/dp/expect.h"

/* The default world, but a and b are behind one NAT address, known by their ports. */
static void open_natted(void)
{
	net_open(&(struct net_params){.no_peers = true});
	net.b.nbma_be = net.a.nbma_be;
	net.a.natt_port = 4500;
	net.b.natt_port = 61001;
	for (unsigned i = 0; i < RTE_DIM(net.spoke); i++)
		spoke_add(&net.spoke[i]);
}

static void behind_one_address(void)
{
	struct packet inner;

	open_natted();
	for (unsigned len = 28; len < 60; len++) {
		inner = spoke_packet(&net.a, &net.b, len);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		inner = spoke_packet(&net.b, &net.a, len);
		spoke_send_run(&net.b, &inner);
		EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	}
	net_close();
}

/* To and from spokes that are not behind a NAT, and through a tunnel with checksums. */
static void mixed(void)
{
	struct packet inner;

	open_natted();
	inner = spoke_packet(&net.a, &net.c, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	inner = spoke_packet(&net.c, &net.b, 101);
	spoke_send_run(&net.c, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	inner = spoke_packet(&net.d, &net.a, 102);
	spoke_send_run(&net.d, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	net_close();
}

/* The NAT gives another address and port: the packet passes, control hears of it and follows. */
static void rebind(void)
{
	const uint32_t moved_be = packet_addr("198.51.100.99");
	struct packet inner, got;
	struct dp_punt_info info;

	open_natted();
	inner = spoke_packet(&net.a, &net.c, 100);
	net.a.nbma_be = moved_be;
	net.a.natt_port = 7000;
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	got = EXPECT_PUNT(MOVED, &info);
	EXPECT(info.peer == net.a.peer);
	EXPECT(got.len == PACKET_IP4_LEN + PACKET_UDP_LEN);
	EXPECT(memcmp(got.b + PACKET_IP4_SRC, &moved_be, 4) == 0);
	EXPECT(packet_get16(got.b + PACKET_IP4_LEN) == 7000);

	dp_peer_move(net.dp, net.a.peer, moved_be, 7000);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	inner = spoke_packet(&net.c, &net.a, 100);
	spoke_send_run(&net.c, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner));
	net_close();
}

/* Two spokes behind one NAT: the port alone tells a move. */
static void port_alone(void)
{
	struct packet inner;

	open_natted();
	inner = spoke_packet(&net.a, &net.c, 100);
	net.a.natt_port = 7000;
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	EXPECT_PUNT(MOVED, NULL);
	net_close();
}

/* Only an authentic packet moves a peer. */
static void forged_move(void)
{
	struct packet inner, frame;

	open_natted();
	inner = spoke_packet(&net.a, &net.c, 100);
	net.a.nbma_be = packet_addr("198.51.100.99");
	frame = spoke_seal(&net.a, &inner);
	frame.b[frame.len - 1] ^= 1;
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(esp_auth, 1);
	net_close();
}

/* A spoke without NAT that sends ESP in UDP all the same (RFC 7296 2.23), and one that may not
 * move. */
static void without_nat(void)
{
	struct packet inner;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	net.a.natt_port = 4500;
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net.a.nbma_be = packet_addr("198.51.100.99");
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(esp_peer_mismatch, 1);
	net.a.natt_port = 0;
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(esp_peer_mismatch, 2);
	net_close();
}

/* A NATed spoke's SA is not to be used as plain ESP from elsewhere. */
static void plain_from_elsewhere(void)
{
	struct packet inner;

	open_natted();
	inner = spoke_packet(&net.a, &net.c, 100);
	net.a.nbma_be = packet_addr("198.51.100.99");
	net.a.natt_port = 0;
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(esp_peer_mismatch, 1);
	net_close();
}

static const struct unit_test tests[] = {
	{"two spokes behind one address", behind_one_address},
	{"to and from spokes without NAT", mixed},
	{"address and port change", rebind},
	{"port alone changes", port_alone},
	{"only authentic packets move a peer", forged_move},
	{"UDP from a spoke without NAT", without_nat},
	{"plain ESP from elsewhere", plain_from_elsewhere},
};

DP_SUITE(natt, tests);
