/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A former hub's state -> peers, SAs and leases of this one, before the first packet is sent. What
 * it says is looked at as a stranger's word: whatever this configuration, or the tables of today,
 * have no place for is left out, and spokes agree on it anew.
 *
 * Sequence numbers of outbound SAs go on where the last worker left them, with the same IVs before
 * them: none is used twice. Replay windows are those that the last packet left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "control/ike_priv.h"
#include "control/state_priv.h"

struct former {
	const uint8_t *mem;
	uint64_t len;
	struct state_header header;
	struct state_layout at;
	uint32_t *places; /* of its peers -> hub.peers, or HUB_NONE */
	bool *leased;     /* of its peers: its own address is a lease */
	bool *keyed;      /* so: an inbound SA of it goes on */
	unsigned peers, sas, leases, lost;
};

/* An SA of the former hub and when it came. */
struct found {
	uint64_t order;
	uint32_t index;
	bool in;
};

static const uint8_t *record(const struct former *f, uint64_t at, uint32_t i)
{
	return f->mem + at + (uint64_t)i * STATE_RECORD_LEN;
}

/* --- is it one?
 * ----------------------------------------------------------------------------------- */

static int open_former(struct former *f, int fd, struct error *err)
{
	const int sealed = F_SEAL_SHRINK | F_SEAL_GROW;
	int seals = fcntl(fd, F_GET_SEALS), rc;
	struct stat st;
	void *mem;

	/* Whoever could cut it short while it is read would end this process. */
	if (fstat(fd, &st) < 0 || seals < 0 || (seals & sealed) != sealed)
		return error_set(err, EINVAL, "it is no sealed memory of a hub");
	if (st.st_size < STATE_HEADER_LEN)
		return error_set(err, EINVAL, "it is cut short");
	mem = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		return error_set(err, errno, "it cannot be mapped: %s", strerror(errno));
	madvise(mem, (size_t)st.st_size, MADV_DONTDUMP);
	f->mem = mem;
	f->len = (uint64_t)st.st_size;
	rc = state_header_read(&f->header, mem, STATE_HEADER_LEN, f->len);
	if (rc == -EPROTO)
		return error_set(err, EPROTO, "there is none in it");
	if (rc == -ENOTSUP)
		return error_set(err, ENOTSUP, "it is of version %u, this hub's is %u",
			f->header.version, STATE_VERSION);
	if (rc < 0)
		return error_set(err, EINVAL, "its sizes do not fit together");
	if (f->header.shape.slot_len != sizeof(struct sa) ||
		f->header.shape.hot_at != offsetof(struct sa, hot) ||
		f->header.shape.hot_len != sizeof(struct sa_hot) ||
		f->header.shape.words_len != sa_memory_windows(1))
		return error_set(err, ENOTSUP, "its SAs have another form");
	return state_layout(&f->at, &f->header.shape);
}

/* --- peers
 * ---------------------------------------------------------------------------------------- */

static int tunnel_by_name(const struct hub *h, const char *name)
{
	for (unsigned i = 0; i < h->n_tunnels; i++)
		if (h->tunnels[i].config != NULL && strcmp(h->tunnels[i].config->name, name) == 0)
			return (int)i;
	return -ENOENT;
}

/* The peer of this configuration that the former one named so. */
static struct hub_peer *find_named(const struct hub *h, uint16_t tunnel, const struct state_peer *r)
{
	struct hub_peer *p = hub_peer_find_nbma(h, tunnel, r->named_nbma_be, r->named_port);

	while (p != NULL && (p->config == NULL || hub_peer_pinned(p) != r->named_address_be))
		p = hub_peer_next_nbma(h, p);
	return p;
}

/* A spoke that came by itself, or was named when the former hub ran. */
static struct hub_peer *find_or_add(struct hub *h, uint16_t tunnel, const struct state_peer *r)
{
	const struct hub_peer_params params = {
		.nbma_be = r->nbma_be,
		.nat_port = r->nat_port,
		.identity_is = (enum hub_identity)r->identity_is,
		.identity = r->has_identity ? r->identity : NULL,
	};
	struct hub_peer *p = hub_peer_find_nbma(h, tunnel, r->nbma_be, r->nat_port);
	struct error err;

	/* Named without keys: for whoever is there. */
	for (; p != NULL; p = hub_peer_next_nbma(h, p))
		if (p->config != NULL && p->config->n_sa_in == 0 && p->config->n_sa_out == 0 &&
			p->identity == NULL)
			return hub_peer_set_identity(p, params.identity_is, params.identity) == 0
				       ? p
				       : NULL;
	return hub_peer_add(h, tunnel, &params, &err);
}

