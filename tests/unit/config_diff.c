/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: what another configuration changes, object by object, and what needs a restart. */
#include "config/diff.h"

#include <stdlib.h>

#include "tests/unit/config_fixture.h"
#include "tests/unit/unit.h"

#define SPOKE(n, key)                                                                              \
	"{ address = \"10.255.0." #n "\"; nbma = \"203.0.113." #n "\"; sa_in = ( { spi = 0x1" #n   \
	"; suite = \"aes128gcm16\"; key = \"" key "\"; } ); }"
#define KEY_A KEY16 "10111213"
#define KEY_B KEY16 "10111214"
#define TUN(more, peers)                                                                           \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; " more  \
	" peers = ( " peers " ); } );"
#define BASE PORT TUN("", SPOKE(111, KEY_A) "," SPOKE(112, KEY_A))

struct pair {
	struct config *was, *is;
	struct config_diff d;
	char *text;
};

static struct config *parse(const char *text)
{
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", text, &env, &err);

	if (c == NULL) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return c;
}

static void open_pair(struct pair *p, const char *was, const char *is)
{
	struct error err;

	p->was = parse(was);
	p->is = parse(is);
	CU_ASSERT_EQUAL_FATAL(config_diff(&p->d, p->was, p->is, &err), 0);
	p->text = config_diff_text(&p->d);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->text);
}

static void close_pair(struct pair *p)
{
	free(p->text);
	config_diff_free(&p->d);
	config_free(p->was);
	config_free(p->is);
}

static void test_objects(void)
{
	static const struct {
		const char *was, *is, *text;
	} cases[] = {
		{BASE, BASE, ""},
		{BASE, PORT TUN("", SPOKE(112, KEY_A) "," SPOKE(111, KEY_A)), ""},
		{BASE, PORT TUN("mtu = 1380; ", SPOKE(111, KEY_A) "," SPOKE(112, KEY_A)),
			"changed tunnel tun0\n-\t\tmtu = 1400;\n+\t\tmtu = 1380;\n"},
		{BASE, PORT TUN("", SPOKE(111, KEY_B) "," SPOKE(112, KEY_A)),
			"changed peer 10.255.0.111 at 203.0.113.111 in tunnel tun0\n another key, "
			"or "
			"another order\n"},
		{PORT TUN("nhrp = { authentication = \"one\"; }; ", ""),
			PORT TUN("nhrp = { authentication = \"two\"; }; ", ""),
			"changed tunnel tun0\n another key, or another order\n"},
		{BASE "routes = ( { prefix = \"10.1.0.0/16\"; via = \"10.255.0.9\"; } );",
			BASE "routes = ( { prefix = \"10.2.0.0/16\"; blackhole = true; } );",
			"removed route 10.1.0.0/16\n-\t{ prefix = \"10.1.0.0/16\"; via = ( "
			"\"10.255.0.9\" ); distance = 1; tag = 0; }\nadded route 10.2.0.0/16\n+\t{ "
			"prefix = \"10.2.0.0/16\"; blackhole = true; distance = 1; tag = 0; }\n"},
	};
	struct pair p;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_pair(&p, cases[i].was, cases[i].is);
		CU_ASSERT_STRING_EQUAL(p.text, cases[i].text);
		if (strcmp(p.text, cases[i].text) != 0)
			fprintf(stderr, "%u:\n%s", i, p.text);
		CU_ASSERT_PTR_NULL(p.d.restart);
		close_pair(&p);
	}
}

