/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the hub's side of IKE. charon, with our plugin, is the IKE daemon; it may come and go.
 *
 *	ike           one hub's IKE: what charon says -> who does it
 *	ike_socket    the two sockets, and who may use them
 *	ike_sa        SAs: added, moved, deleted, their lifetimes
 *	ike_standby   when a renewed outbound SA takes over
 *	ike_peer      IKE SAs; which spoke an SA belongs to
 *	ike_connect   SAs that the hub begins
 *	ike_datagram  IKE datagrams between data plane and charon
 *	ike_settings  the configuration in charon's words
 *	ike_child     charon's process, and swanctl's, which hands charon its settings
 */
#ifndef CONTROL_IKE_PRIV_H
#define CONTROL_IKE_PRIV_H

#include <sys/queue.h>
#include <sys/un.h>

#include <uthash.h>

#include "common/timer.h"
#include "control/hub_priv.h"
#include "crypto/charon/ike_wire.h"

#define IKE_PATH_MAX    256
#define IKE_PLUGIN_FILE "libstrongswan-dmvpn-hub.so"

/* An IKE SA, as charon described it last. */
struct hub_ike_sa {
	UT_hash_handle hh;
	uint32_t id;
	uint64_t since; /* info's age and rekey count from here */
	bool listed;
	bool revoked; /* the configuration has its key no more */
	struct ike_ike_sa info;
};

struct hub_esp_key {
	uint32_t spi;
	uint32_t dst_be;
};

/* One direction of a CHILD_SA. */
struct hub_esp_sa {
	UT_hash_handle hh;
	TAILQ_ENTRY(hub_esp_sa) slice; /* who is looked at next */
	struct hub_esp_key key;
	bool in;
	bool listed; /* by charon, since it last came */
	bool orphan; /* the charon that made it is gone */
	bool soft_said;
	bool used;
	uint32_t index; /* in the data plane's table of its direction */
	uint32_t peer;  /* place in hub.peers */
	uint32_t ike_sa;
	uint32_t child, mate; /* of its pair, once that is known: charon's number, the other SPI */
	struct timer soft, hard;
	struct timer standby; /* runs: another outbound SA is still used; or it is the last one */
	bool last;            /* charon has it no more, but the spoke may have no other yet */
	uint64_t wait_until;
	struct ike_lifetime bytes, packets;
	uint64_t seen; /* octets at the last look */
	uint64_t used_at;
	uint64_t seq_said; /* to the plugin */
};

TAILQ_HEAD(hub_esp_sas, hub_esp_sa);

/* A message that the socket did not take at once. */
struct ike_waiting {
	TAILQ_ENTRY(ike_waiting) link;
	size_t len;
	uint8_t data[];
};

enum ike_channel { IKE_CHANNEL_SA, IKE_CHANNEL_IKE, IKE_CHANNELS };

struct ike_socket {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int listener; /* -1: none */
	int fd;       /* -1: nobody is connected */
	bool greeted; /* hello was heard */
	TAILQ_HEAD(, ike_waiting) waiting;
	unsigned n_waiting;
};

struct ike_process {
	pid_t pid;  /* 0: does not run */
	int output; /* what it writes; -1: none */
	uint64_t started, due;
	unsigned failures; /* one after the other */
	char line[256];
	size_t line_len;
};

struct hub_ike_stats {
	uint64_t datagrams_in, datagrams_out;
	uint64_t dropped_in;  /* charon does not run, or keep up */
	uint64_t refused_out; /* not from an address of the hub, or no buffers */
	uint64_t sas_added, sas_refused, sas_expired;
	uint64_t strangers; /* on the sockets */
	uint64_t connections, starts;
};

struct hub_ike {
	struct hub *hub;
	const struct config_ike *config;
	char directory[IKE_PATH_MAX];
	char plugin[IKE_PATH_MAX];
	uid_t uid; /* charon's */
	gid_t gid;
	int epoll;
	struct ike_socket socket[IKE_CHANNELS];
	uint64_t instance; /* the charon that is or was connected; 0: none ever was */
	bool instance_known;
	char software[64];
	struct hub_ike_sa *ikes;          /* uthash */
	struct hub_esp_sa *esps;          /* uthash */
	struct hub_ike_connect *connects; /* uthash */
	struct hub_esp_sas slice;         /* all of them, the one looked at next first */
	struct timers soft, hard, standby;
	struct hub_hold early; /* ESP whose SA is yet to come */
	uint32_t next_slot;    /* where the next SPI's slot is looked for */
	bool restored;         /* SAs come back from a charon that outlived the last hub */
	struct ike_process charon, loader;
	bool loaded;      /* charon has its settings */
	bool answers;     /* it has had some: it knows what to say to who begins */
	bool load_again;  /* settings have changed while swanctl reads them */
	bool loader_said; /* swanctl said that it loaded connections */
	bool leaving;     /* charon was told to end, and none is started any more */
	struct hub_ike_stats stats;
	struct ike_stats theirs; /* charon's own, as said last */
	uint64_t theirs_at;
};