static void restore_peer(struct hub *h, struct former *f, uint32_t i)
{
	struct state_peer r;
	struct hub_peer *p;
	int tunnel;

	f->places[i] = HUB_NONE;
	if (!state_peer_read(&r, record(f, f->at.peers, i)))
		return;
	tunnel = tunnel_by_name(h, r.tunnel);
	if (tunnel < 0 || r.nbma_be == 0 || r.identity_is > HUB_IDENTITY_ADDRESS) {
		f->lost++;
		return;
	}
	p = r.named ? find_named(h, (uint16_t)tunnel, &r) : NULL;
	if (p != NULL && p->nat_port != 0 && r.nat_port != 0)
		hub_peer_move(h, p, r.nbma_be, r.nat_port);
	if (p != NULL && r.has_identity)
		hub_peer_set_identity(p, (enum hub_identity)r.identity_is, r.identity);
	/* Keys of the configuration, that it has no more: the same way goes their peer. */
	if (p == NULL && r.identity_is != HUB_IDENTITY_MANUAL)
		p = find_or_add(h, (uint16_t)tunnel, &r);
	if (p == NULL) {
		f->lost++;
		return;
	}
	f->places[i] = p->dp;
	f->peers++;
}

/* One that no lease stands for: IKE pins it to the spoke. After the leases. */
static void restore_address(struct hub *h, struct former *f, uint32_t i)
{
	struct hub_peer *p = f->places[i] == HUB_NONE ? NULL : &h->peers[f->places[i]];
	struct state_peer r;
	struct error err;

	if (p != NULL && p->used && p->address_be == 0 && f->keyed[i] && !f->leased[i] &&
		state_peer_read(&r, record(f, f->at.peers, i)) && r.address_be != 0)
		hub_peer_set_address(h, p, r.address_be, &err);
}

/* --- SAs
 * ------------------------------------------------------------------------------------------ */

static struct sa_hot hot_of(const struct former *f, bool in, uint32_t i, uint32_t *spi)
{
	const uint8_t *slot = f->mem + f->at.slots[in] + (uint64_t)i * f->header.shape.slot_len;
	struct sa_hot hot;

	memcpy(&hot, slot + f->header.shape.hot_at, sizeof(hot));
	memcpy(spi, slot + offsetof(struct sa, spi), sizeof(*spi));
	return hot;
}

/* What changes with every packet; no worker runs yet. */
static void restore_hot(struct hub *h, const struct former *f, const struct found *it,
	const struct sa_hot *hot, uint32_t index)
{
	const struct sa_table *t = dp_sa_table(h->dp, it->in);
	struct sa *sa = sa_at(t, index);

	sa->hot.seq = hot->seq;
	sa->hot.window = hot->window;
	sa->hot.packets = hot->packets;
	sa->hot.bytes = hot->bytes;
	sa->hot.auth_errors = hot->auth_errors;
	sa->hot.replay_errors = hot->replay_errors;
	if (it->in && sa->hot.window_size > 64)
		memcpy(sa_window_words(t, sa),
			f->mem + f->at.windows + (uint64_t)it->index * f->header.shape.words_len,
			f->header.shape.words_len);
}

/* The SA that the configuration has made with the very same key, or SA_NONE. */
static uint32_t find_manual(
	const struct hub *h, const struct hub_peer *p, const struct state_sa *r, bool in)
{
	uint32_t list[DP_PEER_SAS_MAX], found = SA_NONE;
	unsigned n = dp_peer_sas(h->dp, p->dp, in, list);
	struct state_sa is;

	for (unsigned i = 0; i < n && found == SA_NONE; i++)
		if (state_sa_read(&is, hub_state_sa_at(h->state, in, list[i])) &&
			is.spi == r->spi && strcmp(is.suite, r->suite) == 0 && is.esn == r->esn &&
			is.window == r->window && is.key_len == r->key_len &&
			is.auth_key_len == r->auth_key_len &&
			memcmp(is.key, r->key, sizeof(is.key)) == 0 &&
			memcmp(is.auth_key, r->auth_key, sizeof(is.auth_key)) == 0)
			found = list[i];
	explicit_bzero(&is, sizeof(is));
	return found;
}

static uint32_t add_sa(struct hub *h, struct hub_peer *p, const struct state_sa *r, bool in)
{
	const struct sa_params params = {
		.spi = r->spi,
		.suite = esp_suite_by_name(r->suite),
		.key = r->key,
		.key_len = r->key_len,
		.auth_key = r->auth_key,
		.auth_key_len = r->auth_key_len,
		.in = in,
		.esn = r->esn,
		.window = r->window,
	};
	uint32_t index;
	struct error err;

	if (params.suite == NULL || hub_peer_add_sa(h, p, &params, &index, &err) < 0)
		return SA_NONE;
	if (hub_ike_restore(h, p, r, in, index) == 0)
		return index;
	hub_peer_del_sa(h, p, in, index);
	return SA_NONE;
}

static bool restore_sa(struct hub *h, struct former *f, const struct found *it)
{
	uint32_t index = SA_NONE, spi;
	struct sa_hot hot = hot_of(f, it->in, it->index, &spi);
	struct hub_peer *p = NULL;
	uint32_t peer;
	struct state_sa r;

	if (!state_sa_read(&r, record(f, f->at.sas[it->in], it->index)) || r.spi != spi)
		return false;
	if (r.peer < f->header.shape.peers && f->places[r.peer] != HUB_NONE)
		p = &h->peers[f->places[r.peer]];
	if (p != NULL && (r.esn || hot.seq <= UINT32_MAX))
		index = r.ike ? add_sa(h, p, &r, it->in) : find_manual(h, p, &r, it->in);
	peer = r.peer;
	explicit_bzero(&r, sizeof(r));
	if (index == SA_NONE)
		return false;
	restore_hot(h, f, it, &hot, index);
	f->keyed[peer] |= it->in;
	return true;
}

