/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing pcapng files (draft-ietf-opsawg-pcapng): a section, its interfaces, then packets. Plain
 * stdio; errors are -errno of the write that failed, and may come late, with fflush() or fclose().
 */
#ifndef CONTROL_PCAPNG_H
#define CONTROL_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Link types (the tcpdump group's registry). */
#define PCAPNG_ETHERNET 1
#define PCAPNG_RAW_IP   101

struct pcapng_packet {
	uint32_t interface; /**< from 0, in the order they were written */
	uint64_t ns;        /**< since 1970 */
	const uint8_t *data;
	uint32_t captured; /**< octets of data */
	uint32_t len;      /**< of the packet before it was cut */
	bool out;
	const char *comment; /**< NULL: none */
};

/** Section header. @param application  who writes this */
int pcapng_section(FILE *f, const char *application);

/** Description of an interface; times have nanoseconds. */
int pcapng_interface(FILE *f, uint16_t link, uint32_t snaplen, const char *name);

int pcapng_packet(FILE *f, const struct pcapng_packet *p);

/** Octets that a packet's block takes. */
size_t pcapng_packet_size(const struct pcapng_packet *p);

#endif
