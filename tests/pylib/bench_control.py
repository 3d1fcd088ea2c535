# SPDX-License-Identifier: BSD-3-Clause
"""Benchmarks of the control plane for tests/bench/run: NHRP, RIP and simulated spokes by the programs
that are there for them, and here what 100,000 configured peers cost at the start and in `show`."""
import os
import re
import statistics
import subprocess
import time

import bench
import hub

TABLES = (("show", "dmvpn"), ("show", "ipsec", "sa"), ("show", "route"))
STEP_ROWS = 128  # that a command shows before others have their turn: CLI_STEP_ROWS


def program(*words):
    run = subprocess.run([os.path.join(hub.BUILD, words[0]), *words[1:]], capture_output=True,
                         text=True, check=True)
    return run.stdout


def take_runs(results, runs):
    """The median of what several runs printed, with the range as spread."""
    for name, unit in sorted({(n, u) for run in runs for n, (_, u) in run.items()}):
        values = [run[name][0] for run in runs if name in run]
        results.add(name, statistics.median(values), unit, max(values) - min(values))


def nhrp_once():
    got = {}
    for line in program("tests/bench/bench-nhrp").splitlines():
        n, new, refresh, end, size = re.match(
            r"leases +(\d+) +new +(\d+)/s +refresh +(\d+)/s +end +(\d+)/s +(\d+) bytes",
            line).groups()
        for name, value in (("new", new), ("refresh", refresh), ("end", end)):
            got[f"nhrp.{name}.{n}"] = (float(value), "leases/s")
        got[f"nhrp.memory.{n}"] = (float(size), "octets/lease")
    return got


def rip_once():
    text = program("tests/rip/rip-bench")
    got = {}
    for name, pattern, unit in (
            ("rip.learn", r"learning .*?: ([\d.]+) ms", "ms"),
            ("rip.interval", r"steady interval of 30 s: ([\d.]+) ms", "ms"),
            ("rip.memory", r"octets, (\d+) a route", "octets/route"),
            ("rip.die", r"tenth of the spokes dies: ([\d.]+) ms", "ms")):
        found = re.search(pattern, text)
        if found:
            got[f"{name}.10000"] = (float(found.group(1)), unit)
    return got


def spokes_once():
    """Real hub process, simulated spokes: 1,000 register within 0.08 s, and after its restart."""
    run = subprocess.run([os.path.join(hub.ROOT, "tests/spokes/bench"), "--short", "register"],
                         capture_output=True, text=True, check=False)
    found = re.search(r"register: (\d+) spokes in ([\d.]+) s", run.stdout)
    return {f"register.{found.group(1)}": (float(found.group(2)), "s")} if found else {}


def cpu_seconds(pid):
    """Of the control thread."""
    with open(f"/proc/{pid}/task/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e9


class Peers:
    """A hub with that many configured peers, on a port where nothing comes."""

    def __init__(self, work, n):
        folder = bench.traffic(work, bench.Case(bench.GCM, 64, n))
        self.cfg, self.socket = os.path.join(folder, "idle.cfg"), os.path.join(folder, "idle.sock")
        with open(os.path.join(folder, "hub.cfg"), encoding="utf-8") as f:
            text = f.read()
        text = re.sub(r'device = "[^"]*"', 'device = "net_null0,no-rx=1"', text, count=1)
        text = re.sub(r'control_socket = "[^"]*"', f'control_socket = "{self.socket}"', text, count=1)
        hub.write_config(self.cfg, 'idle = "pause";\n' + text)
        start = time.monotonic()
        with open(os.path.join(folder, "idle.log"), "w", encoding="utf-8") as log:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                [os.path.join(hub.BUILD, "control/dmvpn-hub"), "-c", self.cfg], stdout=log,
                stderr=log, stdin=subprocess.DEVNULL)
        while self.ctl("show", "version").returncode != 0:
            if self.process.poll() is not None or time.monotonic() - start > 120:
                self.stop()
                raise RuntimeError(f"dmvpn-hub with {n} peers does not start: {folder}/idle.log")
            time.sleep(0.02)
        self.took, self.cpu = time.monotonic() - start, cpu_seconds(self.process.pid)

    def command(self, *words):
        return [os.path.join(hub.BUILD, "tools/dmvpn-hubctl"), "-s", self.socket, *words]

    def ctl(self, *words):
        return subprocess.run(self.command(*words), capture_output=True, check=False)

    def show(self, words):
        """(rows, CPU of the control thread in seconds, the longest that another client waited)"""
        out = os.path.join(os.path.dirname(self.cfg), "shown")
        cpu, waited = cpu_seconds(self.process.pid), []
        with open(out, "wb") as f, subprocess.Popen(self.command(*words), stdout=f) as shower:
            while shower.poll() is None:
                asked = time.monotonic()
                self.ctl("show", "version")
                waited.append(time.monotonic() - asked)
        with open(out, "rb") as f:
            rows = sum(1 for _ in f)
        return rows, cpu_seconds(self.process.pid) - cpu, max(waited, default=0)

    def stop(self):
        if self.process.poll() is None:
            self.ctl("shutdown")
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def peers(results, work, n):
    """Start-up and `show` with n peers."""
    there = Peers(work, n)
    try:
        results.add(f"start.{n}", there.took, "s")
        results.add(f"start_cpu.{n}", there.cpu, "s")
        for words in TABLES:
            name = "_".join(words)
            rows, cpu, waited = there.show(words)
            results.add(f"{name}.{n}.rows", rows, "rows")
            results.add(f"{name}.{n}.cpu", cpu * 1e3, "ms")
            # The control thread works on so many rows at a time, and looks at all else between.
            results.add(f"{name}.{n}.step", cpu * 1e3 / max(1, rows / STEP_ROWS), "ms")
            results.add(f"{name}.{n}.others_wait", waited * 1e3, "ms")
    finally:
        there.stop()


def parts(quick):
    """(what, how) of each part."""
    n = 1000 if quick else 100000
    return [("nhrp", lambda results, work: take_runs(results, [nhrp_once() for _ in range(3)])),
            ("rip", lambda results, work: take_runs(results, [rip_once() for _ in range(3)])),
            ("spokes", lambda results, work: take_runs(results, [spokes_once()])),
            (f"{n} peers", lambda results, work: peers(results, work, n))]
