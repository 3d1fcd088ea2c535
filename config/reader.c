/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings to struct members: every type is checked, every unknown name refused. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "config/config_priv.h"

struct config_place config_place_of(struct config_reader *r, const config_setting_t *s)
{
	return (struct config_place){
		.file = config_document_source(&r->doc, s)->path,
		.line = config_setting_source_line(s),
	};
}

const char *config_type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	}
	return "nothing";
}

/* Elements of a list have no name; the list's will do. Never for the root. */
static const char *name_of(const config_setting_t *s, char buf[CONFIG_SHOWN_MAX])
{
	while (config_setting_name(s) == NULL)
		s = config_setting_parent(s);
	return config_shown(config_setting_name(s), buf);
}

static int wrong_type(struct config_reader *r, const config_setting_t *s, const char *expected)
{
	char name[CONFIG_SHOWN_MAX];

	return config_fail_at(
		r, s, "%s is %s; expected %s", name_of(s, name), config_type_name(s), expected);
}

/* Letters to insert, delete or change to get from one name to the other (Levenshtein). */
static unsigned edits(const char *a, const char *b)
{
	unsigned row[CONFIG_SHOWN_MAX + 1];
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < n; j++) {
			unsigned best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (diagonal + 1 < best)
				best = diagonal + 1;
			row[j + 1] = best;
		}
	}
	return row[n];
}

static int unknown_setting(struct config_reader *r, const config_setting_t *s,
	const struct config_field *fields, unsigned n)
{
	const char *near = NULL;
	char name[CONFIG_SHOWN_MAX];
	char names[400] = "";
	unsigned best = 3; /* more edits than two is another word */

	config_shown(config_setting_name(s), name);
	for (unsigned i = 0; i < n; i++) {
		size_t used = strlen(names);
		unsigned d = edits(name, fields[i].name);

		snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
			fields[i].name);
		if (d < best && d < strlen(fields[i].name)) {
			best = d;
			near = fields[i].name;
		}
	}
	return config_fail_at(r, s, "unknown setting %s;%s%s%s expected one of %s", name,
		near ? " did you mean " : "", near ? near : "", near ? "?" : "", names);
}

