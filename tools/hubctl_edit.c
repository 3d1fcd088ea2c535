/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/hubctl_edit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <histedit.h>

#define HISTORY 1000 /* lines */

struct hubctl_edit {
	EditLine *el;
	History *history;
	HistEvent event;
	const char *prompt;
	hubctl_expected_fn expected;
	void *ctx;
	char *line;
};

static struct hubctl_edit *of(EditLine *el)
{
	struct hubctl_edit *e = NULL;

	el_get(el, EL_CLIENTDATA, &e);
	return e;
}

static char *prompt(EditLine *el)
{
	return (char *)(size_t)of(el)->prompt;
}

/* The words that may stand where the cursor is, and what is there already. */
static char *ask(struct hubctl_edit *e, char **begun)
{
	const LineInfo *at = el_line(e->el);
	size_t len = (size_t)(at->cursor - at->buffer);
	char *line = strndup(at->buffer, len), *words;

	if (line == NULL)
		return NULL;
	while (len > 0 && line[len - 1] != ' ' && line[len - 1] != '\t')
		len--;
	*begun = strdup(line + len);
	line[len] = '\0';
	words = *begun == NULL ? NULL : e->expected(e->ctx, line);
	free(line);
	if (words == NULL) {
		free(*begun);
		*begun = NULL;
	}
	return words;
}

static bool fits(const char *word, const char *begun)
{
	return *word == '<' || strncmp(word, begun, strlen(begun)) == 0;
}

static void print_words(char *words, const char *begun)
{
	char *rest = NULL;

	putchar('\n');
	for (char *w = strtok_r(words, "\n", &rest); w != NULL; w = strtok_r(NULL, "\n", &rest))
		if (fits(w, begun))
			printf("  %s\n", w);
	fflush(stdout);
}

static unsigned char on_question(EditLine *el, int c)
{
	char *begun = NULL, *words = ask(of(el), &begun);

	(void)c;
	if (words == NULL)
		return CC_ERROR;
	print_words(words, begun);
	free(words);
	free(begun);
	return CC_REDISPLAY;
}

/* Add what all words that fit have in common. */
static unsigned char on_tab(EditLine *el, int c)
{
	char *begun = NULL, *words = ask(of(el), &begun), *copy, *rest = NULL, more[128] = "";
	unsigned n = 0;
	size_t len;

	(void)c;
	copy = words == NULL ? NULL : strdup(words);
	if (copy == NULL) {
		free(words);
		free(begun);
		return CC_ERROR;
	}
	len = strlen(begun);
	for (char *w = strtok_r(copy, "\n", &rest); w != NULL; w = strtok_r(NULL, "\n", &rest)) {
		size_t same = 0;

		if (*w == '<' || !fits(w, begun))
			continue;
		if (n++ == 0)
			snprintf(more, sizeof(more), "%s ", w + len);
		while (more[same] != '\0' && more[same] == (w[len + same] ? w[len + same] : ' '))
			same++;
		more[same] = '\0';
	}
	if (more[0] != '\0')
		el_insertstr(el, more);
	else
		print_words(words, begun);
	free(copy);
	free(words);
	free(begun);
	return more[0] != '\0' ? CC_REFRESH : CC_REDISPLAY;
}

struct hubctl_edit *hubctl_edit_open(const char *text, hubctl_expected_fn expected, void *ctx)
{
	struct hubctl_edit *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->prompt = text;
	e->expected = expected;
	e->ctx = ctx;
	e->history = history_init();
	e->el = el_init("dmvpn-hubctl", stdin, stdout, stderr);
	if (e->history == NULL || e->el == NULL) {
		hubctl_edit_close(e);
		return NULL;
	}
	history(e->history, &e->event, H_SETSIZE, HISTORY);
	el_set(e->el, EL_CLIENTDATA, e);
	el_set(e->el, EL_PROMPT, prompt);
	el_set(e->el, EL_EDITOR, "emacs");
	el_set(e->el, EL_SIGNAL, 1);
	el_set(e->el, EL_HIST, history, e->history);
	el_set(e->el, EL_ADDFN, "hub-complete", "complete a word", on_tab);
	el_set(e->el, EL_ADDFN, "hub-help", "what may come here", on_question);
	el_set(e->el, EL_BIND, "^I", "hub-complete", NULL);
	el_set(e->el, EL_BIND, "?", "hub-help", NULL);
	el_set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	return e;
}

const char *hubctl_edit_line(struct hubctl_edit *e)
{
	int n = 0;
	const char *got = el_gets(e->el, &n);

	if (got == NULL || n <= 0)
		return NULL;
	free(e->line);
	e->line = strdup(got);
	if (e->line == NULL)
		return NULL;
	e->line[strcspn(e->line, "\n")] = '\0';
	if (e->line[strspn(e->line, " \t")] != '\0')
		history(e->history, &e->event, H_ENTER, e->line);
	return e->line;
}

void hubctl_edit_close(struct hubctl_edit *e)
{
	if (e == NULL)
		return;
	if (e->el != NULL)
		el_end(e->el);
	if (e->history != NULL)
		history_end(e->history);
	free(e->line);
	free(e);
}
