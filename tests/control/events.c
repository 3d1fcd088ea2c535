/* SPDX-License-Identifier: BSD-3-Clause */
/* The event stream: its lines, and clients that do not read, write, or are too many. */
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/event_stream.h"
#include "tests/control/listening.h"
#include "tests/control/spoke.h"

static void open_stream_of(const char *text)
{
	struct error err = {""};

	world_open(text);
	listening_open("events.socket");
	world.hub->events = event_stream_create(listening.base, listening.fd, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(world.hub->events);
}

static void open_stream(void)
{
	open_stream_of(NULL);
}

static void close_stream(void)
{
	event_stream_destroy(world.hub->events);
	world.hub->events = NULL;
	listening_close();
}

static void pump(void)
{
	for (unsigned i = 0; i < 10; i++)
		event_base_loop(listening.base, EVLOOP_NONBLOCK);
}

static const struct event_stream_stats *stats(void)
{
	return event_stream_stats(world.hub->events);
}

static int connect_client(void)
{
	int fd = listening_connect();

	pump();
	return fd;
}

static void happen(const char *address)
{
	const struct hub_hook_vars vars = {
		.dest_be = packet_addr(address),
		.dest_nbma_be = packet_addr("203.0.113.11"),
		.dest_len = 32,
		.dest_mtu = 1400,
		.interface = "tun0",
		.type = "dynamic",
		.reason = "quote \" and\nline",
	};

	CU_ASSERT_EQUAL(hub_hook_run(world.hub, CONFIG_HOOK_PEER_DOWN, &vars, NULL, 0), 0);
}

/* The next line's object. */
static json_t *take_line(int fd)
{
	char line[1024];
	size_t n = 0;
	json_error_t error;
	json_t *o;

	while (n + 1 < sizeof(line) && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	o = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	CU_ASSERT_PTR_NOT_NULL(o);
	return o;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void test_lines(void)
{
	json_t *o;
	int a, b;

	open_stream();
	happen("10.255.0.10");
	CU_ASSERT_EQUAL(stats()->events, 0);
	a = connect_client();
	b = connect_client();
	happen("10.255.0.11");
	happen("10.255.0.12");
	pump();
	for (unsigned i = 0; i < 2; i++) {
		int fd = i == 0 ? a : b;

		o = take_line(fd);
		CU_ASSERT_STRING_EQUAL(text_of(o, "event"), "peer-down");
		CU_ASSERT_STRING_EQUAL(text_of(o, "address"), "10.255.0.11");
		CU_ASSERT_STRING_EQUAL(text_of(o, "nbma"), "203.0.113.11");
		CU_ASSERT_STRING_EQUAL(text_of(o, "interface"), "tun0");
		CU_ASSERT_STRING_EQUAL(text_of(o, "reason"), "quote \" and\nline");
		CU_ASSERT_EQUAL(json_integer_value(json_object_get(o, "mtu")), 1400);
		CU_ASSERT_EQUAL(json_integer_value(json_object_get(o, "seq")), 1);
		CU_ASSERT_EQUAL(strlen(text_of(o, "time")), strlen("2026-11-24T09:30:12.345Z"));
		CU_ASSERT_PTR_NULL(json_object_get(o, "next_hop"));
		json_decref(o);
		o = take_line(fd);
		CU_ASSERT_EQUAL(json_integer_value(json_object_get(o, "seq")), 2);
		json_decref(o);
	}
	EXPECT_TEXT("show events", "2         2        2        0        0\n");
	close(a);
	pump();
	CU_ASSERT_EQUAL(stats()->now, 1);
	close(b);
	close_stream();
}

static const char nhrp_hub[] =
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); } );"
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = "
	"42; nhrp = { shortcut = true; unique = \"strict\"; nhs = ( { address = "
	"\"10.255.0.13\"; nbma = \"198.51.100.13\"; } ); }; peers = ( { nbma = "
	"\"203.0.113.11\"; " WORLD_SAS(0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(
		1) " }, { address = \"10.255.0.13\"; nbma = \"198.51.100.13\"; " WORLD_SAS(2) " } "
											      "); }"
											      " );";

/* The next line is of this event, about this address, and says why. */
static void next_is(int fd, const char *event, const char *address, const char *reason)
{
	json_t *o;

	pump();
	o = take_line(fd);
	CU_ASSERT_STRING_EQUAL(text_of(o, "event"), event);
	CU_ASSERT_STRING_EQUAL(text_of(o, "address"), address);
	CU_ASSERT_STRING_EQUAL(text_of(o, "reason"), reason);
	CU_ASSERT_STRING_EQUAL(text_of(o, "interface"), "tun0");
	json_decref(o);
}

/* The hub says something to its server, which answers with this. */
static void server_answers(uint8_t request, uint8_t type, const struct nhrp_cie *cie)
{
	struct nhrp_packet p;
	struct packet out = {0};
	struct nhrp_builder b;

	while (!spoke_nhrp_take(SIDE, request, &p))
		CU_ASSERT_FATAL(world.port[0].tx.n > 0);
	p.type = type;
	nhrp_build_start(&b, out.b, sizeof(out.b), &p);
	nhrp_build_cie(&b, cie);
	spoke_nhrp_send(SIDE, &b, &out);
	world_discard(0);
}

/* All that NHRP does and others may want to know, in its order. */
static void test_nhrp(void)
{
	uint32_t nbma_be, proto_be = packet_addr("10.255.0.11");
	unsigned n = 0;
	int fd;

	open_stream_of(nhrp_hub);
	fd = connect_client();
	world_wait(100);
	server_answers(NHRP_REGISTRATION_REQUEST, NHRP_REGISTRATION_REPLY,
		&(struct nhrp_cie){.prefix_len = 255});
	next_is(fd, "peer-up", "10.255.0.13", "");
	next_is(fd, "nhs-up", "10.255.0.13", "");
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 60, NHRP_FLAG_REG_UNIQUE), 0);
	next_is(fd, "peer-register", "10.255.0.11", "");
	next_is(fd, "peer-up", "10.255.0.11", "");
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.1", 60, 0), -1);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.255", 60, 0), NHRP_CODE_PROHIBITED);
	next_is(fd, "peer-refused", "10.255.0.255", "not an address that can be registered");
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.11", 60, NHRP_FLAG_REG_UNIQUE),
		NHRP_CODE_UNIQUE_EXISTS);
	next_is(fd, "peer-conflict", "10.255.0.11", "another spoke holds the address, and lives");
	next_is(fd, "peer-refused", "10.255.0.11", "the address is registered as unique");
	/* A shortcut of the hub's own. */
	nhrp_resolve(world.hub->nhrp.engine, 0, packet_addr("10.4.0.1"), world.hub->now);
	world_run();
	nbma_be = world_nbma(FAR);
	server_answers(NHRP_RESOLUTION_REQUEST, NHRP_RESOLUTION_REPLY,
		&(struct nhrp_cie){.prefix_len = 24,
			.holding = 30,
			.nbma = nhrp_addr_v4(&nbma_be),
			.proto = nhrp_addr_v4(&proto_be)});
	next_is(fd, "route-up", "10.4.0.0", "");
	world_wait(31 * SECONDS);
	next_is(fd, "route-down", "10.4.0.0", "expired");
	hub_peer_del(world.hub, &world.hub->peers[FAR]);
	next_is(fd, "peer-down", "10.255.0.11", "lower-down");
	hub_peer_del(world.hub, &world.hub->peers[SIDE]);
	next_is(fd, "nhs-down", "10.255.0.13", "its SAs are gone");
	next_is(fd, "peer-down", "10.255.0.13", "lower-down");
	/* Refusals may be many, and are told so often only. */
	for (unsigned i = 0; i < 100; i++)
		spoke_register(NEAR, "10.255.0.255", 60, 0);
	pump();
	for (char octet; read(fd, &octet, 1) == 1;)
		n += octet == '\n';
	CU_ASSERT_EQUAL(n, 20);
	close(fd);
	close_stream();
}

