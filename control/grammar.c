/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands, a line each, and how a line finds its command. A command's usage text is its
 * grammar: words, a|b alternatives, <arguments>, [optional parts]. Words may be shortened as long
 * as only one word is meant.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli_priv.h"

#define LIST_MAX 512 /* of words that were expected, in a message */

const struct cli_command cli_commands[] = {
	/* clang-format off */
	{"help [control|display|ports|dmvpn|nhrp|ipsec|routing|debug|all]", CLI_GROUP_CONTROL, "this list", cli_help},
	{"start", CLI_GROUP_CONTROL, "begin forwarding", cli_start},
	{"stop", CLI_GROUP_CONTROL, "end forwarding, show what was forwarded", cli_stop},
	{"quit", CLI_GROUP_CONTROL, "leave the command line; the hub goes on", cli_quit},
	{"reload", CLI_GROUP_CONTROL, "read the configuration again, and change what it changes", cli_reload},
	{"shutdown [graceful|now]", CLI_GROUP_CONTROL, "end the hub, as configured; or purge NHRP requesters and poison RIP routes before; or not", cli_shutdown},
	{"show reload", CLI_GROUP_CONTROL, "how the last reload went, and how many there were", cli_show_reload},
	{"show version", CLI_GROUP_DISPLAY, "versions, and since when it runs", cli_show_version},
	{"show config [running|file|diff]", CLI_GROUP_DISPLAY, "settings with their defaults, keys hidden; or the files they came from; or what a reload would change", cli_show_config},
	{"show tech-support", CLI_GROUP_DISPLAY, "all that somebody who helps asks for; keys stay hidden", cli_show_tech_support},
	{"show loop", CLI_GROUP_DISPLAY, "how late control's turns come", cli_show_loop},
	{"show drops [all]", CLI_GROUP_DISPLAY, "why packets ended; all: also what never happened", cli_show_drops},
	{"clear drops", CLI_GROUP_DISPLAY, "count drops from 0", cli_clear_drops},
	{"show filter", CLI_GROUP_DISPLAY, "rules of the packet filters, and packets that each decided", cli_show_filter},
	{"show nodes", CLI_GROUP_DISPLAY, "packets, calls and cycles of each stage", cli_show_nodes},
	{"clear nodes", CLI_GROUP_DISPLAY, "count stages from 0", cli_clear_nodes},
	{"show punt stats", CLI_GROUP_DISPLAY, "packets for control, by class", cli_show_punt_stats},
	{"show mempool", CLI_GROUP_DISPLAY, "buffers in use and free", cli_show_mempool},
	{"show fwd stats all", CLI_GROUP_DISPLAY, "packets forwarded since `start`", cli_show_fwd_stats},
	{"clear fwd stats all", CLI_GROUP_DISPLAY, "count forwarding from 0", cli_clear_fwd_stats},
	{"port start <port|all>", CLI_GROUP_PORTS, "let a port receive and send again", cli_port_start},
	{"port stop <port|all>", CLI_GROUP_PORTS, "receive and send nothing on a port", cli_port_stop},
	{"set link-up port <port>", CLI_GROUP_PORTS, "set a device's link up", cli_set_link_up},
	{"set link-down port <port>", CLI_GROUP_PORTS, "set a device's link down", cli_set_link_down},
	{"set promisc <port|all> on|off", CLI_GROUP_PORTS, "take all frames of the link, or only the hub's", cli_set_promisc},
	{"show port stats <port|all>", CLI_GROUP_PORTS, "counters and rates of a port", cli_show_port_stats},
	{"show port info <port|all>", CLI_GROUP_PORTS, "device, link, addresses of a port", cli_show_port_info},
	{"show port summary all", CLI_GROUP_PORTS, "a line for each port", cli_show_port_summary},
	{"clear port stats <port|all>", CLI_GROUP_PORTS, "count a port's packets from 0", cli_clear_port_stats},
	{"show tap", CLI_GROUP_PORTS, "interfaces of the kernel, and what became of their packets", cli_show_tap},
	{"show dmvpn [detail] [tunnel <tunnel>] [peer <ip>]", CLI_GROUP_DMVPN, "tunnels and their spokes", cli_show_dmvpn},
	{"show dmvpn summary", CLI_GROUP_DMVPN, "how many spokes of each tunnel are in which state", cli_show_dmvpn_summary},
	{"show dmvpn page <place> <count>", CLI_GROUP_DMVPN, "some spokes by their places, from one on: for programs with many", cli_show_dmvpn_page},
	{"show dmvpn graph", CLI_GROUP_DMVPN, "hub, spokes, NATs and known shortcuts for Graphviz: | dot -Tsvg", cli_show_dmvpn_graph},
	{"show nhrp cache [dynamic|static|cached|pending|negative] [peer <ip>]", CLI_GROUP_NHRP, "who is registered from where", cli_show_nhrp_cache},
	{"show nhrp stats", CLI_GROUP_NHRP, "NHRP's counters; json: those at 0 too", cli_show_nhrp_stats},
	{"show nhrp redirect", CLI_GROUP_NHRP, "who was told of shorter ways", cli_show_nhrp_redirect},
	{"show nhrp nhs", CLI_GROUP_NHRP, "servers that the hub registers with", cli_show_nhrp_nhs},
	{"clear nhrp cache <ip|all>", CLI_GROUP_NHRP, "end leases; spokes register again in their time", cli_clear_nhrp_cache},
	{"clear nhrp redirect <prefix|all>", CLI_GROUP_NHRP, "forget who was told of shorter ways there: they are told anew", cli_clear_nhrp_redirect},
	{"purge nhrp <prefix|all>", CLI_GROUP_NHRP, "purge what requesters were told; leases stay", cli_purge_nhrp},
	{"show ipsec sa [peer <ip>]", CLI_GROUP_IPSEC, "security associations, by spoke", cli_show_ipsec_sa},
	{"clear ipsec sa peer <ip>", CLI_GROUP_IPSEC, "end a spoke's security associations, and tell it", cli_clear_ipsec_sa},
	{"clear ipsec sa all", CLI_GROUP_IPSEC, "end those of all spokes that have them by IKE", cli_clear_ipsec_sa},
	{"clear ike sa peer <ip>", CLI_GROUP_IPSEC, "end a spoke's IKE SA with all SAs of it, and tell it", cli_clear_ike_sa},
	{"clear ike sa all", CLI_GROUP_IPSEC, "end all IKE SAs", cli_clear_ike_sa},
	{"rekey ike sa peer <ip>", CLI_GROUP_IPSEC, "renew the IKE SA of a spoke", cli_rekey_ike_sa},
	{"rekey ipsec sa peer <ip>", CLI_GROUP_IPSEC, "agree on new keys with a spoke", cli_rekey_ipsec_sa},
	{"show ike sa [detail]", CLI_GROUP_IPSEC, "who proved who it is, and how", cli_show_ike_sa},
	{"show ike stats", CLI_GROUP_IPSEC, "counters of IKE", cli_show_ike_stats},
	{"show route [lookup <ip>]", CLI_GROUP_ROUTING, "what sources say about prefixes; or what a packet to an address would meet", cli_show_route},
	{"show route prefix <prefix>", CLI_GROUP_ROUTING, "what sources say about this prefix", cli_show_route_prefix},
	{"show route summary", CLI_GROUP_ROUTING, "how many routes of each source, and how many count", cli_show_route_summary},
	{"show rip [routes|neighbors|status]", CLI_GROUP_ROUTING, "what RIP knows, from whom, and how it runs", cli_show_rip},
	{"clear rip", CLI_GROUP_ROUTING, "forget what neighbors told, and ask them again", cli_clear_rip},
	{"show arp", CLI_GROUP_ROUTING, "Ethernet addresses of next hops", cli_show_arp},
	{"show hooks", CLI_GROUP_CONTROL, "scripts: how often they ran, and how they ended", cli_show_hooks},
	{"set log global|hub|dpdk|port|nhrp|ike|rip|hook|cli error|warning|notice|info|debug", CLI_GROUP_CONTROL, "what the log has, until a reload changes it; ike: charon's too", cli_set_log},
	{"show events", CLI_GROUP_CONTROL, "the event stream and its clients", cli_show_events},
	{"capture start <file> [outer|inner|drops] [port <port>] [peer <ip>] [count <count>] [snaplen <octets>]", CLI_GROUP_DEBUG, "write packets to a new pcapng file: encrypted, in clear, or those dropped", cli_capture_start},
	{"capture stop", CLI_GROUP_DEBUG, "end the capture", cli_capture_stop},
	{"show capture", CLI_GROUP_DEBUG, "the capture that runs, or the last one", cli_show_capture},
	{"trace start <count> [peer <ip>] [drops]", CLI_GROUP_DEBUG, "follow the next packets; drops: those that are dropped", cli_trace_start},
	{"show trace", CLI_GROUP_DEBUG, "the way of traced packets, stage by stage", cli_show_trace},
	{"clear trace", CLI_GROUP_DEBUG, "end tracing, forget traces", cli_clear_trace},
	/* clang-format on */
};
const unsigned cli_n_commands = RTE_DIM(cli_commands);

