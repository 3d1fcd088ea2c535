/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: packet filters and TAPs, read, refused, and written back. */
#include <stdlib.h>

#include "tests/unit/config_fixture.h"

#define FILTER(rules)                                                                              \
	"filters = ( { name = \"f\"; default = \"deny\"; rules = (\n" rules " ); } );\n"
#define RULE(text) FILTER("{ action = \"permit\"; " text " }")

static const char all[] = FILTER(
	"{ action = \"permit\"; from = \"10.0.0.0/8\"; to = \"10.1.2.3\"; protocol = \"tcp\"; "
	"from_port = 80; to_port = \"1024-65535\"; established = true; dscp = 46; },"
	"{ action = \"deny\"; protocol = \"icmp\"; icmp_type = 8; icmp_code = 0; },"
	"{ action = \"reject\"; protocol = 17; fragments = true; }") WAN_AND(VLAN_PORT("lan0",
	"role = \"lan\"; parent = \"wan0\"; vlan = 5; filter_in = \"f\"; tap = \"lan-host\";"))
	TUNNEL "filter_out = \"f\"; tap = \"tun_0.15-letter\"; } );";

static void check_all(const struct config *c)
{
	const struct config_filter *f = config_filter_find(c, "f");
	const struct config_filter_rule *r;

	CU_ASSERT_EQUAL_FATAL(c->n_filters, 1);
	CU_ASSERT_EQUAL_FATAL(f->n_rules, 3);
	CU_ASSERT_EQUAL(f->rest, CONFIG_FILTER_DENY);
	r = &f->rules[0];
	CU_ASSERT_EQUAL(r->action, CONFIG_FILTER_PERMIT);
	CU_ASSERT(r->from.len == 8 && r->from.addr.v4_be == inet_addr("10.0.0.0"));
	CU_ASSERT(r->to.len == 32 && r->to.addr.v4_be == inet_addr("10.1.2.3"));
	CU_ASSERT(r->protocol_set && r->protocol == 6);
	CU_ASSERT(r->from_port.set && r->from_port.first == 80 && r->from_port.last == 80);
	CU_ASSERT(r->to_port.set && r->to_port.first == 1024 && r->to_port.last == 65535);
	CU_ASSERT(r->established && !r->fragments && r->dscp.set && r->dscp.value == 46);
	r = &f->rules[1];
	CU_ASSERT_EQUAL(r->action, CONFIG_FILTER_DENY);
	CU_ASSERT(r->protocol == 1 && r->from.len == 0 && !r->from_port.set && !r->dscp.set);
	CU_ASSERT(r->icmp_type.set && r->icmp_type.value == 8 && r->icmp_code.set);
	r = &f->rules[2];
	CU_ASSERT_EQUAL(r->action, CONFIG_FILTER_REJECT);
	CU_ASSERT(r->protocol == 17 && r->fragments && !r->icmp_type.set);
	CU_ASSERT_STRING_EQUAL(c->ports[1].filter_in, "f");
	CU_ASSERT_STRING_EQUAL(c->ports[1].filter_out, "");
	CU_ASSERT_STRING_EQUAL(c->ports[0].tap, "");
	CU_ASSERT_STRING_EQUAL(c->ports[1].tap, "lan-host");
	CU_ASSERT_STRING_EQUAL(c->tunnels[0].tap, "tun_0.15-letter");
	CU_ASSERT_STRING_EQUAL(c->tunnels[0].filter_in, "");
	CU_ASSERT_STRING_EQUAL(c->tunnels[0].filter_out, "f");
}

