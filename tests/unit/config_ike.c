/* SPDX-License-Identifier: BSD-3-Clause */
/* ike = { ... } */
#include "tests/unit/config_fixture.h"

/* Lines 1 to 6, then the text of ike from line 7 on. */
#define IKE(text)  PORT TUNNEL "} );\nike = { " text " };\n"
#define PSK(entry) IKE("psk = ( " entry " );")
#define SECRET     "secret = \"twenty octets at least\"; "

static struct config *load(const char *text, struct warnings *w)
{
	struct config_env env = fixture_env(w);
	struct error err = {""};
	struct config *c = config_parse("hub.cfg", text, &env, &err);

	if (c == NULL)
		printf("\n    %s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

static void test_defaults(void)
{
	struct warnings w;
	struct config *c = load(PSK("{ id = \"*\"; " SECRET "}"), &w);
	const struct config_ike *ike = c->ike;

	CU_ASSERT_EQUAL(w.n, 0);
	CU_ASSERT_FALSE(ike->external);
	CU_ASSERT_TRUE(ike->v1);
	CU_ASSERT_TRUE(ike->v2);
	CU_ASSERT_FALSE(ike->aggressive);
	CU_ASSERT_TRUE(ike->fragmentation);
	CU_ASSERT_EQUAL(ike->dpd, 30);
	CU_ASSERT_EQUAL(ike->life_ike, 86400);
	CU_ASSERT_EQUAL(ike->life_esp, 3600);
	CU_ASSERT_EQUAL(ike->n_proposals, 0);
	CU_ASSERT_TRUE(c->keys_inline);
	config_free(c);
	c = load(PORT TUNNEL "} );\n", &w);
	CU_ASSERT_PTR_NULL(c->ike);
	config_free(c);
}

static void test_psk(void)
{
	struct warnings w;
	struct config *c = load(PSK("{ id = \"a.example\"; " SECRET
				    "tunnel_address = \"10.255.0.9\"; tunnel = \"tun0\"; },\n"
				    "{ address = \"198.51.100.7\"; secret = \"0x00ff\"; },\n"
				    "{ prefix = \"10.0.0.0/8\"; " SECRET "},\n"
				    "{ id = \"*\"; " SECRET "}"),
		&w);
	const struct config_psk *p = c->ike->psk;

	CU_ASSERT_EQUAL_FATAL(c->ike->n_psk, 4);
	CU_ASSERT_EQUAL(p[0].kind, CONFIG_PSK_IDENTITY);
	CU_ASSERT_STRING_EQUAL(p[0].id, "a.example");
	CU_ASSERT_EQUAL(p[0].secret_len, 22);
	CU_ASSERT_EQUAL(memcmp(p[0].secret, "twenty octets at least", 22), 0);
	CU_ASSERT_STRING_EQUAL(p[0].tunnel, "tun0");
	CU_ASSERT_EQUAL(p[0].tunnel_address.v4_be, htonl(0x0aff0009));
	CU_ASSERT_EQUAL(p[1].kind, CONFIG_PSK_PREFIX);
	CU_ASSERT_EQUAL(p[1].prefix.len, 32);
	CU_ASSERT_EQUAL(p[1].secret_len, 2);
	CU_ASSERT_EQUAL(p[1].secret[1], 0xff);
	CU_ASSERT_EQUAL(p[2].prefix.len, 8);
	CU_ASSERT_EQUAL(p[3].kind, CONFIG_PSK_ANYBODY);
	/* two octets can be guessed */
	CU_ASSERT_EQUAL(w.n, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.line[0], "hub.cfg:8: a shared key of 2 octets"));
	config_free(c);
}

static void test_warnings(void)
{
	struct warnings w;
	struct config *c = load(IKE("aggressive = true; proposals = \"cisco-legacy\";\n"
				    "esp = [ \"aes256-sha1\", \"3des-sha1\" ];\n"
				    "psk = ( { id = \"*\"; " SECRET "},\n"
				    "{ id = \"never\"; " SECRET "} );"),
		&w);

	CU_ASSERT_EQUAL_FATAL(w.n, 4);
	CU_ASSERT_PTR_NOT_NULL(strstr(w.line[0], "hub.cfg:7: cisco-legacy takes"));
	CU_ASSERT_PTR_NOT_NULL(strstr(w.line[1], "hub.cfg:8: proposal 3des-sha1: 3des is weak"));
	CU_ASSERT_PTR_NOT_NULL(strstr(w.line[2], "hub.cfg:7: aggressive mode"));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(w.line[3], "hub.cfg:10: the first entry of psk that matches"));
	config_free(c);
}

/* Without shared keys the text reads back as it was; with them no key is in it. */
static void test_text(void)
{
	struct warnings w;
	struct config *c = load(
		IKE("certificates = { certificate = \"/c.pem\"; key = \"/k.pem\"; ca = [ "
		    "\"/a.pem\" "
		    "]; "
		    "}; versions = [ 2 ]; user = \"ike\"; directory = \"/run/x\"; mode = "
		    "\"external\"; id = \"hub.example\"; dpd = 0; nat_force = true; proposals = [ "
		    "\"modern\", \"aes128-sha256-ecp256\" ]; lifetimes = { ike = 7200; esp = 600; "
		    "megabytes = 5; };"),
		&w);
	char *text = config_text(c), *again;

	config_free(c);
	c = load(text, &w);
	again = config_text(c);
	CU_ASSERT_STRING_EQUAL(text, again);
	CU_ASSERT_FALSE(c->ike->v1);
	CU_ASSERT_TRUE(c->ike->external);
	CU_ASSERT_EQUAL(c->ike->life_esp, 600);
	free(again);
	free(text);
	config_free(c);
	c = load(PSK("{ id = \"a\\\"b\"; " SECRET "}"), &w);
	text = config_text(c);
	CU_ASSERT_PTR_NULL(strstr(text, "twenty octets"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "{ id = \"a\\\"b\"; secret = \"(hidden)\"; }"));
	free(text);
	config_free(c);
}

