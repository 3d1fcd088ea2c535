/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reloads. What one touches, what it leaves alone, what it refuses; and that any two of them in
 * any order end as the last file alone does: that is compared object by object, for configurations
 * made by chance.
 */
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "control/rip_hub_priv.h"
#include "nhrp/nhrp_priv.h"
#include "tests/control/world.h"

#define LAN 1

static char path[64];

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

static void open_file(const char *text)
{
	snprintf(path, sizeof(path), "/tmp/reload-test-%d.cfg", (int)getpid());
	put(text);
	world_open_file(path);
}

static void close_file(void)
{
	world_run();
	world_discard(0);
	world_discard(1);
	world_close();
	unlink(path);
}

static bool reload(const char *text)
{
	put(text);
	return strstr(world_ask("reload"), "Reloaded") != NULL;
}

#define PORTS(lan)                                                                                 \
	"ports = ("                                                                                \
	"  { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"                \
	"    gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\";"                              \
	"    neighbors = ( { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; } ); },"      \
	"  { name = \"lan0\"; role = \"lan\"; device = \"none\"; mac = \"02:00:00:00:00:02\";" lan \
	"  } );"
#define LAN0 "addresses = [ \"10.8.0.1/24\" ];"
/* The world's spokes FAR, NEAR and SIDE. */
#define PEER0 "{ address = \"10.255.0.11\"; nbma = \"203.0.113.11\"; " WORLD_SAS(0) " }"
#define PEER1 "{ address = \"10.255.0.12\"; nbma = \"192.0.2.12\"; " WORLD_SAS(1) " }"
#define PEER2 "{ address = \"10.255.0.13\"; nbma = \"198.51.100.13\"; " WORLD_SAS(2) " }"
#define TUN(more, peers)                                                                           \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = " \
	"42; " more " peers = ( " peers " ); } );"
#define BASE PORTS(LAN0) TUN("", PEER0 "," PEER1)

static uint64_t outbound_seq(const char *tunnel_address)
{
	struct ip_addr a = ip_addr_v4(packet_addr(tunnel_address));
	const struct hub_peer *p = hub_peer_find(world.hub, &a);
	uint32_t sa = p == NULL ? SA_NONE : dp_peer_sa_out(world.dp, p->dp);

	return sa == SA_NONE ? UINT64_MAX : sa_at(dp_sa_table(world.dp, false), sa)->hot.seq;
}

/* A packet from the LAN to a spoke, and one back. */
static void talk(unsigned n)
{
	struct packet ping =
		world_icmp("10.255.0.11", "10.255.0.1", 8, 0, &(struct packet){.len = 8});

	for (unsigned i = 0; i < n; i++) {
		struct packet frame = world_seal(FAR, &ping);

		world_receive(0, &frame);
	}
	world_run();
	world_discard(0);
	world_discard(1);
}

static void test_untouched(void)
{
	struct ip_addr a = ip_addr_v4(packet_addr("10.255.0.11"));
	const struct hub_peer *p;

	open_file(BASE);
	p = hub_peer_find(world.hub, &a);
	talk(3);
	CU_ASSERT_EQUAL(outbound_seq("10.255.0.11"), 3);
	CU_ASSERT_TRUE(reload(PORTS(LAN0) TUN("mtu = 1300; ", PEER0
		"," PEER2) "routes = ( { prefix = \"10.1.0.0/16\"; via = \"10.255.0.11\"; } );"));
	CU_ASSERT_PTR_EQUAL(hub_peer_find(world.hub, &a), p);
	CU_ASSERT_EQUAL(outbound_seq("10.255.0.11"), 3);
	CU_ASSERT_EQUAL(outbound_seq("10.255.0.12"), UINT64_MAX);
	CU_ASSERT_EQUAL(outbound_seq("10.255.0.13"), 0);
	CU_ASSERT_EQUAL(dp_peer_mtu(world.dp, p->dp), 1300);
	EXPECT_TEXT("show route", "10.1.0.0/16");
	talk(2);
	CU_ASSERT_EQUAL(outbound_seq("10.255.0.11"), 5);
	/* The same again changes nothing. */
	EXPECT_TEXT("reload", "0 changes");
	EXPECT_TEXT("show config diff", "No change");
	close_file();
}

