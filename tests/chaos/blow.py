# SPDX-License-Identifier: BSD-3-Clause
"""What is done to a running network. A blow takes its parameters from a random generator alone, so
that a seed repeats it; it strikes, and then mends what would not mend by itself. Whoever sets
`planted` gets one that cannot be recovered from until it is mended: checks must see that.

Each kind has `within`: the seconds until everybody must be back after mend()."""
import os
import signal
import time

import hub
import world as w


class Blow:
    within = 15
    planted = False
    gap = None          # seconds, where it is not that of the simulated traffic

    def __init__(self, random, n):
        self.n = n
        self.draw(random)

    def draw(self, random):
        """Parameters."""

    def some(self, random, most):
        """A few simulated spokes, next to each other."""
        first = random.randint(1, self.n)
        self.first, self.last = first, min(self.n, first + random.randint(0, most - 1))
        self.range = f"{self.first}-{self.last}"

    def revive(self, world):
        world.must(do="up", spokes=self.range)
        world.send(range(self.first, self.last + 1))

    def says(self):
        return ""

    def strike(self, world):
        raise NotImplementedError

    def mend(self, world):
        """Nothing, as a rule."""

    def check(self, _world):
        """What only this kind leaves behind. Returns complaints."""
        return []


class HubKilled(Blow):
    """kill -9 of the hub, and started again with what its keeper kept"""
    how = signal.SIGKILL

    def draw(self, random):
        self.wait = random.choice([0, 0, random.uniform(0, 1)])

    def says(self):
        return f"{self.how.name}, started {self.wait:.1f} s later"

    def strike(self, world):
        world.hub.stop_hub(self.how)
        time.sleep(self.wait)

    def mend(self, world):
        world.hub.start_hub()

    def check(self, world):
        again = world.counter("registered", "nhrp", "stats")
        return [f"{again} spokes registered again"] if again else []


class HubRestarted(HubKilled):
    """the hub is ended by its service manager, and started again"""
    how = signal.SIGTERM


class HubFrozen(Blow):
    """the hub's process stands still, and finds a later time when it goes on"""

    def draw(self, random):
        self.seconds = random.uniform(0.5, 4)

    def says(self):
        return f"{self.seconds:.1f} s"

    def strike(self, world):
        world.hub.daemon.send_signal(signal.SIGSTOP)
        time.sleep(self.seconds)

    def mend(self, world):
        world.hub.daemon.send_signal(signal.SIGCONT)


class SpokesDead(Blow):
    """simulated spokes fall silent, and come back"""

    def draw(self, random):
        self.some(random, 15)
        self.seconds = random.uniform(0, 2)

    def says(self):
        return f"{self.range} for {self.seconds:.1f} s"

    def strike(self, world):
        world.must(do="die", spokes=self.range)
        time.sleep(self.seconds)

    def mend(self, world):
        self.revive(world)


class SpokesLeave(SpokesDead):
    """simulated spokes take their registration back, and come again"""

    def strike(self, world):
        world.must(do="leave", spokes=self.range)
        time.sleep(self.seconds)


class SpokesMove(Blow):
    """NATs give simulated spokes, and a charon's, other addresses and ports"""
    ports = 5000

    def draw(self, random):
        self.some(random, 15)

    def says(self):
        return f"{self.range} and c"

    def strike(self, world):
        SpokesMove.ports += 2
        world.must(do="move", spokes=self.range)
        world.bridge.masquerade(base=SpokesMove.ports)
        if self.planted:
            world.must(do="die", spokes=self.range)

    def mend(self, world):
        if self.planted:
            self.revive(world)
        # The NAT is open for those only who have sent.
        world.forward("c", "a", self.within)


class WireBad(Blow):
    """packets are lost, damaged, sent twice, overtaken, sent again much later"""

    def draw(self, random):
        self.seconds = random.uniform(2, 4)
        self.permille = {kind: random.choice([10, 50, 200]) for kind in (
            "drop", "corrupt", "duplicate", "reorder", "replay")}
        self.seed = random.randint(1, 1 << 30)

    def says(self):
        return ", ".join(f"{kind} {n / 10:g} %" for kind, n in self.permille.items()) + \
            f" for {self.seconds:.1f} s"

    def errors(self, world):
        rows = world.ask("show", "ipsec", "sa")
        return {kind: sum(r[kind] for r in rows) for kind in ("auth_errors", "replay_errors")}

    def strike(self, world):
        self.before = self.errors(world)
        world.must(do="wire", seed=self.seed, **self.permille)
        time.sleep(self.seconds)

    def mend(self, world):
        world.must(do="wire")

    def check(self, world):
        after = self.errors(world)
        return [f"the hub counted no {kind}" for kind in after if after[kind] <= self.before[kind]]


