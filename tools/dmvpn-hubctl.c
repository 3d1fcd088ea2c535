/* SPDX-License-Identifier: BSD-3-Clause */
/* dmvpn-hubctl: ask a running hub. What goes over the socket is in control/cli.h. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/cli.h"
#include "tools/hubctl_edit.h"
#include "tools/hubctl_output.h"
#include "tools/hubctl_watch.h"

#define SOCKET     "/run/dmvpn-hub/control.sock"
#define PROMPT     "dmvpn> "
#define EXIT_USAGE 2

static const char usage[] =
	"usage: dmvpn-hubctl [options] [COMMAND...]\n"
	"Runs one command and exits 0, or 1 if the hub refused it. Without a "
	"command, commands are\n"
	"read from the standard input, a line each, until `quit`; try `help`.\n"
	"On a terminal TAB completes, ? tells what may come, and $PAGER (less) shows\n"
	"long answers. COMMAND '|' include|exclude|count REGEX looks at its lines.\n"
	"  -s SOCKET  the hub's control_socket; default " SOCKET "\n"
	"  -j         answers as JSON\n"
	"  -f FILE    commands from a file\n"
	"  -e         stop at the first error\n"
	"  -x         show each command before its answer\n"
	"  --stats-period SECONDS\n"
	"             live view: ports and the busiest spokes with their rates\n"
	"  -h         this text\n"
	"Exit code: 0, 1 some command failed or no hub answers, 2 wrong use.\n";

struct options {
	const char *socket;
	const char *file;
	bool json;
	bool stop;
	bool echo;
	bool page;             /* somebody is at a terminal */
	unsigned stats_period; /* seconds; 0: no live view */
};

struct hub_link {
	int to;
	FILE *from;
};

static int fail(const char *what, const char *name)
{
	fprintf(stderr, "dmvpn-hubctl: %s %s: %s\n", what, name, strerror(errno));
	return -1;
}

static int link_open(struct hub_link *hub, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return fail("no hub at", path);
	}
	memcpy(addr.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return fail("no hub answers at", path);
	hub->to = fd;
	hub->from = fdopen(fd, "r");
	if (hub->from == NULL)
		return fail("no hub at", path);
	return 0;
}

static int lost(void)
{
	fprintf(stderr, "dmvpn-hubctl: the hub closed the connection\n");
	return -1;
}

/* Copy a frame's octets. Who left a pager wants no more of them, but the link goes on. */
static int copy(FILE *from, FILE *to, size_t len)
{
	char buf[16384];
	size_t n;

	for (; len > 0; len -= n) {
		n = fread(buf, 1, len < sizeof(buf) ? len : sizeof(buf), from);
		if (n == 0)
			return lost();
		if (fwrite(buf, 1, n, to) != n && errno != EPIPE)
			return fail("cannot write to", "standard output");
	}
	return 0;
}

/* Take the answer; errors for people to stderr. @return 0, 1 an error, -1 if the link is gone */
static int take_answer(struct hub_link *hub, bool json, FILE *to, FILE *to_error)
{
	char header[64], status[16];
	size_t len;
	bool error;

	do {
		if (fgets(header, sizeof(header), hub->from) == NULL)
			return lost();
		if (sscanf(header, "%15s %zu", status, &len) != 2) {
			fprintf(stderr, "dmvpn-hubctl: what answers there is no dmvpn-hub\n");
			return -1;
		}
		error = strcmp(status, "error") == 0;
		if (copy(hub->from, error && !json ? to_error : to, len) < 0)
			return -1;
	} while (strcmp(status, "more") == 0);
	return error;
}

/* Not by stdio: a hub that has gone must be an error and no signal. */
static int send_all(int fd, const char *at, size_t len)
{
	ssize_t n;

	for (; len > 0; at += n, len -= (size_t)n) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n < 0)
			return -1;
	}
	return 0;
}

/* Is "json" the last word already? */
static bool wants_json(const char *line)
{
	size_t len = strlen(line);

	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		len--;
	return len > 5 && strncmp(line + len - 4, "json", 4) == 0 && line[len - 5] == ' ';
}

static int send_line(struct hub_link *hub, const char *line, const char *end)
{
	return send_all(hub->to, line, strlen(line)) < 0 || send_all(hub->to, end, strlen(end)) < 0
		       ? -1
		       : 0;
}

static int ask(struct hub_link *hub, const struct options *o, char *line)
{
	struct hubctl_output out;
	bool json, sent;
	int rc;

	if (o->echo) {
		printf(PROMPT "%s\n", line);
		fflush(stdout);
	}
	if (hubctl_output_open(&out, line, o->page) < 0)
		return 1;
	json = o->json || wants_json(line);
	sent = send_line(hub, line, json && !wants_json(line) ? " json\n" : "\n") == 0;
	/* A hub that closed may have said why before. */
	rc = take_answer(hub, json, out.to, stderr);
	hubctl_output_close(&out);
	if (!sent && rc == 0)
		lost();
	return sent ? rc : -1;
}

