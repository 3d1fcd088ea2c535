/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hub whose memory is gone reads who was registered from a file without keys. Spokes are there
 * when their keys are; what is no such file, or not to be trusted, changes nothing.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "control/leases.h"
#include "tests/control/spoke.h"

#define PATH "/tmp/dmvpn-hub-leases"
#define HUB                                                                                        \
	"nhrp = { leases = \"%s\"; };"                                                             \
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"        \
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("                   \
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"                            \
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); } );"                      \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\";"        \
	" key = 42; peers = ( { nbma = \"%s\"; " WORLD_SAS(                                        \
		0) " }, { nbma = \"192.0.2.12\"; " WORLD_SAS(1) " } ); } );"

static char path[64];

static void open_hub(const char *far_nbma)
{
	char text[4096];

	snprintf(text, sizeof(text), HUB, path, far_nbma);
	world_open(text);
	world_run();
	world_discard(0);
}

static size_t read_text(char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, room - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

static void write_text(const char *text, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	fchmod(fd, mode);
	close(fd);
}

/* Two spokes register, the hub ends: its file. @return octets */
static size_t make(char *text, size_t room)
{
	snprintf(path, sizeof(path), PATH "-%d", (int)getpid());
	unlink(path);
	open_hub("203.0.113.11");
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, NHRP_FLAG_REG_UNIQUE), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 600, 0), 0);
	hub_shutdown(world.hub, false, false);
	world_close();
	return read_text(text, room);
}

static void expect_registered(bool far, bool near)
{
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.11")) == DP_ADJ_PEER, far);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.12")) == DP_ADJ_PEER, near);
}

static void test_goes_on(void)
{
	char text[8192];
	struct stat st;

	CU_ASSERT(make(text, sizeof(text)) > 0);
	CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	/* Who, where, how long; and nothing of a key. */
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"address\":\"10.255.0.11\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"nbma\":\"203.0.113.11\""));
	CU_ASSERT_PTR_NULL(strstr(text, "key"));
	CU_ASSERT_PTR_NULL(strstr(text, "spi"));
	open_hub("203.0.113.11");
	expect_registered(true, true);
	EXPECT_TEXT("show dmvpn", "2 peers: 2 up");
	EXPECT_TEXT("show nhrp cache", "10.255.0.11/32      tun0       dynamic     203.0.113.11");
	CU_ASSERT(spoke_delivers(FAR, "10.255.0.11", NEAR, "10.255.0.12"));
	/* They end when they would have ended. */
	world_wait(595 * SECONDS);
	world_discard(0);
	expect_registered(true, true);
	world_wait(10 * SECONDS);
	world_discard(0);
	expect_registered(true, false);
	world_close();
	unlink(path);
}

/* Written while it runs: soon after the first, and then not for a minute. */
static void test_written(void)
{
	char text[8192];
	uint64_t until = clock_ms(CLOCK_MONOTONIC) + 10000;

	snprintf(path, sizeof(path), PATH "-%d", (int)getpid());
	unlink(path);
	open_hub("203.0.113.11");
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	world_wait(100);
	while (access(path, F_OK) < 0 && clock_ms(CLOCK_MONOTONIC) < until)
		usleep(1000);
	CU_ASSERT(read_text(text, sizeof(text)) > 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "10.255.0.11"));
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 3600, 0), 0);
	world_wait(50 * SECONDS);
	read_text(text, sizeof(text));
	CU_ASSERT_PTR_NULL(strstr(text, "10.255.0.12"));
	world_wait(11 * SECONDS);
	do {
		usleep(1000);
		read_text(text, sizeof(text));
	} while (strstr(text, "10.255.0.12") == NULL && clock_ms(CLOCK_MONOTONIC) < until);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "10.255.0.12"));
	world_discard(0);
	world_close();
	unlink(path);
}

/* Somebody else is where a spoke was not: it waits for the spoke, and is kept in the file. */
static void test_other_place(void)
{
	char text[8192];

	make(text, sizeof(text));
	open_hub("203.0.113.77");
	expect_registered(false, true);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 700, 0), 0);
	hub_shutdown(world.hub, false, false);
	world_close();
	read_text(text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"nbma\":\"203.0.113.11\""));
	open_hub("203.0.113.11");
	expect_registered(true, true);
	world_close();
	unlink(path);
}

static void expect_refused(const char *text, size_t len, mode_t mode)
{
	write_text(text, len, mode);
	open_hub("203.0.113.11");
	expect_registered(false, false);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	world_discard(0);
	world_close();
}

/* Replace a number behind a name by another. */
static size_t with_number(char *to, size_t room, const char *text, const char *name, const char *n)
{
	const char *at = strstr(text, name), *end;

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	at += strlen(name);
	end = at + strspn(at, "0123456789");
	return (size_t)snprintf(to, room, "%.*s%s%s", (int)(at - text), text, n, end);
}

static void test_refused(void)
{
	char text[8192], bad[8192];
	size_t len = make(text, sizeof(text)), n;

	expect_refused(text, len, 0620);
	expect_refused(text, len / 2, 0600);
	expect_refused("", 0, 0600);
	expect_refused("#!/bin/sh\n", 10, 0600);
	expect_refused("[]", 2, 0600);
	n = with_number(bad, sizeof(bad), text, "\"version\":", "2");
	expect_refused(bad, n, 0600);
	n = with_number(bad, sizeof(bad), text, "\"written\":", "99999999999999");
	expect_refused(bad, n, 0600);
	n = with_number(bad, sizeof(bad), text, "\"length\":", "33");
	expect_refused(bad, n, 0600);
	n = with_number(bad, sizeof(bad), text, "\"holding\":", "0");
	expect_refused(bad, n, 0600);
	/* A lease that is over, or longer than it was given for, is the only one that is left out.
	 */
	for (unsigned i = 0; i < 2; i++) {
		n = with_number(
			bad, sizeof(bad), text, "\"expires\":", i == 0 ? "1000" : "99999999999999");
		write_text(bad, n, 0600);
		open_hub("203.0.113.11");
		CU_ASSERT_EQUAL((DP_ADJ_KIND(world_overlay("10.255.0.11")) == DP_ADJ_PEER) +
					(DP_ADJ_KIND(world_overlay("10.255.0.12")) == DP_ADJ_PEER),
			1);
		world_close();
	}
	/* As it is, it is good. */
	write_text(text, len, 0600);
	open_hub("203.0.113.11");
	expect_registered(true, true);
	world_close();
	unlink(path);
}

static const struct unit_test tests[] = {
	{"leases of a file go on with their spokes", test_goes_on},
	{"they are written, but rarely", test_written},
	{"a spoke that is not there is waited for", test_other_place},
	{"what is no such file is refused, and all begins anew", test_refused},
};

const struct control_suite suite_leases = {"leases", tests, RTE_DIM(tests)};
