/* SPDX-License-Identifier: BSD-3-Clause */
/* Traces: each stage once, in order, with what it saw; the true end; no record is lost. */
#include <string.h>

#include "dataplane/dp_priv.h"
#include "tests/dp/expect.h"

#define FLOOD 6000 /* more than control's queue takes */

static void start(unsigned count, uint32_t peer, bool drops)
{
	const struct dp_trace_params p = {.count = count, .peer = peer, .drops = drops};

	CU_ASSERT_EQUAL_FATAL(dp_trace_start(net.dp, &p), 0);
}

static struct dp_trace get(struct place at, unsigned number)
{
	struct dp_trace t = {0};

	expect_true(at, dp_trace_read(net.dp, number, &t), "there is no trace %u", number);
	return t;
}

#define GET(number) get(HERE, number)

static bool is_there(unsigned number)
{
	struct dp_trace t;

	return dp_trace_read(net.dp, number, &t);
}

/* "rx0 ip4_in0 ...": stage and worker of each step. */
static void expect_way(struct place at, const struct dp_trace *t, const char *want)
{
	char got[512] = "";
	size_t n = 0;

	for (unsigned i = 0; i < t->n_steps; i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s%u", i ? " " : "",
			dp_stage_names[t->steps[i].stage].name, t->steps[i].worker);
	expect_true(at, strcmp(got, want) == 0, "way is %s, expected %s", got, want);
}

#define EXPECT_WAY(t, way) expect_way(HERE, t, way)

/* All records are free again after a clear. */
static void close_all(void)
{
	net_run();
	dp_trace_clear(net.dp);
	EXPECT(rte_ring_count(net.dp->tracer.free) == TRACE_RECORDS);
	net_close();
}

static void forwarded(void)
{
	struct packet inner, in;
	struct dp_trace t;

	net_open(NULL);
	start(1, DP_PEER_NONE, false);
	inner = spoke_packet(&net.a, &net.d, 123);
	*spoke_seq(&net.a) = 76;
	in = spoke_seal(&net.a, &inner);
	net_receive(0, 0, &in);
	net_run();
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	t = GET(1);
	EXPECT_WAY(&t, "rx0 ip4_in0 esp_in0 gre_in0 ip4_fwd0 handoff0 gre_out0 esp_out0 tx0");
	EXPECT(t.end == DP_TRACE_FORWARDED && t.number == 1 && t.tsc != 0);
	EXPECT(t.parts == 0x7f);
	EXPECT(t.port_in == net.port[0].index && t.frame_len == in.len);
	EXPECT(t.outer_src_be == net.a.nbma_be && t.outer_dst_be == packet_addr(HUB_NBMA));
	EXPECT(t.outer_protocol == IPPROTO_ESP && t.outer_len == in.len - PACKET_ETH_LEN);
	EXPECT(t.spi_in == net.a.spi_in && t.udp_src == 0);
	EXPECT(t.seq_in == packet_get32(in.b + PACKET_ETH_LEN + PACKET_IP4_LEN + 4));
	EXPECT(t.seq_in > 70);
	EXPECT(t.peer_in == net.a.peer && t.tunnel_in == net.a.tunnel);
	EXPECT(t.gre_key == TUNNEL_KEY && t.gre_protocol == 0x0800);
	EXPECT(t.inner_src_be == net.a.lan_be && t.inner_dst_be == net.d.lan_be);
	EXPECT(t.inner_protocol == IPPROTO_UDP && t.inner_len == 123 && t.inner_ttl == 64);
	EXPECT(t.adj == DP_ADJ(DP_ADJ_PEER, net.d.peer));
	EXPECT(t.spi_out == net.d.spi_out && t.seq_out == 1);
	EXPECT(t.outer_to_be == net.d.nbma_be);
	EXPECT(t.port_out == net.port[1].index && t.frame_len_out > 123 && t.pieces == 0);
	/* As many as were asked for. */
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.d, packet_hop(&inner));
	EXPECT(!is_there(2) && dp_trace_params(net.dp).count == 1);
	close_all();
}

