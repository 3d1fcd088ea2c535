/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks are type, length, body, length again, in the writer's byte order; everything in them is
 * padded to four octets.
 */
#include "control/pcapng.h"

#include <errno.h>
#include <string.h>

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 0x00000001u
#define BLOCK_PACKET    0x00000006u

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LENGTH_UNKNOWN   UINT64_MAX

/* Options; numbers above 1 mean what their block says. */
#define OPTION_END        0
#define OPTION_COMMENT    1
#define SECTION_USERAPPL  4
#define INTERFACE_NAME    2
#define INTERFACE_TSRESOL 9
#define PACKET_FLAGS      2

#define FLAG_INBOUND  1u
#define FLAG_OUTBOUND 2u

/* Type and both lengths. */
#define BLOCK_LEN  12u
#define OPTION_LEN 4u

static uint32_t padded(size_t len)
{
	return (uint32_t)((len + 3) & ~(size_t)3);
}

static void put(FILE *f, const void *data, size_t len)
{
	static const uint8_t zero[4];

	fwrite(data, 1, len, f);
	fwrite(zero, 1, padded(len) - len, f);
}

static void put32(FILE *f, uint32_t v)
{
	put(f, &v, sizeof(v));
}

static void put_option(FILE *f, uint16_t code, const void *data, size_t len)
{
	const uint16_t head[2] = {code, (uint16_t)len};

	put(f, head, sizeof(head));
	put(f, data, len);
}

static uint32_t option_size(size_t len)
{
	return OPTION_LEN + padded(len);
}

static void begin(FILE *f, uint32_t type, uint32_t len)
{
	errno = 0;
	put32(f, type);
	put32(f, len);
}

static int end(FILE *f, uint32_t len)
{
	put32(f, len);
	if (!ferror(f))
		return 0;
	return errno != 0 ? -errno : -EIO;
}

int pcapng_section(FILE *f, const char *application)
{
	static const uint16_t version[2] = {1, 0};
	static const uint64_t unknown = LENGTH_UNKNOWN;
	uint32_t len = BLOCK_LEN + 16 + option_size(strlen(application)) + OPTION_LEN;

	begin(f, BLOCK_SECTION, len);
	put32(f, BYTE_ORDER_MAGIC);
	put(f, version, sizeof(version));
	put(f, &unknown, sizeof(unknown));
	put_option(f, SECTION_USERAPPL, application, strlen(application));
	put_option(f, OPTION_END, "", 0);
	return end(f, len);
}

int pcapng_interface(FILE *f, uint16_t link, uint32_t snaplen, const char *name)
{
	static const uint8_t nanoseconds = 9; /* 10^-9 */
	const uint16_t head[2] = {link, 0};
	uint32_t len = BLOCK_LEN + 8 + option_size(strlen(name)) + option_size(1) + OPTION_LEN;

	begin(f, BLOCK_INTERFACE, len);
	put(f, head, sizeof(head));
	put32(f, snaplen);
	put_option(f, INTERFACE_NAME, name, strlen(name));
	put_option(f, INTERFACE_TSRESOL, &nanoseconds, sizeof(nanoseconds));
	put_option(f, OPTION_END, "", 0);
	return end(f, len);
}

size_t pcapng_packet_size(const struct pcapng_packet *p)
{
	uint32_t len = BLOCK_LEN + 20 + padded(p->captured) + option_size(4) + OPTION_LEN;

	return p->comment == NULL ? len : len + option_size(strlen(p->comment));
}

int pcapng_packet(FILE *f, const struct pcapng_packet *p)
{
	uint32_t flags = p->out ? FLAG_OUTBOUND : FLAG_INBOUND;
	uint32_t len = (uint32_t)pcapng_packet_size(p);

	begin(f, BLOCK_PACKET, len);
	put32(f, p->interface);
	put32(f, (uint32_t)(p->ns >> 32));
	put32(f, (uint32_t)p->ns);
	put32(f, p->captured);
	put32(f, p->len);
	put(f, p->data, p->captured);
	put_option(f, PACKET_FLAGS, &flags, sizeof(flags));
	if (p->comment != NULL)
		put_option(f, OPTION_COMMENT, p->comment, strlen(p->comment));
	put_option(f, OPTION_END, "", 0);
	return end(f, len);
}
