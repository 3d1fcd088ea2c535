/* SPDX-License-Identifier: BSD-3-Clause */
/* Who keeps a state while no hub runs: gives it to the next hub only, and to nobody while one does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/keeper.h"
#include "tests/control/world.h"

static char path[64];

static int state_of(const char *text)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	CU_ASSERT_TRUE_FATAL(fd > 0);
	CU_ASSERT_EQUAL(pwrite(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	return fd;
}

static int keep(const char *text)
{
	struct error err = {""};
	int keeper, fd = state_of(text);

	snprintf(path, sizeof(path), "/tmp/keeper-test-%d.state", (int)getpid());
	keeper = keeper_start(&err);
	CU_ASSERT_TRUE_FATAL(keeper > 0);
	CU_ASSERT_EQUAL(keeper_keep(keeper, path, fd, &err), 0);
	close(fd);
	return keeper;
}

static bool is_of(int fd, const char *text)
{
	char got[64] = "";

	return fd > 0 && pread(fd, got, sizeof(got) - 1, 0) >= 0 && strcmp(got, text) == 0;
}

/* The keeper looks at its hub first, so that it knows of its end as soon as anybody asks. */
static void test_kept(void)
{
	struct error err = {""};
	struct stat st;
	int keeper = keep("one"), other, from, fd;

	CU_ASSERT_EQUAL(keeper_take(path, &from, &err), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "is in use by another dmvpn-hub"));
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	/* Killed. */
	close(keeper);
	fd = keeper_take(path, &from, &err);
	CU_ASSERT_TRUE(is_of(fd, "one"));
	/* That one did not get far either. */
	close(fd);
	close(from);
	fd = keeper_take(path, &from, &err);
	CU_ASSERT_TRUE(is_of(fd, "one"));
	close(fd);
	/* It has a state of its own by now. */
	other = keep("two");
	keeper_taken(from);
	CU_ASSERT_EQUAL(keeper_take(path, &from, &err), -EBUSY);
	close(other);
	fd = keeper_take(path, &from, &err);
	CU_ASSERT_TRUE(is_of(fd, "two"));
	close(fd);
	keeper_taken(from);
}

static void test_dropped(void)
{
	struct pollfd ended = {.events = POLLIN};
	struct error err = {""};
	int keeper = keep("three"), from;

	keeper_drop(keeper);
	ended.fd = keeper;
	CU_ASSERT_EQUAL(poll(&ended, 1, 10000), 1);
	CU_ASSERT_EQUAL(keeper_take(path, &from, &err), 0);
	CU_ASSERT_EQUAL(access(path, F_OK), -1);
	close(keeper);
}

static void test_none(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct error err = {""};
	int from, s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), client;

	CU_ASSERT_EQUAL(keeper_take("/tmp/there-is-none.state", &from, &err), 0);
	/* Somebody else answers, and says nothing of use. */
	snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/keeper-test-%d.other", (int)getpid());
	unlink(a.sun_path);
	CU_ASSERT_EQUAL(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	CU_ASSERT_EQUAL(listen(s, 1), 0);
	CU_ASSERT_EQUAL(keeper_take(a.sun_path, &from, &err), 0);
	client = accept(s, NULL, NULL);
	close(client);
	close(s);
	unlink(a.sun_path);
}

static const struct unit_test tests[] = {
	{"kept for the next hub, and only when the hub is gone", test_kept},
	{"not kept after an end in order", test_dropped},
	{"nobody there, or somebody else", test_none},
};

const struct control_suite suite_keeper = {"keeper", tests, RTE_DIM(tests)};
