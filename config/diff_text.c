/* SPDX-License-Identifier: BSD-3-Clause */
/* A difference in words: what people are shown, and what of it needs a restart of the hub. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"
#include "config/diff.h"

static char *object_text(const struct config *c, const struct config_change *change, bool was)
{
	return config_object_text(c, change->kind, was ? change->tunnel_was : change->tunnel_is,
		was ? change->was : change->is);
}

/* The next line of a text that is no longer there in another; NULL at the end. */
static const char *next_line(const char **at, size_t *len)
{
	const char *line = *at;

	while (*line == '\n')
		line++;
	if (*line == '\0')
		return NULL;
	*len = strcspn(line, "\n");
	*at = line + *len;
	return line;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	const char *other;
	size_t n;

	while ((other = next_line(&text, &n)) != NULL)
		if (n == len && memcmp(other, line, n) == 0)
			return true;
	return false;
}

static unsigned put_lines(FILE *f, char sign, const char *text, const char *other)
{
	const char *line;
	unsigned n_lines = 0;
	size_t len;

	while ((line = next_line(&text, &len)) != NULL)
		if (!has_line(other, line, len)) {
			fprintf(f, "%c%.*s\n", sign, (int)len, line);
			n_lines++;
		}
	return n_lines;
}

static void put_peer_name(
	FILE *f, const struct config *c, uint32_t tunnel, const struct config_peer *p)
{
	char a[IP_ADDR_STRLEN];

	if (p->address.family != 0)
		fprintf(f, "%s at ", ip_addr_str(&p->address, a));
	fputs(ip_addr_str(&p->nbma, a), f);
	if (p->nat_port != 0)
		fprintf(f, ":%u", p->nat_port);
	fprintf(f, " in tunnel %s", c->tunnels[tunnel].name);
}

static void put_name(FILE *f, const struct config *c, const struct config_change *change, bool was)
{
	static const char *const kinds[CONFIG_KINDS] = {"settings", "port ", "filter ", "tunnel ",
		"peer ", "route ", "hooks", "rip", "ike"};
	uint32_t place = was ? change->was : change->is;
	char p[IP_PREFIX_STRLEN];

	fputs(kinds[change->kind], f);
	if (change->kind == CONFIG_KIND_PORT)
		fputs(c->ports[place].name, f);
	else if (change->kind == CONFIG_KIND_FILTER)
		fputs(c->filters[place].name, f);
	else if (change->kind == CONFIG_KIND_TUNNEL)
		fputs(c->tunnels[place].name, f);
	else if (change->kind == CONFIG_KIND_ROUTE)
		fputs(ip_prefix_str(&c->routes[place].prefix, p), f);
	else if (change->kind == CONFIG_KIND_PEER)
		put_peer_name(f, c, was ? change->tunnel_was : change->tunnel_is,
			&c->tunnels[was ? change->tunnel_was : change->tunnel_is].peers[place]);
}

/* Groups that the file may have or not are in place 0 of both. */
static const char *verb(const struct config_diff *d, const struct config_change *c)
{
	bool was = c->was != CONFIG_NONE, is = c->is != CONFIG_NONE;

	if (c->kind == CONFIG_KIND_RIP) {
		was = d->was->rip != NULL;
		is = d->is->rip != NULL;
	} else if (c->kind == CONFIG_KIND_IKE) {
		was = d->was->ike != NULL;
		is = d->is->ike != NULL;
	}
	return !was ? "added" : !is ? "removed" : "changed";
}

static int put_change(FILE *f, const struct config_diff *d, const struct config_change *c)
{
	char *was = object_text(d->was, c, true), *is = object_text(d->is, c, false);
	int rc = was == NULL || is == NULL ? -ENOMEM : 0;

	if (rc == 0) {
		fprintf(f, "%s ", verb(d, c));
		put_name(f, c->is != CONFIG_NONE ? d->is : d->was, c, c->is == CONFIG_NONE);
		fputc('\n', f);
		if (put_lines(f, '-', was, is) + put_lines(f, '+', is, was) == 0)
			fputs(" another key, or another order\n", f);
	}
	free(was);
	free(is);
	return rc;
}

char *config_diff_text(const struct config_diff *d)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int rc = f == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < d->n_changes && rc == 0; i++)
		rc = put_change(f, d, &d->changes[i]);
	if (f != NULL && fclose(f) != 0)
		rc = -ENOMEM;
	if (rc == 0)
		return text;
	free(text);
	return NULL;
}

/* --- what needs a restart ----------------------------------------------------------------------
 */

struct names {
	FILE *f;
	unsigned n;
};

static void name(struct names *n, const char *before, const char *line, size_t len)
{
	while (len > 0 && (*line == '\t' || *line == ' ')) {
		line++;
		len--;
	}
	for (size_t i = 0; i < len; i++)
		if (line[i] == ' ' || line[i] == '=')
			len = i;
	fprintf(n->f, "%s%s%.*s", n->n++ > 0 ? ", " : "", before, (int)len, line);
}

