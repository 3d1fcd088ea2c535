/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level log_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	log_level = level;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	static const char *const word[] = {"", "", "", "error: ", "warning: ", "", "", "debug: "};
	char line[1024];
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s%s\n", word[level], line);
	else
		fprintf(stderr, "<%d>%s%s\n", (int)level, word[level], line);
}
