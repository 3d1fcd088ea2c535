/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/esp/esp.h"
#include "tests/control/world.h"

#include <assert.h>

#include "crypto/esp.h"
#include "dataplane/stats.h"

#define IDLE_ROUNDS 3

struct world world;
int world_hook_helper;

const struct mac_addr mac_hub[2] = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}};
const struct mac_addr mac_gateway = {{2, 0, 0, 0, 1, 0xfe}};
const struct mac_addr mac_near = {{2, 0, 0, 0, 1, 12}}, mac_side = {{2, 0, 0, 0, 1, 13}};
const struct mac_addr mac_other = {{2, 0, 0, 0, 9, 9}}, mac_zero;
const struct mac_addr mac_everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static const char *const nbma[WORLD_SPOKES] = {"203.0.113.11", "192.0.2.12", "198.51.100.13",
	"203.0.113.14", "203.0.113.15", "203.0.113.16"};

#define SA(spi, octet)                                                                             \
	"{ spi = " #spi "; suite = \"aes128gcm16\"; key = \"0x" octet octet octet octet octet      \
	"\"; }"
#define KEY_1 "11112222"
#define KEY_2 "33334444"

static const char standard[] =
	"ports = ("
	"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	"    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\";"
	"    neighbors = ( { address = \"192.0.2.77\"; mac = \"02:00:00:00:01:4d\"; } ); },"
	"  { name = \"wan1\"; device = \"none\"; addresses = [ \"198.51.100.1/24\" ];"
	"    mac = \"02:00:00:00:00:02\"; } );"
	"tunnels = ( { name = \"tun0\"; rpf = \"off\"; address = \"10.255.0.1/24\"; nbma = "
	"\"192.0.2.1\"; key = "
	"42;"
	"  peers = ("
	"    { address = \"10.255.0.11\"; nbma = \"203.0.113.11\";"
	"      sa_in = ( " SA(0x10000000, KEY_1) " ); sa_out = ( " SA(0x20000000,
		KEY_2) " ); },"
		       "    { address = \"10.255.0.12\"; nbma = \"192.0.2.12\";"
		       "      sa_in = ( " SA(0x10000001, KEY_1) " ); sa_out = ( " SA(0x20000001,
			       KEY_2) " ); },"
				      "    { address = \"10.255.0.13\"; nbma = \"198.51.100.13\";"
				      "      sa_in = ( " SA(0x10000002, KEY_1) " ); sa_out = ( " SA(
					      0x20000002,
					      KEY_2) " ); },"
						     "    { address = \"10.255.0.14\"; nbma = "
						     "\"203.0.113.14\"; }"
						     "  ); } );"
						     "routes = ( { prefix = \"10.1.1.0/24\"; via = "
						     "\"10.255.0.11\"; },"
						     "  { prefix = \"10.1.2.0/24\"; via = "
						     "\"10.255.0.12\"; },"
						     "  { prefix = \"10.9.0.0/16\"; blackhole = "
						     "true; } );";

static void check(bool ok, const char *what, const struct error *err)
{
	if (ok)
		return;
	fprintf(stderr, "world: %s: %s\n", what, err ? err->text : "");
	abort();
}

static uint16_t port_rx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	struct world_queue *q = &((struct world_port *)ctx)->rx;
	uint16_t taken = 0;

	(void)queue;
	while (taken < n && q->head < q->n)
		m[taken++] = q->m[q->head++];
	if (q->head == q->n)
		q->head = q->n = 0;
	return taken;
}

static uint16_t port_tx(void *ctx, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	struct world_queue *q = &((struct world_port *)ctx)->tx;
	uint16_t taken = 0;

	(void)queue;
	while (taken < n && q->n < WORLD_QUEUE)
		q->m[q->n++] = m[taken++];
	return taken;
}

/* One key for what spokes send, one for what the hub sends. */
static struct sa_params sa_params(enum spoke_name spoke, bool to_hub, uint8_t key[20])
{
	static const uint8_t part[2][4] = {{0x33, 0x33, 0x44, 0x44}, {0x11, 0x11, 0x22, 0x22}};

