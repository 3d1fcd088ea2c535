/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: rip = { ... }, read, refused, and written back. */
#include <stdlib.h>

#include "config/rip.h"
#include "tests/unit/config_fixture.h"

/* Lines 1 to 3: an outer port, a LAN, a tunnel. */
#define BASE                                                                                       \
	"ports = ( { name = \"wan0\"; device = \"d\"; addresses = [ \"192.0.2.1/24\" ]; },\n"      \
	"{ name = \"lan0\"; role = \"lan\"; device = \"e\"; addresses = [ \"10.8.0.1/24\" ]; } );" \
	"\ntunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; } "   \
	");\n"
/* From line 4 on. */
#define RIP(text) BASE "rip = { network = [ \"tun0\", \"10.8.0.0/16\" ];\n" text "};\n"

static const char all[] = RIP(
	"neighbor = [ \"10.8.0.9\" ];"
	"timers = { update = 5; timeout = 15; garbage = 10; holddown = 0; };"
	"distance = 90; ecmp = 4; max_routes = 500;"
	"default_information = { originate = true; metric = 3; };"
	"redistribute = ( { source = \"static\"; metric = 2; prefix_list = \"p\"; },"
	"  { source = \"nhrp\"; } );"
	"distribute_list_in = \"p\";"
	"offset_list_out = { metric = 4; };"
	"prefix_lists = ( { name = \"p\"; rules = ( \"permit 10.0.0.0/8 ge 16 le 24\","
	"  \"deny 10.9.0.0/16\", \"permit 10.7.0.0/16 le 30\", \"permit any\" ); } );"
	"key_chains = ( { name = \"k\"; keys = ( { id = 1; key = \"first word\"; algorithm = "
	"\"md5\";"
	"  send_lifetime = [ \"2026-01-01T00:00:00Z\", \"infinite\" ];"
	"  accept_lifetime = [ \"always\", \"2026-01-02T00:00:01Z\" ]; },"
	"  { id = 255; key = \"0x6162\"; } ); } );"
	"interfaces = ( { name = \"tun0\"; split_horizon = \"poisoned\"; next_hop_self = true;"
	"  suppress_own = true; receive_v1 = false; accept_default = true;"
	"  accept_own_networks = true; maximum_prefix = 7;"
	"  authentication = { mode = \"hmac-sha-256\"; key_chain = \"k\"; replay_check = false; };"
	"  distribute_list_out = \"p\"; offset_list_in = { metric = 2; prefix_list = \"p\"; }; },"
	"  { name = \"lan0\"; passive = true;"
	"    authentication = { mode = \"text\"; key = \"seen by all\"; auth_length = "
	"\"old-ripd\"; }; } );");

static void check_lists(const struct config_rip *rip)
{
	const struct config_prefix_list *p = config_prefix_list_find(rip, "p");
	const struct config_key_chain *k = config_key_chain_find(rip, "k");

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL_FATAL(p->n_rules, 4);
	CU_ASSERT(p->rules[0].permit && p->rules[0].ge == 16 && p->rules[0].le == 24);
	CU_ASSERT(!p->rules[1].permit && p->rules[1].ge == 16 && p->rules[1].le == 16);
	CU_ASSERT(p->rules[2].ge == 16 && p->rules[2].le == 30);
	CU_ASSERT(p->rules[3].prefix.len == 0 && p->rules[3].ge == 0 && p->rules[3].le == 32);
	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	CU_ASSERT_EQUAL_FATAL(k->n_keys, 2);
	CU_ASSERT(k->keys[0].key_len == 10 && memcmp(k->keys[0].key, "first word", 10) == 0);
	CU_ASSERT(k->keys[0].algorithm_set && k->keys[0].algorithm == CONFIG_RIP_MD5);
	CU_ASSERT_EQUAL(k->keys[0].send.from, 1767225600);
	CU_ASSERT_EQUAL(k->keys[0].send.to, UINT64_MAX);
	CU_ASSERT_EQUAL(k->keys[0].accept.from, 0);
	CU_ASSERT_EQUAL(k->keys[0].accept.to, 1767225600 + 86401);
	CU_ASSERT(k->keys[1].id == 255 && k->keys[1].key_len == 2 && k->keys[1].key[0] == 'a');
	CU_ASSERT(!k->keys[1].algorithm_set);
}

