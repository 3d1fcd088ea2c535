/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who has the descriptor of the hub's state while no hub runs: systemd, if it is the hub's service
 * manager and keeps descriptors (FileDescriptorStoreMax=), or else a process of our own. That one
 * is started by the hub, does nothing, ends soon if no other hub comes, and gives the state only to
 * the hub's user. Main thread.
 */
#ifndef CONTROL_KEEPER_H
#define CONTROL_KEEPER_H

#include "common/error.h"

/** Seconds that a state is kept for a hub that does not come. */
#define KEEPER_SECONDS 120

/**
 * Start the process, before there are keys in memory that it would have a copy of.
 * @return its socket; 0: systemd is asked instead; or -errno
 */
int keeper_start(struct error *err);

/**
 * The state that the last hub left.
 * @param path  of the socket where a keeper would have it
 * @param[out] from  for keeper_taken()
 * @return a descriptor; 0: there is none; -EBUSY: another hub runs with it
 */
int keeper_take(const char *path, int *from, struct error *err);

/** What was taken is not needed any more: this hub has a state of its own, and it is kept. */
void keeper_taken(int from);

/**
 * Keep a state, in place of any other.
 * @param keeper  of keeper_start()
 * @return 0 or -errno
 */
int keeper_keep(int keeper, const char *path, int fd, struct error *err);

/** The hub ends, and nobody is to go on with its state. */
void keeper_drop(int keeper);

#endif
