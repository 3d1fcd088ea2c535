/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of config/ share: suites to know, warnings to keep, a text to start from. */
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "tests/unit/unit.h"

#define WARNINGS_MAX 8

struct warnings {
	char line[WARNINGS_MAX][512];
	unsigned n;
};

static inline void warnings_keep(void *ctx, const char *line)
{
	struct warnings *w = ctx;

	if (w->n < WARNINGS_MAX)
		snprintf(w->line[w->n], sizeof(w->line[0]), "%s", line);
	w->n++;
}

static const struct config_suite fixture_suites[] = {
	{"aes128gcm16", 20, 0, false},
	{"aes128-sha1", 16, 20, false},
	{"3des-md5", 24, 16, true},
	{"null-sha1", 0, 20, true},
};

static inline struct config_env fixture_env(struct warnings *w)
{
	memset(w, 0, sizeof(*w));
	return (struct config_env){
		.suites = fixture_suites,
		.n_suites = sizeof(fixture_suites) / sizeof(fixture_suites[0]),
		.warn = warnings_keep,
		.ctx = w,
	};
}

#define NAME40 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define KEY16  "0x000102030405060708090a0b0c0d0e0f"
#define KEY20  KEY16 "10111213"
#define KEY24  KEY20 "14151617"

/* One port, lines 1 to 3 of a text. */
#define PORT                                                                                       \
	"ports = ( { name = \"wan0\"; device = \"net_null0\";\n"                                   \
	"  addresses = [ \"192.0.2.1/24\" ];\n"                                                    \
	"} );\n"

/* wan0 in line 1, then a port in line 2. */
#define WAN_AND(port)                                                                              \
	"ports = ( { name = \"wan0\"; device = \"d\"; addresses = [ \"192.0.2.1/24\" ]; },\n" port \
	" );"
#define VLAN_PORT(name, settings)                                                                  \
	"{ name = \"" name "\"; addresses = [ \"10.9.0.1/24\" ]; " settings " }"

/* A tunnel that lacks its closing brackets, lines 4 and 5. */
#define TUNNEL                                                                                     \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\";\n"                            \
	"  nbma = \"192.0.2.1\";\n"

/* A peer that lacks its closing bracket, line 6. */
#define PEER TUNNEL "  peers = ( { address = \"10.255.0.11\"; nbma = \"192.0.2.11\";\n"

/* Closes what PEER opened. */
#define PEER_END "} ); } );\n"

struct refusal {
	const char *text;
	const char *message;
};

static inline void refuse_all(const struct refusal *cases, size_t n)
{
	struct warnings w;
	struct config_env env = fixture_env(&w);

	for (size_t i = 0; i < n; i++) {
		struct error err = {"(no message)"};
		struct config *c;

		errno = 0;
		c = config_parse("hub.cfg", cases[i].text, &env, &err);
		CU_ASSERT_PTR_NULL(c);
		CU_ASSERT_EQUAL(errno, EINVAL);
		CU_ASSERT_STRING_EQUAL(err.text, cases[i].message);
		if (c != NULL || strcmp(err.text, cases[i].message) != 0)
			printf("\n    %s\n    said     %s\n    expected %s\n", cases[i].text,
				c ? "nothing" : err.text, cases[i].message);
		config_free(c);
	}
}

#define REFUSE(cases) refuse_all(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