/* One that never reads is cut off at the bound; the other one gets every line. */
static void test_no_reader(void)
{
	unsigned got = 0;
	int lazy, busy;

	open_stream();
	lazy = connect_client();
	busy = connect_client();
	for (unsigned i = 0; i < 20000; i++) {
		char octets[8192];
		ssize_t n;

		happen("10.255.0.11");
		event_base_loop(listening.base, EVLOOP_NONBLOCK);
		while ((n = read(busy, octets, sizeof(octets))) > 0)
			for (ssize_t k = 0; k < n; k++)
				got += octets[k] == '\n';
	}
	CU_ASSERT_EQUAL(stats()->dropped, 1);
	CU_ASSERT_EQUAL(stats()->now, 1);
	CU_ASSERT_EQUAL(got, 20000);
	close(lazy);
	close(busy);
	close_stream();
}

/* What clients write is nothing; more than the bound are not let in. */
static void test_clients(void)
{
	int fd[EVENT_STREAM_CLIENTS + 2];
	char octets[65536];

	memset(octets, 'x', sizeof(octets));
	open_stream();
	for (unsigned i = 0; i < RTE_DIM(fd); i++)
		fd[i] = connect_client();
	CU_ASSERT_EQUAL(stats()->now, EVENT_STREAM_CLIENTS);
	CU_ASSERT_EQUAL(stats()->refused, 2);
	for (unsigned i = 0; i < 20; i++) {
		CU_ASSERT(write(fd[0], octets, sizeof(octets)) != 0);
		pump();
	}
	CU_ASSERT_EQUAL(stats()->now, EVENT_STREAM_CLIENTS);
	happen("10.255.0.11");
	pump();
	json_decref(take_line(fd[0]));
	for (unsigned i = 0; i < RTE_DIM(fd); i++)
		close(fd[i]);
	pump();
	CU_ASSERT_EQUAL(stats()->now, 0);
	close_stream();
}

static const struct unit_test tests[] = {
	{"a line for each event, to everybody", test_lines},
	{"NHRP's events", test_nhrp},
	{"a client that never reads", test_no_reader},
	{"clients that write, and too many", test_clients},
};

const struct control_suite suite_events = {"events", tests, RTE_DIM(tests)};
