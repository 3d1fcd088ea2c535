/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/opennhrp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "control/hub_priv.h"
#include "control/opennhrp_line.h"

#define STEP     128          /* bindings at a time */
#define OUT_HIGH (256 * 1024) /* a client that has not read so much gets no more until it does */

struct client {
	TAILQ_ENTRY(client) link;
	struct opennhrp *o;
	struct bufferevent *bev;
	struct event *go_on; /* fires in the event loop's next round */
	struct opennhrp_line line;
	bool walking; /* with: */
	struct nhrp_cursor cursor;
	unsigned n_ended;
	bool closing; /* once all is sent */
};

struct opennhrp {
	struct hub *hub;
	struct event_base *base;
	struct evconnlistener *listener;
	TAILQ_HEAD(, client) clients;
	unsigned n_clients;
};

static struct evbuffer *out_of(struct client *c)
{
	return bufferevent_get_output(c->bev);
}

static void client_close(struct client *c)
{
	if (c->walking)
		nhrp_cache_close(&c->cursor);
	TAILQ_REMOVE(&c->o->clients, c, link);
	c->o->n_clients--;
	if (c->go_on != NULL)
		event_free(c->go_on);
	bufferevent_free(c->bev);
	free(c);
}

static void put_addr(struct evbuffer *out, const char *key, uint32_t be)
{
	struct ip_addr a = ip_addr_v4(be);
	char text[IP_ADDR_STRLEN];

	if (be != 0)
		evbuffer_add_printf(out, "%s: %s\n", key, ip_addr_str(&a, text));
}

static void put_protocol(struct evbuffer *out, uint32_t be, unsigned len)
{
	struct ip_addr a = ip_addr_v4(be);
	char text[IP_ADDR_STRLEN];

	evbuffer_add_printf(out, "Protocol-Address: %s/%u\n", ip_addr_str(&a, text), len);
}

/* A record, and the empty line behind it. */
static void put_binding(const struct hub *h, struct evbuffer *out, const struct nhrp_binding *b)
{
	static const char *const types[NHRP_BINDING_TYPES] = {
		[NHRP_STATIC] = "static",
		[NHRP_DYNAMIC] = "dynamic",
		[NHRP_CACHED] = "cached",
		[NHRP_INCOMPLETE] = "incomplete",
		[NHRP_NEGATIVE] = "negative",
	};
	uint64_t left = b->expires_ms > h->now ? (b->expires_ms - h->now) / 1000 : 0;
	bool nat = b->claimed_nbma_be != 0 && b->claimed_nbma_be != b->nbma_be;

	evbuffer_add_printf(out, "Interface: %s\nType: %s\n", h->tunnels[b->iface].config->name,
		types[b->type]);
	put_protocol(out, b->address_be, b->len);
	/* As OpenNHRP has it: what it claims, and where its NAT is seen to be. */
	put_addr(out, "NBMA-Address", nat ? b->claimed_nbma_be : b->nbma_be);
	put_addr(out, "NBMA-NAT-OA-Address", nat ? b->nbma_be : 0);
	if (b->unique || b->used || b->up)
		evbuffer_add_printf(out, "Flags:%s%s%s\n", b->unique ? " unique" : "",
			b->used ? " used" : "", b->up ? " up" : "");
	if (b->expires_ms != UINT64_MAX)
		evbuffer_add_printf(
			out, "Expires-In: %" PRIu64 ":%02" PRIu64 "\n", left / 60, left % 60);
	evbuffer_add_printf(out, "\n");
}

static bool is_tunnel(const struct opennhrp_line *l, const struct config_tunnel *t)
{
	return t != NULL && (l->interface[0] == '\0' || strcmp(l->interface, t->name) == 0) &&
	       (l->local_nbma.family == 0 || ip_addr_equal(&l->local_nbma, &t->nbma)) &&
	       (l->local_protocol.family == 0 ||
		       ip_addr_equal(&l->local_protocol, &t->address.addr));
}

/* The hub's own addresses, which the cache does not hold. */
static void put_locals(const struct hub *h, struct evbuffer *out, const struct opennhrp_line *l)
{
	for (unsigned i = 0; i < h->n_tunnels; i++) {
		const struct config_tunnel *t = h->tunnels[i].config;

		if (!is_tunnel(l, t) || l->by_host || l->nbma.family != 0 ||
			(l->protocol.addr.family != 0 &&
				!ip_prefix_contains(&l->protocol, &t->address.addr)))
			continue;
		evbuffer_add_printf(out, "Interface: %s\nType: local\n", t->name);
		put_protocol(out, t->address.addr.v4_be, 32);
		evbuffer_add_printf(out, "Flags: up\n\n");
	}
}

