/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line's socket: frames, bounds, and clients that do not behave. Hub and clients are
 * one thread; pump() is a round of the daemon's event loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "control/listen.h"
#include "tests/control/listening.h"
#include "tests/control/world.h"

#define ROUNDS_MAX 20000
#define ANSWER_MAX (4 << 20)
/* What one client's unread answers may take: the bound, a frame, and a step of rows. */
#define UNREAD_MAX (256 * 1024 + 2 * 64 * 1024 + 128 * 1024)

/* An answer, put together from its frames. */
struct answer {
	char status[16];
	char text[ANSWER_MAX + 1];
	size_t len;
	unsigned frames;
};
static struct answer answer;

static void pump(void)
{
	world.now++;
	hub_turn(world.hub, world.now);
	event_base_loop(listening.base, EVLOOP_NONBLOCK);
}

static void server_open(const char *text)
{
	struct error err = {""};

	world_open(text);
	listening_open("control_socket");
	CU_ASSERT_EQUAL_FATAL(cli_serve(world.cli, listening.base, listening.fd, -1, &err), 0);
}

static void server_close(void)
{
	cli_destroy(world.cli);
	world.cli = NULL;
	listening_close();
}

static int client_open(void)
{
	int fd = listening_connect();

	pump();
	return fd;
}