	for (unsigned k = 0; k < 20; k++)
		key[k] = part[to_hub][k % 4];
	return (struct sa_params){.spi = (to_hub ? 0x10000000 : 0x20000000) + spoke,
		.suite = esp_suite_by_name("aes128gcm16"),
		.key = key,
		.key_len = 20};
}

uint32_t world_nbma(enum spoke_name spoke)
{
	return packet_addr(nbma[spoke]);
}

uint32_t world_add_sa(struct hub_peer *p, enum spoke_name spoke, bool in)
{
	uint8_t key[20];
	struct sa_params sa = sa_params(spoke, in, key);
	struct error err = {""};
	uint32_t index = SA_NONE;

	sa.in = in;
	sa.window = 64;
	check(hub_peer_add_sa(world.hub, p, &sa, &index, &err) == 0, "SA", &err);
	return index;
}

/* The spokes' end: what the hub takes in they seal, what it sends they open. */
static void spokes_create(void)
{
	static const uint8_t seed[16] = "control tests";
	uint8_t key[20];
	struct error err = {""};

	world.seal = sa_table_create("spokes_seal", 64, SOCKET_ID_ANY);
	world.open = sa_table_create("spokes_open", 64, SOCKET_ID_ANY);
	world.esp = esp_context_create(world.open, seed);
	check(world.seal && world.open && world.esp, "spokes", NULL);
	for (unsigned i = 0; i < RTE_DIM(world.seal_sa); i++) {
		struct sa_params p = sa_params(i, true, key);

		check(sa_add(world.seal, &p, &world.seal_sa[i], &err) == 0, "SA", &err);
		p = sa_params(i, false, key);
		p.in = true;
		check(sa_add(world.open, &p, &world.open_sa[i], &err) == 0, "SA", &err);
	}
}

static struct config *parse(const char *text, struct error *err)
{
	struct config_env env = {0};

	env.suites = config_esp_suites(&env.n_suites);
	return config_parse("test.cfg", text, &env, err);
}

static const struct hub_port_source sources[] = {
	{.rx = port_rx, .tx = port_tx, .ctx = &world.port[0]},
	{.rx = port_rx, .tx = port_tx, .ctx = &world.port[1]},
};

