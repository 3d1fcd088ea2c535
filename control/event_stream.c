/* SPDX-License-Identifier: BSD-3-Clause */
#define LOG_SUBSYSTEM LOG_CLI

#include "control/event_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "common/log.h"
#include "control/cli_priv.h"

struct client {
	TAILQ_ENTRY(client) link;
	struct event_stream *stream;
	struct bufferevent *bev;
};

struct event_stream {
	struct event_base *base;
	struct evconnlistener *listener;
	TAILQ_HEAD(, client) clients;
	uint64_t seq;
	struct event_stream_stats stats;
};

static void client_close(struct client *c)
{
	TAILQ_REMOVE(&c->stream->clients, c, link);
	c->stream->stats.now--;
	bufferevent_free(c->bev);
	free(c);
}

static void on_read(struct bufferevent *bev, void *ctx)
{
	struct evbuffer *in = bufferevent_get_input(bev);

	(void)ctx;
	evbuffer_drain(in, evbuffer_get_length(in));
}

static void on_end(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	(void)what;
	client_close(ctx);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr,
	int len, void *ctx)
{
	struct event_stream *s = ctx;
	struct client *c = NULL;

	(void)listener;
	(void)addr;
	(void)len;
	if (s->stats.now < EVENT_STREAM_CLIENTS)
		c = calloc(1, sizeof(*c));
	if (c != NULL)
		c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->bev == NULL) {
		s->stats.refused++;
		evutil_closesocket(fd);
		free(c);
		return;
	}
	c->stream = s;
	TAILQ_INSERT_TAIL(&s->clients, c, link);
	s->stats.now++;
	s->stats.clients++;
	bufferevent_setcb(c->bev, on_read, NULL, on_end, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

struct event_stream *event_stream_create(struct event_base *base, int listener, struct error *err)
{
	struct event_stream *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		TAILQ_INIT(&s->clients);
		s->base = base;
		s->listener =
			evconnlistener_new(base, on_accept, s, LEV_OPT_CLOSE_ON_EXEC, 0, listener);
	}
	if (s == NULL || s->listener == NULL) {
		error_set(err, ENOMEM, "no memory for the event stream");
		free(s);
		return NULL;
	}
	return s;
}

void event_stream_destroy(struct event_stream *s)
{
	struct client *c;

	if (s == NULL)
		return;
	while ((c = TAILQ_FIRST(&s->clients)) != NULL)
		client_close(c);
	evconnlistener_free(s->listener);
	free(s);
}

/* RFC 3339, UTC, milliseconds. */
static json_t *time_now(void)
{
	struct timespec t;
	struct tm tm;
	char text[32];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03uZ", (unsigned)(t.tv_nsec / 1000000) % 1000u);
	return json_string(text);
}

static void send_line(struct event_stream *s, const char *line, size_t len)
{
	struct client *c, *next;

	for (c = TAILQ_FIRST(&s->clients); c != NULL; c = next) {
		struct evbuffer *out = bufferevent_get_output(c->bev);

		next = TAILQ_NEXT(c, link);
		if (evbuffer_get_length(out) + len <= EVENT_STREAM_BEHIND &&
			bufferevent_write(c->bev, line, len) == 0)
			continue;
		s->stats.dropped++;
		log_warning("event stream: a client does not read, %zu octets wait for it: cut off",
			evbuffer_get_length(out));
		client_close(c);
	}
}

void event_stream_send(struct event_stream *s, const char *event, json_t *members)
{
	json_t *o;
	char *line;
	size_t len;

	if (s == NULL || TAILQ_EMPTY(&s->clients)) {
		json_decref(members);
		return;
	}
	o = json_pack(
		"{s:I, s:o, s:s}", "seq", (json_int_t)++s->seq, "time", time_now(), "event", event);
	json_object_update(o, members);
	json_decref(members);
	line = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(o);
	if (line == NULL)
		return;
	/* The NUL's place is the newline's. */
	len = strlen(line);
	line[len] = '\n';
	s->stats.events++;
	send_line(s, line, len + 1);
	free(line);
}

static void set_address(json_t *o, const char *name, uint32_t be)
{
	if (be != 0)
		json_object_set_new(o, name, cli_addr_be(be));
}

static void set_number(json_t *o, const char *name, bool set, uint32_t value)
{
	if (set)
		json_object_set_new(o, name, json_integer(value));
}

static void set_text(json_t *o, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new(o, name, json_string(value));
}

void event_stream_hook(
	struct event_stream *s, enum config_hook_event event, const struct hub_hook_vars *v)
{
	json_t *o;

	if (s == NULL || TAILQ_EMPTY(&s->clients))
		return;
	o = json_object();
	set_text(o, "interface", v->interface);
	set_text(o, "type", v->type);
	set_address(o, "address", v->dest_be);
	set_number(o, "prefix", v->dest_len != 0, v->dest_len);
	set_address(o, "nbma", v->dest_nbma_be);
	set_address(o, "nbma_nat_oa", v->dest_nat_oa_be);
	set_number(o, "mtu", v->dest_mtu != 0, v->dest_mtu);
	set_address(o, "next_hop", v->next_hop_be);
	set_address(o, "hub_address", v->src_be);
	set_address(o, "hub_nbma", v->src_nbma_be);
	set_number(o, "gre_key", v->gre_key_set, v->gre_key);
	set_text(o, "reason", v->reason);
	event_stream_send(s, config_hook_event_name(event), o);
}

const struct event_stream_stats *event_stream_stats(const struct event_stream *s)
{
	return &s->stats;
}
