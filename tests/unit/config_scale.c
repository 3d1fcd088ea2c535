/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config/: 10,000 peers with two SAs each. The time is printed, for whoever reads the log; the
 * limit only catches what grows with the square (which takes minutes).
 */
#include "config/config.h"

#include <stdlib.h>
#include <time.h>

#include "tests/unit/config_fixture.h"
#include "tests/unit/unit.h"

#define PEERS         10000
#define SECONDS_LIMIT 20.0

static void put_peer(FILE *f, unsigned i, unsigned spi)
{
	fprintf(f,
		"%s{ address = \"10.%u.%u.%u\"; nbma = \"198.18.%u.%u\";\n"
		"sa_in = ( { spi = 0x%08x; suite = \"aes128gcm16\"; key = \"0x%040x\"; } );\n"
		"sa_out = ( { spi = 0x%08x; suite = \"aes128gcm16\"; key = \"0x%040x\"; } ); }\n",
		i > 0 ? "," : "", 1 + i / 62500, i / 250 % 250, 1 + i % 250, i / 250 % 250,
		1 + i % 250, spi, 2 * i, 0xd0000000 + i, 2 * i + 1);
}

/* SPIs in no order; the last peer's is twin_of's when that is a peer. */
static char *many(unsigned twin_of)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs(PORT "tunnels = ( { name = \"tun0\"; address = \"10.0.0.1/8\"; nbma = \"192.0.2.1\";"
		   " peers = (\n",
		f);
	for (unsigned i = 0; i < PEERS; i++) {
		unsigned from = i == PEERS - 1 && twin_of < PEERS ? twin_of : i;

		put_peer(f, i, 0xc0000000 + from * 7919 % 0x100000);
	}
	fputs("); } );\n", f);
	for (unsigned i = 0; i < PEERS; i++)
		fprintf(f, "%s{ prefix = \"172.%u.%u.0/24\"; via = \"10.%u.%u.%u\"; }\n",
			i == 0 ? "routes = (" : ",", 16 + i / 256, i % 256, 1 + i / 62500,
			i / 250 % 250, 1 + i % 250);
	fputs(");\n", f);
	fclose(f);
	return text;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_many(void)
{
	char *text = many(PEERS);
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {""};
	double start = seconds(), took;
	struct config *c = config_parse("hub.cfg", text, &env, &err);

	took = seconds() - start;
	CU_ASSERT_STRING_EQUAL(err.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->tunnels[0].n_peers, PEERS);
	CU_ASSERT_EQUAL(c->n_routes, PEERS);
	CU_ASSERT_EQUAL(c->tunnels[0].peers[PEERS - 1].sa_out[0].spi, 0xd0000000 + PEERS - 1);
	/* Three lines a peer behind the port's three and the tunnel's one. */
	CU_ASSERT_EQUAL(c->tunnels[0].peers[PEERS - 1].place.line, 5 + 3 * (PEERS - 1));
	CU_ASSERT(took < SECONDS_LIMIT);
	config_free(c);
	free(text);
	printf("%u peers and routes in %.3f s ... ", PEERS, took);
}

static void test_twin(void)
{
	char *text = many(4711);
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {""};
	char expected[128];

	CU_ASSERT_PTR_NULL(config_parse("hub.cfg", text, &env, &err));
	snprintf(expected, sizeof(expected),
		"hub.cfg:%u: inbound SPI 0x%08x was given before, in hub.cfg:%u",
		6 + 3 * (PEERS - 1), 0xc0000000 + 4711 * 7919 % 0x100000, 6 + 3 * 4711);
	CU_ASSERT_STRING_EQUAL(err.text, expected);
	free(text);
}

static const struct unit_test tests[] = {
	{"10,000 peers", test_many},
	{"one SPI twice among them", test_twin},
};

UNIT_MAIN("config: scale", tests)
