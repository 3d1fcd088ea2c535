/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <pcap/pcap.h>
#include <pcap/sll.h>

#define ETHER_LEN   14
#define FRAME_ALIGN 64
#define GROW_MIN    (8u << 20)

/* Source of frames that were recorded without one: locally administered. */
static const uint8_t nobody[6] = {0x02, 0, 0, 0, 0, 0xfe};

/* Room for len more octets. Large pages, where the kernel has them, keep a replay from TLB misses.
 */
static int grow_data(struct capture *c, size_t len)
{
	size_t room = c->data_room;
	void *p;

	if (c->data_len + len <= room)
		return 0;
	while (c->data_len + len > room)
		room = room == 0 ? GROW_MIN : room * 2;
	if (c->data == NULL)
		p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		p = mremap(c->data, c->data_room, room, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return -ENOMEM;
	madvise(p, room, MADV_HUGEPAGE);
	c->data = p;
	c->data_room = room;
	return 0;
}

static int grow_frames(struct capture *c)
{
	unsigned max = c->max_frames == 0 ? 1024 : c->max_frames * 2;
	struct capture_frame *p;

	if (c->n_frames < c->max_frames)
		return 0;
	p = realloc(c->frames, max * sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	c->frames = p;
	c->max_frames = max;
	return 0;
}

/* A new frame of head + len octets: octets `head` of it are the caller's to write. */
static struct capture_frame *add_frame(
	struct capture *c, unsigned head, const void *octets, uint32_t len, uint64_t time_ns)
{
	struct capture_frame *f;

	if (grow_data(c, head + len + FRAME_ALIGN) != 0 || grow_frames(c) != 0)
		return NULL;
	f = &c->frames[c->n_frames++];
	*f = (struct capture_frame){.offset = c->data_len, .time_ns = time_ns, .len = head + len};
	memcpy(c->data + c->data_len + head, octets, len);
	c->data_len += (head + len + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
	return f;
}

int capture_append(struct capture *c, const void *frame, uint32_t len, uint64_t time_ns)
{
	return add_frame(c, 0, frame, len, time_ns) == NULL ? -ENOMEM : 0;
}

void capture_free(struct capture *c)
{
	if (c->data != NULL)
		munmap(c->data, c->data_room);
	free(c->frames);
	*c = (struct capture){0};
}

/* What stands in front of the network layer: its length, where its type and its sender are. */
struct link_layer {
	int dlt;
	unsigned len;
	int type;     /* offset of the Ethernet type; -1: IP without any */
	int addr_len; /* offset of the sender's address length, -1: none is recorded */
	int addr;
};

static const struct link_layer link_layers[] = {
	{DLT_EN10MB, 0, -1, -1, 0},
	{DLT_LINUX_SLL, SLL_HDR_LEN, 14, 5, 6},
	{DLT_LINUX_SLL2, SLL2_HDR_LEN, 0, 11, 12},
	{DLT_RAW, 0, -1, -1, 0},
	{DLT_IPV4, 0, -1, -1, 0},
	{DLT_IPV6, 0, -1, -1, 0},
};

static const struct link_layer *link_layer_find(int dlt)
{
	for (size_t i = 0; i < sizeof(link_layers) / sizeof(link_layers[0]); i++)
		if (link_layers[i].dlt == dlt)
			return &link_layers[i];
	return NULL;
}

/* Add a frame of another link layer under an Ethernet header of our making. */
static int add_bare(struct capture *c, const struct link_layer *l, const uint8_t *octets,
	uint32_t len, uint64_t time_ns)
{
	struct capture_frame *f;
	uint8_t *ether;
	const uint8_t *sender = nobody;
	uint16_t type;

	if (len < l->len || len == 0)
		len = 0;
	type = l->type < 0 || len == 0 ? 0 : (uint16_t)(octets[l->type] << 8 | octets[l->type + 1]);
	if (l->type < 0 && len > 0)
		type = octets[0] >> 4 == 6 ? 0x86dd : 0x0800;
	if (l->addr_len >= 0 && len > 0 && octets[l->addr_len] != 0)
		sender = octets + l->addr;
	f = add_frame(
		c, ETHER_LEN, octets + (len > 0 ? l->len : 0), len > 0 ? len - l->len : 0, time_ns);
	if (f == NULL)
		return -ENOMEM;
	f->no_ether = true;
	ether = c->data + f->offset;
	memset(ether, 0, 6);
	memcpy(ether + 6, sender, 6);
	ether[12] = (uint8_t)(type >> 8);
	ether[13] = (uint8_t)type;
	return 0;
}

static int read_frames(struct capture *c, pcap_t *pcap, const char *path, struct error *err)
{
	const struct link_layer *l = link_layer_find(pcap_datalink(pcap));
	struct pcap_pkthdr *h;
	const uint8_t *octets;
	int more;

	if (l == NULL)
		return error_set(err, EPROTONOSUPPORT,
			"%s: recorded with link type %s; record Ethernet, \"any\" (Linux cooked) "
			"or "
			"raw IP",
			path, pcap_datalink_val_to_name(pcap_datalink(pcap)) ?: "unknown");
	while ((more = pcap_next_ex(pcap, &h, &octets)) == 1) {
		uint64_t time_ns = (uint64_t)h->ts.tv_sec * 1000000000u + (uint64_t)h->ts.tv_usec;
		int rc;

		if (h->caplen > CAPTURE_FRAME_MAX)
			return error_set(err, EMSGSIZE,
				"%s: frame %u has %u octets; at most %u can be", path,
				c->n_frames + 1, h->caplen, CAPTURE_FRAME_MAX);
		c->n_cut += h->caplen < h->len;
		rc = l->dlt == DLT_EN10MB ? capture_append(c, octets, h->caplen, time_ns)
					  : add_bare(c, l, octets, h->caplen, time_ns);
		if (rc != 0)
			return error_set(
				err, ENOMEM, "%s: too large for this machine's memory", path);
	}
	if (more == PCAP_ERROR)
		return error_set(err, EINVAL,
			"%s: broken after frame %u (%s); record it again, or save what is good "
			"with editcap",
			path, c->n_frames, pcap_geterr(pcap));
	if (c->n_frames == 0)
		return error_set(err, ENODATA, "%s: no frame in it", path);
	return 0;
}

int capture_load(struct capture *c, const char *path, struct error *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap;
	FILE *file;
	int rc;

	*c = (struct capture){0};
	file = fopen(path, "rb");
	if (file == NULL)
		return error_set(err, errno, "%s: cannot be read: %s", path, strerror(errno));
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (pcap == NULL) {
		fclose(file);
		return error_set(err, EINVAL,
			"%s: not a capture (%s); a pcap or pcapng file is expected", path, why);
	}
	rc = read_frames(c, pcap, path, err);
	pcap_close(pcap);
	if (rc != 0)
		capture_free(c);
	return rc;
}

struct capture_file {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	char *path;
	int code; /* errno of the first write that failed */
};

struct capture_file *capture_file_create(const char *path, struct error *err)
{
	struct capture_file *f = calloc(1, sizeof(*f));

	if (f == NULL || (f->path = strdup(path)) == NULL ||
		(f->pcap = pcap_open_dead_with_tstamp_precision(
			 DLT_EN10MB, CAPTURE_FRAME_MAX, PCAP_TSTAMP_PRECISION_NANO)) == NULL) {
		error_set(err, ENOMEM, "%s: not enough memory", path);
		goto err;
	}
	f->dumper = pcap_dump_open(f->pcap, path);
	if (f->dumper == NULL) {
		error_set(err, EIO, "%s: cannot be written: %s", path, strerror(errno));
		goto err;
	}
	return f;
err:
	if (f != NULL && f->pcap != NULL)
		pcap_close(f->pcap);
	if (f != NULL)
		free(f->path);
	free(f);
	return NULL;
}

void capture_file_write(struct capture_file *f, const void *frame, uint32_t len, uint64_t time_ns)
{
	struct pcap_pkthdr h = {
		.ts = {(time_t)(time_ns / 1000000000u), (suseconds_t)(time_ns % 1000000000u)},
		.caplen = len,
		.len = len,
	};

	pcap_dump((u_char *)f->dumper, &h, frame);
	if (f->code == 0 && ferror(pcap_dump_file(f->dumper)))
		f->code = errno;
}

int capture_file_close(struct capture_file *f, struct error *err)
{
	int rc = 0;

	if (pcap_dump_flush(f->dumper) != 0 && f->code == 0)
		f->code = errno;
	if (f->code != 0)
		rc = error_set(
			err, f->code, "%s: not written to its end: %s", f->path, strerror(f->code));
	pcap_dump_close(f->dumper);
	pcap_close(f->pcap);
	free(f->path);
	free(f);
	return rc;
}
