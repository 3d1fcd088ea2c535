/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target: any line at the command line of a hub. A line that is understood is understood
 * the same again when its words stand in full. What only shows is run; an answer in JSON must be
 * one document.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <jansson.h>
#include <rte_eal.h>

#include "common/log.h"
#include "control/cli_priv.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hub *hub;
static struct cli *cli;

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char prefix[64];
	char *args[] = {"fuzz-cli", "--no-huge", "-m", "512", "--no-pci", "--no-telemetry",
		"--no-shconf", "--log-level=error", "--file-prefix", prefix, NULL};
	struct config_env env = {0};
	struct hub_params params = {0};
	struct error err = {""};
	struct config *c;

	(void)argc;
	(void)argv;
	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
		log_set_level(i, LOG_LEVEL_ERROR);
	snprintf(prefix, sizeof(prefix), "fuzz-cli-%d", getpid());
	check(rte_eal_init(RTE_DIM(args) - 1, args) >= 0);
	c = config_parse("hub.cfg", "peers_max = 16; mbufs = 4096;", &env, &err);
	check(c != NULL);
	hub = hub_create(c, &params, &err);
	check(hub != NULL);
	cli = cli_create(hub, NULL, NULL, &err);
	check(cli != NULL);
	return 0;
}

/* The command that a line means, and its words in full; NULL: none. */
static const struct cli_command *parse(
	const char *line, char words[CLI_LINE_MAX + 1], struct evbuffer *out)
{
	struct cli_call *call = cli_call_open(cli, "");
	const struct cli_command *found = NULL;
	char copy[CLI_LINE_MAX + 1];

	check(call != NULL);
	call->out = out;
	snprintf(copy, sizeof(copy), "%s", line);
	if (cli_parse(call, copy) == 0)
		found = call->command;
	snprintf(words, CLI_LINE_MAX + 1, "%s", call->words);
	cli_call_close(call);
	return found;
}

static bool ends_in_json(const char *line)
{
	size_t len = strlen(line);

	return len > 5 && strcmp(line + len - 5, " json") == 0;
}

static void run(const char *line, struct evbuffer *out)
{
	json_t *document;
	size_t len;

	evbuffer_drain(out, evbuffer_get_length(out));
	cli_execute(cli, line, out);
	if (!ends_in_json(line))
		return;
	len = evbuffer_get_length(out);
	document = json_loadb((const char *)evbuffer_pullup(out, -1), len, 0, NULL);
	check(document != NULL);
	json_decref(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[CLI_LINE_MAX + 1], words[CLI_LINE_MAX + 1], again[CLI_LINE_MAX + 1];
	struct evbuffer *out = evbuffer_new();
	const struct cli_command *command;

	/* The socket lets no other octets through. */
	for (size_t i = 0; i < size && size < sizeof(line); i++)
		line[i] = (char)(data[i] < 0x20 || data[i] > 0x7e ? '\t' : data[i]);
	line[size < sizeof(line) ? size : 0] = '\0';
	command = parse(line, words, out);
	if (command != NULL && words[0] != '\0') {
		check(parse(words, again, out) == command && strcmp(words, again) == 0);
		if (strncmp(words, "show ", 5) == 0 || strncmp(words, "help", 4) == 0) {
			run(line, out);
			snprintf(again, sizeof(again), "%.4000s json", words);
			run(again, out);
		}
	}
	evbuffer_free(out);
	return 0;
}