static void check_interfaces(const struct config_rip *rip)
{
	struct config_rip_interface tun = config_rip_interface_of(rip, "tun0");
	struct config_rip_interface lan = config_rip_interface_of(rip, "lan0");
	struct config_rip_interface none = config_rip_interface_of(rip, "other");

	CU_ASSERT(tun.split_horizon_set && tun.split_horizon == CONFIG_SPLIT_POISONED);
	CU_ASSERT(tun.next_hop_self && tun.suppress_own && !tun.receive_v1 && !tun.passive);
	CU_ASSERT(tun.accept_default && tun.accept_own && tun.max_prefixes == 7);
	CU_ASSERT(tun.auth.set && tun.auth.mode == CONFIG_RIP_SHA256 && !tun.auth.replay_check);
	CU_ASSERT_STRING_EQUAL(tun.auth.key_chain, "k");
	CU_ASSERT_STRING_EQUAL(tun.policy.list_out, "p");
	CU_ASSERT(tun.policy.offset_in.metric == 2);
	CU_ASSERT(lan.passive && lan.receive_v1 && !lan.split_horizon_set);
	CU_ASSERT(lan.auth.mode == CONFIG_RIP_TEXT && lan.auth.key_len == 11);
	CU_ASSERT(lan.auth.old_ripd_length && lan.auth.replay_check);
	CU_ASSERT(none.max_prefixes == 1000 && !none.auth.set && none.receive_v1);
}

