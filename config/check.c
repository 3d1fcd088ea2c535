/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What only shows when everything is read: twins, and things that point at nothing. Twins are
 * found by sorting, for a hub has 100,000 peers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

/* A thing that must be there once: its number, the tie breaker and where it stands. */
struct entry {
	uint64_t key;
	unsigned order; /* in the text */
	const struct config_place *place;
	const void *what;
};

/* Entries of one kind, sorted once all are in. */
struct entries {
	struct entry *at;
	unsigned n;
};

struct check {
	const struct config *c;
	const struct config_env *env;
	struct error *err;
	struct entries ports; /* port addresses; what = struct config_port */
	struct entries peers; /* tunnel addresses of peers; what = struct config_peer */
};

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int entries_alloc(struct entries *e, size_t n, struct error *err)
{
	e->n = 0;
	e->at = calloc(n + 1, sizeof(e->at[0]));
	return e->at == NULL ? config_no_memory(err) : 0;
}

static void entries_add(
	struct entries *e, uint64_t key, const struct config_place *place, const void *what)
{
	e->at[e->n] = (struct entry){.key = key, .order = e->n, .place = place, .what = what};
	e->n++;
}

/* Sort. Returns the first twin in sorted order (its elder stands before it), or NULL. */
static const struct entry *entries_twin(struct entries *e)
{
	qsort(e->at, e->n, sizeof(e->at[0]), by_key);
	for (unsigned i = 1; i < e->n; i++)
		if (e->at[i].key == e->at[i - 1].key)
			return &e->at[i];
	return NULL;
}

