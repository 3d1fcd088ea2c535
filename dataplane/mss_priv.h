/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP MSS clamp: a SYN that offers a larger segment than the tunnel carries is told to offer
 * less, so that TCP never depends on path MTU discovery getting through.
 */
#ifndef DATAPLANE_MSS_PRIV_H
#define DATAPLANE_MSS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Lower the MSS option of a TCP SYN to at most mss, with its checksum. l3: a checked IPv4 header,
 * len: its total length. Anything else is left as it is. Returns true if something was changed.
 */
bool mss_clamp(uint8_t *l3, uint16_t len, uint16_t mss);

#endif