const char *const cli_group_names[CLI_GROUPS] = {
	[CLI_GROUP_CONTROL] = "control",
	[CLI_GROUP_DISPLAY] = "display",
	[CLI_GROUP_PORTS] = "ports",
	[CLI_GROUP_DMVPN] = "dmvpn",
	[CLI_GROUP_NHRP] = "nhrp",
	[CLI_GROUP_IPSEC] = "ipsec",
	[CLI_GROUP_ROUTING] = "routing",
	[CLI_GROUP_DEBUG] = "debug",
};

/* A place in a usage where a word may stand. */
struct token {
	const char *text; /* "stats", "a|b" or "<ip>" */
	size_t len;
	const char *after; /* the usage goes on here if the word is taken */
	bool optional;
};

/* Go through the tokens that may come next; *at starts where the usage goes on. */
static bool token_next(const char **at, struct token *t)
{
	const char *p = *at + strspn(*at, " ]");

	if (*p == '\0')
		return false;
	t->optional = *p == '[';
	t->text = p + t->optional;
	t->len = strcspn(t->text, *t->text == '<' ? ">" : " ]") + (*t->text == '<');
	t->after = t->text + t->len;
	/* A word that is a must ends the choice. */
	*at = t->optional ? strchr(p, ']') : "";
	return true;
}

