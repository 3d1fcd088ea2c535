/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/mss_priv.h"

#include <netinet/in.h>

#include <rte_ip.h>

#include "common/cursor.h"

#define TCP_HDR_LEN    20
#define TCP_SYN        0x02
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2 /* RFC 9293 3.2: kind 2, length 4 */

/* RFC 1624: the checksum follows a change of one 16-bit word of the segment, wherever it is. */
static void put_word(uint8_t *tcp, uint8_t *at, uint16_t value)
{
	uint16_t old = (uint16_t)(at[0] << 8 | at[1]);
	uint32_t sum = (uint16_t) ~(tcp[16] << 8 | tcp[17]);

	/* A word at an odd place counts with its octets exchanged. */
	if ((at - tcp) & 1) {
		sum += (uint16_t)~rte_bswap16(old);
		sum += rte_bswap16(value);
	} else {
		sum += (uint16_t)~old;
		sum += value;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
}

bool mss_clamp(uint8_t *l3, uint16_t len, uint16_t mss)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)l3;
	unsigned at = rte_ipv4_hdr_len(ip), header;
	uint8_t *tcp = l3 + at;
	struct cursor c;

	if (ip->next_proto_id != IPPROTO_TCP || (ip->fragment_offset & RTE_BE16(0x1fff)) != 0 ||
		len < at + TCP_HDR_LEN || !(tcp[13] & TCP_SYN))
		return false;
	header = (tcp[12] >> 4) * 4u;
	if (header < TCP_HDR_LEN || len < at + header)
		return false;
	c = cursor_open(tcp + TCP_HDR_LEN, header - TCP_HDR_LEN);
	while (cursor_left(&c) > 0) {
		uint8_t kind = cursor_u8(&c), n;

		if (kind == TCP_OPTION_END)
			return false;
		if (kind == TCP_OPTION_NOP)
			continue;
		n = cursor_u8(&c);
		if (n < 2 || cursor_take(&c, n - 2u) == NULL)
			return false;
		if (kind == TCP_OPTION_MSS && n == 4) {
			uint8_t *option = tcp + (c.at - tcp) - 2;

			if ((option[0] << 8 | option[1]) <= mss)
				return false;
			put_word(tcp, option, mss);
			return true;
		}
	}
	return false;
}
