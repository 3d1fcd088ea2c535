/* SPDX-License-Identifier: BSD-3-Clause */
/* tools/capture.h: whole captures, and every way in which a file can fail to be one. */
#include "tools/capture.h"

#include <errno.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "tests/unit/unit.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static char path[] = "/tmp/unit-capture-XXXXXX";

/* The file holds these octets and nothing else. */
static void put(const void *octets, size_t n)
{
	FILE *f = fopen(path, "wb");

	CU_ASSERT_FATAL(f != NULL);
	CU_ASSERT_EQUAL(fwrite(octets, 1, n, f), n);
	fclose(f);
}

/* A pcap file of one link type, as the format describes it (little endian, microseconds). */
struct file {
	uint8_t octets[1024];
	size_t len;
};

static void put32(struct file *f, uint32_t v)
{
	memcpy(f->octets + f->len, &v, 4);
	f->len += 4;
}

static struct file file_begin(uint32_t link_type)
{
	struct file f = {.len = 0};

	put32(&f, 0xa1b2c3d4);
	put32(&f, 2 | 4 << 16);
	put32(&f, 0);
	put32(&f, 0);
	put32(&f, 65535);
	put32(&f, link_type);
	return f;
}

static void file_add(struct file *f, const void *octets, uint32_t len, uint32_t full_len)
{
	put32(f, 7);
	put32(f, 9);
	put32(f, len);
	put32(f, full_len);
	memcpy(f->octets + f->len, octets, len);
	f->len += len;
}

/* Loading must fail with this code and these words, and leave nothing behind. */
static void refuse(const char *file, int code, const char *words)
{
	struct capture c;
	struct error err = {""};

	CU_ASSERT_EQUAL(capture_load(&c, file, &err), -code);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, file));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, words));
	CU_ASSERT_PTR_NULL(strchr(err.text, '\n'));
	CU_ASSERT_PTR_NULL(c.data);
	CU_ASSERT_PTR_NULL(c.frames);
}

static void test_unreadable(void)
{
	struct file f = file_begin(DLT_EN10MB);
	uint8_t frame[60] = {1};

	refuse("/nonexistent/in.pcap", ENOENT, "cannot be read: No such file");
	refuse("/tmp", EINVAL, "not a capture");
	put("", 0);
	refuse(path, EINVAL, "not a capture");
	put("ports = ( );\nthis is a text, not a capture\n", 42);
	refuse(path, EINVAL, "not a capture");
	put(f.octets, 20);
	refuse(path, EINVAL, "not a capture");
	put(f.octets, f.len);
	refuse(path, ENODATA, "no frame in it");
	file_add(&f, frame, sizeof(frame), sizeof(frame));
	file_add(&f, frame, sizeof(frame), sizeof(frame));
	for (size_t cut = 1; cut < sizeof(frame) + 16; cut++) {
		put(f.octets, f.len - cut);
		refuse(path, EINVAL, "broken after frame 1");
	}
}

static void test_link_types(void)
{
	struct file f = file_begin(DLT_IEEE802_11);
	uint8_t frame[60] = {1};

	file_add(&f, frame, sizeof(frame), sizeof(frame));
	put(f.octets, f.len);
	refuse(path, EPROTONOSUPPORT, "IEEE802_11");
}

static void test_oversized(void)
{
	struct file f = file_begin(DLT_EN10MB);

	put32(&f, 7);
	put32(&f, 9);
	put32(&f, 0x7fffffff);
	put32(&f, 0x7fffffff);
	put(f.octets, f.len);
	refuse(path, EINVAL, "broken after frame 0");
}

