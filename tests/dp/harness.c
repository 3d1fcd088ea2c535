/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "tests/dp/harness.h"

struct net net;

/* A turn may pass packets on to another worker or queue; so many idle rounds prove that none did.
 */
#define IDLE_ROUNDS 3

static void check(int rc, const char *what, const struct error *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "harness: %s: %s (%d)\n", what, err ? err->text : "", rc);
	abort();
}

static uint16_t fake_rx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	struct fake_queue *q = &((struct fake_port *)ctx)->rx[queue];
	uint16_t taken = 0;

	while (taken < n && q->head < q->n)
		m[taken++] = q->m[q->head++];
	if (q->head == q->n)
		q->head = q->n = 0;
	return taken;
}

static uint16_t fake_tx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	struct fake_port *port = ctx;
	struct fake_queue *q = &port->tx;
	uint16_t taken = 0;

	for (; taken < n && port->tx_room > 0 && q->n < NET_QUEUE_MAX; port->tx_room--) {
		m[taken]->port = queue; /* remembered here; nobody else needs it any more */
		q->m[q->n++] = m[taken++];
	}
	return taken;
}

static void ports_add(void)
{
	struct dp_port_params p = {.rx = net.params.rx ? net.params.rx : fake_rx,
		.tx = net.params.tx ? net.params.tx : fake_tx,
		.mac_set = true,
		.mtu = net.params.mtu};
	static const char *const names[] = {"wan0", "wan1"};
	struct error err;

	for (unsigned i = 0; i < RTE_DIM(net.port); i++) {
		struct fake_port *port = &net.port[i];

		port->mac = (struct mac_addr){{2, 0, 0, 0, 0, (uint8_t)(i + 1)}};
		port->tx_room = UINT32_MAX;
		p.name = names[i];
		p.ctx = port;
		p.mac = port->mac;
		p.addrs_be[0] = packet_addr(i == 0 ? HUB_NBMA : HUB_NBMA_1);
		p.n_addrs = 1;
		check(dp_port_add(net.dp, &p, &port->index, &err), "port", &err);
	}
}

static void tunnels_add(void)
{
	struct dp_tunnel_params p = {
		.nbma_be = packet_addr(HUB_NBMA),
		.key_set = true,
		.key = TUNNEL_KEY,
		.mtu = TUNNEL_MTU,
		.ttl = TUNNEL_TTL,
		.address_be = packet_addr(HUB_TUNNEL),
		.prefix_len = 24,
		.rpf = net.params.rpf,
	};
	struct error err;

	check(dp_tunnel_add(net.dp, &p, &net.tunnel[0], &err), "tunnel", &err);
	p.nbma_be = packet_addr(HUB_NBMA_1);
	p.key = TUNNEL_KEY_1;
	p.address_be = packet_addr(HUB_TUNNEL_1);
	p.checksum = true;
	check(dp_tunnel_add(net.dp, &p, &net.tunnel[1], &err), "tunnel", &err);
}

static void route_add(enum dp_table table, const char *addr, uint8_t len, dp_adj_t adj)
{
	check(dp_route_add(net.dp, table, packet_addr(addr), len, adj), "route", NULL);
}

static void routes_add(void)
{
	const struct mac_addr gateway = {{2, 0, 0, 0, 1, 0xfe}};
	uint32_t neighbor;

	check(dp_neighbor_add(net.dp, net.port[0].index, &gateway, &neighbor), "gateway", NULL);
	route_add(DP_TABLE_UNDERLAY, "0.0.0.0", 0, DP_ADJ(DP_ADJ_ETHER, neighbor));
	route_add(DP_TABLE_UNDERLAY, "192.0.2.0", 24, DP_ADJ(DP_ADJ_GLEAN, net.port[0].index));
	route_add(DP_TABLE_UNDERLAY, HUB_NBMA, 32, DP_ADJ_LOCAL);
	route_add(DP_TABLE_UNDERLAY, HUB_NBMA_1, 32, DP_ADJ_LOCAL);
	route_add(DP_TABLE_OVERLAY, "10.255.0.0", 24, DP_ADJ_NO_PEER);
	route_add(DP_TABLE_OVERLAY, HUB_TUNNEL, 32, DP_ADJ_LOCAL);
	route_add(DP_TABLE_OVERLAY, "10.254.0.0", 24, DP_ADJ_NO_PEER);
	route_add(DP_TABLE_OVERLAY, HUB_TUNNEL_1, 32, DP_ADJ_LOCAL);
}

