/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scenarios: a JSON object with settings and a list of steps. A step does something to spokes
 * ({"do": "up", "spokes": "1-10"}) or expects something of them within a time ({"expect":
 * "registered", "spokes": "1-10", "within": 5}). What is not known is refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/addr.h"
#include "tools/spokes/sim_priv.h"

#define WITHIN_DEFAULT 10.0
#define SECONDS_MAX    86400.0

enum {
	KEY_SPOKES = 1 << 0,
	KEY_TO = 1 << 1,
	KEY_WITHIN = 1 << 2,
	KEY_SECONDS = 1 << 3,
	KEY_RATE = 1 << 4,
	KEY_SIZE = 1 << 5,
	KEY_COUNT = 1 << 6,
	KEY_CODE = 1 << 7,
	KEY_METRIC = 1 << 8,
	KEY_PREFIX = 1 << 9,
	KEY_KIND = 1 << 10,
	KEY_SEED = 1 << 11,
	KEY_WIRE = 1 << 12,
};

static const struct {
	const char *name;
	unsigned keys;
	bool expects;
} verbs[SIM_VERBS] = {
#define SIM_VERB(name, is_expect, keys) [SIM_VERB_##name] = {#name, keys, is_expect},
#include "tools/spokes/verbs.def"
#undef SIM_VERB
};

const char *sim_verb_name(enum sim_verb verb)
{
	return verbs[verb].name;
}

bool sim_verb_is_expect(enum sim_verb verb)
{
	return verbs[verb].expects;
}

/* --- values ------------------------------------------------------------------------------------
 */

static int wrong(struct error *err, const char *key, const json_t *v, const char *expected)
{
	char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

	error_set(err, EINVAL, "\"%s\" is %.60s; expected %s", key, text != NULL ? text : "?",
		expected);
	free(text);
	return -EINVAL;
}

static int get_number(const char *key, const json_t *v, unsigned min, unsigned max, unsigned *out,
	struct error *err)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "a number %u..%u", min, max);
	if (!json_is_integer(v) || json_integer_value(v) < (json_int_t)min ||
		json_integer_value(v) > (json_int_t)max)
		return wrong(err, key, v, expected);
	*out = (unsigned)json_integer_value(v);
	return 0;
}

static int get_seconds(const char *key, const json_t *v, double *out, struct error *err)
{
	if (!json_is_number(v) || json_number_value(v) < 0 || json_number_value(v) > SECONDS_MAX)
		return wrong(err, key, v, "seconds 0..86400");
	*out = json_number_value(v);
	return 0;
}

/* 3, "3", "3-7", "all" */
static int get_range(const struct sim *s, const char *key, const json_t *v, struct sim_range *out,
	struct error *err)
{
	char expected[64], more;
	unsigned first, last;

	if (json_is_integer(v) && json_integer_value(v) > 0 &&
		json_integer_value(v) <= SIM_SPOKES_MAX)
		first = last = (unsigned)json_integer_value(v);
	else if (json_is_string(v) && strcmp(json_string_value(v), "all") == 0) {
		first = 1;
		last = s->n_spokes;
	} else if (!json_is_string(v) ||
		   sscanf(json_string_value(v), "%6u-%6u%c", &first, &last, &more) != 2)
		first = last = 0;
	if (first == 0 || last < first || last > s->n_spokes) {
		snprintf(expected, sizeof(expected), "a spoke 1..%u, \"first-last\" or \"all\"",
			s->n_spokes);
		return wrong(err, key, v, expected);
	}
	*out = (struct sim_range){first, last};
	return 0;
}

static int get_prefix(const json_t *v, struct sim_step *step, struct error *err)
{
	struct ip_prefix p;

	if (!json_is_string(v) || ip_prefix_parse(json_string_value(v), &p) < 0 ||
		p.addr.family != AF_INET)
		return wrong(err, "prefix", v, "\"10.0.0.0/24\"");
	step->net_be = p.addr.v4_be & ip4_mask_be(p.len);
	step->len = p.len;
	return 0;
}

