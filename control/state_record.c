/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/state_record.h"

#include <errno.h>
#include <string.h>

#include "common/cursor.h"
#include "common/writer.h"

#define MAGIC "dmvpnhub"

/* In front of a record: is it there? Then its octets. */
#define THERE      0x72656373u
#define OCTETS_LEN (STATE_RECORD_LEN - sizeof(uint32_t))

static void put_u64(struct writer *w, uint64_t v)
{
	writer_u32(w, (uint32_t)(v >> 32));
	writer_u32(w, (uint32_t)v);
}

static uint64_t get_u64(struct cursor *c)
{
	uint64_t high = cursor_u32(c);

	return high << 32 | cursor_u32(c);
}

static bool get_bool(struct cursor *c)
{
	uint8_t v = cursor_u8(c);

	c->error |= v > 1;
	return v != 0;
}

/* A text of at most max octets, which is what the field holds without its NUL. */
static void put_text(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	writer_u8(w, (uint8_t)len);
	writer_copy(w, text, len);
}

static void get_text(struct cursor *c, char *text, size_t max)
{
	size_t len = cursor_u8(c);

	if (len > max) {
		c->error = true;
		len = 0;
	}
	memset(text, 0, max + 1);
	cursor_copy(c, text, len);
	c->error |= memchr(text, '\0', len) != NULL && len > 0;
}

/* --- header
 * --------------------------------------------------------------------------------------- */

int state_layout(struct state_layout *l, const struct state_shape *s)
{
	uint64_t at = STATE_HEADER_LEN;

	if (s->peers == 0 || s->peers > STATE_PEERS_MAX || s->sas == 0 ||
		s->sas > 4 * STATE_PEERS_MAX || (s->sas & (s->sas - 1)) != 0 ||
		s->leases > 8 * STATE_PEERS_MAX || s->slot_len == 0 || s->slot_len > 65536 ||
		s->words_len > 65536 || s->hot_len > s->slot_len ||
		s->hot_at > s->slot_len - s->hot_len)
		return -EINVAL;
	l->peers = at;
	at += (uint64_t)s->peers * STATE_RECORD_LEN;
	for (unsigned in = 0; in < 2; in++) {
		l->sas[in] = at;
		at += (uint64_t)s->sas * STATE_RECORD_LEN;
	}
	l->leases = at;
	at += (uint64_t)s->leases * STATE_RECORD_LEN;
	/* Workers write here: pages of their own. */
	for (unsigned in = 0; in < 2; in++) {
		at = (at + 4095) & ~UINT64_C(4095);
		l->slots[in] = at;
		at += (uint64_t)s->sas * s->slot_len;
	}
	at = (at + 4095) & ~UINT64_C(4095);
	l->windows = at;
	at += (uint64_t)s->sas * s->words_len;
	l->len = (at + 4095) & ~UINT64_C(4095);
	return 0;
}

void state_header_write(void *to, const struct state_header *h)
{
	uint8_t octets[64] = {0};
	struct writer w = writer_open(octets, sizeof(octets));

	writer_copy(&w, MAGIC, 8);
	writer_u32(&w, h->version);
	writer_u32(&w, h->shape.peers);
	writer_u32(&w, h->shape.sas);
	writer_u32(&w, h->shape.leases);
	writer_u32(&w, h->shape.slot_len);
	writer_u32(&w, h->shape.hot_at);
	writer_u32(&w, h->shape.hot_len);
	writer_u32(&w, h->shape.words_len);
	writer_u8(&w, h->instance_known);
	put_u64(&w, h->instance);
	memcpy(to, octets, sizeof(octets));
}

int state_header_read(struct state_header *h, const void *from, size_t header_len, uint64_t len)
{
	struct cursor c = cursor_open(from, header_len);
	const uint8_t *magic = cursor_take(&c, 8);
	struct state_layout l;

	if (magic == NULL || memcmp(magic, MAGIC, 8) != 0)
		return -EPROTO;
	h->version = cursor_u32(&c);
	if (h->version != STATE_VERSION)
		return -ENOTSUP;
	h->shape.peers = cursor_u32(&c);
	h->shape.sas = cursor_u32(&c);
	h->shape.leases = cursor_u32(&c);
	h->shape.slot_len = cursor_u32(&c);
	h->shape.hot_at = cursor_u32(&c);
	h->shape.hot_len = cursor_u32(&c);
	h->shape.words_len = cursor_u32(&c);
	h->instance_known = get_bool(&c);
	h->instance = get_u64(&c);
	if (c.error || state_layout(&l, &h->shape) < 0)
		return -EINVAL;
	/* Huge pages round it up. */
	return len >= l.len && len - l.len < (UINT64_C(1) << 30) ? 0 : -EINVAL;
}

/* --- records
 * -------------------------------------------------------------------------------------- */

/* A process that is killed in between leaves a record that is not there. */
static struct writer begin(void *to)
{
	__atomic_store_n((uint32_t *)to, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return writer_open((uint8_t *)to + sizeof(uint32_t), OCTETS_LEN);
}

static void end(void *to, const struct writer *w)
{
	if (!w->error)
		__atomic_store_n((uint32_t *)to, THERE, __ATOMIC_RELEASE);
}

void state_record_clear(void *to)
{
	__atomic_store_n((uint32_t *)to, 0, __ATOMIC_RELEASE);
	explicit_bzero((uint8_t *)to + sizeof(uint32_t), OCTETS_LEN);
}

static bool there(const void *from, struct cursor *c)
{
	*c = cursor_open((const uint8_t *)from + sizeof(uint32_t), OCTETS_LEN);
	return __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE) == THERE;
}

