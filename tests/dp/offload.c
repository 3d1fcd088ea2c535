/* SPDX-License-Identifier: BSD-3-Clause */
/* What a device is asked to do, what it then did, and the same without. */
#include <string.h>

#include "dataplane/dp_priv.h"
#include "dataplane/offload_priv.h"
#include "tests/dp/expect.h"

#define VLAN 7

static unsigned choose(
	uint64_t rx, uint64_t tx, uint64_t rss, uint16_t n_rxq, struct rte_eth_conf *conf)
{
	const struct rte_eth_dev_info info = {
		.rx_offload_capa = rx, .tx_offload_capa = tx, .flow_type_rss_offloads = rss};

	memset(conf, 0, sizeof(*conf));
	return offload_choose(&info, n_rxq, conf);
}

static void nothing(void)
{
	struct rte_eth_conf conf;

	EXPECT(choose(0, 0, 0, 4, &conf) == 0);
	EXPECT(conf.rxmode.offloads == 0 && conf.txmode.offloads == 0);
	EXPECT(conf.rxmode.mq_mode == RTE_ETH_MQ_RX_NONE);
}

/* A device that can do everything is asked for what helps, and no more. */
static void everything(void)
{
	struct rte_eth_conf conf;
	unsigned all = DP_OFFLOAD_RSS | DP_OFFLOAD_RX_IP4_CHECKSUM | DP_OFFLOAD_RX_VLAN |
		       DP_OFFLOAD_TX_VLAN | DP_OFFLOAD_RX_SEGMENTS;

	EXPECT(choose(UINT64_MAX, UINT64_MAX, UINT64_MAX, 2, &conf) == all);
	EXPECT(conf.rxmode.offloads ==
		(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_VLAN_STRIP |
			RTE_ETH_RX_OFFLOAD_SCATTER));
	EXPECT(conf.txmode.offloads == RTE_ETH_TX_OFFLOAD_VLAN_INSERT);
	EXPECT(conf.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS);
	EXPECT(conf.rx_adv_conf.rss_conf.rss_hf == RTE_ETH_RSS_IP);
	/* One queue has nothing to share. */
	EXPECT(choose(0, 0, UINT64_MAX, 1, &conf) == 0);
	EXPECT(conf.rxmode.mq_mode == RTE_ETH_MQ_RX_NONE);
}

/* Each by itself. */
static void single(void)
{
	static const struct {
		uint64_t rx, tx;
		unsigned want;
	} cases[] = {
		{RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, 0, DP_OFFLOAD_RX_IP4_CHECKSUM},
		{RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0, DP_OFFLOAD_RX_VLAN},
		{RTE_ETH_RX_OFFLOAD_SCATTER, 0, DP_OFFLOAD_RX_SEGMENTS},
		{0, RTE_ETH_TX_OFFLOAD_VLAN_INSERT, DP_OFFLOAD_TX_VLAN},
		{RTE_ETH_RX_OFFLOAD_UDP_CKSUM, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, 0},
	};
	struct rte_eth_conf conf;

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		EXPECT(choose(cases[i].rx, cases[i].tx, 0, 1, &conf) == cases[i].want);
		EXPECT(conf.rxmode.offloads == (cases[i].want ? cases[i].rx : 0));
		EXPECT(conf.txmode.offloads == (cases[i].want ? cases[i].tx : 0));
	}
}

/* A frame as a device with offloads delivers it. */
static void receive(unsigned port, const struct packet *frame, uint64_t flags, uint16_t tci)
{
	struct fake_queue *q = &net.port[port].rx[0];
	struct rte_mbuf *m;

	net_receive(port, 0, frame);
	m = q->m[q->n - 1];
	m->ol_flags = flags;
	m->vlan_tci = tci;
	net_run();
}