static const struct entry *entries_find(const struct entries *e, uint64_t key)
{
	unsigned lo = 0, hi = e->n;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (e->at[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < e->n && e->at[lo].key == key ? &e->at[lo] : NULL;
}

static uint32_t host_order(const struct ip_addr *a)
{
	return ntohl(a->v4_be);
}

/* "hub.cfg:12" of the elder twin, for the younger one's message. */
static int twice(struct check *k, const struct entry *younger, const char *what, const char *value)
{
	const struct config_place *elder = younger[-1].place;

	return config_fail(k->err, younger->place, "%s %s was given before, in %s:%u", what, value,
		elder->file, elder->line);
}

static int check_port_names(struct check *k)
{
	const struct config_port *ports = k->c->ports;

	for (unsigned i = 0; i < k->c->n_ports; i++)
		for (unsigned j = 0; j < i; j++)
			if (strcmp(ports[i].name, ports[j].name) == 0)
				return config_fail(k->err, &ports[i].place,
					"port %s was given before, in %s:%u", ports[i].name,
					ports[j].place.file, ports[j].place.line);
	return 0;
}

static int check_port_addresses(struct check *k)
{
	const struct config *c = k->c;
	const struct entry *twin;
	char text[IP_ADDR_STRLEN];
	size_t n = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		n += c->ports[i].n_addresses;
	if (entries_alloc(&k->ports, n, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_ports; i++)
		for (unsigned j = 0; j < c->ports[i].n_addresses; j++)
			entries_add(&k->ports, host_order(&c->ports[i].addresses[j].addr),
				&c->ports[i].place, &c->ports[i]);
	twin = entries_twin(&k->ports);
	if (twin == NULL)
		return 0;
	inet_ntop(AF_INET, &(uint32_t){htonl((uint32_t)twin->key)}, text, sizeof(text));
	return twice(k, twin, "port address", text);
}

/* On the wire of this port and not the hub itself. */
static bool is_on_link(const struct config_port *p, const struct ip_addr *a)
{
	bool inside = false;

	for (unsigned i = 0; i < p->n_addresses; i++) {
		if (ip_addr_equal(&p->addresses[i].addr, a))
			return false;
		inside |= ip_prefix_contains(&p->addresses[i], a);
	}
	return inside;
}

static int check_gateways(struct check *k)
{
	const struct config_port *first = NULL;
	char text[IP_ADDR_STRLEN];

	for (unsigned i = 0; i < k->c->n_ports; i++) {
		const struct config_port *p = &k->c->ports[i];

		if (p->gateway.family == 0)
			continue;
		if (!is_on_link(p, &p->gateway))
			return config_fail(k->err, &p->place,
				"gateway %s of port %s is not a neighbor's address; expected one "
				"inside the prefix of one of its addresses",
				ip_addr_str(&p->gateway, text), p->name);
		if (first != NULL)
			return config_fail(k->err, &p->place,
				"port %s has a gateway and so has port %s, in %s:%u; expected one",
				p->name, first->name, first->place.file, first->place.line);
		first = p;
	}
	return 0;
}

static int check_neighbors(struct check *k, const struct config_port *p)
{
	struct entries all;
	const struct entry *twin;
	char text[IP_ADDR_STRLEN];
	int rc = 0;

	if (entries_alloc(&all, p->n_neighbors, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < p->n_neighbors && rc == 0; i++) {
		const struct config_neighbor *n = &p->neighbors[i];

		entries_add(&all, host_order(&n->address), &n->place, n);
		if (!is_on_link(p, &n->address))
			rc = config_fail(k->err, &n->place,
				"neighbor %s is not on port %s; expected an address inside the "
				"prefix of one of the port's addresses",
				ip_addr_str(&n->address, text), p->name);
	}
	twin = rc == 0 ? entries_twin(&all) : NULL;
	if (twin != NULL)
		rc = twice(k, twin, "neighbor",
			ip_addr_str(&((const struct config_neighbor *)twin->what)->address, text));
	free(all.at);
	return rc;
}

static int check_ports(struct check *k)
{
	if (check_port_names(k) < 0 || check_port_addresses(k) < 0 || check_gateways(k) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < k->c->n_ports; i++)
		if (check_neighbors(k, &k->c->ports[i]) < 0)
			return -EINVAL;
	return 0;
}

static int by_tunnel_name(const void *a, const void *b)
{
	const struct config_tunnel *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order != 0 ? order : *x < *y ? -1 : *x > *y;
}

static int check_tunnel_names(struct check *k)
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

static bool prefixes_overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return ip_prefix_contains(a, &b->addr) || ip_prefix_contains(b, &a->addr);
}

/*
 * Prefixes nest or are apart. Sorted by where they start, one that overlaps an earlier one also
 * overlaps its neighbour in that order, unless two earlier ones overlap already.
 */
static int check_tunnel_prefixes(struct check *k)
{
	const struct config *c = k->c;
	char text[IP_PREFIX_STRLEN], other[IP_PREFIX_STRLEN];
	struct entries all;
	int rc = 0;

	if (entries_alloc(&all, c->n_tunnels, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_tunnels; i++) {
		struct ip_prefix net = ip_prefix_network(&c->tunnels[i].address);

		entries_add(&all, host_order(&net.addr), &c->tunnels[i].place, &c->tunnels[i]);
	}
	entries_twin(&all);
	for (unsigned i = 1; i < all.n && rc == 0; i++) {
		const struct config_tunnel *a = all.at[i - 1].what, *b = all.at[i].what;
		const struct config_tunnel *elder = a < b ? a : b, *younger = a < b ? b : a;

		if (prefixes_overlap(&a->address, &b->address))
			rc = config_fail(k->err, &younger->place,
				"prefix %s of tunnel %s overlaps %s of tunnel %s, in %s:%u",
				ip_prefix_str(&younger->address, text), younger->name,
				ip_prefix_str(&elder->address, other), elder->name,
				elder->place.file, elder->place.line);
	}
	free(all.at);
	return rc;
}

/* A GRE packet finds its tunnel by outer address and key (RFC 2890), or by having no key. */
static int check_tunnel_keys(struct check *k, bool keyed)
{
	const struct config *c = k->c;
	const struct entry *twin;
	struct entries all;
	char text[64], address[IP_ADDR_STRLEN];
	int rc = 0;

	if (entries_alloc(&all, c->n_tunnels, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_tunnels; i++)
		if (c->tunnels[i].key_set == keyed)
			entries_add(&all,
				(uint64_t)host_order(&c->tunnels[i].nbma) << 32 | c->tunnels[i].key,
				&c->tunnels[i].place, &c->tunnels[i]);
	twin = entries_twin(&all);
	if (twin != NULL) {
		const struct config_tunnel *t = twin->what;

		snprintf(text, sizeof(text), keyed ? "%s with key %u" : "%s without a key",
			ip_addr_str(&t->nbma, address), t->key);
		rc = twice(k, twin, "a tunnel on", text);
	}
	free(all.at);
	return rc;
}

/*
 * The largest packet a tunnel makes: outer IP 20, GRE 4 to 12, ESP header 8, IV 16, trailer 2 with
 * padding to 16, ICV 32 (RFC 4303 2 with the widest suite).
 */
static unsigned outer_length(const struct config_tunnel *t, unsigned inner)
{
	unsigned gre = 4 + (t->key_set ? 4 : 0) + (t->checksum ? 4 : 0);

	return 20 + 8 + 16 + ((inner + gre + 2 + 15) & ~15u) + 32;
}

static void warn_mtu(struct check *k, const struct config_tunnel *t, const struct config_port *p)
{
	unsigned fits = t->mtu;

	if (outer_length(t, t->mtu) <= p->mtu)
		return;
	while (fits > 0 && outer_length(t, fits) > p->mtu)
		fits--;
	config_warn(k->env, &t->place,
		"tunnel %s: a packet of mtu %u may grow to %u octets with GRE and ESP, port %s has "
		"mtu %u; mtu %u is sure to fit",
		t->name, t->mtu, outer_length(t, t->mtu), p->name, p->mtu, fits);
}

static int check_tunnels(struct check *k)
{
	char text[IP_ADDR_STRLEN];

	if (check_tunnel_names(k) < 0 || check_tunnel_prefixes(k) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < k->c->n_tunnels; i++) {
		const struct config_tunnel *t = &k->c->tunnels[i];
		const struct entry *port = entries_find(&k->ports, host_order(&t->nbma));

		if (port == NULL)
			return config_fail(k->err, &t->place,
				"nbma %s of tunnel %s is no port's address; expected one of them",
				ip_addr_str(&t->nbma, text), t->name);
		warn_mtu(k, t, port->what);
	}
	return check_tunnel_keys(k, true) < 0 ? -EINVAL : check_tunnel_keys(k, false);
}

static int check_peer(struct check *k, const struct config_tunnel *t, const struct config_peer *p)
{
	char text[IP_ADDR_STRLEN], prefix[IP_PREFIX_STRLEN];
	struct ip_prefix net = ip_prefix_network(&t->address);
	uint32_t host = p->address.v4_be & ~ip4_mask_be(t->address.len);

	if (ip_addr_equal(&p->address, &t->address.addr))
		return config_fail(k->err, &p->place,
			"peer %s has the hub's own address in tunnel %s; expected another",
			ip_addr_str(&p->address, text), t->name);
	if (!ip_prefix_contains(&t->address, &p->address))
		return config_fail(k->err, &p->place,
			"peer %s is outside tunnel %s; expected an address of %s",
			ip_addr_str(&p->address, text), t->name, ip_prefix_str(&net, prefix));
	if (t->address.len < 31 && (host == 0 || host == ~ip4_mask_be(t->address.len)))
		return config_fail(k->err, &p->place,
			"peer %s is the network or broadcast address of %s; expected a host's",
			ip_addr_str(&p->address, text), ip_prefix_str(&net, prefix));
	if (entries_find(&k->ports, host_order(&p->nbma)) != NULL)
		return config_fail(k->err, &p->place,
			"nbma %s of peer is the hub's own address; expected the spoke's",
			ip_addr_str(&p->nbma, text));
	return 0;
}

/* Tunnels do not overlap, so that an address twice is an address twice in one tunnel. */
static int check_peers(struct check *k)
{
	const struct config *c = k->c;
	const struct entry *twin;
	char text[IP_ADDR_STRLEN];
	size_t n = 0;

	for (unsigned i = 0; i < c->n_tunnels; i++)
		n += c->tunnels[i].n_peers;
	if (entries_alloc(&k->peers, n, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_tunnels; i++)
		for (unsigned j = 0; j < c->tunnels[i].n_peers; j++) {
			const struct config_peer *p = &c->tunnels[i].peers[j];

			if (check_peer(k, &c->tunnels[i], p) < 0)
				return -EINVAL;
			entries_add(&k->peers, host_order(&p->address), &p->place, p);
		}
	twin = entries_twin(&k->peers);
	if (twin == NULL)
		return 0;
	return twice(k, twin, "peer",
		ip_addr_str(&((const struct config_peer *)twin->what)->address, text));
}

/* Inbound SPIs are the hub's to choose, and it finds the SA by nothing else (RFC 4301 4.1). */
static int check_spis(struct check *k)
{
	const struct config *c = k->c;
	const struct entry *twin;
	struct entries all;
	char text[16];
	size_t n = 0;
	int rc = 0;

	for (unsigned i = 0; i < c->n_tunnels; i++)
		for (unsigned j = 0; j < c->tunnels[i].n_peers; j++)
			n += c->tunnels[i].peers[j].n_sa_in;
	if (entries_alloc(&all, n, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_tunnels; i++)
		for (unsigned j = 0; j < c->tunnels[i].n_peers; j++)
			for (unsigned s = 0; s < c->tunnels[i].peers[j].n_sa_in; s++) {
				const struct config_sa *sa = &c->tunnels[i].peers[j].sa_in[s];

				entries_add(&all, sa->spi, &sa->place, sa);
			}
	twin = entries_twin(&all);
	if (twin != NULL) {
		snprintf(text, sizeof(text), "0x%08x", (unsigned)twin->key);
		rc = twice(k, twin, "inbound SPI", text);
	}
	free(all.at);
	return rc;
}

static int check_routes(struct check *k)
{
	const struct config *c = k->c;
	const struct entry *twin;
	struct entries all;
	char text[IP_PREFIX_STRLEN], via[IP_ADDR_STRLEN];
	int rc = 0;

	if (entries_alloc(&all, c->n_routes, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_routes && rc == 0; i++) {
		const struct config_route *r = &c->routes[i];

		entries_add(&all, (uint64_t)host_order(&r->prefix.addr) << 8 | r->prefix.len,
			&r->place, r);
		if (!r->blackhole && entries_find(&k->peers, host_order(&r->via)) == NULL)
			rc = config_fail(k->err, &r->place,
				"via %s of route %s is no peer; expected the tunnel address of one",
				ip_addr_str(&r->via, via), ip_prefix_str(&r->prefix, text));
	}
	twin = rc == 0 ? entries_twin(&all) : NULL;
	if (twin != NULL)
		rc = twice(k, twin, "route",
			ip_prefix_str(&((const struct config_route *)twin->what)->prefix, text));
	free(all.at);
	return rc;
}

int config_check(const struct config *c, const struct config_env *env, struct error *err)
{
	struct check k = {.c = c, .env = env, .err = err};
	int rc = 0;

	if (check_ports(&k) < 0 || check_tunnels(&k) < 0 || check_peers(&k) < 0 ||
		check_spis(&k) < 0 || check_routes(&k) < 0)
		rc = -EINVAL;
	free(k.ports.at);
	free(k.peers.at);
	return rc;
}
