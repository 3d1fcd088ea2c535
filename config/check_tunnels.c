/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels and what is on their network: names, keys, sizes; networks of the overlay. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/check_priv.h"

static int by_tunnel_name(const void *a, const void *b)
{
	const struct config_tunnel *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order != 0 ? order : *x < *y ? -1 : *x > *y;
}

static int check_tunnel_names(struct config_check *k)
{
	unsigned n = k->c->n_tunnels;
	const struct config_tunnel **t = calloc(n + 1, sizeof(t[0]));
	int rc = 0;

	if (t == NULL)
		return config_no_memory(k->err);
	for (unsigned i = 0; i < n; i++)
		t[i] = &k->c->tunnels[i];
	qsort(t, n, sizeof(t[0]), by_tunnel_name);
	for (unsigned i = 1; i < n && rc == 0; i++)
		if (strcmp(t[i]->name, t[i - 1]->name) == 0)
			rc = config_fail(k->err, &t[i]->place,
				"tunnel %s was given before, in %s:%u", t[i]->name,
				t[i - 1]->place.file, t[i - 1]->place.line);
	free(t);
	return rc;
}

/* A network that the overlay table reaches by an interface: a tunnel's or a LAN port's. */
struct connected {
	struct ip_prefix net;
	const char *kind, *name;
	const struct config_place *place;
};

static bool prefixes_overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return ip_prefix_contains(a, &b->addr) || ip_prefix_contains(b, &a->addr);
}

static unsigned add_connected(struct config_entries *all, struct connected *at, const char *kind,
	const char *name, const struct ip_prefix *prefix, const struct config_place *place)
{
	*at = (struct connected){ip_prefix_network(prefix), kind, name, place};
	config_entries_add(all, config_host_order(&at->net.addr), place, at);
	return 1;
}

/* All of them, in the order of the text: ports first. Returns how many. */
static unsigned list_connected(
	const struct config *c, struct config_entries *all, struct connected *nets)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		for (unsigned j = 0; c->ports[i].lan && j < c->ports[i].n_addresses; j++)
			n += add_connected(all, &nets[n], "LAN port", c->ports[i].name,
				&c->ports[i].addresses[j], &c->ports[i].place);
	for (unsigned i = 0; i < c->n_tunnels; i++)
		n += add_connected(all, &nets[n], "tunnel", c->tunnels[i].name,
			&c->tunnels[i].address, &c->tunnels[i].place);
	return n;
}

/*
 * Prefixes nest or are apart. Sorted by where they start, one that overlaps any earlier one
 * overlaps the last one that was not inside another. One interface may have nested prefixes.
 */
static int check_connected(struct config_check *k)
{
	const struct config *c = k->c;
	char text[IP_PREFIX_STRLEN], other[IP_PREFIX_STRLEN];
	const struct connected *last = NULL;
	struct connected *nets;
	struct config_entries all;
	unsigned n = c->n_tunnels;
	int rc = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		n += c->ports[i].n_addresses;
	nets = calloc(n + 1, sizeof(nets[0]));
	if (config_entries_alloc(&all, n, k->err) < 0 || nets == NULL) {
		free(nets);
		free(all.at);
		return config_no_memory(k->err);
	}
	n = list_connected(c, &all, nets);
	config_entries_twin(&all);
	for (unsigned i = 0; i < n && rc == 0; i++) {
		const struct connected *a = all.at[i].what;

		if (last != NULL && prefixes_overlap(&last->net, &a->net)) {
			const struct connected *elder = a < last ? a : last;
			const struct connected *younger = a < last ? last : a;

			if (a->place != last->place)
				rc = config_fail(k->err, younger->place,
					"prefix %s of %s %s overlaps %s of %s %s, in %s:%u",
					ip_prefix_str(&younger->net, text), younger->kind,
					younger->name, ip_prefix_str(&elder->net, other),
					elder->kind, elder->name, elder->place->file,
					elder->place->line);
			if (last->net.len <= a->net.len)
				continue;
		}
		last = a;
	}
	free(nets);
	free(all.at);
	return rc;
}

/* A GRE packet finds its tunnel by outer address and key (RFC 2890), or by having no key. */
static int check_tunnel_keys(struct config_check *k, bool keyed)
{
	const struct config *c = k->c;
	const struct config_entry *twin;
	struct config_entries all;
	char text[64], address[IP_ADDR_STRLEN];
	int rc = 0;

	if (config_entries_alloc(&all, c->n_tunnels, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_tunnels; i++)
		if (c->tunnels[i].key_set == keyed)
			config_entries_add(&all,
				(uint64_t)config_host_order(&c->tunnels[i].nbma) << 32 |
					c->tunnels[i].key,
				&c->tunnels[i].place, &c->tunnels[i]);
	twin = config_entries_twin(&all);
	if (twin != NULL) {
		const struct config_tunnel *t = twin->what;

		snprintf(text, sizeof(text), keyed ? "%s with key %u" : "%s without a key",
			ip_addr_str(&t->nbma, address), t->key);
		rc = config_twice(k, twin, "a tunnel on", text);
	}
	free(all.at);
	return rc;
}

/*
 * The largest packet a tunnel makes, before UDP for a spoke behind a NAT: outer IP 20, ESP header
 * 8, IV 16, GRE and packet, trailer 2 with padding to 16, ICV 32 (RFC 4303 2, the widest suite).
 */
static unsigned outer_length(unsigned headers, unsigned inner)
{
	return 20 + 8 + 16 + ((inner + headers + 2 + 15) & ~15u) + 32;
}

static void warn_mtu(
	struct config_check *k, const struct config_tunnel *t, const struct config_port *p)
{
	unsigned gre = 4 + (t->key_set ? 4 : 0) + (t->checksum ? 4 : 0), udp = 0, fits = t->mtu;

	for (unsigned i = 0; i < t->n_peers && udp == 0; i++)
		udp = t->peers[i].nat_port != 0 ? 8 : 0;
	if (udp + outer_length(gre, t->mtu) <= p->mtu)
		return;
	while (fits > 0 && udp + outer_length(gre, fits) > p->mtu)
		fits--;
	config_warn(k->env, &t->place,
		"tunnel %s: a packet of mtu %u may grow to %u octets with GRE and ESP%s, port %s "
		"has mtu %u; mtu %u is sure to fit",
		t->name, t->mtu, udp + outer_length(gre, t->mtu), udp ? " in UDP" : "", p->name,
		p->mtu, fits);
}

int config_check_tunnels(struct config_check *k)
{
	char text[IP_ADDR_STRLEN];

	if (check_tunnel_names(k) < 0 || check_connected(k) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < k->c->n_tunnels; i++) {
		const struct config_tunnel *t = &k->c->tunnels[i];
		const struct config_entry *found =
			config_entries_find(&k->ports, config_host_order(&t->nbma));
		const struct config_port *port = found ? found->what : NULL;

		if (port == NULL)
			return config_fail(k->err, &t->place,
				"nbma %s of tunnel %s is no port's address; expected one of them",
				ip_addr_str(&t->nbma, text), t->name);
		if (port->lan)
			return config_fail(k->err, &t->place,
				"nbma %s of tunnel %s is an address of LAN port %s; expected an "
				"outer port's",
				ip_addr_str(&t->nbma, text), t->name, port->name);
		warn_mtu(k, t, port);
	}
	return check_tunnel_keys(k, true) < 0 ? -EINVAL : check_tunnel_keys(k, false);
}
