/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network from the spokes' side. The hub's configuration says all of it: who its statically
 * keyed peers are, with which keys, and where it is itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "config/esp/esp.h"
#include "tools/spokes/sim_priv.h"

/* --- LANs --------------------------------------------------------------------------------------
 */

/* LAN k of all, from 0, is the /24 number k + 1 of 10.0.0.0/8: where dmvpn-capgen has them, too. */
uint32_t sim_lan_net_be(const struct sim *s, unsigned lan)
{
	return htonl(s->set.network << 24 | (lan + 1) << 8);
}

uint32_t sim_lan_host_be(const struct sim *s, unsigned lan)
{
	return sim_lan_net_be(s, lan) | htonl(SIM_LAN_HOST);
}

unsigned sim_lan_of(const struct sim *s, unsigned spoke, unsigned j)
{
	return (spoke - 1) * s->set.lans + j;
}

unsigned sim_lan_spoke(const struct sim *s, unsigned lan)
{
	return lan / s->set.lans + 1;
}

int sim_lan_find(const struct sim *s, uint32_t net_be, uint8_t len)
{
	uint32_t net = ntohl(net_be), lan = (net >> 8 & 0xffff) - 1;

	if (net >> 24 != s->set.network || (len != 24 && len != 32) ||
		(len == 24 && (net & 0xff) != 0))
		return -1;
	return lan < s->n_lans ? (int)lan : -1;
}

struct sim_spoke *sim_spoke(struct sim *s, unsigned number)
{
	return &s->spokes[number - 1];
}

/* --- the hub's configuration --------------------------------------------------------------------
 */

static const struct config_port *port_of(const struct config *c, uint32_t address_be)
{
	for (unsigned i = 0; i < c->n_ports; i++)
		for (unsigned k = 0; k < c->ports[i].n_addresses; k++)
			if (c->ports[i].addresses[k].addr.v4_be == address_be)
				return &c->ports[i];
	return NULL;
}

int sim_net_load(struct sim *s, const char *path, struct error *err)
{
	struct config_env env = {0};
	const struct config_port *port;

	env.suites = config_esp_suites(&env.n_suites);
	s->config = config_load(path, &env, err);
	if (s->config == NULL)
		return -EINVAL;
	if (s->config->n_tunnels == 0)
		return error_set(err, EINVAL, "%s: no tunnel in it; expected one with peers", path);
	s->tunnel = &s->config->tunnels[0];
	s->hub_be = s->tunnel->nbma.v4_be;
	s->tunnel_be = s->tunnel->address.addr.v4_be;
	port = port_of(s->config, s->hub_be);
	if (port != NULL && port->gateway.family != 0)
		s->gateway_be = port->gateway.v4_be;
	for (unsigned i = 0; port != NULL && i < port->n_neighbors; i++)
		if (port->neighbors[i].address.v4_be == s->gateway_be)
			memcpy(&s->gateway_mac, &port->neighbors[i].mac, sizeof(s->gateway_mac));
	s->n_spokes = s->set.n_spokes == 0 ? s->tunnel->n_peers : s->set.n_spokes;
	if (s->n_spokes == 0 || s->n_spokes > s->tunnel->n_peers || s->n_spokes > SIM_SPOKES_MAX)
		return error_set(err, EINVAL,
			"%s: %u spokes, but tunnel %s has %u peers with keys; expected 1..%u", path,
			s->n_spokes, s->tunnel->name, s->tunnel->n_peers,
			s->tunnel->n_peers < SIM_SPOKES_MAX ? s->tunnel->n_peers : SIM_SPOKES_MAX);
	s->n_lans = s->n_spokes * s->set.lans;
	if (s->n_lans > SIM_LANS_MAX)
		return error_set(err, EINVAL,
			"%u spokes with %u LANs each; expected at most %u LANs", s->n_spokes,
			s->set.lans, SIM_LANS_MAX);
	return 0;
}

