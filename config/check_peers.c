/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers: their addresses, and the SPIs of their SAs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/check_priv.h"

static int check_peer_address(
	struct config_check *k, const struct config_tunnel *t, const struct config_peer *p)
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

static int check_peer(
	struct config_check *k, const struct config_tunnel *t, const struct config_peer *p)
{
	char text[IP_ADDR_STRLEN];

	if (p->address.family != 0 && check_peer_address(k, t, p) < 0)
		return -EINVAL;
	if (config_entries_find(&k->ports, config_host_order(&p->nbma)) != NULL)
		return config_fail(k->err, &p->place,
			"nbma %s of peer is the hub's own address; expected the spoke's",
			ip_addr_str(&p->nbma, text));
	return 0;
}

/* Tunnels do not overlap, so that an address twice is an address twice in one tunnel. */
int config_check_peers(struct config_check *k)
{
	const struct config *c = k->c;
	const struct config_entry *twin;
	char text[IP_ADDR_STRLEN];
	size_t n = 0;

	for (unsigned i = 0; i < c->n_tunnels; i++)
		n += c->tunnels[i].n_peers;
	if (config_entries_alloc(&k->peers, n, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_tunnels; i++)
		for (unsigned j = 0; j < c->tunnels[i].n_peers; j++) {
			const struct config_peer *p = &c->tunnels[i].peers[j];

			if (check_peer(k, &c->tunnels[i], p) < 0)
				return -EINVAL;
			if (p->address.family != 0)
				config_entries_add(
					&k->peers, config_host_order(&p->address), &p->place, p);
		}
	twin = config_entries_twin(&k->peers);
	if (twin == NULL)
		return 0;
	return config_twice(k, twin, "peer",
		ip_addr_str(&((const struct config_peer *)twin->what)->address, text));
}

/* Inbound SPIs are the hub's to choose, and it finds the SA by nothing else (RFC 4301 4.1). */
int config_check_spis(struct config_check *k)
{
	const struct config *c = k->c;
	const struct config_entry *twin;
	struct config_entries all;
	char text[16];
	size_t n = 0;
	int rc = 0;

	for (unsigned i = 0; i < c->n_tunnels; i++)
		for (unsigned j = 0; j < c->tunnels[i].n_peers; j++)
			n += c->tunnels[i].peers[j].n_sa_in;
	if (config_entries_alloc(&all, n, k->err) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < c->n_tunnels; i++)
		for (unsigned j = 0; j < c->tunnels[i].n_peers; j++)
			for (unsigned s = 0; s < c->tunnels[i].peers[j].n_sa_in; s++) {
				const struct config_sa *sa = &c->tunnels[i].peers[j].sa_in[s];

				config_entries_add(&all, sa->spi, &sa->place, sa);
			}
	twin = config_entries_twin(&all);
	if (twin != NULL) {
		snprintf(text, sizeof(text), "0x%08x", (unsigned)twin->key);
		rc = config_twice(k, twin, "inbound SPI", text);
	}
	free(all.at);
	return rc;
}
