/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects are compared as the text that they are shown as, so that no setting is forgotten, and by
 * their keys, which that text hides. Peers are too many for that: they are compared as structs.
 */
#include "config/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

static int add(struct config_diff *d, const struct config_change *c)
{
	if (d->n_changes == d->room) {
		unsigned room = d->room == 0 ? 16 : 2 * d->room;
		void *grown = reallocarray(d->changes, room, sizeof(d->changes[0]));

		if (grown == NULL)
			return -ENOMEM;
		d->changes = grown;
		d->room = room;
	}
	d->changes[d->n_changes++] = *c;
	return 0;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static bool key_equal(const uint8_t *a, unsigned a_len, const uint8_t *b, unsigned b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool config_sa_equal(const struct config_sa *a, const struct config_sa *b)
{
	return a->spi == b->spi && strcmp(a->suite, b->suite) == 0 && a->window == b->window &&
	       a->esn == b->esn && key_equal(a->key, a->key_len, b->key, b->key_len) &&
	       key_equal(a->auth_key, a->auth_key_len, b->auth_key, b->auth_key_len);
}

static bool auth_equal(const struct config_rip_auth *a, const struct config_rip_auth *b)
{
	return key_equal(a->key, a->key_len, b->key, b->key_len);
}

static bool rip_keys_equal(const struct config_rip *a, const struct config_rip *b)
{
	/* Texts are equal, so are all numbers of things. */
	for (unsigned i = 0; i < a->n_interfaces; i++)
		if (!auth_equal(&a->interfaces[i].auth, &b->interfaces[i].auth))
			return false;
	for (unsigned i = 0; i < a->n_key_chains; i++)
		for (unsigned k = 0; k < a->key_chains[i].n_keys; k++) {
			const struct config_rip_key *x = &a->key_chains[i].keys[k];
			const struct config_rip_key *y = &b->key_chains[i].keys[k];

			if (!key_equal(x->key, x->key_len, y->key, y->key_len))
				return false;
		}
	return true;
}

static bool ike_keys_equal(const struct config_ike *a, const struct config_ike *b)
{
	for (unsigned i = 0; i < a->n_psk; i++)
		if (!key_equal(a->psk[i].secret, a->psk[i].secret_len, b->psk[i].secret,
			    b->psk[i].secret_len))
			return false;
	return true;
}

static bool keys_equal(const struct config *a, const struct config *b, enum config_kind kind,
	uint32_t was, uint32_t is)
{
	switch (kind) {
	case CONFIG_KIND_TUNNEL:
		return strcmp(a->tunnels[was].nhrp.authentication,
			       b->tunnels[is].nhrp.authentication) == 0;
	case CONFIG_KIND_RIP:
		return a->rip == NULL || rip_keys_equal(a->rip, b->rip);
	case CONFIG_KIND_IKE:
		return a->ike == NULL || ike_keys_equal(a->ike, b->ike);
	default:
		return true;
	}
}

/* --- objects with a name
 * -------------------------------------------------------------------------- */

/* @return 1: equal, 0: not, or -ENOMEM */
static int equal(const struct config *a, const struct config *b, enum config_kind kind,
	uint32_t was, uint32_t is)
{
	char *x = config_object_text(a, kind, 0, was), *y = config_object_text(b, kind, 0, is);
	int rc = -ENOMEM;

	if (x != NULL && y != NULL)
		rc = strcmp(x, y) == 0 && keys_equal(a, b, kind, was, is);
	free(x);
	free(y);
	return rc;
}

static int compare(struct config_diff *d, enum config_kind kind, uint32_t was, uint32_t is)
{
	const struct config_change change = {.kind = kind, .was = was, .is = is};
	int rc = 0;

	if (was != CONFIG_NONE && is != CONFIG_NONE)
		rc = equal(d->was, d->is, kind, was, is);
	return rc == 0 ? add(d, &change) : rc < 0 ? rc : 0;
}

static unsigned count(const struct config *c, enum config_kind kind)
{
	return kind == CONFIG_KIND_PORT     ? c->n_ports
	       : kind == CONFIG_KIND_FILTER ? c->n_filters
	       : kind == CONFIG_KIND_TUNNEL ? c->n_tunnels
					    : c->n_routes;
}

/* Two tunnels of one name between which no peer could be kept. */
static bool same_tunnel(const struct config_tunnel *a, const struct config_tunnel *b)
{
	return ip_addr_equal(&a->address.addr, &b->address.addr) &&
	       a->address.len == b->address.len && ip_addr_equal(&a->nbma, &b->nbma) &&
	       a->key_set == b->key_set && a->key == b->key && a->checksum == b->checksum &&
	       strcmp(a->tap, b->tap) == 0;
}

static bool same_object(const struct config *a, const struct config *b, enum config_kind kind,
	uint32_t i, uint32_t k)
{
	switch (kind) {
	case CONFIG_KIND_PORT:
		return strcmp(a->ports[i].name, b->ports[k].name) == 0;
	case CONFIG_KIND_FILTER:
		return strcmp(a->filters[i].name, b->filters[k].name) == 0;
	case CONFIG_KIND_TUNNEL:
		return strcmp(a->tunnels[i].name, b->tunnels[k].name) == 0 &&
		       same_tunnel(&a->tunnels[i], &b->tunnels[k]);
	default:
		return a->routes[i].distance == b->routes[k].distance &&
		       a->routes[i].prefix.len == b->routes[k].prefix.len &&
		       ip_addr_equal(&a->routes[i].prefix.addr, &b->routes[k].prefix.addr);
	}
}

/* Where an object is in the other configuration. In files that differ little it is near. */
static uint32_t find(const struct config *a, const struct config *b, enum config_kind kind,
	uint32_t i, uint32_t hint)
{
	uint32_t n = count(b, kind);

	for (uint32_t k = 0, at = hint; k < n; k++, at++) {
		at = at < n ? at : 0;
		if (same_object(a, b, kind, i, at))
			return at;
	}
	return CONFIG_NONE;
}

static int compare_all(struct config_diff *d, enum config_kind kind)
{
	uint32_t is = CONFIG_NONE;
	int rc = 0;

	for (uint32_t i = 0; i < count(d->was, kind) && rc == 0; i++) {
		is = find(d->was, d->is, kind, i, is + 1);
		if (kind == CONFIG_KIND_TUNNEL)
			d->tunnels[i] = is;
		rc = compare(d, kind, i, is);
	}
	is = CONFIG_NONE;
	for (uint32_t i = 0; i < count(d->is, kind) && rc == 0; i++) {
		is = find(d->is, d->was, kind, i, is + 1);
		if (is == CONFIG_NONE)
			rc = compare(d, kind, CONFIG_NONE, i);
	}
	return rc;
}

/* --- peers
 * ---------------------------------------------------------------------------------------- */

static int order(const struct config_peer *a, const struct config_peer *b)
{
	int rc = memcmp(&a->nbma.v4_be, &b->nbma.v4_be, sizeof(a->nbma.v4_be));

	if (rc == 0)
		rc = (int)a->nat_port - (int)b->nat_port;
	if (rc == 0)
		rc = (a->address.family != 0) - (b->address.family != 0);
	if (rc == 0 && a->address.family != 0)
		rc = memcmp(&a->address.v4_be, &b->address.v4_be, sizeof(a->address.v4_be));
	return rc;
}

static int by_place(const void *a, const void *b)
{
	const struct config_peer *const *x = a, *const *y = b;
	int rc = order(*x, *y);

	/* Twins keep the order of the file. */
	return rc != 0 ? rc : *x < *y ? -1 : *x > *y;
}

static bool sas_equal(
	const struct config_sa *a, unsigned n_a, const struct config_sa *b, unsigned n_b)
{
	for (unsigned i = 0; i < n_a && n_a == n_b; i++)
		if (!config_sa_equal(&a[i], &b[i]))
			return false;
	return n_a == n_b;
}

static bool peer_equal(const struct config_peer *a, const struct config_peer *b)
{
	return order(a, b) == 0 && sas_equal(a->sa_in, a->n_sa_in, b->sa_in, b->n_sa_in) &&
	       sas_equal(a->sa_out, a->n_sa_out, b->sa_out, b->n_sa_out);
}

static const struct config_peer **sorted(const struct config_tunnel *t)
{
	const struct config_peer **list = calloc(t->n_peers + 1u, sizeof(*list));

	for (unsigned i = 0; list != NULL && i < t->n_peers; i++)
		list[i] = &t->peers[i];
	if (list != NULL)
		qsort(list, t->n_peers, sizeof(*list), by_place);
	return list;
}

static bool same_nbma(const struct config_peer *a, const struct config_peer *b)
{
	return a->nbma.v4_be == b->nbma.v4_be && a->nat_port == b->nat_port;
}

/*
 * Peers with the same outer address, port and tunnel address are the same. Of what is left those
 * at one outer address and port are: one was given another tunnel address.
 */
static void match(struct config_diff *d, uint32_t tunnel, const struct config_peer **was,
	const struct config_peer **is, bool *taken, bool exactly)
{
	const struct config_tunnel *a = &d->was->tunnels[tunnel];
	const struct config_tunnel *b = &d->is->tunnels[d->tunnels[tunnel]];
	uint32_t *place = d->peers[tunnel];

	for (unsigned i = 0, k = 0; i < a->n_peers && k < b->n_peers;) {
		int rc = exactly                    ? order(was[i], is[k])
			 : same_nbma(was[i], is[k]) ? 0
						    : order(was[i], is[k]);
		bool free_was = place[was[i] - a->peers] == CONFIG_NONE;
		bool free_is = !taken[is[k] - b->peers];

		if (!free_was) {
			i++;
		} else if (!free_is) {
			k++;
		} else if (rc == 0) {
			place[was[i] - a->peers] = (uint32_t)(is[k] - b->peers);
			taken[is[k] - b->peers] = true;
			i++;
			k++;
		} else if (rc < 0) {
			i++;
		} else {
			k++;
		}
	}
}

static int compare_peers(struct config_diff *d, uint32_t was, uint32_t is)
{
	const struct config_tunnel *a = was == CONFIG_NONE ? NULL : &d->was->tunnels[was];
	const struct config_tunnel *b = is == CONFIG_NONE ? NULL : &d->is->tunnels[is];
	unsigned n_a = a == NULL ? 0 : a->n_peers, n_b = b == NULL ? 0 : b->n_peers;
	const struct config_peer **x = a != NULL && b != NULL ? sorted(a) : NULL;
	const struct config_peer **y = a != NULL && b != NULL ? sorted(b) : NULL;
	bool *taken = calloc(n_b + 1u, sizeof(*taken));
	struct config_change change = {
		.kind = CONFIG_KIND_PEER, .tunnel_was = was, .tunnel_is = is};
	int rc =
		taken == NULL || (a != NULL && b != NULL && (x == NULL || y == NULL)) ? -ENOMEM : 0;

	if (rc == 0 && x != NULL) {
		match(d, was, x, y, taken, true);
		match(d, was, x, y, taken, false);
	}
	for (uint32_t i = 0; i < n_a && rc == 0; i++) {
		change.was = i;
		change.is = d->peers[was][i];
		if (change.is == CONFIG_NONE || !peer_equal(&a->peers[i], &b->peers[change.is]))
			rc = add(d, &change);
	}
	change.was = CONFIG_NONE;
	for (change.is = 0; change.is < n_b && rc == 0; change.is++)
		if (!taken[change.is])
			rc = add(d, &change);
	free(x);
	free(y);
	free(taken);
	return rc;
}

static int compare_all_peers(struct config_diff *d)
{
	int rc = 0;

	for (uint32_t i = 0; i < d->was->n_tunnels && rc == 0; i++)
		rc = compare_peers(d, i, d->tunnels[i]);
	for (unsigned i = 0, n = d->n_changes; i < n && rc == 0; i++)
		if (d->changes[i].kind == CONFIG_KIND_TUNNEL && d->changes[i].was == CONFIG_NONE)
			rc = compare_peers(d, CONFIG_NONE, d->changes[i].is);
	return rc;
}

static int make_maps(struct config_diff *d)
{
	d->tunnels = calloc(d->was->n_tunnels + 1u, sizeof(*d->tunnels));
	d->peers = calloc(d->was->n_tunnels + 1u, sizeof(*d->peers));
	if (d->tunnels == NULL || d->peers == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < d->was->n_tunnels; i++) {
		unsigned n = d->was->tunnels[i].n_peers;

		d->peers[i] = malloc((n + 1u) * sizeof(**d->peers));
		if (d->peers[i] == NULL)
			return -ENOMEM;
		memset(d->peers[i], 0xff, (n + 1u) * sizeof(**d->peers));
	}
	return 0;
}

int config_diff(
	struct config_diff *d, const struct config *was, const struct config *is, struct error *err)
{
	int rc;

	*d = (struct config_diff){.was = was, .is = is};
	rc = make_maps(d);
	if (rc == 0)
		rc = compare(d, CONFIG_KIND_SETTINGS, 0, 0);
	if (rc == 0)
		rc = compare_all(d, CONFIG_KIND_PORT);
	if (rc == 0)
		rc = compare_all(d, CONFIG_KIND_FILTER);
	if (rc == 0)
		rc = compare_all(d, CONFIG_KIND_TUNNEL);
	if (rc == 0)
		rc = compare_all_peers(d);
	if (rc == 0)
		rc = compare_all(d, CONFIG_KIND_ROUTE);
	for (enum config_kind k = CONFIG_KIND_HOOKS; k < CONFIG_KINDS && rc == 0; k++)
		rc = compare(d, k, 0, 0);
	if (rc == 0)
		rc = config_diff_restart(d);
	return rc < 0 ? config_no_memory(err) : 0;
}

void config_diff_free(struct config_diff *d)
{
	for (unsigned i = 0; d->peers != NULL && i < d->was->n_tunnels; i++)
		free(d->peers[i]);
	free(d->peers);
	free(d->tunnels);
	free(d->changes);
	free(d->restart);
	*d = (struct config_diff){.was = NULL};
}

const struct config_change *config_diff_of(const struct config_diff *d, enum config_kind kind)
{
	for (unsigned i = 0; i < d->n_changes; i++)
		if (d->changes[i].kind == kind)
			return &d->changes[i];
	return NULL;
}
