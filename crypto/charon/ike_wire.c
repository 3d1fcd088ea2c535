/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The codec of ike_wire.h. Each message is a table of fields that drives both directions, so that
 * they cannot differ.
 */
#include "crypto/charon/ike_wire.h"

#include <errno.h>
#include <string.h>

#include "common/cursor.h"
#include "common/writer.h"

enum kind {
	U8, /* at most `max` */
	U16,
	U32,
	U64,
	FLAG,  /* bool, 0 or 1 */
	LEVEL, /* int8_t, -1..max */
	ADDR,  /* uint32_t of network order */
	BYTES, /* uint16_t length, at most `max` octets behind it */
	TEXT,  /* char[max + 1]; a length of 16 bits and the octets on the wire */
};

struct field {
	uint8_t kind;
	uint16_t offset;
	uint16_t max;
};

struct layout {
	const char *name;
	const struct field *fields;
	unsigned n;
};

#define AT(kind, type, member)                                                                     \
	{                                                                                          \
		kind, offsetof(struct type, member), 0                                             \
	}
#define UP_TO(most, kind, type, member)                                                            \
	{                                                                                          \
		kind, offsetof(struct type, member), (most)                                        \
	}
#define ENDPOINT(type, member)   AT(ADDR, type, member.addr_be), AT(U16, type, member.port)
#define LIFETIME(type, member)   AT(U64, type, member.soft), AT(U64, type, member.hard)
#define TEXT_FIELD(type, member) UP_TO(sizeof(((struct type *)0)->member) - 1, TEXT, type, member)

