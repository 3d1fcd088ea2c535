/* SPDX-License-Identifier: BSD-3-Clause */
/* A live view: ports and the busiest spokes with their rates, drawn anew each period. */
#ifndef TOOLS_HUBCTL_WATCH_H
#define TOOLS_HUBCTL_WATCH_H

/* Ask the hub. @return its answer, which is freed by the caller; NULL: it is gone, or refused */
typedef char *(*hubctl_ask_fn)(void *ctx, const char *line);

/* Until the hub is gone or a signal ends the process. @return exit code */
int hubctl_watch(unsigned seconds, hubctl_ask_fn ask, void *ctx);

#endif
