/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets, clients and frames. What a client may cost is bounded at every place. */
#define LOG_SUBSYSTEM LOG_CLI

#include "control/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "common/log.h"
#include "control/cli_priv.h"

#define FRAME_MIN (64 * 1024)  /* an answer's piece is sent when it is this long, or done */
#define OUT_HIGH  (256 * 1024) /* a client that has not read so much gets no more until it does */
#define OUT_LOW   (64 * 1024)
#define STALLED_S 30 /* a client that reads nothing for so long is closed */

static void client_close(struct cli_client *c)
{
	TAILQ_REMOVE(&c->cli->clients, c, link);
	c->cli->n_clients--;
	cli_call_close(c->call);
	if (c->go_on != NULL)
		event_free(c->go_on);
	if (c->body != NULL)
		evbuffer_free(c->body);
	bufferevent_free(c->bev);
	free(c);
}

static size_t unread(const struct cli_client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

/* Not at once: other clients and the hub's own turn come first. */
static void go_on_soon(struct cli_client *c)
{
	static const struct timeval now;

	event_add(c->go_on, &now);
}

static void send_frame(struct cli_client *c, const char *status)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);

	evbuffer_add_printf(out, "%s %zu\n", status, evbuffer_get_length(c->body));
	evbuffer_add_buffer(out, c->body);
}

static void refuse(struct cli_client *c, const char *why, bool closing)
{
	evbuffer_add_printf(c->body, "%s\n", why);
	send_frame(c, "error");
	c->closing |= closing;
}

static bool is_plain(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != '\t' && (line[i] < 0x20 || line[i] > 0x7e))
			return false;
	return true;
}

/* Take the next line. @return false if there is none */
static bool take_line(struct cli_client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = 0;
	char *line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF);

	if (line == NULL) {
		if (evbuffer_get_length(in) > CLI_LINE_MAX)
			refuse(c, "Line longer than 4096 octets", true);
		return false;
	}
	if (len > CLI_LINE_MAX) {
		refuse(c, "Line longer than 4096 octets", true);
	} else if (!is_plain(line, len)) {
		refuse(c, "Line has octets that are not printable ASCII", false);
	} else {
		c->call = cli_call_open(c->cli, line);
		if (c->call == NULL)
			refuse(c, "Out of memory", true);
		else
			c->call->show_only = c->show_only;
	}
	free(line);
	return true;
}

static void step(struct cli_client *c)
{
	int rc = cli_call_step(c->call, c->body);

	if (rc == CLI_MORE) {
		if (evbuffer_get_length(c->body) >= FRAME_MIN)
			send_frame(c, "more");
		return;
	}
	send_frame(c, rc == CLI_DONE ? "ok" : "error");
	c->closing |= c->call->quit;
	cli_call_close(c->call);
	c->call = NULL;
}

/* One step of work for a client, if it has room for the outcome. */
static void on_go_on(evutil_socket_t fd, short what, void *ctx)
{
	struct cli_client *c = ctx;
	bool more = true;

	(void)fd;
	(void)what;
	if (!c->closing && unread(c) < OUT_HIGH) {
		if (c->call == NULL)
			more = take_line(c);
		if (c->call != NULL)
			step(c);
		if (!more && c->eof)
			c->closing = true;
		else if (!more && !c->closing)
			bufferevent_enable(c->bev, EV_READ);
		else if (!c->closing)
			go_on_soon(c);
	}
	if (c->closing && unread(c) == 0)
		client_close(c);
}

/* A line and more is there: read no further until it is taken. */
static void on_read(struct bufferevent *bev, void *ctx)
{
	if (evbuffer_get_length(bufferevent_get_input(bev)) > CLI_LINE_MAX)
		bufferevent_disable(bev, EV_READ);
	go_on_soon(ctx);
}

/* The client has read: there is room again, or all is said. */
static void on_write(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	go_on_soon(ctx);
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct cli_client *c = ctx;

	(void)bev;
	if (what & BEV_EVENT_EOF) {
		/* It may still want the answers to what it asked. */
		c->eof = true;
		go_on_soon(c);
		return;
	}
	if (what & BEV_EVENT_TIMEOUT)
		log_notice("a client of the command line read nothing for %d s: closed", STALLED_S);
	client_close(c);
}

static void client_open(struct cli *cli, evutil_socket_t fd, bool show_only)
{
	static const struct timeval stalled = {.tv_sec = STALLED_S};
	struct cli_client *c = calloc(1, sizeof(*c));
	struct bufferevent *bev = bufferevent_socket_new(cli->base, fd, BEV_OPT_CLOSE_ON_FREE);

	if (c == NULL || bev == NULL) {
		free(c);
		if (bev != NULL)
			bufferevent_free(bev);
		else
			close(fd);
		return;
	}
	c->cli = cli;
	c->show_only = show_only;
	c->bev = bev;
	TAILQ_INSERT_TAIL(&cli->clients, c, link);
	cli->n_clients++;
	c->go_on = evtimer_new(cli->base, on_go_on, c);
	c->body = evbuffer_new();
	if (c->go_on == NULL || c->body == NULL) {
		client_close(c);
		return;
	}
	bufferevent_setcb(bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(bev, EV_WRITE, OUT_LOW, 0);
	bufferevent_set_timeouts(bev, NULL, &stalled);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr,
	int len, void *ctx)
{
	static const char full[] = "Too many clients; try again later\n";
	struct cli *cli = ctx;

	(void)addr;
	(void)len;
	if (cli->n_clients < CLI_CLIENTS_MAX) {
		client_open(cli, fd, listener == cli->show_listener);
		return;
	}
	dprintf(fd, "error %zu\n%s", sizeof(full) - 1, full);
	close(fd);
}

struct cli *cli_create(struct hub *h, void (*shutdown)(void *ctx, bool purge, bool poison),
	void *ctx, struct error *err)
{
	struct cli *cli = calloc(1, sizeof(*cli));

	if (cli == NULL) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	cli->hub = h;
	cli->shutdown = shutdown;
	cli->ctx = ctx;
	clock_gettime(CLOCK_MONOTONIC, &cli->started);
	TAILQ_INIT(&cli->clients);
	return cli;
}

int cli_serve(struct cli *cli, struct event_base *base, int listener, int show_listener,
	struct error *err)
{
	cli->base = base;
	cli->listener = evconnlistener_new(base, on_accept, cli, 0, 0, listener);
	if (show_listener >= 0)
		cli->show_listener = evconnlistener_new(base, on_accept, cli, 0, 0, show_listener);
	if (cli->listener == NULL || (show_listener >= 0 && cli->show_listener == NULL))
		return error_set(err, ENOMEM, "libevent has no memory for its events");
	return 0;
}

void cli_destroy(struct cli *cli)
{
	if (cli == NULL)
		return;
	while (!TAILQ_EMPTY(&cli->clients))
		client_close(TAILQ_FIRST(&cli->clients));
	if (cli->listener != NULL)
		evconnlistener_free(cli->listener);
	if (cli->show_listener != NULL)
		evconnlistener_free(cli->show_listener);
	free(cli);
}
