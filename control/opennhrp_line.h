/* SPDX-License-Identifier: BSD-3-Clause */
/* A line of opennhrpctl's protocol -> what it asks for. Knows no hub. */
#ifndef CONTROL_OPENNHRP_LINE_H
#define CONTROL_OPENNHRP_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"

#define OPENNHRP_LINE_MAX 512 /* with its newline */
#define OPENNHRP_WORD_MAX 63

enum opennhrp_verb {
	OPENNHRP_SHOW,
	OPENNHRP_FLUSH,
	OPENNHRP_PURGE,
	OPENNHRP_LOWERDOWN,
	OPENNHRP_REDIRECT_PURGE,
	OPENNHRP_INTERFACE_SHOW,
};

struct opennhrp_line {
	enum opennhrp_verb verb;
	bool by_host;                                    /* names are not kept: nothing matches */
	char interface[OPENNHRP_WORD_MAX + 1];           /* "": any */
	struct ip_prefix protocol;                       /* family 0: any; without host bits */
	struct ip_addr nbma, local_nbma, local_protocol; /* so */
};

/* Why not, in the protocol's words. */
struct opennhrp_refusal {
	const char *status, *reason;
	char near[OPENNHRP_WORD_MAX + 1], argument[OPENNHRP_WORD_MAX + 1]; /* "": not told */
};

/* @param text  without its newline. @return 0, or -1 with *why */
int opennhrp_line_parse(const char *text, struct opennhrp_line *l, struct opennhrp_refusal *why);

#endif