static void test_ethernet(void)
{
	struct file f = file_begin(DLT_EN10MB);
	uint8_t first[60], second[61];
	struct capture c;

	memset(first, 0x11, sizeof(first));
	memset(second, 0x22, sizeof(second));
	file_add(&f, first, sizeof(first), sizeof(first));
	file_add(&f, second, sizeof(second), 100);
	put(f.octets, f.len);
	CU_ASSERT_EQUAL_FATAL(capture_load(&c, path, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(c.n_frames, 2);
	CU_ASSERT_EQUAL(c.n_cut, 1);
	CU_ASSERT_EQUAL(c.frames[0].len, sizeof(first));
	CU_ASSERT_EQUAL(c.frames[1].len, sizeof(second));
	CU_ASSERT_EQUAL(c.frames[0].time_ns, UINT64_C(7000009000));
	CU_ASSERT_EQUAL(c.frames[1].offset % 64, 0);
	CU_ASSERT_FALSE(c.frames[0].no_ether);
	CU_ASSERT_EQUAL(memcmp(capture_octets(&c, 0), first, sizeof(first)), 0);
	CU_ASSERT_EQUAL(memcmp(capture_octets(&c, 1), second, sizeof(second)), 0);
	capture_free(&c);
}

/* Other link types end as Ethernet frames without destination. */
static void test_no_ether(void)
{
	static const struct {
		uint32_t link_type;
		uint32_t len;
		uint8_t octets[24];
		uint32_t frame_len;
		uint8_t frame[20];
	} cases[] = {
		{DLT_RAW, 2, {0x45, 9}, 16, {[6] = 2, [11] = 0xfe, 0x08, 0x00, 0x45, 9}},
		{DLT_RAW, 2, {0x60, 9}, 16, {[6] = 2, [11] = 0xfe, 0x86, 0xdd, 0x60, 9}},
		{DLT_LINUX_SLL, 18,
			{0, 0, 0, 1, 0, 6, 2, 3, 4, 5, 6, 7, 0, 0, 0x08, 0x06, 0xaa, 0xbb}, 16,
			{[6] = 2, 3, 4, 5, 6, 7, 0x08, 0x06, 0xaa, 0xbb}},
		{DLT_LINUX_SLL2, 21,
			{0x08, 0x00, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 3, 4, 5, 6, 7, 0, 0, 0x45},
			15, {[6] = 2, 3, 4, 5, 6, 7, 0x08, 0x00, 0x45}},
		/* Shorter than its own header, and nothing at all. */
		{DLT_LINUX_SLL, 15, {0, 0, 0, 1, 0, 6, 2}, 14, {[6] = 2, [11] = 0xfe}},
		{DLT_RAW, 0, {0}, 14, {[6] = 2, [11] = 0xfe}},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct file f = file_begin(cases[i].link_type);
		struct capture c;

		file_add(&f, cases[i].octets, cases[i].len, cases[i].len);
		put(f.octets, f.len);
		CU_ASSERT_EQUAL_FATAL(capture_load(&c, path, NULL), 0);
		CU_ASSERT_TRUE(c.frames[0].no_ether);
		CU_ASSERT_EQUAL(c.frames[0].len, cases[i].frame_len);
		CU_ASSERT_EQUAL(
			memcmp(capture_octets(&c, 0), cases[i].frame, cases[i].frame_len), 0);
		capture_free(&c);
	}
}

/* More than the first pieces of memory hold, written and read again. */
static void test_many(void)
{
	enum { N = 20000 };
	struct capture_file *file;
	struct capture c;
	struct error err;
	uint8_t frame[1500];
	unsigned wrong = 0;

	file = capture_file_create(path, &err);
	CU_ASSERT_FATAL(file != NULL);
	for (uint32_t i = 0; i < N; i++) {
		memset(frame, (int)i, sizeof(frame));
		capture_file_write(file, frame, 60 + i % 1440, UINT64_C(1000000000) * i + i);
	}
	CU_ASSERT_EQUAL(capture_file_close(file, &err), 0);
	CU_ASSERT_EQUAL_FATAL(capture_load(&c, path, &err), 0);
	CU_ASSERT_EQUAL_FATAL(c.n_frames, N);
	for (uint32_t i = 0; i < N; i++) {
		memset(frame, (int)i, sizeof(frame));
		wrong += c.frames[i].len != 60 + i % 1440 ||
			 c.frames[i].time_ns != UINT64_C(1000000000) * i + i ||
			 memcmp(capture_octets(&c, i), frame, c.frames[i].len) != 0;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	capture_free(&c);
}

static void test_unwritable(void)
{
	uint8_t frame[60] = {0};
	struct capture_file *file;
	struct error err = {""};

	CU_ASSERT_PTR_NULL(capture_file_create("/nonexistent/out.pcap", &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nonexistent/out.pcap: cannot be written"));
	/* A full disk shows when the file is closed, whether it was noticed then or long before. */
	for (unsigned n = 1; n <= 1000; n += 999) {
		file = capture_file_create("/dev/full", &err);
		CU_ASSERT_FATAL(file != NULL);
		for (unsigned i = 0; i < n; i++)
			capture_file_write(file, frame, sizeof(frame), 0);
		errno = ENOTTY;
		CU_ASSERT_EQUAL(capture_file_close(file, &err), -ENOSPC);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "No space left"));
	}
}

static const struct unit_test tests[] = {
	{"what is no capture is refused in one line", test_unreadable},
	{"link types without IP are refused by name", test_link_types},
	{"a frame larger than frames can be is refused", test_oversized},
	{"Ethernet frames come as they are", test_ethernet},
	{"other link types get an Ethernet header", test_no_ether},
	{"many frames are read as they were written", test_many},
	{"a file that cannot be written is an error", test_unwritable},
};

int main(int argc, char **argv)
{
	int fd = mkstemp(path), rc;

	if (fd < 0)
		return EXIT_FAILURE;
	close(fd);
	rc = unit_main("tools: capture", tests, LEN(tests), argc, argv);
	unlink(path);
	return rc;
}
