# SPDX-License-Identifier: BSD-3-Clause
"""Namespaces of a boot's own: network, processes, mounts. The kernel takes all that was made in them
with their first process, however that ends: no process, tap, bridge or mount can be left behind."""
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG, MNT_DETACH = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


def _mount(*words):
    subprocess.run(["mount", *words], check=True)


def possible():
    """None, or why there can be no sandbox."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun here"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc",
                            "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    return "no network namespaces here" if probe.returncode else None


def _prepare(work):
    """What the first process of the namespaces does before anything else."""
    _mount("--make-rprivate", "/")
    _mount("-t", "proc", "proc", "/proc")
    os.makedirs("/run/netns", exist_ok=True)
    _mount("-t", "tmpfs", "-o", "mode=755", "netns", "/run/netns")
    _mount("-t", "tmpfs", "-o", "mode=755", "lab", work)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                    "net.ipv6.conf.default.disable_ipv6=1"], check=True)


def die_with_parent(number=signal.SIGKILL):
    """When the thread that made this process ends."""
    _libc.prctl(PR_SET_PDEATHSIG, number)


def _first_process(main, work, pipe):
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    code = 1
    try:
        _prepare(work)
        main(work, lambda record: os.write(pipe, json.dumps(record).encode() + b"\n"))
        code = 0
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # pylint: disable=protected-access


def _keeper(main, work, pipe, parent):
    """The process between: outside the namespaces it makes, for only its children are inside. It
    removes the folder, whatever became of its parent."""
    if _libc.unshare(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS) != 0:
        os._exit(1)  # pylint: disable=protected-access
    pid = os.fork()
    if pid == 0:
        _first_process(main, work, pipe)
    os.close(pipe)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(pid, signal.SIGKILL))
    die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    _libc.umount2(work.encode(), MNT_DETACH)
    os.rmdir(work)
    os._exit(os.waitstatus_to_exitcode(status) & 0xff)  # pylint: disable=protected-access


def run(seconds, main):
    """Run main(work, report) inside; work is an empty folder that vanishes afterwards. Yields each
    record that main reports, and raises RuntimeError if it did not come to its end in time."""
    work = tempfile.mkdtemp(prefix="lab-", dir="/tmp")
    reads, writes = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        _keeper(main, work, writes, os.getppid())
    os.close(writes)
    deadline, pending = time.monotonic() + seconds, b""
    why = None
    try:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([reads], [], [], left)[0]:
                why = f"not done within {seconds} s"
                break
            data = os.read(reads, 65536)
            if not data:
                break
            *lines, pending = (pending + data).split(b"\n")
            yield from (json.loads(line) for line in lines)
    finally:
        os.close(reads)
        if why or sys.exc_info()[0]:
            os.kill(pid, signal.SIGTERM)
        _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if why or code != 0:
        raise RuntimeError(why or f"the run inside ended with exit code {code}")
