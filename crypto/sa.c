/* SPDX-License-Identifier: BSD-3-Clause */
/* The SA table: slots, their use, and the lookup by SPI. */
#include "crypto/sa.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_prefetch.h>

#include "common/log.h"
#include "crypto/replay.h"
#include "crypto/sa_priv.h"

#define LOOKUP_MAX 64
#define NOT_HASHED (-1)
#define HASHED_MIN 64 /* rte_hash wants some entries */

/* Slots and windows are without pointers; all else can be made again from them. */
struct sa_table {
	struct sa *slots;
	uint64_t *windows;     /* REPLAY_WORDS a slot; NULL until an SA asks for a large window */
	struct rte_hash *hash; /* SPI -> slot of the SAs that do not stand where their SPI says */
	uint32_t hashed;
	uint32_t capacity; /* a power of two */
	uint32_t used;
	uint32_t free_hint; /* word of free_bits where the last free slot was found */
	uint64_t *free_bits;
	int32_t *hash_pos; /* where rte_hash keeps the slot's SPI, or NOT_HASHED */
	IMB_MGR *mgr;
	int socket;
	bool borrowed; /* slots and windows */
	char name[24];
};

static uint32_t free_words(const struct sa_table *t)
{
	return (t->capacity + 63) / 64;
}

static struct rte_hash *spi_hash_create(const struct sa_table *t)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters params = {
		.name = name,
		.entries = RTE_MAX(t->capacity, (uint32_t)HASHED_MIN),
		.key_len = sizeof(uint32_t),
		.socket_id = t->socket,
		.extra_flag =
			RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	snprintf(name, sizeof(name), "spi-%s", t->name);
	return rte_hash_create(&params);
}

static int table_fill(struct sa_table *t)
{
	if (!t->borrowed)
		t->slots = sa_store_alloc(t->name, sa_memory_slots(t->capacity), t->socket);
	if (t->slots == NULL)
		return ENOMEM;
	t->free_bits = calloc(free_words(t), sizeof(uint64_t));
	t->hash_pos = calloc(t->capacity, sizeof(int32_t));
	if (t->free_bits == NULL || t->hash_pos == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < t->capacity; i++) {
		t->free_bits[i / 64] |= UINT64_C(1) << i % 64;
		t->hash_pos[i] = NOT_HASHED;
	}
	t->hash = spi_hash_create(t);
	if (t->hash == NULL) {
		log_error("%s: no hash of %u SPIs: %s", t->name, t->capacity,
			rte_strerror(rte_errno));
		return rte_errno;
	}
	t->mgr = alloc_mb_mgr(0);
	if (t->mgr == NULL)
		return ENOMEM;
	init_mb_mgr_auto(t->mgr, NULL);
	return imb_get_errno(t->mgr) ? ENOTSUP : 0;
}

size_t sa_memory_slots(unsigned capacity)
{
	return rte_align32pow2(capacity) * sizeof(struct sa);
}

size_t sa_memory_windows(unsigned capacity)
{
	return rte_align32pow2(capacity) * REPLAY_WORDS * sizeof(uint64_t);
}

struct sa_table *sa_table_create(const char *name, unsigned capacity, int socket)
{
	static const struct sa_memory eal;

	return sa_table_create_in(name, capacity, socket, &eal);
}

