/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: a tunnel's nhrp = { ... }, and the bounds of NHRP as a whole. */
#include "config/config.h"

#include "tests/unit/config_fixture.h"
#include "tests/unit/unit.h"

#define LAN                                                                                        \
	"ports = ( { name = \"wan0\"; device = \"d\"; addresses = [ \"192.0.2.1/24\" ]; },"        \
	" { name = \"lan0\"; role = \"lan\"; device = \"e\"; addresses = [ \"10.0.0.1/24\" ]; } "  \
	");\n"

static struct config *parse(const char *text, struct warnings *w)
{
	struct config_env env = fixture_env(w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", text, &env, &err);

	CU_ASSERT_STRING_EQUAL(err.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

static const char everything[] =
	"nhrp = { redirects_per_second = 5; requesters_per_lease = 6; pending_per_peer = 7;"
	" probe_time = 8; leases = \"/var/lib/l\"; };\n" LAN TUNNEL
	"nhrp = { holding_time = 600; holding_time_max = 3600; authentication = \"pa55\";"
	" network_id = 7; shortcut = true; non_caching = true; unique = \"strict\";"
	" answer_registered = true; error_padding = false; multicast = [ \"nhs\", \"10.255.0.11\" "
	"];"
	" maps = ( { prefix = \"10.255.0.9/32\"; nbma = \"203.0.113.9\"; register = true;"
	" unique = false; cisco = true; } );"
	" nhs = ( { nbma = \"203.0.113.8\"; },"
	" { address = \"10.255.0.7\"; nbma = \"203.0.113.7\"; unique = false; cisco = true; } );"
	" shortcut_targets = ( { prefix = \"10.20.0.0/16\"; holding_time = 60; },"
	" { prefix = \"10.21.0.0/16\"; } ); shortcut_destinations = [ \"lan0\" ];"
	" allowed = [ \"10.255.0.0/16\" ]; prefix_min = 24; networks_per_peer = 3; cies_max = 5; };"
	" } );";

static void test_everything(void)
{
	struct warnings w;
	struct config *c = parse(everything, &w);
	const struct config_nhrp *n = &c->tunnels[0].nhrp;

	CU_ASSERT_EQUAL(c->nhrp.redirects_per_second, 5);
	CU_ASSERT_EQUAL(c->nhrp.requesters_per_lease, 6);
	CU_ASSERT_EQUAL(c->nhrp.pending_per_peer, 7);
	CU_ASSERT_EQUAL(c->nhrp.probe_time, 8);
	CU_ASSERT_STRING_EQUAL(c->nhrp.leases, "/var/lib/l");
	CU_ASSERT_EQUAL(n->holding_time, 600);
	CU_ASSERT_EQUAL(n->holding_time_max, 3600);
	CU_ASSERT_STRING_EQUAL(n->authentication, "pa55");
	CU_ASSERT(c->keys_inline);
	CU_ASSERT_EQUAL(n->network_id, 7);
	CU_ASSERT(n->shortcut && n->non_caching && n->answer_registered && !n->error_padding);
	CU_ASSERT_EQUAL(n->unique, CONFIG_UNIQUE_STRICT);
	CU_ASSERT(!n->multicast_dynamic && n->multicast_nhs && n->n_multicast == 1);
	CU_ASSERT_EQUAL_FATAL(n->n_maps, 1);
	CU_ASSERT(n->maps[0].registers && !n->maps[0].unique && n->maps[0].cisco);
	CU_ASSERT_EQUAL_FATAL(n->n_nhs, 2);
	CU_ASSERT(n->nhs[0].address.family == 0 && n->nhs[0].unique && !n->nhs[0].cisco);
	CU_ASSERT(n->nhs[1].address.family != 0 && !n->nhs[1].unique && n->nhs[1].cisco);
	CU_ASSERT_EQUAL_FATAL(n->n_targets, 2);
	CU_ASSERT(n->targets[0].holding_time == 60 && n->targets[1].holding_time == 0);
	CU_ASSERT_EQUAL_FATAL(n->n_destinations, 1);
	CU_ASSERT_STRING_EQUAL(n->destinations[0].port, "lan0");
	CU_ASSERT_EQUAL_FATAL(n->n_allowed, 1);
	CU_ASSERT(n->prefix_min == 24 && n->networks_per_peer == 3 && n->cies_max == 5);
	config_free(c);
}

static void test_defaults(void)
{
	struct warnings w;
	struct config *c = parse(PORT TUNNEL "} );", &w);
	const struct config_nhrp *n = &c->tunnels[0].nhrp;

	CU_ASSERT(n->holding_time == 7200 && n->holding_time_max == 65535);
	CU_ASSERT_STRING_EQUAL(n->authentication, "");
	CU_ASSERT(n->network_id == 0 && n->unique == CONFIG_UNIQUE_REPLACE && n->error_padding);
	CU_ASSERT(n->multicast_dynamic && !n->multicast_nhs && n->n_multicast == 0);
	CU_ASSERT(n->prefix_min == 32 && n->networks_per_peer == 16 && n->cies_max == 16);
	CU_ASSERT(c->nhrp.redirects_per_second == 1000 && c->nhrp.probe_time == 3);
	config_free(c);
}

/* As text it is the same again; the password does not show. */
static void test_text(void)
{
	struct warnings w;
	struct config *c = parse(everything, &w);
	char *text = config_text(c), *again, *at;

	CU_ASSERT_PTR_NULL(strstr(text, "pa55"));
	at = strstr(text, "(hidden)");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	memcpy(at, "pa55word", 8);
	config_free(c);
	c = parse(text, &w);
	CU_ASSERT_STRING_EQUAL(c->tunnels[0].nhrp.authentication, "pa55word");
	again = config_text(c);
	memcpy(at, "(hidden)", 8);
	CU_ASSERT_STRING_EQUAL(again, text);
	config_free(c);
	free(again);
	free(text);
}

#define NHRP(text) PORT TUNNEL "nhrp = { " text " }; } );"

static void test_refused(void)
{
	static const struct refusal cases[] = {
		{NHRP("holding_time = 0;"),
			"hub.cfg:6: holding_time is 0; expected a whole number 1..65535"},
		{NHRP("unique = \"no\";"), "hub.cfg:6: unique is \"no\"; expected \"replace\", "
					   "\"always-replace\" or \"strict\""},
		{NHRP("authentication = \"\";"),
			"hub.cfg:6: authentication has 0 octets (not shown), or one that is 0; "
			"expected 1..32 characters, or \"secret:NAME\""},
		{NHRP("authentication = \"(hidden)\";"),
			"hub.cfg:6: authentication is hidden in this text; expected itself"},
		{NHRP("authentication = \"secret:x\";"),
			"hub.cfg:6: authentication names the secret x; expected secrets = "
			"\"FILE\" to hold it"},
		{NHRP("multicast = \"all\";"), "hub.cfg:6: multicast is \"all\"; expected "
					       "\"dynamic\", \"nhs\" or a tunnel "
					       "address, or an array [ ] of these"},
		{NHRP("shortcut_destinations = [ \"wan0\" ];"),
			"hub.cfg:6: shortcut_destinations names wan0, which is no LAN port; "
			"expected the name of one"},
		{NHRP("maps = ( { prefix = \"10.255.0.0/24\"; nbma = \"203.0.113.1\"; } );"),
			"hub.cfg:6: map 10.255.0.0/24 contains the hub's own address in tunnel "
			"tun0; expected another's"},
		{NHRP("maps = ( { prefix = \"10.255.0.9/32\"; nbma = \"192.0.2.1\"; } );"),
			"hub.cfg:6: nbma 192.0.2.1 is the hub's own address; expected the other's"},
		{NHRP("maps = ( { prefix = \"10.255.0.9/32\"; nbma = \"192.0.2.9\"; },\n"
		      "{ prefix = \"10.255.0.9/32\"; nbma = \"192.0.2.8\"; } );"),
			"hub.cfg:7: map 10.255.0.9/32 was given before, in hub.cfg:6"},
		{NHRP("nhs = ( { address = \"10.255.0.1\"; nbma = \"192.0.2.9\"; } );"),
			"hub.cfg:6: nhs 10.255.0.1 is the hub itself; expected another hub's "
			"address"},
		{NHRP("nhs = ( { nbma = \"192.0.2.9\"; },\n{ nbma = \"192.0.2.9\"; } );"),
			"hub.cfg:7: nhs with nbma 192.0.2.9 was given before, in hub.cfg:6"},
		{"nhrp = { probe_time = 61; };",
			"hub.cfg:1: probe_time is 61; expected a whole number 1..60"},
		{"nhrp = { leases = \"l\"; };",
			"hub.cfg:1: leases is \"l\"; expected an absolute path"},
	};

	REFUSE(cases);
}

static const struct unit_test tests[] = {
	{"every setting", test_everything},
	{"defaults", test_defaults},
	{"text without the password, and back", test_text},
	{"refused", test_refused},
};

UNIT_MAIN("config: NHRP", tests)
