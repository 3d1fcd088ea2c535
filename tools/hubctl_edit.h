/* SPDX-License-Identifier: BSD-3-Clause */
/* dmvpn-hubctl's command line on a terminal: libedit, with words that the hub knows. */
#ifndef TOOLS_HUBCTL_EDIT_H
#define TOOLS_HUBCTL_EDIT_H

#include <stddef.h>

/**
 * What may come after a line, one word a line, those in angle brackets to be filled in.
 * @return to be freed, or NULL if the line is wrong or the hub gone
 */
typedef char *(*hubctl_expected_fn)(void *ctx, const char *line);

struct hubctl_edit;

/** @return NULL without memory or terminal */
struct hubctl_edit *hubctl_edit_open(const char *prompt, hubctl_expected_fn expected, void *ctx);

/** The next line, without its end; valid until the next call. NULL: there is none. */
const char *hubctl_edit_line(struct hubctl_edit *e);

/** Give the terminal back as it was. */
void hubctl_edit_close(struct hubctl_edit *e);

#endif