static void dropped(void)
{
	struct packet inner, frame;
	struct packet_gre gre = {.flags = PACKET_GRE_KEY, .key = 99, .protocol = 0x0800};
	struct dp_trace t;

	net_open(NULL);
	start(10, DP_PEER_NONE, false);
	inner = spoke_packet(&net.a, &net.b, 100);
	frame = spoke_seal(&net.a, &inner);
	frame.b[frame.len - 1] ^= 1;
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(esp_auth, 1);
	t = GET(1);
	EXPECT_WAY(&t, "rx0 ip4_in0 esp_in0");
	EXPECT(t.end == DP_TRACE_DROPPED && t.reason == DP_DROP_esp_auth);
	EXPECT(t.parts == (DP_TRACE_OUTER | DP_TRACE_ESP_IN) && t.spi_in == net.a.spi_in);
	/* A key that is not the tunnel's is told. */
	frame = packet_gre(&gre, &inner);
	spoke_send_gre(&net.a, &frame);
	net_run();
	EXPECT_DROPS(gre_key, 1);
	t = GET(2);
	EXPECT_WAY(&t, "rx0 ip4_in0 esp_in0 gre_in0");
	EXPECT(t.reason == DP_DROP_gre_key && t.gre_key == 99 && t.peer_in == net.a.peer);
	inner = packet_udp(net.a.lan_be, packet_addr("172.16.0.1"), 1, 2, 80);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(fwd_no_route, 1);
	EXPECT_PUNT(ERROR, NULL);
	t = GET(3);
	EXPECT_WAY(&t, "rx0 ip4_in0 esp_in0 gre_in0 ip4_fwd0");
	EXPECT(t.end == DP_TRACE_DROPPED && t.reason == DP_DROP_fwd_no_route);
	EXPECT(t.inner_dst_be == packet_addr("172.16.0.1") && !(t.parts & DP_TRACE_ADJ));
	frame = packet_fill(1, 10);
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(eth_truncated, 1);
	t = GET(4);
	EXPECT_WAY(&t, "rx0");
	EXPECT(t.reason == DP_DROP_eth_truncated && t.frame_len == 10);
	/* The port takes no more. */
	net.port[0].tx_room = 0;
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DROPS(tx_full, 1);
	t = GET(5);
	EXPECT(t.end == DP_TRACE_DROPPED && t.reason == DP_DROP_tx_full && t.seq_out == 1);
	close_all();
}

static void punted(void)
{
	const struct packet_gre gre = {
		.flags = PACKET_GRE_KEY, .key = TUNNEL_KEY, .protocol = 0x2001};
	struct packet payload = packet_fill(1, 60), frame;
	struct dp_trace t;
	struct dp_stats stats;

	net_open(NULL);
	start(DP_TRACE_COUNT_MAX, DP_PEER_NONE, false);
	frame = packet_gre(&gre, &payload);
	spoke_send_gre(&net.a, &frame);
	net_run();
	EXPECT_PUNT(NHRP, NULL);
	t = GET(1);
	EXPECT_WAY(&t, "rx0 ip4_in0 esp_in0 gre_in0");
	EXPECT(t.end == DP_TRACE_PUNTED && t.reason == DP_PUNT_NHRP && t.gre_protocol == 0x2001);
	frame = packet_fill(1, 28);
	frame = packet_eth(&net.port[0].mac, &net.a.mac, 0x0806, &frame);
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_PUNT(ARP, NULL);
	t = GET(2);
	EXPECT_WAY(&t, "rx0");
	EXPECT(t.end == DP_TRACE_PUNTED && t.reason == DP_PUNT_ARP);
	dp_trace_clear(net.dp);
	/* Refused, by the meter or on a slow machine by the full queue, it is dropped. */
	start(1, DP_PEER_NONE, true);
	for (unsigned i = 0; i < FLOOD; i++) {
		net_receive(0, 0, &frame);
		if (i % 500 == 499)
			net_run();
	}
	dp_stats_read(net.dp, -1, &stats);
	EXPECT_DROPS(punt_meter, (unsigned)stats.drops[DP_DROP_punt_meter]);
	EXPECT_DROPS(punt_full, (unsigned)stats.drops[DP_DROP_punt_full]);
	t = GET(1);
	EXPECT(t.end == DP_TRACE_DROPPED &&
		(t.reason == DP_DROP_punt_meter || t.reason == DP_DROP_punt_full));
	for (uint64_t n = 1; n < stats.punts[DP_PUNT_ARP].passed; n++)
		EXPECT_PUNT(ARP, NULL);
	close_all();
}

