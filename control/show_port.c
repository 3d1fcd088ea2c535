/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports, as dpdk-testpmd shows them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "common/clock.h"
#include "control/cli_priv.h"

#define BORDER "########################"

static bool is_ethdev(const struct cli *cli, unsigned port)
{
	return cli->hub->ports[port].ethdev != RTE_MAX_ETHPORTS;
}

void cli_port_now(const struct cli *cli, unsigned port, struct cli_port_mark *now)
{
	struct dp_stats all;

	dp_stats_read(hub_dp(cli->hub), -1, &all);
	memset(now, 0, sizeof(*now));
	now->dp = all.ports[port];
	/* What the device alone knows: missed, errors, no buffers. */
	if (is_ethdev(cli, port))
		rte_eth_stats_get(cli->hub->ports[port].ethdev, &now->eth);
	now->at_ns = clock_ns(CLOCK_MONOTONIC);
}

/* A driver may start its counters anew. */
static uint64_t since(uint64_t now, uint64_t then)
{
	return now >= then ? now - then : now;
}

void cli_port_since(const struct cli_port_mark *now, const struct cli_port_mark *then,
	struct cli_port_mark *out)
{
	*out = *now;
	out->dp.rx_packets = since(now->dp.rx_packets, then->dp.rx_packets);
	out->dp.rx_bytes = since(now->dp.rx_bytes, then->dp.rx_bytes);
	out->dp.tx_packets = since(now->dp.tx_packets, then->dp.tx_packets);
	out->dp.tx_bytes = since(now->dp.tx_bytes, then->dp.tx_bytes);
	out->dp.tx_dropped = since(now->dp.tx_dropped, then->dp.tx_dropped);
	out->eth.imissed = since(now->eth.imissed, then->eth.imissed);
	out->eth.ierrors = since(now->eth.ierrors, then->eth.ierrors);
	out->eth.oerrors = since(now->eth.oerrors, then->eth.oerrors);
	out->eth.rx_nombuf = since(now->eth.rx_nombuf, then->eth.rx_nombuf);
}

struct rates {
	uint64_t rx_pps, rx_bps, tx_pps, tx_bps;
};

/* "Throughput (since last show)": 0 the first time, as testpmd has it. */
static struct rates take_rates(struct cli *cli, unsigned port, const struct cli_port_mark *now)
{
	struct cli_port_mark *shown = &cli->ports_shown[port], d;
	struct rates r = {0};
	double seconds;

	if (shown->at_ns != 0 && now->at_ns > shown->at_ns) {
		seconds = (double)(now->at_ns - shown->at_ns) / 1e9;
		cli_port_since(now, shown, &d);
		r.rx_pps = (uint64_t)((double)d.dp.rx_packets / seconds);
		r.tx_pps = (uint64_t)((double)d.dp.tx_packets / seconds);
		r.rx_bps = (uint64_t)((double)d.dp.rx_bytes / seconds) * 8;
		r.tx_bps = (uint64_t)((double)d.dp.tx_bytes / seconds) * 8;
	}
	*shown = *now;
	return r;
}

static void text_stats(
	struct cli_call *call, unsigned port, const struct cli_port_mark *s, const struct rates *r)
{
	cli_text(call, "\n  %s NIC statistics for port %-2u %s\n", BORDER, port, BORDER);
	cli_text(call,
		"  RX-packets: %-10" PRIu64 " RX-missed: %-10" PRIu64 " RX-bytes:  %" PRIu64 "\n",
		s->dp.rx_packets, s->eth.imissed, s->dp.rx_bytes);
	cli_text(call, "  RX-errors: %" PRIu64 "\n", s->eth.ierrors);
	cli_text(call, "  RX-nombuf:  %-10" PRIu64 "\n", s->eth.rx_nombuf);
	cli_text(call,
		"  TX-packets: %-10" PRIu64 " TX-errors: %-10" PRIu64 " TX-bytes:  %" PRIu64 "\n",
		s->dp.tx_packets, s->eth.oerrors, s->dp.tx_bytes);
	cli_text(call, "\n  Throughput (since last show)\n");
	cli_text(call,
		"  Rx-pps: %12" PRIu64 "          Rx-bps: %12" PRIu64 "\n  Tx-pps: %12" PRIu64
		"          Tx-bps: %12" PRIu64 "\n",
		r->rx_pps, r->rx_bps, r->tx_pps, r->tx_bps);
	cli_text(call, "  %s############################%s\n", BORDER, BORDER);
}

