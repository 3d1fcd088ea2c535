/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/opennhrp_line.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

struct words {
	const char *at;
};

/* The next word, cut to what fits. @return false: there is none */
static bool next(struct words *w, char word[OPENNHRP_WORD_MAX + 1])
{
	static const char blank[] = " \t\r";
	size_t len;

	w->at += strspn(w->at, blank);
	len = strcspn(w->at, blank);
	snprintf(word, OPENNHRP_WORD_MAX + 1, "%.*s", (int)len, w->at);
	w->at += len;
	return len > 0;
}

static int refuse(struct opennhrp_refusal *why, const char *status, const char *reason,
	const char *near, const char *argument)
{
	why->status = status;
	why->reason = reason;
	snprintf(why->near, sizeof(why->near), "%s", near);
	snprintf(why->argument, sizeof(why->argument), "%s", argument);
	return -1;
}

static int set_interface(struct opennhrp_line *l, const char *word, const char *argument,
	struct opennhrp_refusal *why)
{
	if (l->interface[0] != '\0')
		return refuse(why, "failed", "conflicting-keyword", word, "");
	snprintf(l->interface, sizeof(l->interface), "%s", argument);
	return 0;
}

static int set_protocol(struct opennhrp_line *l, const char *word, const char *argument,
	struct opennhrp_refusal *why)
{
	struct ip_prefix p;
	int rc = strchr(argument, '/') != NULL ? ip_prefix_parse(argument, &p)
					       : ip_addr_parse(argument, &p.addr);

	if (rc < 0 || p.addr.family != AF_INET)
		return refuse(why, "failed", "invalid-address", word, "");
	if (l->protocol.addr.family != 0)
		return refuse(why, "failed", "conflicting-keyword", word, "");
	if (strchr(argument, '/') == NULL)
		p.len = 32;
	l->protocol = ip_prefix_network(&p);
	return 0;
}

static int set_addr(
	struct ip_addr *to, const char *word, const char *argument, struct opennhrp_refusal *why)
{
	struct ip_addr a;

	if (ip_addr_parse(argument, &a) < 0 || a.family != AF_INET)
		return refuse(why, "failed", "invalid-address", word, "");
	if (to->family != 0)
		return refuse(why, "failed", "conflicting-keyword", word, "");
	*to = a;
	return 0;
}

static int selector(struct opennhrp_line *l, const char *word, const char *argument,
	struct opennhrp_refusal *why)
{
	static const char *const interface[] = {"interface", "iface", "dev"};

	for (unsigned i = 0; i < 3; i++)
		if (strcasecmp(word, interface[i]) == 0)
			return set_interface(l, word, argument, why);
	if (strcasecmp(word, "host") == 0 || strcasecmp(word, "hostname") == 0) {
		l->by_host = true;
		return 0;
	}
	if (strcasecmp(word, "protocol") == 0)
		return set_protocol(l, word, argument, why);
	if (strcasecmp(word, "nbma") == 0)
		return set_addr(&l->nbma, word, argument, why);
	if (strcasecmp(word, "local-nbma") == 0)
		return set_addr(&l->local_nbma, word, argument, why);
	if (strcasecmp(word, "local-protocol") == 0)
		return set_addr(&l->local_protocol, word, argument, why);
	return refuse(why, "failed", "syntax-error", word, "");
}

static int selectors(struct opennhrp_line *l, struct words *w, struct opennhrp_refusal *why)
{
	char word[OPENNHRP_WORD_MAX + 1], argument[OPENNHRP_WORD_MAX + 1];
	int rc = 0;

	while (rc == 0 && next(w, word)) {
		if (!next(w, argument))
			return refuse(why, "failed", "missing-argument", word, "");
		rc = selector(l, word, argument, why);
	}
	return rc;
}

/* redirect purge [ADDRESS[/LENGTH]] */
static int redirect(struct opennhrp_line *l, struct words *w, struct opennhrp_refusal *why)
{
	char word[OPENNHRP_WORD_MAX + 1];

	l->verb = OPENNHRP_REDIRECT_PURGE;
	if (!next(w, word))
		return 0;
	if (set_protocol(l, word, word, why) < 0)
		return -1;
	return next(w, word) ? refuse(why, "failed", "syntax-error", word, "") : 0;
}

int opennhrp_line_parse(const char *text, struct opennhrp_line *l, struct opennhrp_refusal *why)
{
	static const struct {
		const char *noun, *verb;
		enum opennhrp_verb is;
	} commands[] = {
		{"cache", "show", OPENNHRP_SHOW},
		{"cache", "flush", OPENNHRP_FLUSH},
		{"cache", "purge", OPENNHRP_PURGE},
		{"cache", "lowerdown", OPENNHRP_LOWERDOWN},
		{"interface", "show", OPENNHRP_INTERFACE_SHOW},
		{"redirect", "purge", OPENNHRP_REDIRECT_PURGE},
	};
	char noun[OPENNHRP_WORD_MAX + 1] = "", verb[OPENNHRP_WORD_MAX + 1] = "";
	struct words w = {text};

	memset(l, 0, sizeof(*l));
	/* The first form of the protocol had no nouns: show, flush, purge. */
	if (next(&w, noun) && strcasecmp(noun, "cache") != 0 &&
		strcasecmp(noun, "interface") != 0 && strcasecmp(noun, "redirect") != 0) {
		memcpy(verb, noun, sizeof(verb));
		strcpy(noun, "cache");
	} else {
		next(&w, verb);
	}
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcasecmp(noun, commands[i].noun) != 0 ||
			strcasecmp(verb, commands[i].verb) != 0)
			continue;
		l->verb = commands[i].is;
		return l->verb == OPENNHRP_REDIRECT_PURGE ? redirect(l, &w, why)
							  : selectors(l, &w, why);
	}
	return refuse(why, "error", "unrecognized command", "", "");
}