/* A TAP's other end is the test. */
static int tap_open(const char *name, uint16_t mtu, const struct ip_prefix *addrs, unsigned n)
{
	int ends[2];

	(void)name;
	(void)mtu;
	(void)addrs;
	(void)n;
	if (world.n_taps == RTE_DIM(world.tap) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		return -EMFILE;
	world.tap[world.n_taps++] = ends[0];
	return ends[1];
}

static struct hub_params params = {
	.sources = sources, .tap_open = tap_open, .fixed_seed = true, .ike = true};

void world_keep(int former)
{
	params.keep_state = former >= 0;
	params.former_state = former >= 0 ? former : 0;
}

static void open_config(struct config *c, struct error *err)
{
	check(c != NULL, "configuration", err);
	memset(&world, 0, sizeof(world));
	world.now = 86400 * SECONDS; /* the machine has been up for a day */
	world.config = c;
	params.hook_helper = world_hook_helper;
	world.hub = hub_create(world.config, &params, err);
	check(world.hub != NULL, "hub", err);
	world.dp = hub_dp(world.hub);
	world.cli = cli_create(world.hub, NULL, NULL, err);
	check(world.cli != NULL, "cli", err);
	spokes_create();
	check(dp_start(world.dp, err) == 0, "start", err);
}

void world_open(const char *text)
{
	struct error err = {""};

	open_config(parse(text ? text : standard, &err), &err);
}

void world_open_file(const char *path)
{
	struct config_env env = {0};
	struct error err = {""};
	struct config *c;

	env.suites = config_esp_suites(&env.n_suites);
	c = config_load(path, &env, &err);
	params.own_config = c;
	open_config(c, &err);
	params.own_config = NULL;
	world.config = NULL;
}

const char *world_refusal(const char *text)
{
	static struct error err;
	struct config *c = parse(text, &err);
	struct hub *h;

	check(c != NULL, "configuration", &err);
	err.text[0] = '\0';
	h = hub_create(c, &params, &err);
	hub_destroy(h);
	config_free(c);
	return h == NULL ? err.text : "";
}

static void count_used(struct rte_mempool *pool, void *used)
{
	/* Only pools of buffers have private data; route tables are pools as well. */
	if (pool->private_data_size != 0)
		*(unsigned *)used += rte_mempool_in_use_count(pool);
}

void world_close(void)
{
	for (unsigned i = 0; i < world.n_taps; i++)
		close(world.tap[i]);
	unsigned used = 0, left;

	world_run();
	left = world_discard(0) + world_discard(1);
	CU_ASSERT_EQUAL(left, 0);
	rte_mempool_walk(count_used, &used);
	CU_ASSERT_EQUAL(used, 0);
	cli_destroy(world.cli);
	hub_destroy(world.hub);
	esp_context_destroy(world.esp);
	sa_table_destroy(world.seal);
	sa_table_destroy(world.open);
	config_free(world.config);
	memset(&world, 0, sizeof(world));
}

void world_run(void)
{
	for (unsigned idle = 0; idle < IDLE_ROUNDS; idle++) {
		unsigned n = hub_turn(world.hub, world.now);

		if (dp_worker_poll(world.dp, 0) + n > 0)
			idle = 0;
	}
}

void world_wait(unsigned ms)
{
	for (uint64_t end = world.now + ms; world.now < end; world_run())
		world.now += RTE_MIN(end - world.now, (uint64_t)100);
}

void world_resolve(void)
{
	struct packet a;

	world_run();
	a = world_arp(2, &mac_gateway, "192.0.2.254", &mac_hub[0], "192.0.2.1");
	world_receive(0, &a);
	a = world_arp(2, &mac_near, "192.0.2.12", &mac_hub[0], "192.0.2.1");
	world_receive(0, &a);
	a = world_arp(2, &mac_side, "198.51.100.13", &mac_hub[1], "198.51.100.1");
	world_receive(1, &a);
	world_run();
	CU_ASSERT_EQUAL(world_discard(0), 2);
	CU_ASSERT_EQUAL(world_discard(1), 1);
}

void world_receive(unsigned port, const struct packet *frame)
{
	struct world_queue *q = &world.port[port].rx;
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_packet_pool(world.dp));

	assert(m != NULL && q->n < WORLD_QUEUE && rte_pktmbuf_tailroom(m) >= frame->len);
	memcpy(rte_pktmbuf_append(m, frame->len), frame->b, frame->len);
	q->m[q->n++] = m;
}

struct packet world_sent(unsigned port)
{
	struct world_queue *q = &world.port[port].tx;
	struct packet p = {0};
	struct rte_mbuf *m;

	if (q->head == q->n)
		return p;
	m = q->m[q->head++];
	if (q->head == q->n)
		q->head = q->n = 0;
	p.len = m->data_len;
	memcpy(p.b, rte_pktmbuf_mtod(m, uint8_t *), p.len);
	rte_pktmbuf_free(m);
	return p;
}

unsigned world_discard(unsigned port)
{
	unsigned n = 0;

	while (world_sent(port).len != 0)
		n++;
	return n;
}

static struct packet arp(uint16_t op, const struct mac_addr *sender_mac, const char *sender,
	const struct mac_addr *target_mac, const char *target, const struct mac_addr *to)
{
	struct packet a = {.len = 46}; /* with the padding to Ethernet's shortest frame */
	uint32_t sender_be = packet_addr(sender), target_be = packet_addr(target);

	packet_put16(a.b, 1);
	packet_put16(a.b + 2, 0x0800);
	a.b[4] = 6;
	a.b[5] = 4;
	packet_put16(a.b + 6, op);
	memcpy(a.b + 8, sender_mac, 6);
	memcpy(a.b + 14, &sender_be, 4);
	memcpy(a.b + 18, target_mac, 6);
	memcpy(a.b + 24, &target_be, 4);
	return packet_eth(to, sender_mac, 0x0806, &a);
}

struct packet world_arp(uint16_t op, const struct mac_addr *sender_mac, const char *sender,
	const struct mac_addr *to, const char *target)
{
	return arp(op, sender_mac, sender, op == 1 ? &mac_zero : to, target, to);
}

