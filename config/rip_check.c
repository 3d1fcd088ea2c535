/* SPDX-License-Identifier: BSD-3-Clause */
/* What of rip = { ... } only shows when everything is read. */
#include <errno.h>
#include <string.h>

#include "config/config_priv.h"

#define TEXT_KEY_MAX 16 /* RFC 2453 4.1, RFC 2082 */

/* What RIP can run on. */
struct runner {
	const char *name;
	const struct ip_prefix *addrs;
	unsigned n_addrs;
};

/* Tunnels first, then LAN ports. @return false behind the last one */
static bool runner_at(const struct config *c, unsigned at, struct runner *out)
{
	unsigned lan = at - c->n_tunnels;

	if (at < c->n_tunnels) {
		*out = (struct runner){c->tunnels[at].name, &c->tunnels[at].address, 1};
		return true;
	}
	for (unsigned i = 0; i < c->n_ports; i++) {
		const struct config_port *p = &c->ports[i];

		if (!p->lan || lan-- != 0)
			continue;
		*out = (struct runner){p->name, p->addresses, p->n_addresses};
		return true;
	}
	return false;
}

static bool runner_find(const struct config *c, const char *name, struct runner *out)
{
	for (unsigned i = 0; runner_at(c, i, out); i++)
		if (strcmp(out->name, name) == 0)
			return true;
	return false;
}

static bool runs_on(const struct config *c, const struct runner *on)
{
	return config_rip_runs_on(c->rip, on->name, on->addrs, on->n_addrs);
}

static int check_networks(const struct config *c, struct error *err)
{
	struct runner on;
	bool any = false;

	for (unsigned i = 0; i < c->rip->n_networks; i++) {
		const struct config_rip_network *n = &c->rip->networks[i];

		if (n->name[0] != '\0' && !runner_find(c, n->name, &on))
			return config_fail(err, &n->place,
				"network %s is no tunnel and no LAN port; expected the name of "
				"one, "
				"or a network",
				n->name);
	}
	for (unsigned i = 0; runner_at(c, i, &on); i++)
		any = any || runs_on(c, &on);
	if (!any)
		return config_fail(err, &c->rip->place,
			"RIP runs nowhere; expected network to name a tunnel or LAN port, or to "
			"have the address of one inside");
	return 0;
}

static bool on_link(const struct runner *on, const struct ip_addr *a)
{
	for (unsigned i = 0; i < on->n_addrs; i++)
		if (ip_prefix_contains(&on->addrs[i], a) && !ip_addr_equal(&on->addrs[i].addr, a))
			return true;
	return false;
}

static int check_neighbors(const struct config *c, struct error *err)
{
	char text[IP_ADDR_STRLEN];
	struct runner on;

	for (unsigned i = 0; i < c->rip->n_neighbors; i++) {
		const struct config_rip_neighbor *n = &c->rip->neighbors[i];
		bool found = false;

		for (unsigned k = 0; !found && runner_at(c, k, &on); k++)
			found = runs_on(c, &on) && on_link(&on, &n->address);
		if (!found)
			return config_fail(err, &n->place,
				"neighbor %s is on no interface that RIP runs on; expected an "
				"address inside the prefix of one",
				ip_addr_str(&n->address, text));
	}
	return 0;
}

static int check_list(
	const struct config *c, const struct config_place *at, const char *name, struct error *err)
{
	if (name[0] == '\0' || config_prefix_list_find(c->rip, name) != NULL)
		return 0;
	return config_fail(err, at,
		"there is no prefix list %s; expected the name of one of "
		"`prefix_lists`",
		name);
}

static int check_policy(const struct config *c, const struct config_place *at,
	const struct config_rip_policy *p, struct error *err)
{
	if (check_list(c, at, p->list_in, err) < 0 || check_list(c, at, p->list_out, err) < 0 ||
		check_list(c, at, p->offset_in.list, err) < 0)
		return -EINVAL;
	return check_list(c, at, p->offset_out.list, err);
}

