/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links that go and come, ports that are stopped. The link is that of a real device, a ring; frames
 * still go through the world's fake port.
 */
#include <rte_dev.h>

#include "tests/control/world.h"

#define DEVICE "net_ring_link"

static void device_add(void)
{
	struct rte_mempool *pool = dp_packet_pool(world.dp);
	const struct rte_eth_conf conf = {0};
	uint16_t id = RTE_MAX_ETHPORTS;

	CU_ASSERT_EQUAL_FATAL(rte_dev_probe(DEVICE), 0);
	CU_ASSERT_EQUAL_FATAL(rte_eth_dev_get_port_by_name(DEVICE, &id), 0);
	CU_ASSERT_EQUAL(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	CU_ASSERT_EQUAL(rte_eth_rx_queue_setup(id, 0, 64, 0, NULL, pool), 0);
	CU_ASSERT_EQUAL(rte_eth_tx_queue_setup(id, 0, 64, 0, NULL), 0);
	CU_ASSERT_EQUAL(rte_eth_dev_start(id), 0);
	world.hub->ports[1].ethdev = id;
}

static void device_del(void)
{
	struct rte_eth_dev_info info;

	rte_eth_dev_info_get(world.hub->ports[1].ethdev, &info);
	rte_eth_dev_stop(world.hub->ports[1].ethdev);
	rte_eth_dev_close(world.hub->ports[1].ethdev);
	rte_dev_remove(info.device);
	world.hub->ports[1].ethdev = RTE_MAX_ETHPORTS;
}

static const char *status(void)
{
	const json_t *all = world_ask_json("show port summary all");

	return json_string_value(json_object_get(json_array_get(all, 1), "status"));
}

/* From the host behind "near" to the spoke "side". */
static struct packet send_to_side(void)
{
	struct packet inner =
		packet_udp(packet_addr("10.1.2.1"), packet_addr("10.255.0.13"), 1000, 2000, 100);
	struct packet frame = world_seal(NEAR, &inner);

	world_receive(0, &frame);
	world_run();
	return packet_hop(&inner);
}

static void expect_side(const struct packet *inner)
{
	struct packet frame = world_sent(1), got = world_unseal(SIDE, &frame);

	CU_ASSERT(packet_equal(&got, inner));
}

static void test_link(void)
{
	struct packet inner, ask;

	world_open(NULL);
	world_resolve();
	device_add();
	CU_ASSERT_STRING_EQUAL(world_ask("set link-down port wan1"), "");
	world_wait(200);
	CU_ASSERT_STRING_EQUAL(status(), "down");
	world_discard(1);
	send_to_side();
	CU_ASSERT_EQUAL(world_drops(DP_DROP_tx_link_down), 1);
	CU_ASSERT_STRING_EQUAL(world_ask("set link-up port 1"), "");
	world_wait(200);
	CU_ASSERT_STRING_EQUAL(status(), "up");
	/* Whoever is needed there is asked for at once. */
	ask = world_sent(1);
	CU_ASSERT_EQUAL(packet_get16(ask.b + 12), 0x0806);
	world_discard(1);
	inner = send_to_side();
	expect_side(&inner);
	device_del();
	world_discard(0);
	world_discard(1);
	world_close();
}

static void test_stop(void)
{
	struct packet inner;

	world_open(NULL);
	world_resolve();
	CU_ASSERT_STRING_EQUAL(world_ask("port stop 1"), "Port wan1 stopped\n");
	CU_ASSERT_STRING_EQUAL(status(), "stopped");
	send_to_side();
	CU_ASSERT_EQUAL(world_drops(DP_DROP_tx_stopped), 1);
	CU_ASSERT_STRING_EQUAL(world_ask("port start 1"), "Port wan1 started\n");
	CU_ASSERT_STRING_EQUAL(status(), "up");
	inner = send_to_side();
	expect_side(&inner);
	world_close();
}

static void test_promisc(void)
{
	world_open(NULL);
	world_resolve();
	device_add();
	CU_ASSERT_STRING_EQUAL(world_ask("set promisc wan1 on"), "");
	CU_ASSERT_EQUAL(rte_eth_promiscuous_get(world.hub->ports[1].ethdev), 1);
	CU_ASSERT_STRING_EQUAL(world_ask("set promisc wan1 off"), "");
	CU_ASSERT_EQUAL(rte_eth_promiscuous_get(world.hub->ports[1].ethdev), 0);
	device_del();
	world_close();
}

static void test_no_device(void)
{
	static const char *const lines[] = {
		"set link-down port 1", "set link-up port wan1", "set promisc 1 on"};

	world_open(NULL);
	world_resolve();
	for (unsigned i = 0; i < RTE_DIM(lines); i++)
		CU_ASSERT_STRING_EQUAL(world_ask(lines[i]), "Port wan1 has no device\n");
	world_close();
}

/* A VLAN has no device of its own to stop. */
static void test_vlan(void)
{
	world_open(
		"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
		" mac = \"02:00:00:00:00:01\"; },"
		" { name = \"lan0\"; role = \"lan\"; parent = \"wan0\"; vlan = 5;"
		" addresses = [ \"10.0.0.1/24\" ]; } );");
	CU_ASSERT_STRING_EQUAL(world_ask("port stop lan0"),
		"Port lan0 is a VLAN of port wan0; expected that one\n");
	CU_ASSERT_STRING_EQUAL(world_ask("port stop all"), "Port wan0 stopped\n");
	CU_ASSERT_STRING_EQUAL(status(), "stopped");
	CU_ASSERT_STRING_EQUAL(world_ask("port start all"), "Port wan0 started\n");
	world_close();
}

static const struct unit_test tests[] = {
	{"a link goes and comes", test_link},
	{"stop and start", test_stop},
	{"promiscuous", test_promisc},
	{"a port without a device", test_no_device},
	{"a VLAN", test_vlan},
};

const struct control_suite suite_link = {"link", tests, RTE_DIM(tests)};