/* The whole of an answer, or NULL. */
static char *answer(struct hub_link *hub, const char *line, const char *end)
{
	char *words = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&words, &len);
	int rc = to == NULL ? -1 : send_line(hub, line, end);

	if (rc == 0)
		rc = take_answer(hub, false, to, to);
	if (to != NULL)
		fclose(to);
	if (rc == 0)
		return words;
	free(words);
	return NULL;
}

/* What may come after a line, for the terminal. */
static char *expected(void *ctx, const char *line)
{
	return answer(ctx, line, " ?\n");
}

static char *ask_json(void *ctx, const char *line)
{
	return answer(ctx, line, "\n");
}

static bool is_quit(const char *line)
{
	line += strspn(line, " \t");
	return strncmp(line, "quit", 4) == 0 && line[4 + strspn(line + 4, " \t\r")] == '\0';
}

/* A line of a file or of the standard input. @return -1 if the link is gone, 1 to stop, else 0 */
static int take_line(struct hub_link *hub, const struct options *o, char *line, int *worst)
{
	int rc;

	/* Comments are ours to skip: JSON's last word would become part of one. */
	line[strcspn(line, "#\n")] = '\0';
	if (line[strspn(line, " \t\r")] == '\0')
		return 0;
	if (is_quit(line))
		return 1;
	rc = ask(hub, o, line);
	if (rc != 0)
		*worst = 1;
	return rc < 0 ? -1 : rc > 0 && o->stop;
}

static int ask_all(struct hub_link *hub, const struct options *o, FILE *in)
{
	size_t room = 0;
	char *line = NULL;
	int worst = 0;

	while (getline(&line, &room, in) >= 0)
		if (take_line(hub, o, line, &worst) != 0)
			break;
	free(line);
	return worst;
}

/* Somebody at a terminal. */
static int converse(struct hub_link *hub, struct options o)
{
	struct hubctl_edit *edit = hubctl_edit_open(PROMPT, expected, hub);
	const char *got;
	int worst = 0;

	if (edit == NULL)
		return ask_all(hub, &o, stdin);
	o.page = isatty(STDOUT_FILENO);
	while ((got = hubctl_edit_line(edit)) != NULL) {
		char *line = strdup(got);
		int rc = line == NULL ? -1 : take_line(hub, &o, line, &worst);

		free(line);
		if (rc != 0)
			break;
	}
	hubctl_edit_close(edit);
	return worst;
}

static int ask_one(struct hub_link *hub, const struct options *o, int n, char **words)
{
	char line[CLI_LINE_MAX + 1] = "";
	size_t used = 0;

	for (int i = 0; i < n; i++) {
		used += (size_t)snprintf(
			line + used, sizeof(line) - used, "%s%s", i ? " " : "", words[i]);
		if (used >= sizeof(line)) {
			fprintf(stderr, "dmvpn-hubctl: a command has at most %d octets\n",
				CLI_LINE_MAX);
			return EXIT_USAGE;
		}
	}
	return ask(hub, o, line) != 0;
}

static int run(const struct options *o, int n, char **words)
{
	struct hub_link hub;
	FILE *in = stdin;

	if (o->file != NULL && strcmp(o->file, "-") != 0) {
		in = fopen(o->file, "r");
		if (in == NULL) {
			fail("cannot read", o->file);
			return EXIT_USAGE;
		}
	}
	if (link_open(&hub, o->socket) < 0)
		return 1;
	if (o->stats_period != 0)
		return hubctl_watch(o->stats_period, ask_json, &hub);
	if (n > 0)
		return ask_one(&hub, o, n, words);
	return in == stdin && isatty(STDIN_FILENO) ? converse(&hub, *o) : ask_all(&hub, o, in);
}

/* @return 0: it is none */
static unsigned period(const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	return *text < '0' || *text > '9' || *end != '\0' || v > 3600 ? 0 : (unsigned)v;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"stats-period", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
	struct options o = {.socket = SOCKET};
	int option;

	opterr = 0;
	/* "+": what follows the first word is the command's. */
	while ((option = getopt_long(argc, argv, "+:s:jf:exh", longs, NULL)) != -1) {
		switch (option) {
		case 's':
			o.socket = optarg;
			break;
		case 'j':
			o.json = true;
			break;
		case 'f':
			o.file = optarg;
			break;
		case 'e':
			o.stop = true;
			break;
		case 'x':
			o.echo = true;
			break;
		case 'p':
			o.stats_period = period(optarg);
			if (o.stats_period > 0)
				break;
			fprintf(stderr,
				"dmvpn-hubctl: --stats-period %s: expected seconds, 1..3600\n",
				optarg);
			return EXIT_USAGE;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fprintf(stderr, "dmvpn-hubctl: option %s %s; see dmvpn-hubctl -h\n",
				argv[optind - 1], option == ':' ? "wants a value" : "is not known");
			return EXIT_USAGE;
		}
	}
	if ((o.file != NULL || o.stats_period != 0) && optind < argc) {
		fprintf(stderr, "dmvpn-hubctl: %s and a command exclude each other\n",
			o.file != NULL ? "-f" : "--stats-period");
		return EXIT_USAGE;
	}
	return run(&o, argc - optind, argv + optind);
}
