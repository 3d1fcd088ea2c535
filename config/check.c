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

/* Place of the first key that is not below this one, among sorted ones; e->n if all are. */
static unsigned entries_from(const struct entries *e, uint64_t key)
{
	unsigned lo = 0, hi = e->n;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (e->at[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct entry *entries_find(const struct entries *e, uint64_t key)
{
	unsigned at = entries_from(e, key);

	return at < e->n && e->at[at].key == key ? &e->at[at] : NULL;
}

static bool entries_any(const struct entries *e, uint64_t first, uint64_t last)
{
	unsigned at = entries_from(e, first);

	return at < e->n && e->at[at].key <= last;
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

/* What a VLAN can be a part of. */
static int check_parent(struct check *k, const struct config_port *p)
{
	const struct config_port *parent = config_port_find(k->c, p->parent);

	if (parent == NULL)
		return config_fail(k->err, &p->place,
			"parent %s of port %s is no port; expected the name of one", p->parent,
			p->name);
	if (parent->vlan != 0)
		return config_fail(k->err, &p->place,
			"parent %s of port %s is a VLAN itself, in %s:%u; expected a port with a "
			"device",
			p->parent, p->name, parent->place.file, parent->place.line);
	if (p->mtu > parent->mtu)
		return config_fail(k->err, &p->place,
			"mtu %u of port %s is more than its parent %s has; expected at most %u",
			p->mtu, p->name, p->parent, parent->mtu);
	if (p->promiscuous)
		return config_fail(k->err, &p->place,
			"port %s is promiscuous, but has no device; expected the setting in port "
			"%s",
			p->name, p->parent);
	return 0;
}

static int check_vlans(struct check *k)
{
	const struct config_port *ports = k->c->ports;

	for (unsigned i = 0; i < k->c->n_ports; i++) {
		if (ports[i].vlan == 0)
			continue;
		if (check_parent(k, &ports[i]) < 0)
			return -EINVAL;
		for (unsigned j = 0; j < i; j++)
			if (ports[i].vlan == ports[j].vlan &&
				strcmp(ports[i].parent, ports[j].parent) == 0)
				return config_fail(k->err, &ports[i].place,
					"VLAN %u of port %s was given before, in %s:%u",
					ports[i].vlan, ports[i].parent, ports[j].place.file,
					ports[j].place.line);
	}
	return 0;
}

static int check_gateways(struct check *k)
{
	char text[IP_ADDR_STRLEN];

	for (unsigned i = 0; i < k->c->n_ports; i++) {
		const struct config_port *p = &k->c->ports[i];

		if (p->internet_exit && (p->lan || p->gateway.family == 0))
			return config_fail(k->err, &p->place,
				"internet_exit is given for %s port %s; expected it on an outer "
				"port with a gateway",
				p->lan ? "LAN" : "outer", p->name);
		if (p->gateway.family == 0)
			continue;
		if (p->lan)
			return config_fail(k->err, &p->place,
				"gateway is given for LAN port %s; it is for outer ports, expected "
				"a route via %s",
				p->name, ip_addr_str(&p->gateway, text));
		if (!config_port_on_link(p, &p->gateway))
			return config_fail(k->err, &p->place,
				"gateway %s of port %s is not a neighbor's address; expected one "
				"inside the prefix of one of its addresses",
				ip_addr_str(&p->gateway, text), p->name);
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
		if (!config_port_on_link(p, &n->address))
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
	if (check_port_names(k) < 0 || check_vlans(k) < 0 || check_port_addresses(k) < 0 ||
		check_gateways(k) < 0)
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

static unsigned add_connected(struct entries *all, struct connected *at, const char *kind,
	const char *name, const struct ip_prefix *prefix, const struct config_place *place)
{
	*at = (struct connected){ip_prefix_network(prefix), kind, name, place};
	entries_add(all, host_order(&at->net.addr), place, at);
	return 1;
}

/* All of them, in the order of the text: ports first. Returns how many. */
static unsigned list_connected(const struct config *c, struct entries *all, struct connected *nets)
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
static int check_connected(struct check *k)
{
	const struct config *c = k->c;
	char text[IP_PREFIX_STRLEN], other[IP_PREFIX_STRLEN];
	const struct connected *last = NULL;
	struct connected *nets;
	struct entries all;
	unsigned n = c->n_tunnels;
	int rc = 0;

	for (unsigned i = 0; i < c->n_ports; i++)
		n += c->ports[i].n_addresses;
	nets = calloc(n + 1, sizeof(nets[0]));
	if (entries_alloc(&all, n, k->err) < 0 || nets == NULL) {
		free(nets);
		free(all.at);
		return config_no_memory(k->err);
	}
	n = list_connected(c, &all, nets);
	entries_twin(&all);
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
 * The largest packet a tunnel makes, before UDP for a spoke behind a NAT: outer IP 20, ESP header
 * 8, IV 16, GRE and packet, trailer 2 with padding to 16, ICV 32 (RFC 4303 2, the widest suite).
 */
static unsigned outer_length(unsigned headers, unsigned inner)
{
	return 20 + 8 + 16 + ((inner + headers + 2 + 15) & ~15u) + 32;
}

static void warn_mtu(struct check *k, const struct config_tunnel *t, const struct config_port *p)
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

static int check_tunnels(struct check *k)
{
	char text[IP_ADDR_STRLEN];

	if (check_tunnel_names(k) < 0 || check_connected(k) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < k->c->n_tunnels; i++) {
		const struct config_tunnel *t = &k->c->tunnels[i];
		const struct entry *found = entries_find(&k->ports, host_order(&t->nbma));
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

static int check_peer_address(
	struct check *k, const struct config_tunnel *t, const struct config_peer *p)
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
	return 0;
}

static int check_peer(struct check *k, const struct config_tunnel *t, const struct config_peer *p)
{
	char text[IP_ADDR_STRLEN];

	if (p->address.family != 0 && check_peer_address(k, t, p) < 0)
		return -EINVAL;
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
			if (p->address.family != 0)
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

static uint64_t route_key(const struct ip_addr *addr, uint8_t len, uint8_t distance)
{
	return (uint64_t)host_order(addr) << 16 | (uint64_t)len << 8 | distance;
}

/* An address of the hub, or of a link that no station can have; NULL if there is nothing wrong. */
static const char *bad_via(const struct check *k, const struct ip_addr *via)
{
	for (unsigned i = 0; i < k->c->n_ports; i++) {
		const struct config_port *p = &k->c->ports[i];

		for (unsigned j = 0; j < p->n_addresses; j++)
			if (ip_prefix_contains(&p->addresses[j], via) &&
				!config_port_on_link(p, via))
				return "is no station's address";
	}
	for (unsigned i = 0; i < k->c->n_tunnels; i++) {
		const struct ip_prefix *own = &k->c->tunnels[i].address;
		uint32_t mask = ip4_mask_be(own->len), host = via->v4_be & ~mask;

		if (ip_prefix_contains(own, via) && own->len < 31 &&
			(ip_addr_equal(&own->addr, via) || host == 0 || host == (uint32_t)~mask))
			return "is no spoke's address";
	}
	return NULL;
}

/* Is there something in the configuration that may lead there: a tunnel, a LAN, another route? */
static bool via_known(const struct check *k, const struct entries *routes,
	const struct config_route *r, const struct ip_addr *via)
{
	for (unsigned i = 0; i < k->c->n_tunnels; i++)
		if (ip_prefix_contains(&k->c->tunnels[i].address, via))
			return true;
	for (unsigned i = 0; i < k->c->n_ports; i++)
		if (k->c->ports[i].lan && config_port_on_link(&k->c->ports[i], via))
			return true;
	for (uint8_t len = 1; len <= 32; len++) {
		struct ip_addr net = ip_addr_v4(via->v4_be & ip4_mask_be(len));

		if (len == r->prefix.len && ip_addr_equal(&net, &r->prefix.addr))
			continue;
		if (entries_any(routes, route_key(&net, len, 0), route_key(&net, len, 255)))
			return true;
	}
	return false;
}

/* The overlay leaves the hub by tunnels and LAN ports, and never by an outer port. */
static int check_via(struct check *k, const struct entries *routes, const struct config_route *r,
	const struct ip_addr *via)
{
	char prefix[IP_PREFIX_STRLEN], text[IP_ADDR_STRLEN];
	const char *bad;

	ip_addr_str(via, text);
	ip_prefix_str(&r->prefix, prefix);
	if (entries_find(&k->peers, host_order(via)) != NULL)
		return 0;
	for (unsigned i = 0; i < k->c->n_ports; i++)
		if (!k->c->ports[i].lan && config_port_on_link(&k->c->ports[i], via))
			return config_fail(k->err, &r->place,
				"via %s of route %s is on outer port %s, by which nothing leaves "
				"in clear; expected a spoke, or a station on a LAN port",
				text, prefix, k->c->ports[i].name);
	bad = bad_via(k, via);
	if (bad != NULL)
		return config_fail(k->err, &r->place,
			"via %s of route %s %s; expected a spoke, a station on a LAN port, or an "
			"address that another route leads to",
			text, prefix, bad);
	if (!via_known(k, routes, r, via))
		config_warn(k->env, &r->place,
			"via %s of route %s is in no tunnel, on no LAN port and in no other route: "
			"it is used only while a spoke announces the way there",
			text, prefix);
	return 0;
}

static int check_routes(struct check *k)
{
	const struct config *c = k->c;
	const struct entry *twin;
	struct entries all;
	char prefix[IP_PREFIX_STRLEN], text[IP_PREFIX_STRLEN + 32];
	int rc = 0;

	if (entries_alloc(&all, c->n_routes, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_routes; i++) {
		const struct config_route *r = &c->routes[i];

		entries_add(
			&all, route_key(&r->prefix.addr, r->prefix.len, r->distance), &r->place, r);
	}
	twin = entries_twin(&all);
	if (twin != NULL) {
		const struct config_route *r = twin->what;

		snprintf(text, sizeof(text), "%s with distance %u",
			ip_prefix_str(&r->prefix, prefix), r->distance);
		rc = twice(k, twin, "route", text);
	}
	for (unsigned i = 0; i < c->n_routes && rc == 0; i++)
		for (unsigned v = 0; v < c->routes[i].n_via && rc == 0; v++)
			rc = check_via(k, &all, &c->routes[i], &c->routes[i].via[v]);
	free(all.at);
	return rc;
}

int config_check(const struct config *c, const struct config_env *env, struct error *err)
{
	struct check k = {.c = c, .env = env, .err = err};
	int rc = 0;

	if (check_ports(&k) < 0 || check_tunnels(&k) < 0 || check_peers(&k) < 0 ||
		check_spis(&k) < 0 || config_nhrp_check(c, err) < 0 || check_routes(&k) < 0 ||
		config_check_filters(c, err) < 0 || config_check_taps(c, err) < 0 ||
		config_check_rip(c, err) < 0 || config_ike_check(c, err) < 0)
		rc = -EINVAL;
	free(k.ports.at);
	free(k.peers.at);
	return rc;
}