/* ike_socket.c */
int ike_sockets_open(struct hub_ike *ike, struct error *err);
void ike_sockets_close(struct hub_ike *ike);
/* Take what has come on both. */
void ike_sockets_turn(struct hub_ike *ike);
/* Say something to the plugin; it waits as long as it must. Without a connection: nothing. */
void ike_say(struct hub_ike *ike, const struct ike_msg *m);
void ike_socket_disconnect(struct hub_ike *ike, enum ike_channel c, const char *why);
bool ike_connected(const struct hub_ike *ike);

/* ike.c */
/* A message of the plugin's on the SA socket. @return false: not one that it may send */
bool ike_receive(struct hub_ike *ike, const struct ike_msg *m);
/* Somebody said hello on the SA socket; and is gone. */
void ike_came(struct hub_ike *ike, const struct ike_hello *hello);
void ike_went(struct hub_ike *ike);

/* ike_sa.c */
void ike_get_spi(struct hub_ike *ike, const struct ike_msg *m);
void ike_sa_add(struct hub_ike *ike, const struct ike_msg *m);
void ike_sa_update(struct hub_ike *ike, const struct ike_msg *m);
void ike_sa_del(struct hub_ike *ike, const struct ike_msg *m);
void ike_sa_query(struct hub_ike *ike, const struct ike_msg *m);
void ike_sa_pair(struct hub_ike *ike, const struct ike_pair *pair);
struct hub_esp_sa *ike_esp_find(const struct hub_ike *ike, uint32_t spi, uint32_t dst_be);
/* The SA of a place in a table of the data plane, or NULL. */
struct hub_esp_sa *ike_esp_of(
	const struct hub_ike *ike, const struct hub_peer *p, bool in, uint32_t index);
/* Its lifetime has passed: charon renews it, or takes leave of the spoke. */
void ike_say_expire(struct hub_ike *ike, const struct hub_esp_sa *esp, bool hard);
/* Take an SA away, and its peer if that was its last one. */
void ike_esp_del(struct hub_ike *ike, struct hub_esp_sa *esp);
/* Lifetimes by time, and a few SAs' counters. */
void ike_sas_turn(struct hub_ike *ike);
void ike_sas_free(struct hub_ike *ike);

/* How many packets an SA has carried. */
uint64_t ike_esp_packets(const struct hub_ike *ike, const struct hub_esp_sa *esp);

/* ike_standby.c */
/* Is this the outbound SA of a renewed pair, whose older one is in use? */
bool ike_standby_wanted(
	const struct hub_ike *ike, const struct hub_peer *p, const struct ike_sa_add *a);
void ike_standby_begin(struct hub_ike *ike, struct hub_esp_sa *esp);
/* charon deletes an SA. @return true: it is used a little longer */
bool ike_standby_keep(struct hub_ike *ike, struct hub_esp_sa *esp);
void ike_standby_turn(struct hub_ike *ike);

/* ike_early.c */
void ike_early_init(struct hub_ike *ike);
/* A peer has another SA: take what waited for it. */
void ike_early_release(struct hub_ike *ike, uint32_t peer);
/* Give up what has waited too long. */
void ike_early_turn(struct hub_ike *ike);

/* ike_connect.c: hub_nhrp.connect. @return NHRP_PEER_NONE: it is not there yet */
uint32_t ike_connect(void *ctx, uint16_t tunnel, uint32_t nbma_be);
void ike_connects_free(struct hub_ike *ike);

/* ike_peer.c */
struct hub_ike_sa *ike_find(const struct hub_ike *ike, uint32_t id);
void ike_described(struct hub_ike *ike, const struct ike_ike_sa *info);
void ike_gone(struct hub_ike *ike, const struct ike_ike_gone *gone);
void ike_free(struct hub_ike *ike, struct hub_ike_sa *s);
/* "192.0.2.1:500". Returns buf. */
const char *ike_endpoint_str(const struct ike_endpoint *e, char *buf, size_t room);
/* The entry of psk that an IKE SA was proven by, or NULL. */
const struct config_psk *ike_psk_of(const struct hub_ike *ike, const struct hub_ike_sa *s);
/* The spoke that an SA belongs to, made if it is new. @return NULL, err says why not */
struct hub_peer *ike_peer_for(struct hub_ike *ike, const struct hub_ike_sa *s,
	const struct ike_endpoint *local, const struct ike_endpoint *remote, bool encap,
	struct error *err);
/* Once it has SAs: the tunnel address that the configuration gives it. */
void ike_peer_pin(struct hub_ike *ike, const struct hub_ike_sa *s, struct hub_peer *p);
/* Its last SA is gone. */
void ike_peer_release(struct hub_ike *ike, struct hub_peer *p);

/* ike_datagram.c */
/* A packet of charon's IKE socket. @return false: not a datagram */
bool ike_datagram_send(struct hub_ike *ike, const uint8_t *data, size_t len);

/* ike_settings.c */
int ike_settings_write(struct hub_ike *ike, struct error *err);

/* ike_child.c */
void ike_child_turn(struct hub_ike *ike);
/* charon has come: it wants its settings. */
void ike_child_load(struct hub_ike *ike);
/* Ask charon to end. @return true: it has */
bool ike_child_leave(struct hub_ike *ike);
/* End what runs, now. */
void ike_child_stop(struct hub_ike *ike);

#endif
