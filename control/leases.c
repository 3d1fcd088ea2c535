/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leases that outlive a reboot, in a file without keys (nhrp.leases). It is read when no state of a
 * former hub is there. What it says is remembered, and becomes a lease when the spoke that it is of
 * has agreed on keys again: the one that proved the same identity, or without one who is at the
 * same outer address and port. What spokes register meanwhile comes first.
 *
 * It is written beside, synchronized and renamed, by a thread of its own, at most once a minute.
 */
#define LOG_SUBSYSTEM LOG_NHRP

#include "control/leases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <rte_lcore.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/user.h"
#include "control/hub_priv.h"

#define VERSION    1
#define SIZE_LIMIT (64 << 20)
#define GAP_MS     60000
#define SLICE      256 /* leases in a turn */

/* One that waits for its spoke. */
struct remembered {
	char *tunnel, *identity; /* identity: NULL, none */
	uint8_t identity_is;
	uint16_t nat_port;
	uint64_t expires; /* CLOCK_REALTIME, milliseconds */
	struct nhrp_binding b;
};

struct hub_leases {
	struct hub *hub;
	char *path;
	struct remembered *at;
	unsigned n;
	bool changed;
	bool ended;    /* SAs end with the hub now, and leases are as they were */
	uint64_t due;  /* not written before */
	bool collects; /* what to write, with: */
	struct nhrp_cursor cursor;
	json_t *list;
	pthread_t thread;
	bool writes;      /* the thread is there */
	bool written;     /* and done */
	json_t *snapshot; /* its */
};

/* --- a file -> what is remembered ---------------------------------------------------------------
 */

static void forget(struct remembered *r)
{
	free(r->tunnel);
	free(r->identity);
}

static int get_address(const json_t *o, const char *name, uint32_t *be)
{
	struct ip_addr a;
	const char *text = json_string_value(json_object_get(o, name));

	if (text == NULL || ip_addr_parse(text, &a) < 0 || a.family != AF_INET)
		return -EINVAL;
	*be = a.v4_be;
	return 0;
}

static int get_number(const json_t *o, const char *name, uint64_t max, uint64_t *v)
{
	const json_t *n = json_object_get(o, name);

	if (!json_is_integer(n) || json_integer_value(n) < 0 ||
		(uint64_t)json_integer_value(n) > max)
		return -EINVAL;
	*v = (uint64_t)json_integer_value(n);
	return 0;
}

/* @return 0, or -EINVAL: no hub has written it */
static int parse_lease(const json_t *o, struct remembered *r)
{
	const char *tunnel = json_string_value(json_object_get(o, "tunnel"));
	const json_t *identity = json_object_get(o, "identity");
	const json_t *unique = json_object_get(o, "unique"), *own = json_object_get(o, "own");
	uint64_t len, mtu, holding, preference, is, port, expires;

	if (tunnel == NULL || get_address(o, "address", &r->b.address_be) < 0 ||
		get_address(o, "nbma", &r->b.nbma_be) < 0 ||
		get_address(o, "claimed_nbma", &r->b.claimed_nbma_be) < 0 ||
		get_number(o, "length", 32, &len) < 0 ||
		get_number(o, "mtu", UINT16_MAX, &mtu) < 0 ||
		get_number(o, "holding", UINT16_MAX, &holding) < 0 || holding == 0 ||
		get_number(o, "preference", UINT8_MAX, &preference) < 0 ||
		get_number(o, "identity_is", HUB_IDENTITY_ADDRESS, &is) < 0 ||
		get_number(o, "nat_port", UINT16_MAX, &port) < 0 ||
		get_number(o, "expires", INT64_MAX, &expires) < 0 || !json_is_boolean(unique) ||
		!json_is_boolean(own) || !(json_is_string(identity) || json_is_null(identity)))
		return -EINVAL;
	r->b.type = NHRP_DYNAMIC;
	r->b.len = (uint8_t)len;
	r->b.mtu = (uint16_t)mtu;
	r->b.holding = (uint16_t)holding;
	r->b.preference = (uint8_t)preference;
	r->b.unique = json_is_true(unique);
	r->b.own = json_is_true(own);
	r->identity_is = (uint8_t)is;
	r->nat_port = (uint16_t)port;
	r->expires = expires;
	r->tunnel = strdup(tunnel);
	r->identity = json_is_string(identity) ? strdup(json_string_value(identity)) : NULL;
	return r->tunnel == NULL || (json_is_string(identity) && r->identity == NULL) ? -ENOMEM : 0;
}

