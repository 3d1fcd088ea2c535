/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/esp/esp.h"

#include "crypto/suite.h"

#define SUITES_MAX 64

const struct config_suite *config_esp_suites(unsigned *n)
{
	static struct config_suite suites[SUITES_MAX];
	static unsigned n_suites;

	for (; n_suites < esp_suite_count() && n_suites < SUITES_MAX; n_suites++) {
		const struct esp_suite *s = esp_suite_at(n_suites);

		suites[n_suites] = (struct config_suite){
			.name = s->name,
			.key_len = (unsigned)s->key_len + s->salt_len,
			.auth_key_len = s->auth_key_len,
			.weak = s->weak,
		};
	}
	*n = n_suites;
	return suites;
}

struct sa_params config_esp_sa(const struct config_sa *c, bool in)
{
	return (struct sa_params){
		.spi = c->spi,
		.suite = esp_suite_by_name(c->suite),
		.key = c->key,
		.key_len = c->key_len,
		.auth_key = c->auth_key,
		.auth_key_len = c->auth_key_len,
		.in = in,
		.esn = c->esn,
		.window = c->window,
	};
}
