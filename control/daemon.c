/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/daemon.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/stopwatch.h"
#include "control/event_stream.h"
#include "control/hub_priv.h"
#include "control/keeper.h"
#include "control/opennhrp.h"
#include "control/privilege.h"
#include "control/service.h"
#include "control/telemetry.h"

#define LATE_MS 1000

struct daemon {
	struct event_base *base;
	struct hub *hub;
	struct event *turn;
	struct event *ready;
	struct event *term;
	struct event *interrupt;
	bool stopping;
	uint64_t turned_at, late_until; /* ms */
	struct event *hangup;
	bool reload; /* wanted */
	bool keep;   /* the state is for the next hub: a service manager restarts this one */
};

/* The loop is so late that spokes repeat what they said: no more of them for a while. */
static void watch_load(struct daemon *d, uint64_t now)
{
	if (d->turned_at != 0 && now - d->turned_at > LATE_MS)
		d->late_until = now + LATE_MS;
	d->turned_at = now;
	hub_overload(d->hub, now < d->late_until);
}

static void on_turn(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;
	uint64_t now = clock_ms(CLOCK_MONOTONIC);
	struct error err;
	unsigned id;

	(void)fd;
	/* One that is under way may have read what the file was before. */
	if (d->reload && hub_reload_start(d->hub, true, &id, &err) != -EBUSY)
		d->reload = false;
	if ((what & EV_TIMEOUT) != 0)
		hub_loop_turn(&d->hub->loop, clock_ns(CLOCK_MONOTONIC) / 1000);
	watch_load(d, now);
	hub_turn(d->hub, now);
	telemetry_turn();
	service_alive(now);
	if (hub_shutdown_over(d->hub))
		event_base_loopexit(d->base, NULL);
}

/* The second one does not wait for what is still to be said. */
static void on_signal(evutil_socket_t number, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)what;
	log_info("%s: stopping", number == SIGINT ? "interrupted" : "terminated");
	d->keep = number == SIGTERM && !d->hub->config->shutdown.purge &&
		  !d->hub->config->shutdown.poison;
	service_stopping();
	if (d->stopping)
		event_base_loopexit(d->base, NULL);
	d->stopping = true;
	hub_shutdown(d->hub, d->hub->config->shutdown.purge, d->hub->config->shutdown.poison);
}

static void on_hangup(evutil_socket_t number, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)number;
	(void)what;
	d->reload = true;
}

static void on_shutdown(void *ctx, bool purge, bool poison)
{
	struct daemon *d = ctx;

	log_info("shutdown by command: stopping");
	service_stopping();
	d->stopping = true;
	hub_shutdown(d->hub, purge, poison);
}

static int events_create(struct daemon *d, struct error *err)
{
	static const struct timeval turn = {.tv_usec = HUB_LOOP_TURN_US};

	d->base = event_base_new();
	if (d->base != NULL) {
		d->turn = event_new(d->base, -1, EV_PERSIST, on_turn, d);
		d->term = evsignal_new(d->base, SIGTERM, on_signal, d);
		d->interrupt = evsignal_new(d->base, SIGINT, on_signal, d);
		d->hangup = evsignal_new(d->base, SIGHUP, on_hangup, d);
	}
	if (d->turn == NULL || d->term == NULL || d->interrupt == NULL ||
		event_add(d->turn, &turn) < 0 || event_add(d->term, NULL) < 0 ||
		event_add(d->interrupt, NULL) < 0 || d->hangup == NULL ||
		event_add(d->hangup, NULL) < 0)
		return error_set(err, ENOMEM, "libevent has no memory for its events");
	return 0;
}

/* What does not wait for the next turn. */
static int watch_hub(struct daemon *d, struct error *err)
{
	int fd = hub_fd(d->hub);

	if (fd < 0)
		return 0;
	d->ready = event_new(d->base, fd, EV_READ | EV_PERSIST, on_turn, d);
	if (d->ready == NULL || event_add(d->ready, NULL) < 0)
		return error_set(err, ENOMEM, "libevent has no memory for its events");
	return 0;
}

/* From now on a later hub goes on with this one's state. Then the first packet may be sent. */
static void keep_state(struct daemon *d, const struct daemon_params *p)
{
	struct error err;

	if (p->former_state > 0)
		close(p->former_state);
	if (hub_state_fd(d->hub) >= 0 &&
		keeper_keep(p->keeper, p->state_path, hub_state_fd(d->hub), &err) < 0)
		log_warning("%s: a restart of this hub begins anew", err.text);
	keeper_taken(p->former_keeper);
}

