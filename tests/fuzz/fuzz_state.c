/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: any octets as a part of what a former hub left. What is read must be written
 * again so that it is read the same, and a header's sizes must fit the memory they are about.
 */
#include <stdlib.h>
#include <string.h>

#include "control/state_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void header(const uint8_t *data, size_t size)
{
	uint8_t again[STATE_HEADER_LEN] = {0};
	struct state_header h, other;
	struct state_layout l;
	uint64_t len = UINT64_C(1) << 40;

	memset(&h, 0, sizeof(h));
	if (state_header_read(&h, data, size, len) < 0)
		/* Most sizes do not fit; those that they would fit are good. */
		len = state_layout(&l, &h.shape) == 0 ? l.len : 0;
	if (len == 0 || state_header_read(&h, data, size, len) < 0)
		return;
	check(state_layout(&l, &h.shape) == 0 && l.len <= len && l.peers >= STATE_HEADER_LEN &&
		l.windows + (uint64_t)h.shape.sas * h.shape.words_len <= l.len);
	state_header_write(again, &h);
	check(state_header_read(&other, again, sizeof(again), len) == 0 &&
		memcmp(&h.shape, &other.shape, sizeof(h.shape)) == 0 &&
		h.instance == other.instance);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static union {
		uint8_t octets[STATE_RECORD_LEN];
		uint32_t aligned;
	} in, out;
	static struct state_peer p, p2;
	static struct state_sa sa, sa2;
	static struct state_lease l, l2;

	if (size < 1)
		return 0;
	if (data[0] == 0)
		header(data + 1, size - 1);
	memset(&in, 0, sizeof(in));
	memcpy(in.octets, data + 1, size - 1 < sizeof(in) ? size - 1 : sizeof(in));
	memset(&p, 0, sizeof(p));
	memset(&sa, 0, sizeof(sa));
	memset(&l, 0, sizeof(l));
	p2 = p;
	sa2 = sa;
	l2 = l;
	if (data[0] == 1 && state_peer_read(&p, in.octets)) {
		state_peer_write(out.octets, &p);
		check(state_peer_read(&p2, out.octets) && memcmp(&p, &p2, sizeof(p)) == 0);
	} else if (data[0] == 2 && state_sa_read(&sa, in.octets)) {
		check(sa.key_len <= STATE_KEY_MAX && sa.auth_key_len <= STATE_KEY_MAX);
		state_sa_write(out.octets, &sa);
		check(state_sa_read(&sa2, out.octets) && memcmp(&sa, &sa2, sizeof(sa)) == 0);
	} else if (data[0] == 3 && state_lease_read(&l, in.octets)) {
		check(l.len <= 32);
		state_lease_write(out.octets, &l);
		check(state_lease_read(&l2, out.octets) && memcmp(&l, &l2, sizeof(l)) == 0);
	}
	return 0;
}
