/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Security associations (RFC 4301 4.4.2) and the tables that hold them.
 *
 * A table is one block of memory without pointers: an SA is named by its index, raw keys and
 * counters stand in its slot, so that the block can outlive the process that made it. One writer
 * (control); workers look up and use SAs between two quiescent states.
 *
 * Life of an SA: sa_add() makes it visible; sa_unlink() hides it from lookups; after a grace
 * period (no worker can hold it any more) sa_free() wipes the keys and gives the slot back.
 */
#ifndef CRYPTO_SA_H
#define CRYPTO_SA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <intel-ipsec-mb.h>

#include "common/error.h"
#include "crypto/suite.h"

#define SA_NONE       UINT32_MAX
#define SA_WINDOW_MAX 4096

/** Expanded keys of a CBC, 3DES or NULL suite with HMAC. A slot serves one direction. */
struct sa_hmac_key {
	union {
		uint8_t aes[16 * 15] __attribute__((aligned(16))); /**< enc or dec round keys */
		uint64_t des[3][IMB_DES_KEY_SCHED_SIZE / sizeof(uint64_t)];
	};
	uint8_t ipad[64] __attribute__((aligned(16))); /**< hash state after the inner key block */
	uint8_t opad[64] __attribute__((aligned(16)));
};

/**
 * What changes with every packet: one cache line, written by the SA's owning worker only, read by
 * control for display (relaxed; a value may be one packet old).
 */
struct sa_hot {
	uint64_t seq;    /**< in: highest authenticated; out: last sent. 64 bits also without ESN */
	uint64_t window; /**< in: bit i = seq - i was seen (windows up to 64); out: IV base */
	uint64_t packets;
	uint64_t bytes; /**< ESP payload octets (what was encrypted, without padding) */
	uint32_t auth_errors;
	uint32_t replay_errors;
	uint16_t window_size; /**< 0 = no anti-replay */
	uint16_t owner;       /**< worker that may use this SA; SA_OWNER_NONE until one does */
	uint32_t other_errors;
	uint32_t tag[4]; /**< the data plane's own words about this SA; see dataplane/peer.h */
};

#define SA_OWNER_NONE UINT16_MAX

/*
 * Key bytes start at 64n+16: then AES-128's eleven round keys fill three cache lines and the GHASH
 * powers, 240 bytes into ipsec-mb's structure, start on a line of their own. The stride of 17
 * lines keeps neighbours' hot lines from falling into the same cache set, as 1024 would.
 */
struct sa {
	uint32_t spi;    /**< host order; 0 = slot not visible */
	uint32_t salt;   /**< as on the wire in front of the nonce */
	uint32_t peer;   /**< owner's index, opaque here */
	uint8_t suite;   /**< esp_suite_index() */
	uint8_t esn : 1; /**< RFC 4303 2.2.1 extended sequence numbers */
	uint8_t in : 1;
	uint8_t used : 1;     /**< slot taken (visible or waiting for its grace period) */
	uint8_t key_size : 2; /**< AES: 0, 1, 2 for keys of 16, 24, 32 octets */
	uint8_t tunnel : 1;   /**< tunnel mode: an IPv4 header is encrypted too */
	uint8_t plain : 1;    /**< AES-GCM, no ESN, window in the hot line: as nearly all SAs are */
	uint8_t cipher;       /**< enum esp_cipher, copied from the suite for the hot path */
	uint8_t icv_len;
	union {
		struct gcm_key_data gcm;
		struct sa_hmac_key hmac;
		uint8_t chacha[32];
	} key;
	struct sa_hot hot;
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct sa, key) == 16, "round keys must fill whole cache lines");
_Static_assert(offsetof(struct sa, hot) == 1024, "hot state has a line of its own");
_Static_assert(sizeof(struct sa) == 1088, "stride is 17 cache lines");