static json_t *json_stats(
	const struct cli *cli, unsigned port, const struct cli_port_mark *s, const struct rates *r)
{
	return json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"port", (int)port, "name", cli->hub->ports[port].config->name, "rx_packets",
		cli_u64(s->dp.rx_packets), "rx_bytes", cli_u64(s->dp.rx_bytes), "rx_missed",
		cli_u64(s->eth.imissed), "rx_errors", cli_u64(s->eth.ierrors), "rx_nombuf",
		cli_u64(s->eth.rx_nombuf), "tx_packets", cli_u64(s->dp.tx_packets), "tx_bytes",
		cli_u64(s->dp.tx_bytes), "tx_errors", cli_u64(s->eth.oerrors), "rx_pps",
		cli_u64(r->rx_pps), "rx_bps", cli_u64(r->rx_bps), "tx_pps", cli_u64(r->tx_pps),
		"tx_bps", cli_u64(r->tx_bps));
}

int cli_show_port_stats(struct cli_call *call)
{
	struct cli *cli = call->cli;
	json_t *list = json_array();

	for (unsigned i = call->port; i < call->port_end; i++) {
		struct cli_port_mark now, s;
		struct rates r;

		cli_port_now(cli, i, &now);
		cli_port_since(&now, &cli->ports_cleared[i], &s);
		r = take_rates(cli, i, &now);
		text_stats(call, i, &s, &r);
		json_array_append_new(list, json_stats(cli, i, &s, &r));
	}
	cli_value(call, list);
	return CLI_DONE;
}

int cli_clear_port_stats(struct cli_call *call)
{
	for (unsigned i = call->port; i < call->port_end; i++) {
		cli_port_now(call->cli, i, &call->cli->ports_cleared[i]);
		cli_text(call, "\n  NIC statistics for port %u cleared\n", i);
	}
	return CLI_DONE;
}

/* Speed in the words of testpmd. Returns buf. */
static const char *speed(const struct rte_eth_link *link, char *buf, size_t room)
{
	if (link->link_speed == RTE_ETH_SPEED_NUM_UNKNOWN)
		snprintf(buf, room, "Unknown");
	else if (link->link_speed >= 1000 && link->link_speed % 1000 == 0)
		snprintf(buf, room, "%u Gbps", link->link_speed / 1000);
	else
		snprintf(buf, room, "%u Mbps", link->link_speed);
	return buf;
}

static const struct {
	enum dp_offload bit;
	const char *key, *title;
} offload_names[] = {
	{DP_OFFLOAD_RSS, "rss", "RSS"},
	{DP_OFFLOAD_RX_IP4_CHECKSUM, "rx_ipv4_checksum", "RX IPv4 checksum"},
	{DP_OFFLOAD_RX_SEGMENTS, "rx_segments", "RX segments"},
	{DP_OFFLOAD_RX_VLAN, "rx_vlan_strip", "RX VLAN strip"},
	{DP_OFFLOAD_TX_VLAN, "tx_vlan_insert", "TX VLAN insert"},
	{0, "tx_ipv4_checksum", "TX IPv4 checksum"},
};

/* Who does it: the device, or the workers. */
static json_t *offloads(const struct dp *dp, uint16_t port)
{
	unsigned on = dp_port_offloads(dp, port);
	json_t *o = json_object();

	for (unsigned i = 0; i < RTE_DIM(offload_names); i++)
		json_object_set_new(o, offload_names[i].key,
			json_string(on & offload_names[i].bit ? "device" : "software"));
	return o;
}

/* What there is to know of a port; a pair of functions has no device to ask, a VLAN its parent's.
 */
