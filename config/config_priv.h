/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside config/: how text becomes structs.
 *
 *	document   file or memory -> libconfig tree (scan.c looks at the text first)
 *	reader     tree -> struct members, driven by a table of fields for each kind of group
 *	port, tunnel, sa, route, filter, secrets   the tables
 *	check      what only shows when everything is read (check_priv.h)
 *	diff       what another configuration changes
 */
#ifndef CONFIG_CONFIG_PRIV_H
#define CONFIG_CONFIG_PRIV_H

#include <stdio.h>

#include <libconfig.h>
#include <stdio.h>
#include <sys/types.h>

#include "config/config.h"
#include "config/diff.h"
#include "config/rip.h"

#define CONFIG_FILE_MAX   (256u << 20) /* octets of one configuration with all it includes */
#define CONFIG_FIELDS_MAX 32           /* settings a group can have */
#define CONFIG_SHOWN_MAX  48           /* octets of a value as messages show it */

/* A file of a configuration. */
struct config_source {
	char *include; /* name as @include gives it; NULL for the main file */
	char *path;
	mode_t mode;   /* 0 for text from memory */
	unsigned keys; /* line of the first key that stands in it, 0 = none */
};

/* A libconfig tree and where it came from. */
struct config_document {
	config_t tree;
	char *dir; /* where @include looks; NULL = nothing may be included */
	size_t octets;
	struct config_source *sources; /* the first is the main file */
	unsigned n_sources;
	unsigned last; /* source that the last setting asked about stood in */
};

struct config_secret {
	struct config_place place;
	char *name;
	uint8_t value[CONFIG_KEY_MAX];
	unsigned len;
};

/* All that the readers of groups share. */
struct config_reader {
	struct config_document doc;
	struct config *config;
	const struct config_env *env;
	struct error *err;
	struct config_secret *secrets; /* sorted by name */
	unsigned n_secrets;
	bool *suite_used; /* one for each of env->suites */
};

/* A setting of a group: how it is read and into which member. */
struct config_field {
	const char *name;
	int (*read)(struct config_reader *r, const config_setting_t *s,
		const struct config_field *f, void *member);
	size_t offset;
	uint32_t min, max; /* numbers: smallest and largest allowed */
	bool required;
};