static void test_refused(void)
{
	static const struct refusal cases[] = {
		{IKE(""), "hub.cfg:7: ike has neither psk nor certificates; expected how spokes "
			  "prove who they are"},
		{PSK("{ id = \"a\"; }"),
			"hub.cfg:7: an entry of psk has no secret; it is required"},
		{PSK("{ " SECRET "}"),
			"hub.cfg:7: an entry of psk is for nobody; expected one of id, address and "
			"prefix (id = \"*\" for everybody)"},
		{PSK("{ id = \"a\"; address = \"10.0.0.1\"; " SECRET "}"),
			"hub.cfg:7: an entry of psk is for several; expected one of id, address "
			"and "
			"prefix (id = \"*\" for everybody)"},
		{PSK("{ id = \"a\"; secret = \"0xabc\"; }"),
			"hub.cfg:7: secret begins with 0x but is not made of whole octets in hex "
			"(value not shown)"},
		{PSK("{ id = \"a\"; secret = \"(hidden)\"; }"),
			"hub.cfg:7: secret is \"(hidden)\", which stands for one that is not "
			"shown; "
			"expected a shared key"},
		{PSK("{ id = \"a\"; secret = \"secret:x\"; }"),
			"hub.cfg:7: secret names x; expected secrets = \"FILE\" to hold it"},
		{PSK("{ prefix = \"10.0.0.1/8\"; " SECRET "}"),
			"hub.cfg:7: prefix is \"10.0.0.1/8\"; expected an IPv4 network as "
			"\"10.0.0.0/8\""},
		{PSK("{ id = \"*\"; tunnel_address = \"10.255.0.9\"; " SECRET "}"),
			"hub.cfg:7: psk: tunnel_address 10.255.0.9 is given to all who have this "
			"key; "
			"expected it only with id = \"NAME\" or address"},
		{PSK("{ id = \"a\"; tunnel_address = \"10.254.0.9\"; " SECRET "}"),
			"hub.cfg:7: psk: tunnel_address 10.254.0.9 is no spoke's in tunnel tun0; "
			"expected an address of 10.255.0.0/24"},
		{PSK("{ id = \"a\"; tunnel = \"tun9\"; " SECRET "}"),
			"hub.cfg:7: psk: there is no tunnel tun9; expected the name of one"},
		{PSK("{ id = \"a\"; " SECRET "},\n{ id = \"a\"; " SECRET "}"),
			"hub.cfg:8: psk: this peer was given before, in hub.cfg:7"},
		{IKE("versions = [ 3 ];"),
			"hub.cfg:7: versions is 3; expected a whole number 1..2"},
		{IKE("versions = [ ];"),
			"hub.cfg:7: versions is empty; expected [ 1, 2 ], [ 1 ] or [ 2 ]"},
		{IKE("mode = \"thread\";"),
			"hub.cfg:7: mode is \"thread\"; expected \"child\" or \"external\""},
		{IKE("proposals = \"aes256-sha256\";"), "hub.cfg:7: proposal \"aes256-sha256\" has "
							"no Diffie-Hellman group, as modp2048 "
							"or ecp256"},
		{IKE("proposals = \"aes256gcm16-ecp256\";"),
			"hub.cfg:7: proposal \"aes256gcm16-ecp256\" has no pseudo-random function, "
			"as "
			"prfsha256"},
		{IKE("proposals = \"rot13-sha1-modp2048\";"),
			"hub.cfg:7: proposal has \"rot13\"; expected algorithms as "
			"\"aes256-sha256-modp2048\", or \"modern\", \"cisco\" or \"cisco-legacy\""},
		{IKE("esp = [ \"aes256\" ];"),
			"hub.cfg:7: proposal \"aes256\" has no integrity algorithm, as sha256"},
		{IKE("esp = [ \"aes256gcm16-sha256\" ];"),
			"hub.cfg:7: proposal \"aes256gcm16-sha256\" has an integrity algorithm "
			"beside "
			"a cipher that needs none"},
		{IKE("id = \"a\\\"b\"; psk = ( { id = \"*\"; " SECRET "} );"),
			"hub.cfg:7: ike: id has a character that it cannot have: \" \\ # { } or a "
			"line's end"},
		{IKE("lifetimes = { esp = 10; };"),
			"hub.cfg:7: esp is 10; expected a whole number 120..604800"},
		{PORT "ike = { psk = ( { id = \"*\"; " SECRET "} ); };\n",
			"hub.cfg:4: ike is given, but there is no tunnel"},
	};

	REFUSE(cases);
}

static const struct unit_test tests[] = {
	{"defaults", test_defaults},
	{"shared keys, in order", test_psk},
	{"warnings", test_warnings},
	{"as text", test_text},
	{"refusals", test_refused},
};

UNIT_MAIN("config: ike", tests)
