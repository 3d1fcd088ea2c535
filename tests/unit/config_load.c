/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: what a correct configuration becomes, defaults, warnings, and the way back to text. */
#include "config/config.h"

#include <stdlib.h>

#include "tests/unit/config_fixture.h"
#include "tests/unit/unit.h"

static const char lone_peer[] =
	PORT TUNNEL "peers = ( { nbma = \"192.0.2.11\"; nat_port = 4500; } ); } );";

/* Every setting once, none at its default. */
static const char everything[] =
	"workers = 3; burst = 0x10; idle = \"interrupt\"; mbufs = 4096L; peers_max = 77; "
	"control_socket = "
	"\"/tmp/\\\"hub\\\\\";\n"
	"eal = ( \"--no-huge\", \"-m\", \"1024\\t\" );\n"
	"ports = (\n"
	"  { name = \"wan0\"; device = \"net_pcap0,rx_pcap=in.pcap\"; mtu = 9000;\n"
	"    addresses = [ \"192.0.2.1/24\", \"198.51.100.1/31\" ]; promiscuous = true; "
	"internet_exit = true;\n"
	"    gateway = \"192.0.2.254\"; mac = \"02:00:5E:00:00:ff\";\n"
	"    neighbors = ( { address = \"192.0.2.11\"; mac = \"02:00:5e:00:00:01\"; },\n"
	"                  { address = \"198.51.100.0\"; mac = \"02:00:5e:00:00:02\"; } ); },\n"
	"  { name = \"lan-1_x.y\"; device = \"0000:3b:00.0\"; addresses = ( \"10.0.0.1/8\" ); } "
	");\n"
	"tunnels = (\n"
	"  { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"198.51.100.1\"; key = "
	"4026531841;\n"
	"    mtu = 8000; ttl = 255; checksum = true; redirect = true; rpf = \"strict\"; adjust_mss "
	"= 1360; df = \"copy\"; dscp = "
	"46;\n"
	"    peers = (\n"
	"      { address = \"10.255.0.11\"; nbma = \"203.0.113.11\";\n"
	"        sa_in = ( { spi = 0xc7a0b4d4; suite = \"aes128-sha1\"; key = \"" KEY16 "\";\n"
	"                    auth_key = \"" KEY20 "\"; window = 4096; esn = true; },\n"
	"                  { spi = 3349198037; suite = \"aes128gcm16\"; window = 0;\n"
	"                    key = \"" KEY20 "\"; } );\n"
	"        sa_out = ( { spi = 0xffffffff; suite = \"null-sha1\";\n"
	"                     auth_key = \"" KEY20 "\"; esn = true; },\n"
	"                   { spi = \"0x00000100\"; suite = \"3des-md5\"; key = \"" KEY24 "\";\n"
	"                     auth_key = \"" KEY16 "\"; } ); },\n"
	"      { address = \"10.255.0.12\"; nbma = \"203.0.113.11\"; nat_port = 4500; } ); },\n"
	"  { name = \"tun1\"; address = \"10.254.0.1/24\"; nbma = \"198.51.100.1\";\n"
	"    key = \"0.0.1.2\"; },\n"
	"  { name = \"tun2\"; address = \"10.253.0.1/24\"; nbma = \"198.51.100.1\"; } );\n"
	"routes = ( { prefix = \"10.1.1.0/24\"; via = \"10.255.0.11\"; },\n"
	"           { prefix = \"0.0.0.0/0\"; blackhole = true; distance = 250; "
	"tag = 65535; },\n"
	"           { prefix = \"10.1.1.1\"; via = [ \"10.255.0.12\", "
	"\"10.255.0.11\" ]; blackhole = false; } );\n";

