/* SPDX-License-Identifier: BSD-3-Clause */
/* config/: files that are none, files that include others, secrets and who may read them. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config_fixture.h"
#include "tests/unit/unit.h"

static char dir[] = "/tmp/unit-config-XXXXXX";

/* A file of the test's own directory. */
static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(path_of(name), "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
	CU_ASSERT_EQUAL(chmod(path_of(name), mode), 0);
}

static void make_dir(void)
{
	static bool made;

	if (!made)
		CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	made = true;
}

static void remove_all(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CU_ASSERT_EQUAL(system(command), 0);
}

/* `expected` has %s for the test's directory, in as many places as it likes. */
static void expand(char *out, size_t size, const char *expected)
{
	const char *p;

	out[0] = '\0';
	for (; (p = strstr(expected, "%s")) != NULL; expected = p + 2)
		snprintf(out + strlen(out), size - strlen(out), "%.*s%s", (int)(p - expected),
			expected, dir);
	snprintf(out + strlen(out), size - strlen(out), "%s", expected);
}

static void says(const char *said, const char *expected)
{
	char line[1024];

	expand(line, sizeof(line), expected);
	CU_ASSERT_STRING_EQUAL(said, line);
	if (strcmp(said, line) != 0)
		printf("\n    said     %s\n    expected %s\n", said, line);
}

static void refuse(const char *name, const char *expected)
{
	struct warnings w;
	struct config_env env = fixture_env(&w);
	struct error err = {"(no message)"};
	struct config *c = config_load(path_of(name), &env, &err);

	CU_ASSERT_PTR_NULL(c);
	CU_ASSERT_EQUAL(errno, EINVAL);
	says(err.text, expected);
	config_free(c);
}

static struct config *load(const char *name, struct warnings *w)
{
	struct config_env env = fixture_env(w);
	struct error err = {""};
	struct config *c = config_load(path_of(name), &env, &err);

