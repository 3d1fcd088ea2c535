/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the plugin that makes charon the hub's IKE daemon.
 *
 *	plugin    what charon loads; is it the charon that this was built for?
 *	link      the sockets to the hub: connections, requests, what waits to be sent
 *	table     what the hub must hear again after a new connection
 *	ipsec     charon's kernel-ipsec: SAs
 *	net       kernel-net: the hub's addresses
 *	socket    IKE datagrams
 *	listener  the bus: pairs of SAs, identities, ends, counters, the log
 *	secrets   shared keys in the hub's order
 *
 * Threads are charon's and the link's own. What they share is under the lock of its file; none of
 * them is held while charon is called.
 */
#ifndef CRYPTO_CHARON_PLUGIN_PRIV_H
#define CRYPTO_CHARON_PLUGIN_PRIV_H

/* charon's headers want to be first. */
#include <library.h>

#include <daemon.h>

#include "crypto/charon/ike_wire.h"

#define PLUGIN_NAME "dmvpn-hub"

/* A setting of this plugin. */
#define PLUGIN_SETTING(name) "%s.plugins." PLUGIN_NAME "." name

/* --- link: any thread, none of these blocks unless it says so */
bool link_start(void);
void link_stop(void);
/* Tell the hub; without a connection it is not told, for it hears all by the table later. */
void link_say(const struct ike_msg *m);
/* Ask the hub, wait for its answer for a bounded time. @return FALSE: there is none */
bool link_ask(struct ike_msg *question, struct ike_msg *answer);
/* Blocks until there is a datagram (a cancellation point). @return NULL: try again */
packet_t *link_receive(void);
void link_send(packet_t *packet);

void link_counters(struct ike_stats *s);

/* --- table: any thread */
void table_init(void);
void table_fini(void);
/* Seconds of a clock that does not jump. */
uint64_t table_now(void);
void table_sa_add(struct ike_sa_add *sa);
void table_sa_update(const struct ike_sa_update *u);
void table_sa_seq(const struct ike_sa_seq *s);
void table_sa_del(const struct ike_sa_ref *ref);
/* local_be: where the inbound one ends. */
void table_pair(const struct ike_pair *pair, uint32_t local_be);
/* @return FALSE: it is known just so */
bool table_ike_sa(const struct ike_ike_sa *ike);
/* @return FALSE: it is not known */
bool table_ike_sa_del(uint32_t ike_sa);
bool table_ike_sa_replace(uint32_t old, uint32_t new);
/* How it will have ended, once it has. */
void table_ike_sa_dying(uint32_t ike_sa, enum ike_end end);
enum ike_end table_ike_sa_end(uint32_t ike_sa);
/* All of it as messages, to be called with the link's lock held. */
void table_list(void (*say)(const struct ike_msg *m));

/* --- ipsec, net, socket: constructors of charon's interfaces */
kernel_ipsec_t *plugin_ipsec_create(void);
kernel_net_t *plugin_net_create(void);
socket_t *plugin_socket_create(void);
bool plugin_endpoint(host_t *host, struct ike_endpoint *out);
host_t *plugin_host(const struct ike_endpoint *e);

/* --- config */
/* An IKE SA is established, or asked for a child; the calling thread has checked it out. Of IKEv1
 * it has a configuration of its own then, whose children of this mode come first. */
void config_of_own(ike_sa_t *ike, ipsec_mode_t first);
/* How to begin with a peer. @return NULL: there is no configuration for it */
peer_cfg_t *config_for_peer(host_t *local, host_t *remote, ike_version_t version);

/* --- action: what the hub says and charon is to do; nothing here waits */
/* @return FALSE: none of these messages */
bool action_take(const struct ike_msg *m);

/* --- listener */
bool plugin_listener(plugin_t *plugin, plugin_feature_t *feature, bool reg, void *data);
/* Describe an IKE SA; the calling thread has checked it out. Say it if that is news. */
void listener_say_ike_sa(ike_sa_t *ike);
void listener_set_log_level(int level);
/* Say the counters if they have changed. Called by the link's thread once a second. */
void listener_say_stats(void);

/* --- secrets */
void secrets_init(void);
void secrets_fini(void);
bool plugin_secrets(plugin_t *plugin, plugin_feature_t *feature, bool reg, void *data);
void secrets_add(const struct ike_secret *s);
void secrets_complete(void);
/* How a peer that proved its identity by a shared key did so. id may be NULL (main mode). */
enum ike_auth secrets_auth(identification_t *id, host_t *remote, uint16_t *place);

#endif
