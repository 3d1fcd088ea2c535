// SPDX-License-Identifier: BSD-3-Clause
/*
 * umlfix.so - preload shim for an unmodified UML 6.1 binary.
 *
 * UML 6.1 saves a guest's FPU state in a buffer of fixed size (2696 bytes) and
 * writes it back with PTRACE_SETREGSET/NT_X86_XSTATE.  A host kernel takes the
 * CPU's whole XSAVE area or nothing (EFAULT); on a CPU with AMX that area is
 * larger (11008 bytes), and a guest's init dies at its first instruction
 * ("ptrace set fp regs failed, errno = 14").
 *
 * The shim lets every other request pass.  A write of the extended state that
 * comes back with EFAULT is tried again with growing sizes, padded with zeros
 * (components past UML's buffer are then in their initial state); the size that
 * the host takes is remembered.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif
#define XS_MAX 16384

typedef long (*ptrace_fn)(int, pid_t, void *, void *);

static size_t want; /* size that the host accepts, 0: not known yet */

static long set_sized(ptrace_fn real, pid_t pid, const struct iovec *in, size_t size)
{
	static unsigned char buf[XS_MAX] __attribute__((aligned(64)));
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	size_t n = in->iov_len < size ? in->iov_len : size;

	memset(buf, 0, size);
	memcpy(buf, in->iov_base, n);
	return real(PTRACE_SETREGSET, pid, (void *)(long)NT_X86_XSTATE, &iov);
}

long ptrace(enum __ptrace_request req, ...)
{
	static ptrace_fn real;
	va_list ap;
	pid_t pid;
	void *addr, *data;
	long rc;

	va_start(ap, req);
	pid = va_arg(ap, pid_t);
	addr = va_arg(ap, void *);
	data = va_arg(ap, void *);
	va_end(ap);

	if (!real)
		real = (ptrace_fn)dlsym(RTLD_NEXT, "ptrace");
	if (req != PTRACE_SETREGSET || (long)addr != NT_X86_XSTATE || !data)
		return real(req, pid, addr, data);

	if (want)
		return set_sized(real, pid, data, want);
	rc = real(req, pid, addr, data);
	if (rc == 0 || errno != EFAULT)
		return rc;
	for (size_t s = 576; s <= XS_MAX; s += 8) {
		rc = set_sized(real, pid, data, s);
		if (rc == 0) {
			want = s;
			return 0;
		}
	}
	errno = EFAULT;
	return -1;
}