static const struct field hello[] = {
	AT(U32, ike_hello, magic),
	AT(U16, ike_hello, version),
	AT(U64, ike_hello, instance),
	TEXT_FIELD(ike_hello, software),
};
#define HELLO_FIXED 2 /* fields that are the same in all versions */
static const struct field result[] = {AT(U32, ike_result, code)};
static const struct field get_spi[] = {AT(ADDR, ike_get_spi, local_be)};
static const struct field spi[] = {AT(U32, ike_spi, code), AT(U32, ike_spi, spi)};
static const struct field sa_ref[] = {AT(U32, ike_sa_ref, spi), AT(ADDR, ike_sa_ref, dst_be)};
static const struct field sa_add[] = {
	AT(U32, ike_sa_add, spi),
	AT(FLAG, ike_sa_add, in),
	ENDPOINT(ike_sa_add, src),
	ENDPOINT(ike_sa_add, dst),
	AT(U32, ike_sa_add, ike_sa),
	UP_TO(IKE_MODE_TUNNEL, U8, ike_sa_add, mode),
	AT(FLAG, ike_sa_add, encap),
	AT(FLAG, ike_sa_add, esn),
	AT(U16, ike_sa_add, window),
	AT(U16, ike_sa_add, cipher),
	AT(U16, ike_sa_add, integrity),
	UP_TO(IKE_KEY_MAX, BYTES, ike_sa_add, key),
	UP_TO(IKE_KEY_MAX, BYTES, ike_sa_add, auth_key),
	LIFETIME(ike_sa_add, seconds),
	LIFETIME(ike_sa_add, bytes),
	LIFETIME(ike_sa_add, packets),
	AT(U64, ike_sa_add, seq),
	AT(U64, ike_sa_add, created),
};
static const struct field sa_update[] = {
	AT(U32, ike_sa_update, spi),
	AT(FLAG, ike_sa_update, in),
	AT(ADDR, ike_sa_update, dst_be),
	ENDPOINT(ike_sa_update, src),
	ENDPOINT(ike_sa_update, dst),
	AT(FLAG, ike_sa_update, encap),
};
static const struct field sa_use[] = {
	AT(U32, ike_sa_use, code),
	AT(U64, ike_sa_use, bytes),
	AT(U64, ike_sa_use, packets),
	AT(FLAG, ike_sa_use, used),
	AT(U32, ike_sa_use, idle),
};
static const struct field pair[] = {
	AT(U32, ike_pair, ike_sa),
	AT(U32, ike_pair, child),
	AT(U32, ike_pair, spi_in),
	AT(U32, ike_pair, spi_out),
};
static const struct field ike_sa[] = {
	AT(U32, ike_ike_sa, ike_sa),
	UP_TO(2, U8, ike_ike_sa, version),
	AT(FLAG, ike_ike_sa, initiator),
	AT(FLAG, ike_ike_sa, aggressive),
	AT(FLAG, ike_ike_sa, nat),
	ENDPOINT(ike_ike_sa, local),
	ENDPOINT(ike_ike_sa, remote),
	UP_TO(IKE_AUTHS - 1, U8, ike_ike_sa, auth),
	UP_TO(IKE_IDS - 1, U8, ike_ike_sa, id_kind),
	AT(U16, ike_ike_sa, secret),
	TEXT_FIELD(ike_ike_sa, identity),
	TEXT_FIELD(ike_ike_sa, proposal),
	AT(U32, ike_ike_sa, age),
	AT(U32, ike_ike_sa, rekey),
	AT(ADDR, ike_ike_sa, cert_be[0]),
	AT(ADDR, ike_ike_sa, cert_be[1]),
	AT(ADDR, ike_ike_sa, cert_be[2]),
	AT(ADDR, ike_ike_sa, cert_be[3]),
};
static const struct field ike_gone[] = {
	AT(U32, ike_ike_gone, ike_sa),
	UP_TO(IKE_ENDS - 1, U8, ike_ike_gone, end),
	AT(U32, ike_ike_gone, replaced_by),
};
static const struct field expire[] = {
	AT(U32, ike_expire, spi),
	AT(ADDR, ike_expire, dst_be),
	AT(FLAG, ike_expire, hard),
};
static const struct field mapping[] = {
	AT(U32, ike_mapping, spi),
	AT(ADDR, ike_mapping, dst_be),
	ENDPOINT(ike_mapping, remote),
};
static const struct field sa_seq[] = {
	AT(U32, ike_sa_seq, spi),
	AT(ADDR, ike_sa_seq, dst_be),
	AT(U64, ike_sa_seq, seq),
};
static const struct field action[] = {
	AT(U32, ike_action, ike_sa),
	UP_TO(IKE_DOS - 1, U8, ike_action, what),
};
static const struct field initiate[] = {
	AT(ADDR, ike_initiate, local_be),
	AT(ADDR, ike_initiate, remote_be),
	UP_TO(2, U8, ike_initiate, version),
};
static const struct field secret[] = {
	AT(U16, ike_secret, place),
	UP_TO(IKE_SECRETS - 1, U8, ike_secret, kind),
	AT(ADDR, ike_secret, addr_be),
	UP_TO(32, U8, ike_secret, prefix_len),
	TEXT_FIELD(ike_secret, identity),
	UP_TO(IKE_SECRET_MAX, BYTES, ike_secret, secret),
};
static const struct field log_level[] = {UP_TO(IKE_LOG_LEVEL_MAX, LEVEL, ike_log_level, level)};
static const struct field log_line[] = {
	UP_TO(IKE_LOG_LEVEL_MAX, U8, ike_log, level),
	TEXT_FIELD(ike_log, group),
	TEXT_FIELD(ike_log, text),
};
static const struct field stats[] = {
	AT(U64, ike_stats, datagrams_in),
	AT(U64, ike_stats, datagrams_out),
	AT(U64, ike_stats, dropped_out),
	AT(U32, ike_stats, ike_sas),
	AT(U32, ike_stats, half_open),
	AT(U64, ike_stats, auth_failed),
	AT(U64, ike_stats, no_proposal),
	AT(U64, ike_stats, malformed),
	AT(U64, ike_stats, retransmits),
	AT(U64, ike_stats, dead),
	AT(U64, ike_stats, refused_spis),
	AT(U64, ike_stats, log_dropped),
};

#define LAYOUT(name, fields)                                                                       \
	{                                                                                          \
		name, fields, sizeof(fields) / sizeof((fields)[0])                                 \
	}

