/* SPDX-License-Identifier: BSD-3-Clause */
/* ike = { ... } as text to look at. Keys are not in it. */
#include <stdio.h>

#include "config/text_priv.h"

static void put_optional(FILE *f, const char *name, const char *value)
{
	if (value == NULL)
		return;
	fprintf(f, "\t%s = ", name);
	config_put_string(f, value);
	fputs(";\n", f);
}

static void put_psk(FILE *f, const struct config_psk *p)
{
	char a[IP_PREFIX_STRLEN];

	fputs("\n\t\t{ ", f);
	if (p->kind == CONFIG_PSK_PREFIX) {
		fprintf(f, "prefix = \"%s\"", ip_prefix_str(&p->prefix, a));
	} else {
		fputs("id = ", f);
		config_put_string(f, p->id);
	}
	fputs("; secret = \"(hidden)\"; ", f);
	if (p->tunnel_address.family != 0)
		fprintf(f, "tunnel_address = \"%s\"; ", ip_addr_str(&p->tunnel_address, a));
	if (p->tunnel[0] != '\0')
		fprintf(f, "tunnel = \"%s\"; ", p->tunnel);
	fputs("}", f);
}

static void put_certificates(FILE *f, const struct config_ike *ike)
{
	if (ike->certificate == NULL)
		return;
	fputs("\tcertificates = { certificate = ", f);
	config_put_string(f, ike->certificate);
	fputs("; key = ", f);
	config_put_string(f, ike->key);
	fputs("; ", f);
	config_put_strings(f, "ca", ike->ca, ike->n_ca);
	fputs("\t};\n", f);
}

void config_put_ike(FILE *f, const struct config_ike *ike)
{
	fprintf(f, "ike = {\n\tmode = \"%s\";\n", ike->external ? "external" : "child");
	put_optional(f, "user", ike->user);
	put_optional(f, "directory", ike->directory);
	put_optional(f, "plugin", ike->plugin);
	put_optional(f, "id", ike->id);
	put_optional(f, "include", ike->include);
	fprintf(f, "\tversions = [ %s%s%s ];\n", ike->v1 ? "1" : "", ike->v1 && ike->v2 ? ", " : "",
		ike->v2 ? "2" : "");
	fprintf(f,
		"\taggressive = %s;\n\tfragmentation = %s;\n\tnat_force = %s;\n\tdpd = %u;\n"
		"\tlifetimes = { ike = %u; esp = %u; megabytes = %u; };\n",
		config_yes_no(ike->aggressive), config_yes_no(ike->fragmentation),
		config_yes_no(ike->nat_force), ike->dpd, ike->life_ike, ike->life_esp,
		ike->life_megabytes);
	fputs("\t", f);
	config_put_strings(f, "proposals", ike->proposals, ike->n_proposals);
	fputs("\t", f);
	config_put_strings(f, "esp", ike->esp, ike->n_esp);
	put_certificates(f, ike);
	CONFIG_PUT_LIST(f, "\t", "psk", ike->psk, ike->n_psk, put_psk);
	fputs("};\n", f);
}