void state_peer_write(void *to, const struct state_peer *p)
{
	struct writer w = begin(to);

	put_text(&w, p->tunnel);
	writer_copy(&w, &p->nbma_be, 4);
	writer_u16(&w, p->nat_port);
	writer_copy(&w, &p->address_be, 4);
	writer_u8(&w, p->named);
	writer_copy(&w, &p->named_nbma_be, 4);
	writer_copy(&w, &p->named_address_be, 4);
	writer_u16(&w, p->named_port);
	writer_u8(&w, p->identity_is);
	writer_u8(&w, p->has_identity);
	put_text(&w, p->identity);
	end(to, &w);
}

bool state_peer_read(struct state_peer *p, const void *from)
{
	struct cursor c;

	if (!there(from, &c))
		return false;
	get_text(&c, p->tunnel, STATE_NAME_MAX);
	p->nbma_be = cursor_be32(&c);
	p->nat_port = cursor_u16(&c);
	p->address_be = cursor_be32(&c);
	p->named = get_bool(&c);
	p->named_nbma_be = cursor_be32(&c);
	p->named_address_be = cursor_be32(&c);
	p->named_port = cursor_u16(&c);
	p->identity_is = cursor_u8(&c);
	p->has_identity = get_bool(&c);
	get_text(&c, p->identity, STATE_IDENTITY_MAX);
	return !c.error;
}

void state_sa_write(void *to, const struct state_sa *sa)
{
	struct writer w = begin(to);

	writer_u32(&w, sa->spi);
	writer_u32(&w, sa->peer);
	put_u64(&w, sa->order);
	put_text(&w, sa->suite);
	writer_u8(&w, sa->esn);
	writer_u16(&w, sa->window);
	writer_u8(&w, sa->key_len);
	writer_copy(&w, sa->key, sa->key_len);
	writer_u8(&w, sa->auth_key_len);
	writer_copy(&w, sa->auth_key, sa->auth_key_len);
	writer_u8(&w, sa->ike);
	writer_u8(&w, sa->orphan);
	writer_copy(&w, &sa->dst_be, 4);
	writer_u32(&w, sa->ike_sa);
	writer_u32(&w, sa->child);
	writer_u32(&w, sa->mate);
	put_u64(&w, sa->soft);
	put_u64(&w, sa->hard);
	put_u64(&w, sa->bytes_soft);
	put_u64(&w, sa->bytes_hard);
	put_u64(&w, sa->packets_soft);
	put_u64(&w, sa->packets_hard);
	end(to, &w);
}

static uint8_t get_key(struct cursor *c, uint8_t key[STATE_KEY_MAX])
{
	uint8_t len = cursor_u8(c);

	if (len > STATE_KEY_MAX) {
		c->error = true;
		len = 0;
	}
	memset(key, 0, STATE_KEY_MAX);
	cursor_copy(c, key, len);
	return len;
}

bool state_sa_read(struct state_sa *sa, const void *from)
{
	struct cursor c;

	if (!there(from, &c))
		return false;
	sa->spi = cursor_u32(&c);
	sa->peer = cursor_u32(&c);
	sa->order = get_u64(&c);
	get_text(&c, sa->suite, sizeof(sa->suite) - 1);
	sa->esn = get_bool(&c);
	sa->window = cursor_u16(&c);
	sa->key_len = get_key(&c, sa->key);
	sa->auth_key_len = get_key(&c, sa->auth_key);
	sa->ike = get_bool(&c);
	sa->orphan = get_bool(&c);
	sa->dst_be = cursor_be32(&c);
	sa->ike_sa = cursor_u32(&c);
	sa->child = cursor_u32(&c);
	sa->mate = cursor_u32(&c);
	sa->soft = get_u64(&c);
	sa->hard = get_u64(&c);
	sa->bytes_soft = get_u64(&c);
	sa->bytes_hard = get_u64(&c);
	sa->packets_soft = get_u64(&c);
	sa->packets_hard = get_u64(&c);
	return !c.error;
}

void state_lease_write(void *to, const struct state_lease *l)
{
	struct writer w = begin(to);

	put_text(&w, l->tunnel);
	writer_u32(&w, l->peer);
	writer_copy(&w, &l->address_be, 4);
	writer_u8(&w, l->len);
	writer_copy(&w, &l->nbma_be, 4);
	writer_copy(&w, &l->claimed_nbma_be, 4);
	writer_u16(&w, l->mtu);
	writer_u16(&w, l->holding);
	put_u64(&w, l->expires);
	writer_u8(&w, l->preference);
	writer_u8(&w, l->unique);
	writer_u8(&w, l->own);
	end(to, &w);
}

bool state_lease_read(struct state_lease *l, const void *from)
{
	struct cursor c;

	if (!there(from, &c))
		return false;
	get_text(&c, l->tunnel, STATE_NAME_MAX);
	l->peer = cursor_u32(&c);
	l->address_be = cursor_be32(&c);
	l->len = cursor_u8(&c);
	l->nbma_be = cursor_be32(&c);
	l->claimed_nbma_be = cursor_be32(&c);
	l->mtu = cursor_u16(&c);
	l->holding = cursor_u16(&c);
	l->expires = get_u64(&c);
	l->preference = cursor_u8(&c);
	l->unique = get_bool(&c);
	l->own = get_bool(&c);
	return !c.error && l->len <= 32;
}
