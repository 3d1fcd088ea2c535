/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What went wrong, in one line for the person who has to mend it: what was found, what was
 * expected, what to do. Functions that can fail for a reason worth telling take a struct error.
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

struct error {
	char text[512];
};

/**
 * Write the message (printf form) and return -code, so that callers can write
 * `return error_set(err, EINVAL, "...")`. err may be NULL.
 */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