static void put_interfaces(const struct hub *h, struct evbuffer *out, const struct opennhrp_line *l)
{
	for (unsigned i = 0; i < h->n_tunnels; i++) {
		const struct config_tunnel *t = h->tunnels[i].config;

		if (!is_tunnel(l, t))
			continue;
		evbuffer_add_printf(out, "Interface: %s\nIndex: %u\n", t->name, i);
		put_protocol(out, t->address.addr.v4_be, t->address.len);
		put_addr(out, "NBMA-Address", t->nbma.v4_be);
		if (t->key_set)
			evbuffer_add_printf(out, "GRE-Key: %u\n", t->key);
		evbuffer_add_printf(out, "MTU: %u\n\n", t->mtu);
	}
}

static void affected(struct client *c, unsigned n)
{
	evbuffer_add_printf(out_of(c), "Status: ok\nEntries-Affected: %u\n", n);
	c->closing = true;
}

static void refuse(struct client *c, const struct opennhrp_refusal *why)
{
	struct evbuffer *out = out_of(c);

	evbuffer_add_printf(out, "Status: %s\nReason: %s\n", why->status, why->reason);
	if (why->near[0] != '\0')
		evbuffer_add_printf(out, "Near-Keyword: '%s'\n", why->near);
	if (why->argument[0] != '\0')
		evbuffer_add_printf(out, "Argument: '%s'\n", why->argument);
	c->closing = true;
}

/* Tunnels are named by one selector or several; the cache is walked by one of them, or all. */
static int tunnel_of(struct client *c, struct nhrp_selector *which)
{
	const struct opennhrp_line *l = &c->line;
	const struct hub *h = c->o->hub;
	struct opennhrp_refusal why = {.status = "failed", .reason = "interface-not-found"};
	struct ip_addr a = l->local_nbma.family != 0 ? l->local_nbma : l->local_protocol;
	const char *near = l->interface[0] != '\0'     ? "interface"
			   : l->local_nbma.family != 0 ? "local-nbma"
						       : "local-protocol";

	if (l->interface[0] == '\0' && a.family == 0)
		return 0;
	for (unsigned i = 0; i < h->n_tunnels; i++)
		if (is_tunnel(l, h->tunnels[i].config)) {
			which->by_iface = true;
			which->iface = i;
			return 0;
		}
	strcpy(why.near, near);
	if (l->interface[0] != '\0')
		memcpy(why.argument, l->interface, sizeof(why.argument));
	else
		ip_addr_str(&a, why.argument);
	refuse(c, &why);
	return -1;
}

static void walk_begin(struct client *c)
{
	struct nhrp_selector which = {
		.by_type = c->line.verb == OPENNHRP_LOWERDOWN,
		.type = NHRP_DYNAMIC,
		.address_be = c->line.protocol.addr.v4_be,
		.len = c->line.protocol.len,
		.nbma_be = c->line.nbma.v4_be,
	};

	if (tunnel_of(c, &which) < 0)
		return;
	if (c->line.verb == OPENNHRP_SHOW) {
		evbuffer_add_printf(out_of(c), "Status: ok\n\n");
		put_locals(c->o->hub, out_of(c), &c->line);
	}
	if (c->line.by_host) {
		if (c->line.verb != OPENNHRP_SHOW)
			affected(c, 0);
		c->closing = true;
		return;
	}
	nhrp_cache_open(c->o->hub->nhrp.engine, &c->cursor, &which);
	c->walking = true;
}

static void command(struct client *c)
{
	struct hub *h = c->o->hub;

	switch (c->line.verb) {
	case OPENNHRP_REDIRECT_PURGE:
		affected(c, nhrp_redirect_clear(h->nhrp.engine, c->line.protocol.addr.v4_be,
				    c->line.protocol.len));
		break;
	case OPENNHRP_INTERFACE_SHOW:
		evbuffer_add_printf(out_of(c), "Status: ok\n\n");
		put_interfaces(h, out_of(c), &c->line);
		c->closing = true;
		break;
	default:
		walk_begin(c);
	}
}

