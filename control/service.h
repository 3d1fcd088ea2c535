/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the service manager hears (sd_notify(3)): ready, stopping, still alive. Without one nothing
 * happens. Main thread.
 */
#ifndef CONTROL_SERVICE_H
#define CONTROL_SERVICE_H

#include <stdint.h>

/** The hub forwards, or waits for `start`; status is one line for `systemctl status`. */
void service_ready(const char *status);

void service_stopping(void);

/** Call it each turn: the manager restarts a service that is silent for its WatchdogSec. */
void service_alive(uint64_t now_ms);

#endif
