/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hub with IKE, and charon's end of its sockets, which the test plays: what the plugin would say
 * is said, and what the hub says is looked at.
 */
#ifndef TESTS_CONTROL_CHARON_H
#define TESTS_CONTROL_CHARON_H

#include "control/ike_priv.h"
#include "tests/control/world.h"

#define HUB      "192.0.2.1"
#define SPOKE    "192.0.2.77"
#define SPI_OUT  0xd0000001u
#define INSTANCE 4711

/** charon's ends of sa.sock and ike.sock. */
extern struct charon {
	int sa, ike;
} charon;

/** A hub whose charon must be this user's, and nobody connected; its end. */
void charon_open(const char *user);
void charon_close(void);

/** Who runs the test. */
const char *charon_user(void);

/** Connect to one of the hub's sockets, by name. */
int charon_connect(const char *name);

/** Say something, and let the hub hear it. */
void charon_say(int fd, const struct ike_msg *m);
void charon_say_hello(int fd, uint16_t version, uint64_t instance);

/** The hub's next message; type 0 if there is none, or the connection is over. */
struct ike_msg charon_heard(int fd);
bool charon_is_over(int fd);

/** charon connects, and has heard what it is told first; it is gone again. */
void charon_comes(uint64_t instance);
void charon_goes(void);

/** IKE SA 1 with the spoke, whose name is a.example. */
struct ike_msg charon_ike_sa(const char *identity, enum ike_auth auth, uint16_t secret);
void charon_say_ike_sa(enum ike_auth auth, uint16_t secret);

/** An SPI of the hub's; one direction of keys; what the hub answers when asked to have them. */
uint32_t charon_ask_spi(void);
struct ike_msg charon_sa(uint32_t spi, bool in);
uint32_t charon_add(struct ike_msg m);

/** Both directions. @return the inbound SPI */
uint32_t charon_establish(void);

#endif
