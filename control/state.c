/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * This hub's state. Records are written by the control thread as things change; what changes with
 * every packet, sequence numbers and replay windows, workers write in place. So a process that is
 * killed loses nothing of either: a later one goes on behind the last number that was sent, and
 * takes none again that was taken.
 *
 * There are keys in it. It is in no core dump, and locked in memory if that is allowed, for what
 * is swapped out would be on a disk.
 */
#include "control/state_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>

#include "common/log.h"
#include "control/ike_priv.h"

#define HUGE_PAGE (2u << 20)

/* --- memory
 * --------------------------------------------------------------------------------------- */

static int map(struct hub_state *s, unsigned flags)
{
	size_t page = flags & MFD_HUGETLB ? HUGE_PAGE : 4096;

	s->len = (s->at.len + page - 1) / page * page;
	s->fd = memfd_create("dmvpn-hub-state", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	if (s->fd < 0)
		return -errno;
	if (ftruncate(s->fd, (off_t)s->len) == 0 &&
		fcntl(s->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
		s->mem = mmap(NULL, s->len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
		if (s->mem != MAP_FAILED)
			return 0;
	}
	s->mem = NULL;
	close(s->fd);
	s->fd = -1;
	return -ENOMEM;
}

static int make(struct hub_state *s, uint32_t peers)
{
	struct state_shape shape = {
		.peers = peers,
		.sas = dp_sa_room(peers),
		.leases = 4 * peers,
		.slot_len = sizeof(struct sa),
		.hot_at = offsetof(struct sa, hot),
		.hot_len = sizeof(struct sa_hot),
		.words_len = (uint32_t)(sa_memory_windows(1)),
	};
	int rc;

	s->header = (struct state_header){.version = STATE_VERSION, .shape = shape};
	rc = state_layout(&s->at, &shape);
	if (rc < 0)
		return rc;
	/* SAs want few pages: with hugepages in the EAL there may be some for them. */
	rc = rte_eal_has_hugepages() ? map(s, MFD_HUGETLB) : -ENOMEM;
	if (rc < 0)
		rc = map(s, 0);
	if (rc < 0)
		return rc;
	madvise(s->mem, s->len, MADV_DONTDUMP);
	if (mlock2(s->mem, s->len, MLOCK_ONFAULT) < 0)
		log_notice("state: its %zu MB are not locked in memory (%s): keys may be swapped "
			   "out; raise RLIMIT_MEMLOCK",
			s->len >> 20, strerror(errno));
	s->free_leases = calloc(shape.leases, sizeof(*s->free_leases));
	if (s->free_leases == NULL)
		return -ENOMEM;
	while (s->n_free_leases < shape.leases) {
		s->free_leases[s->n_free_leases] = shape.leases - 1 - s->n_free_leases;
		s->n_free_leases++;
	}
	state_header_write(s->mem, &s->header);
	return 0;
}

void hub_state_create(struct hub *h, unsigned peers)
{
	struct hub_state *s;
	int rc;

	if (!h->params.keep_state)
		return;
	s = calloc(1, sizeof(*s));
	rc = s == NULL ? -ENOMEM : make(s, peers);
	h->state = s;
	if (rc == 0)
		return;
	log_warning(
		"state: no memory for it (%s): a restart of this hub begins anew", strerror(-rc));
	hub_state_destroy(h);
}

void hub_state_destroy(struct hub *h)
{
	struct hub_state *s = h->state;
	struct hub_state_lease *l, *next;

	h->state = NULL;
	if (s == NULL)
		return;
	HASH_ITER(hh, s->leases, l, next)
	{
		HASH_DEL(s->leases, l);
		free(l);
	}
	free(s->free_leases);
	if (s->mem != NULL)
		munmap(s->mem, s->len);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

void hub_state_memory(const struct hub *h, struct sa_memory memory[2])
{
	const struct hub_state *s = h->state;

	for (unsigned in = 0; s != NULL && in < 2; in++)
		memory[in].slots = s->mem + s->at.slots[in];
	if (s != NULL)
		memory[1].windows = (uint64_t *)(void *)(s->mem + s->at.windows);
}

int hub_state_fd(const struct hub *h)
{
	return h->state == NULL ? -1 : h->state->fd;
}

void hub_state_forget(struct hub *h)
{
	if (h->state == NULL)
		return;
	h->state->forgotten = true;
	memset(h->state->mem, 0, STATE_HEADER_LEN);
}

void *hub_state_peer_at(const struct hub_state *s, uint32_t peer)
{
	return s->mem + s->at.peers + (uint64_t)peer * STATE_RECORD_LEN;
}

void *hub_state_sa_at(const struct hub_state *s, bool in, uint32_t index)
{
	return s->mem + s->at.sas[in] + (uint64_t)index * STATE_RECORD_LEN;
}

/* --- peers
 * ---------------------------------------------------------------------------------------- */

void hub_state_peer(struct hub *h, const struct hub_peer *p)
{
	const struct config_peer *c = p->config;
	struct state_peer r = {
		.nbma_be = p->nbma_be,
		.nat_port = p->nat_port,
		.address_be = p->address_be,
		.named = c != NULL,
		.named_nbma_be = c == NULL ? 0 : c->nbma.v4_be,
		.named_address_be = hub_peer_pinned(p),
		.named_port = c == NULL ? 0 : c->nat_port,
		.identity_is = p->identity_is,
		.has_identity = p->identity != NULL,
	};

	if (h->state == NULL)
		return;
	snprintf(r.tunnel, sizeof(r.tunnel), "%s", h->tunnels[p->tunnel].config->name);
	if (p->identity != NULL)
		snprintf(r.identity, sizeof(r.identity), "%s", p->identity);
	state_peer_write(hub_state_peer_at(h->state, p->dp), &r);
}

void hub_state_peer_gone(struct hub *h, const struct hub_peer *p)
{
	uint32_t list[DP_PEER_SAS_MAX];

	if (h->state == NULL)
		return;
	for (unsigned in = 0; in < 2; in++) {
		unsigned n = dp_peer_sas(h->dp, p->dp, in != 0, list);

		for (unsigned i = 0; i < n; i++)
			hub_state_sa_gone(h, in != 0, list[i]);
	}
	state_record_clear(hub_state_peer_at(h->state, p->dp));
}

/* --- SAs
 * ------------------------------------------------------------------------------------------ */

void hub_state_sa(
	struct hub *h, const struct hub_peer *p, const struct sa_params *params, uint32_t index)
{
	struct state_sa r = {
		.spi = params->spi,
		.peer = p->dp,
		.esn = params->esn,
		.window = params->window,
		.key_len = (uint8_t)params->key_len,
		.auth_key_len = (uint8_t)params->auth_key_len,
	};

	if (h->state == NULL || params->key_len > STATE_KEY_MAX ||
		params->auth_key_len > STATE_KEY_MAX)
		return;
	r.order = ++h->state->order;
	snprintf(r.suite, sizeof(r.suite), "%s", params->suite->name);
	if (params->key_len > 0)
		memcpy(r.key, params->key, params->key_len);
	if (params->auth_key_len > 0)
		memcpy(r.auth_key, params->auth_key, params->auth_key_len);
	state_sa_write(hub_state_sa_at(h->state, params->in, index), &r);
	explicit_bzero(&r, sizeof(r));
}

void hub_state_sa_gone(struct hub *h, bool in, uint32_t index)
{
	if (h->state != NULL)
		state_record_clear(hub_state_sa_at(h->state, in, index));
}

static uint64_t deadline(const struct hub *h, const struct timer *t)
{
	return t->running ? clock_ms(STATE_CLOCK) + (t->due > h->now ? t->due - h->now : 0) : 0;
}

void hub_state_ike(struct hub *h, const struct hub_esp_sa *esp)
{
	struct state_sa r;
	void *at;

	if (h->state == NULL)
		return;
	at = hub_state_sa_at(h->state, esp->in, esp->index);
	if (!state_sa_read(&r, at))
		return;
	r.ike = true;
	r.orphan = esp->orphan;
	r.dst_be = esp->key.dst_be;
	r.ike_sa = esp->ike_sa;
	r.child = esp->child;
	r.mate = esp->mate;
	r.soft = esp->soft_said ? 0 : deadline(h, &esp->soft);
	r.hard = deadline(h, &esp->hard);
	r.bytes_soft = esp->bytes.soft;
	r.bytes_hard = esp->bytes.hard;
	r.packets_soft = esp->packets.soft;
	r.packets_hard = esp->packets.hard;
	state_sa_write(at, &r);
	explicit_bzero(&r, sizeof(r));
}

void hub_state_charon(struct hub *h, uint64_t instance)
{
	struct hub_state *s = h->state;

	if (s == NULL || s->forgotten)
		return;
	s->header.instance_known = true;
	s->header.instance = instance;
	state_header_write(s->mem, &s->header);
}

/* --- leases
 * --------------------------------------------------------------------------------------- */

static struct hub_state_lease *lease_take(struct hub_state *s, const struct hub_state_key *key)
{
	struct hub_state_lease *l;

	HASH_FIND(hh, s->leases, key, sizeof(*key), l);
	if (l != NULL || s->n_free_leases == 0)
		return l;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->key = *key;
	l->record = s->free_leases[--s->n_free_leases];
	HASH_ADD(hh, s->leases, key, sizeof(l->key), l);
	return l;
}

static void *lease_at(const struct hub_state *s, uint32_t record)
{
	return s->mem + s->at.leases + (uint64_t)record * STATE_RECORD_LEN;
}

static void lease_end(struct hub_state *s, const struct hub_state_key *key)
{
	struct hub_state_lease *l;

	HASH_FIND(hh, s->leases, key, sizeof(*key), l);
	if (l == NULL)
		return;
	state_record_clear(lease_at(s, l->record));
	s->free_leases[s->n_free_leases++] = l->record;
	HASH_DEL(s->leases, l);
	free(l);
}

void hub_state_lease(struct hub *h, const struct nhrp_binding *b)
{
	const struct hub_state_key key = {b->iface, b->address_be, b->len};
	const struct hub_peer *p = hub_peer_of(h, b->peer);
	struct hub_state_lease *l;
	struct state_lease r = {
		.peer = b->peer,
		.address_be = b->address_be,
		.len = b->len,
		.nbma_be = b->nbma_be,
		.claimed_nbma_be = b->claimed_nbma_be,
		.mtu = b->mtu,
		.holding = b->holding,
		.preference = b->preference,
		.unique = b->unique,
	};

	l = p == NULL ? NULL : lease_take(h->state, &key);
	if (l == NULL)
		return;
	r.own = p->address_be == b->address_be && b->len == 32;
	r.expires = clock_ms(STATE_CLOCK) + (b->expires_ms > h->now ? b->expires_ms - h->now : 0);
	snprintf(r.tunnel, sizeof(r.tunnel), "%s", h->tunnels[b->iface].config->name);
	state_lease_write(lease_at(h->state, l->record), &r);
}

/* The engine says what has become of leases. */
static void on_event(void *ctx, const struct nhrp_event *ev)
{
	struct hub *h = ctx;
	const struct hub_state_key key = {ev->iface, ev->address_be, ev->len};
	struct nhrp_binding b;

	if (ev->type == NHRP_EV_ENDED)
		lease_end(h->state, &key);
	else if ((ev->type == NHRP_EV_REGISTERED || ev->type == NHRP_EV_REFRESHED ||
			 ev->type == NHRP_EV_MOVED) &&
		 nhrp_binding_find(h->nhrp.engine, ev->iface, ev->address_be, ev->len, &b) &&
		 b.type == NHRP_DYNAMIC)
		hub_state_lease(h, &b);
}

int hub_state_watch(struct hub *h, struct error *err)
{
	const struct hub_nhrp_watch watch = {.event = on_event, .ctx = h};

	if (h->state == NULL)
		return 0;
	return hub_nhrp_watch(h, &watch) < 0 ? error_set(err, ENOSPC, "NHRP: too many watch it")
					     : 0;
}