static void test_refused(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"workers = 2; " BASE, "restart of the hub: workers"},
		{"mbufs = 4096; burst = 8; " BASE, "burst, mbufs"},
		{PORTS(LAN0 " mtu = 1400; ") TUN("", PEER0), "port lan0 mtu"},
		{PORTS("addresses = [ \"10.8.0.1/24\" ]; },"
		       "{ name = \"lan1\"; role = \"lan\"; parent = \"lan0\"; vlan = 5; "
		       "addresses = [ \"10.7.0.1/24\" ];") TUN("", PEER0),
			"port lan1"},
		{PORTS(LAN0) TUN("mtu = 9000; ", PEER0), "mtu"},
		{"peers_max = 5000; " BASE, "peers_max"},
		{PORTS(LAN0) TUN("", PEER0 "," PEER0), "was given before"},
		{PORTS(LAN0) "tunnels = ( { name = ", "syntax error"},
		{"", "empty"},
	};
	char *before, *after;

	open_file(BASE);
	talk(3);
	before = config_text(world.hub->config);
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		put(bad[i].text);
		EXPECT_TEXT("reload", bad[i].why);
		CU_ASSERT_EQUAL(world.hub->reloads.refused, i + 1);
		after = config_text(world.hub->config);
		CU_ASSERT_STRING_EQUAL(before, after);
		free(after);
	}
	CU_ASSERT_EQUAL(outbound_seq("10.255.0.11"), 3);
	free(before);
	talk(1);
	close_file();
}

/* A file that is being written is refused, also where what there is of it would do. */
static void test_truncated(void)
{
	static const char whole[] = PORTS(LAN0) TUN("", PEER0 "," PEER2);
	FILE *f;

	open_file(BASE);
	f = fopen(path, "w");
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		fputc(whole[n], f);
		fflush(f);
		if (n % 16 != 0 && whole[n] != ';')
			continue;
		EXPECT_TEXT("reload", "being written");
	}
	CU_ASSERT_EQUAL(outbound_seq("10.255.0.12"), 0);
	CU_ASSERT_EQUAL(world.hub->reloads.applied, 0);
	fclose(f);
	EXPECT_TEXT("reload", "Reloaded");
	CU_ASSERT_EQUAL(outbound_seq("10.255.0.12"), UINT64_MAX);
	close_file();
}

static void test_keys_hidden(void)
{
	open_file(PORTS(LAN0) TUN("nhrp = { authentication = \"first\"; };", PEER0));
	put(PORTS(LAN0) TUN("nhrp = { authentication = \"second\"; };",
		"{ address = \"10.255.0.11\"; nbma = \"203.0.113.11\"; sa_in = ( " WORLD_SA(
			"0x10000000", WORLD_KEY_OUT) " ); }"));
	EXPECT_TEXT("show config diff", "changed peer 10.255.0.11 at 203.0.113.11");
	EXPECT_TEXT("show config diff", "another key");
	CU_ASSERT_PTR_NULL(strstr(world_ask("show config diff"), "second"));
	CU_ASSERT_PTR_NULL(strstr(world_ask("show config diff"), "33334444"));
	close_file();
}

/* --- any two end as the last one
 * ------------------------------------------------------------------ */

static unsigned pick(unsigned n)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % n;
}

static void make_peers(FILE *f, unsigned tunnel)
{
	unsigned base = tunnel * 0x100, first = pick(4);
	const char *sep = "";

	fputs("peers = (", f);
	for (unsigned k = 0; k < 4; k++) {
		unsigned i = (first + k) % 4, n_out = pick(3);

		if (pick(3) == 0)
			continue;
		fprintf(f, "%s { nbma = \"203.0.113.%u\"; ", sep, 10 + tunnel * 10 + i);
		if (pick(4) != 0)
			fprintf(f, "address = \"10.25%u.0.%u\"; ", 5 - tunnel,
				10 + (i + 4 * pick(2)));
		if (pick(3) == 0)
			fprintf(f, "nat_port = %u; ", 4500 + pick(2));
		fprintf(f,
			"sa_in = ( { spi = 0x%x; suite = \"aes128gcm16\"; key = \"%s\"; window = "
			"%u; } ); sa_out = (",
			0x10000000 + base + i, pick(2) ? WORLD_KEY_IN : WORLD_KEY_OUT,
			64 + 64 * pick(2));
		for (unsigned n = 0; n < n_out; n++)
			fprintf(f, "%s { spi = 0x%x; suite = \"aes128gcm16\"; key = \"%s\"; }",
				n > 0 ? "," : "",
				0x20000000 + base + 16 * i + (n + pick(2)) % 3 + n * 4,
				WORLD_KEY_OUT);
		fputs(" ); }", f);
		sep = ",";
	}
	fputs(" );", f);
}

