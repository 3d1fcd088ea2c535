/* SPDX-License-Identifier: BSD-3-Clause */
/* What was forwarded since `start`, in dpdk-testpmd's blocks, and what a packet cost. */
#include <inttypes.h>

#include <rte_cycles.h>

#include "control/cli_priv.h"

#define FWD_BORDER "----------------------"
#define ACC_BORDER "+++++++++++++++"

struct totals {
	uint64_t rx, rx_dropped, rx_nombuf, tx, tx_dropped;
};

/* Cycles of one packet received, by what they were for. */
struct costs {
	double all, decrypt, forward, encrypt, other;
	uint64_t mhz;
};

static double stage_cost(const struct dp_stats *s, enum dp_stage stage, uint64_t packets)
{
	return (double)s->stages[stage].cycles / (double)packets;
}

static struct costs costs_of(const struct dp_stats *s, uint64_t packets)
{
	struct costs c = {.mhz = rte_get_tsc_hz() / 1000000};

	for (unsigned i = 0; i < DP_STAGE_COUNT; i++)
		c.all += stage_cost(s, i, packets);
	c.decrypt = stage_cost(s, DP_STAGE_esp_in, packets) +
		    stage_cost(s, DP_STAGE_express_open, packets);
	c.encrypt = stage_cost(s, DP_STAGE_esp_out, packets);
	c.forward =
		stage_cost(s, DP_STAGE_express_fwd, packets) +
		stage_cost(s, DP_STAGE_gre_in, packets) + stage_cost(s, DP_STAGE_ip4_fwd, packets) +
		stage_cost(s, DP_STAGE_handoff, packets) + stage_cost(s, DP_STAGE_gre_out, packets);
	c.other = c.all - c.decrypt - c.encrypt - c.forward;
	return c;
}

static json_t *counts(const struct totals *t)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "rx_packets", cli_u64(t->rx), "rx_dropped",
		cli_u64(t->rx_dropped), "tx_packets", cli_u64(t->tx), "tx_dropped",
		cli_u64(t->tx_dropped));
}

static void text_port(struct cli_call *call, unsigned port, const struct totals *t)
{
	cli_text(
		call, "\n  %s Forward statistics for port %-2u %s\n", FWD_BORDER, port, FWD_BORDER);
	cli_text(call,
		"  RX-packets: %-14" PRIu64 " RX-dropped: %-14" PRIu64 "RX-total: %" PRIu64 "\n",
		t->rx, t->rx_dropped, t->rx + t->rx_dropped);
	cli_text(call,
		"  TX-packets: %-14" PRIu64 " TX-dropped: %-14" PRIu64 "TX-total: %" PRIu64 "\n",
		t->tx, t->tx_dropped, t->tx + t->tx_dropped);
	cli_text(call, "  %s--------------------------------%s\n", FWD_BORDER, FWD_BORDER);
}

static void text_all(struct cli_call *call, const struct totals *t)
{
	cli_text(call, "\n  %s Accumulated forward statistics for all ports%s\n", ACC_BORDER,
		ACC_BORDER);
	cli_text(call,
		"  RX-packets: %-14" PRIu64 " RX-dropped: %-14" PRIu64 "RX-total: %" PRIu64 "\n"
		"  TX-packets: %-14" PRIu64 " TX-dropped: %-14" PRIu64 "TX-total: %" PRIu64 "\n",
		t->rx, t->rx_dropped, t->rx + t->rx_dropped, t->tx, t->tx_dropped,
		t->tx + t->tx_dropped);
	if (t->rx_nombuf > 0)
		cli_text(call, "  RX-nombufs: %-14" PRIu64 "\n", t->rx_nombuf);
	cli_text(call, "  %s++++++++++++++++++++++++++++++++++++++++++++++%s\n", ACC_BORDER,
		ACC_BORDER);
}

static json_t *take_costs(struct cli_call *call, const struct dp_stats *s, uint64_t packets)
{
	struct costs c;

	if (packets == 0)
		return json_null();
	c = costs_of(s, packets);
	cli_text(call,
		"\n  CPU cycles/packet=%.1f (decrypt %.1f, forward %.1f, encrypt %.1f, other %.1f) "
		"at %" PRIu64 " MHz Clock\n",
		c.all, c.decrypt, c.forward, c.encrypt, c.other, c.mhz);
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:o}", "all", c.all, "decrypt", c.decrypt,
		"forward", c.forward, "encrypt", c.encrypt, "other", c.other, "mhz",
		cli_u64(c.mhz));
}

int cli_show_fwd_stats(struct cli_call *call)
{
	struct cli *cli = call->cli;
	struct dp_stats now, s;
	struct totals sum = {0};
	json_t *ports = json_array(), *cycles;

	dp_stats_read(hub_dp(cli->hub), -1, &now);
	dp_stats_diff(&now, &cli->fwd_cleared, &s);
	for (unsigned i = 0; i < cli->hub->n_ports; i++) {
		struct cli_port_mark mark, d;
		struct totals t;
		json_t *o;

		cli_port_now(cli, i, &mark);
		cli_port_since(&mark, &cli->ports_fwd[i], &d);
		t = (struct totals){d.dp.rx_packets, d.eth.imissed, d.eth.rx_nombuf,
			d.dp.tx_packets, d.dp.tx_dropped};
		text_port(call, i, &t);
		o = counts(&t);
		json_object_set_new(o, "port", json_integer((json_int_t)i));
		json_array_append_new(ports, o);
		sum.rx += t.rx;
		sum.rx_dropped += t.rx_dropped;
		sum.rx_nombuf += t.rx_nombuf;
		sum.tx += t.tx;
		sum.tx_dropped += t.tx_dropped;
	}
	text_all(call, &sum);
	cycles = take_costs(call, &s, sum.rx);
	cli_value(call, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "ports", ports, "all",
				counts(&sum), "forwarded", cli_u64(s.forwarded), "forwarded_bytes",
				cli_u64(s.forwarded_bytes), "hairpin", cli_u64(s.hairpin),
				"cycles_per_packet", cycles));
	return CLI_DONE;
}

int cli_clear_fwd_stats(struct cli_call *call)
{
	struct cli *cli = call->cli;

	dp_stats_read(hub_dp(cli->hub), -1, &cli->fwd_cleared);
	for (unsigned i = 0; i < cli->hub->n_ports; i++)
		cli_port_now(cli, i, &cli->ports_fwd[i]);
	return CLI_DONE;
}
