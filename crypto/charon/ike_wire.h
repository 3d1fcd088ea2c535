/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the hub and charon's plugin say to each other, over two Unix SEQPACKET sockets: one message
 * a packet, numbers big endian, addresses as on the wire.
 *
 *	SA socket   everything about SAs: never dropped. What one side cannot send it keeps; what it
 *	            cannot keep it says again, whole, after the next connection (IKE_MSG_LISTED).
 *	IKE socket  IKE datagrams: dropped, and counted, when the other side does not keep up.
 *
 * Each side's first message on either socket is IKE_MSG_HELLO; another version is refused by both.
 * A request carries an id, and its answer the same one; other messages carry 0. Both sides share
 * this codec, and neither trusts the other: what does not decode ends the connection.
 *
 * Only common/ is needed here, for the plugin is compiled apart from the rest. Pure; any thread.
 */
#ifndef CRYPTO_CHARON_IKE_WIRE_H
#define CRYPTO_CHARON_IKE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IKE_WIRE_VERSION      2
#define IKE_WIRE_MAGIC        0x444d4956u /* "DMIV" */
#define IKE_WIRE_MAX          2048        /**< octets of an encoded message of the SA socket */
#define IKE_WIRE_DATAGRAM_MAX 65507       /**< octets of an IKE datagram (RFC 768) */
#define IKE_WIRE_HEADER_LEN   8           /**< octets in front of a message's fields */
/** Octets in front of a datagram: header, source, destination with their ports. */
#define IKE_WIRE_DATAGRAM_HEADER_LEN (IKE_WIRE_HEADER_LEN + 12)

#define IKE_IDENTITY_MAX 255
#define IKE_KEY_MAX      64
#define IKE_SECRET_MAX   256
#define IKE_TEXT_MAX     511
#define IKE_CERT_ADDRS   4

/** Which way a message goes is in its comment: P the plugin says it, H the hub. */
enum ike_msg_type {
	IKE_MSG_HELLO = 1, /**< P H: ike_hello */
	IKE_MSG_DATAGRAM,  /**< P H, IKE socket: see ike_wire_datagram_* */
	IKE_MSG_RESULT,    /**< H: ike_result, answer to SA_ADD and SA_UPDATE */
	IKE_MSG_GET_SPI,   /**< P: ike_get_spi; answered by IKE_MSG_SPI */
	IKE_MSG_SPI,       /**< H: ike_spi */
	IKE_MSG_SA_ADD,    /**< P: ike_sa_add; id 0 when it is listed after a connection */
	IKE_MSG_SA_UPDATE, /**< P: ike_sa_update: other addresses or ports */
	IKE_MSG_SA_DEL,    /**< P: ike_sa_ref */
	IKE_MSG_SA_QUERY,  /**< P: ike_sa_ref; answered by IKE_MSG_SA_USE */
	IKE_MSG_SA_USE,    /**< H: ike_sa_use */
	IKE_MSG_PAIR,      /**< P: ike_pair: these two SAs are a CHILD_SA of this IKE SA */
	IKE_MSG_IKE_SA,    /**< P: ike_ike_sa: it stands, or has changed */
	IKE_MSG_IKE_GONE,  /**< P: ike_ike_gone */
	IKE_MSG_LISTED,    /**< P: no fields. All SAs and IKE SAs there are were said before this */
	IKE_MSG_EXPIRE,    /**< H: ike_expire: a lifetime has passed */
	IKE_MSG_MAPPING,   /**< H: ike_mapping: the peer's NAT gave it another address or port */
	IKE_MSG_SA_SEQ,    /**< H: ike_sa_seq: to be said again in SA_ADD after the hub's restart */
	IKE_MSG_IKE_ACTION, /**< H: ike_action */
	IKE_MSG_SECRET,     /**< H: ike_secret: one entry of the ordered list */
	IKE_MSG_SECRETS,    /**< H: no fields. The list is complete; it replaces the former one */
	IKE_MSG_LOG_LEVEL,  /**< H: ike_log_level */
	IKE_MSG_LOG,        /**< P: ike_log */
	IKE_MSG_STATS,      /**< P: ike_stats, once a second when something has changed */
	IKE_MSG_INITIATE,   /**< H: ike_initiate: agree on SAs with this peer */
	IKE_MSG_TYPES
};

/** Magic and version are the same in all versions. */
struct ike_hello {
	uint32_t magic;
	uint16_t version;
	uint64_t instance; /**< random, of the process */
	char software[64];
};

