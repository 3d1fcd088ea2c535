/* SPDX-License-Identifier: BSD-3-Clause */
/* What spokes of the world say and hear: NHRP and RIP. */
#ifndef TESTS_CONTROL_SPOKE_H
#define TESTS_CONTROL_SPOKE_H

#include "control/rip/rip.h"
#include "nhrp/packet.h"
#include "tests/control/world.h"

/* The way to FAR and NEAR, and a LAN. */
#define SPOKE_PORTS                                                                                \
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"        \
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("                   \
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"                            \
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); },"                        \
	" { name = \"lan0\"; role = \"lan\"; device = \"none\"; mac = \"02:00:00:00:00:02\";"      \
	" addresses = [ \"10.8.0.1/24\" ]; } );"

#define WORLD_HUB "10.255.0.1"

/** Begin an NHRP packet of a spoke. */
void spoke_nhrp_start(struct nhrp_builder *b, struct packet *p, uint8_t type, enum spoke_name spoke,
	const char *src, const char *dst, uint16_t flags);

/** End it with the usual extensions and send it. */
void spoke_nhrp_send(enum spoke_name spoke, struct nhrp_builder *b, struct packet *p);

/** A packet with one CIE. */
void spoke_nhrp_say(enum spoke_name spoke, uint8_t type, const char *src, const char *dst,
	uint16_t flags, const struct nhrp_cie *cie);

/** The next frame is an NHRP packet of this type for the spoke. Valid until the next call. */
bool spoke_nhrp_take(enum spoke_name spoke, uint8_t type, struct nhrp_packet *p);

/** The code of the reply's first CIE, -1 for no reply. */
int spoke_nhrp_code(enum spoke_name spoke, uint8_t type);

/** Register an address. @return the code of the reply, -1: none */
int spoke_register(enum spoke_name spoke, const char *address, uint16_t holding, uint16_t flags);

/** NEAR asks for FAR, 10.255.0.11; the hub sends that on, and the answer back. */
void spoke_resolve(void);

/** The next frame tells the spoke that an address is purged. */
bool spoke_purged(enum spoke_name spoke, const char *address);

/** One packet from spoke to spoke arrives, with or without an indication to its sender. */
bool spoke_delivers(enum spoke_name from, const char *src, enum spoke_name to, const char *dst);

/** Where the overlay leads. */
dp_adj_t world_overlay(const char *addr);

/** A message of RIP in its packet, as a neighbor sends it. */
struct packet spoke_rip_message(const char *src, const char *dst, enum rip_command command,
	const struct rip_entry *e, unsigned n);

struct rip_entry spoke_rip_network(const char *net, uint8_t len, uint32_t metric);

/** A spoke tells the group about a network. */
void spoke_rip_tell(
	enum spoke_name spoke, const char *src, const char *net, uint8_t len, uint32_t metric);

/** What was heard about a network in an IPv4 packet of the hub's; as it was, if nothing. */
void spoke_rip_hear(const struct packet *p, const char *net, struct rip_entry *said);

/** The latest that a spoke was told about a network, of all that waits on the outer port. */
struct rip_entry spoke_rip_told(enum spoke_name spoke, const char *net);

#endif
