/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases in a file, for a hub whose memory is gone. Main thread. */
#ifndef CONTROL_LEASES_H
#define CONTROL_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct hub;
struct hub_leases;

/* If the configuration names a file: hear of leases. Before the NHRP engine is made. */
int hub_leases_watch(struct hub *h, struct error *err);
/*
 * After it, with the peers of the configuration.
 * @param read  take the file's; a bad one is told in one line of the log, and that is all
 */
int hub_leases_create(struct hub *h, bool read, struct error *err);
/* Write what has changed, if it is time. */
void hub_leases_turn(struct hub *h);
/* The hub begins to end: write what has changed, and nothing later. */
void hub_leases_end(struct hub *h);
void hub_leases_destroy(struct hub *h);

/*
 * A file's octets -> what is remembered; all of it, or nothing.
 * @param now  milliseconds of CLOCK_REALTIME
 * @return 0 or -errno with err
 */
int hub_leases_parse(
	struct hub_leases *l, const char *text, size_t len, uint64_t now, struct error *err);
void hub_leases_forget(struct hub_leases *l);

#endif