	CU_ASSERT_STRING_EQUAL(err.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

static void test_kinds(void)
{
	int fd;

	make_dir();
	refuse("none.cfg", "%s/none.cfg: cannot be read: No such file or directory");
	CU_ASSERT_EQUAL(mkdir(path_of("d.cfg"), 0700), 0);
	refuse("d.cfg", "%s/d.cfg: is a directory; expected a file");
	CU_ASSERT_EQUAL(mkfifo(path_of("fifo.cfg"), 0600), 0);
	refuse("fifo.cfg", "%s/fifo.cfg: is a device, pipe or socket; expected a file");
	put("empty.cfg", "", 0600);
	refuse("empty.cfg", "%s/empty.cfg: is empty; expected settings");
	put("binary.cfg", "workers = 1;\n", 0600);
	CU_ASSERT_EQUAL(truncate(path_of("binary.cfg"), 100), 0);
	refuse("binary.cfg", "%s/binary.cfg: is binary; expected text");
	put("huge.cfg", "workers = 1;\n", 0600);
	CU_ASSERT_EQUAL(truncate(path_of("huge.cfg"), (256 << 20) + 1), 0);
	refuse("huge.cfg", "%s/huge.cfg: is too big; a configuration has at most 256 MB");
	put("locked.cfg", "workers = 1;\n", 0000);
	fd = open(path_of("locked.cfg"), O_RDONLY);
	if (fd < 0)
		refuse("locked.cfg", "%s/locked.cfg: cannot be read: Permission denied");
	else
		close(fd); /* root may read anything */
	put("latin1.cfg", "\xe4\xf6\n", 0600);
	refuse("latin1.cfg",
		"%s/latin1.cfg:1: syntax error here or shortly before; expected 'name = value;' "
		"with strings in \"quotes\", groups in { }, lists in ( )");
}

static void test_include(void)
{
	struct warnings w;
	struct config *c;

	make_dir();
	CU_ASSERT_EQUAL(mkdir(path_of("sub"), 0700), 0);
	put("main.cfg", "workers = 2;\n@include \"ports.cfg\"\n  @include\t\"sub/t.cfg\"\n", 0600);
	put("ports.cfg", "\n" PORT, 0600);
	/* Included files count from the main file's folder, wherever they are. */
	put("sub/t.cfg", "@include \"burst.cfg\"\n" PEER PEER_END, 0600);
	put("burst.cfg", "burst = 7;", 0600);
	c = load("main.cfg", &w);
	CU_ASSERT_EQUAL(c->workers, 2);
	CU_ASSERT_EQUAL(c->burst, 7);
	CU_ASSERT_EQUAL_FATAL(c->n_files, 4);
	says(c->files[0], "%s/main.cfg");
	says(c->files[3], "%s/burst.cfg");
	says(c->ports[0].place.file, "%s/ports.cfg");
	CU_ASSERT_EQUAL(c->ports[0].place.line, 2);
	says(c->tunnels[0].peers[0].place.file, "%s/sub/t.cfg");
	CU_ASSERT_EQUAL(c->tunnels[0].peers[0].place.line, 4);
	config_free(c);
}

static void test_include_refused(void)
{
	char name[1025] = "", text[1100];

	make_dir();
	put("i0.cfg", "workers = 1;\n@include \"bad.cfg\"\n", 0600);
	refuse("i0.cfg",
		"%s/i0.cfg:2: included file %s/bad.cfg cannot be read: No such file or directory");
	put("bad.cfg", "burst = 1;\nburts = 2;\n", 0600);
	refuse("i0.cfg",
		"%s/bad.cfg:2: unknown setting burts; did you mean burst? expected one of workers, "
		"burst, idle, mbufs, peers_max, nhrp, control_socket, eal, secrets, filters, "
		"ports, "
		"tunnels, "
		"routes, rip, ike, hooks, events, opennhrp, log, shutdown");
	put("bad.cfg", "burst = 1;\n\nmbufs 2;\n", 0600);
	refuse("i0.cfg",
		"%s/bad.cfg:3: syntax error here or shortly before; expected 'name = value;' with "
		"strings in \"quotes\", groups in { }, lists in ( )");
	put("bad.cfg", "\nburst = 4294967296;\n", 0600);
	refuse("i0.cfg",
		"%s/bad.cfg:2: number 4294967296 is too big; none here is above 4294967295");
	put("bad.cfg", "", 0600);
	refuse("i0.cfg", "%s/i0.cfg:2: included file %s/bad.cfg is empty; expected settings");
	put("i1.cfg", "@include \"isdir\"\n", 0600);
	CU_ASSERT_EQUAL(mkdir(path_of("isdir"), 0700), 0);
	refuse("i1.cfg", "%s/i1.cfg:1: included file %s/isdir is a directory; expected a file");
	put("i2.cfg", "@include \"/etc/passwd\"\n", 0600);
	refuse("i2.cfg", "%s/i2.cfg:1: included file /etc/passwd has an absolute path; expected "
			 "one relative "
			 "to the main file's folder, %s");
	put("loop.cfg", "@include \"loop.cfg\"\n", 0600);
	refuse("loop.cfg", "%s/loop.cfg:1: files are included more than 10 levels deep");
	put("i3.cfg", "@include \"a\\\"b\"\n", 0600);
	refuse("i3.cfg", "%s/i3.cfg:1: @ is not understood; expected @include \"FILE\" at the "
			 "start of a line");
	memset(name, 'n', sizeof(name) - 1);
	snprintf(text, sizeof(text), "@include \"%s\"\n", name);
	put("i5.cfg", text, 0600);
	refuse("i5.cfg", "%s/i5.cfg:1: name of the included file is too long");
	/* Neither of these includes anything. */
	put("i4.cfg",
		"/*\n@include \"isdir\"\n*/ control_socket = \"\n@include \\\"isdir\\\"\n\";\n",
		0600);
	config_free(load("i4.cfg", &(struct warnings){.n = 0}));
}

/* A hub that takes two keys from a file beside it. */
#define WITH_SECRETS(file)                                                                         \
	"secrets = \"" file "\";\n" PORT PEER                                                      \
	"sa_in = ( { spi = 256; suite = \"aes128gcm16\"; key = \"secret:one\"; } );\n"             \
	"sa_out = ( { spi = 257; suite = \"aes128-sha1\"; key = \"" KEY16 "\";\n"                  \
	"             auth_key = \"secret:two\"; } );\n" PEER_END

#define SECRETS                                                                                    \
	"secrets = ( { name = \"zero\"; value = \"0x\"; },\n"                                      \
	"{ name = \"two\"; value = \"" KEY20 "\"; },\n"                                            \
	"{ name = \"one\"; value = \"0xff0102030405060708090a0b0c0d0e0f10111213\"; } );\n"

static void test_secrets(void)
{
	struct warnings w;
	struct config *c;
	const struct config_peer *p;
	char *text;

	make_dir();
	put("hub.cfg", WITH_SECRETS("hub.secrets"), 0640);
	put("hub.secrets", SECRETS, 0600);
	c = load("hub.cfg", &w);
	p = &c->tunnels[0].peers[0];
	CU_ASSERT_EQUAL(p->sa_in[0].key_len, 20);
	CU_ASSERT_EQUAL(p->sa_in[0].key[0], 0xff);
	CU_ASSERT_EQUAL(p->sa_in[0].key[19], 0x13);
	CU_ASSERT_EQUAL(p->sa_out[0].auth_key_len, 20);
	CU_ASSERT_EQUAL(p->sa_out[0].auth_key[0], 0);
	CU_ASSERT_EQUAL(p->sa_out[0].auth_key[19], 0x13);
	/* One key stands in the main file, which the group may read. */
	CU_ASSERT(c->keys_inline);
	CU_ASSERT_EQUAL(w.n, 1);
	says(w.line[0],
		"%s/hub.cfg:9: keys stand in a file of mode 0640 that others can get at: chmod 600 "
		"%s/hub.cfg");
	text = config_text(c);
	CU_ASSERT_PTR_NULL(strstr(text, "0102030405"));
	free(text);
	config_free(c);

	/* Nobody else may read it: no warning. Absolute paths and links will do. */
	char absolute[1024];

	snprintf(absolute, sizeof(absolute), WITH_SECRETS("%s/link.secrets"), dir);
	put("hub.cfg", absolute, 0600);
	CU_ASSERT_EQUAL(symlink("hub.secrets", path_of("link.secrets")), 0);
	c = load("hub.cfg", &w);
	CU_ASSERT_EQUAL(w.n, 0);
	config_free(c);
}

static void test_secrets_mode(void)
{
	static const struct {
		mode_t mode;
		bool allowed;
	} cases[] = {
		{0400, true},
		{0600, true},
		{0700, true},
		{0640, false},
		{0620, false},
		{0610, false},
		{0604, false},
		{0602, false},
		{0601, false},
	};

	make_dir();
	put("m.cfg", WITH_SECRETS("m.secrets"), 0600);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct warnings w;
		char expected[256];

		remove(path_of("m.secrets"));
		put("m.secrets", SECRETS, cases[i].mode);
		if (cases[i].allowed) {
			config_free(load("m.cfg", &w));
			continue;
		}
		snprintf(expected, sizeof(expected),
			"%%s/m.cfg:1: secrets file %%s/m.secrets has mode %04o, so others can get "
			"at the keys: chmod 600 %%s/m.secrets",
			(unsigned)cases[i].mode);
		refuse("m.cfg", expected);
	}
}

static void test_secrets_owner(void)
{
	char expected[256];

	make_dir();
	put("o.cfg", WITH_SECRETS("o.secrets"), 0600);
	put("o.secrets", SECRETS, 0600);
	if (chown(path_of("o.secrets"), 65534, 65534) < 0)
		return; /* only root can give a file away */
	snprintf(expected, sizeof(expected),
		"%%s/o.cfg:1: secrets file %%s/o.secrets belongs to user 65534; expected root or "
		"the hub's own user: chown %u %%s/o.secrets",
		(unsigned)geteuid());
	refuse("o.cfg", expected);
}

static void test_secrets_refused(void)
{
	make_dir();
	put("s.cfg", WITH_SECRETS("s.secrets"), 0600);
	remove(path_of("s.secrets"));
	refuse("s.cfg",
		"%s/s.cfg:1: secrets file %s/s.secrets cannot be read: No such file or directory");
	CU_ASSERT_EQUAL(mkdir(path_of("s.secrets"), 0755), 0);
	refuse("s.cfg", "%s/s.cfg:1: secrets file %s/s.secrets is a directory; expected a file");
	CU_ASSERT_EQUAL(rmdir(path_of("s.secrets")), 0);
	put("s.secrets", "", 0600);
	refuse("s.cfg", "%s/s.cfg:1: secrets file %s/s.secrets is empty; expected settings");
	put("s.secrets", "secrets = ( { name = \"one\"; } );", 0600);
	refuse("s.cfg", "%s/s.secrets:1: an entry of secrets has no value; it is required");
	put("s.secrets", "# none\n", 0600);
	refuse("s.cfg", "%s/s.secrets: the file has no secrets; it is required");
	put("s.secrets", "secrets = ( { name = \"one\"; value = \"0x0g\"; } );", 0600);
	refuse("s.cfg", "%s/s.secrets:1: value is not made of whole octets in hex (not shown); "
			"expected \"0x\" and hex digits");
	put("s.secrets", "secrets = ( { name = \"one\"; value = \"" KEY24 KEY24 "\"; } );", 0600);
	refuse("s.cfg", "%s/s.secrets:1: value is not made of whole octets in hex (not shown); "
			"expected \"0x\" and hex digits");
	put("s.secrets",
		"secrets = ( { name = \"one\"; value = \"0x"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000\"; } );",
		0600);
	refuse("s.cfg", "%s/s.secrets:1: value has more than 64 octets; no suite takes that");
	put("s.secrets",
		"secrets = ( { name = \"two\"; value = \"0x00\"; },\n"
		"{ name = \"one\"; value = \"0x00\"; },\n{ name = \"two\"; value = \"0x00\"; } );",
		0600);
	refuse("s.cfg", "%s/s.secrets:3: secret two was given before, in line 1");
	put("s.secrets", "secrets = ( { name = \"two\"; value = \"" KEY20 "\"; } );", 0600);
	refuse("s.cfg", "%s/s.cfg:8: key names the secret one; there is none of that name in the "
			"secrets file");
	put("s.secrets", "secrets = ( { name = \"one\"; value = \"" KEY16 "\"; } );", 0600);
	refuse("s.cfg", "%s/s.cfg:8: key has 16 octets; suite aes128gcm16 expects 20");
	/* What it includes would not be checked for its mode. */
	put("s.secrets", "@include \"hub.secrets\"\n", 0600);
	refuse("s.cfg", "%s/s.secrets:1: @include is not allowed in this text");
	put("s.cfg", "secrets = \"\";", 0600);
	refuse("s.cfg", "%s/s.cfg:1: secrets is empty or too long; expected a file's name");
}

/* The keys of an included file are as open as that file is. */
static void test_open_include(void)
{
	struct warnings w;
	struct config *c;

	make_dir();
	put("open.cfg", PORT "@include \"open-peers.cfg\"\n", 0600);
	put("open-peers.cfg",
		PEER "sa_in = ( { spi = 256; suite = \"aes128gcm16\"; key = \"" KEY20
		     "\"; } );\n" PEER_END,
		0604);
	c = load("open.cfg", &w);
	CU_ASSERT_EQUAL(w.n, 1);
	says(w.line[0],
		"%s/open-peers.cfg:4: keys stand in a file of mode 0604 that others can get at: "
		"chmod 600 %s/open-peers.cfg");
	config_free(c);
	put("open.cfg", PORT "@include \"open-peers.cfg\"\n", 0644);
	chmod(path_of("open-peers.cfg"), 0600);
	c = load("open.cfg", &w);
	CU_ASSERT_EQUAL(w.n, 0);
	config_free(c);
}

static const struct unit_test tests[] = {
	{"files that are none", test_kinds},
	{"included files", test_include},
	{"included files refused", test_include_refused},
	{"secrets", test_secrets},
	{"secrets file: mode", test_secrets_mode},
	{"secrets file: owner", test_secrets_owner},
	{"secrets refused", test_secrets_refused},
	{"keys in an open included file", test_open_include},
	{"clean up", remove_all},
};

UNIT_MAIN("config: files", tests)
