/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line of a running hub: commands on a Unix stream socket.
 *
 * A request is a line of at most CLI_LINE_MAX octets of printable ASCII, ended by a newline. The
 * answer to each is one or more frames
 *
 *	STATUS LENGTH\n
 *	LENGTH octets
 *
 * where STATUS is "more" for all but the last frame, and there "ok" or "error". The texts of the
 * frames, one after the other, are the answer: text for people, or one JSON document and a newline
 * if the command's last word is "json":
 *
 *	{"command":"show dmvpn","status":"ok","data":[...]}
 *	{"status":"error","reason":"bad-argument","near":"bogus"}
 *
 * Requests are answered in order. Empty lines and lines that begin with # are answered with
 * nothing ("ok 0"). A long answer is made piece by piece as the client reads it, so that neither
 * its length nor a client that stops reading costs forwarding, other clients or memory.
 *
 * Main thread.
 */
#ifndef CONTROL_CLI_H
#define CONTROL_CLI_H

#include <stdbool.h>

#include "common/error.h"

#define CLI_LINE_MAX    4096
#define CLI_CLIENTS_MAX 64

struct cli;
struct hub;
struct event_base;
struct evbuffer;

/** @param shutdown  what the command `shutdown` calls; may be NULL. @return NULL with err */
struct cli *cli_create(struct hub *h, void (*shutdown)(void *ctx, bool purge, bool poison),
	void *ctx, struct error *err);

/** Close all clients and free. The listening descriptor stays the caller's. NULL is allowed. */
void cli_destroy(struct cli *cli);

/**
 * Serve clients of this listening descriptor, and of another one (-1: none) that may only `show`.
 * @return 0 or -errno
 */
int cli_serve(struct cli *cli, struct event_base *base, int listener, int show_listener,
	struct error *err);

/** Run one command to its end, however long. @return whether its status is "ok" */
bool cli_execute(struct cli *cli, const char *line, struct evbuffer *out);

#endif
