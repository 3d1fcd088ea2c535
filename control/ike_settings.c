/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration in charon's words: strongswan.conf for the daemon, swanctl.conf for what it
 * negotiates. Shared keys are in neither; the plugin is given them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/ike_priv.h"

#define GROUPS "-ecp384-ecp256-modp4096-modp3072-modp2048-modp1536"
#define LEGACY "-modp1536-modp1024"

#define MODERN_CBC "aes256-aes128-sha384-sha256-ecp384-ecp256-curve25519-modp3072-modp2048"
#define CISCO      "aes256-aes192-aes128-sha512-sha384-sha256-sha1" GROUPS
#define OLD_CISCO  "aes128-3des-sha1-md5" LEGACY

/*
 * What Cisco IOS proposes by default in its ages, and what Linux does now. Asked by IKEv1 all of a
 * proposal's algorithms may match, but charon itself proposes the first of each kind only: so what
 * is usual is listed one by one for IKEv1, and ESP without PFS first, which most routers do not ask
 * for. IKEv1 has no AEADs of its own.
 */
static const struct {
	const char *name, *ike, *ike_v1, *esp, *esp_v1;
} presets[] = {
	{
		"modern",
		"aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp384-ecp256-curve25519-modp3072-"
		"modp2048, " MODERN_CBC,
		"aes256-sha256-modp2048, aes128-sha256-modp2048, aes256-sha256-ecp256, " MODERN_CBC,
		"aes256gcm16-aes128gcm16-ecp384-ecp256-curve25519-modp3072-modp2048-modpnone-esn-"
		"noesn",
		"aes256gcm16-modpnone" GROUPS ", aes128gcm16-modpnone" GROUPS,
	},
	{
		"cisco",
		CISCO,
		"aes256-sha256-modp2048, aes256-sha1-modp2048, aes128-sha256-modp2048, "
		"aes128-sha1-modp2048, aes256-sha1-modp1536, aes128-sha1-modp1536, " CISCO,
		"aes256-aes192-aes128-sha256-sha1" GROUPS "-modpnone",
		"aes256-sha256-modpnone" GROUPS ", aes256-sha1-modpnone" GROUPS
		", aes128-sha256-modpnone" GROUPS ", aes128-sha1-modpnone" GROUPS
		", aes192-sha256-modpnone" GROUPS ", aes192-sha1-modpnone" GROUPS,
	},
	{
		"cisco-legacy",
		OLD_CISCO,
		"aes128-sha1-modp1024, 3des-sha1-modp1024, 3des-md5-modp1024, "
		"3des-sha1-modp1536, " OLD_CISCO,
		OLD_CISCO "-modpnone",
		"aes128-sha1-modpnone" LEGACY ", 3des-sha1-modpnone" LEGACY
		", aes128-md5-modpnone" LEGACY ", 3des-md5-modpnone" LEGACY,
	},
};

enum what { FOR_IKE, FOR_IKE_V1, FOR_ESP, FOR_ESP_V1 };

#define DEFAULTS "cisco", "modern"

static void put_proposals(FILE *f, const char *name, char *const *list, unsigned n, enum what what)
{
	static const char *const defaults[] = {DEFAULTS};
	const char *const *all = n > 0 ? (const char *const *)list : defaults;

	fprintf(f, "%s = ", name);
	n = n > 0 ? n : RTE_DIM(defaults);
	for (unsigned i = 0; i < n; i++) {
		const char *text = all[i];

		for (unsigned k = 0; k < RTE_DIM(presets); k++)
			if (strcmp(text, presets[k].name) == 0)
				text = what == FOR_IKE      ? presets[k].ike
				       : what == FOR_IKE_V1 ? presets[k].ike_v1
				       : what == FOR_ESP    ? presets[k].esp
							    : presets[k].esp_v1;
		fprintf(f, "%s%s", i > 0 ? ", " : "", text);
	}
	fputs("\n", f);
}

/* Distinct addresses of tunnels. */
static bool is_first_of_address(const struct config *c, unsigned tunnel)
{
	for (unsigned i = 0; i < tunnel; i++)
		if (ip_addr_equal(&c->tunnels[i].nbma, &c->tunnels[tunnel].nbma))
			return false;
	return true;
}

static void put_addresses(FILE *f, const struct config *c)
{
	char text[IP_ADDR_STRLEN];

	fputs("addresses = ", f);
	for (unsigned i = 0; i < c->n_tunnels; i++)
		if (is_first_of_address(c, i))
			fprintf(f, "%s%s", i > 0 ? "," : "",
				ip_addr_str(&c->tunnels[i].nbma, text));
	fputs("\n", f);
}

/*
 * Sized for all spokes at once: a restart of the hub brings them all back within seconds. Many may
 * be behind one address, so half-open limits for one address are as wide as those for all.
 */
