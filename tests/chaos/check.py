# SPDX-License-Identifier: BSD-3-Clause
"""What must hold after a blow: everybody is back in time, nothing was seen or taken that must not
be, and nothing is left over."""
import os
import time

import world as w
from spokes import resident_kb

EMPTY_PCAP = 24         # octets of a capture with no packet in it
BUFFERS = 256           # that may be on their way
GROWN_KB = 32 << 10     # of one process: buffers used for the first time are memory then


class Checks:
    def __init__(self, world):
        self.world = world
        self.resident = {}  # of a process, when it was first looked at

    def converged(self, seconds):
        """Wait for it. Raises what is missing."""
        world, end = self.world, time.monotonic() + seconds

        def left():
            return max(0.1, end - time.monotonic())

        for step in ({"expect": "registered"}, {"expect": "received", "spokes": f"1-{w.FLOWS}",
                                                "count": 5}):
            result = world.hub.step(**step, within=left())
            if not result["ok"]:
                raise AssertionError(f"{step['expect']}: {result['detail']}")
        for one, other in ("ab", "bc", "ca"):
            world.forward(one, other, left())
        world.wait("the hub's charon", world.charon_connected, left())
        world.wait("the last file to run", lambda: (world.ask("show", "reload") or {}).get("state")
                   in ("none", "done"), left())
        for what, count, expected in self.counts():
            try:
                world.wait(what, lambda c=count, e=expected: e(c()), left())
            except TimeoutError as late:
                raise AssertionError(f"{what}: {count()}") from late
        while not self.lossless():
            if time.monotonic() > end:
                raise AssertionError("traffic goes on losing packets")

    def lossless(self):
        """Half a second without a loss."""
        world = self.world
        before = world.hub.report()["traffic"]["lost"]
        arrive = world.hub.step(expect="received", spokes=f"1-{w.FLOWS}", count=w.RATE // 2,
                                within=5)
        return arrive["ok"] and world.hub.report()["traffic"]["lost"] == before

    def counts(self):
        """What there is of things, and how many there may be."""
        world, n = self.world, self.world.n

        def sas():
            return len([r for r in world.ask("show", "ipsec", "sa") or []
                        if r["keys"] == "manual"])

        def current():
            rows = [r for r in world.ask("show", "ipsec", "sa") or [] if r["keys"] != "manual"]
            return sorted({r["peer"] + r["direction"] for r in rows if r["state"] == "current"})

        def left_over():
            return len([r for r in world.ask("show", "ipsec", "sa") or []
                        if r["keys"] != "manual" and r["state"] != "current"])

        def in_use(name):
            return lambda: sum(r["in_use"] for r in world.ask("show", "mempool") or []
                               if r["name"] == name)
        yield "leases", lambda: world.counter("leases", "nhrp", "stats"), lambda c: c == n + 3
        yield "peers", lambda: len(world.ask("show", "dmvpn") or []), lambda c: c == n + 3
        yield "SAs with manual keys", sas, lambda c: c == 2 * n
        yield "SAs in use by IKE", current, lambda c: c == sorted(
            a + d for a in w.CHARONS.values() for d in ("in", "out"))
        yield "other SAs by IKE", left_over, lambda c: c <= 6 * 6
        for name in ("packets", "control"):
            yield f"buffers of {name}", in_use(name), lambda c: c <= BUFFERS

    def complaints(self):
        """What was wrong at any time so far."""
        world, said = self.world, []
        faults = {k: v for k, v in world.hub.report()["faults"].items() if v}
        if faults:
            said.append(f"simulated spokes saw {faults}")
        for s in world.charons.values():
            # The hub may not know yet that a spoke has deleted an SA.
            bad = [b for b in s.bad if "no such SA" not in b[1]]
            if bad:
                said.append(f"{s.name} could not open {bad[:2]}")
        if world.listener.poll() is not None:
            said.append("nobody listens on the wire")
        if os.path.getsize(f"{world.folder}/clear.pcap") != EMPTY_PCAP:
            said.append(f"clear packets on the wire: {world.folder}/clear.pcap")
        for name, pid in (("hub", world.hub.daemon.pid), ("charon", world.charon.pid)):
            now = resident_kb(pid)
            grown = now - self.resident.setdefault(pid, now)
            if grown > GROWN_KB:
                said.append(f"the {name} took {grown} kB more memory")
        return said
