/* SPDX-License-Identifier: BSD-3-Clause */
/* Twins are found by sorting, for a hub has 100,000 peers. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "config/check_priv.h"

static int by_key(const void *a, const void *b)
{
	const struct config_entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

int config_entries_alloc(struct config_entries *e, size_t n, struct error *err)
{
	e->n = 0;
	e->at = calloc(n + 1, sizeof(e->at[0]));
	return e->at == NULL ? config_no_memory(err) : 0;
}

void config_entries_add(
	struct config_entries *e, uint64_t key, const struct config_place *place, const void *what)
{
	e->at[e->n] =
		(struct config_entry){.key = key, .order = e->n, .place = place, .what = what};
	e->n++;
}

/* Sort. Returns the first twin in sorted order (its elder stands before it), or NULL. */
const struct config_entry *config_entries_twin(struct config_entries *e)
{
	qsort(e->at, e->n, sizeof(e->at[0]), by_key);
	for (unsigned i = 1; i < e->n; i++)
		if (e->at[i].key == e->at[i - 1].key)
			return &e->at[i];
	return NULL;
}

/* Place of the first key that is not below this one, among sorted ones; e->n if all are. */
static unsigned from(const struct config_entries *e, uint64_t key)
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

const struct config_entry *config_entries_find(const struct config_entries *e, uint64_t key)
{
	unsigned at = from(e, key);

	return at < e->n && e->at[at].key == key ? &e->at[at] : NULL;
}

bool config_entries_any(const struct config_entries *e, uint64_t first, uint64_t last)
{
	unsigned at = from(e, first);

	return at < e->n && e->at[at].key <= last;
}

uint32_t config_host_order(const struct ip_addr *a)
{
	return ntohl(a->v4_be);
}

/* "hub.cfg:12" of the elder twin, for the younger one's message. */
int config_twice(struct config_check *k, const struct config_entry *younger, const char *what,
	const char *value)
{
	const struct config_place *elder = younger[-1].place;

	return config_fail(k->err, younger->place, "%s %s was given before, in %s:%u", what, value,
		elder->file, elder->line);
}
