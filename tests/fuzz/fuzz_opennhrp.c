/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer target: any octets as a line of opennhrpctl's protocol. */
#include <stdlib.h>
#include <string.h>

#include "control/opennhrp_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[OPENNHRP_LINE_MAX];
	struct opennhrp_line l;
	struct opennhrp_refusal why;

	if (size >= sizeof(text) || memchr(data, 0, size) != NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	memset(&why, 0, sizeof(why));
	if (opennhrp_line_parse(text, &l, &why) < 0) {
		check(why.status != NULL && why.reason != NULL);
		check(strlen(why.near) <= OPENNHRP_WORD_MAX);
		return 0;
	}
	check(l.protocol.len <= 32 && l.verb <= OPENNHRP_INTERFACE_SHOW);
	check(strlen(l.interface) <= OPENNHRP_WORD_MAX);
	return 0;
}