static void put_daemon(FILE *f, const struct hub_ike *ike)
{
	const struct config_ike *c = ike->config;
	unsigned spokes = ike->hub->config->peers_max, table = rte_align32pow2(spokes / 2 + 16);
	double retransmit = c->dpd / 13.2; /* five tries by 1.5 take as long as dpd */

	retransmit = retransmit < 0.5 ? 0.5 : retransmit > 3 ? 3 : retransmit;
	fprintf(f,
		"charon-systemd {\n"
		"load = random nonce drbg openssl aes sha1 sha2 md5 hmac kdf gmp gcm pem pkcs1 "
		"pkcs8 "
		"pubkey x509 constraints revocation vici dmvpn-hub\n"
		"install_routes = no\ninstall_virtual_ip = no\nprocess_route = no\n"
		"threads = %u\nikesa_table_size = %u\nikesa_table_segments = %u\n"
		"cookie_threshold = %u\ncookie_threshold_ip = %u\nblock_threshold = %u\n"
		"half_open_timeout = 20\nretransmit_tries = 4\nretransmit_base = 1.5\n"
		"retransmit_timeout = %.2f\ndos_protection = yes\n",
		spokes > 500 ? 32 : 16, table, RTE_MIN(table / 16, 64u), spokes / 4 + 64,
		spokes / 4 + 64, spokes + 64, retransmit);
	if (c->aggressive)
		fputs("i_dont_care_about_security_and_use_aggressive_mode_psk = yes\n", f);
	/* Until the plugin is there its standard error is all that it can say. */
	fputs("filelog { stderr { default = 0 } }\njournal { default = -1 }\n", f);
	fprintf(f, "plugins {\nvici { socket = unix://%s/vici.sock }\ndmvpn-hub {\n",
		ike->directory);
	fprintf(f, "sa_socket = %s/sa.sock\nike_socket = %s/ike.sock\n", ike->directory,
		ike->directory);
	put_addresses(f, ike->hub->config);
	fputs("}\n}\n}\nswanctl { load = random openssl pem pkcs1 pkcs8 x509 pubkey }\n", f);
}

static void put_child(FILE *f, const struct config_ike *c, unsigned version, const char *mode)
{
	fprintf(f,
		"gre-%s {\nmode = %s\nlocal_ts = dynamic[gre]\nremote_ts = dynamic[gre]\n"
		"policies = no\nstart_action = none\nclose_action = none\ndpd_action = clear\n"
		"replay_window = 64\n",
		mode, mode);
	put_proposals(f, "esp_proposals", c->esp, c->n_esp, version == 1 ? FOR_ESP_V1 : FOR_ESP);
	fprintf(f, "rekey_time = %us\nlife_time = %us\n", c->life_esp,
		c->life_esp + c->life_esp / 10);
	if (c->life_megabytes != 0) {
		uint64_t bytes = (uint64_t)c->life_megabytes << 20;

		fprintf(f, "rekey_bytes = %llu\nlife_bytes = %llu\n", (unsigned long long)bytes,
			(unsigned long long)(bytes + bytes / 10));
	}
	fputs("}\n", f);
}

/* By IKEv2 a spoke in tunnel mode gets what it asks for; by IKEv1 charon wants a child of it. */
static void put_children(FILE *f, const struct config_ike *c, unsigned version)
{
	fputs("children {\n", f);
	put_child(f, c, version, "transport");
	if (version == 1)
		put_child(f, c, version, "tunnel");
	fputs("}\n", f);
}

/* Aggressive mode and certificates are connections of their own: charon picks by what it is asked.
 */
struct connection {
	const char *suffix;
	unsigned version;
	bool aggressive, certificate;
};

static void put_connection(
	FILE *f, const struct hub_ike *ike, unsigned tunnel, const struct connection *k)
{
	const struct ip_addr *local = &ike->hub->config->tunnels[tunnel].nbma;
	const struct config_ike *c = ike->config;
	char text[IP_ADDR_STRLEN];
	const char *id = c->id != NULL ? c->id : ip_addr_str(local, text);

	ip_addr_str(local, text);
	fprintf(f,
		"hub%u%s {\nversion = %u\naggressive = %s\nlocal_addrs = %s\nremote_addrs = "
		"%%any\n"
		"unique = never\nmobike = no\nfragmentation = %s\nencap = %s\n",
		tunnel, k->suffix, k->version, k->aggressive ? "yes" : "no", text,
		c->fragmentation ? "yes" : "no", c->nat_force ? "yes" : "no");
	put_proposals(f, "proposals", c->proposals, c->n_proposals,
		k->version == 1 ? FOR_IKE_V1 : FOR_IKE);
	fprintf(f, "rekey_time = %us\nover_time = %us\ndpd_delay = %us\ndpd_timeout = %us\n",
		c->life_ike, c->life_ike / 10, c->dpd, c->dpd * 2);
	if (k->certificate) {
		fprintf(f, "send_cert = always\nlocal {\nauth = pubkey\ncerts = \"%s\"\n",
			c->certificate);
		fprintf(f, "id = \"%s\"\n", id);
		fputs("}\nremote {\nauth = pubkey\ncacerts = ", f);
		for (unsigned i = 0; i < c->n_ca; i++)
			fprintf(f, "%s\"%s\"", i > 0 ? ", " : "", c->ca[i]);
		fputs("\n}\n", f);
	} else {
		fprintf(f, "local {\nauth = psk\nid = \"%s\"\n}\nremote {\nauth = psk\n}\n", id);
	}
	put_children(f, c, k->version);
	fputs("}\n", f);
}