/* A type without a name is none of the SA socket's. */
static const struct layout layouts[IKE_MSG_TYPES] = {
	[IKE_MSG_HELLO] = LAYOUT("HELLO", hello),
	[IKE_MSG_RESULT] = LAYOUT("RESULT", result),
	[IKE_MSG_GET_SPI] = LAYOUT("GET_SPI", get_spi),
	[IKE_MSG_SPI] = LAYOUT("SPI", spi),
	[IKE_MSG_SA_ADD] = LAYOUT("SA_ADD", sa_add),
	[IKE_MSG_SA_UPDATE] = LAYOUT("SA_UPDATE", sa_update),
	[IKE_MSG_SA_DEL] = LAYOUT("SA_DEL", sa_ref),
	[IKE_MSG_SA_QUERY] = LAYOUT("SA_QUERY", sa_ref),
	[IKE_MSG_SA_USE] = LAYOUT("SA_USE", sa_use),
	[IKE_MSG_PAIR] = LAYOUT("PAIR", pair),
	[IKE_MSG_IKE_SA] = LAYOUT("IKE_SA", ike_sa),
	[IKE_MSG_IKE_GONE] = LAYOUT("IKE_GONE", ike_gone),
	[IKE_MSG_LISTED] = {"LISTED", NULL, 0},
	[IKE_MSG_EXPIRE] = LAYOUT("EXPIRE", expire),
	[IKE_MSG_MAPPING] = LAYOUT("MAPPING", mapping),
	[IKE_MSG_SA_SEQ] = LAYOUT("SA_SEQ", sa_seq),
	[IKE_MSG_IKE_ACTION] = LAYOUT("IKE_ACTION", action),
	[IKE_MSG_SECRET] = LAYOUT("SECRET", secret),
	[IKE_MSG_SECRETS] = {"SECRETS", NULL, 0},
	[IKE_MSG_LOG_LEVEL] = LAYOUT("LOG_LEVEL", log_level),
	[IKE_MSG_LOG] = LAYOUT("LOG", log_line),
	[IKE_MSG_STATS] = LAYOUT("STATS", stats),
	[IKE_MSG_INITIATE] = LAYOUT("INITIATE", initiate),
};

const char *ike_msg_name(unsigned type)
{
	if (type == IKE_MSG_DATAGRAM)
		return "DATAGRAM";
	return type < IKE_MSG_TYPES && layouts[type].name != NULL ? layouts[type].name : "?";
}

static const struct layout *layout_of(unsigned type)
{
	return type < IKE_MSG_TYPES && layouts[type].name != NULL ? &layouts[type] : NULL;
}

static void put_u64(struct writer *w, uint64_t v)
{
	writer_u32(w, (uint32_t)(v >> 32));
	writer_u32(w, (uint32_t)v);
}

/* Returns false if the value is not one the other side would take. */
static bool put(struct writer *w, const struct field *f, const void *base)
{
	const uint8_t *at = (const uint8_t *)base + f->offset;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16 = 0;

	switch (f->kind) {
	case U8:
	case FLAG:
		writer_u8(w, *at);
		return *at <= (f->kind == FLAG ? 1 : f->max);
	case LEVEL:
		writer_u8(w, *at);
		return (int8_t)*at >= -1 && (int8_t)*at <= f->max;
	case U16:
		memcpy(&u16, at, sizeof(u16));
		writer_u16(w, u16);
		return true;
	case U32:
		memcpy(&u32, at, sizeof(u32));
		writer_u32(w, u32);
		return true;
	case U64:
		memcpy(&u64, at, sizeof(u64));
		put_u64(w, u64);
		return true;
	case ADDR:
		writer_copy(w, at, sizeof(u32));
		return true;
	case BYTES:
		memcpy(&u16, at, sizeof(u16));
		if (u16 > f->max)
			return false;
		writer_u16(w, u16);
		writer_copy(w, at + sizeof(u16), u16);
		return true;
	case TEXT:
		u16 = (uint16_t)strnlen((const char *)at, (size_t)f->max + 1);
		if (u16 > f->max)
			return false;
		writer_u16(w, u16);
		writer_copy(w, at, u16);
		return true;
	}
	return false;
}

