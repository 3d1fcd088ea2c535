/* SPDX-License-Identifier: BSD-3-Clause */
/* The way back: a configuration as text to look at. */
#include <stdio.h>
#include <stdlib.h>

#include "config/text_priv.h"

/* What a port and a tunnel both may have. */
static void put_names(FILE *f, const char *tap, const char *in, const char *out)
{
	if (tap[0] != '\0')
		fprintf(f, "\t\ttap = \"%s\";\n", tap);
	if (in[0] != '\0')
		fprintf(f, "\t\tfilter_in = \"%s\";\n", in);
	if (out[0] != '\0')
		fprintf(f, "\t\tfilter_out = \"%s\";\n", out);
}

static void put_port(FILE *f, const struct config_port *p)
{
	char a[IP_PREFIX_STRLEN], m[MAC_ADDR_STRLEN];

	fprintf(f, "\n\t{\n\t\tname = \"%s\";\n\t\trole = \"%s\";\n", p->name,
		p->lan ? "lan" : "outer");
	if (p->vlan != 0) {
		fprintf(f, "\t\tparent = \"%s\";\n\t\tvlan = %u", p->parent, p->vlan);
	} else {
		fputs("\t\tdevice = ", f);
		config_put_string(f, p->device);
	}
	fputs(";\n\t\taddresses = [ ", f);
	for (unsigned i = 0; i < p->n_addresses; i++)
		fprintf(f, "%s\"%s\"", i > 0 ? ", " : "", ip_prefix_str(&p->addresses[i], a));
	fputs(" ];\n", f);
	if (p->gateway.family != 0)
		fprintf(f, "\t\tgateway = \"%s\";\n", ip_addr_str(&p->gateway, a));
	if (p->mac_set)
		fprintf(f, "\t\tmac = \"%s\";\n", mac_addr_str(&p->mac, m));
	if (p->internet_exit)
		fputs("\t\tinternet_exit = true;\n", f);
	put_names(f, p->tap, p->filter_in, p->filter_out);
	fprintf(f, "\t\tmtu = %u;\n\t\tpromiscuous = %s;\n\t\tneighbors = (", p->mtu,
		config_yes_no(p->promiscuous));
	for (unsigned i = 0; i < p->n_neighbors; i++)
		fprintf(f, "%s\n\t\t\t{ address = \"%s\"; mac = \"%s\"; }", i > 0 ? "," : "",
			ip_addr_str(&p->neighbors[i].address, a),
			mac_addr_str(&p->neighbors[i].mac, m));
	fputs(p->n_neighbors > 0 ? "\n\t\t);\n\t}" : " );\n\t}", f);
}

static void put_sas(FILE *f, const char *name, const struct config_sa *sas, unsigned n, bool in)
{
	fprintf(f, "\t\t\t\t%s = (", name);
	for (unsigned i = 0; i < n; i++) {
		fprintf(f, "%s\n\t\t\t\t\t{ spi = 0x%08x; suite = ", i > 0 ? "," : "", sas[i].spi);
		config_put_string(f, sas[i].suite);
		fputs(sas[i].key_len > 0 ? "; key = \"(hidden)\"" : "", f);
		fputs(sas[i].auth_key_len > 0 ? "; auth_key = \"(hidden)\"" : "", f);
		if (in)
			fprintf(f, "; window = %u", sas[i].window);
		fprintf(f, "; esn = %s; }", config_yes_no(sas[i].esn));
	}
	fputs(n > 0 ? "\n\t\t\t\t);\n" : " );\n", f);
}

static void put_peer(FILE *f, const struct config_peer *p)
{
	char a[IP_ADDR_STRLEN];

	fputs("\n\t\t\t{\n", f);
	if (p->address.family != 0)
		fprintf(f, "\t\t\t\taddress = \"%s\";\n", ip_addr_str(&p->address, a));
	fprintf(f, "\t\t\t\tnbma = \"%s\";\n", ip_addr_str(&p->nbma, a));
	if (p->nat_port != 0)
		fprintf(f, "\t\t\t\tnat_port = %u;\n", p->nat_port);
	put_sas(f, "sa_in", p->sa_in, p->n_sa_in, true);
	put_sas(f, "sa_out", p->sa_out, p->n_sa_out, false);
	fputs("\t\t\t}", f);
}

/* Without its peers, and open at its end. */
static void put_tunnel_head(FILE *f, const struct config_tunnel *t)
{
	char a[IP_PREFIX_STRLEN];

	fprintf(f, "\n\t{\n\t\tname = \"%s\";\n", t->name);
	fprintf(f, "\t\taddress = \"%s\";\n", ip_prefix_str(&t->address, a));
	fprintf(f, "\t\tnbma = \"%s\";\n", ip_addr_str(&t->nbma, a));
	if (t->key_set)
		fprintf(f, "\t\tkey = %u;\n", t->key);
	fprintf(f, "\t\tmtu = %u;\n\t\tttl = %u;\n", t->mtu, t->ttl);
	fprintf(f,
		"\t\tchecksum = %s;\n\t\tredirect = %s;\n\t\trpf = \"%s\";\n\t\tadjust_mss = "
		"%u;\n\t\tdscp = ",
		config_yes_no(t->checksum), config_yes_no(t->redirect), config_rpf_name(t->rpf),
		t->adjust_mss);
	if (t->dscp_set)
		fprintf(f, "%u", t->dscp);
	else
		config_put_string(f, "copy");
	fprintf(f, ";\n\t\tdf = \"%s\";\n", config_df_name(t->df));
	put_names(f, t->tap, t->filter_in, t->filter_out);
	config_put_nhrp(f, &t->nhrp);
}

