/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A look at the text before libconfig 1.5 gets it, for what libconfig would misread or die of:
 * numbers cut to 32 bits, comments that never end, nesting that exhausts the stack, and included
 * files that are none (a directory ends the process in its scanner).
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

#define NESTING_MAX       16
#define INCLUDE_DEPTH_MAX 10 /* libconfig's own limit */
#define INCLUDE_NAME_MAX  1024

struct scan {
	struct config_document *doc;
	struct error *err;
	struct config_place at;
	const char *p;
	unsigned nesting;
	unsigned depth;  /* of included files */
	bool line_start; /* only blanks so far: @include may stand here */
};

static int scan_string(struct scan *s)
{
	struct config_place start = s->at;

	for (s->p++; *s->p != '"'; s->p++) {
		if (*s->p == '\\' && s->p[1] != '\0')
			s->p++;
		if (*s->p == '\n')
			s->at.line++;
		if (*s->p == '\0')
			return config_fail(s->err, &start, "string has no end; expected '\"'");
	}
	s->p++;
	return 0;
}

static int scan_comment(struct scan *s)
{
	struct config_place start = s->at;

	for (s->p += 2; strncmp(s->p, "*/", 2) != 0; s->p++) {
		if (*s->p == '\n')
			s->at.line++;
		if (*s->p == '\0')
			return config_fail(s->err, &start, "comment has no end; expected '*/'");
	}
	s->p += 2;
	return 0;
}

/* Every number of a configuration is a whole one from 0 to 2^32-1; libconfig wraps others. */
static int scan_number(struct scan *s)
{
	bool hex = s->p[0] == '0' && (s->p[1] == 'x' || s->p[1] == 'X');
	const char *start = s->p;
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(start, &end, hex ? 16 : 10);
	s->p = end;
	if (!hex && (*end == '.' || *end == 'e' || *end == 'E')) {
		/* The reader says that no float is expected, and names the setting. */
		strtod(start, &end);
		s->p = end;
	} else if (errno == ERANGE || v > UINT32_MAX) {
		return config_fail(s->err, &s->at, "number %.*s is too big; none here is above %u",
			end - start > 40 ? 40 : (int)(end - start), start, UINT32_MAX);
	}
	while (isalnum((unsigned char)*s->p))
		s->p++;
	return 0;
}

static int scan_include(struct scan *s)
{
	static const char word[] = "@include";
	char name[INCLUDE_NAME_MAX];
	const char *quote = s->p;
	size_t blanks = 0, n = 0;

	if (s->line_start && strncmp(s->p, word, strlen(word)) == 0) {
		blanks = strspn(s->p + strlen(word), " \t");
		quote = s->p + strlen(word) + blanks;
	}
	if (blanks > 0 && *quote == '"')
		n = strcspn(quote + 1, "\"\n\\");
	if (n == 0 || quote[1 + n] != '"')
		return config_fail(s->err, &s->at,
			"@ is not understood; expected @include \"FILE\" at the start of a line");
	if (n >= sizeof(name))
		return config_fail(s->err, &s->at, "name of the included file is too long");
	if (s->doc->dir == NULL)
		return config_fail(s->err, &s->at, "@include is not allowed in this text");
	if (s->depth == INCLUDE_DEPTH_MAX)
		return config_fail(s->err, &s->at, "files are included more than %u levels deep",
			INCLUDE_DEPTH_MAX);
	memcpy(name, quote + 1, n);
	name[n] = '\0';
	if (name[0] == '/')
		return config_fail(s->err, &s->at,
			"included file %s has an absolute path; expected one relative to the main "
			"file's folder, %s",
			name, s->doc->dir);
	s->p = quote + n + 2;
	return config_document_include(s->doc, name, &s->at, s->depth + 1, s->err);
}

static int scan_bracket(struct scan *s)
{
	if (strchr("([{", *s->p) == NULL)
		s->nesting -= s->nesting > 0;
	else if (++s->nesting > NESTING_MAX)
		return config_fail(s->err, &s->at, "brackets are nested more than %u levels deep",
			NESTING_MAX);
	s->p++;
	return 0;
}

/* Step over the token at s->p. */
static int scan_token(struct scan *s)
{
	unsigned char c = (unsigned char)*s->p;

	if (c == '"')
		return scan_string(s);
	if (c == '#' || (c == '/' && s->p[1] == '/')) {
		s->p += strcspn(s->p, "\n");
		return 0;
	}
	if (c == '/' && s->p[1] == '*')
		return scan_comment(s);
	if (c == '@')
		return scan_include(s);
	if (strchr("()[]{}", c) != NULL)
		return scan_bracket(s);
	if (isdigit(c))
		return scan_number(s);
	if (c == '-' && (isdigit((unsigned char)s->p[1]) || s->p[1] == '.'))
		return config_fail(s->err, &s->at,
			"negative number; every number of a configuration is 0 or more");
	if (isalpha(c) || c == '*')
		while (isalnum((unsigned char)*s->p) || (*s->p != '\0' && strchr("-_*", *s->p)))
			s->p++;
	else
		s->p++;
	return 0;
}

int config_scan(struct config_document *d, const char *file, const char *text, unsigned depth,
	struct error *err)
{
	struct scan s = {
		.doc = d,
		.err = err,
		.at = {.file = file, .line = 1},
		.p = text,
		.depth = depth,
		.line_start = true,
	};
	int rc;

	while (*s.p != '\0') {
		if (*s.p == '\n') {
			s.at.line++;
			s.line_start = true;
			s.p++;
		} else if (*s.p == ' ' || *s.p == '\t') {
			s.p++;
		} else {
			rc = scan_token(&s);
			if (rc < 0)
				return rc;
			s.line_start = false;
		}
	}
	return 0;
}
