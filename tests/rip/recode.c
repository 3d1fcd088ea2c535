/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recode PCAP...: every RIP message of the captures is read and written again; the octets must be
 * the same. The last line is "N passed, N failed", a message each.
 */
#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "common/cursor.h"
#include "control/rip/packet.h"

static unsigned passed, failed;

/* Octets of the link's header; UINT_MAX: not one of those we know. */
static unsigned link_len(int type)
{
	switch (type) {
	case DLT_EN10MB:
		return 14;
	case DLT_LINUX_SLL:
		return 16;
	case DLT_RAW:
		return 0;
	default:
		return UINT32_MAX;
	}
}

/* Cursor to the message, empty if the packet is none of RIP's. */
static struct cursor message_of(const uint8_t *ip, size_t len)
{
	struct cursor c = cursor_open(ip, len);
	uint8_t version = cursor_u8(&c);
	unsigned header = (version & 15) * 4u;
	uint16_t from, to;

	cursor_take(&c, 8);
	if (version >> 4 != 4 || cursor_u8(&c) != 17 || header < 20)
		return cursor_open(ip, 0);
	cursor_take(&c, header - 10);
	from = cursor_u16(&c);
	to = cursor_u16(&c);
	cursor_take(&c, 4);
	return from == RIP_PORT && to == RIP_PORT && !c.error ? c : cursor_open(ip, 0);
}

static int same(const uint8_t *data, size_t len)
{
	uint8_t out[RIP_PACKET_MAX];
	struct writer w = writer_open(out, sizeof(out));
	struct rip_packet p;

	if (rip_packet_parse(data, len, &p) != RIP_PARSE_OK || p.auth.kind != RIP_AUTH_NONE)
		return 0;
	rip_packet_write_header(&w, (enum rip_command)p.command, p.version);
	for (unsigned i = 0; i < p.n; i++)
		rip_packet_write_entry(&w, &p.entries[i]);
	return !w.error && writer_len(&w) == len && memcmp(out, data, len) == 0;
}

static int recode(const char *path)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, err);
	struct pcap_pkthdr *h;
	const uint8_t *frame;
	unsigned skip;

	if (pcap == NULL) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	skip = link_len(pcap_datalink(pcap));
	while (pcap_next_ex(pcap, &h, &frame) == 1) {
		struct cursor c;

		if (h->caplen < skip)
			continue;
		c = message_of(frame + skip, h->caplen - skip);
		if (cursor_left(&c) == 0)
			continue;
		if (same(c.at, cursor_left(&c))) {
			passed++;
		} else {
			failed++;
			printf("%s: a message of %zu octets comes out otherwise\n", path,
				cursor_left(&c));
		}
	}
	pcap_close(pcap);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (recode(argv[i]) != 0)
			return EXIT_FAILURE;
	printf("%u passed, %u failed\n", passed, failed);
	return passed > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