/* --- spokes ------------------------------------------------------------------------------------
 */

static int install(struct sim *s, struct sa_table *table, const struct config_sa *c, bool in,
	unsigned number, uint32_t *index, struct error *err)
{
	struct sa_params p = config_esp_sa(c, in);
	struct error why;

	p.window = (uint16_t)s->set.window;
	p.peer = number;
	if (getrandom(&p.iv_seed, sizeof(p.iv_seed), 0) != sizeof(p.iv_seed))
		return error_set(err, EIO, "the kernel gives no random numbers");
	if (sa_add(table, &p, index, &why) < 0)
		return error_set(err, EINVAL, "%s:%u: SA of a spoke: %s", c->place.file,
			c->place.line, why.text);
	return 0;
}

static unsigned count_in(const struct sim *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_spokes; i++)
		n += s->tunnel->peers[i].n_sa_out;
	return n;
}

/* The tunnel's i-th address that is not the hub's, unless the configuration gives it one. */
static uint32_t tunnel_address(const struct sim *s, const struct config_peer *c, unsigned number)
{
	uint32_t net = ntohl(s->tunnel_be & ip4_mask_be(s->tunnel->address.len));
	uint32_t own = ntohl(s->tunnel_be);

	if (c->address.family != 0)
		return c->address.v4_be;
	return htonl(net + number + (own > net && own <= net + number));
}

static int make_spoke(struct sim *s, unsigned number, struct error *err)
{
	const struct config_peer *c = &s->tunnel->peers[number - 1];
	struct sim_spoke *k = sim_spoke(s, number);
	uint32_t index;
	int rc = 0;

	if (c->n_sa_in == 0 || c->n_sa_out == 0)
		return error_set(err, EINVAL,
			"%s:%u: a spoke needs SAs of both directions; take it away, or simulate "
			"fewer",
			c->place.file, c->place.line);
	k->sim = s;
	k->number = number;
	k->nbma_be = c->nbma.v4_be;
	k->nat_port = c->nat_port;
	k->address_be = tunnel_address(s, c, number);
	k->random = number * 2654435761u;
	s->n_state[SIM_DOWN]++;
	for (unsigned i = 0; i < c->n_sa_out && rc == 0; i++)
		rc = install(s, s->in, &c->sa_out[i], true, number, &index, err);
	return rc != 0 ? rc
		       : install(s, s->out, &c->sa_in[c->n_sa_in - 1], false, number, &k->sa_out,
				 err);
}

int sim_net_create(struct sim *s, struct error *err)
{
	uint8_t seed[16];
	int rc = 0;

	s->spokes = calloc(s->n_spokes, sizeof(s->spokes[0]));
	s->in = sa_table_create("spokes in", count_in(s) + 1, SOCKET_ID_ANY);
	s->out = sa_table_create("spokes out", s->n_spokes, SOCKET_ID_ANY);
	if (s->spokes == NULL || s->in == NULL || s->out == NULL)
		return error_set(err, ENOMEM, "not enough memory for %u spokes", s->n_spokes);
	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return error_set(err, EIO, "the kernel gives no random numbers");
	s->esp = esp_context_create(s->in, seed);
	if (s->esp == NULL)
		return error_set(err, errno, "no ESP on this CPU: %s", strerror(errno));
	for (unsigned i = 1; i <= s->n_spokes && rc == 0; i++)
		rc = make_spoke(s, i, err);
	return rc;
}

void sim_net_destroy(struct sim *s)
{
	for (unsigned i = 1; s->spokes != NULL && i <= s->n_spokes; i++) {
		sim_spoke_die(sim_spoke(s, i));
		free(sim_spoke(s, i)->routes);
	}
	free(s->spokes);
	free(s->flows);
	esp_context_destroy(s->esp);
	sa_table_destroy(s->in);
	sa_table_destroy(s->out);
	config_free(s->config);
}
