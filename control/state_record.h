/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What outlives the hub's process, as octets: a header, and records of a fixed size that are there
 * or not. They are read as if they came from a stranger. Pure; any thread.
 *
 *	header | peers | SAs in | SAs out | leases | slots in | slots out | windows in
 *
 * Slots and windows are the data plane's own tables of SAs (crypto/sa.h), which workers write; of
 * them a later hub reads what changes with every packet, by its place.
 */
#ifndef CONTROL_STATE_RECORD_H
#define CONTROL_STATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_VERSION      1
#define STATE_HEADER_LEN   4096 /* a page */
#define STATE_RECORD_LEN   512
#define STATE_NAME_MAX     31
#define STATE_IDENTITY_MAX 255
#define STATE_KEY_MAX      64
#define STATE_PEERS_MAX    1000000u

/* What the sizes of a state follow from. */
struct state_shape {
	uint32_t peers;     /* records, 1..STATE_PEERS_MAX */
	uint32_t sas;       /* slots of one direction, a power of two */
	uint32_t leases;    /* records */
	uint32_t slot_len;  /* octets of an SA's slot */
	uint32_t hot_at;    /* where in a slot struct sa_hot begins */
	uint32_t hot_len;   /* its octets */
	uint32_t words_len; /* octets of a large replay window */
};

struct state_header {
	uint32_t version;
	struct state_shape shape;
	bool instance_known;
	uint64_t instance; /* of the charon that was connected last */
};

/* Where the parts are, octets from the start. */
struct state_layout {
	uint64_t peers, sas[2], leases, slots[2], windows; /* sas, slots: out 0, in 1 */
	uint64_t len;
};

struct state_peer {
	char tunnel[STATE_NAME_MAX + 1];
	uint32_t nbma_be;
	uint16_t nat_port;
	uint32_t address_be;
	bool named; /* by the configuration, at: */
	uint32_t named_nbma_be, named_address_be;
	uint16_t named_port;
	uint8_t identity_is;
	bool has_identity;
	char identity[STATE_IDENTITY_MAX + 1];
};

struct state_sa {
	uint32_t spi, peer; /* place of its peer */
	uint64_t order;     /* later ones have more */
	char suite[24];
	bool esn;
	uint16_t window;
	uint8_t key_len, auth_key_len;
	uint8_t key[STATE_KEY_MAX], auth_key[STATE_KEY_MAX];
	/* by IKE: */
	bool ike;
	bool orphan;
	uint32_t dst_be, ike_sa, child, mate;
	uint64_t soft, hard; /* ms of CLOCK_BOOTTIME, 0: never */
	uint64_t bytes_soft, bytes_hard, packets_soft, packets_hard;
};

struct state_lease {
	char tunnel[STATE_NAME_MAX + 1];
	uint32_t peer;
	uint32_t address_be;
	uint8_t len;
	uint32_t nbma_be, claimed_nbma_be;
	uint16_t mtu, holding;
	uint64_t expires; /* ms of CLOCK_BOOTTIME */
	uint8_t preference;
	bool unique, own;
};

/* @return 0, or -EINVAL for a shape that cannot be */
int state_layout(struct state_layout *l, const struct state_shape *s);

void state_header_write(void *to, const struct state_header *h);
/*
 * @param len  octets of the whole state
 * @return 0; -EPROTO: no state; -ENOTSUP: of another version, in h->version; -EINVAL: its sizes
 * are not those of a state of such length
 */
int state_header_read(struct state_header *h, const void *from, size_t header_len, uint64_t len);

/* Records of STATE_RECORD_LEN octets. Written whole, or not there. */
void state_peer_write(void *to, const struct state_peer *p);
void state_sa_write(void *to, const struct state_sa *sa);
void state_lease_write(void *to, const struct state_lease *l);
void state_record_clear(void *to);

/* @return false if there is none, or it is none that could have been written */
bool state_peer_read(struct state_peer *p, const void *from);
bool state_sa_read(struct state_sa *sa, const void *from);
bool state_lease_read(struct state_lease *l, const void *from);

#endif
