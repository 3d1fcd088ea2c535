/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Expectations of a test on the world of harness.h. A test opens the world, makes spokes send, lets
 * the workers poll until nothing moves, says what must have come out, and closes the world. Closing
 * fails the test if a frame, punt or drop was not expected, or if a buffer is missing.
 *
 *	net_open(NULL);
 *	inner = spoke_packet(&net.a, &net.b, 100);
 *	spoke_send(&net.a, &inner);
 *	net_run();
 *	EXPECT_DELIVERED(&net.b, packet_hop(&inner));
 *	net_close();
 */
#ifndef TESTS_DP_EXPECT_H
#define TESTS_DP_EXPECT_H

#include "tests/dp/harness.h"
#include "tests/unit/unit.h"

/** Reasons that some test of this run saw counted. */
extern bool expect_drop_seen[DP_DROP_COUNT];

/** Check that nothing is left over, and tear down. */
void net_close(void);

/** Where an expectation stands in the source. */
struct place {
	const char *file;
	unsigned line;
};
#define HERE ((struct place){__FILE__, __LINE__})

/** The next frame is for this spoke and authentic. @return its GRE packet, length 0 if not */
struct packet expect_gre(struct place at, struct spoke *s);
void expect_delivered(struct place at, struct spoke *s, const struct packet *inner);
void expect_frame(struct place at, unsigned port, const struct packet *frame);
void expect_drops(struct place at, enum dp_drop reason, unsigned n);
struct packet expect_punt(struct place at, enum dp_punt_class class, struct dp_punt_info *info);

/** Fail with a text of our own. */
void expect_true(struct place at, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** The next frame is for this spoke, authentic, and has this inner packet. */
#define EXPECT_DELIVERED(spoke, inner) expect_delivered(HERE, spoke, &(struct packet[]){inner}[0])

/** The same without a look at the inside: the GRE packet. */
#define EXPECT_GRE(spoke) expect_gre(HERE, spoke)

/** The next frame of this port is this one, octet by octet. */
#define EXPECT_FRAME(port, frame) expect_frame(HERE, port, &(struct packet[]){frame}[0])

/** So many packets end for this reason, in this test, up to here. */
#define EXPECT_DROPS(reason, n) expect_drops(HERE, DP_DROP_##reason, n)

/** One packet waits in this class; it is taken and returned. */
#define EXPECT_PUNT(class, info) expect_punt(HERE, DP_PUNT_##class, info)

#define EXPECT(cond) expect_true(HERE, cond, "%s", #cond)

/** A suite of tests/dp, one file each. */
struct dp_suite {
	const char *name;
	const struct unit_test *tests;
	unsigned n;
};

#define DP_SUITE(ident, array)                                                                     \
	const struct dp_suite suite_##ident = {#ident, array, sizeof(array) / sizeof((array)[0])}

#endif
