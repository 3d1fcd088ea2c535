/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct {
	bool named;
	uid_t uid;
	gid_t gid;
} user;

int user_set(const char *name, struct error *err)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL)
		return error_set(err, EINVAL,
			"user %s is not known here; expected one of this machine's users", name);
	if (pw->pw_uid != geteuid() && geteuid() != 0)
		return error_set(err, EPERM,
			"only root can become user %s; start as root, or without a user", name);
	user.named = pw->pw_uid != geteuid();
	user.uid = pw->pw_uid;
	user.gid = pw->pw_gid;
	return 0;
}

bool user_changes(void)
{
	return user.named;
}

uid_t user_uid(void)
{
	return user.named ? user.uid : geteuid();
}

gid_t user_gid(void)
{
	return user.named ? user.gid : getegid();
}

int user_become(void)
{
	if (!user.named)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(user.gid, user.gid, user.gid) < 0 ||
		setresuid(user.uid, user.uid, user.uid) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