/* What ripd would cut, a neighbor that does not cut it would never accept. */
static int check_key_len(
	const struct config_place *at, enum config_rip_mode mode, unsigned len, struct error *err)
{
	if (len > TEXT_KEY_MAX && (mode == CONFIG_RIP_TEXT || mode == CONFIG_RIP_MD5))
		return config_fail(err, at, "key has %u octets; %s takes at most %u", len,
			config_rip_mode_name(mode), TEXT_KEY_MAX);
	return 0;
}

static int check_auth(
	const struct config *c, const struct config_rip_interface *i, struct error *err)
{
	const struct config_rip_auth *a = &i->auth;
	const struct config_key_chain *chain = config_key_chain_find(c->rip, a->key_chain);

	if (!a->set)
		return 0;
	if (a->key_len > 0)
		return check_key_len(&i->place, a->mode, a->key_len, err);
	if (chain == NULL)
		return config_fail(err, &i->place,
			"there is no key chain %s; expected the name of one of `key_chains`",
			a->key_chain);
	for (unsigned k = 0; k < chain->n_keys; k++) {
		const struct config_rip_key *key = &chain->keys[k];

		if (check_key_len(&key->place, key->algorithm_set ? key->algorithm : a->mode,
			    key->key_len, err) < 0)
			return -EINVAL;
	}
	return 0;
}

static int check_interfaces(const struct config *c, struct error *err)
{
	struct runner on;

	for (unsigned i = 0; i < c->rip->n_interfaces; i++) {
		const struct config_rip_interface *p = &c->rip->interfaces[i];

		for (unsigned k = 0; k < i; k++)
			if (strcmp(p->name, c->rip->interfaces[k].name) == 0)
				return config_fail(err, &p->place,
					"interface %s was given before, in %s:%u", p->name,
					c->rip->interfaces[k].place.file,
					c->rip->interfaces[k].place.line);
		if (!runner_find(c, p->name, &on) || !runs_on(c, &on))
			return config_fail(err, &p->place,
				"RIP does not run on %s; expected the name of a tunnel or LAN port "
				"that is in network",
				p->name);
		if (check_policy(c, &p->place, &p->policy, err) < 0 || check_auth(c, p, err) < 0)
			return -EINVAL;
	}
	return 0;
}

static int check_lists(const struct config *c, struct error *err)
{
	const struct config_rip *rip = c->rip;

	for (unsigned i = 0; i < rip->n_prefix_lists; i++) {
		const struct config_prefix_list *l = &rip->prefix_lists[i];
		const struct config_prefix_list *first = config_prefix_list_find(rip, l->name);

		if (first != l)
			return config_fail(err, &l->place,
				"prefix list %s was given before, in %s:%u", l->name,
				first->place.file, first->place.line);
	}
	for (unsigned i = 0; i < rip->n_redistribute; i++)
		if (check_list(c, &rip->redistribute[i].place, rip->redistribute[i].list, err) < 0)
			return -EINVAL;
	return check_policy(c, &rip->place, &rip->policy, err);
}

static int check_chains(const struct config *c, struct error *err)
{
	for (unsigned i = 0; i < c->rip->n_key_chains; i++) {
		const struct config_key_chain *chain = &c->rip->key_chains[i];
		const struct config_key_chain *first = config_key_chain_find(c->rip, chain->name);

		if (first != chain)
			return config_fail(err, &chain->place,
				"key chain %s was given before, in %s:%u", chain->name,
				first->place.file, first->place.line);
		for (unsigned k = 0; k < chain->n_keys; k++)
			for (unsigned m = 0; m < k; m++)
				if (chain->keys[k].id == chain->keys[m].id)
					return config_fail(err, &chain->keys[k].place,
						"key %u of key chain %s was given before, in %s:%u",
						chain->keys[k].id, chain->name,
						chain->keys[m].place.file,
						chain->keys[m].place.line);
	}
	return 0;
}

int config_check_rip(const struct config *c, struct error *err)
{
	if (c->rip == NULL)
		return 0;
	if (check_networks(c, err) < 0 || check_neighbors(c, err) < 0 || check_lists(c, err) < 0 ||
		check_chains(c, err) < 0)
		return -EINVAL;
	return check_interfaces(c, err);
}
