/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose the process is. It may begin as root and become another user once it has what only root
 * gets; files and sockets are that user's from the start.
 */
#ifndef COMMON_USER_H
#define COMMON_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"

/**
 * Name who the process is to become. Once, before any thread.
 * @return 0; -EINVAL: no such user; -EPERM: another one than it is, and only root can do that
 */
int user_set(const char *name, struct error *err);

/** Was one named, and is not who it began as? */
bool user_changes(void);

/** Who it is to become, or is: effective user and group. */
uid_t user_uid(void);
gid_t user_gid(void);

/**
 * A process of one thread, without files of others, becomes that user and can gain nothing any
 * more. Nothing if none was named. @return 0 or -errno
 */
int user_become(void);

#endif
