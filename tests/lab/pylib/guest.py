# SPDX-License-Identifier: BSD-3-Clause
"""A user-mode Linux guest: one process whose root is the host's file system, read-only."""
import itertools
import os
import shutil
import signal
import subprocess
import time

GUEST = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "guest")
MODULES = "/usr/lib/uml/modules"
BOOT_SECONDS = 90
LIFE_SECONDS = 3600   # a guest ends by itself after this
CONSOLE_LINES = 15


class GuestError(Exception):
    """A guest that crashed, hangs or never came up; says what its console said last."""


def prepare(work):
    """What all guests share: the shim for UML's way with the FPU, a modprobe that finds UML's
    modules, a folder for UML."""
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", os.path.join(work, "umlfix.so"),
                    os.path.join(GUEST, "umlfix.c"), "-ldl"], check=True)
    os.makedirs(os.path.join(work, "mods/lib"))
    os.makedirs(os.path.join(work, "uml"))
    os.symlink(MODULES, os.path.join(work, "mods/lib/modules"))
    modprobe = os.path.join(work, "modprobe")
    with open(modprobe, "w", encoding="utf-8") as f:
        f.write(f'#!/bin/sh\nexec /sbin/modprobe -d {work}/mods "$@"\n')
    os.chmod(modprobe, 0o755)


class Guest:
    """`files` is a folder whose contents the guest finds in /io/conf; `nics` is [(tap, mac)]."""

    def __init__(self, work, name, nics, files, kernel_arguments=()):
        self.work, self.name, self.nics = work, name, nics
        self.arguments = list(kernel_arguments)
        self.io = os.path.join(work, name)
        self.files = files
        self.boots = 0
        self.process = None
        self._ids = itertools.count(1)

    def start(self):
        self.boots += 1
        for folder in ("", "conf", "q", "log"):
            os.makedirs(os.path.join(self.io, folder), exist_ok=True)
        shutil.copytree(self.files, os.path.join(self.io, "conf"), dirs_exist_ok=True)
        for stale in ("ready", "ctl"):
            if os.path.exists(os.path.join(self.io, stale)):
                os.remove(os.path.join(self.io, stale))
        fifo = os.path.join(self.io, "ctl")
        os.mkfifo(fifo)
        control = os.open(fifo, os.O_RDWR)
        nics = [f"eth{i}=tuntap,{tap},{mac}" for i, (tap, mac) in enumerate(self.nics)]
        command = ["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
                   "timeout", "-k", "5", str(LIFE_SECONDS), "linux.uml", "mem=160M",
                   "rootfstype=hostfs", "rootflags=/", "ro", f"init={GUEST}/init",
                   f"umid={self.name}", f"uml_dir={self.work}/uml", "con=null", "con0=null,fd:1",
                   f"con1=fd:{control},null", "quiet", *nics, *self.arguments,
                   f"LAB={self.work}", f"GUEST={GUEST}", f"NODE={self.name}", f"IO={self.io}"]
        with open(self._console(), "ab") as console:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                pass_fds=(control,), start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": "/tmp",
                     "LD_PRELOAD": os.path.join(self.work, "umlfix.so")})
        os.close(control)

    def _console(self):
        return os.path.join(self.io, "console.log")

    def _fail(self, what):
        with open(self._console(), encoding="utf-8", errors="replace") as f:
            last = "".join("\n        | " + line.rstrip() for line in f.readlines()[-CONSOLE_LINES:])
        raise GuestError(f"{self.name}: {what}; its console's last lines:{last}")

    def is_ready(self):
        return os.path.exists(os.path.join(self.io, "ready"))

    def wait_ready(self, seconds=BOOT_SECONDS):
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self.process.poll() is not None:
                self._fail(f"ended while it started (exit code {self.process.returncode})")
            if time.monotonic() > deadline:
                self._fail(f"not up within {seconds} s")
            time.sleep(0.05)

    def begin(self, command, limit=60):
        """Start a shell command inside; returns the request for end()."""
        request = os.path.join(self.io, "q", f"{self.boots}-{next(self._ids)}")
        for end, text in (("lim", str(limit)), ("cmd", command)):
            with open(f"{request}.{end}", "w", encoding="utf-8") as f:
                f.write(text + "\n")
        if self.process.poll() is not None:
            self._fail(f"ended (exit code {self.process.returncode})")
        control = os.open(os.path.join(self.io, "ctl"), os.O_RDWR | os.O_NONBLOCK)
        try:
            os.write(control, os.path.basename(request).encode() + b"\n")
        except BlockingIOError:
            self._fail("takes no commands")
        finally:
            os.close(control)
        return request, time.monotonic() + limit + 15

    def end(self, begun):
        """Wait for a request's end; returns (exit code, output with errors after it)."""
        request, deadline = begun
        while not os.path.exists(request + ".rc"):
            if self.process.poll() is not None:
                self._fail(f"ended (exit code {self.process.returncode})")
            if time.monotonic() > deadline:
                self._fail("hangs: a command has no answer")
            time.sleep(0.02)
        said = []
        for end in ("rc", "out", "err"):
            with open(f"{request}.{end}", encoding="utf-8", errors="replace") as f:
                said.append(f.read())
        for end in ("rc", "out", "err", "cmd", "lim"):
            os.remove(f"{request}.{end}")
        return int(said[0]), said[1] + said[2]

    def run(self, command, limit=60):
        """A shell command inside; (exit code, output)."""
        return self.end(self.begin(command, limit))

    def say(self, command, limit=60):
        """Its output alone."""
        return self.run(command, limit)[1]

    def kill(self):
        """As if its power were cut."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=20)
