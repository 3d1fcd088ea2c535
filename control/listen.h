/* SPDX-License-Identifier: BSD-3-Clause */
/* Unix stream sockets that the hub serves. Main thread. */
#ifndef CONTROL_LISTEN_H
#define CONTROL_LISTEN_H

#include "common/error.h"

/**
 * Listen on a socket of mode 0660. One that nobody answers on any more is replaced; a path that is
 * no socket is left alone. A missing folder is made.
 * @param setting  the configuration's name for it, for messages
 * @return descriptor, or -errno with err
 */
int hub_listen(const char *path, const char *setting, struct error *err);

/**
 * Give a socket to a group, if there is one of that name and the process is root.
 * @return 0 or -errno with err
 */
int hub_listen_group(const char *path, const char *name, struct error *err);

#endif