/* Names of settings whose lines differ. */
static void name_lines(struct names *n, const char *before, const char *was, const char *is)
{
	const char *line, *at = is;
	size_t len;

	while ((line = next_line(&at, &len)) != NULL)
		if (!has_line(was, line, len))
			name(n, before, line, len);
	/* What the file has no more, if nothing stands in its place. */
	for (at = was; (line = next_line(&at, &len)) != NULL;) {
		size_t word = strcspn(line, "=");

		if (!has_line(is, line, len) && memmem(is, strlen(is), line, word) == NULL)
			name(n, before, line, len);
	}
}

static int name_settings(
	const struct config_diff *d, const struct config_change *c, struct names *n)
{
	/* There is room for more spokes than the file asks for, or the hub says that there is not.
	 */
	struct config was = *d->was, is = *d->is;
	char *a, *b;
	int rc = -ENOMEM;

	was.peers_max = is.peers_max = 0;
	was.shutdown = is.shutdown;
	memcpy(was.log, is.log, sizeof(was.log));
	a = object_text(&was, c, true);
	b = object_text(&is, c, false);
	if (a != NULL && b != NULL) {
		name_lines(n, "", a, b);
		rc = 0;
	}
	free(a);
	free(b);
	return rc;
}

/* A port may change where it has filters, and a LAN port its addresses. */
static int name_port(const struct config_diff *d, const struct config_change *c, struct names *n)
{
	struct config was = {.n_ports = 1}, is = {.n_ports = 1};
	struct config_change at = {.kind = c->kind};
	struct config_port a, b;
	char before[CONFIG_NAME_MAX + 16], *x, *y;
	int rc = -ENOMEM;

	if (c->was == CONFIG_NONE || c->is == CONFIG_NONE) {
		snprintf(before, sizeof(before), "port %s",
			c->was == CONFIG_NONE ? d->is->ports[c->is].name
					      : d->was->ports[c->was].name);
		name(n, before, "", 0);
		return 0;
	}
	a = d->was->ports[c->was];
	b = d->is->ports[c->is];
	memcpy(a.filter_in, b.filter_in, sizeof(a.filter_in));
	memcpy(a.filter_out, b.filter_out, sizeof(a.filter_out));
	if (a.lan && b.lan && a.tap[0] == '\0') {
		a.addresses = b.addresses;
		a.n_addresses = b.n_addresses;
	}
	was.ports = &a;
	is.ports = &b;
	snprintf(before, sizeof(before), "port %s ", a.name);
	x = object_text(&was, &at, true);
	y = object_text(&is, &at, false);
	if (x != NULL && y != NULL) {
		name_lines(n, before, x, y);
		rc = 0;
	}
	free(x);
	free(y);
	return rc;
}

/* A TAP is made when the hub starts, and not later. */
static void name_tap(const struct config_diff *d, const struct config_change *c, struct names *n)
{
	const struct config_tunnel *t =
		c->is == CONFIG_NONE ? &d->was->tunnels[c->was] : &d->is->tunnels[c->is];
	char before[CONFIG_NAME_MAX + 16];

	snprintf(before, sizeof(before), "tunnel %s ", t->name);
	if ((c->was == CONFIG_NONE || c->is == CONFIG_NONE) && t->tap[0] != '\0')
		name(n, before, "tap", 3);
}

static bool text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* charon reads these when it starts. */
static void name_ike(const struct config_diff *d, struct names *n)
{
	const struct config_ike *a = d->was->ike, *b = d->is->ike;

	if (a == NULL || b == NULL) {
		name(n, "ike", "", 0);
		return;
	}
	if (a->external != b->external)
		name(n, "ike.", "mode", 4);
	if (!text_equal(a->user, b->user))
		name(n, "ike.", "user", 4);
	if (!text_equal(a->directory, b->directory))
		name(n, "ike.", "directory", 9);
	if (!text_equal(a->plugin, b->plugin))
		name(n, "ike.", "plugin", 6);
	if (a->aggressive != b->aggressive)
		name(n, "ike.", "aggressive", 10);
}

static int name_change(const struct config_diff *d, const struct config_change *c, struct names *n)
{
	switch (c->kind) {
	case CONFIG_KIND_SETTINGS:
		return name_settings(d, c, n);
	case CONFIG_KIND_PORT:
		return name_port(d, c, n);
	case CONFIG_KIND_TUNNEL:
		name_tap(d, c, n);
		return 0;
	case CONFIG_KIND_IKE:
		name_ike(d, n);
		return 0;
	default:
		return 0;
	}
}

int config_diff_restart(struct config_diff *d)
{
	struct names n = {.f = NULL};
	char *text = NULL;
	size_t size;
	int rc = 0;

	n.f = open_memstream(&text, &size);
	if (n.f == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < d->n_changes && rc == 0; i++)
		rc = name_change(d, &d->changes[i], &n);
	if (fclose(n.f) != 0)
		rc = -ENOMEM;
	if (rc == 0 && n.n > 0)
		d->restart = text;
	else
		free(text);
	return rc;
}
