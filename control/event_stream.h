/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens, on a Unix socket: one JSON object a line, for whoever is connected.
 *
 *	{"seq":17,"time":"2026-11-24T09:30:12.345Z","event":"peer-up","address":"10.255.0.11",...}
 *
 * Numbers have no gap as long as a client is connected. A client that does not read is cut off when
 * EVENT_STREAM_BEHIND octets wait for it, and that is counted and logged; nobody waits for a
 * client, and nothing it sends is looked at. Main thread.
 */
#ifndef CONTROL_EVENT_STREAM_H
#define CONTROL_EVENT_STREAM_H

#include <jansson.h>

#include "control/hook_priv.h"

#define EVENT_STREAM_CLIENTS 16
#define EVENT_STREAM_BEHIND  (1u << 20)

struct event_base;
struct event_stream;

struct event_stream_stats {
	uint64_t events;  /* that somebody was connected for */
	uint64_t clients; /* ever */
	uint64_t refused; /* more than EVENT_STREAM_CLIENTS */
	uint64_t dropped; /* did not read */
	unsigned now;
};

/*
 * Serve clients of a listening descriptor, which stays the caller's.
 * @return NULL with err
 */
struct event_stream *event_stream_create(struct event_base *base, int listener, struct error *err);

/* Close all clients and free. NULL is allowed. */
void event_stream_destroy(struct event_stream *s);

/* Send an event with these members, taken. s may be NULL: there is no stream. */
void event_stream_send(struct event_stream *s, const char *event, json_t *members);

/* The same for what hooks are for. Costs nothing if nobody is connected. */
void event_stream_hook(
	struct event_stream *s, enum config_hook_event event, const struct hub_hook_vars *vars);

const struct event_stream_stats *event_stream_stats(const struct event_stream *s);

#endif