/* Only what the device says is good need not be summed; of all else the sum counts. */
static void checksum(void)
{
	struct packet inner, frame;

	net_open(NULL);
	inner = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &inner);
	receive(0, &frame, RTE_MBUF_F_RX_IP_CKSUM_BAD, 0);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	frame = spoke_seal(&net.a, &inner);
	receive(0, &frame, RTE_MBUF_F_RX_IP_CKSUM_NONE, 0);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	frame = spoke_seal(&net.a, &inner);
	receive(0, &frame, RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));

	frame = spoke_seal(&net.a, &inner);
	frame.b[PACKET_ETH_LEN + PACKET_IP4_CHECKSUM] ^= 1;
	receive(0, &frame, RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN, 0);
	EXPECT_DROPS(ip4_checksum, 1);
	receive(0, &frame, RTE_MBUF_F_RX_IP_CKSUM_NONE, 0);
	EXPECT_DROPS(ip4_checksum, 2);
	/* Its word is taken: that is the offload. */
	receive(0, &frame, RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	/* The inner header is out of its sight. */
	inner.b[PACKET_IP4_CHECKSUM] ^= 1;
	frame = spoke_seal(&net.a, &inner);
	receive(0, &frame, RTE_MBUF_F_RX_IP_CKSUM_GOOD, 0);
	EXPECT_DROPS(fwd_checksum, 1);
	net_close();
}

static uint16_t lan;

/* A LAN in a VLAN of port 1, and a station there. */
static void open_vlan(void)
{
	const struct dp_port_params p = {.name = "lan",
		.parent = net.port[1].index,
		.vlan = VLAN,
		.lan = true,
		.mtu = 1500,
		.n_addrs = 1,
		.addrs_be = {packet_addr("10.9.0.1")}};
	const struct mac_addr station = {{2, 0, 0, 0, 9, 9}};
	uint32_t neighbor;

	net_open(NULL);
	EXPECT(dp_port_add(net.dp, &p, &lan, NULL) == 0);
	EXPECT(dp_neighbor_add(net.dp, lan, &station, &neighbor) == 0);
	EXPECT(dp_route_add(net.dp, DP_TABLE_OVERLAY, packet_addr("10.9.0.0"), 24,
		       DP_ADJ(DP_ADJ_ETHER, neighbor)) == 0);
}

static void vlan_in(void)
{
	const uint64_t stripped = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	const struct mac_addr station = {{2, 0, 0, 0, 9, 9}};
	struct packet ip, frame;
	struct dp_stats s;

	open_vlan();
	ip = packet_udp(packet_addr("10.9.0.7"), net.a.lan_be, 1, 2, 100);
	frame = packet_eth(&net.port[1].mac, &station, 0x0800, &ip);
	receive(1, &frame, stripped, 0xe000 | VLAN);
	EXPECT_DELIVERED(&net.a, packet_hop(&ip));
	receive(1, &frame, stripped, VLAN + 1);
	EXPECT_DROPS(eth_vlan, 1);
	dp_stats_read(net.dp, -1, &s);
	EXPECT(s.ports[lan].rx_packets == 1 && s.ports[lan].rx_bytes == frame.len);
	/* Priority tag: the port itself. */
	ip = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &ip);
	receive(0, &frame, stripped, 0xe000);
	EXPECT_DELIVERED(&net.b, packet_hop(&ip));
	net_close();
}

static void vlan_out(void)
{
	struct fake_queue *q = &net.port[1].tx;
	const struct rte_mbuf *m;
	struct packet ip;

	open_vlan();
	net.dp->ports[net.port[1].index].offloads = DP_OFFLOAD_TX_VLAN;
	EXPECT(dp_port_offloads(net.dp, lan) == DP_OFFLOAD_TX_VLAN);
	ip = packet_udp(net.a.lan_be, packet_addr("10.9.0.7"), 1, 2, 100);
	spoke_send_run(&net.a, &ip);
	EXPECT(q->n == q->head + 1);
	m = q->m[q->head];
	EXPECT((m->ol_flags & RTE_MBUF_F_TX_VLAN) != 0 && m->vlan_tci == VLAN);
	EXPECT(net_transmitted(1).len == PACKET_ETH_LEN + ip.len);
	/* Without: the tag is in the frame. */
	net.dp->ports[net.port[1].index].offloads = 0;
	spoke_send_run(&net.a, &ip);
	m = q->m[q->head];
	EXPECT((m->ol_flags & RTE_MBUF_F_TX_VLAN) == 0);
	EXPECT(net_transmitted(1).len == PACKET_ETH_LEN + 4 + ip.len);
	net_close();
}

static const struct unit_test tests[] = {
	{"a device that can nothing", nothing},
	{"a device that can everything", everything},
	{"a device that can one thing", single},
	{"receive checksum", checksum},
	{"VLAN tag taken off", vlan_in},
	{"VLAN tag put on", vlan_out},
};

DP_SUITE(offload, tests);