static void make_tunnel(FILE *f, unsigned tunnel, unsigned n_filters)
{
	fprintf(f,
		"{ name = \"tun%u\"; address = \"10.25%u.0.1/24\"; nbma = \"192.0.2.1\"; key = %u; "
		"mtu = %u; ttl = %u; redirect = %s; rpf = \"%s\"; adjust_mss = %u; df = \"%s\"; ",
		tunnel, 5 - tunnel, 42 + tunnel + 10 * pick(2), 1300 + pick(3), 60 + pick(3),
		pick(2) ? "true" : "false", pick(2) ? "off" : "strict", pick(2) * 1200,
		pick(2) ? "set" : "copy");
	if (n_filters > 0 && pick(2))
		fprintf(f, "filter_in = \"f%u\"; ", pick(n_filters));
	fprintf(f,
		"nhrp = { holding_time = %u; unique = \"%s\"; cies_max = %u; multicast = [ %s ]; ",
		600 + pick(3), pick(2) ? "replace" : "strict", 8 + pick(2),
		pick(2) ? "\"dynamic\"" : "\"10.255.0.11\"");
	if (pick(2))
		fprintf(f, "authentication = \"secret%u\"; ", pick(3));
	if (pick(2))
		fprintf(f,
			"maps = ( { prefix = \"10.25%u.0.99/32\"; nbma = \"203.0.113.9%u\"; } ); ",
			5 - tunnel, pick(2));
	fputs("}; ", f);
	make_peers(f, tunnel);
	fputs(" }", f);
}

static void make_rip(FILE *f, unsigned tunnel)
{
	fprintf(f,
		"rip = { network = [ \"tun%u\" ]; timers = { update = %u; }; distance = %u; "
		"redistribute = ( { source = \"static\"; metric = %u; } ); interfaces = ( { name = "
		"\"tun%u\"; split_horizon = \"%s\"; passive = %s; } ); };",
		tunnel, 20 + pick(2), 100 + pick(2), 1 + pick(3), tunnel,
		pick(2) ? "simple" : "off", pick(2) ? "true" : "false");
}