static void spokes_place(void)
{
	static const struct {
		const char *name, *nbma, *tunnel, *lan;
	} place[] = {
		{"a", "198.51.100.11", "10.255.0.11", "10.1.1.10"},
		{"b", "198.51.100.12", "10.255.0.12", "10.1.2.10"},
		{"c", "198.51.100.13", "10.255.0.13", "10.1.3.10"},
		{"d", "203.0.113.14", "10.254.0.14", "10.1.4.10"},
	};

	for (unsigned i = 0; i < RTE_DIM(net.spoke); i++) {
		struct spoke *s = &net.spoke[i];

		s->name = place[i].name;
		s->nbma_be = packet_addr(place[i].nbma);
		s->tunnel_be = packet_addr(place[i].tunnel);
		s->lan_be = packet_addr(place[i].lan);
		s->mac = (struct mac_addr){{2, 0, 0, 0, 1, (uint8_t)(i + 1)}};
		s->port = i == 3;
		s->tunnel = net.tunnel[s->port];
		s->gre_key = s->port ? TUNNEL_KEY_1 : TUNNEL_KEY;
		s->gre_flags = PACKET_GRE_KEY | (s->port ? PACKET_GRE_CHECKSUM : 0);
		s->spi_in = 0x10000100 + i;
		s->spi_out = 0x20000100 + i;
		s->peer = DP_PEER_NONE;
	}
}

/* EAL's --lcores: all threads on all CPUs that are ours. */
static void lcores_text(unsigned n_threads, char *text, size_t size)
{
	int len = snprintf(text, size, "(0-%u)@(", n_threads - 1);
	cpu_set_t set;
	bool first = true;

	check(sched_getaffinity(0, sizeof(set), &set), "affinity", NULL);
	for (unsigned i = 0; i < CPU_SETSIZE && (size_t)len < size; i++)
		if (CPU_ISSET(i, &set)) {
			len += snprintf(text + len, size - (size_t)len, first ? "%u" : ",%u", i);
			first = false;
		}
	check((size_t)len + 2 > size, "too many CPUs", NULL);
	strcpy(text + len, ")");
}

int net_eal_start(const char *program, unsigned n_threads)
{
	char prefix[64], lcores[512];
	char *args[] = {strdup(program), "--no-huge", "-m", "1024", "--no-pci", "--no-telemetry",
		"--no-shconf", "--log-level=error", "--file-prefix", prefix, "--lcores", lcores,
		NULL};
	int rc;

	lcores_text(n_threads, lcores, sizeof(lcores));
	snprintf(prefix, sizeof(prefix), "%s-%d", program, getpid());
	rc = rte_eal_init(RTE_DIM(args) - 1, args);
	free(args[0]);
	return rc;
}

void net_open(const struct net_params *params)
{
	static const uint8_t seed[16] = "dmvpn-hub tests";
	struct dp_params p = {.burst = 32, .n_mbufs = 2047, .n_peers = 64, .socket = SOCKET_ID_ANY};
	struct error err = {""};

	memset(&net, 0, sizeof(net));
	if (params != NULL)
		net.params = *params;
	if (net.params.n_workers == 0)
		net.params.n_workers = 1;
	if (net.params.suite == NULL)
		net.params.suite = "aes128gcm16";
	if (net.params.mtu == 0)
		net.params.mtu = 1500;
	if (net.params.window == 0)
		net.params.window = 64;
	p.n_workers = net.params.n_workers;
	p.burst = net.params.burst ? net.params.burst : p.burst;
	p.n_mbufs = net.params.n_mbufs ? net.params.n_mbufs : p.n_mbufs;
	p.n_peers = net.params.n_peers ? net.params.n_peers : p.n_peers;
	p.mtu = net.params.mtu;
	p.fragment_us = net.params.fragment_us;
	p.lcores = net.params.lcores;
	memcpy(p.seed, seed, sizeof(seed));
	net.dp = dp_create(&p, &err);
	check(net.dp == NULL, "dp_create", &err);
	net.seal = sa_table_create("spokes_seal", 64, SOCKET_ID_ANY);
	net.open = sa_table_create("spokes_open", 64, SOCKET_ID_ANY);
	net.esp = esp_context_create(net.open, seed);
	check(net.seal == NULL || net.open == NULL || net.esp == NULL, "spokes", NULL);
	ports_add();
	tunnels_add();
	routes_add();
	spokes_place();
	for (unsigned i = 0; !net.params.no_peers && i < RTE_DIM(net.spoke); i++)
		spoke_add(&net.spoke[i]);
	dp_express(net.dp, !net.params.stages && getenv("DP_STAGES") == NULL);
	check(dp_start(net.dp, &err), "dp_start", &err);
}

