/* SPDX-License-Identifier: BSD-3-Clause */
/* A Unix socket that the hub listens on, its clients, and the event loop that serves them. */
#ifndef TESTS_CONTROL_LISTENING_H
#define TESTS_CONTROL_LISTENING_H

#include <event2/event.h>

struct listening {
	struct event_base *base;
	int fd;
	char folder[32], path[64]; /* of the socket, alone in it */
};
extern struct listening listening;

/** After world_open(): listen in a folder of the test's own, as for this setting. */
void listening_open(const char *setting);

/** Once nothing is served any more; ends the world, too. */
void listening_close(void);

/** @return a client that does not block; the server has not seen it yet */
int listening_connect(void);

#endif
