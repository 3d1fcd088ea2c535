# SPDX-License-Identifier: BSD-3-Clause
"""What is done to IKE: to charons, to the plugin's sockets, to the datagrams of an exchange."""
import signal
import time

import net
import world as w
from blow import Blow
from datagrams import BadWire


def bad_wire(world, name, **how):
    return BadWire(world.bridge, name, net.ADDRESS[name], w.HUB, **how)


def spis(world, name):
    """Of the SAs that the hub sends to this spoke by."""
    return {r["spi"] for r in world.ask("show", "ipsec", "sa") if r["state"] == "current" and
            r["peer"] == w.CHARONS[name] and r["direction"] == "out"}


class CharonKilled(Blow):
    """kill -9 of the hub's charon; ESP goes on; spokes agree with the next one"""

    def draw(self, random):
        self.name = random.choice("abc")

    def says(self):
        return f"{self.name} is the first to begin anew"

    def strike(self, world):
        world.charon.kill()
        world.charon.wait()
        self.at = time.monotonic()
        if not self.planted:
            for one, other in ("ab", "bc", "ca"):
                world.forward(one, other, self.within)

    def mend(self, world):
        self.at = time.monotonic()
        world.start_charon()
        world.wait("the next charon", world.charon_connected)
        self.gap = time.monotonic() - self.at
        for name in sorted(w.CHARONS, key=lambda n: n != self.name):
            world.start_spoke(name)


class SpokeKilled(Blow):
    """kill -9 of a spoke's charon with all it knew; it begins anew"""

    def draw(self, random):
        self.name = random.choice("abc")

    def says(self):
        return self.name

    def strike(self, world):
        world.charons[self.name].kill(signal.SIGKILL)
        world.charons[self.name].sas_in.clear()

    def mend(self, world):
        self.gap = world.start_spoke(self.name)


class IkeWireBad(Blow):
    """a spoke agrees anew, or renews, while its IKE is lost, damaged, sent twice, overtaken"""
    within = 30

    def draw(self, random):
        self.name = random.choice("ab")
        self.anew = random.choice([True, False])
        self.permille = {kind: random.choice([50, 150, 300]) for kind in (
            "drop", "corrupt", "duplicate", "reorder")}
        self.seconds = random.uniform(2, 4)
        self.seed = random.randint(1, 1 << 30)

    def says(self):
        return f"{self.name} {'anew' if self.anew else 'renews'}, " + ", ".join(
            f"{kind} {n / 10:g} %" for kind, n in self.permille.items())

    def strike(self, world):
        self.old = spis(world, self.name)
        if self.planted:
            self.permille, self.anew = {"drop": 1000}, True
        self.wire = bad_wire(world, self.name, permille=self.permille, seed=self.seed)
        if not self.anew:
            world.charons[self.name].rekey()
            world.command("rekey", "ipsec", "sa", "peer", w.CHARONS[self.name])
            world.serve(self.seconds)
            return
        world.charons[self.name].kill(signal.SIGKILL)
        world.charons[self.name].sas_in.clear()
        if not self.planted:
            # Who is told no by what was damaged, or heard nothing for long, begins once more.
            self.gap = world.start_spoke(self.name, tries=5)

    def mend(self, world):
        self.wire.close()
        if self.planted:
            world.start_spoke(self.name)
        elif not self.anew:
            began = time.monotonic()
            world.wait(f"new keys of {self.name}", lambda: spis(world, self.name) - self.old,
                       self.within)
            self.gap = time.monotonic() - began

    def check(self, _world):
        return [] if self.wire.count else ["no datagram of IKE passed"]


class KeysRenewed(Blow):
    """a spoke's keys are renewed, by the spoke, by the hub, by both at once"""

    def draw(self, random):
        self.name = random.choice("abc")
        self.by = random.choice(["spoke", "hub", "both"])

    def says(self):
        return f"of {self.name} by {self.by}"

    def strike(self, world):
        self.old = spis(world, self.name)
        if self.planted:
            world.charons[self.name].sas_in.clear()
            return
        if self.by != "hub":
            world.charons[self.name].rekey()
        if self.by != "spoke":
            world.command("rekey", "ipsec", "sa", "peer", w.CHARONS[self.name])

    def mend(self, world):
        if self.planted:
            world.start_spoke(self.name)
        world.wait(f"new keys of {self.name}", lambda: spis(world, self.name) - self.old)


class PluginCut(Blow):
    """the sockets between hub and charon are cut; both agree again on every SA"""

    def draw(self, random):
        self.which = random.choice([["sa"], ["ike"], ["sa", "ike"]])
        self.times = random.choice([1, 1, 5])

    def says(self):
        return f"{' and '.join(self.which)}, {self.times} times"

    def keys(self, world):
        return {(r["spi"], r["direction"]) for r in world.ask("show", "ipsec", "sa")
                if r["keys"] != "manual" and r["state"] == "current"}

    def strike(self, world):
        self.before = self.keys(world)
        if self.planted:
            world.charon.send_signal(signal.SIGSTOP)
            self.which, self.times = ["sa"], 1
        for i in range(self.times):
            if i > 0:
                world.wait("new sockets", self.others)
            self.at = time.monotonic()
            self.others = world.cut(self.which)

    def mend(self, world):
        if self.planted:
            world.charon.send_signal(signal.SIGCONT)
        world.wait("new sockets", self.others)
        world.wait("the hub's charon", world.charon_connected)
        self.gap = time.monotonic() - self.at

    def check(self, world):
        """Inbound SAs that were renewed before may have come to their end meanwhile."""
        now = self.keys(world)
        wrong = {k for k in now ^ self.before if k[1] == "out" or k in now}
        return [f"SAs were {self.before}, and are {now}"] if wrong else []


class ExchangeBroken(Blow):
    """hub, its charon or their sockets die with the n-th datagram of a spoke's agreement"""

    def draw(self, random):
        self.name = random.choice("ab")
        self.who = random.choice(["hub", "charon", "sockets"])
        self.n = random.randint(1, 4 if self.name == "a" else 9)

    def says(self):
        return f"{self.who}, {self.n}. of {self.name}"

    def die(self, world):
        if self.who == "hub":
            world.hub.stop_hub(signal.SIGKILL)
        elif self.who == "charon":
            world.charon.kill()
            world.charon.wait()
        else:
            world.cut(["sa", "ike"])

    def strike(self, world):
        if self.planted:
            self.who = "charon"
            self.die(world)
            return
        broken = []

        def seen(number):
            if number == self.n:
                self.die(world)
                broken.append(number)
        wire = bad_wire(world, self.name, seen=seen)
        world.begin_spoke(self.name)
        world.wait(f"datagram {self.n}", lambda: broken)
        wire.close()

    def mend(self, world):
        began = time.monotonic()
        if self.who == "hub":
            world.hub.start_hub()
        elif self.who == "charon":
            world.start_charon()
        world.wait("the hub's charon", world.charon_connected)
        # Who does not know that it is over begins once more.
        for name in w.CHARONS if self.who == "charon" else self.name:
            world.start_spoke(name)
        self.gap = time.monotonic() - began


KINDS = [CharonKilled, SpokeKilled, IkeWireBad, KeysRenewed, PluginCut, ExchangeBroken]
