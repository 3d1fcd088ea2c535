/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers and SAs come and go between bursts. */
#include "tests/dp/expect.h"

static void come_and_go(void)
{
	struct packet inner, frame;

	net_open(NULL);
	for (unsigned i = 0; i < 200; i++) { /* more often than there is room for peers */
		inner = spoke_packet(&net.a, &net.b, 100);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
		spoke_del(&net.b);
		spoke_add(&net.b);
	}
	frame = spoke_seal(&net.b, &inner);
	spoke_del(&net.b);
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(esp_spi, 1);
	EXPECT(dp_reclaim(net.dp) == 0);
	EXPECT(sa_table_used(dp_sa_table(net.dp, true)) == 3);
	EXPECT(sa_table_used(dp_sa_table(net.dp, false)) == 3);
	net_close();
}

/* Make before break: both inbound SAs are good, the newest outbound one is used. */
static void rekey(void)
{
	struct packet inner, old;
	uint32_t old_in;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	old = spoke_seal(&net.a, &inner);
	old_in = net.a.hub_in;
	spoke_rekey(&net.a, 0x10000800, 0x20000800);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_receive(0, 0, &old);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(dp_peer_sa_out(net.dp, net.a.peer) == net.a.hub_out);
	inner = spoke_packet(&net.b, &net.a, 100);
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.a, packet_hop(&inner)); /* under the new SPI */

	dp_peer_del_sa(net.dp, true, old_in);
	net_receive(0, 0, &old);
	net_run();
	EXPECT_DROPS(esp_spi, 1);
	net_close();
}

/* An old outbound SA that goes takes nothing with it. */
static void old_out_goes(void)
{
	struct packet inner;
	uint32_t old_out;

	net_open(NULL);
	old_out = net.b.hub_out;
	spoke_rekey(&net.b, 0x10000800, 0x20000800);
	dp_peer_del_sa(net.dp, false, old_out);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	net_close();
}

static void same_spi(void)
{
	const struct esp_suite *suite = esp_suite_by_name("aes128gcm16");
	const uint8_t key[20] = {1};
	struct sa_params p = {.suite = suite,
		.key = key,
		.key_len = sizeof(key),
		.in = true,
		.spi = 0x10000100,
		.window = 64};
	struct error err;
	uint32_t index;

	net_open(NULL);
	EXPECT(dp_peer_add_sa(net.dp, net.b.peer, &p, &index, &err) == -EEXIST);
	EXPECT(err.text[0] != '\0');
	net_close();
}

static void no_room(void)
{
	const struct dp_peer_params p = {.tunnel = 0, .nbma_be = packet_addr("198.51.100.200")};
	struct error err;
	uint32_t index;
	unsigned n = 0;

	net_open(NULL);
	while (n < 1000 && dp_peer_add(net.dp, &p, &index, &err) == 0)
		n++;
	EXPECT(n == 60);
	EXPECT(dp_peer_add(net.dp, &p, &index, &err) == -ENOSPC);
	EXPECT(strstr(err.text, "64") != NULL);
	net_close();
}

/* SPIs that collide in the table's low bits, up to its capacity, are all found. */
static void colliding_spis(void)
{
	struct packet inner;

	net_open(NULL);
	for (unsigned i = 0; i < 7; i++) {
		spoke_rekey(&net.a, 0x33000000 + (i << 16), 0x44000000 + i);
		inner = spoke_packet(&net.a, &net.b, 100 + i);
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	}
	net_close();
}

static const struct unit_test tests[] = {
	{"peers come and go", come_and_go},
	{"rekeying overlaps", rekey},
	{"an old outbound SA goes", old_out_goes},
	{"an inbound SPI is one SA's", same_spi},
	{"no room for more peers", no_room},
	{"SPIs of any value", colliding_spis},
};

DP_SUITE(peers, tests);
