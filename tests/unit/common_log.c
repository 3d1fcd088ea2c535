/* SPDX-License-Identifier: BSD-3-Clause */
#define LOG_SUBSYSTEM LOG_IKE

#include "common/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char text[256 * 1024]; /* what was written to stderr */
static int saved;
static FILE *file;

static void listen(void)
{
	file = tmpfile();
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	saved = dup(STDERR_FILENO);
	CU_ASSERT_FATAL(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
}

/* Lines since listen(), which are then in text. */
static unsigned heard(void)
{
	unsigned n = 0;
	size_t len;

	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	return n;
}

static void one(unsigned i)
{
	log_warning("line %u", i);
}

static void strange(void)
{
	log_stranger("line of a stranger");
}

/* Lines bear their level, and their subsystem's name unless it is the hub's. */
static void test_form(void)
{
	static struct log_site hub = {
		.subsystem = LOG_HUB, .level = LOG_LEVEL_INFO, .limit = LOG_SOME};

	listen();
	log_error("a %s", "line");
	log_info("of a\n<0>stranger\x1b[2J\x7f");
	log_write(&hub, "of the hub");
	CU_ASSERT_EQUAL(heard(), 3);
	CU_ASSERT_STRING_EQUAL(
		text, "<3>ike: a line\n<6>ike: of a.<0>stranger.[2J.\n<6>of the hub\n");
}

/* Each subsystem has a level. */
static void test_levels(void)
{
	static struct log_site rip = {
		.subsystem = LOG_RIP, .level = LOG_LEVEL_DEBUG, .limit = LOG_SOME};

	CU_ASSERT_EQUAL(log_level(LOG_IKE), LOG_LEVEL_INFO);
	listen();
	log_debug("not yet");
	log_set_level(LOG_IKE, LOG_LEVEL_DEBUG);
	log_debug("asked for");
	log_write(&rip, "not of RIP");
	log_set_level(LOG_IKE, LOG_LEVEL_ERROR);
	log_warning("no more");
	log_set_level(LOG_IKE, LOG_LEVEL_INFO);
	CU_ASSERT_EQUAL(heard(), 1);
	CU_ASSERT_STRING_EQUAL(text, "<7>ike: asked for\n");
}

/* A flood is bounded, and its rest told in one line when the window is over; others are not held.
 */
static void test_flood(void)
{
	log_turn(1000000);
	listen();
	for (unsigned i = 0; i < 1000; i++)
		one(i);
	for (unsigned i = 0; i < 1000; i++)
		strange();
	CU_ASSERT_EQUAL(heard(), LOG_SOME + LOG_FEW);
	listen();
	log_turn(1000000 + LOG_WINDOW_MS - 1);
	one(1000);
	CU_ASSERT_EQUAL(heard(), 0);
	listen();
	log_turn(1000000 + LOG_WINDOW_MS);
	CU_ASSERT_EQUAL(heard(), 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "<4>ike: line 1000 (and 900 more of these in 10 s)\n"));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(text, "<4>ike: line of a stranger (and 989 more of these in 10 s)\n"));
	listen();
	one(1);
	log_turn(1000000 + 3 * LOG_WINDOW_MS);
	CU_ASSERT_EQUAL(heard(), 1);
	CU_ASSERT_STRING_EQUAL(text, "<4>ike: line 1\n");
}

/* A place that is never too loud is never held, however long it runs. */
static void test_steady(void)
{
	listen();
	for (unsigned i = 0; i < 30; i++) {
		log_turn(2000000 + i * (LOG_WINDOW_MS / LOG_FEW));
		strange();
	}
	CU_ASSERT_EQUAL(heard(), 30);
}

/* A long line is cut, also in the summary. */
static void test_long(void)
{
	char line[2 * LOG_LINE_MAX];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	log_turn(4000000);
	listen();
	for (unsigned i = 0; i < LOG_FEW + 2; i++)
		log_stranger("%s", line);
	log_turn(4000000 + LOG_WINDOW_MS);
	CU_ASSERT_EQUAL(heard(), LOG_FEW + 1);
	CU_ASSERT_EQUAL(strchr(text, '\n') - text, LOG_LINE_MAX - 1 + (long)strlen("<4>ike: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "x (and 1 more of these in 10 s)\n"));
}

static const struct unit_test tests[] = {
	{"form", test_form},
	{"levels", test_levels},
	{"flood", test_flood},
	{"steady", test_steady},
	{"long lines", test_long},
};

UNIT_MAIN("common: log", tests)