/* One line, and no second one. */
static void take_line(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	struct opennhrp_refusal why = {.status = "error", .reason = "unrecognized command"};
	size_t len = 0;
	char *text;

	if (c->walking || c->closing)
		return;
	text = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
	if (text == NULL && evbuffer_get_length(in) < OPENNHRP_LINE_MAX)
		return;
	if (text == NULL || len >= OPENNHRP_LINE_MAX || strlen(text) != len ||
		opennhrp_line_parse(text, &c->line, &why) < 0)
		refuse(c, &why);
	else
		command(c);
	/* From here on only its reading is waited for. */
	bufferevent_disable(c->bev, EV_READ);
	free(text);
}

/* A piece of the walk. @return false: it is over */
static bool walk(struct client *c)
{
	struct hub *h = c->o->hub;
	struct nhrp_binding b;

	if (c->line.verb != OPENNHRP_SHOW)
		return nhrp_cache_clear(&c->cursor, STEP, h->now, &c->n_ended);
	for (unsigned i = 0; i < STEP; i++) {
		if (!nhrp_cache_next(&c->cursor, &b))
			return false;
		put_binding(h, out_of(c), &b);
	}
	return true;
}

static void on_go_on(evutil_socket_t fd, short what, void *ctx)
{
	static const struct timeval now;
	struct client *c = ctx;

	(void)fd;
	(void)what;
	take_line(c);
	if (c->walking && evbuffer_get_length(out_of(c)) < OUT_HIGH) {
		if (walk(c)) {
			event_add(c->go_on, &now);
			return;
		}
		nhrp_cache_close(&c->cursor);
		c->walking = false;
		if (c->line.verb != OPENNHRP_SHOW)
			affected(c, c->n_ended);
		c->closing = true;
	}
	if (c->closing && evbuffer_get_length(out_of(c)) == 0)
		client_close(c);
}

/* Something came, or was read: not at once, others and the hub's own turn come first. */
static void on_ready(struct bufferevent *bev, void *ctx)
{
	static const struct timeval now;
	struct client *c = ctx;

	/* A line and more is there. */
	if (evbuffer_get_length(bufferevent_get_input(bev)) >= OPENNHRP_LINE_MAX)
		bufferevent_disable(bev, EV_READ);
	event_add(c->go_on, &now);
}

static void on_end(struct bufferevent *bev, short what, void *ctx)
{
	struct client *c = ctx;

	/* Who has asked may close its half, and read on. */
	if ((what & BEV_EVENT_EOF) != 0 && (c->walking || c->closing))
		return;
	if ((what & BEV_EVENT_EOF) != 0 && evbuffer_get_length(bufferevent_get_input(bev)) > 0) {
		take_line(c);
		if (c->walking || c->closing) {
			on_ready(bev, c);
			return;
		}
	}
	client_close(c);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr,
	int len, void *ctx)
{
	static const struct timeval patience = {.tv_sec = OPENNHRP_TIMEOUT_S};
	struct opennhrp *o = ctx;
	struct client *c = NULL;

	(void)listener;
	(void)addr;
	(void)len;
	if (o->n_clients < OPENNHRP_CLIENTS_MAX)
		c = calloc(1, sizeof(*c));
	if (c != NULL)
		c->bev = bufferevent_socket_new(o->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->bev == NULL) {
		evutil_closesocket(fd);
		free(c);
		return;
	}
	c->o = o;
	TAILQ_INSERT_TAIL(&o->clients, c, link);
	o->n_clients++;
	c->go_on = evtimer_new(o->base, on_go_on, c);
	if (c->go_on == NULL) {
		client_close(c);
		return;
	}
	bufferevent_setcb(c->bev, on_ready, on_ready, on_end, c);
	bufferevent_set_timeouts(c->bev, &patience, &patience);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

struct opennhrp *opennhrp_create(
	struct hub *h, struct event_base *base, int listener, struct error *err)
{
	struct opennhrp *o = calloc(1, sizeof(*o));

	if (o != NULL) {
		TAILQ_INIT(&o->clients);
		o->hub = h;
		o->base = base;
		o->listener =
			evconnlistener_new(base, on_accept, o, LEV_OPT_CLOSE_ON_EXEC, 0, listener);
	}
	if (o == NULL || o->listener == NULL) {
		error_set(err, ENOMEM, "no memory for OpenNHRP's socket");
		free(o);
		return NULL;
	}
	return o;
}

void opennhrp_destroy(struct opennhrp *o)
{
	struct client *c;

	if (o == NULL)
		return;
	while ((c = TAILQ_FIRST(&o->clients)) != NULL)
		client_close(c);
	evconnlistener_free(o->listener);
	free(o);
}
