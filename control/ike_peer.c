/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IKE SAs, and the spokes they are about. A spoke is known by identity, outer address and port:
 * several may be behind one address, and some of those under one name.
 */
#define LOG_SUBSYSTEM LOG_IKE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "control/ike_priv.h"
#include "control/state_priv.h"

static const char *const ends[IKE_ENDS] = {
	[IKE_END_DELETED] = "deleted",
	[IKE_END_DEAD] = "does not answer",
	[IKE_END_EXPIRED] = "expired",
	[IKE_END_REPLACED] = "replaced",
};

struct hub_ike_sa *ike_find(const struct hub_ike *ike, uint32_t id)
{
	struct hub_ike_sa *s;

	HASH_FIND(hh, ike->ikes, &id, sizeof(id), s);
	return s;
}

void ike_free(struct hub_ike *ike, struct hub_ike_sa *s)
{
	HASH_DEL(ike->ikes, s);
	free(s);
}

const char *ike_endpoint_str(const struct ike_endpoint *e, char *buf, size_t room)
{
	struct ip_addr a = ip_addr_v4(e->addr_be);
	char text[IP_ADDR_STRLEN];

	snprintf(buf, room, "%s:%u", ip_addr_str(&a, text), e->port);
	return buf;
}

void ike_described(struct hub_ike *ike, const struct ike_ike_sa *info)
{
	struct hub_ike_sa *s = ike_find(ike, info->ike_sa);
	char text[IP_ADDR_STRLEN + 8];

	if (s == NULL) {
		s = calloc(1, sizeof(*s));
		if (s == NULL) {
			ike_socket_disconnect(ike, IKE_CHANNEL_SA, "out of memory");
			return;
		}
		s->id = info->ike_sa;
		HASH_ADD(hh, ike->ikes, id, sizeof(s->id), s);
		log_info("IKEv%u SA %u with %s at %s", info->version, info->ike_sa, info->identity,
			ike_endpoint_str(&info->remote, text, sizeof(text)));
	}
	s->info = *info;
	s->since = ike->hub->now;
	s->listed = true;
}

void ike_gone(struct hub_ike *ike, const struct ike_ike_gone *gone)
{
	struct hub_ike_sa *s = ike_find(ike, gone->ike_sa);
	struct hub_esp_sa *esp;

	if (s == NULL)
		return;
	if (gone->end == IKE_END_REPLACED)
		TAILQ_FOREACH (esp, &ike->slice, slice)
			if (esp->ike_sa == gone->ike_sa && !esp->orphan) {
				esp->ike_sa = gone->replaced_by;
				hub_state_ike(ike->hub, esp);
			}
	log_info("IKE SA %u with %s: %s", gone->ike_sa, s->info.identity, ends[gone->end]);
	ike_free(ike, s);
}

const struct config_psk *ike_psk_of(const struct hub_ike *ike, const struct hub_ike_sa *s)
{
	return s->info.secret < ike->config->n_psk ? &ike->config->psk[s->info.secret] : NULL;
}

/*
 * What the identity of an IKE SA is worth. A key that others have as well proves none, and one that
 * is found by address proves only that.
 */
static enum hub_identity identity_of(const struct hub_ike *ike, const struct hub_ike_sa *s)
{
	const struct config_psk *psk = ike_psk_of(ike, s);

	if (s->info.auth == IKE_AUTH_CERTIFICATE)
		return HUB_IDENTITY_PROVEN;
	if (s->info.auth != IKE_AUTH_KEY_OWN || psk == NULL)
		return HUB_IDENTITY_SHARED;
	return psk->kind == CONFIG_PSK_IDENTITY ? HUB_IDENTITY_PROVEN : HUB_IDENTITY_ADDRESS;
}

/* The tunnel that an SA is for: the entry of its key says, or the local address. */
static int tunnel_of(const struct hub_ike *ike, const struct config_psk *psk, uint32_t local_be)
{
	const struct hub *h = ike->hub;

	for (unsigned i = 0; i < h->config->n_tunnels; i++) {
		const struct config_tunnel *t = &h->config->tunnels[i];

		if (t->nbma.v4_be == local_be && (psk == NULL || psk->tunnel[0] == '\0' ||
							 strcmp(psk->tunnel, t->name) == 0))
			return hub_tunnel_place(h, t);
	}
	return -ENOENT;
}

static bool is_manual(const struct hub_peer *p)
{
	return p->config != NULL && (p->config->n_sa_in > 0 || p->config->n_sa_out > 0);
}

/* Peers at this place: is one of them this spoke? */
static struct hub_peer *find_peer(const struct hub *h, uint16_t tunnel,
	const struct ike_endpoint *remote, uint16_t nat_port, const char *identity)
{
	struct hub_peer *p = hub_peer_find_nbma(h, tunnel, remote->addr_be, nat_port);

	for (; p != NULL; p = hub_peer_next_nbma(h, p)) {
		if (is_manual(p))
			continue;
		/* The configuration's, for whoever is there; or the same as before. */
		if (p->identity == NULL || strcmp(p->identity, identity) == 0)
			return p;
	}
	return NULL;
}