int hub_leases_parse(
	struct hub_leases *l, const char *text, size_t len, uint64_t now, struct error *err)
{
	json_error_t where;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	const json_t *list = json_object_get(root, "leases"), *o;
	uint64_t version = 0, written = 0;
	size_t i;
	int rc = 0;

	if (root == NULL)
		return error_set(err, EINVAL, "line %d: %s", where.line, where.text);
	if (get_number(root, "version", UINT32_MAX, &version) < 0 || version != VERSION)
		rc = error_set(err, ENOTSUP, "it is of another version than %d", VERSION);
	else if (get_number(root, "written", INT64_MAX, &written) < 0 || !json_is_array(list))
		rc = error_set(err, EINVAL, "there are no leases in it");
	else if (written > now)
		rc = error_set(err, EINVAL, "it is of the future; is the clock right?");
	l->at = rc < 0 ? NULL : calloc(json_array_size(list) + 1, sizeof(*l->at));
	if (rc == 0 && l->at == NULL)
		rc = error_set(err, ENOMEM, "out of memory");
	for (i = 0; rc == 0 && (o = json_array_get(list, i)) != NULL; i++) {
		struct remembered *r = &l->at[l->n++];

		rc = parse_lease(o, r);
		if (rc < 0)
			error_set(err, -rc, "lease %zu is none", i + 1);
		/* What is over needs no place. */
		else if (r->expires <= now || r->expires - now > r->b.holding * UINT64_C(1000))
			forget(&l->at[--l->n]);
	}
	json_decref(root);
	if (rc < 0)
		hub_leases_forget(l);
	return rc;
}

void hub_leases_forget(struct hub_leases *l)
{
	for (unsigned i = 0; i < l->n; i++)
		forget(&l->at[i]);
	free(l->at);
	l->at = NULL;
	l->n = 0;
}

/* Whoever could write it could say who spokes are. */
static int read_file(struct hub_leases *l, struct error *err)
{
	int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc = 0;
	struct stat st;
	char *text = NULL;
	ssize_t len = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "%s", strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 022) != 0 ||
		(st.st_uid != 0 && st.st_uid != user_uid()))
		rc = error_set(err, EPERM, "others than the hub may write it");
	else if (st.st_size > SIZE_LIMIT)
		rc = error_set(err, EFBIG, "it is larger than %d MB", SIZE_LIMIT >> 20);
	if (rc == 0) {
		text = malloc((size_t)st.st_size + 1);
		len = text == NULL ? -1 : read(fd, text, (size_t)st.st_size);
	}
	if (rc == 0 && len != st.st_size)
		rc = error_set(err, EIO, "it cannot be read");
	if (rc == 0)
		rc = hub_leases_parse(l, text, (size_t)len, clock_ms(CLOCK_REALTIME), err);
	free(text);
	close(fd);
	return rc;
}

/* --- a spoke is there again ---------------------------------------------------------------------
 */

static bool is_of(const struct hub *h, const struct remembered *r, const struct hub_peer *p)
{
	if (r->identity_is != p->identity_is ||
		strcmp(r->tunnel, h->tunnels[p->tunnel].config->name) != 0 ||
		(r->identity == NULL) != (p->identity == NULL) ||
		(r->identity != NULL && strcmp(r->identity, p->identity) != 0))
		return false;
	return r->identity_is == HUB_IDENTITY_PROVEN ||
	       (r->b.nbma_be == p->nbma_be && r->nat_port == p->nat_port);
}

