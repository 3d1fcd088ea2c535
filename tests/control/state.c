/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hub that goes on where another one stopped: what it left is in memory that both know. Spokes
 * notice nothing, no number is used twice, nothing is taken twice; and what is no such state, or is
 * a bad one, changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/state_priv.h"
#include "tests/control/spoke.h"

#define PEERS(far, more)                                                                           \
	"ports = ( { name = \"wan0\"; device = \"none\"; addresses = [ \"192.0.2.1/24\" ];"        \
	" gateway = \"192.0.2.254\"; mac = \"02:00:00:00:00:01\"; neighbors = ("                   \
	" { address = \"192.0.2.254\"; mac = \"02:00:00:00:01:fe\"; },"                            \
	" { address = \"192.0.2.12\"; mac = \"02:00:00:00:01:0c\"; } ); } );"                      \
	"tunnels = ( { name = \"tun0\"; address = \"10.255.0.1/24\"; nbma = \"192.0.2.1\";"        \
	" key = 42; peers = ( { nbma = \"203.0.113.11\"; " far                                     \
	" }, { nbma = \"192.0.2.12\"; " WORLD_SAS(1) " } " more " ); } );"
#define HUB PEERS(WORLD_SAS(0), "")

static uint64_t spokes_seq[WORLD_SPOKES];

/* Spokes go on with a later hub. */
static void open_hub(const char *text, int former)
{
	world_keep(former);
	world_open(text);
	world_keep(-1);
	for (unsigned i = 0; i < WORLD_SPOKES && former > 0; i++)
		sa_at(world.seal, world.seal_sa[i])->hot.seq = spokes_seq[i];
	world_run();
	world_discard(0);
}

/* The hub is gone, and nobody was told. @return its state */
static int lose_hub(void)
{
	int fd = dup(hub_state_fd(world.hub));

	CU_ASSERT_TRUE_FATAL(fd > 0);
	for (unsigned i = 0; i < WORLD_SPOKES; i++)
		spokes_seq[i] = sa_at(world.seal, world.seal_sa[i])->hot.seq;
	world_close();
	return fd;
}

static struct packet ping_from(enum spoke_name spoke, const char *src)
{
	struct packet rest = {.b = {0, 1, 0, 1}, .len = 4};
	struct packet ping = world_icmp(src, WORLD_HUB, 8, 0, &rest);

	return world_seal(spoke, &ping);
}

static uint32_t outer_seq(const struct packet *frame)
{
	uint32_t be;

	memcpy(&be, frame->b + 14 + 20 + 4, sizeof(be));
	return ntohl(be);
}

static const struct sa_hot *inbound(uint32_t spi)
{
	struct sa *sa;

	sa_lookup_burst(dp_sa_table(world.dp, true), &spi, 1, &sa);
	return sa == NULL ? NULL : &sa->hot;
}

static void test_goes_on(void)
{
	struct packet old, answer, before;
	struct sa_hot hot;
	int fd;

	open_hub(HUB, 0);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, NHRP_FLAG_REG_UNIQUE), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 600, 0), 0);
	old = ping_from(FAR, "10.255.0.11");
	world_receive(0, &old);
	world_run();
	before = world_sent(0);
	hot = *inbound(0x10000000);
	world_wait(100 * SECONDS);
	world_discard(0);
	fd = lose_hub();

	open_hub(HUB, fd);
	close(fd);
	/* Nobody has registered, and all is as it was. */
	EXPECT_TEXT("show dmvpn", "2 peers: 2 up");
	EXPECT_TEXT("show nhrp cache", "10.255.0.11/32      tun0       dynamic     203.0.113.11");
	CU_ASSERT(spoke_delivers(FAR, "10.255.0.11", NEAR, "10.255.0.12"));
	CU_ASSERT(spoke_delivers(NEAR, "10.255.0.12", FAR, "10.255.0.11"));
	CU_ASSERT_EQUAL(inbound(0x10000000)->seq, hot.seq + 1);
	CU_ASSERT_EQUAL(inbound(0x10000000)->packets, hot.packets + 1);
	/* What was taken is not taken again. */
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_replay), 0);
	world_receive(0, &old);
	world_run();
	CU_ASSERT_EQUAL(world_drops(DP_DROP_esp_replay), 1);
	EXPECT_NO_FRAME(0);
	/* Numbers go on. */
	old = ping_from(FAR, "10.255.0.11");
	world_receive(0, &old);
	world_run();
	answer = world_sent(0);
	CU_ASSERT_NOT_EQUAL(world_unseal(FAR, &answer).len, 0);
	CU_ASSERT_TRUE(outer_seq(&answer) > outer_seq(&before));
	/* Leases end when they would have ended. */
	world_wait(495 * SECONDS);
	world_discard(0);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.12")), DP_ADJ_PEER);
	world_wait(3000 * SECONDS);
	world_discard(0);
	CU_ASSERT_EQUAL(world_overlay("10.255.0.12"), DP_ADJ_NO_PEER);
	world_close();
}

/* The configuration is another one by now: what it has no more is left out, keys above all. */
static void test_other_config(void)
{
	int fd;

	open_hub(HUB, 0);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 3600, 0), 0);
	fd = lose_hub();
	open_hub(
		PEERS("sa_in = ( " WORLD_SA("0x10000000", WORLD_KEY_OUT) " ); sa_out = ( " WORLD_SA(
			      "0x20000000", WORLD_KEY_OUT) " ); ",
			", { nbma = \"203.0.113.99\"; address = \"10.255.0.99\"; }"),
		fd);
	close(fd);
	CU_ASSERT_EQUAL(inbound(0x10000000)->seq, 0);
	CU_ASSERT_NOT_EQUAL(inbound(0x10000001)->seq, 0);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.12")), DP_ADJ_PEER);
	CU_ASSERT_EQUAL(world_overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	world_close();
}