static void say(int fd, const char *line, size_t len)
{
	CU_ASSERT_EQUAL(send(fd, line, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void ask(int fd, const char *line)
{
	say(fd, line, strlen(line));
}

/* Read n octets while the server goes on. @return false if it closed, or never says them */
static bool take(int fd, char *to, size_t n)
{
	ssize_t got;

	for (unsigned i = 0; n > 0 && i < ROUNDS_MAX; i++) {
		got = recv(fd, to, n, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return false;
		if (got > 0) {
			to += got;
			n -= (size_t)got;
		} else {
			pump();
		}
	}
	return n == 0;
}

static bool take_frame(int fd)
{
	char header[64] = "";
	unsigned used = 0, len;

	do {
		if (used + 1 == sizeof(header) || !take(fd, header + used, 1))
			return false;
	} while (header[used++] != '\n');
	if (sscanf(header, "%15s %u\n", answer.status, &len) != 2 ||
		answer.len + len > ANSWER_MAX || !take(fd, answer.text + answer.len, len))
		return false;
	answer.len += len;
	answer.text[answer.len] = '\0';
	answer.frames++;
	return true;
}

static bool take_answer(int fd)
{
	answer.len = answer.frames = 0;
	do {
		if (!take_frame(fd))
			return false;
	} while (strcmp(answer.status, "more") == 0);
	return true;
}

static void expect_answer(int fd, const char *status, const char *part)
{
	CU_ASSERT_FATAL(take_answer(fd));
	CU_ASSERT_STRING_EQUAL(answer.status, status);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.text, part));
}

static bool is_closed(int fd)
{
	char octet;

	for (unsigned i = 0; i < 100; i++) {
		pump();
		errno = 0;
		if (recv(fd, &octet, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET)
			return true;
	}
	return false;
}

static void test_frames(void)
{
	int fd;

	server_open(NULL);
	fd = client_open();
	ask(fd, "show version\n");
	expect_answer(fd, "ok", "dmvpn-hub ");
	CU_ASSERT_EQUAL(answer.frames, 1);
	ask(fd, "bogus\n");
	expect_answer(fd, "error", "Bad argument at 'bogus'");
	/* Empty lines, comments, and a line in two pieces, ended as on a terminal. */
	ask(fd, "\n# nothing\nshow ver");
	expect_answer(fd, "ok", "");
	CU_ASSERT_EQUAL(answer.len, 0);
	expect_answer(fd, "ok", "");
	pump();
	ask(fd, "sion\r\n");
	expect_answer(fd, "ok", "dmvpn-hub ");
	/* Several at once, answered in order. */
	ask(fd, "show arp\nbogus\nshow drops\n");
	expect_answer(fd, "ok", "MAC Address");
	expect_answer(fd, "error", "bogus");
	expect_answer(fd, "ok", "dropped");
	close(fd);
	for (unsigned i = 0; i < 10; i++)
		pump();
	CU_ASSERT_EQUAL(world.cli->n_clients, 0);
	server_close();
}

static void test_bad_lines(void)
{
	static char line[3 * CLI_LINE_MAX];
	int fd;

	server_open(NULL);
	fd = client_open();
	say(fd, "show\0version\n", 13);
	expect_answer(fd, "error", "not printable");
	say(fd, "\x80\xff\x01\n", 4);
	expect_answer(fd, "error", "not printable");
	ask(fd, "show version\n");
	expect_answer(fd, "ok", "dmvpn-hub ");
	/* The longest line, and one octet more. */
	memset(line, 'x', sizeof(line));
	line[CLI_LINE_MAX] = '\n';
	say(fd, line, CLI_LINE_MAX + 1);
	expect_answer(fd, "error", "Bad argument at 'xxx");
	line[CLI_LINE_MAX] = 'x';
	line[CLI_LINE_MAX + 1] = '\n';
	say(fd, line, CLI_LINE_MAX + 2);
	expect_answer(fd, "error", "longer than 4096");
	CU_ASSERT(is_closed(fd));
	close(fd);
	/* No end at all. */
	fd = client_open();
	memset(line, 'x', sizeof(line));
	say(fd, line, sizeof(line));
	expect_answer(fd, "error", "longer than 4096");
	CU_ASSERT(is_closed(fd));
	close(fd);
	server_close();
}

static void test_goodbyes(void)
{
	int fd;

	server_open(NULL);
	fd = client_open();
	ask(fd, "quit\nshow version\n");
	expect_answer(fd, "ok", "");
	CU_ASSERT(is_closed(fd));
	close(fd);
	/* Who asks and hangs up its half is still answered. */
	fd = client_open();
	ask(fd, "show version\nshow arp\n");
	shutdown(fd, SHUT_WR);
	expect_answer(fd, "ok", "dmvpn-hub ");
	expect_answer(fd, "ok", "MAC Address");
	CU_ASSERT(is_closed(fd));
	close(fd);
	/* Who hangs up in the middle of a line, or before the answer. */
	fd = client_open();
	ask(fd, "show ver");
	close(fd);
	fd = client_open();
	ask(fd, "show ipsec sa\n");
	close(fd);
	for (unsigned i = 0; i < 20; i++)
		pump();
	CU_ASSERT_EQUAL(world.cli->n_clients, 0);
	server_close();
}

static void test_clients_max(void)
{
	int fd[CLI_CLIENTS_MAX], more;

	server_open(NULL);
	for (unsigned i = 0; i < CLI_CLIENTS_MAX; i++)
		fd[i] = client_open();
	more = client_open();
	expect_answer(more, "error", "Too many clients");
	CU_ASSERT(is_closed(more));
	close(more);
	ask(fd[0], "show version\n");
	expect_answer(fd[0], "ok", "dmvpn-hub ");
	close(fd[7]);
	for (unsigned i = 0; i < 10; i++)
		pump();
	fd[7] = client_open();
	ask(fd[7], "show version\n");
	expect_answer(fd[7], "ok", "dmvpn-hub ");
	for (unsigned i = 0; i < CLI_CLIENTS_MAX; i++)
		close(fd[i]);
	server_close();
}

/* A hub with so many SAs that its lists are megabytes. */
static void open_large(void)
{
	static char text[2 << 20];
	size_t used = (size_t)snprintf(text, sizeof(text),
		"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"
		" mac = \"02:00:00:00:00:01\"; } ); tunnels = ( { name = \"t\"; address ="
		" \"10.0.0.1/16\"; nbma = \"192.0.2.1\"; peers = (");

	for (unsigned i = 0; i < 8000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"%s{ address = \"10.0.%u.%u\"; nbma = \"192.0.2.9\"; sa_in = ( { spi = %u;"
			" suite = \"aes128gcm16\"; key = \"0x%040u\"; } ); }",
			i ? "," : "", 1 + i / 200, 1 + i % 200, 1000 + i, i);
	snprintf(text + used, sizeof(text) - used, "); } );");
	server_open(text);
}

/* What waits for the client that came first. */
static size_t unread(void)
{
	const struct cli_client *c = TAILQ_FIRST(&world.cli->clients);

	return evbuffer_get_length(bufferevent_get_output(c->bev)) + evbuffer_get_length(c->body);
}

static void test_long_answer(void)
{
	json_t *root;
	json_error_t error;
	int fd;

	open_large();
	fd = client_open();
	ask(fd, "show ipsec sa json\n");
	CU_ASSERT_FATAL(take_answer(fd));
	CU_ASSERT_STRING_EQUAL(answer.status, "ok");
	CU_ASSERT(answer.len > 1000000);
	CU_ASSERT(answer.frames > 10);
	root = json_loads(answer.text, 0, &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(root, "data")), 8000);
	json_decref(root);
	close(fd);
	server_close();
}

/*
 * A client that asks for the longest list over and over and never reads. The hub's loop goes on,
 * others are served at once, and what waits for the client is bounded.
 */
static void test_stalled(void)
{
	static const char line[] = "show ipsec sa json\n";
	size_t most = 0;
	int stalled, fd;

	open_large();
	stalled = client_open();
	fd = client_open();
	for (unsigned i = 0; i < 200; i++) {
		unsigned before;

		/* Until even its questions do not get through any more. */
		send(stalled, line, sizeof(line) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		before = (unsigned)world.now;
		ask(fd, "show version\n");
		expect_answer(fd, "ok", "dmvpn-hub ");
		CU_ASSERT((unsigned)world.now - before < 20);
		most = RTE_MAX(most, unread());
	}
	CU_ASSERT(most > 64 * 1024);
	CU_ASSERT(most < UNREAD_MAX);
	CU_ASSERT_EQUAL(world.cli->n_clients, 2);
	/* When it reads at last, it gets what it asked for. */
	CU_ASSERT_FATAL(take_answer(stalled));
	CU_ASSERT_STRING_EQUAL(answer.status, "ok");
	CU_ASSERT(answer.len > 1000000);
	CU_ASSERT_FATAL(take_answer(stalled));
	CU_ASSERT(answer.len > 1000000);
	close(stalled);
	close(fd);
	server_close();
}

/* Two read long lists at once: they take turns, and each list is whole. */
static void test_turns(void)
{
	json_error_t error;
	json_t *root;
	int a, b;

	open_large();
	a = client_open();
	b = client_open();
	ask(a, "show ipsec sa json\n");
	ask(b, "show route json\n");
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_FATAL(take_answer(i ? a : b));
		root = json_loads(answer.text, 0, &error);
		CU_ASSERT_PTR_NOT_NULL_FATAL(root);
		CU_ASSERT_EQUAL(
			json_array_size(json_object_get(root, "data")), i ? 8000 : 8000 + 4);
		json_decref(root);
	}
	close(a);
	close(b);
	server_close();
}

static void test_listen(void)
{
	char other[160], name[200];
	struct error err;
	struct stat st;
	int fd;

	server_open(NULL);
	CU_ASSERT_EQUAL(stat(listening.path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0660);
	/* Somebody answers there. */
	CU_ASSERT_EQUAL(hub_listen(listening.path, "control_socket", &err), -EADDRINUSE);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "another dmvpn-hub answers on "));
	for (unsigned i = 0; i < 10; i++)
		pump();
	CU_ASSERT_EQUAL(world.cli->n_clients, 0);
	/* Nobody does any more. */
	snprintf(other, sizeof(other), "%s/new/stale.sock", listening.folder);
	fd = hub_listen(other, "control_socket", &err);
	CU_ASSERT(fd >= 0);
	close(fd);
	fd = hub_listen(other, "control_socket", &err);
	CU_ASSERT(fd >= 0);
	close(fd);
	unlink(other);
	/* Something else is there: it is left alone. */
	fd = open(other, O_CREAT | O_WRONLY, 0600);
	close(fd);
	CU_ASSERT_EQUAL(hub_listen(other, "control_socket", &err), -EEXIST);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "is something else already"));
	CU_ASSERT_EQUAL(stat(other, &st), 0);
	CU_ASSERT(S_ISREG(st.st_mode));
	unlink(other);
	snprintf(other, sizeof(other), "%s/new", listening.folder);
	rmdir(other);
	/* Paths that cannot be. */
	snprintf(name, sizeof(name), "%s/a/b/control.sock", listening.folder);
	CU_ASSERT(hub_listen(name, "control_socket", &err) < 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "folder cannot be made"));
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_EQUAL(hub_listen(name, "control_socket", &err), -ENAMETOOLONG);
	server_close();
}

static const struct unit_test tests[] = {
	{"answers come in frames, in order", test_frames},
	{"lines that are too long or not text", test_bad_lines},
	{"clients that leave", test_goodbyes},
	{"no more clients than the bound", test_clients_max},
	{"a long answer comes in pieces and whole", test_long_answer},
	{"a client that stops reading costs nobody anything", test_stalled},
	{"long answers take turns", test_turns},
	{"the socket: mode, stale ones, others' files", test_listen},
};

const struct control_suite suite_socket = {"socket", tests, RTE_DIM(tests)};
