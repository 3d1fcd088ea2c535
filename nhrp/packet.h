/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NHRP packets (RFC 2332 section 5, and what Cisco added): octets to a struct and back. Nothing is
 * copied: a parsed packet points into the octets it came from, which must outlive it. Numbers are
 * in host order, addresses as they stand on the wire. Pure; any thread.
 */
#ifndef NHRP_PACKET_H
#define NHRP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cursor.h"
#include "common/writer.h"

/** Protocol type of NHRP in a GRE header. */
#define NHRP_GRE_PROTOCOL 0x2001

/** Longest packet that is taken and made; longer ones are "SDU size exceeded". */
#define NHRP_PACKET_MAX 4096

/** More extensions than this are no packet anybody would send. */
#define NHRP_EXTENSIONS_MAX 64

#define NHRP_AFN_IPV4      1      /**< address family number of the NBMA addresses */
#define NHRP_PROTOCOL_IPV4 0x0800 /**< of the protocol addresses */

/** ar$op.type (5.1). 8 is Cisco's. */
enum nhrp_type {
	NHRP_RESOLUTION_REQUEST = 1,
	NHRP_RESOLUTION_REPLY,
	NHRP_REGISTRATION_REQUEST,
	NHRP_REGISTRATION_REPLY,
	NHRP_PURGE_REQUEST,
	NHRP_PURGE_REPLY,
	NHRP_ERROR_INDICATION,
	NHRP_TRAFFIC_INDICATION,
	NHRP_TYPES /**< one more than the last */
};

/** Flags of requests and replies. The same bit means different things in different types. */
enum nhrp_flag {
	NHRP_FLAG_ROUTER = 0x8000,        /**< resolution: Q, the requester is a router */
	NHRP_FLAG_AUTHORITATIVE = 0x4000, /**< resolution: A */
	NHRP_FLAG_DST_STABLE = 0x2000,    /**< resolution: D */
	NHRP_FLAG_RES_UNIQUE = 0x1000,    /**< resolution: U */
	NHRP_FLAG_SRC_STABLE = 0x0800,    /**< resolution: S */
	NHRP_FLAG_REG_UNIQUE = 0x8000,    /**< registration: U */
	NHRP_FLAG_NO_REPLY = 0x8000,      /**< purge: N */
	NHRP_FLAG_NAT = 0x0002,           /**< Cisco: the sender knows the NAT address extension */
};

/** Codes of client information entries (5.2.2, 5.2.4). */
enum nhrp_code {
	NHRP_CODE_SUCCESS = 0,
	NHRP_CODE_PROHIBITED = 4,
	NHRP_CODE_NO_RESOURCES = 5,
	NHRP_CODE_NO_BINDING_OLD = 11, /**< OpenNHRP and FRR for 12: understood, never sent */
	NHRP_CODE_NO_BINDING = 12,
	NHRP_CODE_NOT_UNIQUE = 13,
	NHRP_CODE_UNIQUE_EXISTS = 14,
};

/** Codes of error indications (5.2.7). */
enum nhrp_error_code {
	NHRP_ERROR_EXTENSION_UNKNOWN = 1,
	NHRP_ERROR_LOOP_OLD = 2, /**< OpenNHRP and FRR for 3: understood, never sent */
	NHRP_ERROR_LOOP = 3,
	NHRP_ERROR_UNREACHABLE = 6,
	NHRP_ERROR_PROTOCOL = 7,
	NHRP_ERROR_SIZE = 8,
	NHRP_ERROR_EXTENSION_INVALID = 9,
	NHRP_ERROR_REPLY_INVALID = 10,
	NHRP_ERROR_AUTHENTICATION = 11,
	NHRP_ERROR_HOP_COUNT = 15,
	NHRP_ERRORS = 16 /**< one more than the last */
};

/** Extension types (5.3), without the compulsory bit. 9 is Cisco's, and RFC 2735's. */
enum nhrp_extension_type {
	NHRP_EXT_END = 0,
	NHRP_EXT_RESPONDER = 3,
	NHRP_EXT_FORWARD = 4,
	NHRP_EXT_REVERSE = 5,
	NHRP_EXT_AUTHENTICATION = 7,
	NHRP_EXT_VENDOR = 8,
	NHRP_EXT_NAT = 9,
	NHRP_EXT_COMPULSORY = 0x8000, /**< bit of the type field */
	NHRP_EXT_TYPE = 0x3fff,       /**< the type without its two flag bits */
};

/** RFC 2735's device capabilities are extension 9 too, and have this length. */
#define NHRP_CAPABILITIES_LEN 8

/** Octets in place. */
struct nhrp_span {
	const uint8_t *at;
	size_t len;
};

/** An address in place. */
struct nhrp_addr {
	const uint8_t *at;
	uint8_t len;
	uint8_t kind; /**< the two bits above the length in a type & length octet, where they stand
		       */
};

/** A client information entry (5.2.0.1). */
struct nhrp_cie {
	uint8_t code;
	uint8_t prefix_len; /**< as on the wire: 0 and 255 are no prefix at all */
	uint16_t unused;    /**< must be zero, but what others send is forwarded */
	uint16_t mtu;
	uint16_t holding; /**< seconds */
	uint8_t preference;
	struct nhrp_addr nbma, subaddr, proto;
};

