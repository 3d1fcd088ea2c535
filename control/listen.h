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

#endif