/* Of two peers at one place the one with the same tunnel address is the same. */
static void test_peers(void)
{
#define AT(address, port) "{ " address " nbma = \"203.0.113.9\"; nat_port = " port "; }"
	struct pair p;

	open_pair(&p,
		PORT TUN("", AT("address = \"10.255.0.2\";", "4500") "," AT(
				     "address = \"10.255.0.3\";", "4500") "," SPOKE(112, KEY_A)),
		PORT TUN("", AT("address = \"10.255.0.3\";", "4500") "," AT(
				     "address = \"10.255.0.4\";", "4500") "," AT("", "4501")));
	CU_ASSERT_EQUAL(p.d.peers[0][0], 1);
	CU_ASSERT_EQUAL(p.d.peers[0][1], 0);
	CU_ASSERT_EQUAL(p.d.peers[0][2], CONFIG_NONE);
	CU_ASSERT_EQUAL(p.d.n_changes, 3);
	close_pair(&p);
}

/* A tunnel with another key keeps no peer. */
static void test_tunnel_replaced(void)
{
	struct pair p;

	open_pair(&p, BASE, PORT TUN("key = 5; ", SPOKE(111, KEY_A)));
	CU_ASSERT_EQUAL(p.d.tunnels[0], CONFIG_NONE);
	CU_ASSERT_PTR_NOT_NULL(strstr(p.text, "removed tunnel tun0"));
	CU_ASSERT_PTR_NOT_NULL(strstr(p.text, "added tunnel tun0"));
	CU_ASSERT_PTR_NOT_NULL(strstr(p.text, "removed peer 10.255.0.112"));
	CU_ASSERT_PTR_NOT_NULL(strstr(p.text, "added peer 10.255.0.111"));
	close_pair(&p);
}

static void test_restart(void)
{
	static const struct {
		const char *was, *is, *restart;
	} cases[] = {
		{BASE, "workers = 2;" BASE, "workers"},
		{BASE, "burst = 8; mbufs = 4096; idle = \"poll\"; control_socket = \"/x\";" BASE,
			"burst, idle, mbufs, control_socket"},
		{BASE, "peers_max = 5000; " BASE, NULL},
		{"events = { socket = \"/y\"; };" BASE, BASE, "events"},
		{BASE,
			"ports = ( { name = \"wan0\"; device = \"net_null1\"; promiscuous = true;\n"
			"  addresses = [ \"192.0.2.1/24\" ]; } );" TUN("", ""),
			"port wan0 device, port wan0 promiscuous"},
		{BASE,
			"ports = ( { name = \"wan0\"; device = \"net_null0\"; gateway = "
			"\"192.0.2.9\"; addresses = [ \"192.0.2.1/24\" ]; } );" TUN("", ""),
			"port wan0 gateway"},
		{BASE, PORT TUN("tap = \"t0\"; ", ""), "tunnel tun0 tap"},
		{BASE, BASE "ike = { psk = ( { id = \"*\"; secret = \"x\"; } ); };", "ike"},
		{BASE "ike = { psk = ( { id = \"*\"; secret = \"x\"; } ); };",
			BASE "ike = { psk = ( { id = \"*\"; secret = \"yz\"; } ); dpd = 9; };",
			NULL},
		{BASE "ike = { psk = ( { id = \"*\"; secret = \"x\"; } ); };",
			BASE
			"ike = { mode = \"external\"; directory = \"/d\"; psk = ( { id = \"*\"; "
			"secret = \"x\"; } ); };",
			"ike.mode, ike.directory"},
	};
	struct pair p;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_pair(&p, cases[i].was, cases[i].is);
		if (cases[i].restart == NULL)
			CU_ASSERT_PTR_NULL(p.d.restart);
		if (cases[i].restart != NULL) {
			CU_ASSERT_PTR_NOT_NULL_FATAL(p.d.restart);
			CU_ASSERT_STRING_EQUAL(p.d.restart, cases[i].restart);
			if (strcmp(p.d.restart, cases[i].restart) != 0)
				fprintf(stderr, "%u: %s\n", i, p.d.restart);
		}
		close_pair(&p);
	}
}

static const struct unit_test tests[] = {
	{"objects that differ, in words", test_objects},
	{"which peer is which", test_peers},
	{"a tunnel that is another one", test_tunnel_replaced},
	{"what needs a restart, by name", test_restart},
};

UNIT_MAIN("config: differences", tests)
