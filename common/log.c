/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

const char *const log_subsystem_names[LOG_SUBSYSTEMS] = {
	[LOG_HUB] = "hub",
	[LOG_DPDK] = "dpdk",
	[LOG_PORT] = "port",
	[LOG_NHRP] = "nhrp",
	[LOG_IKE] = "ike",
	[LOG_RIP] = "rip",
	[LOG_HOOK] = "hook",
	[LOG_CLI] = "cli",
};

const char *const log_level_names[LOG_LEVELS] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over all that follows, and the sites */
static enum log_level levels[LOG_SUBSYSTEMS] = {[0 ... LOG_SUBSYSTEMS - 1] = LOG_LEVEL_INFO};
static struct log_site *too_much; /* sites that have lines to tell of */
static uint64_t now;              /* ms */

void log_set_level(enum log_subsystem subsystem, enum log_level level)
{
	pthread_mutex_lock(&lock);
	levels[subsystem] = level;
	pthread_mutex_unlock(&lock);
}

enum log_level log_level(enum log_subsystem subsystem)
{
	enum log_level level;

	pthread_mutex_lock(&lock);
	level = levels[subsystem];
	pthread_mutex_unlock(&lock);
	return level;
}

static void put(enum log_subsystem subsystem, enum log_level level, const char *line)
{
	const char *name = subsystem == LOG_HUB ? "" : log_subsystem_names[subsystem];
	const char *colon = subsystem == LOG_HUB ? "" : ": ";

	if (!isatty(STDERR_FILENO))
		fprintf(stderr, "<%d>%s%s%s\n", (int)level, name, colon, line);
	else if (level == LOG_LEVEL_NOTICE || level == LOG_LEVEL_INFO)
		fprintf(stderr, "%s%s%s\n", name, colon, line);
	else
		fprintf(stderr, "%s: %s%s%s\n", log_level_names[level], name, colon, line);
}

/* A site's window is over: tell of what was too much in it. It is no longer in the list. */
static void window_end(struct log_site *s)
{
	char line[LOG_LINE_MAX];

	snprintf(line, sizeof(line), "%s (and %u more of these in %u s)", s->last,
		s->lines - s->limit - 1, LOG_WINDOW_MS / 1000);
	put(s->subsystem, s->level, line);
	s->lines = 0;
}

void log_turn(uint64_t now_ms)
{
	pthread_mutex_lock(&lock);
	now = now_ms;
	for (struct log_site **at = &too_much; *at != NULL;) {
		struct log_site *s = *at;

		if (now - s->begun < LOG_WINDOW_MS) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		window_end(s);
	}
	pthread_mutex_unlock(&lock);
}

static void write_locked(struct log_site *s, const char *line)
{
	/* One that has lines to tell of waits for log_turn(). */
	if (s->lines <= s->limit && now - s->begun >= LOG_WINDOW_MS) {
		s->begun = now;
		s->lines = 0;
	}
	if (s->lines++ < s->limit) {
		put(s->subsystem, s->level, line);
		return;
	}
	snprintf(s->last, sizeof(s->last), "%.*s", (int)sizeof(s->last) - 1, line);
	if (s->lines != s->limit + 1)
		return;
	s->next = too_much;
	too_much = s;
}

void log_write(struct log_site *site, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;

	if (site->level > log_level(site->subsystem))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* Some of it may be a stranger's text. */
	for (char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '.';
	pthread_mutex_lock(&lock);
	write_locked(site, line);
	pthread_mutex_unlock(&lock);
}