static void restore(struct hub_leases *l, const struct hub_peer *p)
{
	struct hub *h = l->hub;
	uint64_t now = clock_ms(CLOCK_REALTIME);

	for (unsigned i = 0; i < l->n;) {
		struct remembered *r = &l->at[i];

		if (!is_of(h, r, p)) {
			i++;
			continue;
		}
		r->b.iface = p->tunnel;
		r->b.peer = p->dp;
		r->b.nbma_be = p->nbma_be;
		r->b.expires_ms = h->now + (r->expires > now ? r->expires - now : 0);
		if (nhrp_lease_restore(h->nhrp.engine, &r->b, h->now) == 0 && h->state != NULL)
			hub_state_lease(h, &r->b);
		forget(r);
		*r = l->at[--l->n];
	}
}

static void on_peer(void *ctx, struct hub_peer *p, enum hub_peer_event event)
{
	if (event == HUB_PEER_EVENT_KEYED)
		restore(ctx, p);
}

/* --- what there is -> a file --------------------------------------------------------------------
 */

static json_t *json_of(const struct remembered *r)
{
	char a[IP_ADDR_STRLEN], n[IP_ADDR_STRLEN], c[IP_ADDR_STRLEN];
	const struct ip_addr address = ip_addr_v4(r->b.address_be), nbma = ip_addr_v4(r->b.nbma_be),
			     claimed = ip_addr_v4(r->b.claimed_nbma_be);

	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:i, s:i, s:i, s:b, s:b, s:i, s:s?, s:I}",
		"tunnel", r->tunnel, "address", ip_addr_str(&address, a), "length", r->b.len,
		"nbma", ip_addr_str(&nbma, n), "nat_port", r->nat_port, "claimed_nbma",
		ip_addr_str(&claimed, c), "mtu", r->b.mtu, "holding", r->b.holding, "preference",
		r->b.preference, "unique", r->b.unique, "own", r->b.own, "identity_is",
		r->identity_is, "identity", r->identity, "expires", (json_int_t)r->expires);
}

static void add_lease(const struct hub *h, json_t *list, const struct nhrp_binding *b, uint64_t now)
{
	const struct hub_peer *p = hub_peer_of(h, b->peer);

	if (p != NULL)
		json_array_append_new(list,
			json_of(&(struct remembered){
				.tunnel = (char *)(uintptr_t)h->tunnels[b->iface].config->name,
				.identity = p->identity,
				.identity_is = p->identity_is,
				.nat_port = p->nat_port,
				.expires =
					now + (b->expires_ms > h->now ? b->expires_ms - h->now : 0),
				.b = *b,
			}));
}

static void collect_begin(struct hub_leases *l)
{
	const struct nhrp_selector dynamic = {.by_type = true, .type = NHRP_DYNAMIC};

	l->changed = false;
	l->collects = true;
	l->list = json_array();
	nhrp_cache_open(l->hub->nhrp.engine, &l->cursor, &dynamic);
}

static void collect_end(struct hub_leases *l)
{
	nhrp_cache_close(&l->cursor);
	l->collects = false;
}

/* @return false: these were not all */
static bool collect(struct hub_leases *l, unsigned most)
{
	uint64_t now = clock_ms(CLOCK_REALTIME);
	struct nhrp_binding b;

	for (unsigned i = 0; i < most; i++) {
		if (!nhrp_cache_next(&l->cursor, &b)) {
			collect_end(l);
			return true;
		}
		add_lease(l->hub, l->list, &b, now);
	}
	return false;
}

/* What was collected, and those whose spoke is not there yet. */
static json_t *snapshot(struct hub_leases *l)
{
	uint64_t now = clock_ms(CLOCK_REALTIME);

	for (unsigned i = 0; i < l->n; i++)
		if (l->at[i].expires > now)
			json_array_append_new(l->list, json_of(&l->at[i]));
	return json_pack("{s:i, s:I, s:o}", "version", VERSION, "written", (json_int_t)now,
		"leases", l->list);
}

static int write_file(const char *path, const json_t *root)
{
	char beside[4096];
	FILE *f;
	int fd, rc = -EIO;

	snprintf(beside, sizeof(beside), "%s.new", path);
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f == NULL) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (json_dumpf(root, f, JSON_COMPACT) == 0 && fflush(f) == 0 && fsync(fd) == 0)
		rc = 0;
	if (fclose(f) != 0 || rc < 0 || rename(beside, path) < 0) {
		rc = errno != 0 ? -errno : -EIO;
		unlink(beside);
	}
	return rc;
}

