/* SPDX-License-Identifier: BSD-3-Clause */
/* Words of the text. */
#include <ctype.h>

#include "config/text_priv.h"

const char *config_yes_no(bool b)
{
	return b ? "true" : "false";
}

void config_put_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (isprint(c))
			fputc(c, f);
		else
			fprintf(f, "\\x%02x", c);
	}
	fputc('"', f);
}

void config_put_strings(FILE *f, const char *name, char *const *strings, unsigned n)
{
	fprintf(f, "%s = [ ", name);
	for (unsigned i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : "", f);
		config_put_string(f, strings[i]);
	}
	fputs(" ];\n", f);
}
