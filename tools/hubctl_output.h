/* SPDX-License-Identifier: BSD-3-Clause */
/* Where an answer goes: `| include`, and a pager on a terminal. */
#ifndef TOOLS_HUBCTL_OUTPUT_H
#define TOOLS_HUBCTL_OUTPUT_H

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>

struct hubctl_output {
	FILE *to; /**< write the answer here */
	enum { HUBCTL_ALL, HUBCTL_INCLUDE, HUBCTL_EXCLUDE, HUBCTL_COUNT } filter;
	regex_t regex;
	char *text; /* of an answer that is filtered */
	size_t len;
	bool paged;
};

/**
 * Cut `| include|exclude|count REGEX` off a line, and open what the answer is written to.
 * @param page  on a terminal, by $PAGER
 * @return 0, or -1 and it was said why not
 */
int hubctl_output_open(struct hubctl_output *o, char *line, bool page);

void hubctl_output_close(struct hubctl_output *o);

#endif
