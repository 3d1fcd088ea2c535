/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is established, as it was told to the hub: after a new connection it is told again, with
 * the lifetimes that are left.
 */
#include "crypto/charon/plugin_priv.h"

#include <collections/hashtable.h>
#include <threading/mutex.h>

struct sa_key {
	uint32_t spi;
	uint32_t dst_be;
};

struct sa_entry {
	struct sa_key key;
	struct ike_sa_add add;
	uint64_t since; /* its lifetimes count from here */
	struct ike_pair pair;
	bool paired; /* of inbound ones */
};

struct ike_entry {
	uint32_t key;
	struct ike_ike_sa ike;
	uint64_t since; /* age and rekey count from here */
	enum ike_end end;
};

static struct {
	mutex_t *lock;
	hashtable_t *sas;  /* sa_key -> sa_entry */
	hashtable_t *ikes; /* uint32_t -> ike_entry */
	uint64_t created;
} table;

static u_int sa_hash(const void *key)
{
	return chunk_hash(chunk_create((u_char *)key, sizeof(struct sa_key)));
}

static bool sa_equals(const void *a, const void *b)
{
	return memeq(a, b, sizeof(struct sa_key));
}

static u_int ike_hash(const void *key)
{
	return *(const uint32_t *)key;
}

static bool ike_equals(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

void table_init(void)
{
	table.lock = mutex_create(MUTEX_TYPE_DEFAULT);
	table.sas = hashtable_create(sa_hash, sa_equals, 32);
	table.ikes = hashtable_create(ike_hash, ike_equals, 32);
}

static void sa_free(struct sa_entry *e)
{
	memwipe(e, sizeof(*e));
	free(e);
}

void table_fini(void)
{
	enumerator_t *all;
	void *key, *e;

	all = table.sas->create_enumerator(table.sas);
	while (all->enumerate(all, &key, &e)) {
		sa_free(e);
	}
	all->destroy(all);
	all = table.ikes->create_enumerator(table.ikes);
	while (all->enumerate(all, &key, &e)) {
		free(e);
	}
	all->destroy(all);
	table.sas->destroy(table.sas);
	table.ikes->destroy(table.ikes);
	table.lock->destroy(table.lock);
}

uint64_t table_now(void)
{
	return (uint64_t)time_monotonic(NULL);
}

void table_sa_add(struct ike_sa_add *sa)
{
	struct sa_entry *e, *old;

	INIT(e, .key = {sa->spi, sa->dst.addr_be}, .since = table_now(), );
	table.lock->lock(table.lock);
	sa->created = ++table.created;
	e->add = *sa;
	old = table.sas->put(table.sas, &e->key, e);
	table.lock->unlock(table.lock);
	if (old != NULL) {
		sa_free(old);
	}
}

static struct sa_entry *sa_get(uint32_t spi, uint32_t dst_be)
{
	struct sa_key key = {spi, dst_be};

	return table.sas->get(table.sas, &key);
}

void table_sa_update(const struct ike_sa_update *u)
{
	struct sa_entry *e;

	table.lock->lock(table.lock);
	e = sa_get(u->spi, u->dst_be);
	if (e != NULL) {
		table.sas->remove(table.sas, &e->key);
		e->key.dst_be = u->dst.addr_be;
		e->add.src = u->src;
		e->add.dst = u->dst;
		e->add.encap = u->encap;
		e = table.sas->put(table.sas, &e->key, e);
	}
	table.lock->unlock(table.lock);
	/* Somebody else's SA with the SPI and address that this one now has. */
	if (e != NULL) {
		sa_free(e);
	}
}

void table_sa_seq(const struct ike_sa_seq *s)
{
	struct sa_entry *e;

	table.lock->lock(table.lock);
	e = sa_get(s->spi, s->dst_be);
	if (e != NULL && s->seq > e->add.seq) {
		e->add.seq = s->seq;
	}
	table.lock->unlock(table.lock);
}

void table_sa_del(const struct ike_sa_ref *ref)
{
	struct sa_key key = {ref->spi, ref->dst_be};
	struct sa_entry *e;

	table.lock->lock(table.lock);
	e = table.sas->remove(table.sas, &key);
	table.lock->unlock(table.lock);
	if (e != NULL) {
		sa_free(e);
	}
}

void table_pair(const struct ike_pair *pair, uint32_t local_be)
{
	struct sa_entry *e;

	table.lock->lock(table.lock);
	e = sa_get(pair->spi_in, local_be);
	if (e != NULL) {
		e->pair = *pair;
		e->paired = TRUE;
	}
	table.lock->unlock(table.lock);
}

bool table_ike_sa(const struct ike_ike_sa *ike)
{
	struct ike_entry *e;
	struct ike_ike_sa now = *ike;
	bool news;

	table.lock->lock(table.lock);
	e = table.ikes->get(table.ikes, &ike->ike_sa);
	news = e == NULL;
	if (news) {
		INIT(e, .key = ike->ike_sa, );
		table.ikes->put(table.ikes, &e->key, e);
	} else {
		now.age = e->ike.age;
		news = !memeq(&now, &e->ike, sizeof(now));
	}
	if (news) {
		e->ike = *ike;
		e->since = table_now();
	}
	table.lock->unlock(table.lock);
	return news;
}

bool table_ike_sa_del(uint32_t ike_sa)
{
	struct ike_entry *e;
	bool known;

	table.lock->lock(table.lock);
	e = table.ikes->remove(table.ikes, &ike_sa);
	table.lock->unlock(table.lock);
	known = e != NULL;
	free(e);
	return known;
}

bool table_ike_sa_replace(uint32_t old, uint32_t new)
{
	enumerator_t *all;
	struct sa_entry *e;
	void *key;

	table.lock->lock(table.lock);
	all = table.sas->create_enumerator(table.sas);
	while (all->enumerate(all, &key, &e)) {
		if (e->add.ike_sa == old) {
			e->add.ike_sa = e->pair.ike_sa = new;
		}
	}
	all->destroy(all);
	table.lock->unlock(table.lock);
	return table_ike_sa_del(old);
}

void table_ike_sa_dying(uint32_t ike_sa, enum ike_end end)
{
	struct ike_entry *e;

	table.lock->lock(table.lock);
	e = table.ikes->get(table.ikes, &ike_sa);
	if (e != NULL) {
		e->end = end;
	}
	table.lock->unlock(table.lock);
}

enum ike_end table_ike_sa_end(uint32_t ike_sa)
{
	enum ike_end end = IKE_END_DELETED;
	struct ike_entry *e;

	table.lock->lock(table.lock);
	e = table.ikes->get(table.ikes, &ike_sa);
	if (e != NULL) {
		end = e->end;
	}
	table.lock->unlock(table.lock);
	return end;
}

/* What is left of a time. One that has passed is due now. */
static uint64_t left(uint64_t time, uint64_t passed)
{
	if (time == 0) {
		return 0;
	}
	return time > passed ? time - passed : 1;
}

static int by_age(const void *a, const void *b)
{
	const struct sa_entry *const *x = a, *const *y = b;

	return (*x)->add.created < (*y)->add.created ? -1 : 1;
}

static void list_sas(void (*say)(const struct ike_msg *m))
{
	u_int n = table.sas->get_count(table.sas), i = 0;
	struct sa_entry **sorted = calloc(n + 1, sizeof(*sorted)), *e;
	uint64_t now = table_now();
	enumerator_t *all;
	struct ike_msg m;
	void *key;

	all = table.sas->create_enumerator(table.sas);
	while (all->enumerate(all, &key, &e) && i < n) {
		sorted[i++] = e;
	}
	all->destroy(all);
	/* Of a peer's outbound SAs the one that was added last is used. */
	qsort(sorted, n, sizeof(*sorted), by_age);
	for (i = 0; i < n; i++) {
		e = sorted[i];
		m = (struct ike_msg){.type = IKE_MSG_SA_ADD, .sa_add = e->add};
		m.sa_add.seconds.soft = left(e->add.seconds.soft, now - e->since);
		m.sa_add.seconds.hard = left(e->add.seconds.hard, now - e->since);
		say(&m);
	}
	for (i = 0; i < n; i++) {
		m = (struct ike_msg){.type = IKE_MSG_PAIR, .pair = sorted[i]->pair};
		if (sorted[i]->paired) {
			say(&m);
		}
	}
	memwipe(&m, sizeof(m));
	free(sorted);
}

void table_list(void (*say)(const struct ike_msg *m))
{
	uint64_t now = table_now();
	struct ike_entry *e;
	enumerator_t *all;
	struct ike_msg m;
	void *key;

	table.lock->lock(table.lock);
	all = table.ikes->create_enumerator(table.ikes);
	while (all->enumerate(all, &key, &e)) {
		m = (struct ike_msg){.type = IKE_MSG_IKE_SA, .ike_sa = e->ike};
		m.ike_sa.age += (uint32_t)(now - e->since);
		m.ike_sa.rekey = (uint32_t)left(m.ike_sa.rekey, now - e->since);
		say(&m);
	}
	all->destroy(all);
	list_sas(say);
	table.lock->unlock(table.lock);
}