struct hub_peer *ike_peer_for(struct hub_ike *ike, const struct hub_ike_sa *s,
	const struct ike_endpoint *local, const struct ike_endpoint *remote, bool encap,
	struct error *err)
{
	int tunnel = tunnel_of(ike, ike_psk_of(ike, s), local->addr_be);
	struct hub_peer_params params = {
		.nbma_be = remote->addr_be,
		.nat_port = encap ? remote->port : 0,
		.identity_is = identity_of(ike, s),
		.identity = s->info.identity,
	};
	struct hub_peer *p;

	if (tunnel < 0) {
		error_set(err, ENOENT, "no tunnel of that spoke is on the address it came to");
		return NULL;
	}
	p = find_peer(ike->hub, (uint16_t)tunnel, remote, params.nat_port, s->info.identity);
	if (p == NULL)
		return hub_peer_add(ike->hub, (uint16_t)tunnel, &params, err);
	if (hub_peer_set_identity(p, params.identity_is, params.identity) < 0) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	return p;
}

/* The address that its key's entry gives it, or its certificate: one of the tunnel, and no other.
 */
static uint32_t pinned_address(
	const struct hub_ike *ike, const struct hub_ike_sa *s, uint16_t tunnel)
{
	const struct config_psk *psk = ike_psk_of(ike, s);
	const struct ip_prefix *net = &ike->hub->tunnels[tunnel].config->address;

	if (s->info.auth == IKE_AUTH_KEY_OWN && psk != NULL && psk->tunnel_address.family != 0)
		return psk->tunnel_address.v4_be;
	if (s->info.auth != IKE_AUTH_CERTIFICATE)
		return 0;
	for (unsigned i = 0; i < IKE_CERT_ADDRS && s->info.cert_be[i] != 0; i++) {
		const struct ip_addr a = ip_addr_v4(s->info.cert_be[i]);

		if (ip_prefix_contains(net, &a) && !ip_addr_equal(&net->addr, &a))
			return a.v4_be;
	}
	return 0;
}

void ike_peer_pin(struct hub_ike *ike, const struct hub_ike_sa *s, struct hub_peer *p)
{
	uint32_t address_be = pinned_address(ike, s, p->tunnel);
	struct error err;

	p->pinned_be = address_be;
	if (address_be == 0 || p->address_be == address_be)
		return;
	if (hub_peer_set_address(ike->hub, p, address_be, &err) < 0)
		log_warning("%s: %s", s->info.identity, err.text);
}

void ike_peer_release(struct hub_ike *ike, struct hub_peer *p)
{
	uint32_t list[DP_PEER_SAS_MAX];

	if (!p->used || dp_peer_sas(ike->hub->dp, p->dp, true, list) > 0 ||
		dp_peer_sas(ike->hub->dp, p->dp, false, list) > 0)
		return;
	/* The configuration's peer stays, for the next one who is there. */
	p->pinned_be = 0;
	if (p->config != NULL)
		hub_peer_set_identity(p, HUB_IDENTITY_MANUAL, NULL);
	else
		hub_peer_del(ike->hub, p);
}

void hub_ike_peer_end(struct hub *h, struct hub_peer *p)
{
	uint32_t index = p->dp;

	for (unsigned in = 0; in < 2 && h->ike != NULL; in++) {
		uint32_t list[DP_PEER_SAS_MAX];
		unsigned n = p->used ? dp_peer_sas(h->dp, index, in != 0, list) : 0;

		for (unsigned i = 0; i < n; i++) {
			struct hub_esp_sa *esp = ike_esp_of(h->ike, p, in != 0, list[i]);

			if (esp == NULL)
				continue;
			/* charon takes leave of the spoke. */
			ike_say_expire(h->ike, esp, true);
			ike_esp_del(h->ike, esp);
		}
	}
}

/* The data plane saw a spoke's packets come from another place: charon must send there too. */
void hub_ike_peer_moved(struct hub *h, const struct hub_peer *p)
{
	struct ike_msg m = {
		.type = IKE_MSG_MAPPING,
		.mapping = {.remote = {.addr_be = p->nbma_be, .port = p->nat_port}},
	};
	uint32_t list[DP_PEER_SAS_MAX];
	struct hub_esp_sa *esp;
	unsigned n;

	if (h->ike == NULL)
		return;
	n = dp_peer_sas(h->dp, p->dp, true, list);
	/* charon asks for SA_UPDATE of all of them then. */
	for (unsigned i = n; i > 0; i--) {
		esp = ike_esp_of(h->ike, p, true, list[i - 1]);
		if (esp == NULL || esp->orphan)
			continue;
		m.mapping.spi = esp->key.spi;
		m.mapping.dst_be = esp->key.dst_be;
		ike_say(h->ike, &m);
		return;
	}
}