static void *write_main(void *arg)
{
	struct hub_leases *l = arg;
	int rc = write_file(l->path, l->snapshot);

	if (rc < 0)
		log_warning("leases are not written to %s: %s", l->path, strerror(-rc));
	__atomic_store_n(&l->written, true, __ATOMIC_RELEASE);
	return NULL;
}

static void join(struct hub_leases *l)
{
	if (!l->writes)
		return;
	pthread_join(l->thread, NULL);
	json_decref(l->snapshot);
	l->writes = false;
}

void hub_leases_turn(struct hub *h)
{
	struct hub_leases *l = h->leases;

	if (l == NULL)
		return;
	if (l->writes && __atomic_load_n(&l->written, __ATOMIC_ACQUIRE))
		join(l);
	if (l->writes || l->ended)
		return;
	if (!l->collects) {
		if (!l->changed || h->now < l->due)
			return;
		l->due = h->now + GAP_MS;
		collect_begin(l);
	}
	if (!collect(l, SLICE))
		return;
	l->written = false;
	l->snapshot = snapshot(l);
	l->writes = rte_ctrl_thread_create(&l->thread, "leases", NULL, write_main, l) == 0;
	if (!l->writes)
		json_decref(l->snapshot);
}

void hub_leases_end(struct hub *h)
{
	struct hub_leases *l = h->leases;

	if (l == NULL || l->ended)
		return;
	join(l);
	l->ended = true;
	if (l->collects) {
		/* What it has passed may have changed. */
		collect_end(l);
		json_decref(l->list);
		l->changed = true;
	}
	if (!l->changed)
		return;
	collect_begin(l);
	while (!collect(l, SLICE))
		;
	l->snapshot = snapshot(l);
	write_main(l);
	json_decref(l->snapshot);
}

static void on_event(void *ctx, const struct nhrp_event *ev)
{
	struct hub_leases *l = ctx;

	if (ev->type == NHRP_EV_ENDED || ev->type == NHRP_EV_REGISTERED ||
		ev->type == NHRP_EV_REFRESHED || ev->type == NHRP_EV_MOVED)
		l->changed = true;
}

/* --- life ---------------------------------------------------------------------------------------
 */

int hub_leases_watch(struct hub *h, struct error *err)
{
	struct hub_nhrp_watch watch = {.event = on_event};
	struct hub_leases *l;

	if (h->config->nhrp.leases == NULL)
		return 0;
	l = calloc(1, sizeof(*l));
	if (l != NULL)
		l->path = strdup(h->config->nhrp.leases);
	if (l == NULL || l->path == NULL) {
		free(l);
		return error_set(err, ENOMEM, "out of memory");
	}
	l->hub = h;
	h->leases = l;
	watch.ctx = l;
	return hub_nhrp_watch(h, &watch) < 0 ? error_set(err, ENOSPC, "NHRP: too many watch it")
					     : 0;
}

int hub_leases_create(struct hub *h, bool read, struct error *err)
{
	struct hub_leases *l = h->leases;
	struct error why;

	if (l == NULL)
		return 0;
	if (read && read_file(l, &why) < 0)
		log_warning("leases of %s are not taken over: %s; spokes register again", l->path,
			why.text);
	if (l->n > 0)
		log_info("leases: %u in %s wait for their spokes", l->n, l->path);
	/* Those with manual keys are there by now. */
	for (unsigned i = 0; i < h->peers_room && l->n > 0; i++)
		if (h->peers[i].used && h->peers[i].keyed)
			restore(l, &h->peers[i]);
	return hub_peer_watch(h, on_peer, l) < 0 ? error_set(err, ENOSPC, "too many watch peers")
						 : 0;
}

void hub_leases_destroy(struct hub *h)
{
	struct hub_leases *l = h->leases;

	if (l == NULL)
		return;
	join(l);
	/* The walk has ended with the engine. */
	if (l->collects)
		json_decref(l->list);
	hub_leases_forget(l);
	free(l->path);
	free(l);
	h->leases = NULL;
}