static int get_kind(const json_t *v, struct sim_step *step, struct error *err)
{
	for (unsigned i = 0; i < SIM_ABUSES; i++)
		if (json_is_string(v) && strcmp(json_string_value(v), sim_abuse_name(i)) == 0) {
			step->kind = i;
			return 0;
		}
	return wrong(
		err, "kind", v, "claim, impersonate, flood, cies, extensions, loop or garbage");
}

static unsigned wire_of(const char *name)
{
	unsigned i = 0;

	while (i < SIM_WIRES && strcmp(name, sim_wire_name(i)) != 0)
		i++;
	return i;
}

/* --- a step ------------------------------------------------------------------------------------
 */

static int get_key(const struct sim *s, unsigned key, const char *name, const json_t *v,
	struct sim_step *step, struct error *err)
{
	switch (key) {
	case KEY_SPOKES:
		return get_range(s, name, v, &step->spokes, err);
	case KEY_TO:
		return get_range(s, name, v, &step->to, err);
	case KEY_WITHIN:
		return get_seconds(name, v, &step->within, err);
	case KEY_SECONDS:
		return get_seconds(name, v, &step->seconds, err);
	case KEY_RATE:
		return get_number(name, v, 1, 1000000, &step->rate, err);
	case KEY_SIZE:
		return get_number(name, v, SIM_SIZE_MIN, SIM_SIZE_MAX, &step->size, err);
	case KEY_COUNT:
		return get_number(name, v, 0, INT_MAX, &step->count, err);
	case KEY_CODE:
		return get_number(name, v, 1, 255, &step->code, err);
	case KEY_METRIC:
		return get_number(name, v, 1, 16, &step->metric, err);
	case KEY_PREFIX:
		return get_prefix(v, step, err);
	case KEY_SEED:
		return get_number(name, v, 0, INT_MAX, &step->seed, err);
	case KEY_WIRE:
		return get_number(name, v, 0, 1000, &step->wire[wire_of(name)], err);
	default:
		return get_kind(v, step, err);
	}
}

