/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process that runs scripts. It is forked before the EAL is up, and this is why:
 *
 *  - a fork of the hub would mark its memory copy-on-write. Workers would fault on every page, and
 * a device would go on writing to the old page while the hub reads the new one;
 *  - vfork and posix_spawn spare the pages, but stop the calling thread until the script's program
 * is loaded, and leave it the hub's descriptors (devices, memory files) and its CPU affinity;
 *  - here waiting, killing and reading of output stand apart from the thread that keeps the spokes.
 *
 * The two speak by a socket of messages. When the hub ends, however it ends, the helper kills what
 * runs and ends too.
 */
#ifndef CONTROL_HOOK_HELPER_H
#define CONTROL_HOOK_HELPER_H

#include <stdint.h>

#include "common/error.h"

#define HOOK_MESSAGE_MAX 4096 /* octets of a message */
#define HOOK_TEXT_MAX    200  /* characters of an output line; what is longer is cut */
#define HOOK_LINES_MAX   20   /* lines that are passed on of one script */
#define HOOK_RUNNING_MAX 8    /* scripts at once: the hub asks for no more */

/* To the helper. Behind it NUL-terminated: path, argument, NAME=VALUE... */
struct hook_request {
	uint64_t id;
	uint32_t timeout_ms;
	uint32_t zero;
	char strings[];
};

enum hook_reply_kind {
	HOOK_OUTPUT,  /* a line the script wrote, in text */
	HOOK_EXITED,  /* value: its exit code; 127 when it could not be started */
	HOOK_KILLED,  /* value: the signal that ended it */
	HOOK_TIMEOUT, /* it was ended because it took too long */
};

/* From the helper. An answer ends with one that is no HOOK_OUTPUT. */
struct hook_reply {
	uint64_t id;
	uint32_t kind;  /* enum hook_reply_kind */
	uint32_t value; /* as above */
	uint32_t lines; /* not passed on, at the end */
	uint32_t zero;
	char text[HOOK_TEXT_MAX + 1];
};

/*
 * Start the helper. Before the EAL and before any thread.
 * @return non-blocking SOCK_SEQPACKET socket to it, or -errno with err
 */
int hook_helper_start(struct error *err);

#endif
