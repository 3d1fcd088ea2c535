/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * opennhrpctl's line protocol, for scripts and tools that were written for OpenNHRP: a Unix stream
 * socket, one line with a command, an answer of lines "Key: value", and the connection is closed.
 *
 *	[cache] show|flush|purge [SELECTOR]...    cache lowerdown [SELECTOR]...
 *	redirect purge [ADDRESS[/LENGTH]]         interface show
 *
 * Flush, purge and lowerdown end bindings (lowerdown: leases only) and purge who was told of them;
 * static ones stay. Long work and long answers are done in pieces. Main thread.
 */
#ifndef CONTROL_OPENNHRP_H
#define CONTROL_OPENNHRP_H

#include "common/error.h"

#define OPENNHRP_CLIENTS_MAX 64
#define OPENNHRP_TIMEOUT_S   10 /* to ask, and to read on */

struct hub;
struct opennhrp;
struct event_base;

/* Serve clients of a listening descriptor, which stays the caller's. @return NULL with err */
struct opennhrp *opennhrp_create(
	struct hub *h, struct event_base *base, int listener, struct error *err);

/* Close all clients and free. NULL is allowed. */
void opennhrp_destroy(struct opennhrp *o);

#endif