static unsigned key_of(const char *name)
{
	static const char *const names[] = {"spokes", "to", "within", "seconds", "rate", "size",
		"count", "code", "metric", "prefix", "kind", "seed"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return 1u << i;
	return wire_of(name) < SIM_WIRES ? KEY_WIRE : 0;
}

static int get_verb(const json_t *json, struct sim_step *step, struct error *err)
{
	const json_t *act = json_object_get(json, "do"), *expect = json_object_get(json, "expect");
	const json_t *v = act != NULL ? act : expect;

	if ((act == NULL) == (expect == NULL) || !json_is_string(v))
		return error_set(err, EINVAL, "a step has either \"do\" or \"expect\", a word");
	for (unsigned i = 0; i < SIM_VERBS; i++)
		if (verbs[i].expects == (expect != NULL) &&
			strcmp(verbs[i].name, json_string_value(v)) == 0) {
			step->verb = i;
			return 0;
		}
	error_set(err, EINVAL, "no \"%s\": \"%.40s\"; there are", act != NULL ? "do" : "expect",
		json_string_value(v));
	for (unsigned i = 0; i < SIM_VERBS; i++)
		if (verbs[i].expects == (expect != NULL)) {
			strncat(err->text, " ", sizeof(err->text) - strlen(err->text) - 1);
			strncat(err->text, verbs[i].name,
				sizeof(err->text) - strlen(err->text) - 1);
		}
	return -EINVAL;
}

/* What a step cannot be without. */
static int check(const struct sim_step *step, unsigned seen, struct error *err)
{
	unsigned keys = verbs[step->verb].keys;
	unsigned n = step->spokes.last - step->spokes.first, m = step->to.last - step->to.first;

	if (step->verb == SIM_VERB_send && (seen & KEY_TO) == 0)
		return error_set(err, EINVAL, "\"send\" needs \"to\"");
	if ((keys & KEY_PREFIX) != 0 && (seen & KEY_PREFIX) == 0)
		return error_set(err, EINVAL, "\"%s\" needs \"prefix\"", verbs[step->verb].name);
	if ((keys & KEY_KIND) != 0 && (seen & KEY_KIND) == 0)
		return error_set(err, EINVAL, "\"abuse\" needs \"kind\"");
	if (step->verb == SIM_VERB_send && n != m && m != 0)
		return error_set(err, EINVAL,
			"\"send\" from %u spokes to %u; expected as many, or one", n + 1, m + 1);
	return 0;
}

int sim_step_parse(
	const struct sim *s, const json_t *json, struct sim_step *step, struct error *err)
{
	unsigned seen = 0, key;
	const char *name;
	json_t *v;
	char *text;
	int rc;

	*step = (struct sim_step){.spokes = {1, s->n_spokes},
		.to = {1, s->n_spokes},
		.within = WITHIN_DEFAULT,
		.rate = 10,
		.size = 200,
		.count = 1,
		.metric = 1};
	if (!json_is_object(json))
		return error_set(err, EINVAL, "a step is an object: {\"do\": \"up\"}");
	rc = get_verb(json, step, err);
	json_object_foreach((json_t *)(uintptr_t)json, name, v)
	{
		if (rc < 0)
			return rc;
		if (strcmp(name, "do") == 0 || strcmp(name, "expect") == 0)
			continue;
		key = key_of(name);
		if ((verbs[step->verb].keys & key) == 0)
			return error_set(err, EINVAL, "\"%s\" takes no \"%.40s\"",
				verbs[step->verb].name, name);
		seen |= key;
		rc = get_key(s, key, name, v, step, err);
	}
	if (rc == 0)
		rc = check(step, seen, err);
	if (step->verb == SIM_VERB_abuse && (seen & KEY_TO) == 0)
		step->to = step->spokes;
	text = json_dumps(json, JSON_PRESERVE_ORDER);
	snprintf(step->text, sizeof(step->text), "%s", text != NULL ? text : "");
	free(text);
	return rc;
}

/* --- a file ------------------------------------------------------------------------------------
 */

static int get_setting(
	struct sim_settings *set, const char *name, const json_t *v, struct error *err)
{
	if (strcmp(name, "spokes") == 0)
		return get_number(name, v, 1, SIM_SPOKES_MAX, &set->n_spokes, err);
	if (strcmp(name, "lans") == 0)
		return get_number(name, v, 1, 64, &set->lans, err);
	if (strcmp(name, "holding") == 0)
		return get_number(name, v, 1, UINT16_MAX, &set->holding, err);
	if (strcmp(name, "rip") == 0)
		return get_number(name, v, 0, 3600, &set->rip, err);
	if (strcmp(name, "window") == 0)
		return get_number(name, v, 0, SA_WINDOW_MAX, &set->window, err);
	if (strcmp(name, "network") == 0)
		return get_number(name, v, 1, 223, &set->network, err);
	return error_set(err, EINVAL,
		"no setting \"%.40s\"; there are spokes, lans, holding, rip, window, network, "
		"steps",
		name);
}

int sim_scenario_load(const char *path, struct sim_settings *set, json_t **steps, struct error *err)
{
	json_error_t where;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where), *v;
	struct error why;
	const char *name;
	int rc = 0;

	*steps = NULL;
	if (root == NULL)
		return error_set(err, EINVAL, "%s:%d: %s", path, where.line, where.text);
	if (!json_is_object(root))
		rc = error_set(&why, EINVAL, "expected an object with settings and \"steps\"");
	json_object_foreach(root, name, v)
	{
		if (rc == 0 && strcmp(name, "steps") != 0)
			rc = get_setting(set, name, v, &why);
	}
	*steps = json_incref(json_object_get(root, "steps"));
	if (rc == 0 && *steps != NULL && !json_is_array(*steps))
		rc = error_set(&why, EINVAL, "\"steps\" is no list");
	json_decref(root);
	if (rc == 0)
		return 0;
	json_decref(*steps);
	*steps = NULL;
	return error_set(err, -rc, "%s: %s", path, why.text);
}
