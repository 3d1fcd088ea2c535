/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DATAPLANE_MIX_PRIV_H
#define DATAPLANE_MIX_PRIV_H

#include <stdint.h>

/* One to one, every bit of x in every bit of the result. */
static inline uint64_t mix64(uint64_t x)
{
	x = (x ^ (x >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ (x >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ (x >> 33);
}

#endif
