/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing packets. */
#include "nhrp/nhrp_priv.h"

/* Where the fixed header has what is known only at the end (5.1). */
#define AT_SIZE     10
#define AT_CHECKSUM 12
#define AT_EXT      14

static void put_addr(struct writer *w, const struct nhrp_addr *a)
{
	writer_copy(w, a->at, a->len);
}

static uint8_t tl(const struct nhrp_addr *a)
{
	return (uint8_t)(a->kind | a->len);
}

void nhrp_build_start(struct nhrp_builder *b, void *bytes, size_t room, const struct nhrp_packet *p)
{
	struct writer *w = &b->w;

	*b = (struct nhrp_builder){.w = writer_open(bytes, room)};
	writer_u16(w, p->afn);
	writer_u16(w, p->protocol);
	writer_copy(w, p->snap, sizeof(p->snap));
	writer_u8(w, p->hop_count);
	writer_u16(w, 0);
	writer_u16(w, 0);
	writer_u16(w, 0);
	writer_u8(w, p->version);
	writer_u8(w, p->type);
	writer_u8(w, tl(&p->src_nbma));
	writer_u8(w, tl(&p->src_subaddr));

	writer_u8(w, p->src_proto.len);
	writer_u8(w, p->dst_proto.len);
	writer_u16(w, p->flags);
	if (nhrp_is_indication(p->type)) {
		writer_u16(w, p->code);
		writer_u16(w, p->offset);
	} else {
		writer_u32(w, p->request_id);
	}
	put_addr(w, &p->src_nbma);
	put_addr(w, &p->src_subaddr);
	put_addr(w, &p->src_proto);
	put_addr(w, &p->dst_proto);
}

void nhrp_build_cie(struct nhrp_builder *b, const struct nhrp_cie *cie)
{
	struct writer *w = &b->w;

	writer_u8(w, cie->code);
	writer_u8(w, cie->prefix_len);
	writer_u16(w, cie->unused);
	writer_u16(w, cie->mtu);
	writer_u16(w, cie->holding);
	writer_u8(w, tl(&cie->nbma));
	writer_u8(w, tl(&cie->subaddr));
	writer_u8(w, cie->proto.len);
	writer_u8(w, cie->preference);
	put_addr(w, &cie->nbma);
	put_addr(w, &cie->subaddr);
	put_addr(w, &cie->proto);
}

void nhrp_build_bytes(struct nhrp_builder *b, const void *bytes, size_t len)
{
	writer_copy(&b->w, bytes, len);
}

/* The first extension tells where the mandatory part ends. */
static void begin_extensions(struct nhrp_builder *b)
{
	if (!b->extensions)
		writer_patch_u16(&b->w, AT_EXT, (uint16_t)writer_len(&b->w));
	b->extensions = true;
}

void nhrp_build_ext_open(struct nhrp_builder *b, uint16_t type)
{
	begin_extensions(b);
	writer_u16(&b->w, type);
	b->ext = writer_len(&b->w);
	writer_u16(&b->w, 0);
}

void nhrp_build_ext_close(struct nhrp_builder *b)
{
	size_t len = writer_len(&b->w) - b->ext - 2;

	if (len > UINT16_MAX)
		b->w.error = true;
	writer_patch_u16(&b->w, b->ext, (uint16_t)len);
}

void nhrp_build_ext(struct nhrp_builder *b, uint16_t type, const void *body, size_t len)
{
	nhrp_build_ext_open(b, type);
	nhrp_build_bytes(b, body, len);
	nhrp_build_ext_close(b);
}

size_t nhrp_build_end(struct nhrp_builder *b)
{
	/* The end is compulsory like what it ends (5.3.0), and all who speak NHRP send it so. */
	if (b->extensions)
		nhrp_build_ext(b, NHRP_EXT_COMPULSORY | NHRP_EXT_END, NULL, 0);
	if (b->w.error || writer_len(&b->w) > UINT16_MAX)
		return 0;
	writer_patch_u16(&b->w, AT_SIZE, (uint16_t)writer_len(&b->w));
	writer_patch_u16(&b->w, AT_CHECKSUM, nhrp_checksum(b->w.start, writer_len(&b->w)));
	return writer_len(&b->w);
}
