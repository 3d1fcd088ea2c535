/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the way back: a configuration as text.
 *
 *	text       the whole; ports, tunnels, peers, filters, routes
 *	text_nhrp  nhrp, a tunnel's and the hub's
 *	text_rip   rip
 *	text_ike   ike
 *	text_word  words
 */
#ifndef CONFIG_TEXT_PRIV_H
#define CONFIG_TEXT_PRIV_H

#include <stdio.h>

#include "config/config_priv.h"

/* "true" or "false" */
const char *config_yes_no(bool b);
/* In quotes, with what libconfig wants escaped. */
void config_put_string(FILE *f, const char *s);
/* name = [ "a", "b" ]; */
void config_put_strings(FILE *f, const char *name, char *const *strings, unsigned n);

/* name = ( ... ); of n things, each as put_one() writes it, with the line break before it. */
#define CONFIG_PUT_LIST(f, indent, name, things, n, put_one)                                       \
	do {                                                                                       \
		fputs(indent name " = (", (f));                                                    \
		for (unsigned i_ = 0; i_ < (n); i_++) {                                            \
			fputs(i_ > 0 ? "," : "", (f));                                             \
			put_one((f), &(things)[i_]);                                               \
		}                                                                                  \
		fputs((n) > 0 ? "\n" indent ");\n" : " );\n", (f));                                \
	} while (0)

void config_put_ike(FILE *f, const struct config_ike *ike);

#endif