/** An IPv4 address with a UDP port, host order; port 0 where there is none. */
struct ike_endpoint {
	uint32_t addr_be;
	uint16_t port;
};

struct ike_result {
	uint32_t code; /**< 0, or an errno */
};

struct ike_get_spi {
	uint32_t local_be; /**< the address that the SA is for */
};

struct ike_spi {
	uint32_t code;
	uint32_t spi; /**< host order, as everywhere here */
};

/** An SA: an outbound one's SPI is the peer's choice, so that only the address makes it unique. */
struct ike_sa_ref {
	uint32_t spi;
	uint32_t dst_be;
};

struct ike_bytes {
	uint16_t len;
	uint8_t at[IKE_KEY_MAX];
};

/** When charon wants to hear of an SA (RFC 7296 2.8); 0: never. */
struct ike_lifetime {
	uint64_t soft, hard;
};

enum ike_mode { IKE_MODE_TRANSPORT, IKE_MODE_TUNNEL };

struct ike_sa_add {
	uint32_t spi;
	bool in;
	struct ike_endpoint src, dst;
	uint32_t ike_sa; /**< unique id, to find its ike_ike_sa, which was said before */
	uint8_t mode;    /**< enum ike_mode */
	bool encap;      /**< ESP in UDP (RFC 3948) */
	bool esn;
	uint16_t window;
	uint16_t cipher;      /**< transform of type 1, as IANA numbers them for IKEv2 */
	uint16_t integrity;   /**< of type 3; 0 with AEAD */
	struct ike_bytes key; /**< AEAD: with the salt at its end */
	struct ike_bytes auth_key;
	struct ike_lifetime seconds; /**< since now; when listed: those that are left */
	struct ike_lifetime bytes;
	struct ike_lifetime packets;
	uint64_t seq;     /**< listed: the last number known to be used; 0 for a fresh SA */
	uint64_t created; /**< seconds since the plugin's first SA: what is newer has more */
};

struct ike_sa_update {
	uint32_t spi;
	bool in;
	uint32_t dst_be; /**< before */
	struct ike_endpoint src, dst;
	bool encap;
};

struct ike_sa_use {
	uint32_t code;
	uint64_t bytes, packets;
	bool used;
	uint32_t idle; /**< seconds since bytes last grew, if used */
};

struct ike_pair {
	uint32_t ike_sa;
	uint32_t child;
	uint32_t spi_in, spi_out;
};

/** How the peer proved that it is the one it says. */
enum ike_auth {
	IKE_AUTH_NONE,
	IKE_AUTH_CERTIFICATE,
	IKE_AUTH_KEY_OWN,     /**< a shared key for this identity or address alone */
	IKE_AUTH_KEY_PREFIX,  /**< a shared key for all of a prefix */
	IKE_AUTH_KEY_ANYBODY, /**< the key of "*" */
	IKE_AUTHS
};

enum ike_id_kind {
	IKE_ID_OTHER,
	IKE_ID_ADDRESS,
	IKE_ID_FQDN,
	IKE_ID_USER_FQDN,
	IKE_ID_DN,
	IKE_IDS
};

#define IKE_NO_SECRET UINT16_MAX

struct ike_ike_sa {
	uint32_t ike_sa;
	uint8_t version; /**< 1 or 2 */
	bool initiator;  /**< it was the hub that asked for it */
	bool aggressive;
	bool nat; /**< the peer is behind one */
	struct ike_endpoint local, remote;
	uint8_t auth;    /**< enum ike_auth */
	uint8_t id_kind; /**< enum ike_id_kind */
	uint16_t secret; /**< place in the list of secrets, or IKE_NO_SECRET */
	char identity[IKE_IDENTITY_MAX + 1];
	char proposal[128]; /**< as charon writes it */
	uint32_t age;       /**< seconds */
	uint32_t rekey;     /**< seconds until it is rekeyed, 0: never */
	/** IPv4 addresses among the certificate's alternative names, 0: no more */
	uint32_t cert_be[IKE_CERT_ADDRS];
};

enum ike_end { IKE_END_DELETED, IKE_END_DEAD, IKE_END_EXPIRED, IKE_END_REPLACED, IKE_ENDS };

struct ike_ike_gone {
	uint32_t ike_sa;
	uint8_t end;          /**< enum ike_end */
	uint32_t replaced_by; /**< IKE_END_REPLACED: the one its CHILD_SAs moved to */
};

