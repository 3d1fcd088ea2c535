/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: any octets as a packet of either of charon's sockets. Hub and plugin read with
 * the same functions. What is accepted must be written again as the same octets.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/charon/ike_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[IKE_WIRE_MAX], header[IKE_WIRE_DATAGRAM_HEADER_LEN];
	struct ike_datagram d;
	struct ike_msg m;
	int len;

	if (ike_wire_decode(&m, data, size) == 0 &&
		!(m.type == IKE_MSG_HELLO && m.hello.version != IKE_WIRE_VERSION)) {
		len = ike_wire_encode(&m, again, sizeof(again));
		if (len < 0 || (size_t)len != size || memcmp(again, data, size) != 0)
			abort();
	}
	if (ike_wire_datagram_decode(&d, data, size) == 0) {
		ike_wire_datagram_header(&d, header);
		if (d.data + d.len != data + size || memcmp(header, data, sizeof(header)) != 0)
			abort();
	}
	return 0;
}