/* Through three workers: the mark goes with the packet. */
static void handoff(void)
{
	struct packet inner;
	struct dp_trace t;

	net_open(&(struct net_params){.n_workers = 3});
	net.a.queue = 1;
	net.b.queue = 2;
	for (unsigned i = 0; i < 2; i++) {
		inner = spoke_packet(&net.spoke[i], &net.spoke[i], 100);
		spoke_send_run(&net.spoke[i], &inner);
		EXPECT_DELIVERED(&net.spoke[i], packet_hop(&inner));
	}
	net.a.queue = 0;
	start(1, DP_PEER_NONE, false);
	inner = spoke_packet(&net.a, &net.b, 100);
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	t = GET(1);
	EXPECT_WAY(&t, "rx0 ip4_in0 esp_in0 esp_in1 gre_in1 ip4_fwd1 handoff1 handoff2 gre_out2 "
		       "esp_out2 tx2");
	EXPECT(t.end == DP_TRACE_FORWARDED && t.peer_in == net.a.peer);
	/* Traces are cleared while a packet waits for its owner. */
	start(5, DP_PEER_NONE, false);
	spoke_send(&net.a, &inner);
	dp_worker_poll(net.dp, 0);
	start(5, DP_PEER_NONE, false);
	net_run();
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(!is_there(1));
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	EXPECT(is_there(1) && !is_there(2));
	close_all();
}

static void one_peer(void)
{
	struct packet inner, frame;
	struct dp_trace t;

	net_open(NULL);
	start(3, net.b.peer, false);
	inner = spoke_packet(&net.a, &net.c, 100);
	for (unsigned i = 0; i < 300; i++) { /* more than there are records */
		spoke_send_run(&net.a, &inner);
		EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	}
	EXPECT(!is_there(1));
	inner = spoke_packet(&net.a, &net.b, 101); /* to it */
	spoke_send_run(&net.a, &inner);
	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
	inner = spoke_packet(&net.b, &net.c, 102); /* from it */
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	frame = spoke_seal(&net.b, &inner); /* from its address */
	frame.b[PACKET_ETH_LEN + PACKET_IP4_LEN] ^= 0x80;
	net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(esp_spi, 1);
	t = GET(1);
	EXPECT(t.inner_len == 101);
	t = GET(2);
	EXPECT(t.inner_len == 102);
	t = GET(3);
	EXPECT(t.reason == DP_DROP_esp_spi);
	/* Not those alone, and enough is enough. */
	start(2, net.b.peer, true);
	spoke_send_run(&net.b, &inner);
	EXPECT_DELIVERED(&net.c, packet_hop(&inner));
	EXPECT(!is_there(1));
	for (unsigned i = 0; i < 4; i++)
		net_receive(0, 0, &frame);
	net_run();
	EXPECT_DROPS(esp_spi, 5);
	EXPECT(is_there(1) && is_there(2) && !is_there(3));
	close_all();
}

/* The pieces of a packet have one record, and give it back once. */
static void pieces(void)
{
	struct packet inner;
	struct dp_trace t;

	net_open(NULL);
	dp_peer_set_path_mtu(net.dp, net.b.peer, 1000);
	inner = spoke_packet(&net.a, &net.b, 1400);
	start(1, DP_PEER_NONE, false);
	spoke_send_run(&net.a, &inner);
	t = GET(1);
	EXPECT_WAY(&t, "rx0 ip4_in0 esp_in0 gre_in0 ip4_fwd0 handoff0 gre_out0 esp_out0 tx0");
	EXPECT(t.pieces == 2 && t.end == DP_TRACE_FORWARDED && t.seq_out == 1);
	start(1, DP_PEER_NONE, true);
	for (unsigned i = 0; i < 300; i++)
		spoke_send_run(&net.a, &inner);
	EXPECT(!is_there(1));
	for (unsigned i = 0; i < 602; i++)
		EXPECT(EXPECT_GRE(&net.b).len > 0);
	close_all();
}

static void refused(void)
{
	const struct dp_trace_params none = {.count = 0, .peer = DP_PEER_NONE};
	const struct dp_trace_params many = {.count = DP_TRACE_COUNT_MAX + 1, .peer = DP_PEER_NONE};

	net_open(NULL);
	EXPECT(dp_trace_start(net.dp, &none) == -EINVAL);
	EXPECT(dp_trace_start(net.dp, &many) == -EINVAL);
	EXPECT(dp_trace_params(net.dp).count == 0);
	close_all();
}

static const struct unit_test tests[] = {
	{"a packet that is forwarded", forwarded},
	{"packets that are dropped, by stage", dropped},
	{"packets for control", punted},
	{"from worker to worker", handoff},
	{"of one peer, of drops", one_peer},
	{"a packet in pieces", pieces},
	{"not none, not too many", refused},
};

DP_SUITE(trace, tests);
