/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/config_priv.h"

static void place_line(
	char *line, size_t size, const struct config_place *at, const char *fmt, va_list ap)
{
	int n = at->line == 0 ? snprintf(line, size, "%s: ", at->file)
			      : snprintf(line, size, "%s:%u: ", at->file, at->line);

	if (n >= 0 && (size_t)n < size)
		vsnprintf(line + n, size - (size_t)n, fmt, ap);
}

int config_fail(struct error *err, const struct config_place *at, const char *fmt, ...)
{
	char line[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	place_line(line, sizeof(line), at, fmt, ap);
	va_end(ap);
	return error_set(err, EINVAL, "%s", line);
}

int config_fail_at(struct config_reader *r, const config_setting_t *s, const char *fmt, ...)
{
	struct config_place at = config_place_of(r, s);
	char line[sizeof(r->err->text)];
	va_list ap;

	va_start(ap, fmt);
	place_line(line, sizeof(line), &at, fmt, ap);
	va_end(ap);
	return error_set(r->err, EINVAL, "%s", line);
}

void config_warn(const struct config_env *env, const struct config_place *at, const char *fmt, ...)
{
	char line[sizeof(((struct error *)0)->text)];
	va_list ap;

	if (env->warn == NULL)
		return;
	va_start(ap, fmt);
	place_line(line, sizeof(line), at, fmt, ap);
	va_end(ap);
	env->warn(env->ctx, line);
}

int config_no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "not enough memory to read the configuration");
}

static bool might_be_key(const char *value)
{
	size_t digits;

	if (value[0] == '0' && (value[1] == 'x' || value[1] == 'X'))
		value += 2;
	digits = strspn(value, "0123456789abcdefABCDEF");
	return digits >= 16;
}

const char *config_shown(const char *value, char buf[CONFIG_SHOWN_MAX])
{
	size_t n = 0;

	if (might_be_key(value)) {
		strcpy(buf, "(hidden)");
		return buf;
	}
	for (; value[n] != '\0' && n < CONFIG_SHOWN_MAX - 4; n++)
		buf[n] = isprint((unsigned char)value[n]) ? value[n] : '?';
	strcpy(buf + n, value[n] == '\0' ? "" : "...");
	return buf;
}