int config_read_group(struct config_reader *r, const config_setting_t *s,
	const struct config_field *fields, unsigned n, void *base)
{
	const config_setting_t *found[CONFIG_FIELDS_MAX] = {NULL};
	char name[CONFIG_SHOWN_MAX];

	if (!config_setting_is_group(s))
		return wrong_type(r, s, "a group { }");
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		unsigned f = 0;

		while (f < n && strcmp(fields[f].name, config_setting_name(m)) != 0)
			f++;
		if (f == n)
			return unknown_setting(r, m, fields, n);
		found[f] = m;
	}
	for (unsigned f = 0; f < n; f++) {
		int rc;

		if (found[f] == NULL && fields[f].required)
			return config_fail_at(r, s, "%s%s has no %s; it is required",
				config_setting_is_root(s) ? "the file" : "an entry of ",
				config_setting_is_root(s) ? "" : name_of(s, name), fields[f].name);
		if (found[f] == NULL)
			continue;
		rc = fields[f].read(r, found[f], &fields[f], (char *)base + fields[f].offset);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int config_read_list(struct config_reader *r, const config_setting_t *s, size_t size, void *array,
	unsigned *count,
	int (*read_one)(struct config_reader *r, const config_setting_t *s, void *element))
{
	int type = config_setting_type(s);
	char *elements;
	int n;

	if (type != CONFIG_TYPE_LIST && type != CONFIG_TYPE_ARRAY)
		return wrong_type(r, s, "a list ( )");
	n = config_setting_length(s);
	if (n == 0)
		return 0;
	elements = calloc((size_t)n, size);
	if (elements == NULL)
		return config_no_memory(r->err);
	*(void **)array = elements;
	for (int i = 0; i < n; i++) {
		int rc;

		/* Counted before it is read: what it holds by then must be freed. */
		*count = (unsigned)i + 1;
		rc = read_one(
			r, config_setting_get_elem(s, (unsigned)i), elements + (size_t)i * size);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_range(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, uint32_t v, uint32_t *out)
{
	char name[CONFIG_SHOWN_MAX];

	if (v < f->min || v > f->max)
		return config_fail_at(r, s,
			"%s is %" PRIu32 "; expected a whole number %" PRIu32 "..%" PRIu32,
			name_of(s, name), v, f->min, f->max);
	*out = v;
	return 0;
}

/* The scan let only 0..2^32-1 pass; what does not fit an int comes back negative. */
static int number(struct config_reader *r, const config_setting_t *s, const struct config_field *f,
	uint32_t *out)
{
	char expected[64];
	uint32_t v;

	if (config_setting_type(s) == CONFIG_TYPE_INT)
		v = (uint32_t)config_setting_get_int(s);
	else if (config_setting_type(s) == CONFIG_TYPE_INT64)
		v = (uint32_t)config_setting_get_int64(s);
	else {
		snprintf(expected, sizeof(expected), "a whole number %" PRIu32 "..%" PRIu32, f->min,
			f->max);
		return wrong_type(r, s, expected);
	}
	return check_range(r, s, f, v, out);
}

CONFIG_FIELD_READER(unsigned)
{
	uint32_t v = 0;
	int rc = number(r, s, f, &v);

	if (rc == 0)
		*(unsigned *)member = v;
	return rc;
}

CONFIG_FIELD_READER(u32)
{
	const char *text;
	char name[CONFIG_SHOWN_MAX], shown[CONFIG_SHOWN_MAX];
	uint8_t be[4] = {0};
	ssize_t n;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return number(r, s, f, member);
	text = config_text_of(r, s, "a number");
	n = strlen(text) == 10 && text[1] == 'x' ? hex_parse(text, be, sizeof(be)) : -EINVAL;
	if (n != sizeof(be))
		return config_fail_at(r, s,
			"%s is \"%s\"; expected a whole number, or \"0x\" and 8 hex digits",
			name_of(s, name), config_shown(text, shown));
	return check_range(
		r, s, f, (uint32_t)be[0] << 24 | be[1] << 16 | be[2] << 8 | be[3], member);
}

CONFIG_FIELD_READER(u16)
{
	uint32_t v = 0;
	int rc = number(r, s, f, &v);

	if (rc == 0)
		*(uint16_t *)member = (uint16_t)v;
	return rc;
}

CONFIG_FIELD_READER(u8)
{
	uint32_t v = 0;
	int rc = number(r, s, f, &v);

	if (rc == 0)
		*(uint8_t *)member = (uint8_t)v;
	return rc;
}

CONFIG_FIELD_READER(bool)
{
	(void)f;
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return wrong_type(r, s, "true or false");
	*(bool *)member = config_setting_get_bool(s) == CONFIG_TRUE;
	return 0;
}

const char *config_text_of(struct config_reader *r, const config_setting_t *s, const char *expected)
{
	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		wrong_type(r, s, expected);
		return NULL;
	}
	/* libconfig keeps an empty string as a NULL pointer in places. */
	return config_setting_get_string(s) ? config_setting_get_string(s) : "";
}

CONFIG_FIELD_READER(str)
{
	const char *text = config_text_of(r, s, "a string");
	char name[CONFIG_SHOWN_MAX];

	if (text == NULL)
		return -EINVAL;
	if (text[0] == '\0')
		return config_fail_at(r, s, "%s is empty; expected a string", name_of(s, name));
	if (strlen(text) > f->max)
		return config_fail_at(r, s, "%s has %zu characters; expected at most %" PRIu32,
			name_of(s, name), strlen(text), f->max);
	*(char **)member = strdup(text);
	return *(char **)member == NULL ? config_no_memory(r->err) : 0;
}

/* Names are words of the command line. */
CONFIG_FIELD_READER(name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	const char *text = config_text_of(r, s, "a string");
	char shown[CONFIG_SHOWN_MAX];
	size_t n;

	(void)f;
	if (text == NULL)
		return -EINVAL;
	n = strspn(text, letters);
	if (n == 0 || text[n] != '\0' || n > CONFIG_NAME_MAX)
		return config_fail_at(r, s,
			"name is \"%s\"; expected 1..%u letters, digits, dots, dashes and "
			"underscores",
			config_shown(text, shown), CONFIG_NAME_MAX);
	memcpy(member, text, n + 1);
	return 0;
}

/* RFC 1122 3.2.1.3: "this" network, loopback, multicast and beyond are nobody's own address. */
static bool is_host(uint32_t v4_be)
{
	uint32_t first = ntohl(v4_be) >> 24;

	return first != 0 && first != 127 && first < 224;
}

static int not_an_address(
	struct config_reader *r, const config_setting_t *s, const char *text, const char *expected)
{
	char name[CONFIG_SHOWN_MAX], shown[CONFIG_SHOWN_MAX];

	return config_fail_at(r, s, "%s is \"%s\"; expected %s", name_of(s, name),
		config_shown(text, shown), expected);
}

static int check_host(struct config_reader *r, const config_setting_t *s, const struct ip_addr *a)
{
	char name[CONFIG_SHOWN_MAX], text[IP_ADDR_STRLEN];

	if (a->family != AF_INET)
		return config_fail_at(r, s, "%s is %s; IPv6 is not carried yet, expected IPv4",
			name_of(s, name), ip_addr_str(a, text));
	if (!is_host(a->v4_be))
		return config_fail_at(r, s, "%s is %s; expected the address of a host",
			name_of(s, name), ip_addr_str(a, text));
	return 0;
}

CONFIG_FIELD_READER(addr)
{
	static const char expected[] = "an IPv4 address, as \"192.0.2.1\"";
	const char *text = config_text_of(r, s, expected);

	(void)f;
	if (text == NULL)
		return -EINVAL;
	if (ip_addr_parse(text, member) < 0)
		return not_an_address(r, s, text, expected);
	return check_host(r, s, member);
}

int config_read_host_prefix_text(struct config_reader *r, const config_setting_t *s, void *out)
{
	static const char expected[] =
		"an IPv4 address with its prefix length, as \"192.0.2.1/24\"";
	const char *text = config_text_of(r, s, expected);
	struct ip_prefix *p = out;
	struct ip_prefix net;
	char shown[IP_PREFIX_STRLEN];
	int rc;

	if (text == NULL)
		return -EINVAL;
	if (strchr(text, '/') == NULL || ip_prefix_parse(text, p) < 0)
		return not_an_address(r, s, text, expected);
	rc = check_host(r, s, &p->addr);
	if (rc < 0)
		return rc;
	if (p->len == 0)
		return not_an_address(r, s, text, "a prefix length 1..32");
	net = ip_prefix_network(p);
	/* RFC 3021: a /31 has neither a network nor a broadcast address. */
	if (p->len < 31 && (ip_addr_equal(&net.addr, &p->addr) ||
				   p->addr.v4_be == (net.addr.v4_be | ~ip4_mask_be(p->len))))
		return config_fail_at(r, s,
			"%s is the network or broadcast address; expected a host's",
			ip_prefix_str(p, shown));
	return 0;
}

CONFIG_FIELD_READER(host_prefix)
{
	(void)f;
	return config_read_host_prefix_text(r, s, member);
}

CONFIG_FIELD_READER(mac)
{
	static const char expected[] = "an Ethernet address, as \"02:00:5e:00:00:01\"";
	static const struct mac_addr none = {{0}};
	const char *text = config_text_of(r, s, expected);
	const struct mac_addr *m = member;

	(void)f;
	if (text == NULL)
		return -EINVAL;
	if (mac_addr_parse(text, member) < 0)
		return not_an_address(r, s, text, expected);
	if ((m->bytes[0] & 1) != 0 || memcmp(m, &none, sizeof(none)) == 0)
		return not_an_address(
			r, s, text, "one station's address (first octet even, not all zero)");
	return 0;
}

int config_read_word(struct config_reader *r, const config_setting_t *s,
	const struct config_field *f, const char *const *words, unsigned n, const char *expected,
	unsigned *at)
{
	const char *text = config_text_of(r, s, expected);
	char shown[CONFIG_SHOWN_MAX];

	if (text == NULL)
		return -EINVAL;
	for (*at = 0; *at < n; ++*at)
		if (strcmp(text, words[*at]) == 0)
			return 0;
	return config_fail_at(
		r, s, "%s is \"%s\"; expected %s", f->name, config_shown(text, shown), expected);
}

/* A network, so unlike an interface's address it has no host bits. */
CONFIG_FIELD_READER(network)
{
	static const char expected[] = "an IPv4 network, as \"10.1.0.0/16\"";
	const char *text = config_text_of(r, s, expected);
	struct ip_prefix *p = member;
	char shown[CONFIG_SHOWN_MAX], meant[IP_PREFIX_STRLEN];
	struct ip_prefix net;

	if (text == NULL)
		return -EINVAL;
	if (ip_prefix_parse(text, p) < 0)
		return config_fail_at(r, s, "%s is \"%s\"; expected %s", f->name,
			config_shown(text, shown), expected);
	if (p->addr.family != AF_INET)
		return config_fail_at(r, s,
			"%s is %s; IPv6 is not carried yet, expected an IPv4 network", f->name,
			config_shown(text, shown));
	net = ip_prefix_network(p);
	if (!ip_addr_equal(&net.addr, &p->addr))
		return config_fail_at(r, s, "%s %s has host bits set; expected %s", f->name,
			config_shown(text, shown), ip_prefix_str(&net, meant));
	return 0;
}