static void put_tunnel(FILE *f, const struct config_tunnel *t)
{
	put_tunnel_head(f, t);
	CONFIG_PUT_LIST(f, "\t\t", "peers", t->peers, t->n_peers, put_peer);
	fputs("\t}", f);
}

static void put_filter(FILE *f, const struct config_filter *filter)
{
	fprintf(f, "\n\t{\n\t\tname = \"%s\";\n\t\tdefault = \"%s\";\n\t\trules = (", filter->name,
		config_filter_action_name(filter->rest));
	for (unsigned i = 0; i < filter->n_rules; i++) {
		fputs(i > 0 ? ",\n\t\t\t" : "\n\t\t\t", f);
		config_filter_put_rule(f, &filter->rules[i]);
	}
	fputs(filter->n_rules > 0 ? "\n\t\t);\n\t}" : " );\n\t}", f);
}

static void put_route(FILE *f, const struct config_route *r)
{
	char p[IP_PREFIX_STRLEN], a[IP_ADDR_STRLEN];

	fprintf(f, "\n\t{ prefix = \"%s\"; ", ip_prefix_str(&r->prefix, p));
	if (r->blackhole)
		fputs("blackhole = true;", f);
	else
		fputs("via = (", f);
	for (unsigned i = 0; i < r->n_via; i++)
		fprintf(f, "%s \"%s\"", i > 0 ? "," : "", ip_addr_str(&r->via[i], a));
	fprintf(f, "%s distance = %u; tag = %u; }", r->blackhole ? "" : " );", r->distance, r->tag);
}

static void put_shutdown(FILE *f, const struct config *c)
{
	fprintf(f, "shutdown = { purge = %s; poison = %s; };\n", config_yes_no(c->shutdown.purge),
		config_yes_no(c->shutdown.poison));
}

static void put_socket(FILE *f, const char *group, const char *path)
{
	if (path == NULL)
		return;
	fprintf(f, "%s = { socket = ", group);
	config_put_string(f, path);
	fputs("; };\n", f);
}

static void put_settings(FILE *f, const struct config *c)
{
	fprintf(f, "workers = %u;\nburst = %u;\nidle = \"%s\";\nmbufs = %u;\npeers_max = %u;\n",
		c->workers, c->burst, config_idle_name(c->idle), c->mbufs, c->peers_max);
	config_put_nhrp_limits(f, &c->nhrp);
	fputs("control_socket = ", f);
	config_put_string(f, c->control_socket);
	fputs(";\n", f);
	config_put_strings(f, "eal", c->eal, c->n_eal);
}

static void put_hooks(FILE *f, const struct config *c)
{
	fputs("hooks = (", f);
	for (unsigned i = 0; i < c->n_hooks; i++) {
		fputs(i > 0 ? ",\n\t{ script = " : "\n\t{ script = ", f);
		config_put_string(f, c->hooks[i].script);
		fputs("; ", f);
		config_hook_put(f, &c->hooks[i]);
	}
	fputs(c->n_hooks > 0 ? "\n);\n" : " );\n", f);
}

static void put_object(
	FILE *f, const struct config *c, enum config_kind kind, uint32_t tunnel, uint32_t place)
{
	switch (kind) {
	case CONFIG_KIND_SETTINGS:
		put_settings(f, c);
		config_put_log(f, c->log);
		put_shutdown(f, c);
		put_socket(f, "events", c->events_socket);
		put_socket(f, "opennhrp", c->opennhrp_socket);
		break;
	case CONFIG_KIND_PORT:
		put_port(f, &c->ports[place]);
		break;
	case CONFIG_KIND_FILTER:
		put_filter(f, &c->filters[place]);
		break;
	case CONFIG_KIND_TUNNEL:
		put_tunnel_head(f, &c->tunnels[place]);
		break;
	case CONFIG_KIND_PEER:
		put_peer(f, &c->tunnels[tunnel].peers[place]);
		break;
	case CONFIG_KIND_ROUTE:
		put_route(f, &c->routes[place]);
		break;
	case CONFIG_KIND_HOOKS:
		put_hooks(f, c);
		break;
	case CONFIG_KIND_RIP:
		if (c->rip != NULL)
			config_rip_put(f, c->rip);
		break;
	case CONFIG_KIND_IKE:
		if (c->ike != NULL)
			config_put_ike(f, c->ike);
		break;
	case CONFIG_KINDS:
		break;
	}
}

char *config_object_text(
	const struct config *c, enum config_kind kind, uint32_t tunnel, uint32_t place)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return NULL;
	if (place != CONFIG_NONE)
		put_object(f, c, kind, tunnel, place);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

char *config_text(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool failed;

	if (f == NULL)
		return NULL;
	put_settings(f, c);
	CONFIG_PUT_LIST(f, "", "filters", c->filters, c->n_filters, put_filter);
	CONFIG_PUT_LIST(f, "", "ports", c->ports, c->n_ports, put_port);
	CONFIG_PUT_LIST(f, "", "tunnels", c->tunnels, c->n_tunnels, put_tunnel);
	CONFIG_PUT_LIST(f, "", "routes", c->routes, c->n_routes, put_route);
	put_hooks(f, c);
	config_put_log(f, c->log);
	put_shutdown(f, c);
	put_socket(f, "events", c->events_socket);
	put_socket(f, "opennhrp", c->opennhrp_socket);
	if (c->rip != NULL)
		config_rip_put(f, c->rip);
	if (c->ike != NULL)
		config_put_ike(f, c->ike);
	failed = ferror(f) != 0;
	if (fclose(f) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}
