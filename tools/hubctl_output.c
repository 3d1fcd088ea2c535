/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/hubctl_output.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuse(const char *what)
{
	fprintf(stderr, "dmvpn-hubctl: after '|': %s; expected include|exclude|count REGEX\n",
		what);
	return -1;
}

static int take_filter(struct hubctl_output *o, char *line)
{
	static const char *const words[] = {[HUBCTL_INCLUDE] = "include",
		[HUBCTL_EXCLUDE] = "exclude",
		[HUBCTL_COUNT] = "count"};
	char *bar = strchr(line, '|'), *word, *regex, why[128];
	size_t len;
	int rc;

	if (bar == NULL)
		return 0;
	*bar = '\0';
	word = bar + 1 + strspn(bar + 1, " \t");
	len = strcspn(word, " \t");
	for (unsigned i = HUBCTL_INCLUDE; i <= HUBCTL_COUNT && len > 0; i++)
		if (strncmp(words[i], word, len) == 0)
			o->filter = i;
	regex = word + len + strspn(word + len, " \t");
	if (o->filter == HUBCTL_ALL || *regex == '\0') {
		o->filter = HUBCTL_ALL;
		return refuse("a filter or its expression is missing");
	}
	rc = regcomp(&o->regex, regex, REG_EXTENDED | REG_NOSUB);
	if (rc == 0)
		return 0;
	o->filter = HUBCTL_ALL;
	regerror(rc, &o->regex, why, sizeof(why));
	return refuse(why);
}

static FILE *open_pager(void)
{
	const char *pager = getenv("PAGER");

	if (pager == NULL)
		pager = access("/usr/bin/less", X_OK) == 0 ? "less -FRX" : "more";
	fflush(stdout);
	return *pager == '\0' ? NULL : popen(pager, "w");
}

int hubctl_output_open(struct hubctl_output *o, char *line, bool page)
{
	memset(o, 0, sizeof(*o));
	o->to = stdout;
	if (take_filter(o, line) < 0)
		return -1;
	if (o->filter != HUBCTL_ALL) {
		o->to = open_memstream(&o->text, &o->len);
		if (o->to == NULL)
			return refuse("no memory");
	} else if (page) {
		o->to = open_pager();
		o->paged = o->to != NULL;
		if (!o->paged)
			o->to = stdout;
		/* Of the pager it is to end the search, not us. */
		signal(SIGINT, SIG_IGN);
		signal(SIGPIPE, SIG_IGN);
	}
	return 0;
}

static void print_filtered(const struct hubctl_output *o)
{
	unsigned long n = 0;
	char *rest = NULL;

	for (char *l = strtok_r(o->text, "\n", &rest); l != NULL; l = strtok_r(NULL, "\n", &rest)) {
		bool match = regexec(&o->regex, l, 0, NULL, 0) == 0;

		n += match;
		if (o->filter != HUBCTL_COUNT && match == (o->filter == HUBCTL_INCLUDE))
			puts(l);
	}
	if (o->filter == HUBCTL_COUNT)
		printf("%lu\n", n);
}

void hubctl_output_close(struct hubctl_output *o)
{
	if (o->paged) {
		pclose(o->to);
		signal(SIGINT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
	}
	if (o->filter == HUBCTL_ALL) {
		fflush(stdout);
		return;
	}
	fclose(o->to);
	if (o->text != NULL)
		print_filtered(o);
	free(o->text);
	regfree(&o->regex);
	fflush(stdout);
}
