/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offloads that save a worker something. Not asked for: transmit checksums (the outer header's is a
 * prebuilt sum and two additions, less than describing the packet to the device; ESP in UDP has
 * none, RFC 3948 2.1), the UDP checksum of what arrives (ESP's ICV says more), and sending several
 * segments (all packets are in one piece).
 */
#include "dataplane/offload_priv.h"

#include "dataplane/port.h"

static const struct {
	enum dp_offload bit;
	uint64_t rx, tx; /* RTE_ETH_RX_OFFLOAD_*, RTE_ETH_TX_OFFLOAD_* */
} wanted[] = {
	{DP_OFFLOAD_RX_IP4_CHECKSUM, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, 0},
	{DP_OFFLOAD_RX_VLAN, RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0},
	{DP_OFFLOAD_RX_SEGMENTS, RTE_ETH_RX_OFFLOAD_SCATTER, 0},
	{DP_OFFLOAD_TX_VLAN, 0, RTE_ETH_TX_OFFLOAD_VLAN_INSERT},
};

unsigned offload_choose(
	const struct rte_eth_dev_info *info, uint16_t n_rxq, struct rte_eth_conf *conf)
{
	uint64_t rss = RTE_ETH_RSS_IP & info->flow_type_rss_offloads;
	unsigned chosen = 0;

	for (unsigned i = 0; i < RTE_DIM(wanted); i++) {
		if ((info->rx_offload_capa & wanted[i].rx) != wanted[i].rx ||
			(info->tx_offload_capa & wanted[i].tx) != wanted[i].tx)
			continue;
		conf->rxmode.offloads |= wanted[i].rx;
		conf->txmode.offloads |= wanted[i].tx;
		chosen |= wanted[i].bit;
	}
	/* By outer addresses, not ports: a spoke's packets, and a packet's fragments, meet. */
	if (n_rxq > 1 && rss != 0) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf = rss;
		chosen |= DP_OFFLOAD_RSS;
	}
	return chosen;
}
