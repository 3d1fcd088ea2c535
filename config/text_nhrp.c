/* SPDX-License-Identifier: BSD-3-Clause */
/* A tunnel's nhrp = { ... } as text. */
#include "config/text_priv.h"

static void put_maps(FILE *f, const struct config_nhrp *c)
{
	char p[IP_PREFIX_STRLEN], a[IP_ADDR_STRLEN];

	fputs("\t\t\tmaps = (", f);
	for (unsigned i = 0; i < c->n_maps; i++)
		fprintf(f,
			"%s\n\t\t\t\t{ prefix = \"%s\"; nbma = \"%s\"; register = %s; unique = %s; "
			"cisco = %s; }",
			i > 0 ? "," : "", ip_prefix_str(&c->maps[i].prefix, p),
			ip_addr_str(&c->maps[i].nbma, a), config_yes_no(c->maps[i].registers),
			config_yes_no(c->maps[i].unique), config_yes_no(c->maps[i].cisco));
	fputs(c->n_maps > 0 ? "\n\t\t\t);\n" : " );\n", f);
}

static void put_servers(FILE *f, const struct config_nhrp *c)
{
	char a[IP_ADDR_STRLEN];

	fputs("\t\t\tnhs = (", f);
	for (unsigned i = 0; i < c->n_nhs; i++) {
		fprintf(f, "%s\n\t\t\t\t{ ", i > 0 ? "," : "");
		if (c->nhs[i].address.family != 0)
			fprintf(f, "address = \"%s\"; ", ip_addr_str(&c->nhs[i].address, a));
		fprintf(f, "nbma = \"%s\"; unique = %s; cisco = %s; }",
			ip_addr_str(&c->nhs[i].nbma, a), config_yes_no(c->nhs[i].unique),
			config_yes_no(c->nhs[i].cisco));
	}
	fputs(c->n_nhs > 0 ? "\n\t\t\t);\n" : " );\n", f);
}

static void put_targets(FILE *f, const struct config_nhrp *c)
{
	char p[IP_PREFIX_STRLEN];

	fputs("\t\t\tshortcut_targets = (", f);
	for (unsigned i = 0; i < c->n_targets; i++) {
		fprintf(f, "%s\n\t\t\t\t{ prefix = \"%s\"; ", i > 0 ? "," : "",
			ip_prefix_str(&c->targets[i].prefix, p));
		if (c->targets[i].holding_time != 0)
			fprintf(f, "holding_time = %u; ", c->targets[i].holding_time);
		fputc('}', f);
	}
	fputs(c->n_targets > 0 ? "\n\t\t\t);\n" : " );\n", f);
}

static void put_multicast(FILE *f, const struct config_nhrp *c)
{
	char a[IP_ADDR_STRLEN];
	const char *mark = " ";

	fputs("\t\t\tmulticast = [", f);
	if (c->multicast_dynamic) {
		fputs(" \"dynamic\"", f);
		mark = ", ";
	}
	if (c->multicast_nhs) {
		fprintf(f, "%s\"nhs\"", mark);
		mark = ", ";
	}
	for (unsigned i = 0; i < c->n_multicast; i++, mark = ", ")
		fprintf(f, "%s\"%s\"", mark, ip_addr_str(&c->multicast[i], a));
	fputs(" ];\n", f);
}

void config_put_nhrp_limits(FILE *f, const struct config_nhrp_limits *c)
{
	fprintf(f,
		"nhrp = { redirects_per_second = %u; requesters_per_lease = %u; pending_per_peer = "
		"%u; probe_time = %u;",
		c->redirects_per_second, c->requesters_per_lease, c->pending_per_peer,
		c->probe_time);
	if (c->leases != NULL) {
		fputs(" leases = ", f);
		config_put_string(f, c->leases);
		fputc(';', f);
	}
	fputs(" };\n", f);
}

void config_put_nhrp(FILE *f, const struct config_nhrp *c)
{
	char p[IP_PREFIX_STRLEN];

	fprintf(f, "\t\tnhrp = {\n\t\t\tholding_time = %u;\n\t\t\tholding_time_max = %u;\n",
		c->holding_time, c->holding_time_max);
	if (c->authentication[0] != '\0')
		fputs("\t\t\tauthentication = \"(hidden)\";\n", f);
	if (c->network_id != 0)
		fprintf(f, "\t\t\tnetwork_id = %u;\n", c->network_id);
	fprintf(f,
		"\t\t\tshortcut = %s;\n\t\t\tnon_caching = %s;\n\t\t\tunique = \"%s\";\n"
		"\t\t\tanswer_registered = %s;\n\t\t\terror_padding = %s;\n",
		config_yes_no(c->shortcut), config_yes_no(c->non_caching),
		config_unique_name(c->unique), config_yes_no(c->answer_registered),
		config_yes_no(c->error_padding));
	put_multicast(f, c);
	put_maps(f, c);
	put_servers(f, c);
	put_targets(f, c);
	fputs("\t\t\tshortcut_destinations = [", f);
	for (unsigned i = 0; i < c->n_destinations; i++)
		fprintf(f, "%s \"%s\"", i > 0 ? "," : "", c->destinations[i].port);
	fputs(" ];\n\t\t\tallowed = [", f);
	for (unsigned i = 0; i < c->n_allowed; i++)
		fprintf(f, "%s \"%s\"", i > 0 ? "," : "", ip_prefix_str(&c->allowed[i], p));
	fprintf(f,
		" ];\n\t\t\tprefix_min = %u;\n\t\t\tnetworks_per_peer = %u;\n\t\t\tcies_max = "
		"%u;\n\t\t};\n",
		c->prefix_min, c->networks_per_peer, c->cies_max);
}
