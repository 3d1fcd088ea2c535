/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef NHRP_PRIV_H
#define NHRP_PRIV_H

#include "nhrp/packet.h"

#define NHRP_FIXED_LEN 20

uint16_t nhrp_checksum(const uint8_t *at, size_t len);

#endif
