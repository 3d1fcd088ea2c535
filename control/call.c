/* SPDX-License-Identifier: BSD-3-Clause */
/* A command that runs, and what it says: text for people or one JSON document for programs. */
#define LOG_SUBSYSTEM LOG_CLI

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "control/cli_priv.h"

#define JSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(9))

struct cli_call *cli_call_open(struct cli *cli, const char *line)
{
	struct cli_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->cli = cli;
	snprintf(call->words, sizeof(call->words), "%s", line);
	log_debug("%s", call->words);
	return call;
}

void cli_call_close(struct cli_call *call)
{
	if (call != NULL && call->state_free != NULL && call->state != NULL)
		call->state_free(call->state);
	else if (call != NULL)
		free(call->state);
	free(call);
}

static void add_json(struct cli_call *call, json_t *value)
{
	char *text = json_dumps(value, JSON_FLAGS | JSON_ENCODE_ANY);

	evbuffer_add_printf(call->out, "%s", text ? text : "null");
	free(text);
	json_decref(value);
}

/* What stands before the data, once. */
static void open_document(struct cli_call *call)
{
	evbuffer_add_printf(call->out, "{\"command\":");
	add_json(call, json_string(call->words));
	evbuffer_add_printf(call->out, ",\"status\":\"ok\",\"data\":");
}

static void close_document(struct cli_call *call)
{
	switch (call->shape) {
	case CLI_OUT_NOTHING:
		open_document(call);
		evbuffer_add_printf(call->out, "null");
		break;
	case CLI_OUT_LIST:
	case CLI_OUT_ROWS:
		evbuffer_add_printf(call->out, "]");
		break;
	case CLI_OUT_VALUE:
		break;
	}
	evbuffer_add_printf(call->out, "}\n");
}

static int begin(struct cli_call *call)
{
	char line[CLI_LINE_MAX + 1];

	memcpy(line, call->words, sizeof(line));
	line[strcspn(line, "#")] = '\0';
	if (line[strspn(line, " \t\r")] == '\0')
		return CLI_DONE;
	return cli_parse(call, line) < 0 ? -1 : CLI_MORE;
}

int cli_call_step(struct cli_call *call, struct evbuffer *out)
{
	int rc = CLI_MORE;

	call->out = out;
	if (call->command == NULL) {
		rc = begin(call);
		if (rc != CLI_MORE)
			return rc;
	}
	rc = call->command->run(call);
	if (rc == CLI_DONE && call->json)
		close_document(call);
	return rc;
}

void cli_text(struct cli_call *call, const char *fmt, ...)
{
	va_list ap;

	if (call->json)
		return;
	va_start(ap, fmt);
	evbuffer_add_vprintf(call->out, fmt, ap);
	va_end(ap);
}

void cli_value(struct cli_call *call, json_t *value)
{
	if (!call->json) {
		json_decref(value);
		return;
	}
	open_document(call);
	add_json(call, value);
	call->shape = CLI_OUT_VALUE;
}

void cli_table(struct cli_call *call, const struct cli_column *columns, unsigned n)
{
	call->columns = columns;
	call->n_columns = n;
	if (call->json) {
		open_document(call);
		evbuffer_add_printf(call->out, "[");
		call->shape = CLI_OUT_LIST;
		return;
	}
	for (unsigned i = 0; i + 1 < n; i++)
		cli_text(call, "%-*s ", columns[i].width, columns[i].title);
	cli_text(call, "%s\n", columns[n - 1].title);
}

/* A cell as people read it. Returns text that is the value's own, or buf. */
static const char *cell(const json_t *v, const struct cli_column *c, char *buf, size_t room)
{
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		snprintf(buf, room, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(buf, room, json_is_true(v) ? "yes" : "no");
	else if (json_is_real(v) && c->format != NULL)
		snprintf(buf, room, strcmp(c->format, "%") == 0 ? "%.0f%%" : "%.1f",
			json_real_value(v));
	else if (json_is_real(v))
		snprintf(buf, room, "%.1f", json_real_value(v));
	else
		snprintf(buf, room, "-");
	return buf;
}

void cli_row(struct cli_call *call, json_t *row)
{
	char buf[64];

	if (call->json) {
		if (call->shape == CLI_OUT_ROWS)
			evbuffer_add_printf(call->out, ",");
		call->shape = CLI_OUT_ROWS;
		add_json(call, row);
		return;
	}
	for (unsigned i = 0; i < call->n_columns; i++) {
		const struct cli_column *c = &call->columns[i];
		const char *text = cell(json_object_get(row, c->key), c, buf, sizeof(buf));

		if (i + 1 < call->n_columns)
			cli_text(call, "%-*s ", c->width, text);
		else
			cli_text(call, "%s\n", text);
	}
	json_decref(row);
}

int cli_fail(struct cli_call *call, const char *reason, const char *near, const char *fmt, ...)
{
	va_list ap;

	if (call->json) {
		json_t *o = json_pack("{s:s, s:s}", "status", "error", "reason", reason);

		if (near != NULL)
			json_object_set_new(o, "near", json_string(near));
		add_json(call, o);
		evbuffer_add_printf(call->out, "\n");
		return -1;
	}
	va_start(ap, fmt);
	evbuffer_add_vprintf(call->out, fmt, ap);
	va_end(ap);
	evbuffer_add_printf(call->out, "\n");
	return -1;
}

bool cli_execute(struct cli *cli, const char *line, struct evbuffer *out)
{
	struct cli_call *call = cli_call_open(cli, line);
	int rc = call == NULL ? -1 : CLI_MORE;

	while (rc == CLI_MORE)
		rc = cli_call_step(call, out);
	cli_call_close(call);
	return rc == CLI_DONE;
}

json_t *cli_addr(const struct ip_addr *a)
{
	char text[IP_ADDR_STRLEN];

	return a->family == 0 ? json_null() : json_string(ip_addr_str(a, text));
}

json_t *cli_addr_be(uint32_t be)
{
	struct ip_addr a = ip_addr_v4(be);

	return cli_addr(&a);
}

json_t *cli_peer(const struct hub_peer *p)
{
	return p->address_be == 0 ? json_null() : cli_addr_be(p->address_be);
}

json_t *cli_prefix(uint32_t addr_be, uint8_t len)
{
	struct ip_prefix p = {.addr = ip_addr_v4(addr_be), .len = len};
	char text[IP_PREFIX_STRLEN];

	return json_string(ip_prefix_str(&p, text));
}

json_t *cli_mac(const struct mac_addr *mac)
{
	char text[MAC_ADDR_STRLEN];

	return json_string(mac_addr_str(mac, text));
}

json_t *cli_u64(uint64_t v)
{
	return json_integer((json_int_t)v);
}
