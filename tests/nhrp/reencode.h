/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet taken apart, every CIE and extension by itself, and put together again. */
#ifndef TESTS_NHRP_REENCODE_H
#define TESTS_NHRP_REENCODE_H

#include "nhrp/packet.h"

static inline void reencode_cies(struct nhrp_builder *b, const struct nhrp_span *body)
{
	struct cursor c = cursor_open(body->at, body->len);
	struct nhrp_cie cie;

	while (nhrp_cie_next(&c, &cie))
		nhrp_build_cie(b, &cie);
}

static inline bool reencode_holds_cies(const struct nhrp_ext *e)
{
	uint16_t type = e->type & NHRP_EXT_TYPE;

	return (type == NHRP_EXT_RESPONDER || type == NHRP_EXT_FORWARD ||
		       type == NHRP_EXT_REVERSE || type == NHRP_EXT_NAT) &&
	       nhrp_cies_valid(&e->body);
}

/** @return length, 0: does not fit */
static inline size_t reencode(const struct nhrp_packet *p, uint8_t *out, size_t room)
{
	struct cursor c = cursor_open(p->extensions.at, p->extensions.len);
	struct nhrp_builder b;
	struct nhrp_ext e;

	nhrp_build_start(&b, out, room, p);
	if (nhrp_is_indication(p->type))
		nhrp_build_bytes(&b, p->payload.at, p->payload.len);
	else
		reencode_cies(&b, &p->payload);
	while (p->has_extensions && nhrp_ext_next(&c, &e)) {
		nhrp_build_ext_open(&b, e.type);
		if (reencode_holds_cies(&e))
			reencode_cies(&b, &e.body);
		else
			nhrp_build_bytes(&b, e.body.at, e.body.len);
		nhrp_build_ext_close(&b);
	}
	return nhrp_build_end(&b);
}

#endif
