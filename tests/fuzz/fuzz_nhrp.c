/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NHRP packets: whatever is read as one, and is put together again, is read as the same. The
 * checksum is set right first, or no input would get further.
 */
#include <stdlib.h>

#include "nhrp/nhrp_priv.h"
#include "tests/nhrp/reencode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[NHRP_PACKET_MAX], again[2 * NHRP_PACKET_MAX];
	struct nhrp_packet p, q;
	size_t len, total;
	uint16_t sum;

	if (size > sizeof(bytes))
		return 0;
	memcpy(bytes, data, size);
	total = size < NHRP_FIXED_LEN ? 0 : (size_t)(bytes[10] << 8 | bytes[11]);
	if (total >= NHRP_FIXED_LEN && total <= size) {
		bytes[12] = bytes[13] = 0;
		sum = nhrp_checksum(bytes, total);
		bytes[12] = (uint8_t)(sum >> 8);
		bytes[13] = (uint8_t)sum;
	}
	if (nhrp_packet_parse(&p, bytes, size) != NHRP_FAULT_NONE)
		return 0;
	len = reencode(&p, again, sizeof(again));
	if (len == 0 || len > p.whole.len + 4 ||
		nhrp_packet_parse(&q, again, len) != NHRP_FAULT_NONE || q.type != p.type ||
		q.n_cies != p.n_cies || q.n_extensions != p.n_extensions ||
		q.payload.len != p.payload.len ||
		(p.payload.len != 0 && memcmp(q.payload.at, p.payload.at, p.payload.len) != 0))
		abort();
	return 0;
}