static json_t *info(const struct cli *cli, unsigned port)
{
	const struct hub_port *p = &cli->hub->ports[port];
	uint16_t ethdev = cli->hub->ports[p->parent].ethdev;
	const struct dp *dp = hub_dp(cli->hub);
	struct mac_addr mac = dp_port_mac(dp, (uint16_t)port);
	struct rte_eth_dev_info device = {.driver_name = "none"};
	struct rte_eth_link link = {.link_status = 1, .link_speed = RTE_ETH_SPEED_NUM_UNKNOWN};
	char name[RTE_ETH_NAME_MAX_LEN] = "none", speed_text[24];
	json_t *addresses = json_array();
	enum dp_port_state state = dp_port_state(dp, (uint16_t)port);
	int promiscuous = p->config->promiscuous;

	if (ethdev != RTE_MAX_ETHPORTS) {
		rte_eth_dev_info_get(ethdev, &device);
		rte_eth_link_get_nowait(ethdev, &link);
		rte_eth_dev_get_name_by_port(ethdev, name);
		promiscuous = rte_eth_promiscuous_get(ethdev) == 1;
	}
	for (unsigned i = 0; i < p->config->n_addresses; i++) {
		const struct ip_prefix *a = &p->config->addresses[i];

		json_array_append_new(addresses, cli_prefix(a->addr.v4_be, a->len));
	}
	return json_pack(
		"{s:i, s:s, s:s, s:b, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:i, s:o, "
		"s:o, s:o}",
		"port", (int)port, "name", p->config->name, "role",
		p->config->lan ? "lan" : "outer", "internet_exit", p->config->internet_exit, "vlan",
		p->config->vlan ? json_integer(p->config->vlan) : json_null(), "mac", cli_mac(&mac),
		"device", name, "driver", device.driver_name, "status",
		state == DP_PORT_STOPPED ? "stopped"
		: link.link_status       ? "up"
					 : "down",
		"link", speed(&link, speed_text, sizeof(speed_text)), "duplex",
		link.link_duplex ? "full-duplex" : "half-duplex", "mtu", (int)p->config->mtu,
		"promiscuous", promiscuous, "rx_queues", (int)dp_port_rx_queues(dp, (uint16_t)port),
		"addresses", addresses, "gateway", cli_addr(&p->config->gateway), "offloads",
		offloads(dp, (uint16_t)port));
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "none";
}

static void text_info(struct cli_call *call, const json_t *o)
{
	const json_t *list = json_object_get(o, "addresses");

	cli_text(call,
		"\n********************* Infos for port %-2" JSON_INTEGER_FORMAT
		" *********************\n",
		json_integer_value(json_object_get(o, "port")));
	cli_text(call, "Port name: %s\n", text_of(o, "name"));
	cli_text(call, "Role: %s%s\n", text_of(o, "role"),
		json_is_true(json_object_get(o, "internet_exit")) ? ", Internet exit" : "");
	if (json_is_integer(json_object_get(o, "vlan")))
		cli_text(call, "VLAN: %" JSON_INTEGER_FORMAT "\n",
			json_integer_value(json_object_get(o, "vlan")));
	cli_text(call, "MAC address: %s\n", text_of(o, "mac"));
	cli_text(call, "Device name: %s\n", text_of(o, "device"));
	cli_text(call, "Driver name: %s\n", text_of(o, "driver"));
	cli_text(call, "Link status: %s\n", text_of(o, "status"));
	cli_text(call, "Link speed: %s\n", text_of(o, "link"));
	cli_text(call, "Link duplex: %s\n", text_of(o, "duplex"));
	cli_text(call, "MTU: %" JSON_INTEGER_FORMAT "\n",
		json_integer_value(json_object_get(o, "mtu")));
	cli_text(call, "Promiscuous mode: %s\n",
		json_is_true(json_object_get(o, "promiscuous")) ? "enabled" : "disabled");
	cli_text(call, "RX queues: %" JSON_INTEGER_FORMAT "\n",
		json_integer_value(json_object_get(o, "rx_queues")));
	for (size_t i = 0; i < json_array_size(list); i++)
		cli_text(call, "Address: %s\n", json_string_value(json_array_get(list, i)));
	cli_text(call, "Gateway: %s\n", text_of(o, "gateway"));
	for (unsigned i = 0; i < RTE_DIM(offload_names); i++)
		cli_text(call, "%s: %s\n", offload_names[i].title,
			text_of(json_object_get(o, "offloads"), offload_names[i].key));
}

int cli_show_port_info(struct cli_call *call)
{
	json_t *list = json_array();

	for (unsigned i = call->port; i < call->port_end; i++) {
		json_t *o = info(call->cli, i);

		text_info(call, o);
		json_array_append_new(list, o);
	}
	cli_value(call, list);
	return CLI_DONE;
}

int cli_show_port_summary(struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{"Port", "port", 4, NULL},
		{"MAC Address", "mac", 17, NULL},
		{"Name", "name", 12, NULL},
		{"Driver", "driver", 14, NULL},
		{"Status", "status", 8, NULL},
		{"Link", "link", 0, NULL},
	};

	cli_text(call, "Number of available ports: %u\n", call->cli->hub->n_ports);
	CLI_TABLE(call, columns);
	for (unsigned i = 0; i < call->cli->hub->n_ports; i++)
		cli_row(call, info(call->cli, i));
	return CLI_DONE;
}
