/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between config/, which knows no cryptography, and crypto/, which knows no configuration: cipher
 * suites and manual keys. Main thread, and threads that read a configuration after it did.
 */
#ifndef CONFIG_ESP_ESP_H
#define CONFIG_ESP_ESP_H

#include "config/config.h"
#include "crypto/sa.h"

/** Suites that config_env.suites may name: all of crypto/. @param[out] n  how many */
const struct config_suite *config_esp_suites(unsigned *n);

/**
 * A manual SA as crypto/ wants it; its keys stay the configuration's.
 * @return all but peer, tag and IV's seed; suite is NULL if c->suite is not known
 */
struct sa_params config_esp_sa(const struct config_sa *c, bool in);

#endif