struct packet world_arp_question(unsigned port, const char *target)
{
	return world_arp(1, &mac_hub[port], port == 0 ? "192.0.2.1" : "198.51.100.1",
		&mac_everybody, target);
}

struct packet world_seal_gre(enum spoke_name spoke, uint16_t protocol, const struct packet *inner)
{
	const struct packet_gre gre = {.flags = PACKET_GRE_KEY, .protocol = protocol, .key = 42};
	const struct packet payload = packet_gre(&gre, inner);
	const unsigned port = 0;
	struct packet esp = {0}, ip;
	struct esp_packet e = {.sa = sa_at(world.seal, world.seal_sa[spoke]),
		.esp = esp.b,
		.payload_len = payload.len,
		.next_header = ESP_NEXT_GRE};
	struct esp_packet *burst[] = {&e};

	memcpy(esp.b + ESP_HDR_LEN + 8, payload.b, payload.len);
	esp_seal_burst(world.esp, burst, 1);
	assert(e.status == ESP_OK);
	esp.len = e.len;
	ip = packet_ip4(packet_addr(nbma[spoke]), packet_addr("192.0.2.1"), IPPROTO_ESP, &esp);
	return packet_eth(&mac_hub[port], &mac_gateway, 0x0800, &ip);
}

struct packet world_seal(enum spoke_name spoke, const struct packet *inner)
{
	return world_seal_gre(spoke, 0x0800, inner);
}

struct packet world_unseal(enum spoke_name spoke, const struct packet *frame)
{
	uint16_t protocol;

	return world_unseal_gre(spoke, frame, &protocol);
}

struct packet world_unseal_gre(
	enum spoke_name spoke, const struct packet *frame, uint16_t *protocol)
{
	const unsigned outer = PACKET_ETH_LEN + PACKET_IP4_LEN;
	struct packet copy = *frame, none = {0}, p = {0};
	struct esp_packet e = {.sa = sa_at(world.open, world.open_sa[spoke]),
		.esp = copy.b + outer,
		.len = (uint16_t)(frame->len - outer)};
	struct esp_packet *burst[] = {&e};

	if (frame->len < outer + ESP_HDR_LEN || packet_get32(e.esp) != 0x20000000u + spoke)
		return none;
	esp_open_burst(world.esp, burst, 1);
	/* Eight octets of GRE: flags, protocol, key. */
	if (e.status != ESP_OK || e.payload_len < 8)
		return none;
	p.len = (uint16_t)(e.payload_len - 8);
	memcpy(p.b, e.payload + 8, p.len);
	*protocol = (uint16_t)(e.payload[2] << 8 | e.payload[3]);
	return p;
}

struct packet world_icmp(
	const char *src, const char *dst, uint8_t type, uint8_t code, const struct packet *rest)
{
	struct packet icmp = {.b = {type, code}};

	memcpy(icmp.b + 4, rest->b, rest->len);
	icmp.len = (uint16_t)(4 + rest->len);
	packet_put16(icmp.b + 2, packet_sum(icmp.b, icmp.len));
	return packet_ip4(packet_addr(src), packet_addr(dst), IPPROTO_ICMP, &icmp);
}

uint64_t world_drops(enum dp_drop reason)
{
	struct dp_stats s;

	dp_stats_read(world.dp, -1, &s);
	return s.drops[reason];
}

const char *world_ask(const char *command)
{
	static char *text;
	struct evbuffer *out = evbuffer_new();
	size_t len;

	free(text);
	text = NULL;
	if (world.cli != NULL)
		cli_execute(world.cli, command, out);
	len = evbuffer_get_length(out);
	text = calloc(1, len + 1);
	evbuffer_remove(out, text, len);
	evbuffer_free(out);
	return text;
}

const json_t *world_ask_json(const char *command)
{
	static json_t *root;
	char line[256];
	json_error_t error;
	const json_t *data;

	json_decref(root);
	snprintf(line, sizeof(line), "%s json", command);
	root = json_loads(world_ask(line), 0, &error);
	CU_ASSERT_PTR_NOT_NULL(root);
	data = json_object_get(root, "data");
	return data ? data : root;
}

const char *world_file(const char *path)
{
	static char text[8192];
	FILE *f = fopen(path, "r");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	if (f != NULL)
		fclose(f);
	return text;
}
