/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What charon loads: a plugin that makes it the hub's IKE daemon. */
#include "crypto/charon/plugin_priv.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct plugin {
	plugin_t public;
};

plugin_t *dmvpn_hub_plugin_create(void);

/* The executable holds its version as a string of its own. */
static bool has_version(const char *path)
{
	static const char version[] = "\0" PLUGIN_CHARON; /* with the NUL after it */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found = FALSE;
	struct stat st;
	void *image;

	if (fd < 0) {
		return FALSE;
	}
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (image != MAP_FAILED) {
			found = memmem(image, st.st_size, version, sizeof(version)) != NULL;
			munmap(image, st.st_size);
		}
	}
	close(fd);
	return found;
}

/* Does a method that stands last in its interface point into the library that it is from? */
static bool method_of(void *method, void *anything)
{
	Dl_info a, b;

	return dladdr(method, &a) != 0 && dladdr(anything, &b) != 0 && a.dli_fbase == b.dli_fbase;
}

/*
 * The headers that this was compiled with are of one version, with Debian's options: with others
 * methods stand elsewhere, and calls would go astray.
 */
static bool is_right_charon(void)
{
	char path[PATH_MAX] = "charon";

	ignore_result(readlink("/proc/self/exe", path, sizeof(path) - 1));
	if (!has_version("/proc/self/exe")) {
		DBG1(DBG_LIB,
			"plugin '" PLUGIN_NAME "' was built for strongSwan " PLUGIN_CHARON
			", which %s is not: build it again for the installed version",
			path);
		return FALSE;
	}
	if (dlsym(RTLD_DEFAULT, "mediation_manager_create") == NULL ||
		!method_of(charon->bus->destroy, libcharon_init) ||
		!method_of(charon->kernel->destroy, libcharon_init) ||
		!method_of(lib->credmgr->destroy, library_init) ||
		!method_of(lib->processor->destroy, library_init)) {
		DBG1(DBG_LIB,
			"plugin '" PLUGIN_NAME "': %s is strongSwan " PLUGIN_CHARON
			", but not built as Debian does: structures differ",
			path);
		return FALSE;
	}
	return TRUE;
}

METHOD(plugin_t, get_name, char *, struct plugin *this)
{
	return PLUGIN_NAME;
}

static bool start(plugin_t *plugin, plugin_feature_t *feature, bool reg, void *data)
{
	if (reg) {
		return link_start();
	}
	link_stop();
	return TRUE;
}

/* Without an IKE socket the datagrams are somebody else's business. */
METHOD(plugin_t, get_features, int, struct plugin *this, plugin_feature_t *features[])
{
	static plugin_feature_t list[] = {
		PLUGIN_CALLBACK(kernel_ipsec_register, plugin_ipsec_create),
		PLUGIN_PROVIDE(CUSTOM, "kernel-ipsec"),
		PLUGIN_CALLBACK(kernel_net_register, plugin_net_create),
		PLUGIN_PROVIDE(CUSTOM, "kernel-net"),
		PLUGIN_CALLBACK(plugin_secrets, NULL),
		PLUGIN_PROVIDE(CUSTOM, PLUGIN_NAME "-secrets"),
		PLUGIN_CALLBACK(plugin_listener, NULL),
		PLUGIN_PROVIDE(CUSTOM, PLUGIN_NAME "-listener"),
		PLUGIN_CALLBACK(start, NULL),
		PLUGIN_PROVIDE(CUSTOM, PLUGIN_NAME "-link"),
		PLUGIN_CALLBACK(socket_register, plugin_socket_create),
		PLUGIN_PROVIDE(CUSTOM, "socket"),
	};
	bool datagrams = lib->settings->get_str(lib->settings, PLUGIN_SETTING("ike_socket"), NULL,
				 lib->ns) != NULL;

	*features = list;
	return countof(list) - (datagrams ? 0 : 2);
}

METHOD(plugin_t, destroy, void, struct plugin *this)
{
	secrets_fini();
	table_fini();
	free(this);
}

plugin_t *dmvpn_hub_plugin_create(void)
{
	struct plugin *this;

	if (!is_right_charon()) {
		return NULL;
	}
	table_init();
	secrets_init();
	INIT(this,
		.public = {
			.get_name = _get_name,
			.get_features = _get_features,
			.destroy = _destroy,
		}, );
	return &this->public;
}
