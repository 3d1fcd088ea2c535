/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: one line an event, to stderr, with the level as systemd and logger(1) read it ("<4>...")
 * when stderr is not a terminal. Each subsystem has a level of its own, and each place in the code
 * that logs may do so only so often: what is over is counted, and told by log_turn(). Any thread
 * but a worker's. Never given a key.
 *
 * A file says what it is part of by `#define LOG_SUBSYSTEM LOG_IKE` before its includes.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR = 3, /**< numbers of syslog(3) */
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};
#define LOG_LEVELS 8 /**< those below LOG_LEVEL_ERROR have no name */

enum log_subsystem {
	LOG_HUB, /**< what has no other; its lines begin with no name */
	LOG_DPDK,
	LOG_PORT,
	LOG_NHRP,
	LOG_IKE,
	LOG_RIP,
	LOG_HOOK,
	LOG_CLI,
	LOG_SUBSYSTEMS
};

#ifndef LOG_SUBSYSTEM
#define LOG_SUBSYSTEM LOG_HUB
#endif

/** Lines that one place may write in LOG_WINDOW_MS. */
enum log_limit {
	LOG_FEW = 10,    /**< strangers cause them */
	LOG_SOME = 100,  /**< anything else */
	LOG_MANY = 1000, /**< somebody asked for them */
};
#define LOG_WINDOW_MS 10000
#define LOG_LINE_MAX  1024

/** A place that logs; by the macros below. */
struct log_site {
	enum log_subsystem subsystem;
	enum log_level level;
	unsigned limit; /**< lines in LOG_WINDOW_MS */
	unsigned lines; /**< in the window, those not written too */
	uint64_t begun; /**< the window, of log_turn()'s time */
	struct log_site *next;
	char last[256]; /**< that was not written */
};

/** "hub", "ike", ...; "error", "warning", "notice", "info", "debug". NULL: no name. */
extern const char *const log_subsystem_names[LOG_SUBSYSTEMS];
extern const char *const log_level_names[LOG_LEVELS];

/** Lines of a subsystem above this level are not written. At first LOG_LEVEL_INFO. */
void log_set_level(enum log_subsystem subsystem, enum log_level level);
enum log_level log_level(enum log_subsystem subsystem);

/** Tell of what was too much in windows that are over by now (ms, any clock). */
void log_turn(uint64_t now_ms);

/** Write one line, printf form, without a newline at its end. Control characters become dots. */
void log_write(struct log_site *site, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_at(level_, limit_, ...)                                                                \
	do {                                                                                       \
		static struct log_site log_site_ = {                                               \
			.subsystem = LOG_SUBSYSTEM, .level = (level_), .limit = (limit_)};         \
		log_write(&log_site_, __VA_ARGS__);                                                \
	} while (0)

#define log_error(...)   log_at(LOG_LEVEL_ERROR, LOG_SOME, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, LOG_SOME, __VA_ARGS__)
#define log_notice(...)  log_at(LOG_LEVEL_NOTICE, LOG_SOME, __VA_ARGS__)
#define log_info(...)    log_at(LOG_LEVEL_INFO, LOG_SOME, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_LEVEL_DEBUG, LOG_MANY, __VA_ARGS__)
/** What spokes and strangers do wrong. */
#define log_stranger(...) log_at(LOG_LEVEL_WARNING, LOG_FEW, __VA_ARGS__)

#endif