/* Once more, and once more: nothing grows, nothing gets lost. */
static void test_again(void)
{
	int fd = 0, next;

	for (unsigned i = 0; i < 5; i++) {
		open_hub(HUB, fd);
		if (fd > 0)
			close(fd);
		if (i == 0)
			CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
		CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.11")), DP_ADJ_PEER);
		next = lose_hub();
		fd = next;
	}
	close(fd);
}

/* A spoke that was taken away does not come back. */
static void test_gone(void)
{
	int fd;

	open_hub(HUB, 0);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	CU_ASSERT_EQUAL(spoke_register(NEAR, "10.255.0.12", 3600, 0), 0);
	EXPECT_TEXT("clear nhrp cache 10.255.0.11", "1 cleared");
	world_run();
	world_discard(0);
	fd = lose_hub();
	open_hub(HUB, fd);
	close(fd);
	CU_ASSERT_EQUAL(world_overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.12")), DP_ADJ_PEER);
	world_close();
}

/* --- what is no state, or a bad one
 * --------------------------------------------------------------- */

static int copy_of(int fd, size_t len, bool seal)
{
	int copy = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char block[65536];
	ssize_t n;

	CU_ASSERT_TRUE_FATAL(copy >= 0);
	for (size_t at = 0; at < len; at += (size_t)n) {
		n = pread(fd, block, RTE_MIN(sizeof(block), len - at), (off_t)at);
		if (n <= 0 || pwrite(copy, block, (size_t)n, (off_t)at) != n)
			break;
	}
	CU_ASSERT_EQUAL(ftruncate(copy, (off_t)len), 0);
	if (seal)
		CU_ASSERT_EQUAL(fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	return copy;
}

static void expect_anew(int fd)
{
	open_hub(HUB, fd);
	close(fd);
	CU_ASSERT_EQUAL(world_overlay("10.255.0.11"), DP_ADJ_NO_PEER);
	CU_ASSERT_EQUAL(inbound(0x10000000)->seq, 0);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	world_close();
}

static void test_refused(void)
{
	static const uint32_t other_version = 0xffffffffu;
	struct stat st;
	int fd, bad;

	open_hub(HUB, 0);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	fd = lose_hub();
	CU_ASSERT_EQUAL(fstat(fd, &st), 0);
	/* Cut short, or so that it could be. */
	expect_anew(copy_of(fd, (size_t)st.st_size / 2, true));
	expect_anew(copy_of(fd, 100, true));
	expect_anew(copy_of(fd, (size_t)st.st_size, false));
	/* Another version; other sizes; nothing of a hub at all. */
	bad = copy_of(fd, (size_t)st.st_size, true);
	CU_ASSERT_EQUAL(pwrite(bad, &other_version, 4, 8), 4);
	expect_anew(bad);
	bad = copy_of(fd, (size_t)st.st_size, true);
	CU_ASSERT_EQUAL(pwrite(bad, &other_version, 4, 12), 4);
	expect_anew(bad);
	bad = copy_of(fd, (size_t)st.st_size, true);
	CU_ASSERT_EQUAL(pwrite(bad, "#!/bin/sh", 9, 0), 9);
	expect_anew(bad);
	expect_anew(open("/dev/null", O_RDWR | O_CLOEXEC));
	/* As it is, it is good. */
	open_hub(HUB, copy_of(fd, (size_t)st.st_size, true));
	CU_ASSERT_EQUAL(DP_ADJ_KIND(world_overlay("10.255.0.11")), DP_ADJ_PEER);
	world_close();
	close(fd);
}

/* Octets of records are anything: the hub comes up, and forwards for whom it knows. */
static void test_hostile(void)
{
	struct state_layout at;
	uint64_t random = 88172645463325252u;
	struct stat st;
	int fd, bad;

	open_hub(HUB, 0);
	CU_ASSERT_EQUAL(spoke_register(FAR, "10.255.0.11", 3600, 0), 0);
	at = world.hub->state->at;
	fd = lose_hub();
	CU_ASSERT_EQUAL(fstat(fd, &st), 0);
	for (unsigned round = 0; round < 30; round++) {
		bad = copy_of(fd, (size_t)st.st_size, true);
		for (unsigned i = 0; i < 40; i++) {
			uint64_t from[] = {at.peers, at.sas[0], at.sas[1], at.leases, at.slots[1]};
			uint8_t octet;

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			octet = (uint8_t)(random >> 40);
			if (pwrite(bad, &octet, 1,
				    (off_t)(from[random % 5] +
					    (random >> 8) % (4 * STATE_RECORD_LEN))) != 1)
				abort();
		}
		open_hub(HUB, bad);
		close(bad);
		world_discard(0);
		world_close();
	}
	close(fd);
}

static const struct unit_test tests[] = {
	{"a hub goes on where the last one was lost", test_goes_on},
	{"with another configuration", test_other_config},
	{"again and again", test_again},
	{"what was taken away stays away", test_gone},
	{"what is no state is refused, and all begins anew", test_refused},
	{"a state of bad records harms nobody", test_hostile},
};

const struct control_suite suite_state = {"state", tests, RTE_DIM(tests)};