static const char lan[] =
	"ports = (\n"
	"  { name = \"lan0\"; role = \"lan\"; parent = \"wan0\"; vlan = 4094;\n"
	"    addresses = [ \"10.9.0.1/24\", \"10.9.0.130/25\" ]; },\n"
	"  { name = \"wan0\"; device = \"a\"; addresses = [ \"192.0.2.1/24\" ];\n"
	"    gateway = \"192.0.2.254\"; role = \"outer\"; },\n"
	"  { name = \"lan1\"; role = \"lan\"; parent = \"wan0\"; vlan = 1;\n"
	"    addresses = [ \"10.10.0.1/31\" ]; },\n"
	"  { name = \"wan1\"; device = \"b\"; addresses = [ \"198.51.100.1/24\" ];\n"
	"    gateway = \"198.51.100.254\"; } );\n"
	"tunnels = ( { name = \"tun0\"; address = \"10.8.0.1/24\"; nbma = \"192.0.2.1\"; } );\n"
	"routes = ( { prefix = \"10.1.1.0/24\"; via = \"10.9.0.7\"; },\n"
	"           { prefix = \"10.1.2.0/24\"; via = \"10.10.0.0\"; } );\n";

static struct config *parse(const char *text, struct warnings *w)
{
	struct config_env env = fixture_env(w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", text, &env, &err);

	CU_ASSERT_STRING_EQUAL(err.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

static bool is_addr(const struct ip_addr *a, const char *text)
{
	char buf[IP_ADDR_STRLEN];

	return strcmp(ip_addr_str(a, buf), text) == 0;
}

static bool is_prefix(const struct ip_prefix *p, const char *text)
{
	char buf[IP_PREFIX_STRLEN];

	return strcmp(ip_prefix_str(p, buf), text) == 0;
}

static bool is_mac(const struct mac_addr *m, const char *text)
{
	char buf[MAC_ADDR_STRLEN];

	return strcmp(mac_addr_str(m, buf), text) == 0;
}

static bool is_place(const struct config_place *p, unsigned line)
{
	return strcmp(p->file, "hub.cfg") == 0 && p->line == line;
}

/* Test keys count up from zero. */
static bool is_counting(const uint8_t *key, unsigned len, unsigned expected)
{
	for (unsigned i = 0; i < len; i++)
		if (key[i] != i)
			return false;
	return len == expected;
}

static void test_process(void)
{
	struct warnings w;
	struct config *c = parse(everything, &w);

	CU_ASSERT_EQUAL(c->n_files, 1);
	CU_ASSERT_STRING_EQUAL(c->files[0], "hub.cfg");
	CU_ASSERT_EQUAL(c->workers, 3);
	CU_ASSERT_EQUAL(c->burst, 16);
	CU_ASSERT_EQUAL(c->idle, CONFIG_IDLE_INTERRUPT);
	CU_ASSERT_EQUAL(c->mbufs, 4096);
	CU_ASSERT_EQUAL(c->peers_max, 77);
	CU_ASSERT_STRING_EQUAL(c->control_socket, "/tmp/\"hub\\");
	CU_ASSERT_EQUAL_FATAL(c->n_eal, 3);
	CU_ASSERT_STRING_EQUAL(c->eal[0], "--no-huge");
	CU_ASSERT_STRING_EQUAL(c->eal[2], "1024\t");
	CU_ASSERT(c->keys_inline);
	config_free(c);
}

static void test_ports(void)
{
	struct warnings w;
	struct config *c = parse(everything, &w);
	const struct config_port *p = &c->ports[0];

	CU_ASSERT_EQUAL_FATAL(c->n_ports, 2);
	CU_ASSERT(is_place(&p->place, 4));
	CU_ASSERT_STRING_EQUAL(p->name, "wan0");
	CU_ASSERT_STRING_EQUAL(p->device, "net_pcap0,rx_pcap=in.pcap");
	CU_ASSERT_EQUAL_FATAL(p->n_addresses, 2);
	CU_ASSERT(is_prefix(&p->addresses[0], "192.0.2.1/24"));
	CU_ASSERT(is_prefix(&p->addresses[1], "198.51.100.1/31"));
	CU_ASSERT(is_addr(&p->gateway, "192.0.2.254"));
	CU_ASSERT(p->mac_set && is_mac(&p->mac, "02:00:5e:00:00:ff"));
	CU_ASSERT_EQUAL(p->mtu, 9000);
	CU_ASSERT(p->promiscuous);
	CU_ASSERT(p->internet_exit);
	CU_ASSERT_EQUAL_FATAL(p->n_neighbors, 2);
	CU_ASSERT(is_addr(&p->neighbors[1].address, "198.51.100.0"));
	CU_ASSERT(is_mac(&p->neighbors[1].mac, "02:00:5e:00:00:02"));
	CU_ASSERT(is_place(&p->neighbors[1].place, 8));
	p = &c->ports[1];
	CU_ASSERT_STRING_EQUAL(p->name, "lan-1_x.y");
	CU_ASSERT_EQUAL(p->gateway.family, 0);
	CU_ASSERT(!p->mac_set);
	CU_ASSERT_EQUAL(p->mtu, 1500);
	CU_ASSERT(!p->promiscuous);
	CU_ASSERT(!p->internet_exit);
	CU_ASSERT_EQUAL(p->n_neighbors, 0);
	config_free(c);
}

/* VLANs come behind all ports with a device; nested prefixes of one LAN port are its own affair. */
static void test_lan_ports(void)
{
	struct warnings w;
	struct config *c = parse(lan, &w);
	const struct config_port *p = c->ports;

	CU_ASSERT_EQUAL_FATAL(c->n_ports, 4);
	CU_ASSERT_STRING_EQUAL(p[0].name, "wan0");
	CU_ASSERT(!p[0].lan);
	CU_ASSERT_EQUAL(p[0].vlan, 0);
	CU_ASSERT_STRING_EQUAL(p[1].name, "wan1");
	CU_ASSERT(is_addr(&p[1].gateway, "198.51.100.254"));
	CU_ASSERT_STRING_EQUAL(p[2].name, "lan0");
	CU_ASSERT(p[2].lan);
	CU_ASSERT_STRING_EQUAL(p[2].parent, "wan0");
	CU_ASSERT_EQUAL(p[2].vlan, 4094);
	CU_ASSERT_PTR_NULL(p[2].device);
	CU_ASSERT(is_place(&p[2].place, 2));
	CU_ASSERT_STRING_EQUAL(p[3].name, "lan1");
	CU_ASSERT_EQUAL(p[3].vlan, 1);
	CU_ASSERT_PTR_EQUAL(config_port_find(c, "lan1"), &p[3]);
	CU_ASSERT_PTR_NULL(config_port_find(c, "lan2"));
	CU_ASSERT(is_addr(&c->routes[0].via[0], "10.9.0.7"));
	config_free(c);
}

static void test_tunnels(void)
{
	struct warnings w;
	struct config *c = parse(everything, &w);
	const struct config_tunnel *t = &c->tunnels[0];

	CU_ASSERT_EQUAL_FATAL(c->n_tunnels, 3);
	CU_ASSERT(is_place(&t->place, 11));
	CU_ASSERT_STRING_EQUAL(t->name, "tun0");
	CU_ASSERT(is_prefix(&t->address, "10.255.0.1/24"));
	CU_ASSERT(is_addr(&t->nbma, "198.51.100.1"));
	CU_ASSERT(t->key_set);
	CU_ASSERT_EQUAL(t->key, 4026531841u);
	CU_ASSERT_EQUAL(t->mtu, 8000);
	CU_ASSERT_EQUAL(t->ttl, 255);
	CU_ASSERT(t->checksum);
	CU_ASSERT(t->redirect);
	CU_ASSERT_EQUAL(t->rpf, CONFIG_RPF_STRICT);
	CU_ASSERT_EQUAL(t->adjust_mss, 1360);
	CU_ASSERT(t->dscp_set);
	CU_ASSERT_EQUAL(t->dscp, 46);
	CU_ASSERT_EQUAL(t->df, CONFIG_DF_COPY);
	CU_ASSERT_EQUAL(t->n_peers, 2);
	t = &c->tunnels[1];
	CU_ASSERT(t->key_set);
	CU_ASSERT_EQUAL(t->key, 258);
	CU_ASSERT_EQUAL(t->mtu, 1400);
	CU_ASSERT_EQUAL(t->ttl, 64);
	CU_ASSERT(!t->checksum);
	CU_ASSERT(!t->redirect);
	CU_ASSERT_EQUAL(t->rpf, CONFIG_RPF_LOOSE);
	CU_ASSERT_EQUAL(t->adjust_mss, 0);
	CU_ASSERT(!t->dscp_set);
	CU_ASSERT_EQUAL(t->df, CONFIG_DF_SET);
	CU_ASSERT_EQUAL(t->n_peers, 0);
	CU_ASSERT(!c->tunnels[2].key_set);
	config_free(c);
}

static void test_peers(void)
{
	struct warnings w;
	struct config *c = parse(everything, &w);
	const struct config_peer *p = &c->tunnels[0].peers[0];
	const struct config_sa *sa = p->sa_in;

	CU_ASSERT(is_place(&p->place, 14));
	CU_ASSERT(is_addr(&p->address, "10.255.0.11"));
	CU_ASSERT(is_addr(&p->nbma, "203.0.113.11"));
	CU_ASSERT_EQUAL_FATAL(p->n_sa_in, 2);
	CU_ASSERT_EQUAL_FATAL(p->n_sa_out, 2);
	CU_ASSERT(is_place(&sa->place, 15));
	CU_ASSERT_EQUAL(sa->spi, 0xc7a0b4d4);
	CU_ASSERT_STRING_EQUAL(sa->suite, "aes128-sha1");
	CU_ASSERT(is_counting(sa->key, sa->key_len, 16));
	CU_ASSERT(is_counting(sa->auth_key, sa->auth_key_len, 20));
	CU_ASSERT_EQUAL(sa->window, 4096);
	CU_ASSERT(sa->esn);
	sa = &p->sa_in[1];
	CU_ASSERT_EQUAL(sa->spi, 0xc7a0b4d5);
	CU_ASSERT_EQUAL(sa->window, 0);
	CU_ASSERT(!sa->esn);
	CU_ASSERT_EQUAL(sa->auth_key_len, 0);
	sa = p->sa_out;
	CU_ASSERT_EQUAL(sa[0].spi, 0xffffffff);
	CU_ASSERT_EQUAL(sa[0].key_len, 0);
	CU_ASSERT(sa[0].esn);
	CU_ASSERT_EQUAL(sa[1].spi, 256);
	CU_ASSERT(is_counting(sa[1].key, sa[1].key_len, 24));
	/* Two spokes behind one NAT have one outer address. */
	CU_ASSERT(is_addr(&p[1].nbma, "203.0.113.11"));
	CU_ASSERT_EQUAL(p[0].nat_port, 0);
	CU_ASSERT_EQUAL(p[1].nat_port, 4500);
	CU_ASSERT_EQUAL(p[1].n_sa_in, 0);
	config_free(c);
}

static void test_routes(void)
{
	struct warnings w;
	struct config *c = parse(everything, &w);

	CU_ASSERT_EQUAL_FATAL(c->n_routes, 3);
	CU_ASSERT(is_place(&c->routes[0].place, 27));
	CU_ASSERT(is_prefix(&c->routes[0].prefix, "10.1.1.0/24"));
	CU_ASSERT(is_addr(&c->routes[0].via[0], "10.255.0.11"));
	CU_ASSERT(!c->routes[0].blackhole);
	CU_ASSERT(is_prefix(&c->routes[1].prefix, "0.0.0.0/0"));
	CU_ASSERT(c->routes[1].blackhole);
	CU_ASSERT_EQUAL(c->routes[1].n_via, 0);
	CU_ASSERT_EQUAL(c->routes[1].distance, 250);
	CU_ASSERT_EQUAL(c->routes[1].tag, 65535);
	CU_ASSERT_EQUAL(c->routes[2].n_via, 2);
	CU_ASSERT(is_addr(&c->routes[2].via[0], "10.255.0.12"));
	CU_ASSERT(is_addr(&c->routes[2].via[1], "10.255.0.11"));
	CU_ASSERT_EQUAL(c->routes[2].distance, 1);
	CU_ASSERT_EQUAL(c->routes[2].tag, 0);
	CU_ASSERT(is_prefix(&c->routes[2].prefix, "10.1.1.1/32"));
	config_free(c);
}

static void test_defaults(void)
{
	struct warnings w;
	struct config *c = parse("", &w);

	CU_ASSERT_EQUAL(c->workers, 1);
	CU_ASSERT_EQUAL(c->burst, 32);
	CU_ASSERT_EQUAL(c->mbufs, 16384);
	CU_ASSERT_EQUAL(c->peers_max, 1000);
	CU_ASSERT_STRING_EQUAL(c->control_socket, "/run/dmvpn-hub/control.sock");
	CU_ASSERT_EQUAL(c->n_eal + c->n_ports + c->n_tunnels + c->n_routes, 0);
	CU_ASSERT(!c->keys_inline);
	config_free(c);

	c = parse(PORT PEER "sa_in = ( { spi = 256; suite = \"aes128gcm16\"; key = \"" KEY20
			    "\"; } );\n" PEER_END,
		&w);
	CU_ASSERT_EQUAL(c->tunnels[0].peers[0].sa_in[0].window, 64);
	CU_ASSERT_EQUAL(w.n, 0);
	config_free(c);
	config_free(NULL);
}

/* A line comment without a newline behind it, which libconfig 1.5 alone does not take. */
static void test_last_line(void)
{
	struct warnings w;
	struct config *c = parse("workers = 2; // last", &w);

	CU_ASSERT_EQUAL(c->workers, 2);
	config_free(c);
}

static void test_warnings(void)
{
	struct config_env env;
	struct warnings w;
	struct config *c = parse(everything, &w);
	struct error err;

	/* Weak suites once each; text from memory has no mode to warn about. */
	CU_ASSERT_EQUAL(w.n, 2);
	CU_ASSERT_STRING_EQUAL(w.line[0],
		"hub.cfg:19: suite null-sha1 is weak; use it only for routers that know nothing "
		"better");
	CU_ASSERT_STRING_EQUAL(w.line[1],
		"hub.cfg:21: suite 3des-md5 is weak; use it only for routers that know nothing "
		"better");
	config_free(c);

	/* Once also when two SAs use it. */
	c = parse(PORT PEER "sa_out = ( { spi = 256; suite = \"null-sha1\"; auth_key = \"" KEY20
			    "\"; },\n{ spi = 257; suite = \"null-sha1\"; auth_key = \"" KEY20
			    "\"; } );\n" PEER_END,
		&w);
	CU_ASSERT_EQUAL(w.n, 1);
	config_free(c);

	/* Only RIP or NHRP could lead there; through another route it is all right. */
	c = parse(PORT PEER PEER_END
		"routes = ( { prefix = \"10.1.1.0/24\"; via = \"10.99.0.1\"; },\n"
		"{ prefix = \"10.98.0.0/16\"; via = \"10.1.1.1\"; },\n"
		"{ prefix = \"10.97.0.0/16\"; via = \"10.97.0.1\"; } );\n",
		&w);
	CU_ASSERT_EQUAL(w.n, 2);
	CU_ASSERT_STRING_EQUAL(w.line[0],
		"hub.cfg:8: via 10.99.0.1 of route 10.1.1.0/24 is in no tunnel, on no LAN port and "
		"in no other route: it is used only while a spoke announces the way there");
	CU_ASSERT_PTR_NOT_NULL(strstr(w.line[1], "hub.cfg:10: via 10.97.0.1"));
	config_free(c);

	/* 1400 + GRE 8 + trailer fits 1500 octets exactly; one octet more of padding does not. */
	c = parse(PORT TUNNEL "key = 1; mtu = 1414; } );\n", &w);
	CU_ASSERT_EQUAL(w.n, 0);
	config_free(c);
	c = parse(PORT TUNNEL "key = 1; mtu = 1415; } );\n", &w);
	CU_ASSERT_EQUAL(w.n, 1);
	CU_ASSERT_STRING_EQUAL(w.line[0],
		"hub.cfg:4: tunnel tun0: a packet of mtu 1415 may grow to 1516 octets with GRE and "
		"ESP, port wan0 has mtu 1500; mtu 1414 is sure to fit");
	config_free(c);

	/* A spoke behind a NAT: eight octets of UDP. */
	c = parse(PORT TUNNEL
		"key = 1; mtu = 1414;\n"
		"peers = ( { address = \"10.255.0.2\"; nbma = \"203.0.113.1\"; },\n"
		"{ address = \"10.255.0.3\"; nbma = \"203.0.113.1\"; nat_port = 4500; } ); "
		"} );\n",
		&w);
	CU_ASSERT_EQUAL(w.n, 1);
	CU_ASSERT_STRING_EQUAL(w.line[0],
		"hub.cfg:4: tunnel tun0: a packet of mtu 1414 may grow to 1508 octets with GRE and "
		"ESP in UDP, port wan0 has mtu 1500; mtu 1398 is sure to fit");
	config_free(c);

	/* Nobody has to listen. */
	env = fixture_env(&w);
	env.warn = NULL;
	c = config_parse("hub.cfg", everything, &env, &err);
	CU_ASSERT_PTR_NOT_NULL(c);
	config_free(c);
}

/* Put `with` for each "(hidden)" in turn. */
static char *unhide(const char *text, const char *const *with)
{
	static const char hidden[] = "(hidden)";
	char *out = calloc(1, strlen(text) + 4096);
	const char *p;

	for (; (p = strstr(text, hidden)) != NULL; text = p + strlen(hidden)) {
		strncat(out, text, (size_t)(p - text));
		strcat(out, *with++);
	}
	return strcat(out, text);
}

static void test_text(void)
{
	static const char *const keys[] = {KEY16, KEY20, KEY20, KEY20, KEY24, KEY16, ""};
	struct warnings w;
	struct config *c = parse(everything, &w);
	struct config_env env = fixture_env(&w);
	char *text = config_text(c), *again, *whole;
	struct error err;

	/* No key, not even a part of one; and nothing that could be taken for a key. */
	CU_ASSERT_PTR_NULL(strstr(text, "00010203"));
	CU_ASSERT_PTR_NULL(strstr(text, "0c0d0e0f"));
	CU_ASSERT_PTR_NULL(config_parse("text", text, &env, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "key is not made of whole octets"));
	config_free(c);

	/* With keys in their places it gives the same structs, so the same text. */
	whole = unhide(text, keys);
	c = parse(whole, &w);
	again = config_text(c);
	CU_ASSERT_STRING_EQUAL(again, text);
	CU_ASSERT_STRING_EQUAL(c->control_socket, "/tmp/\"hub\\");
	CU_ASSERT_STRING_EQUAL(c->eal[2], "1024\t");
	CU_ASSERT_EQUAL(c->tunnels[0].key, 4026531841u);
	CU_ASSERT_EQUAL(c->tunnels[0].peers[0].sa_in[0].window, 4096);
	config_free(c);
	free(again);
	free(whole);
	free(text);

	c = parse(lan, &w);
	text = config_text(c);
	config_free(c);
	c = parse(text, &w);
	again = config_text(c);
	CU_ASSERT_STRING_EQUAL(again, text);
	CU_ASSERT_STRING_EQUAL(c->ports[2].parent, "wan0");
	CU_ASSERT(c->ports[2].lan);
	config_free(c);
	free(again);
	free(text);

	/* A peer that has its address from registration has none in the text. */
	c = parse(lone_peer, &w);
	CU_ASSERT_EQUAL(c->tunnels[0].peers[0].address.family, 0);
	text = config_text(c);
	config_free(c);
	c = parse(text, &w);
	again = config_text(c);
	CU_ASSERT_STRING_EQUAL(again, text);
	CU_ASSERT_EQUAL(c->tunnels[0].peers[0].address.family, 0);
	CU_ASSERT_EQUAL(c->tunnels[0].peers[0].nat_port, 4500);
	config_free(c);
	free(again);
	free(text);

	c = parse("", &w);
	text = config_text(c);
	config_free(c);
	c = parse(text, &w);
	CU_ASSERT_EQUAL(c->mbufs, 16384);
	config_free(c);
	free(text);
}

static const struct unit_test tests[] = {
	{"settings of the process", test_process},
	{"ports", test_ports},
	{"LAN ports and VLANs", test_lan_ports},
	{"tunnels", test_tunnels},
	{"peers and SAs", test_peers},
	{"routes", test_routes},
	{"defaults", test_defaults},
	{"comment in the last line", test_last_line},
	{"warnings", test_warnings},
	{"text without keys, and back", test_text},
};

UNIT_MAIN("config: values", tests)
