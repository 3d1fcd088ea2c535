/* SPDX-License-Identifier: BSD-3-Clause */
/* rip = { ... } as text to look at. Keys are not in it. */
#include <stdio.h>
#include <time.h>

#include "config/text_priv.h"

static void put_word(FILE *f, const char *indent, const char *name, const char *word)
{
	if (word[0] != '\0')
		fprintf(f, "%s%s = \"%s\";\n", indent, name, word);
}

static void put_offset(
	FILE *f, const char *indent, const char *name, const struct config_rip_offset *o)
{
	if (o->metric == 0)
		return;
	fprintf(f, "%s%s = { metric = %u;", indent, name, o->metric);
	if (o->list[0] != '\0')
		fprintf(f, " prefix_list = \"%s\";", o->list);
	fputs(" };\n", f);
}

static void put_policy(FILE *f, const char *indent, const struct config_rip_policy *p)
{
	put_word(f, indent, "distribute_list_in", p->list_in);
	put_word(f, indent, "distribute_list_out", p->list_out);
	put_offset(f, indent, "offset_list_in", &p->offset_in);
	put_offset(f, indent, "offset_list_out", &p->offset_out);
}

static void put_networks(FILE *f, const struct config_rip *rip)
{
	char text[IP_PREFIX_STRLEN];

	fputs("\tnetwork = [ ", f);
	for (unsigned i = 0; i < rip->n_networks; i++) {
		const struct config_rip_network *n = &rip->networks[i];

		fprintf(f, "%s\"%s\"", i > 0 ? ", " : "",
			n->name[0] != '\0' ? n->name : ip_prefix_str(&n->prefix, text));
	}
	fputs(" ];\n\tneighbor = [ ", f);
	for (unsigned i = 0; i < rip->n_neighbors; i++)
		fprintf(f, "%s\"%s\"", i > 0 ? ", " : "",
			ip_addr_str(&rip->neighbors[i].address, text));
	fputs(" ];\n", f);
}

static void put_redistribute(FILE *f, const struct config_rip_redistribute *d)
{
	fprintf(f, "\n\t\t{ source = \"%s\"; metric = %u;", config_rip_source_name(d->source),
		d->metric);
	if (d->list[0] != '\0')
		fprintf(f, " prefix_list = \"%s\";", d->list);
	fputs(" }", f);
}

static void put_auth(FILE *f, const struct config_rip_auth *a)
{
	if (!a->set)
		return;
	fprintf(f, "\t\t\tauthentication = { mode = \"%s\";", config_rip_mode_name(a->mode));
	if (a->key_len > 0)
		fputs(" key = \"(hidden)\";", f);
	else
		fprintf(f, " key_chain = \"%s\";", a->key_chain);
	fprintf(f, " auth_length = \"%s\"; replay_check = %s; };\n",
		a->old_ripd_length ? "old-ripd" : "rfc", config_yes_no(a->replay_check));
}

static void put_interface(FILE *f, const struct config_rip_interface *i)
{
	fprintf(f, "\n\t\t{\n\t\t\tname = \"%s\";\n", i->name);
	if (i->split_horizon_set)
		fprintf(f, "\t\t\tsplit_horizon = \"%s\";\n",
			config_split_horizon_name(i->split_horizon));
	fprintf(f,
		"\t\t\tpassive = %s;\n\t\t\tnext_hop_self = %s;\n\t\t\tsuppress_own = %s;\n"
		"\t\t\treceive_v1 = %s;\n",
		config_yes_no(i->passive), config_yes_no(i->next_hop_self),
		config_yes_no(i->suppress_own), config_yes_no(i->receive_v1));
	if (i->accept_default_set)
		fprintf(f, "\t\t\taccept_default = %s;\n", config_yes_no(i->accept_default));
	if (i->accept_own_set)
		fprintf(f, "\t\t\taccept_own_networks = %s;\n", config_yes_no(i->accept_own));
	fprintf(f, "\t\t\tmaximum_prefix = %u;\n", i->max_prefixes);
	put_auth(f, &i->auth);
	put_policy(f, "\t\t\t", &i->policy);
	fputs("\t\t}", f);
}

static void put_rule(FILE *f, const struct config_rip_rule *r)
{
	char text[IP_PREFIX_STRLEN];

	fprintf(f, "\"%s %s", r->permit ? "permit" : "deny", ip_prefix_str(&r->prefix, text));
	if (r->ge != r->prefix.len)
		fprintf(f, " ge %u", r->ge);
	if (r->le != r->prefix.len)
		fprintf(f, " le %u", r->le);
	fputs("\"", f);
}

static void put_prefix_list(FILE *f, const struct config_prefix_list *l)
{
	fprintf(f, "\n\t\t{ name = \"%s\"; rules = (", l->name);
	for (unsigned i = 0; i < l->n_rules; i++) {
		fputs(i > 0 ? ", " : " ", f);
		put_rule(f, &l->rules[i]);
	}
	fputs(" ); }", f);
}

static void put_time(FILE *f, uint64_t t, uint64_t none, const char *always)
{
	char text[32];
	time_t seconds = (time_t)t;
	struct tm tm;

	if (t == none || gmtime_r(&seconds, &tm) == NULL)
		snprintf(text, sizeof(text), "%s", always);
	else
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(f, "\"%s\"", text);
}

static void put_lifetime(FILE *f, const char *name, const struct config_lifetime *l)
{
	fprintf(f, " %s = [ ", name);
	put_time(f, l->from, 0, "always");
	fputs(", ", f);
	put_time(f, l->to, UINT64_MAX, "infinite");
	fputs(" ];", f);
}

static void put_chain(FILE *f, const struct config_key_chain *c)
{
	fprintf(f, "\n\t\t{ name = \"%s\"; keys = (", c->name);
	for (unsigned i = 0; i < c->n_keys; i++) {
		const struct config_rip_key *k = &c->keys[i];

		fprintf(f, "%s\n\t\t\t{ id = %u; key = \"(hidden)\";", i > 0 ? "," : "", k->id);
		if (k->algorithm_set)
			fprintf(f, " algorithm = \"%s\";", config_rip_mode_name(k->algorithm));
		put_lifetime(f, "send_lifetime", &k->send);
		put_lifetime(f, "accept_lifetime", &k->accept);
		fputs(" }", f);
	}
	fputs("\n\t\t); }", f);
}

void config_rip_put(FILE *f, const struct config_rip *rip)
{
	fputs("rip = {\n", f);
	put_networks(f, rip);
	fprintf(f,
		"\ttimers = { update = %u; timeout = %u; garbage = %u; holddown = %u; };\n"
		"\tdistance = %u;\n\tecmp = %u;\n\tmax_routes = %u;\n",
		rip->update, rip->timeout, rip->garbage, rip->holddown, rip->distance, rip->ecmp,
		rip->max_routes);
	if (rip->default_information != 0)
		fprintf(f, "\tdefault_information = { originate = true; metric = %u; };\n",
			rip->default_information);
	CONFIG_PUT_LIST(
		f, "\t", "redistribute", rip->redistribute, rip->n_redistribute, put_redistribute);
	put_policy(f, "\t", &rip->policy);
	CONFIG_PUT_LIST(f, "\t", "interfaces", rip->interfaces, rip->n_interfaces, put_interface);
	CONFIG_PUT_LIST(
		f, "\t", "prefix_lists", rip->prefix_lists, rip->n_prefix_lists, put_prefix_list);
	CONFIG_PUT_LIST(f, "\t", "key_chains", rip->key_chains, rip->n_key_chains, put_chain);
	fputs("};\n", f);
}
