/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenNHRP's line protocol: each command on a hub with two leases, and clients that do not behave.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/opennhrp.h"
#include "control/opennhrp_line.h"
#include "tests/control/listening.h"
#include "tests/control/spoke.h"

static const char hub_text[] = SPOKE_PORTS
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\"; key = "
	"42; peers = ( { nbma = \"203.0.113.11\"; " WORLD_SAS(
		0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(1) " } ); } );";

static char got[1 << 16];
static struct opennhrp *server;

static void pump(void)
{
	for (unsigned i = 0; i < 4; i++)
		event_base_loop(listening.base, EVLOOP_NONBLOCK);
}

static void open_server(void)
{
	struct error err = {""};

	world_open(hub_text);
	listening_open("opennhrp.socket");
	server = opennhrp_create(world.hub, listening.base, listening.fd, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(server);
	CU_ASSERT_EQUAL_FATAL(spoke_register(FAR, "10.255.0.11", 60, NHRP_FLAG_REG_UNIQUE), 0);
	CU_ASSERT_EQUAL_FATAL(spoke_register(NEAR, "10.255.0.12", 600, 0), 0);
}

static void close_server(void)
{
	opennhrp_destroy(server);
	listening_close();
}

static int connect_client(void)
{
	int fd = listening_connect();

	pump();
	return fd;
}

/* All that is said until the server closes; NULL if it does not. */
static const char *hear(int fd)
{
	size_t n = 0;
	ssize_t rc = -1;

	for (unsigned i = 0; i < 1000 && rc != 0; i++) {
		pump();
		rc = read(fd, got + n, sizeof(got) - 1 - n);
		n += rc > 0 ? (size_t)rc : 0;
		/* It closed, and had not read all. */
		if (rc < 0 && errno == ECONNRESET)
			rc = 0;
	}
	got[n] = '\0';
	close(fd);
	return rc == 0 ? got : NULL;
}

static const char *ask(const char *line)
{
	int fd = connect_client();
	const char *said;

	CU_ASSERT_EQUAL(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
	said = hear(fd);
	CU_ASSERT_PTR_NOT_NULL_FATAL(said);
	return said;
}

#define LOCAL "Interface: tun0\nType: local\nProtocol-Address: 10.255.0.1/32\nFlags: up\n\n"
#define LEASE_FAR                                                                                  \
	"Interface: tun0\nType: dynamic\nProtocol-Address: 10.255.0.11/32\n"                       \
	"NBMA-Address: 203.0.113.11\nFlags: unique up\nExpires-In: 1:00\n\n"
#define LEASE_NEAR                                                                                 \
	"Interface: tun0\nType: dynamic\nProtocol-Address: 10.255.0.12/32\n"                       \
	"NBMA-Address: 192.0.2.12\nFlags: up\nExpires-In: 10:00\n\n"
#define OK "Status: ok\n\n"

static void test_show(void)
{
	static const struct {
		const char *line, *answer;
	} cases[] = {
		{"show\n", OK LOCAL LEASE_FAR LEASE_NEAR},
		{"cache show\n", OK LOCAL LEASE_FAR LEASE_NEAR},
		{"  CACHE \t Show  \n", OK LOCAL LEASE_FAR LEASE_NEAR},
		{"show nbma 192.0.2.12\n", OK LEASE_NEAR},
		{"show protocol 10.255.0.11\n", OK LEASE_FAR},
		{"show protocol 10.255.0.8/29\n", OK LEASE_FAR LEASE_NEAR},
		{"show protocol 10.255.0.9/29\n", OK LEASE_FAR LEASE_NEAR},
		{"show protocol 10.9.0.0/16\n", OK},
		{"show dev tun0 nbma 203.0.113.11\n", OK LEASE_FAR},
		{"show interface tun0 protocol 10.255.0.1\n", OK LOCAL},
		{"show local-nbma 192.0.2.1\n", OK LOCAL LEASE_FAR LEASE_NEAR},
		{"show local-protocol 10.255.0.1 nbma 192.0.2.12\n", OK LEASE_NEAR},
		{"show host spoke.example\n", OK},
		{"interface show\n",
			OK "Interface: tun0\nIndex: 0\nProtocol-Address: 10.255.0.1/24\n"
			   "NBMA-Address: 192.0.2.1\nGRE-Key: 42\nMTU: 1400\n\n"},
	};

	open_server();
	for (unsigned i = 0; i < RTE_DIM(cases); i++)
		CU_ASSERT_STRING_EQUAL(ask(cases[i].line), cases[i].answer);
	close_server();
}

static void test_end(void)
{
	open_server();
	CU_ASSERT_STRING_EQUAL(
		ask("flush nbma 198.51.100.1\n"), "Status: ok\nEntries-Affected: 0\n");
	CU_ASSERT_STRING_EQUAL(ask("cache purge nbma 203.0.113.11 local-nbma 192.0.2.1\n"),
		"Status: ok\nEntries-Affected: 1\n");
	CU_ASSERT_STRING_EQUAL(ask("show\n"), OK LOCAL LEASE_NEAR);
	CU_ASSERT_STRING_EQUAL(
		ask("cache lowerdown host nobody\n"), "Status: ok\nEntries-Affected: 0\n");
	CU_ASSERT_STRING_EQUAL(
		ask("cache lowerdown protocol 10.255.0.12\n"), "Status: ok\nEntries-Affected: 1\n");
	CU_ASSERT_STRING_EQUAL(ask("show\n"), OK LOCAL);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 60, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 60, 0), 0);
	CU_ASSERT_STRING_EQUAL(ask("cache flush\n"), "Status: ok\nEntries-Affected: 2\n");
	CU_ASSERT_STRING_EQUAL(ask("redirect purge\n"), "Status: ok\nEntries-Affected: 0\n");
	CU_ASSERT_STRING_EQUAL(
		ask("redirect purge 10.0.0.0/8\n"), "Status: ok\nEntries-Affected: 0\n");
	close_server();
}

#define FAILED(reason, near) "Status: failed\nReason: " reason "\nNear-Keyword: '" near "'\n"

static void test_refused(void)
{
	static const struct {
		const char *line, *answer;
	} cases[] = {
		{"\n", "Status: error\nReason: unrecognized command\n"},
		{"shows\n", "Status: error\nReason: unrecognized command\n"},
		{"cache\n", "Status: error\nReason: unrecognized command\n"},
		{"redirect show\n", "Status: error\nReason: unrecognized command\n"},
		{"show bogus 1.2.3.4\n", FAILED("syntax-error", "bogus")},
		{"show nbma\n", FAILED("missing-argument", "nbma")},
		{"show nbma 1.2.3\n", FAILED("invalid-address", "nbma")},
		{"show nbma ::1\n", FAILED("invalid-address", "nbma")},
		{"show protocol 10.0.0.0/33\n", FAILED("invalid-address", "protocol")},
		{"show nbma 1.2.3.4 nbma 1.2.3.4\n", FAILED("conflicting-keyword", "nbma")},
		{"show dev a dev b\n", FAILED("conflicting-keyword", "dev")},
		{"show dev other\n",
			FAILED("interface-not-found", "interface") "Argument: 'other'\n"},
		{"flush local-nbma 192.0.2.9\n",
			FAILED("interface-not-found", "local-nbma") "Argument: '192.0.2.9'\n"},
		{"redirect purge 10.0.0.0/8 more\n", FAILED("syntax-error", "more")},
		{"redirect purge everything\n", FAILED("invalid-address", "everything")},
	};
	char line[2 * OPENNHRP_LINE_MAX];

	open_server();
	for (unsigned i = 0; i < RTE_DIM(cases); i++)
		CU_ASSERT_STRING_EQUAL(ask(cases[i].line), cases[i].answer);
	/* A line without an end; one with a NUL. */
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	CU_ASSERT_STRING_EQUAL(ask(line), "Status: error\nReason: unrecognized command\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(ask("show\n"), LEASE_FAR));
	close_server();
}

/* They say nothing, go in the middle, do not read, are too many: the others are served. */
static void test_hostile(void)
{
	int fds[OPENNHRP_CLIENTS_MAX + 8], fd, n_closed = 0;
	char octet;

	open_server();
	for (unsigned i = 0; i < RTE_DIM(fds); i++)
		fds[i] = connect_client();
	pump();
	for (unsigned i = 0; i < RTE_DIM(fds); i++)
		n_closed += read(fds[i], &octet, 1) == 0;
	CU_ASSERT_EQUAL(n_closed, 8);
	for (unsigned i = 0; i < RTE_DIM(fds); i++)
		close(fds[i]);
	pump();
	fd = connect_client();
	CU_ASSERT_EQUAL(send(fd, "cache sh", 8, MSG_NOSIGNAL), 8);
	pump();
	close(fd);
	fd = connect_client();
	CU_ASSERT_EQUAL(send(fd, "show\0\n", 6, MSG_NOSIGNAL), 6);
	CU_ASSERT_STRING_EQUAL(hear(fd), "Status: error\nReason: unrecognized command\n");
	/* Who asks and closes its half gets the answer; a second line gets none. */
	fd = connect_client();
	CU_ASSERT_EQUAL(send(fd, "show nbma 192.0.2.12\nflush\n", 27, MSG_NOSIGNAL), 27);
	shutdown(fd, SHUT_WR);
	CU_ASSERT_STRING_EQUAL(hear(fd), OK LEASE_NEAR);
	CU_ASSERT_STRING_EQUAL(ask("show\n"), OK LOCAL LEASE_FAR LEASE_NEAR);
	close_server();
}

static const struct unit_test tests[] = {
	{"show", test_show},
	{"flush, purge, lowerdown, redirect purge", test_end},
	{"what is refused", test_refused},
	{"clients that do not behave", test_hostile},
};

const struct control_suite suite_opennhrp = {"opennhrp", tests, RTE_DIM(tests)};
