/* SPDX-License-Identifier: BSD-3-Clause */
/* control-test [PART]...: all suites, or only tests whose "suite: test" contains a part. */
#include <signal.h>
#include <unistd.h>

#include <rte_eal.h>

#include "common/log.h"
#include "control/hook_helper.h"
#include "tests/control/world.h"

#define SUITE(name) extern const struct control_suite suite_##name;
#include "tests/control/suites.def"
#undef SUITE

static const struct control_suite *const suites[] = {
#define SUITE(name) &suite_##name,
#include "tests/control/suites.def"
#undef SUITE
};

static int eal_begin(void)
{
	char prefix[64];
	char *args[] = {"control-test", "--no-huge", "-m", "1024", "--no-pci", "--no-telemetry",
		"--no-shconf", "--log-level=error", "--file-prefix", prefix, NULL};

	snprintf(prefix, sizeof(prefix), "control-test-%d", getpid());
	return rte_eal_init(RTE_DIM(args) - 1, args);
}

static int suite_add(const struct control_suite *s, int argc, char **argv)
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
	struct error err = {""};
	unsigned failed, ran;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* What strangers do is logged; the tests look at what is done about it. */
	for (unsigned i = 0; i < LOG_SUBSYSTEMS; i++)
		log_set_level(i, LOG_LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN);
	world_hook_helper = hook_helper_start(&err);
	if (world_hook_helper < 0 || eal_begin() < 0 || CU_initialize_registry() != CUE_SUCCESS)
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