/* Ports by number or name, or all. */
static bool take_port(struct cli_call *call, const char *word)
{
	const struct hub *h = call->cli->hub;
	char *end;
	unsigned long v = strtoul(word, &end, 10);

	if (strcmp(word, "all") == 0) {
		call->port = 0;
		call->port_end = h->n_ports;
		return true;
	}
	if (*word < '0' || *word > '9' || *end != '\0')
		for (v = 0; v < h->n_ports; v++)
			if (strcmp(word, h->ports[v].config->name) == 0)
				break;
	if (v >= h->n_ports)
		return false;
	call->port = (unsigned)v;
	call->port_end = call->port + 1;
	return true;
}

static bool take_ip(struct cli_call *call, const char *word)
{
	call->has_ip = ip_addr_parse(word, &call->ip) == 0 && call->ip.family == AF_INET;
	return call->has_ip;
}

/* A network: without host bits. */
static bool take_prefix(struct cli_call *call, const char *word)
{
	struct ip_prefix net;

	if (ip_prefix_parse(word, &call->prefix) < 0 || call->prefix.addr.family != AF_INET)
		return false;
	net = ip_prefix_network(&call->prefix);
	return ip_addr_equal(&net.addr, &call->prefix.addr);
}

static bool take_tunnel(struct cli_call *call, const char *word)
{
	const struct hub *h = call->cli->hub;

	for (unsigned i = 0; i < h->n_tunnels; i++)
		if (h->tunnels[i].config != NULL && strcmp(word, h->tunnels[i].config->name) == 0)
			call->tunnel = &h->tunnels[i];
	return call->tunnel != NULL;
}

static bool take_number(unsigned *number, unsigned least, const char *word)
{
	char *end;
	unsigned long v = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end != '\0' || v < least || v > UINT_MAX)
		return false;
	*number = (unsigned)v;
	return true;
}

static bool take_argument(struct cli_call *call, const struct token *t, const char *word)
{
	if (strncmp(t->text, "<port|all>", t->len) == 0)
		return take_port(call, word);
	if (strncmp(t->text, "<port>", t->len) == 0)
		return strcmp(word, "all") != 0 && take_port(call, word);
	if (strncmp(t->text, "<ip|all>", t->len) == 0)
		return strcmp(word, "all") == 0 || take_ip(call, word);
	if (strncmp(t->text, "<prefix|all>", t->len) == 0)
		return strcmp(word, "all") == 0 || take_prefix(call, word);
	if (strncmp(t->text, "<tunnel>", t->len) == 0)
		return take_tunnel(call, word);
	if (strncmp(t->text, "<count>", t->len) == 0)
		return take_number(&call->count, 1, word);
	if (strncmp(t->text, "<place>", t->len) == 0)
		return take_number(&call->place, 0, word);
	if (strncmp(t->text, "<octets>", t->len) == 0)
		return take_number(&call->snaplen, 1, word);
	if (strncmp(t->text, "<file>", t->len) == 0) {
		snprintf(call->file, sizeof(call->file), "%s", word);
		return true;
	}
	if (strncmp(t->text, "<prefix>", t->len) == 0)
		return take_prefix(call, word);
	return take_ip(call, word);
}