/* Returns false if the value is out of bounds. */
static bool take(struct cursor *c, const struct field *f, void *base)
{
	uint8_t *at = (uint8_t *)base + f->offset;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (f->kind) {
	case U8:
	case FLAG:
		*at = cursor_u8(c);
		return *at <= (f->kind == FLAG ? 1 : f->max);
	case LEVEL:
		*at = cursor_u8(c);
		return (int8_t)*at >= -1 && (int8_t)*at <= f->max;
	case U16:
		u16 = cursor_u16(c);
		memcpy(at, &u16, sizeof(u16));
		return true;
	case U32:
		u32 = cursor_u32(c);
		memcpy(at, &u32, sizeof(u32));
		return true;
	case U64:
		u64 = (uint64_t)cursor_u32(c) << 32;
		u64 |= cursor_u32(c);
		memcpy(at, &u64, sizeof(u64));
		return true;
	case ADDR:
		cursor_copy(c, at, sizeof(u32));
		return true;
	case BYTES:
		u16 = cursor_u16(c);
		if (u16 > f->max)
			return false;
		memcpy(at, &u16, sizeof(u16));
		cursor_copy(c, at + sizeof(u16), u16);
		return true;
	case TEXT:
		u16 = cursor_u16(c);
		if (u16 > f->max)
			return false;
		cursor_copy(c, at, u16);
		return memchr(at, '\0', u16) == NULL;
	}
	return false;
}

int ike_wire_encode(const struct ike_msg *m, void *out, size_t room)
{
	const struct layout *l = layout_of(m->type);
	struct writer w = writer_open(out, room);
	bool good = l != NULL;

	writer_u8(&w, (uint8_t)m->type);
	writer_u8(&w, 0);
	writer_u16(&w, 0);
	writer_u32(&w, m->id);
	for (unsigned i = 0; good && i < l->n; i++)
		good = put(&w, &l->fields[i], &m->hello);
	if (!good)
		return -EINVAL;
	return w.error ? -EMSGSIZE : (int)writer_len(&w);
}

int ike_wire_decode(struct ike_msg *m, const void *data, size_t len)
{
	struct cursor c = cursor_open(data, len);
	const struct layout *l;
	unsigned type = cursor_u8(&c);
	bool good = cursor_u8(&c) == 0;

	memset(m, 0, sizeof(*m));
	good = cursor_u16(&c) == 0 && good;
	m->id = cursor_u32(&c);
	l = layout_of(type);
	good = good && l != NULL;
	for (unsigned i = 0; good && i < l->n; i++) {
		/* Another version may go on in another way. */
		if (type == IKE_MSG_HELLO && i == HELLO_FIXED &&
			m->hello.version != IKE_WIRE_VERSION) {
			cursor_take(&c, cursor_left(&c));
			break;
		}
		good = take(&c, &l->fields[i], &m->hello);
	}
	if (good && !c.error && cursor_left(&c) == 0) {
		m->type = (enum ike_msg_type)type;
		return 0;
	}
	explicit_bzero(m, sizeof(*m));
	return -EPROTO;
}

void ike_wire_datagram_header(const struct ike_datagram *d, uint8_t *out)
{
	uint8_t header[IKE_WIRE_DATAGRAM_HEADER_LEN] = {IKE_MSG_DATAGRAM};
	struct writer w = writer_open(header, sizeof(header));

	writer_take(&w, IKE_WIRE_HEADER_LEN);
	writer_copy(&w, &d->src.addr_be, sizeof(d->src.addr_be));
	writer_u16(&w, d->src.port);
	writer_copy(&w, &d->dst.addr_be, sizeof(d->dst.addr_be));
	writer_u16(&w, d->dst.port);
	memcpy(out, header, sizeof(header));
}

int ike_wire_datagram_decode(struct ike_datagram *d, const void *data, size_t len)
{
	struct cursor c = cursor_open(data, len);
	bool good = cursor_u8(&c) == IKE_MSG_DATAGRAM;

	good = cursor_u8(&c) == 0 && good;
	good = cursor_u16(&c) == 0 && good;
	good = cursor_u32(&c) == 0 && good;
	d->src.addr_be = cursor_be32(&c);
	d->src.port = cursor_u16(&c);
	d->dst.addr_be = cursor_be32(&c);
	d->dst.port = cursor_u16(&c);
	d->len = cursor_left(&c);
	d->data = cursor_take(&c, d->len);
	return good && !c.error && d->len > 0 && d->len <= IKE_WIRE_DATAGRAM_MAX ? 0 : -EPROTO;
}
