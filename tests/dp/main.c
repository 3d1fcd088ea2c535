/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dp-test [PART]...: run the data-plane suites, or only tests whose "suite: test" contains one of
 * the parts. One process, so that the last suite can say which drop reasons no test reached.
 */
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>

#include "tests/dp/expect.h"

#define SUITE(name) extern const struct dp_suite suite_##name;
#include "tests/dp/suites.def"
#undef SUITE

static const struct dp_suite *const suites[] = {
#define SUITE(name) &suite_##name,
#include "tests/dp/suites.def"
#undef SUITE
};

static int suite_add(const struct dp_suite *s, int argc, char **argv)
{
	CU_pSuite suite = CU_add_suite(s->name, NULL, NULL);
	char name[128];

	for (unsigned i = 0; suite != NULL && i < s->n; i++) {
		snprintf(name, sizeof(name), "%s: %s", s->name, s->tests[i].name);
		if (unit_wanted(name, argc, argv) &&
			CU_add_test(suite, s->tests[i].name, s->tests[i].run) == NULL)
			return -1;
	}
	return suite != NULL ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned failed, ran;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (net_eal_start("dp-test", 4) < 0 || CU_initialize_registry() != CUE_SUCCESS)
		return EXIT_FAILURE;
	for (unsigned i = 0; i < RTE_DIM(suites); i++)
		if (suite_add(suites[i], argc, argv) != 0) {
			fprintf(stderr, "%s: %s\n", suites[i]->name, CU_get_error_msg());
			return EXIT_FAILURE;
		}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures() + CU_get_number_of_tests_failed();
	ran = CU_get_number_of_tests_run();
	CU_cleanup_registry();
	rte_eal_cleanup();
	return failed == 0 && ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