struct ike_expire {
	uint32_t spi;
	uint32_t dst_be;
	bool hard;
};

struct ike_mapping {
	uint32_t spi;
	uint32_t dst_be;
	struct ike_endpoint remote; /**< where it is now */
};

struct ike_sa_seq {
	uint32_t spi;
	uint32_t dst_be;
	uint64_t seq;
};

enum ike_do { IKE_DO_DELETE, IKE_DO_REKEY, IKE_DO_PROBE, IKE_DOS };

struct ike_action {
	uint32_t ike_sa;
	uint8_t what; /**< enum ike_do */
};

struct ike_initiate {
	uint32_t local_be;
	uint32_t remote_be;
	uint8_t version; /**< of IKE: 1, 2 */
};

enum ike_secret_kind { IKE_SECRET_ANYBODY, IKE_SECRET_IDENTITY, IKE_SECRET_PREFIX, IKE_SECRETS };

struct ike_secret_bytes {
	uint16_t len;
	uint8_t at[IKE_SECRET_MAX];
};

struct ike_secret {
	uint16_t place; /**< 0, 1, ... */
	uint8_t kind;   /**< enum ike_secret_kind */
	uint32_t addr_be;
	uint8_t prefix_len;
	char identity[IKE_IDENTITY_MAX + 1];
	struct ike_secret_bytes secret;
};

/** charon's levels up to 2; above, keys would be shown. */
#define IKE_LOG_LEVEL_MAX 2

struct ike_log_level {
	int8_t level; /**< -1 (silent)..IKE_LOG_LEVEL_MAX */
};

struct ike_log {
	uint8_t level;
	char group[8];
	char text[IKE_TEXT_MAX + 1];
};

struct ike_stats {
	uint64_t datagrams_in, datagrams_out;
	uint64_t dropped_out; /**< the hub did not take them */
	uint32_t ike_sas;     /**< established and half open */
	uint32_t half_open;
	uint64_t auth_failed; /**< wrong key, unknown identity */
	uint64_t no_proposal;
	uint64_t malformed;
	uint64_t retransmits;
	uint64_t dead; /**< peers that did not answer any more */
	uint64_t refused_spis;
	uint64_t log_dropped;
};

struct ike_msg {
	enum ike_msg_type type;
	uint32_t id;
	union {
		struct ike_hello hello;
		struct ike_result result;
		struct ike_get_spi get_spi;
		struct ike_spi spi;
		struct ike_sa_add sa_add;
		struct ike_sa_update sa_update;
		struct ike_sa_ref sa_ref; /**< SA_DEL, SA_QUERY */
		struct ike_sa_use sa_use;
		struct ike_pair pair;
		struct ike_ike_sa ike_sa;
		struct ike_ike_gone ike_gone;
		struct ike_expire expire;
		struct ike_mapping mapping;
		struct ike_sa_seq sa_seq;
		struct ike_action action;
		struct ike_secret secret;
		struct ike_log_level log_level;
		struct ike_log log;
		struct ike_stats stats;
		struct ike_initiate initiate;
	};
};

/**
 * Write a message.
 * @return its length, or -EMSGSIZE (it does not fit into room), or -EINVAL (no such type; a length
 *         or text above what its field holds)
 */
int ike_wire_encode(const struct ike_msg *m, void *out, size_t room);

/**
 * Read a message; all fields are in bounds afterwards: enumerations, lengths, texts end with NUL.
 * Of a HELLO of another version only magic and version are read: ask for the version first.
 * @return 0 or -EPROTO; the message is wiped then
 */
int ike_wire_decode(struct ike_msg *m, const void *data, size_t len);

/** An IKE datagram, UDP payload with the non-ESP marker where it has one (RFC 3948 2.2). */
struct ike_datagram {
	struct ike_endpoint src, dst;
	const uint8_t *data;
	size_t len; /**< 1..IKE_WIRE_DATAGRAM_MAX */
};

/** Write the IKE_WIRE_DATAGRAM_HEADER_LEN octets that stand in front of a datagram's own. */
void ike_wire_datagram_header(const struct ike_datagram *d, uint8_t *out);

/** Read a packet of the IKE socket; d->data points into it. @return 0 or -EPROTO */
int ike_wire_datagram_decode(struct ike_datagram *d, const void *data, size_t len);

/** "HELLO", ... for messages about messages. */
const char *ike_msg_name(unsigned type);

#endif
