/* SPDX-License-Identifier: BSD-3-Clause */
/* log = { ... } */
#include <stddef.h>
#include <stdio.h>

#include "config/config_priv.h"

static int read_level(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, void *member)
{
	unsigned at = 0;
	int rc = config_read_word(r, s, f, log_level_names + LOG_LEVEL_ERROR,
		LOG_LEVELS - LOG_LEVEL_ERROR,
		"\"error\", \"warning\", \"notice\", \"info\" or \"debug\"", &at);

	*(enum log_level *)member = LOG_LEVEL_ERROR + at;
	return rc;
}

struct log_group {
	enum log_level global;
	enum log_level levels[LOG_SUBSYSTEMS]; /* 0: not given */
};

CONFIG_FIELD_READER(log)
{
	static const struct config_field fields[] = {
		{"global", read_level, offsetof(struct log_group, global), 0, 0, false},
		{"hub", read_level, offsetof(struct log_group, levels[LOG_HUB]), 0, 0, false},
		{"dpdk", read_level, offsetof(struct log_group, levels[LOG_DPDK]), 0, 0, false},
		{"port", read_level, offsetof(struct log_group, levels[LOG_PORT]), 0, 0, false},
		{"nhrp", read_level, offsetof(struct log_group, levels[LOG_NHRP]), 0, 0, false},
		{"ike", read_level, offsetof(struct log_group, levels[LOG_IKE]), 0, 0, false},
		{"rip", read_level, offsetof(struct log_group, levels[LOG_RIP]), 0, 0, false},
		{"hook", read_level, offsetof(struct log_group, levels[LOG_HOOK]), 0, 0, false},
		{"cli", read_level, offsetof(struct log_group, levels[LOG_CLI]), 0, 0, false},
	};
	struct log_group g = {.global = LOG_LEVEL_INFO};
	struct config *c = member;
	int rc = config_read_group(r, s, fields, sizeof(fields) / sizeof(fields[0]), &g);

	(void)f;
	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
		c->log[i] = g.levels[i] != 0 ? g.levels[i] : g.global;
	return rc;
}

void config_put_log(FILE *f, const enum log_level levels[LOG_SUBSYSTEMS])
{
	fputs("log = {\n", f);
	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
		fprintf(f, "\t%s = \"%s\";\n", log_subsystem_names[i], log_level_names[levels[i]]);
	fputs("};\n", f);
}
