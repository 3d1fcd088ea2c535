/* SPDX-License-Identifier: BSD-3-Clause */
/* What the hub may do once it has its devices, memory and sockets (common/user.h). */
#ifndef CONTROL_PRIVILEGE_H
#define CONTROL_PRIVILEGE_H

#include "common/error.h"

/**
 * Become the user that was named, and keep three capabilities: CAP_NET_ADMIN and CAP_NET_RAW for
 * TAPs and ports that are stopped and started, CAP_IPC_LOCK for memory that devices use. Threads
 * that there are by now (workers, the EAL's) keep none. Nothing if no user was named.
 * @param folder where the hub's sockets are: the user must be able to write there
 * @return 0 or -errno
 */
int privilege_drop(const char *folder, struct error *err);

#endif
