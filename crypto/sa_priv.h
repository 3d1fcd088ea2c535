/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands behind the SA table: memory and key expansion. Control thread only. */
#ifndef CRYPTO_SA_PRIV_H
#define CRYPTO_SA_PRIV_H

#include <stddef.h>

#include "crypto/sa.h"

/**
 * The one place where memory for SAs comes from: zeroed, aligned to a cache line, contiguous.
 * @param what  for the log, if there is not enough
 * @return NULL with errno ENOMEM, after telling the operator how much is missing and where
 */
void *sa_store_alloc(const char *what, size_t bytes, int socket);

/** Wipe and give back. NULL is allowed. */
void sa_store_free(void *mem, size_t bytes);

/** Expand the keys of checked params into the slot. Leaves no copy behind. */
void sa_key_expand(IMB_MGR *mgr, struct sa *sa, const struct sa_params *p);

#endif