static void queue_free(struct fake_queue *q)
{
	for (; q->head < q->n; q->head++)
		rte_pktmbuf_free(q->m[q->head]);
}

void net_free(void)
{
	for (unsigned i = 0; i < RTE_DIM(net.port); i++) {
		queue_free(&net.port[i].tx);
		for (unsigned j = 0; j < NET_WORKERS_MAX; j++)
			queue_free(&net.port[i].rx[j]);
	}
	dp_destroy(net.dp);
	esp_context_destroy(net.esp);
	sa_table_destroy(net.seal);
	sa_table_destroy(net.open);
	net.dp = NULL;
}

/*
 * All buffer pools of the process, control's own too. Only pools of buffers have private data;
 * route tables are pools as well.
 */
static void count_used(struct rte_mempool *pool, void *used)
{
	if (pool->private_data_size != 0)
		*(unsigned *)used += rte_mempool_in_use_count(pool);
}

unsigned net_buffers_in_use(void)
{
	unsigned used = 0;

	rte_mempool_walk(count_used, &used);
	return used;
}

static struct rte_mbuf *segment_new(const uint8_t *data, unsigned len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_packet_pool(net.dp));

	check(m == NULL || rte_pktmbuf_tailroom(m) < len, "buffer for a frame", NULL);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), data, len);
	return m;
}

void net_receive_chain(unsigned port, unsigned queue, const struct packet *frame, unsigned segment)
{
	struct fake_queue *q = &net.port[port].rx[queue];
	struct rte_mbuf *m = segment_new(frame->b, RTE_MIN(segment, (unsigned)frame->len));

	for (unsigned at = m->data_len; at < frame->len; at += segment) {
		struct rte_mbuf *next =
			segment_new(frame->b + at, RTE_MIN(segment, frame->len - at));

		check(rte_pktmbuf_chain(m, next), "chain", NULL);
	}
	assert(q->n < NET_QUEUE_MAX);
	q->m[q->n++] = m;
}

void net_receive(unsigned port, unsigned queue, const struct packet *frame)
{
	unsigned room = rte_pktmbuf_data_room_size(dp_packet_pool(net.dp));

	net_receive_chain(port, queue, frame, room - RTE_PKTMBUF_HEADROOM);
}

void net_run(void)
{
	if (net.params.lcores != NULL)
		return;
	for (unsigned idle = 0; idle < IDLE_ROUNDS; idle++)
		for (unsigned i = 0; i < net.params.n_workers; i++)
			if (dp_worker_poll(net.dp, i) > 0)
				idle = 0;
}

struct packet net_transmitted(unsigned port)
{
	struct fake_queue *q = &net.port[port].tx;
	struct packet p = {0};
	struct rte_mbuf *m;

	if (q->head == q->n)
		return p;
	m = q->m[q->head++];
	if (q->head == q->n)
		q->head = q->n = 0;
	net.queue_out = m->port;
	assert(m->pkt_len <= PACKET_MAX);
	p.len = (uint16_t)m->pkt_len;
	for (struct rte_mbuf *s = m; s != NULL; s = s->next) {
		memcpy(p.b + (p.len - m->pkt_len), rte_pktmbuf_mtod(s, void *), s->data_len);
		m->pkt_len -= s->data_len;
	}
	rte_pktmbuf_free(m);
	return p;
}
