/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: any text as a configuration. What is accepted must come back from its own
 * text form, unless it has keys, which that form hides; what is refused must say why and where.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

static const struct config_suite suites[] = {
	{"aes128gcm16", 20, 0, false},
	{"aes128-sha1", 16, 20, false},
	{"3des-md5", 24, 16, true},
	{"null-sha1", 0, 20, true},
};

static const struct config_env env = {
	.suites = suites,
	.n_suites = sizeof(suites) / sizeof(suites[0]),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the string it has just read when a syntax error follows. */
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

static void round_trip(const struct config *c)
{
	char *text = config_text(c), *again;
	struct error err;
	struct config *copy;

	if (text == NULL)
		abort();
	copy = config_parse("text", text, &env, &err);
	if (copy == NULL && !c->keys_inline)
		abort();
	if (copy != NULL) {
		again = config_text(copy);
		if (again == NULL || strcmp(text, again) != 0)
			abort();
		free(again);
	}
	config_free(copy);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = {""};
	char *text = malloc(size + 1);
	struct config *c;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	c = config_parse("fuzz", text, &env, &err);
	if (c != NULL)
		round_trip(c);
	else if (strncmp(err.text, "fuzz:", 5) != 0)
		abort();
	config_free(c);
	free(text);
	return 0;
}