static bool wanted(const struct config_ike *c, const struct connection *k)
{
	if (!(k->version == 1 ? c->v1 : c->v2) || (k->aggressive && !c->aggressive))
		return false;
	return k->certificate ? c->certificate != NULL : c->n_psk > 0;
}

static void put_connections(FILE *f, const struct hub_ike *ike)
{
	const struct config *hub = ike->hub->config;
	const struct config_ike *c = ike->config;
	const struct connection all[] = {
		{"", 2, false, false},
		{"-v1", 1, false, false},
		{"-aggressive", 1, true, false},
		{"-certificate", 2, false, true},
		{"-certificate-v1", 1, false, true},
	};

	fputs("connections {\n", f);
	for (unsigned i = 0; i < hub->n_tunnels; i++) {
		if (!is_first_of_address(hub, i))
			continue;
		for (unsigned k = 0; k < RTE_DIM(all); k++)
			if (wanted(c, &all[k]))
				put_connection(f, ike, i, &all[k]);
	}
	fputs("}\n", f);
	if (c->include != NULL)
		fprintf(f, "include %s\n", c->include);
}

/* A file in charon's directory, new or in the place of the old one. */
static FILE *open_file(const struct hub_ike *ike, const char *name, char *path, struct error *err)
{
	FILE *f = NULL;
	int fd;

	snprintf(path, 2 * IKE_PATH_MAX, "%s/%s.new", ike->directory, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && fchown(fd, ike->uid, ike->gid) == 0)
		f = fdopen(fd, "w");
	if (f == NULL) {
		error_set(err, errno, "cannot write %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return f;
}

static int close_file(
	const struct hub_ike *ike, FILE *f, const char *name, const char *path, struct error *err)
{
	char to[2 * IKE_PATH_MAX];
	bool failed = ferror(f) != 0;

	snprintf(to, sizeof(to), "%s/%s", ike->directory, name);
	if (fclose(f) != 0 || failed || rename(path, to) < 0)
		return error_set(err, errno, "cannot write %s: %s", to, strerror(errno));
	return 0;
}

static int write_text(const struct hub_ike *ike, const char *name,
	void (*put)(FILE *f, const struct hub_ike *ike), struct error *err)
{
	char path[2 * IKE_PATH_MAX];
	FILE *f = open_file(ike, name, path, err);

	if (f == NULL)
		return -EIO;
	put(f, ike);
	return close_file(ike, f, name, path, err);
}

/* So that charon's user can read it wherever it was. */
static int copy_file(
	const struct hub_ike *ike, const char *from, const char *name, struct error *err)
{
	char path[2 * IKE_PATH_MAX], buf[65536];
	FILE *in = fopen(from, "re"), *out;
	size_t n;

	if (in == NULL)
		return error_set(err, errno, "%s cannot be read: %s", from, strerror(errno));
	out = open_file(ike, name, path, err);
	if (out == NULL) {
		fclose(in);
		return -EIO;
	}
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, out);
	fclose(in);
	return close_file(ike, out, name, path, err);
}

static int write_key(const struct hub_ike *ike, struct error *err)
{
	char folder[2 * IKE_PATH_MAX];

	if (ike->config->key == NULL)
		return 0;
	snprintf(folder, sizeof(folder), "%s/private", ike->directory);
	if ((mkdir(folder, 0700) < 0 && errno != EEXIST) || chown(folder, ike->uid, ike->gid) < 0)
		return error_set(err, errno, "cannot make %s: %s", folder, strerror(errno));
	return copy_file(ike, ike->config->key, "private/hub.key", err);
}

int ike_settings_write(struct hub_ike *ike, struct error *err)
{
	int rc = write_text(ike, "strongswan.conf", put_daemon, err);

	if (rc == 0)
		rc = write_text(ike, "swanctl.conf", put_connections, err);
	if (rc == 0)
		rc = write_key(ike, err);
	if (rc == 0 && !ike->config->external)
		rc = copy_file(ike, ike->plugin, IKE_PLUGIN_FILE, err);
	return rc;
}
