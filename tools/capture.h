/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures in memory: a file read as a whole into Ethernet frames, and frames written to a file.
 * One thread per capture.
 */
#ifndef TOOLS_CAPTURE_H
#define TOOLS_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define CAPTURE_FRAME_MAX 65535

/** A frame: where its octets stand in the capture's data. */
struct capture_frame {
	uint64_t offset; /**< a multiple of 64 */
	uint64_t time_ns;
	uint32_t len;
	bool no_ether; /**< recorded without Ethernet header: one was made, destination all zero */
};

struct capture {
	uint8_t *data;
	size_t data_len;
	size_t data_room;
	struct capture_frame *frames;
	unsigned n_frames;
	unsigned max_frames;
	unsigned n_cut; /**< frames of which the file holds only the first octets */
};

/**
 * Read a pcap or pcapng file of Ethernet, Linux cooked (v1, v2) or raw IP frames.
 * @return 0, or -errno with err saying what is wrong with the file
 */
int capture_load(struct capture *c, const char *path, struct error *err);

/** Append a copy of a frame. A zeroed struct capture is an empty one. @return 0 or -ENOMEM */
int capture_append(struct capture *c, const void *frame, uint32_t len, uint64_t time_ns);

/** Free all. A zeroed struct is allowed. */
void capture_free(struct capture *c);

static inline uint8_t *capture_octets(const struct capture *c, unsigned frame)
{
	return c->data + c->frames[frame].offset;
}

/**
 * Ask for a frame's octets that will be read once: near, but without pushing what the caches hold
 * out of them, so that a long capture costs its user no more than a short one.
 */
static inline void capture_prefetch(const struct capture *c, unsigned frame)
{
	const uint8_t *at = capture_octets(c, frame);

	for (uint32_t i = 0; i < c->frames[frame].len; i += 64)
		__builtin_prefetch(at + i, 0, 0);
}

struct capture_file;

/** Create (or replace) a pcap file of Ethernet frames. @return NULL, err says why */
struct capture_file *capture_file_create(const char *path, struct error *err);

/** Write a frame; a failure shows at capture_file_close(). */
void capture_file_write(struct capture_file *f, const void *frame, uint32_t len, uint64_t time_ns);

/** Finish the file. @return 0, or -errno with err (disk full and the like) */
int capture_file_close(struct capture_file *f, struct error *err);

#endif