/* A word of the grammar that the line's word may mean. */
struct meaning {
	const char *text;
	size_t len;
	bool exact;
	bool ambiguous;
};

/* Compare with each of a|b|c. */
static void consider(struct meaning *m, const struct token *t, const char *word)
{
	size_t len = strlen(word), n;

	for (const char *p = t->text; p < t->text + t->len; p += n + 1) {
		n = strcspn(p, "| ]");
		n = RTE_MIN(n, (size_t)(t->text + t->len - p));
		if (len > n || strncmp(p, word, len) != 0 || m->exact)
			continue;
		if (m->text != NULL && (m->len != n || strncmp(m->text, p, n) != 0))
			m->ambiguous = true;
		m->exact = len == n;
		m->text = p;
		m->len = n;
	}
}

/* Is the word that was decided for one of the token's? */
static bool has_meaning(const struct token *t, const struct meaning *m)
{
	size_t n;

	for (const char *p = t->text; p < t->text + t->len; p += n + 1) {
		n = strcspn(p, "| ]");
		n = RTE_MIN(n, (size_t)(t->text + t->len - p));
		if (n == m->len && strncmp(p, m->text, n) == 0)
			return true;
	}
	return false;
}

/* The commands that are still meant, and where in their usages the line has come to. */
struct parse {
	struct cli_call *call;
	const char *at[RTE_DIM(cli_commands)]; /* NULL: not this one */
	char words[CLI_LINE_MAX + 1];          /* so far, in full */
};

/* Add a|b|<ip> to a list of such, each once. */
static void list_add(char *list, size_t room, const struct token *t, const char *prefix)
{
	size_t used = strlen(list), n;
	char word[64], in_list[LIST_MAX + 2];

	for (const char *p = t->text; p < t->text + t->len; p += n + 1) {
		n = *p == '<' ? t->len : strcspn(p, "| ]");
		snprintf(word, sizeof(word), "|%.*s|", (int)n, p);
		snprintf(in_list, sizeof(in_list), "|%s|", list);
		if (strncmp(p, prefix, strlen(prefix)) != 0 || strstr(in_list, word) != NULL ||
			used + n + 2 > room)
			continue;
		used += (size_t)snprintf(
			list + used, room - used, "%s%.*s", used ? "|" : "", (int)n, p);
	}
}

/* All that may come next and begins with prefix. */
static void expected(const struct parse *p, const char *prefix, char *list, size_t room)
{
	struct token t;

	list[0] = '\0';
	for (unsigned i = 0; i < cli_n_commands; i++) {
		const char *at = p->at[i];

		while (at != NULL && token_next(&at, &t))
			list_add(list, room, &t, prefix);
	}
	if (list[0] == '\0')
		snprintf(list, room, "json, or nothing");
}

static const char *usage(const struct parse *p)
{
	for (unsigned i = 0; i < cli_n_commands; i++)
		if (p->at[i] != NULL)
			return cli_commands[i].usage;
	return "help";
}

static int bad_argument(struct parse *p, const char *word)
{
	char list[LIST_MAX];

	expected(p, "", list, sizeof(list));
	return cli_fail(p->call, "bad-argument", word,
		"Bad argument at '%s': expected %s\n  usage: %s", word, list, usage(p));
}

static int missing_argument(struct parse *p)
{
	char list[LIST_MAX];

	expected(p, "", list, sizeof(list));
	return cli_fail(p->call, "missing-argument", p->words,
		"Argument missing after '%s': expected %s\n  usage: %s", p->words, list, usage(p));
}

static int ambiguous(struct parse *p, const char *word)
{
	char list[LIST_MAX];

	expected(p, word, list, sizeof(list));
	return cli_fail(p->call, "ambiguous", word, "Ambiguous word '%s': expected %s\n  usage: %s",
		word, list, usage(p));
}

static void add_word(struct parse *p, const char *word, size_t len)
{
	size_t used = strlen(p->words);

	snprintf(p->words + used, sizeof(p->words) - used, "%s%.*s", used ? " " : "", (int)len,
		word);
}

/* Which word of the grammar, if any, is meant. */
static struct meaning decide(const struct parse *p, const char *word)
{
	struct meaning m = {0};
	struct token t;

	for (unsigned i = 0; i < cli_n_commands; i++)
		for (const char *at = p->at[i]; at != NULL && token_next(&at, &t);)
			if (*t.text != '<')
				consider(&m, &t, word);
	return m;
}

