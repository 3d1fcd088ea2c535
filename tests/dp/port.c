/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports whose link goes, that are stopped, whose addresses change. */
#include "tests/dp/expect.h"

static void link_down(void)
{
	struct packet inner;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.d, 100);
	dp_port_set_link(net.dp, net.port[1].index, false);
	EXPECT(dp_port_state(net.dp, net.port[1].index) == DP_PORT_LINK_DOWN);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(tx_link_down, 1);
	dp_port_set_link(net.dp, net.port[1].index, true);
	EXPECT(dp_port_state(net.dp, net.port[1].index) == DP_PORT_UP);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	net_close();
}

static void stopped(void)
{
	struct packet in, out;

	net_open(NULL);
	in = spoke_packet(&net.d, &net.a, 100);
	out = spoke_packet(&net.a, &net.d, 100);
	EXPECT(dp_port_stop(net.dp, net.port[1].index) == 0);
	EXPECT(dp_port_stop(net.dp, net.port[1].index) == 0);
	EXPECT(dp_port_state(net.dp, net.port[1].index) == DP_PORT_STOPPED);
	spoke_send(&net.d, &in);
	spoke_send_run(&net.a, &out);
	EXPECT_DROPS(tx_stopped, 1);
	EXPECT(net_transmitted(0).len == 0);
	EXPECT(dp_port_start(net.dp, net.port[1].index) == 0);
	net_run();
	EXPECT_DELIVERED(&net.a, packet_hop(&in));
	spoke_send_run(&net.a, &out);
	EXPECT_DELIVERED(&net.d, packet_hop(&out));
	net_close();
}

/* The first of two addresses goes: the other serves all the while. */
static void addresses(void)
{
	const uint16_t port = 0;
	struct packet inner;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	EXPECT(dp_port_del_address(net.dp, port, packet_addr("192.0.2.77")) == -ENOENT);
	EXPECT(dp_port_add_address(net.dp, port, packet_addr("192.0.2.77")) == 0);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(dp_port_del_address(net.dp, port, packet_addr(HUB_NBMA)) == 0);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(ip4_not_ours, 1);
	EXPECT(dp_port_add_address(net.dp, port, packet_addr(HUB_NBMA)) == 0);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	for (unsigned i = 2; i < DP_PORT_ADDRS_MAX; i++)
		EXPECT(dp_port_add_address(net.dp, port, i) == 0);
	EXPECT(dp_port_add_address(net.dp, port, 99) == -ENOSPC);
	net_close();
}

static const struct unit_test tests[] = {
	{"a link goes and comes", link_down},
	{"stopped and started", stopped},
	{"addresses come and go", addresses},
};

DP_SUITE(port, tests);
