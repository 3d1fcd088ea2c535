/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/log.h"
#include "common/user.h"

/* Of those it has. Inherited by no program that it starts: they are not ambient. */
static void choose(void)
{
	static const unsigned kept[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_IPC_LOCK};
	bool has[sizeof(kept) / sizeof(kept[0])];

	capng_get_caps_process();
	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		has[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]) != 0;
	capng_clear(CAPNG_SELECT_CAPS);
	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (has[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
}

int privilege_drop(const char *folder, struct error *err)
{
	if (!user_changes())
		return 0;
	choose();
	/* By libc, so all threads become the user. The others lose their capabilities by that. */
	if (capng_change_id((int)user_uid(), (int)user_gid(), CAPNG_DROP_SUPP_GRP) < 0)
		return error_set(err, EPERM, "cannot become user %u: %s", (unsigned)user_uid(),
			strerror(errno));
	/* There are keys in memory: nobody looks at it, not even who has the same number. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_set(err, errno, "privileges: %s", strerror(errno));
	if (access(folder, W_OK) < 0)
		return error_set(err, errno,
			"folder %s: user %u cannot write there: %s; chown %u %s, or set another "
			"control_socket",
			folder, (unsigned)user_uid(), strerror(errno), (unsigned)user_uid(),
			folder);
	log_info("user %u, capabilities: net_admin, net_raw, ipc_lock", (unsigned)user_uid());
	return 0;
}