static int take_word(struct parse *p, const char *word)
{
	const char *next[RTE_DIM(cli_commands)] = {NULL};
	struct meaning m = decide(p, word);
	bool taken = false, optional = false;
	struct token t;

	if (m.ambiguous && !m.exact)
		return ambiguous(p, word);
	for (unsigned i = 0; i < cli_n_commands; i++)
		for (const char *at = p->at[i]; at != NULL && token_next(&at, &t);) {
			bool fits = *t.text == '<' ? take_argument(p->call, &t, word)
						   : m.text != NULL && has_meaning(&t, &m);

			if (!fits)
				continue;
			next[i] = t.after;
			taken = true;
			/* Whose argument follows, that tells enough. */
			optional = t.optional && strncmp(t.after, " <", 2) != 0;
			break;
		}
	if (!taken)
		return bad_argument(p, word);
	memcpy(p->at, next, sizeof(next));
	if (m.text == NULL) {
		add_word(p, word, strlen(word));
		return 0;
	}
	add_word(p, m.text, m.len);
	if (optional)
		snprintf(p->call->option, sizeof(p->call->option), "%.*s", (int)m.len, m.text);
	return 0;
}

/* The command whose usage may end here, or NULL. */
static const struct cli_command *complete(const struct parse *p)
{
	struct token t;

	for (unsigned i = 0; i < cli_n_commands; i++) {
		const char *at = p->at[i];
		bool more = false;

		while (at != NULL && token_next(&at, &t))
			more |= !t.optional;
		if (p->at[i] != NULL && !more)
			return &cli_commands[i];
	}
	return NULL;
}

/* Cut "json" off the line's end. */
static bool cut_json(char *line)
{
	size_t len = strlen(line);

	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		line[--len] = '\0';
	if (len < 6 || strcmp(line + len - 4, "json") != 0 || strchr(" \t", line[len - 5]) == NULL)
		return false;
	line[len - 4] = '\0';
	return true;
}

/* A line ended by `?` asks what may come there, and does nothing else. */
static int show_expected(struct cli_call *call)
{
	json_t *all = json_array();
	size_t n;

	for (const char *p = call->state; *p != '\0'; p += n + (p[n] == '|')) {
		n = *p == '<' ? strcspn(p, ">") + 1 : strcspn(p, "|");
		cli_text(call, "%.*s\n", (int)n, p);
		json_array_append_new(all, json_stringn(p, n));
	}
	cli_value(call, all);
	return CLI_DONE;
}

static int question(struct parse *p)
{
	static const struct cli_command command = {"?", CLI_GROUP_CONTROL, "", show_expected};
	static const struct token json = {"json", 4, NULL, true},
				  enter = {"<enter>", 7, NULL, true};
	char list[LIST_MAX] = "";
	struct token t;

	for (unsigned i = 0; i < cli_n_commands; i++)
		for (const char *at = p->at[i]; at != NULL && token_next(&at, &t);)
			list_add(list, sizeof(list), &t, "");
	if (complete(p) != NULL && p->words[0] != '\0') {
		if (strncmp(p->words, "show ", 5) == 0)
			list_add(list, sizeof(list), &json, "");
		list_add(list, sizeof(list), &enter, "");
	}
	p->call->state = strdup(list);
	if (p->call->state == NULL)
		return cli_fail(p->call, "no-memory", "?", "Out of memory");
	p->call->command = &command;
	return 0;
}

int cli_parse(struct cli_call *call, char *line)
{
	struct parse p = {.call = call};
	char *rest = NULL;
	int rc = 0;

	call->json = cut_json(line);
	for (unsigned i = 0; i < cli_n_commands; i++)
		p.at[i] = cli_commands[i].usage;
	for (char *word = strtok_r(line, " \t\r", &rest); word != NULL && rc == 0;
		word = strtok_r(NULL, " \t\r", &rest)) {
		if (strcmp(word, "?") == 0 && rest[strspn(rest, " \t\r")] == '\0')
			return question(&p);
		rc = take_word(&p, word);
	}
	if (rc < 0)
		return rc;
	call->command = complete(&p);
	if (call->command == NULL)
		return missing_argument(&p);
	memcpy(call->words, p.words, sizeof(call->words));
	if (call->show_only && strncmp(call->words, "show ", 5) != 0 &&
		call->command->run != cli_help && call->command->run != cli_quit)
		return cli_fail(call, "not-allowed", call->words,
			"Not allowed: this socket is for show only; use control_socket");
	return 0;
}