/** An extension in place. */
struct nhrp_ext {
	uint16_t type; /**< as on the wire, with the compulsory bit */
	struct nhrp_span body;
};

/** A packet. */
struct nhrp_packet {
	uint16_t afn;
	uint16_t protocol;
	uint8_t snap[5];
	uint8_t hop_count;
	uint8_t version;
	uint8_t type;   /**< enum nhrp_type */
	uint16_t flags; /**< "unused" of an error indication */
	/** Indications have codes instead: error (or traffic) code and offset. */
	uint32_t request_id;
	uint16_t code, offset;
	struct nhrp_addr src_nbma, src_subaddr, src_proto, dst_proto;
	/** The CIEs, or an indication's piece of a packet. */
	struct nhrp_span payload;
	bool has_extensions;
	struct nhrp_span extensions; /**< with the end; nothing after it */
	uint16_t n_cies;             /**< of requests and replies */
	uint16_t n_extensions;       /**< without the end */
	bool addressed;              /**< the mandatory part's addresses could be read */
	struct nhrp_span whole;      /**< ar$pktsz octets */
	uint16_t fault_at;           /**< where it is wrong, in octets from its start */
};

/** What can be wrong with a packet's form, in the order it is looked at. */
enum nhrp_fault {
	NHRP_FAULT_NONE,
	NHRP_FAULT_LENGTH,     /**< shorter than a header, or than ar$pktsz says */
	NHRP_FAULT_VERSION,    /**< ar$op.version is not 1 */
	NHRP_FAULT_CHECKSUM,   /**< */
	NHRP_FAULT_MANDATORY,  /**< addresses run past the mandatory part */
	NHRP_FAULT_CIE,        /**< the last CIE is cut */
	NHRP_FAULT_EXTENSIONS, /**< an extension is cut, or there are too many */
	NHRP_FAULTS
};

/** True for error and traffic indications, whose mandatory part holds a packet and no CIEs. */
bool nhrp_is_indication(uint8_t type);

/** True for replies. */
bool nhrp_is_reply(uint8_t type);

/** "resolution request", ... ; "unknown" for others. */
const char *nhrp_type_name(uint8_t type);

/** Words of RFC 2332 for a CIE code; "unknown". */
const char *nhrp_code_name(uint8_t code);

/** Words of RFC 2332 for an error code; "unknown". */
const char *nhrp_error_name(uint16_t code);

/** Words for a fault: "checksum", ... */
const char *nhrp_fault_name(enum nhrp_fault fault);

/**
 * Read a packet. Every CIE of the mandatory part and every extension is whole afterwards; octets
 * after ar$pktsz are ignored. Types, address families and lengths are not judged.
 * @return NHRP_FAULT_NONE, or what is wrong; p->addressed tells whether the addresses are valid
 * then
 */
enum nhrp_fault nhrp_packet_parse(struct nhrp_packet *p, const void *bytes, size_t len);

/**
 * Next CIE of p->payload or of an extension's body, cursor_open() over which is in c.
 * @return false at the end, and when it is cut: then c->error
 */
bool nhrp_cie_next(struct cursor *c, struct nhrp_cie *cie);

/** True if a body is nothing but whole CIEs (or empty). */
bool nhrp_cies_valid(const struct nhrp_span *body);

/** Next extension of p->extensions, cursor_open() over which is in c. @return false at the end. */
bool nhrp_ext_next(struct cursor *c, struct nhrp_ext *ext);

/** First extension of a type (without the compulsory bit). @return false if there is none */
bool nhrp_ext_find(const struct nhrp_packet *p, uint16_t type, struct nhrp_ext *ext);

/** The IPv4 address, network byte order; 0 if it is of another length. */
uint32_t nhrp_addr_be(const struct nhrp_addr *a);

/** An IPv4 address to be written; *be must outlive it. */
struct nhrp_addr nhrp_addr_v4(const uint32_t *be);

/** Prefix length of a CIE as this project counts: 0, 255 and more than 32 are a host's, 32. */
uint8_t nhrp_cie_prefix(const struct nhrp_cie *cie);

/** Writes a packet: start, CIEs or payload, extensions, end. */
struct nhrp_builder {
	struct writer w;
	size_t ext; /**< where the open extension's length stands */
	bool extensions;
};

/** The headers, of p; its type decides whether request_id or code and offset are written. */
void nhrp_build_start(
	struct nhrp_builder *b, void *bytes, size_t room, const struct nhrp_packet *p);

/** A CIE, of the mandatory part or of the open extension. */
void nhrp_build_cie(struct nhrp_builder *b, const struct nhrp_cie *cie);

/** Octets, of the mandatory part or of the open extension. */
void nhrp_build_bytes(struct nhrp_builder *b, const void *bytes, size_t len);

/** Open an extension; the first one ends the mandatory part. @param type with compulsory bit */
void nhrp_build_ext_open(struct nhrp_builder *b, uint16_t type);

/** Close the open extension. */
void nhrp_build_ext_close(struct nhrp_builder *b);

/** A whole extension. */
void nhrp_build_ext(struct nhrp_builder *b, uint16_t type, const void *body, size_t len);

/** The end of extensions if there is one, length and checksum. @return length, 0: does not fit */
size_t nhrp_build_end(struct nhrp_builder *b);

#endif