static char *make(void)
{
	unsigned n_filters = pick(3), n_tunnels = 1 + pick(2), first = pick(2), n_routes = pick(4);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		abort();
	fputs("filters = (", f);
	for (unsigned i = 0; i < n_filters; i++)
		fprintf(f,
			"%s { name = \"f%u\"; default = \"%s\"; rules = ( { action = \"deny\"; "
			"protocol = \"tcp\"; to_port = %u; } ); }",
			i > 0 ? "," : "", i, pick(2) ? "permit" : "deny", 80 + pick(2));
	fputs(" ); ", f);
	if (pick(2))
		fputs(PORTS(LAN0), f);
	else
		fputs(PORTS("addresses = [ \"10.8.0.1/24\", \"10.6.0.1/24\" ];"), f);
	fputs("tunnels = ( ", f);
	for (unsigned i = 0; i < n_tunnels; i++) {
		fputs(i > 0 ? "," : "", f);
		make_tunnel(f, (first + i) % 2, n_filters);
	}
	fputs(" ); routes = (", f);
	for (unsigned i = 0; i < n_routes; i++)
		fprintf(f, "%s { prefix = \"10.%u.0.0/16\"; via = \"10.8.0.%u\"; distance = %u; }",
			i > 0 ? "," : "", 100 + i, 2 + pick(3), 1 + pick(2));
	fputs(" );", f);
	if (pick(2))
		make_rip(f, first);
	fclose(f);
	return text;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines of what control would do, in order of their text. */
struct view {
	char *lines[4096];
	unsigned n;
};

static void add(struct view *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct view *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (v->n == RTE_DIM(v->lines) || vasprintf(&v->lines[v->n++], fmt, ap) < 0)
		abort();
	va_end(ap);
}

static void view_sas(struct view *v, const struct hub_peer *p, const char *tunnel, bool in)
{
	uint32_t list[DP_PEER_SAS_MAX];
	unsigned n = dp_peer_sas(world.dp, p->dp, in, list);

	for (unsigned i = 0; i < n; i++) {
		const struct sa *sa = sa_at(dp_sa_table(world.dp, in), list[i]);
		uint32_t sum = 0;

		for (unsigned k = 0; k < sizeof(sa->key); k++)
			sum = sum * 31 + ((const uint8_t *)&sa->key)[k];
		add(v, "sa %s %08x %d %08x suite %u key %08x window %u used %d tag %08x", tunnel,
			p->nbma_be, in, sa->spi, sa->suite, sum, sa->hot.window_size,
			!in && dp_peer_sa_out(world.dp, p->dp) == list[i], in ? sa->hot.tag[2] : 0);
	}
}

static void view_peers(struct view *v)
{
	const struct hub *h = world.hub;

	for (unsigned i = 0; i < h->peers_room; i++) {
		const struct hub_peer *p = &h->peers[i];
		const char *tunnel;

		if (!p->used)
			continue;
		tunnel = h->tunnels[p->tunnel].config->name;
		add(v, "peer %s %08x:%u %08x keyed %d up %d mtu %u hop %d config %d told %d",
			tunnel, p->nbma_be, p->nat_port, p->address_be, p->keyed, p->up,
			dp_peer_mtu(world.dp, p->dp), p->next_hop != HUB_NONE, p->config != NULL,
			h->rip != NULL && h->rip->of_tunnel[p->tunnel] != RIP_IFACE_NONE &&
				p->rip_told);
		view_sas(v, p, tunnel, true);
		view_sas(v, p, tunnel, false);
	}
}

static void view_routes(struct view *v)
{
	const struct hub_route *r = NULL;
	const struct hub_rib_entry *e;

	while ((r = hub_rib_next(world.hub, r == NULL ? NULL : &r->prefix)) != NULL)
		STAILQ_FOREACH (e, &r->entries, link)
			add(v,
				"route %u %08x/%u source %u instance %u distance %u hops %u %08x "
				"kind %u "
				"state %u",
				r->prefix.table, r->prefix.addr_be, r->prefix.len, e->said.source,
				e->said.instance, e->said.distance, e->said.n_next_hops,
				e->said.n_next_hops > 0 ? e->said.next_hops_be[0] : 0,
				(unsigned)DP_ADJ_KIND(e->said.adj), hub_rib_state(e));
}

static void view_tunnels(struct view *v)
{
	const struct hub *h = world.hub;
	struct nhrp_binding b;
	struct nhrp_cursor c;

	for (uint16_t i = 0; i < h->n_tunnels; i++) {
		const struct hub_tunnel *t = &h->tunnels[i];
		const struct nhrp_iface_params *p;
		const struct rip_iface_params *rip = NULL;

		if (t->config == NULL)
			continue;
		p = &nhrp_iface_get(h->nhrp.engine, i)->p;
		add(v,
			"nhrp %s %08x/%u mtu %u holding %u secret %s unique %d cies %u maps %u "
			"%08x redirect %d "
			"multicast %u %u",
			t->config->name, p->address_be, p->len, p->mtu, p->holding,
			p->secret == NULL ? "" : p->secret, p->unique, p->cies_max, p->n_maps,
			p->n_maps > 0 ? p->maps[0].nbma_be : 0, p->redirect, p->multicast,
			p->n_multicast);
		if (h->rip != NULL)
			rip = rip_iface_params(h->rip->engine, h->rip->of_tunnel[i]);
		if (rip != NULL)
			add(v, "rip %s split %d passive %d copies %u", t->config->name,
				rip->split_horizon, rip->passive,
				h->rip->ifaces[h->rip->of_tunnel[i]].n_up);
	}
	nhrp_cache_open(h->nhrp.engine, &c, NULL);
	while (nhrp_cache_next(&c, &b))
		add(v, "binding %s %08x/%u type %d nbma %08x up %d",
			h->tunnels[b.iface].config->name, b.address_be, b.len, b.type, b.nbma_be,
			b.up);
	nhrp_cache_close(&c);
}

static void view_rip(struct view *v)
{
	const struct hub_rip *rip = world.hub->rip;
	struct rip_route_view r;

	if (rip == NULL)
		return;
	for (bool more = rip_route_after(rip->engine, NULL, &r); more;
		more = rip_route_after(rip->engine, &r.prefix, &r))
		add(v, "told %08x/%u source %d metric %u", r.prefix.addr_be, r.prefix.len, r.source,
			r.metric);
}

static char *view(void)
{
	static struct view v;
	char *text = NULL, *config = config_text(world.hub->config);
	size_t size;
	FILE *f = open_memstream(&text, &size);

	v.n = 0;
	world_run();
	view_peers(&v);
	view_routes(&v);
	view_tunnels(&v);
	view_rip(&v);
	qsort(v.lines, v.n, sizeof(v.lines[0]), by_text);
	for (unsigned i = 0; i < v.n; i++) {
		fprintf(f, "%s\n", v.lines[i]);
		free(v.lines[i]);
	}
	fprintf(f, "%s\n%s", world_ask("show filter"), config);
	free(config);
	fclose(f);
	return text;
}

static void show_difference(const char *a, const char *b, const char *first, const char *last)
{
	FILE *f = fopen("/tmp/reload-a", "w"), *g = fopen("/tmp/reload-b", "w");

	fputs(a, f);
	fputs(b, g);
	fclose(f);
	fclose(g);
	fprintf(stderr, "from:\n%s\nto:\n%s\n", first, last);
	if (system("diff /tmp/reload-a /tmp/reload-b >&2") < 0)
		abort();
}

/* What `set log` said stands until the file says something else of the same. */
static void test_log(void)
{
	enum log_level was = log_level(LOG_RIP);

	open_file(BASE);
	world_ask("set log rip error");
	CU_ASSERT_TRUE(reload(BASE "log = { nhrp = \"warning\"; };"));
	CU_ASSERT_EQUAL(log_level(LOG_NHRP), LOG_LEVEL_WARNING);
	CU_ASSERT_EQUAL(log_level(LOG_RIP), LOG_LEVEL_ERROR);
	CU_ASSERT_TRUE(reload(BASE "log = { rip = \"notice\"; };"));
	CU_ASSERT_EQUAL(log_level(LOG_NHRP), LOG_LEVEL_INFO);
	CU_ASSERT_EQUAL(log_level(LOG_RIP), LOG_LEVEL_NOTICE);
	EXPECT_TEXT("show config", "rip = \"notice\";");
	log_set_level(LOG_RIP, was);
	log_set_level(LOG_NHRP, was);
	close_file();
}

static void test_any_order(void)
{
	char *texts[6], *got, *want;

	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < RTE_DIM(texts); i++)
			texts[i] = make();
		open_file(texts[0]);
		for (unsigned i = 1; i < RTE_DIM(texts); i++) {
			if (!reload(texts[i]))
				fprintf(stderr, "%s\n", world.hub->reloads.line);
			CU_ASSERT_EQUAL(world.hub->reloads.applied, i);
			world_run();
			world_discard(0);
			world_discard(1);
		}
		got = view();
		close_file();
		open_file(texts[RTE_DIM(texts) - 1]);
		want = view();
		close_file();
		CU_ASSERT_STRING_EQUAL(got, want);
		if (strcmp(got, want) != 0) {
			show_difference(
				got, want, texts[RTE_DIM(texts) - 2], texts[RTE_DIM(texts) - 1]);
			return;
		}
		free(got);
		free(want);
		for (unsigned i = 0; i < RTE_DIM(texts); i++)
			free(texts[i]);
	}
}

static const struct unit_test tests[] = {
	{"what a reload does not touch stays", test_untouched},
	{"reloads that cannot be are refused", test_refused},
	{"a file that is being written is refused", test_truncated},
	{"a difference shows no key", test_keys_hidden},
	{"what the log has changes too", test_log},
	{"reloads in any order end as the last file alone", test_any_order},
};

const struct control_suite suite_reload = {"reload", tests, RTE_DIM(tests)};