/* By now there are all devices and sockets. */
static int drop_privileges(const struct daemon_params *p, struct error *err)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];

	snprintf(folder, sizeof(folder), "%s", p->config->control_socket);
	return privilege_drop(dirname(folder), err);
}

static void events_destroy(struct daemon *d)
{
	if (d->ready != NULL)
		event_free(d->ready);
	if (d->turn != NULL)
		event_free(d->turn);
	if (d->term != NULL)
		event_free(d->term);
	if (d->interrupt != NULL)
		event_free(d->interrupt);
	if (d->hangup != NULL)
		event_free(d->hangup);
	if (d->base != NULL)
		event_base_free(d->base);
}

/* The block testpmd prints when it stops. */
static void print_stats(struct cli *cli)
{
	struct evbuffer *out = evbuffer_new();

	if (out == NULL)
		return;
	cli_execute(cli, "show fwd stats all", out);
	fflush(stdout);
	while (evbuffer_get_length(out) > 0 && evbuffer_write(out, fileno(stdout)) > 0)
		;
	evbuffer_free(out);
}

static int serve(struct daemon *d, const struct daemon_params *p, struct error *err)
{
	struct dp *dp = hub_dp(d->hub);
	struct cli *cli = cli_create(d->hub, on_shutdown, d, err);
	struct opennhrp *opennhrp = NULL;
	char took[256];
	int rc =
		cli == NULL ? -ENOMEM : cli_serve(cli, d->base, p->listener, p->show_listener, err);

	if (rc == 0 && p->events_listener >= 0) {
		d->hub->events = event_stream_create(d->base, p->events_listener, err);
		rc = d->hub->events == NULL ? -ENOMEM : 0;
	}
	if (rc == 0 && p->opennhrp_listener >= 0) {
		opennhrp = opennhrp_create(d->hub, d->base, p->opennhrp_listener, err);
		rc = opennhrp == NULL ? -ENOMEM : 0;
	}
	if (rc == 0 && p->start)
		rc = dp_start(dp, err);
	if (rc == 0) {
		log_info("command line on %s", p->config->control_socket);
		if (p->events_listener >= 0)
			log_info("event stream on %s", p->config->events_socket);
		if (p->opennhrp_listener >= 0)
			log_info("opennhrpctl's protocol on %s", p->config->opennhrp_socket);
		log_info(p->start ? "forwarding on %u worker%s"
				  : "%u worker%s ready; `start` begins forwarding",
			dp_workers(dp), dp_workers(dp) == 1 ? "" : "s");
		stopwatch_lap(p->watch, "the rest");
		stopwatch_text(p->watch, took, sizeof(took));
		log_info("started in %s", took);
		service_ready(p->start ? "forwarding" : "waits for `start`");
		telemetry_serve(d->hub);
		event_base_dispatch(d->base);
		telemetry_serve(NULL);
		dp_stop(dp);
		if (p->print_stats)
			print_stats(cli);
	}
	opennhrp_destroy(opennhrp);
	event_stream_destroy(d->hub->events);
	d->hub->events = NULL;
	cli_destroy(cli);
	return rc;
}

int daemon_run(const struct daemon_params *p, struct error *err)
{
	struct hub_params params = {.lcores = p->lcores,
		.cpus = p->cpus,
		.ike = true,
		.own_config = p->config,
		.keep_state = p->keeper >= 0,
		.former_state = p->former_state,
		.hook_helper = p->hook_helper,
		.watch = p->watch};
	struct daemon d = {.hub = NULL};
	int rc = events_create(&d, err);

	if (rc == 0) {
		d.hub = hub_create(p->config, &params, err);
		rc = d.hub == NULL ? -EIO : watch_hub(&d, err);
		if (rc == 0) {
			keep_state(&d, p);
			rc = drop_privileges(p, err);
		}
		if (rc == 0)
			rc = serve(&d, p, err);
	}
	/* The event's descriptor is the hub's. */
	events_destroy(&d);
	if (d.hub == NULL)
		config_free(p->config);
	if (!d.keep)
		keeper_drop(p->keeper);
	hub_destroy(d.hub);
	return rc;
}