static void test_all(void)
{
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", all, &env, &err);
	char *text, *again;

	CU_ASSERT_STRING_EQUAL(err.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	check_all(c);
	CU_ASSERT_EQUAL(c->filters[0].rules[1].place.line, 2);
	text = config_text(c);
	config_free(c);
	c = config_parse("text", text, &env, &err);
	CU_ASSERT_STRING_EQUAL(err.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	check_all(c);
	again = config_text(c);
	CU_ASSERT_STRING_EQUAL(again, text);
	config_free(c);
	free(again);
	free(text);
}

static void test_refused(void)
{
	static const struct refusal cases[] = {
		{"filters = ( { name = \"f\"; rules = ( ); } );",
			"hub.cfg:1: an entry of filters has no default; it is required"},
		{"filters = ( { name = \"f\"; default = \"deny\"; } );",
			"hub.cfg:1: an entry of filters has no rules; it is required"},
		{FILTER("{ from = \"10.0.0.0/8\"; }"),
			"hub.cfg:2: an entry of rules has no action; it is required"},
		{FILTER("{ action = \"drop\"; }"),
			"hub.cfg:2: action is \"drop\"; expected \"permit\", \"deny\" or "
			"\"reject\""},
		{RULE("from = \"10.0.0.1/8\";"),
			"hub.cfg:2: from 10.0.0.1/8 has host bits set; expected 10.0.0.0/8"},
		{RULE("to = \"2001:db8::/32\";"),
			"hub.cfg:2: to is 2001:db8::/32; IPv6 is not carried yet, expected an "
			"IPv4 network"},
		{RULE("protocol = \"tpc\";"),
			"hub.cfg:2: protocol is \"tpc\"; expected \"tcp\", \"udp\", \"icmp\", "
			"\"gre\", \"esp\", \"ospf\" or a whole number 0..255"},
		{RULE("protocol = 256;"),
			"hub.cfg:2: protocol is 256; expected a whole number 0..255"},
		{RULE("protocol = \"tcp\"; to_port = 65536;"),
			"hub.cfg:2: to_port is 65536; expected a whole number 0..65535"},
		{RULE("protocol = \"tcp\"; to_port = \"80\";"),
			"hub.cfg:2: to_port is \"80\"; expected a port 0..65535, or two as "
			"\"1024-2047\""},
		{RULE("protocol = \"tcp\"; to_port = \"81-80\";"),
			"hub.cfg:2: to_port is \"81-80\"; expected a port 0..65535, or two as "
			"\"1024-2047\""},
		{RULE("protocol = \"tcp\"; to_port = \"1-65536\";"),
			"hub.cfg:2: to_port is \"1-65536\"; expected a port 0..65535, or two as "
			"\"1024-2047\""},
		{RULE("protocol = \"tcp\"; to_port = \"1--2\";"),
			"hub.cfg:2: to_port is \"1--2\"; expected a port 0..65535, or two as "
			"\"1024-2047\""},
		{RULE("to_port = 80;"),
			"hub.cfg:2: rule has ports; expected protocol \"tcp\" or \"udp\" with "
			"them"},
		{RULE("protocol = \"tcp\"; icmp_type = 8;"),
			"hub.cfg:2: rule has icmp_type or icmp_code; expected protocol \"icmp\" "
			"with them"},
		{RULE("protocol = \"icmp\"; icmp_code = 8;"),
			"hub.cfg:2: rule has icmp_code; expected an icmp_type with it"},
		{RULE("protocol = \"udp\"; established = true;"),
			"hub.cfg:2: rule has established; expected protocol \"tcp\" with it"},
		{RULE("protocol = \"udp\"; to_port = 1; fragments = true;"),
			"hub.cfg:2: rule has fragments and asks for what only a first fragment "
			"shows; expected it without ports, icmp_type and established"},
		{RULE("dscp = 64;"), "hub.cfg:2: dscp is 64; expected a whole number 0..63"},
		{"filters = ( { name = \"f\"; default = \"deny\"; rules = ( ); },\n"
		 "{ name = \"f\"; default = \"deny\"; rules = ( ); } );",
			"hub.cfg:2: filter f was given before, in hub.cfg:1"},
		{PORT TUNNEL "filter_in = \"f\"; } );",
			"hub.cfg:4: tunnel tun0 has filter f; expected the name of one of "
			"`filters`"},
		{"filters = ( { name = \"f\"; default = \"deny\"; rules = ( ); } );\n"
		 "ports = ( { name = \"wan0\"; device = \"d\"; addresses = [ \"192.0.2.1/24\" ];"
		 "filter_in = \"f\"; } );",
			"hub.cfg:2: outer port wan0 has a filter; expected it on the tunnels, or "
			"with role = \"lan\" or internet_exit = true"},
	};

	REFUSE(cases);
}

#define TAP_EXPECTED                                                                               \
	"expected a name for an interface: 1..15 letters, digits, dots, dashes and underscores"

static void test_taps_refused(void)
{
	static const struct refusal cases[] = {
		{PORT TUNNEL "tap = \"\"; } );", "hub.cfg:6: tap is \"\"; " TAP_EXPECTED},
		{PORT TUNNEL "tap = \"..\"; } );", "hub.cfg:6: tap is \"..\"; " TAP_EXPECTED},
		{PORT TUNNEL "tap = \"a/b\"; } );", "hub.cfg:6: tap is \"a/b\"; " TAP_EXPECTED},
		{PORT TUNNEL "tap = \"tun_0.16--letter\"; } );",
			"hub.cfg:6: tap is \"tun_0.16--letter\"; " TAP_EXPECTED},
		{WAN_AND(VLAN_PORT(
			 "l", "role = \"lan\"; parent = \"wan0\"; vlan = 5; tap = \"t\";")) TUNNEL
			"tap = \"t\"; } );",
			"hub.cfg:2: tap t was given before, in hub.cfg:2"},
	};

	REFUSE(cases);
}

static void test_too_many(void)
{
	static char text[64 * 1024] = "filters = ( { name = \"f\"; default = \"deny\"; rules = (\n";
	struct refusal refusal = {
		text, "hub.cfg:1: a filter has 1025 rules; expected at most 1024"};

	for (unsigned i = 0; i < 1025; i++)
		strcat(text, i ? ",{action=\"deny\";}" : "{action=\"deny\";}");
	strcat(text, "); } );");
	refuse_all(&refusal, 1);
}

static const struct unit_test tests[] = {
	{"all settings", test_all},
	{"refused", test_refused},
	{"too many rules", test_too_many},
	{"TAPs refused", test_taps_refused},
};

UNIT_MAIN("config: filters and TAPs", tests)