struct sa_table *sa_table_create_in(
	const char *name, unsigned capacity, int socket, const struct sa_memory *memory)
{
	struct sa_table *t;
	int rc;

	if (capacity == 0 || capacity > UINT32_C(1) << 30) {
		errno = EINVAL;
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->capacity = rte_align32pow2(capacity);
	t->socket = socket;
	t->slots = memory->slots;
	t->windows = memory->windows;
	t->borrowed = memory->slots != NULL;
	snprintf(t->name, sizeof(t->name), "%s", name);
	rc = table_fill(t);
	if (rc != 0) {
		sa_table_destroy(t);
		errno = rc;
		return NULL;
	}
	return t;
}

void sa_table_destroy(struct sa_table *t)
{
	if (t == NULL)
		return;
	if (t->mgr != NULL)
		free_mb_mgr(t->mgr);
	rte_hash_free(t->hash);
	free(t->hash_pos);
	free(t->free_bits);
	if (!t->borrowed) {
		sa_store_free(t->windows, sa_memory_windows(t->capacity));
		sa_store_free(t->slots, sa_memory_slots(t->capacity));
	}
	free(t);
}

static int params_check(const struct sa_params *p, struct error *err)
{
	const struct esp_suite *s = p->suite;

	if (s == NULL)
		return error_set(err, EINVAL, "SPI 0x%08x: no cipher suite", p->spi);
	if (p->spi == 0)
		return error_set(err, EINVAL, "SPI 0 never stands on the wire (RFC 4303 2.1)");
	if (p->key_len != (size_t)s->key_len + s->salt_len)
		return error_set(err, EINVAL,
			"SPI 0x%08x: %s needs %u octets of key and %u of salt, not %zu together",
			p->spi, s->name, s->key_len, s->salt_len, p->key_len);
	if (p->auth_key_len != s->auth_key_len)
		return error_set(err, EINVAL,
			"SPI 0x%08x: %s needs %u octets of authentication key, not %zu", p->spi,
			s->name, s->auth_key_len, p->auth_key_len);
	if (p->in && p->window > SA_WINDOW_MAX)
		return error_set(err, EINVAL,
			"SPI 0x%08x: a replay window of %u packets is larger than %u", p->spi,
			p->window, SA_WINDOW_MAX);
	if (!p->esn && p->seq > UINT32_MAX)
		return error_set(err, EINVAL,
			"SPI 0x%08x: sequence number above 2^32-1 without ESN", p->spi);
	return 0;
}

/* Control's own lookup: slots that were unlinked do not count. */
static bool spi_known(const struct sa_table *t, uint32_t spi)
{
	return t->slots[spi & (t->capacity - 1)].spi == spi ||
	       (t->hashed > 0 && rte_hash_lookup(t->hash, &spi) >= 0);
}

/* The slot that the SPI names, else the next free one. Call only when one is free. */
static uint32_t slot_take(struct sa_table *t, uint32_t spi)
{
	uint32_t index = spi & (t->capacity - 1);

	if ((t->free_bits[index / 64] >> index % 64 & 1) == 0) {
		while (t->free_bits[t->free_hint] == 0)
			t->free_hint = (t->free_hint + 1) % free_words(t);
		index = t->free_hint * 64 + (uint32_t)__builtin_ctzll(t->free_bits[t->free_hint]);
	}
	t->free_bits[index / 64] &= ~(UINT64_C(1) << index % 64);
	return index;
}

static int windows_need(struct sa_table *t, const struct sa_params *p, struct error *err)
{
	size_t bytes = sa_memory_windows(t->capacity);

	if (!p->in || p->window <= REPLAY_INLINE_MAX || t->windows != NULL)
		return 0;
	t->windows = sa_store_alloc(t->name, bytes, t->socket);
	if (t->windows == NULL)
		return error_set(err, ENOMEM,
			"SPI 0x%08x: replay windows above %d need %zu MB more memory in the EAL",
			p->spi, REPLAY_INLINE_MAX, (bytes >> 20) + 1);
	return 0;
}

static void slot_fill(struct sa_table *t, struct sa *sa, const struct sa_params *p)
{
	sa->peer = p->peer;
	sa->suite = (uint8_t)esp_suite_index(p->suite);
	sa->cipher = (uint8_t)p->suite->cipher;
	sa->icv_len = p->suite->icv_len;
	sa->esn = p->esn;
	sa->in = p->in;
	sa->tunnel = p->tunnel;
	sa->plain = p->suite->cipher == ESP_CIPHER_AES_GCM && !p->esn &&
		    (!p->in || p->window <= REPLAY_INLINE_MAX);
	sa->used = 1;
	sa->key_size = p->suite->key_len > 8 ? (p->suite->key_len / 8 - 2) & 3 : 0;
	sa->hot.owner = SA_OWNER_NONE;
	memcpy(sa->hot.tag, p->tag, sizeof(sa->hot.tag));
	sa_key_expand(t->mgr, sa, p);
	if (p->in) {
		sa->hot.window_size = p->window;
		replay_reset(sa, sa_window_words(t, sa), p->seq);
	} else {
		sa->hot.seq = p->seq;
		sa->hot.window = p->iv_seed;
	}
}

/* An inbound SA that does not stand where its SPI says has to be found by the hash. */
static int slot_hash(struct sa_table *t, uint32_t index, uint32_t spi)
{
	int rc;

	if (index == (spi & (t->capacity - 1)))
		return 0;
	rc = rte_hash_add_key_data(t->hash, &spi, (void *)(uintptr_t)index);
	if (rc != 0)
		return rc;
	t->hash_pos[index] = rte_hash_lookup(t->hash, &spi);
	__atomic_store_n(&t->hashed, t->hashed + 1, __ATOMIC_RELEASE);
	return 0;
}

int sa_add(struct sa_table *t, const struct sa_params *p, uint32_t *index, struct error *err)
{
	struct sa *sa;
	int rc;

	rc = params_check(p, err);
	if (rc != 0)
		return rc;
	if (p->in && spi_known(t, p->spi))
		return error_set(err, EEXIST, "SPI 0x%08x: there is an SA with it", p->spi);
	if (t->used == t->capacity)
		return error_set(err, ENOSPC, "SPI 0x%08x: all %u places for SAs are taken", p->spi,
			t->capacity);
	rc = windows_need(t, p, err);
	if (rc != 0)
		return rc;
	*index = slot_take(t, p->spi);
	sa = &t->slots[*index];
	t->used++;
	slot_fill(t, sa, p);
	if (p->in && slot_hash(t, *index, p->spi) != 0) {
		sa_free(t, *index);
		return error_set(err, ENOSPC, "SPI 0x%08x: the hash of SPIs is full", p->spi);
	}
	/* Last: from here on workers see it. */
	__atomic_store_n(&sa->spi, p->spi, __ATOMIC_RELEASE);
	return 0;
}

void sa_unlink(struct sa_table *t, uint32_t index)
{
	uint32_t spi = t->slots[index].spi;

	__atomic_store_n(&t->slots[index].spi, 0, __ATOMIC_RELEASE);
	if (t->hash_pos[index] != NOT_HASHED)
		rte_hash_del_key(t->hash, &spi);
}

void sa_free(struct sa_table *t, uint32_t index)
{
	if (t->hash_pos[index] != NOT_HASHED) {
		rte_hash_free_key_with_position(t->hash, t->hash_pos[index]);
		t->hash_pos[index] = NOT_HASHED;
		__atomic_store_n(&t->hashed, t->hashed - 1, __ATOMIC_RELEASE);
	}
	explicit_bzero(&t->slots[index], sizeof(t->slots[index]));
	t->free_bits[index / 64] |= UINT64_C(1) << index % 64;
	t->used--;
}

struct sa *sa_at(const struct sa_table *t, uint32_t index)
{
	return &t->slots[index];
}

uint32_t sa_index(const struct sa_table *t, const struct sa *sa)
{
	return (uint32_t)(sa - t->slots);
}

unsigned sa_table_capacity(const struct sa_table *t)
{
	return t->capacity;
}

unsigned sa_table_used(const struct sa_table *t)
{
	return t->used;
}

uint64_t *sa_window_words(const struct sa_table *t, const struct sa *sa)
{
	return t->windows != NULL ? t->windows + (size_t)sa_index(t, sa) * REPLAY_WORDS : NULL;
}

/* `miss` names the places in out that the hash has to fill. */
static void lookup_hashed(const struct sa_table *t, const uint32_t *spi, const uint8_t *miss,
	uint32_t n, struct sa **out)
{
	const void *keys[LOOKUP_MAX];
	void *data[LOOKUP_MAX];
	uint64_t hits = 0;

	for (uint32_t i = 0; i < n; i++)
		keys[i] = &spi[miss[i]];
	rte_hash_lookup_bulk_data(t->hash, keys, n, &hits, data);
	for (uint32_t i = 0; i < n; i++) {
		struct sa *sa;

		if ((hits >> i & 1) == 0)
			continue;
		sa = &t->slots[(uint32_t)(uintptr_t)data[i]];
		/* The hash may name a slot that is not visible yet, or no more. */
		if (__atomic_load_n(&sa->spi, __ATOMIC_ACQUIRE) == spi[miss[i]]) {
			rte_prefetch0(&sa->hot);
			out[miss[i]] = sa;
		}
	}
}

void sa_lookup_burst(const struct sa_table *t, const uint32_t *spi, unsigned n, struct sa **out)
{
	uint32_t mask = t->capacity - 1, n_miss = 0;
	uint8_t miss[LOOKUP_MAX];

	for (unsigned i = 0; i < n; i++) {
		struct sa *sa = &t->slots[spi[i] & mask];

		out[i] = sa;
		rte_prefetch0(sa);
		rte_prefetch0(&sa->hot);
	}
	for (unsigned i = 0; i < n; i++) {
		/* Free slots carry SPI 0; it names no SA. */
		if (__atomic_load_n(&out[i]->spi, __ATOMIC_ACQUIRE) == spi[i] && spi[i] != 0)
			continue;
		out[i] = NULL;
		miss[n_miss++] = (uint8_t)i;
	}
	if (n_miss > 0 && __atomic_load_n(&t->hashed, __ATOMIC_ACQUIRE) > 0)
		lookup_hashed(t, spi, miss, n_miss, out);
}