static void test_all(void)
{
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", all, &env, &err);
	const struct config_rip *rip;

	CU_ASSERT_STRING_EQUAL(err.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	rip = c->rip;
	CU_ASSERT_PTR_NOT_NULL_FATAL(rip);
	CU_ASSERT(rip->update == 5 && rip->timeout == 15 && rip->garbage == 10);
	CU_ASSERT(rip->holddown == 0 && rip->distance == 90 && rip->ecmp == 4);
	CU_ASSERT(rip->max_routes == 500 && rip->default_information == 3);
	CU_ASSERT_EQUAL(rip->n_redistribute, 2);
	CU_ASSERT(rip->redistribute[1].source == CONFIG_RIP_NHRP);
	CU_ASSERT(rip->redistribute[0].metric == 2 && rip->redistribute[1].metric == 1);
	CU_ASSERT_STRING_EQUAL(rip->policy.list_in, "p");
	CU_ASSERT(rip->policy.offset_out.metric == 4);
	CU_ASSERT_TRUE(c->keys_inline);
	CU_ASSERT_TRUE(config_rip_runs_on(rip, "tun0", &c->tunnels[0].address, 1));
	CU_ASSERT_TRUE(config_rip_runs_on(rip, "lan0", c->ports[1].addresses, 1));
	CU_ASSERT_FALSE(config_rip_runs_on(rip, "wan0", c->ports[0].addresses, 1));
	check_lists(rip);
	check_interfaces(rip);
	config_free(c);
}

/* With "(hidden)" for a key the text is refused; with the key again it is the same. */
static void test_written_back(void)
{
	static char shown[8192];
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", all, &env, &err);
	char *text, *again, *from;
	size_t used = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	text = config_text(c);
	config_free(c);
	CU_ASSERT_PTR_NULL(strstr(text, "first word"));
	CU_ASSERT_PTR_NULL(strstr(text, "seen by all"));
	CU_ASSERT_PTR_NULL(config_parse("text", text, &env, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "(hidden)"));
	for (from = text; *from != '\0' && used < sizeof(shown) - 16;) {
		if (strncmp(from, "(hidden)", 8) == 0) {
			used += (size_t)sprintf(shown + used, "0x6162");
			from += 8;
		} else {
			shown[used++] = *from++;
		}
	}
	c = config_parse("text", shown, &env, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	again = config_text(c);
	CU_ASSERT_STRING_EQUAL(again, text);
	free(again);
	free(text);
	config_free(c);
}

static void test_defaults(void)
{
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", RIP(""), &env, &err);
	char *text, *again;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT(c->rip->update == 30 && c->rip->timeout == 180 && c->rip->garbage == 120);
	CU_ASSERT(c->rip->holddown == 210 && c->rip->distance == 120 && c->rip->ecmp == 1);
	CU_ASSERT(c->rip->default_information == 0 && c->rip->max_routes == 20000);
	text = config_text(c);
	config_free(c);
	c = config_parse("text", text, &env, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	again = config_text(c);
	CU_ASSERT_STRING_EQUAL(again, text);
	config_free(c);
	free(text);
	free(again);
	c = config_parse("hub.cfg", BASE, &env, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_PTR_NULL(c->rip);
	config_free(c);
}

#define RULE                                                                                       \
	"expected \"permit|deny NETWORK [ge LENGTH] [le LENGTH]\", as \"permit 10.0.0.0/8 le 24\""
#define LIST(rule) RIP("prefix_lists = ( { name = \"p\"; rules = ( \"" rule "\" ); } );")
#define SPAN                                                                                       \
	"is not a span of time; expected [ \"2026-01-01T00:00:00Z\", \"2026-07-01T00:00:00Z\" ], " \
	"or \"always\" and \"infinite\" for its ends"
#define KEYS(text) RIP("key_chains = ( { name = \"k\"; keys = (\n" text " ); } );")
#define TUN(text)  RIP("interfaces = ( {\nname = \"tun0\"; " text " } );")

static void test_refused(void)
{
	static const struct refusal cases[] = {
		{BASE "rip = { };", "hub.cfg:4: an entry of rip has no network; it is required"},
		{BASE "rip = { network = [ \"10.99.0.0/16\" ]; };",
			"hub.cfg:4: RIP runs nowhere; expected network to name a tunnel or LAN "
			"port, "
			"or to have the address of one inside"},
		{BASE "rip = { network = [ \"wan0\" ]; };", "hub.cfg:4: network wan0 is no tunnel "
							    "and no LAN port; expected the name of "
							    "one, or a network"},
		{BASE "rip = { network = [ \"10.8.0.1/16\" ]; };",
			"hub.cfg:4: network 10.8.0.1/16 has host bits set; expected 10.8.0.0/16"},
		{RIP("neighbor = [ \"10.7.0.9\" ];"), "hub.cfg:5: neighbor 10.7.0.9 is on no "
						      "interface that RIP runs on; expected "
						      "an address inside the prefix of one"},
		{RIP("neighbor = [ \"10.8.0.1\" ];"), "hub.cfg:5: neighbor 10.8.0.1 is on no "
						      "interface that RIP runs on; expected "
						      "an address inside the prefix of one"},
		{RIP("timers = { update = 30; timeout = 30; };"),
			"hub.cfg:5: timeout is 30 and update 30; expected a timeout of several "
			"updates"},
		{RIP("timers = { update = 0; };"),
			"hub.cfg:5: update is 0; expected a whole number 1..86400"},
		{RIP("redistribute = ( { source = \"ospf\"; } );"),
			"hub.cfg:5: source is \"ospf\"; expected \"connected\", \"static\" or "
			"\"nhrp\""},
		{RIP("redistribute = ( { source = \"static\"; metric = 16; } );"),
			"hub.cfg:5: metric is 16; expected a whole number 1..15"},
		{RIP("redistribute = ( { source = \"static\"; prefix_list = \"x\"; } );"),
			"hub.cfg:5: there is no prefix list x; expected the name of one of "
			"`prefix_lists`"},
		{RIP("distribute_list_in = \"x\";"),
			"hub.cfg:4: there is no prefix list x; expected the name of one of "
			"`prefix_lists`"},
		{LIST("permit"), "hub.cfg:5: rule is \"permit\"; " RULE},
		{LIST("allow 10.0.0.0/8"), "hub.cfg:5: rule is \"allow 10.0.0.0/8\"; " RULE},
		{LIST("permit 10.0.0.1/8"), "hub.cfg:5: rule is \"permit 10.0.0.1/8\"; " RULE},
		{LIST("permit 10.0.0.0/8 le 7"),
			"hub.cfg:5: rule is \"permit 10.0.0.0/8 le 7\"; " RULE},
		{LIST("permit 10.0.0.0/8 ge 33"),
			"hub.cfg:5: rule is \"permit 10.0.0.0/8 ge 33\"; " RULE},
		{LIST("permit 10.0.0.0/8 ge 20 le 16"),
			"hub.cfg:5: rule is \"permit 10.0.0.0/8 ge 20 le 16\"; " RULE},
		{LIST("permit 10.0.0.0/8 le 24 x"),
			"hub.cfg:5: rule is \"permit 10.0.0.0/8 le 24 x\"; " RULE},
		{LIST("permit any le 24"), "hub.cfg:5: rule is \"permit any le 24\"; " RULE},
		{RIP("prefix_lists = ( { name = \"p\"; rules = ( ); },\n{ name = \"p\"; rules = ( "
		     "); } );"),
			"hub.cfg:6: prefix list p was given before, in hub.cfg:5"},
		{RIP("key_chains = ( { name = \"k\"; keys = ( ); } );"),
			"hub.cfg:5: key chain k has 0 keys; expected 1..64"},
		{KEYS("{ id = 1; key = \"a\"; },\n{ id = 1; key = \"b\"; }"),
			"hub.cfg:7: key 1 of key chain k was given before, in hub.cfg:6"},
		{KEYS("{ id = 1; key = \"(hidden)\"; }"),
			"hub.cfg:6: key is \"(hidden)\", as a key is shown; expected the key"},
		{KEYS("{ id = 1; key = \"\"; }"),
			"hub.cfg:6: key is empty; expected a text, \"0x\" and hex digits, or "
			"\"secret:NAME\""},
		{KEYS("{ id = 1; key = \"secret:x\"; }"), "hub.cfg:6: key names the secret x; "
							  "expected secrets = \"FILE\" to hold it"},
		{KEYS("{ id = 1; key = \"0x123\"; }"),
			"hub.cfg:6: key is not made of whole octets in hex (value not shown); "
			"expected a text, \"0x\" and hex digits, or \"secret:NAME\""},
		{KEYS("{ id = 1; key = \"a\"; send_lifetime = [ \"always\" ]; }"),
			"hub.cfg:6: send_lifetime " SPAN},
		{KEYS("{ id = 1; key = \"a\"; accept_lifetime = [ \"infinite\", \"always\" ]; }"),
			"hub.cfg:6: accept_lifetime " SPAN},
		{KEYS("{ id = 1; key = \"a\"; accept_lifetime = [ \"2026-01-01T00:00:00Z\","
		      " \"2026-01-01T00:00:00Z\" ]; }"),
			"hub.cfg:6: accept_lifetime " SPAN},
		{TUN("split_horizon = \"on\";"),
			"hub.cfg:6: split_horizon is \"on\"; expected \"simple\", \"poisoned\" or "
			"\"off\""},
		{TUN("} , {\nname = \"tun0\";"),
			"hub.cfg:6: interface tun0 was given before, in hub.cfg:5"},
		{RIP("interfaces = ( { name = \"wan0\"; } );"),
			"hub.cfg:5: RIP does not run on wan0; expected the name of a tunnel or LAN "
			"port that is in network"},
		{TUN("authentication = { mode = \"md5\"; };"),
			"hub.cfg:6: authentication has no key; expected one of key and key_chain"},
		{TUN("authentication = { mode = \"md5\"; key = \"a\"; key_chain = \"k\"; };"),
			"hub.cfg:6: authentication has both a key and a key_chain; expected one of "
			"key and key_chain"},
		{TUN("authentication = { mode = \"md5\"; key_chain = \"k\"; };"),
			"hub.cfg:5: there is no key chain k; expected the name of one of "
			"`key_chains`"},
		{TUN("authentication = { mode = \"md5\"; key = \"12345678901234567\"; };"),
			"hub.cfg:5: key has 17 octets; md5 takes at most 16"},
		{TUN("authentication = { mode = \"sha\"; key = \"a\"; };"),
			"hub.cfg:6: mode is \"sha\"; expected \"text\", \"md5\", \"hmac-sha-1\", "
			"\"hmac-sha-256\", \"hmac-sha-384\" or \"hmac-sha-512\""},
		{TUN("authentication = { mode = \"md5\"; key = \"a\"; auth_length = \"20\"; };"),
			"hub.cfg:6: auth_length is \"20\"; expected \"rfc\" or \"old-ripd\""},
		{TUN("offset_list_in = { metric = 17; };"),
			"hub.cfg:6: metric is 17; expected a whole number 1..16"},
		{TUN("maximum_prefix = 0;"),
			"hub.cfg:6: maximum_prefix is 0; expected a whole number 1..1000000"},
	};

	REFUSE(cases);
}

static const struct unit_test tests[] = {
	{"all settings", test_all},
	{"written back, keys hidden", test_written_back},
	{"defaults", test_defaults},
	{"refused", test_refused},
};

UNIT_MAIN("config: rip", tests)