/* message.c: what is said to the person, with its place; config_fail*() return -EINVAL */
int config_fail(struct error *err, const struct config_place *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int config_fail_at(struct config_reader *r, const config_setting_t *s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void config_warn(const struct config_env *env, const struct config_place *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int config_no_memory(struct error *err);
/* A value for a message: cut, printable, and hidden if it might be a key. Returns buf. */
const char *config_shown(const char *value, char buf[CONFIG_SHOWN_MAX]);

/* document.c */
int config_document_load(struct config_document *d, const char *path, struct error *err);
int config_document_parse(
	struct config_document *d, const char *name, const char *text, struct error *err);
/* Refuse a secrets file that others can read, before reading it. */
int config_document_load_private(struct config_document *d, const char *path,
	const struct config_place *at, struct error *err);
/* Wipe every string of the tree and free all. */
void config_document_close(struct config_document *d);
struct config_source *config_document_source(struct config_document *d, const config_setting_t *s);
/* Read and scan a file that the text includes. */
int config_document_include(struct config_document *d, const char *name,
	const struct config_place *at, unsigned depth, struct error *err);

/* scan.c: refuse what libconfig would misread or die of. depth counts nested files. */
int config_scan(struct config_document *d, const char *file, const char *text, unsigned depth,
	struct error *err);

/* reader.c */
struct config_place config_place_of(struct config_reader *r, const config_setting_t *s);
int config_read_group(struct config_reader *r, const config_setting_t *s,
	const struct config_field *fields, unsigned n, void *base);
/* Fill *array (elements of `size` octets, zeroed) and *count from a list, element by element. */
int config_read_list(struct config_reader *r, const config_setting_t *s, size_t size, void *array,
	unsigned *count,
	int (*read_one)(struct config_reader *r, const config_setting_t *s, void *element));
/* What a setting holds in words, for messages: "a string". */
const char *config_type_name(const config_setting_t *s);

#define CONFIG_FIELD_READER(name)                                                                  \
	int config_read_##name(struct config_reader *r, const config_setting_t *s,                 \
		const struct config_field *f, void *member)
CONFIG_FIELD_READER(unsigned); /* unsigned, min..max */
CONFIG_FIELD_READER(u32);      /* uint32_t, also as "0x..." */
CONFIG_FIELD_READER(u16);
CONFIG_FIELD_READER(u8);
CONFIG_FIELD_READER(bool);
CONFIG_FIELD_READER(str);         /* char *, not empty, at most max octets */
CONFIG_FIELD_READER(name);        /* char[CONFIG_NAME_MAX + 1] */
CONFIG_FIELD_READER(tap);         /* char[CONFIG_TAP_MAX + 1] */
CONFIG_FIELD_READER(addr);        /* struct ip_addr: an IPv4 host */
CONFIG_FIELD_READER(host_prefix); /* struct ip_prefix: an IPv4 host with its prefix length */
CONFIG_FIELD_READER(mac);         /* struct mac_addr, unicast */
CONFIG_FIELD_READER(network);     /* struct ip_prefix: IPv4, no host bits set */
/* One of n words, its place in *at. */
int config_read_word(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, const char *const *words, unsigned n, const char *expected,
	unsigned *at);
/* The string of a setting, or NULL with the error set. */
const char *config_text_of(
	struct config_reader *r, const config_setting_t *s, const char *expected);
int config_read_host_prefix_text(struct config_reader *r, const config_setting_t *s, void *out);

/* one file a noun */
CONFIG_FIELD_READER(filters);
CONFIG_FIELD_READER(ports);
CONFIG_FIELD_READER(tunnels);
CONFIG_FIELD_READER(routes);
CONFIG_FIELD_READER(secrets);
CONFIG_FIELD_READER(ike);
CONFIG_FIELD_READER(proposals);
CONFIG_FIELD_READER(esp_proposals);
CONFIG_FIELD_READER(hooks);
CONFIG_FIELD_READER(log);
void config_put_log(FILE *f, const enum log_level levels[LOG_SUBSYSTEMS]);
CONFIG_FIELD_READER(event_stream);
CONFIG_FIELD_READER(opennhrp);
CONFIG_FIELD_READER(sas_in);
CONFIG_FIELD_READER(sas_out);
CONFIG_FIELD_READER(nhrp);
CONFIG_FIELD_READER(nhrp_limits);
/* Put VLANs behind the ports that they are part of. */
int config_ports_order(struct config *c, struct error *err);
void config_port_free(struct config_port *p);
void config_filter_free(struct config_filter *f);
/* A rule as it stands in a file. */
void config_filter_put_rule(FILE *f, const struct config_filter_rule *r);
/* Twins, and names that no filter has. */
int config_check_filters(const struct config *c, struct error *err);
void config_tunnel_free(struct config_tunnel *t);
void config_ike_free(struct config_ike *ike);
int config_ike_check(const struct config *c, struct error *err);
void config_hook_free(struct config_hook *hook);
/* Behind `script = ...; `. */
void config_hook_put(FILE *f, const struct config_hook *hook);
void config_nhrp_limits_defaults(struct config_nhrp_limits *c);
void config_nhrp_defaults(struct config_nhrp *c);
void config_nhrp_free(struct config_nhrp *c);
/* After the rest was found good. */
int config_nhrp_check(const struct config *c, struct error *err);
void config_put_nhrp_limits(FILE *f, const struct config_nhrp_limits *c);
void config_put_nhrp(FILE *f, const struct config_nhrp *c);
/* Octets of a password: the text itself, or "secret:NAME". At most CONFIG_KEY_MAX. */
int config_read_secret(
	struct config_reader *r, const config_setting_t *s, uint8_t *octets, unsigned *len);
void config_sas_free(struct config_sa *sas, unsigned n);
void config_secrets_free(struct config_secret *secrets, unsigned n);
/* sa.c: a key that people also write as a text: in hex, by the secrets, or as it stands. */
int config_read_text_key(
	struct config_reader *r, const config_setting_t *s, uint8_t *key, unsigned *len);
const struct config_secret *config_secret_find(const struct config_reader *r, const char *name);

/* No two TAPs of one name. */
int config_check_taps(const struct config *c, struct error *err);

/* rip.c, rip_key.c, rip_check.c, text_rip.c */
CONFIG_FIELD_READER(rip);
CONFIG_FIELD_READER(prefix_lists);
CONFIG_FIELD_READER(key_chains);
CONFIG_FIELD_READER(rip_auth);
const char *config_split_horizon_name(enum config_split_horizon s);
const char *config_rip_source_name(enum config_rip_source s);
int config_check_rip(const struct config *c, struct error *err);
void config_rip_put(FILE *f, const struct config_rip *rip);
void config_rip_free(struct config_rip *rip);

/*
 * text.c: an object as config_text() writes it, of a tunnel all but its peers; at CONFIG_NONE
 * nothing. NULL on ENOMEM, else to be freed.
 */
char *config_object_text(
	const struct config *c, enum config_kind kind, uint32_t tunnel, uint32_t place);

/* diff_text.c: find d->restart. @return 0 or -ENOMEM */
int config_diff_restart(struct config_diff *d);

/* check.c */
int config_check(const struct config *c, const struct config_env *env, struct error *err);

#endif