class Flood(Blow):
    """a flood of packets and registrations fills all rings while the hub stands still"""

    def draw(self, random):
        self.rate = random.choice([20000, 100000])
        self.size = random.choice([100, 1400])
        self.seconds = random.uniform(0.3, 2)
        self.kind = random.choice(["flood", "garbage", "extensions", "loop"])

    def says(self):
        return (f"{self.rate} packets/s of {self.size} octets, 2000 of {self.kind}, "
                f"{self.seconds:.1f} s")

    def strike(self, world):
        a, b = w.FLOWS + 1, w.FLOWS + 2
        self.lost = world.hub.report()["traffic"]["lost"]
        world.must(do="send", spokes=a, to=b, rate=self.rate, size=self.size)
        world.must(do="abuse", spokes=b, to=a, kind=self.kind, count=2000)
        world.hub.daemon.send_signal(signal.SIGSTOP)
        time.sleep(self.seconds)

    def mend(self, world):
        world.hub.daemon.send_signal(signal.SIGCONT)
        world.must(do="wait", seconds=0.2)
        world.must(do="stop", spokes=w.FLOWS + 1)

    def check(self, world):
        lost = world.hub.report()["traffic"]["lost"] - self.lost
        return [] if lost else ["no ring was full"]


class PortStopped(Blow):
    """the port is stopped, and started"""

    def draw(self, random):
        self.seconds = random.uniform(0.1, 2)

    def says(self):
        return f"{self.seconds:.1f} s"

    def strike(self, world):
        world.command("port", "stop", "all")
        time.sleep(self.seconds)

    def mend(self, world):
        world.command("port", "start", "all")


class Reloaded(Blow):
    """the file gets a spoke more, and loses it again"""

    def draw(self, random):
        self.number = random.randint(2, 250)

    def says(self):
        return f"192.0.2.{self.number}"

    def strike(self, world):
        self.text = world.config_text()
        peer = f'peers = ( {{ address = "172.31.0.{self.number}"; nbma = "203.0.113.{self.number}"; }},'
        self.reload(world, self.text.replace("peers = (", peer, 1), "done")

    def mend(self, world):
        self.reload(world, self.text, "done")

    def reload(self, world, text, expected):
        hub.write_config(world.hub.cfg + ".new", text)
        os.replace(world.hub.cfg + ".new", world.hub.cfg)
        self.hang_up(world, expected)

    def hang_up(self, world, expected):
        before = world.ask("show", "reload")
        world.hub.daemon.send_signal(signal.SIGHUP)

        def done():
            now = world.ask("show", "reload")
            return now["applied"] + now["refused"] > before["applied"] + before["refused"] and now
        now = world.wait("the reload", done)
        if now["state"] != expected:
            raise AssertionError(f"reload is {now}, expected {expected}")


class ReloadWrong(Reloaded):
    """the file is wrong, and mended"""

    def draw(self, random):
        self.wrong = random.choice([("peers = (", "peers = ( { nbma = 7; },"),
                                    ("ports = (", "ports = ( ("), ("key = 42", "key = -3"),
                                    ("mtu = 1400", "mtu = 99999")])

    def says(self):
        return self.wrong[1]

    def strike(self, world):
        self.text = world.config_text()
        self.reload(world, self.text.replace(*self.wrong, 1), "refused")


class ReloadWritten(Reloaded):
    """the file is read while an editor still writes it"""

    def draw(self, random):
        self.part = random.random()

    def says(self):
        return f"{self.part * 100:.0f} % of it are there"

    def strike(self, world):
        self.text = world.config_text()
        self.editor = open(world.hub.cfg, "w", encoding="utf-8")
        self.editor.write(self.text[:int(len(self.text) * self.part)])
        self.editor.flush()
        self.hang_up(world, "refused")

    def mend(self, world):
        self.editor.write(self.text[int(len(self.text) * self.part):])
        self.editor.close()
        self.hang_up(world, "done")


class ClockStepped(Blow):
    """the wall clock of the hub and of its charon is set, and set back"""

    def draw(self, random):
        self.step = random.choice([-1, 1]) * random.choice([70, 3600, 86400, 10 * 365 * 86400])
        self.seconds = random.uniform(0.5, 2)

    def says(self):
        return f"by {self.step:+} s for {self.seconds:.1f} s"

    def counts(self, world):
        """What timers end. A spoke that lives keeps all of it."""
        rows = world.ask("show", "ipsec", "sa")
        return {"leases": world.counter("leases", "nhrp", "stats"),
                "routes by RIP": len([r for r in world.ask("show", "rip", "routes")
                                      if not r["lost"]]),
                "SAs": len([r for r in rows if r["state"] == "current"])}

    def strike(self, world):
        before = self.counts(world)
        if self.planted:    # as if timers went by it
            world.skew(self.step, abs(self.step))
            return
        world.skew(self.step)
        off = world.hub_time() - time.time()
        if abs(off - self.step) > 30:
            raise AssertionError(f"the hub's wall clock is off by {off:.0f} s")
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            fell = {k: (before[k], n) for k, n in self.counts(world).items() if n < before[k]}
            if fell:
                raise AssertionError(f"with the clock fell {fell}")

    def mend(self, world):
        if not self.planted:
            world.skew(0)
            return
        world.skew(0, abs(self.step))       # it never goes back
        world.must(do="die")
        world.must(do="up")
        world.send(range(1, self.n + 1))
        for name in w.CHARONS:
            world.start_spoke(name)


KINDS = [HubKilled, HubRestarted, HubFrozen, SpokesDead, SpokesLeave, SpokesMove, WireBad, Flood,
         PortStopped, ClockStepped, Reloaded, ReloadWrong, ReloadWritten]
