/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hub in rte_telemetry (dpdk-telemetry.py): /dmvpn/summary, /dmvpn/drops and
 * /dmvpn/peers,FROM,COUNT, a page of spokes with the place where the next one begins. DPDK answers
 * its clients in threads of its own; a question waits there until the main thread's next turn.
 */
#ifndef CONTROL_TELEMETRY_H
#define CONTROL_TELEMETRY_H

struct hub;

/* From now on questions are about this hub; NULL: none is there. Commands stay registered. */
void telemetry_serve(struct hub *h);

/* Answer who waits. Main thread. */
void telemetry_turn(void);

#endif
