/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The main() of a CUnit program with one suite:
 *
 *	static const struct unit_test tests[] = {
 *		{"what must hold", test_function},
 *	};
 *
 *	UNIT_MAIN("config: parse", tests)
 *
 * The program prints CUnit's basic report and exits 0 only if tests ran and none failed. With
 * arguments it runs the tests whose names contain one of them.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

static inline int unit_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]) != NULL)
			return 1;
	return argc < 2;
}

static inline int unit_main(
	const char *suite_name, const struct unit_test *tests, size_t n, int argc, char **argv)
{
	CU_pSuite suite;
	unsigned failed, ran;

	/* A crash must not swallow what the tests before it said. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return EXIT_FAILURE;
	suite = CU_add_suite(suite_name, NULL, NULL);
	for (size_t i = 0; suite != NULL && i < n; i++)
		if (unit_wanted(tests[i].name, argc, argv) &&
			CU_add_test(suite, tests[i].name, tests[i].run) == NULL)
			suite = NULL;
	if (suite == NULL) {
		fprintf(stderr, "%s: %s\n", suite_name, CU_get_error_msg());
		CU_cleanup_registry();
		return EXIT_FAILURE;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures() + CU_get_number_of_tests_failed();
	ran = CU_get_number_of_tests_run();
	CU_cleanup_registry();
	return failed == 0 && ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/** main() for an array of struct unit_test. */
#define UNIT_MAIN(suite_name, tests)                                                               \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return unit_main(                                                                  \
			suite_name, tests, sizeof(tests) / sizeof((tests)[0]), argc, argv);        \
	}

#endif
