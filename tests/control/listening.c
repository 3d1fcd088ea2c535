/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/control/listening.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/listen.h"
#include "tests/control/world.h"

struct listening listening;

void listening_open(const char *setting)
{
	struct error err = {""};

	strcpy(listening.folder, "/tmp/control-test-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(listening.folder));
	snprintf(listening.path, sizeof(listening.path), "%s/socket", listening.folder);
	listening.base = event_base_new();
	listening.fd = hub_listen(listening.path, setting, &err);
	CU_ASSERT_FATAL(listening.fd >= 0);
}

void listening_close(void)
{
	event_base_free(listening.base);
	close(listening.fd);
	unlink(listening.path);
	rmdir(listening.folder);
	world_run();
	world_discard(0);
	world_discard(1);
	world_close();
}

int listening_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", listening.path);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}
