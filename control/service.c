/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/service.h"

#include <stdbool.h>

#include <systemd/sd-daemon.h>

/* Milliseconds between two signs of life; 0: nobody waits for one. */
static uint64_t interval_ms;
static uint64_t due_ms;

void service_ready(const char *status)
{
	uint64_t usec = 0;

	/* A third, so that a slow turn is not taken for a dead hub (sd_watchdog_enabled(3)). */
	if (sd_watchdog_enabled(false, &usec) > 0)
		interval_ms = usec / 3000 > 0 ? usec / 3000 : 1;
	due_ms = 0;
	sd_notifyf(false, "READY=1\nSTATUS=%s", status);
}

void service_stopping(void)
{
	sd_notify(false, "STOPPING=1\nSTATUS=stopping");
}

void service_alive(uint64_t now_ms)
{
	if (interval_ms == 0 || now_ms < due_ms)
		return;
	due_ms = now_ms + interval_ms;
	sd_notify(false, "WATCHDOG=1");
}