/** What to install. Keys are copied; the caller wipes its own copy. */
struct sa_params {
	uint32_t spi; /**< host order, not 0; below 256 is reserved (RFC 4303 2.1) */
	const struct esp_suite *suite;
	const uint8_t *key; /**< suite->key_len + suite->salt_len octets */
	size_t key_len;
	const uint8_t *auth_key; /**< suite->auth_key_len octets */
	size_t auth_key_len;
	bool in;
	bool esn;
	bool tunnel;      /**< tunnel mode; for the data plane */
	bool standby;     /**< out, for dp_peer_add_sa(): another one stays in use for now */
	uint16_t window;  /**< anti-replay window, packets, 0..SA_WINDOW_MAX; ignored for out */
	uint32_t peer;    /**< stored in sa.peer */
	uint32_t tag[4];  /**< stored in sa.hot.tag */
	uint64_t seq;     /**< last number already used (out) or seen (in); 0 for a fresh SA */
	uint64_t iv_seed; /**< out: where the IV counter starts; random unless a test fixes it */
};

struct sa_table;

/**
 * A table for one direction with room for `capacity` SAs (rounded up to a power of two). Needs an
 * EAL: the slots (1088 octets each) are one contiguous block of its memory, hugepages if it has
 * them. Windows above 64 are a second block (1 KB a slot), taken when the first such SA comes.
 * What memory is missing goes to the log. Control thread, like all functions here that add or
 * remove.
 * @param name    different for each table of the process
 * @param socket  NUMA node, or SOCKET_ID_ANY
 * @return NULL with errno: EINVAL (capacity), EEXIST (name), ENOMEM, ENOTSUP (the CPU lacks
 *         what ipsec-mb needs)
 */
struct sa_table *sa_table_create(const char *name, unsigned capacity, int socket);

/** Memory of somebody else's for a table: of sa_memory_slots() and sa_memory_windows() octets. */
struct sa_memory {
	void *slots; /**< NULL: the EAL's */
	uint64_t *windows;
};

/** Octets that a table wants: aligned to a cache line, zeroed, mapped for as long as it lives. */
size_t sa_memory_slots(unsigned capacity);
size_t sa_memory_windows(unsigned capacity);

/** The same in other memory, which is neither wiped nor given back with the table. */
struct sa_table *sa_table_create_in(
	const char *name, unsigned capacity, int socket, const struct sa_memory *memory);

/** Wipe all keys and give the memory back. No worker may use the table. NULL is allowed. */
void sa_table_destroy(struct sa_table *t);

/**
 * Install an SA and make it visible. Any SPI value; a second SA with an SPI already in the table
 * is refused (inbound SPIs are ours to keep unique; outbound tables are never searched by SPI and
 * take any).
 * @param[out] index  slot of the new SA
 * @return 0, -EINVAL (SPI 0; lengths or window do not fit), -EEXIST, -ENOSPC, -ENOMEM (large
 *         windows); err says it in words
 */
int sa_add(struct sa_table *t, const struct sa_params *p, uint32_t *index, struct error *err);

/** Hide an SA from lookups. Control thread. Workers may still hold it until a grace period ran. */
void sa_unlink(struct sa_table *t, uint32_t index);

/** Wipe and free an unlinked SA. Control thread, after a grace period. */
void sa_free(struct sa_table *t, uint32_t index);

/** SA by index; no check. The slot may be free. Any thread. */
struct sa *sa_at(const struct sa_table *t, uint32_t index);

/** Index of an SA of this table. */
uint32_t sa_index(const struct sa_table *t, const struct sa *sa);

/** Number of slots; indices are below it. */
unsigned sa_table_capacity(const struct sa_table *t);

/** Number of SAs installed. Control thread. */
unsigned sa_table_used(const struct sa_table *t);

/** Bitmap words of an inbound SA whose window is above 64 (see replay.h); NULL if it has none. */
uint64_t *sa_window_words(const struct sa_table *t, const struct sa *sa);

/**
 * Find inbound SAs by SPI, a burst at a time. An SA stands in the slot its SPI's low bits name
 * unless that was taken when it came; only then a hash is asked.
 * @param spi  n SPIs, host order; n up to 64
 * @param[out] out  SA, or NULL for an SPI that is not ours
 */
void sa_lookup_burst(const struct sa_table *t, const uint32_t *spi, unsigned n, struct sa **out);

#endif
