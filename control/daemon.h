/* SPDX-License-Identifier: BSD-3-Clause */
/* The running process: a hub, its event loop, its command line. Main thread. */
#ifndef CONTROL_DAEMON_H
#define CONTROL_DAEMON_H

#include "control/cli.h"
#include "control/hub.h"

struct daemon_params {
	struct config *config; /**< freed, whatever comes of it */
	const char *config_file;
	const unsigned *lcores;  /**< one for each worker */
	const cpu_set_t *cpus;   /**< of the process, before the EAL */
	struct stopwatch *watch; /**< since the process began */
	int listener;            /**< of hub_listen() */
	int show_listener;       /**< so; who may only ask */
	int events_listener;     /**< so; -1: no event stream */
	int opennhrp_listener;   /**< so; -1: none speaks to OpenNHRP's tools */
	int hook_helper;         /**< of hook_helper_start() */
	int keeper;              /**< of keeper_start(); -1: no state is kept */
	const char *state_path;  /**< for it */
	int former_state;        /**< of keeper_take(); 0: none. Closed */
	int former_keeper;       /**< so */
	bool start;              /**< forward at once */
	bool print_stats;        /**< testpmd's statistics block at the end, on stdout */
};

/**
 * Make the hub and serve until SIGTERM, SIGINT or `shutdown`. The EAL is up.
 * @return 0, or -errno with err
 */
int daemon_run(const struct daemon_params *p, struct error *err);

#endif
