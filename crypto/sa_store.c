/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for SAs. */
#include "crypto/sa_priv.h"

#include <errno.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "common/log.h"

void *sa_store_alloc(const char *what, size_t bytes, int socket)
{
	void *mem = rte_zmalloc_socket(NULL, bytes, RTE_CACHE_LINE_SIZE, socket);

	if (mem == NULL) {
		log_error("%s: no %zu MB of contiguous memory left in the EAL; %s", what,
			(bytes >> 20) + 1,
			rte_eal_has_hugepages() ? "reserve more hugepages (vm.nr_hugepages)"
						: "raise the EAL's -m");
		errno = ENOMEM;
	}
	return mem;
}

void sa_store_free(void *mem, size_t bytes)
{
	if (mem != NULL)
		explicit_bzero(mem, bytes);
	rte_free(mem);
}
