/* SPDX-License-Identifier: BSD-3-Clause */
/* tap = "NAME" of ports and tunnels: an interface of the kernel. */
#include <errno.h>
#include <string.h>

#include "config/config_priv.h"

CONFIG_FIELD_READER(tap)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	const char *text = config_text_of(r, s, "a string");
	char shown[CONFIG_SHOWN_MAX];
	size_t n;

	if (text == NULL)
		return -EINVAL;
	n = strspn(text, letters);
	if (n == 0 || text[n] != '\0' || n > CONFIG_TAP_MAX || text[0] == '.')
		return config_fail_at(r, s,
			"%s is \"%s\"; expected a name for an interface: 1..%u letters, digits, "
			"dots, dashes and underscores",
			f->name, config_shown(text, shown), CONFIG_TAP_MAX);
	memcpy(member, text, n + 1);
	return 0;
}

struct use {
	const char *tap;
	const struct config_place *place;
};

static struct use use_at(const struct config *c, unsigned i)
{
	if (i < c->n_ports)
		return (struct use){c->ports[i].tap, &c->ports[i].place};
	i -= c->n_ports;
	return (struct use){c->tunnels[i].tap, &c->tunnels[i].place};
}

int config_check_taps(const struct config *c, struct error *err)
{
	for (unsigned i = 0; i < c->n_ports + c->n_tunnels; i++) {
		struct use younger = use_at(c, i), elder;

		for (unsigned k = 0; k < i && younger.tap[0] != '\0'; k++) {
			elder = use_at(c, k);
			if (strcmp(elder.tap, younger.tap) == 0)
				return config_fail(err, younger.place,
					"tap %s was given before, in %s:%u", younger.tap,
					elder.place->file, elder.place->line);
		}
	}
	return 0;
}