static int by_order(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

/* In the order they came in: of outbound ones the last is used. */
static void restore_sas(struct hub *h, struct former *f)
{
	struct found *all = calloc(2ul * f->header.shape.sas, sizeof(*all));
	struct state_sa r;
	unsigned n = 0;

	for (unsigned in = 0; in < 2 && all != NULL; in++)
		for (uint32_t i = 0; i < f->header.shape.sas; i++)
			if (state_sa_read(&r, record(f, f->at.sas[in], i)))
				all[n++] = (struct found){r.order, i, in != 0};
	explicit_bzero(&r, sizeof(r));
	if (all != NULL)
		qsort(all, n, sizeof(*all), by_order);
	for (unsigned i = 0; i < n; i++) {
		if (restore_sa(h, f, &all[i]))
			f->sas++;
		else
			f->lost++;
	}
	free(all);
}

/* --- leases
 * --------------------------------------------------------------------------------------- */

static void restore_lease(struct hub *h, struct former *f, uint32_t i)
{
	uint64_t now = clock_ms(STATE_CLOCK);
	struct nhrp_binding b;
	struct state_lease r;
	int tunnel;

	if (!state_lease_read(&r, record(f, f->at.leases, i)))
		return;
	tunnel = tunnel_by_name(h, r.tunnel);
	b = (struct nhrp_binding){
		.iface = (uint32_t)tunnel,
		.type = NHRP_DYNAMIC,
		.address_be = r.address_be,
		.len = r.len,
		/* Whoever has other keys now is another spoke. */
		.peer = r.peer < f->header.shape.peers && f->keyed[r.peer] ? f->places[r.peer]
									   : HUB_NONE,
		.nbma_be = r.nbma_be,
		.claimed_nbma_be = r.claimed_nbma_be,
		.mtu = r.mtu,
		.holding = r.holding,
		.preference = r.preference,
		.unique = r.unique,
		.own = r.own,
		.expires_ms = h->now + (r.expires > now ? r.expires - now : 0),
	};
	if (r.own && r.peer < f->header.shape.peers)
		f->leased[r.peer] = true;
	if (tunnel < 0 || b.peer == HUB_NONE ||
		nhrp_lease_restore(h->nhrp.engine, &b, h->now) < 0) {
		f->lost++;
		return;
	}
	f->leases++;
	hub_state_lease(h, &b);
}

/* A spoke whose SAs are all lost is none; one without keys of both ways may get them yet. */
static void drop_empty(struct hub *h)
{
	for (unsigned i = 0; i < h->peers_room; i++) {
		struct hub_peer *p = &h->peers[i];
		uint32_t list[DP_PEER_SAS_MAX];

		if (p->used && p->config == NULL && dp_peer_sas(h->dp, p->dp, true, list) == 0 &&
			dp_peer_sas(h->dp, p->dp, false, list) == 0)
			hub_peer_del(h, p);
	}
}

static void restore(struct hub *h, struct former *f)
{
	for (uint32_t i = 0; i < f->header.shape.peers; i++)
		restore_peer(h, f, i);
	restore_sas(h, f);
	drop_empty(h);
	for (uint32_t i = 0; i < f->header.shape.leases; i++)
		restore_lease(h, f, i);
	for (uint32_t i = 0; i < f->header.shape.peers; i++)
		restore_address(h, f, i);
	if (f->header.instance_known)
		hub_ike_restore_instance(h, f->header.instance);
}

void hub_state_restore(struct hub *h, int fd)
{
	struct former f = {.mem = NULL};
	struct error err = {""};
	int rc = h->state == NULL ? -ENOMEM : open_former(&f, fd, &err);

	if (rc == 0) {
		f.places = calloc(f.header.shape.peers, sizeof(*f.places));
		f.leased = calloc(f.header.shape.peers, sizeof(*f.leased));
		f.keyed = calloc(f.header.shape.peers, sizeof(*f.keyed));
		rc = f.places == NULL || f.leased == NULL || f.keyed == NULL
			     ? error_set(&err, ENOMEM, "out of memory")
			     : 0;
	}
	if (rc == 0) {
		restore(h, &f);
		log_info("state: %u peers, %u SAs and %u leases of the last hub go on; %u do not "
			 "fit",
			f.peers, f.sas, f.leases, f.lost);
	} else {
		log_warning("state of the last hub is not taken over: %s; spokes come back by "
			    "themselves",
			err.text);
	}
	free(f.places);
	free(f.leased);
	free(f.keyed);
	if (f.mem != NULL)
		munmap((void *)(uintptr_t)f.mem, f.len);
}
