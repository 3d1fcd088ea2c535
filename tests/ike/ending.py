# SPDX-License-Identifier: BSD-3-Clause
"""Cases: spokes, the hub and its charon end, or are killed, and come back."""
import os
import signal

import charon_unit
from charon import wait
from net import Hub
from place import MODERN, OLD, SECRET


class Ending:
    def case_killed(self):
        """the hub's charon is killed: traffic goes on, it comes back, a spoke agrees anew"""
        self.pair()
        self.up("a", "b")
        old, starts = self.charon(), self.counter("starts")
        os.kill(old, signal.SIGKILL)
        self.wait("its end", lambda: self.charon() != old)
        self.forward("a", "b")
        self.forward("b", "a")
        self.wait("the next one", lambda: self.counter("starts") > starts
                  and self.counter("connected") == 1, 40)
        self.forward("a", "b")
        self.spoke("a", **MODERN)
        self.up("a")
        self.forward("a", "b")
        self.forward("b", "a")
        if {row["keys"] for row in self.sas("a")} != {"ike", "orphan"}:
            raise AssertionError(self.sas("a"))

    def external_charon(self):
        """charon as a unit of its own would run it, with the hub's files."""
        log = open(f"{self.folder}/external.log", "a", encoding="utf-8")
        return charon_unit.start(self.hub.ike, log)

    def settled(self):
        return self.counter("connected") == 1 and len(self.sas("a")) == 2 \
            and len(self.sas("b")) == 2

    def external(self):
        """charon is not the hub's child; the hub is killed, and is back: the SAs there are go on"""
        self.external_with(True)

    def external_anew(self):
        """the same, but what the hub had kept is gone too: what charon knows must do"""
        self.external_with(False)

    def external_with(self, state):
        self.hub = Hub(self.net, self.hub.build, self.folder, self.run_folder, None, self.ike)
        self.hub.start()
        charon = self.external_charon()
        try:
            wait([], "charon", lambda: self.counter("connected") == 1, 30, self.folder)
            self.pair()
            self.up("a", "b")
            self.forward("a", "b")
            self.forward("b", "a")
            self.wait("numbers to be kept", lambda: all(
                row["sequence_kept"] > 0 for n in "ab" for row in self.sas(n)))
            before = {row["spi"]: row["sequence"] for n in "ab" for row in self.sas(n)}
            self.hub.kill()
            if not state:
                os.unlink(f"{self.hub.socket}.state")
            self.hub.start()
            if state:
                self.wait("SAs at once", lambda: set(before) == {
                    row["spi"] for n in "ab" for row in self.sas(n)}, 3)
            self.wait("the same SAs in the new hub", self.settled, 40)
            if {row["spi"] for n in "ab" for row in self.sas(n)} != set(before):
                raise AssertionError("other SAs")
            for row in self.sas("a") + self.sas("b"):
                if (state or row["direction"] == "out") and row["sequence"] < before[row["spi"]] + (
                        0 if state else 1000000):
                    raise AssertionError(f"numbers are used again: {row}")
            self.forward("a", "b")
            self.forward("b", "a")
            if state:
                wait([], "charon again", lambda: self.counter("connected") == 1, 30, self.folder)
                self.wait("an agreement", lambda: self.hub.logged("agreed with charon on 4 SAs, 0"))
                # Nothing is renewed for it: they have all their time left.
                late = [r for n in "ab" for r in self.sas(n) if r["soft_left"] is None]
                if late or {row["spi"] for n in "ab" for row in self.sas(n)} != set(before):
                    raise AssertionError("SAs are renewed")
                return
            # And the hub renews what it only knows by hearsay.
            self.wait("a's new SAs", lambda: not set(before) & set(self.current("a").values()), 45)
            self.forward("a", "b")
            # Both at once: nothing is left, and the spokes begin anew.
            self.hub.kill()
            charon.kill()
            charon.wait()
            self.hub.start()
            charon = self.external_charon()
            wait([], "charon", lambda: self.counter("connected") == 1, 30, self.folder)
            self.pair()
            self.up("a", "b")
            self.forward("a", "b")
        finally:
            self.drop()
            charon.terminate()
            charon.wait(timeout=20)

    def leave(self):
        """the hub ends: all spokes are told at once"""
        self.pair()
        self.up("a", "b")
        self.hub.text("shutdown")
        self.wait("the end of the spokes' SAs", lambda: not any(
            s.sas_in for s in self.spokes.values()), 5)

    def case_dead(self):
        """a spoke that is gone without a word"""
        for version in (2, 1):
            self.spoke("b", **OLD | {"version": version})
            self.up("b")
            self.ping_hub("b")
            self.spokes["b"].kill(signal.SIGKILL)
            self.wait("the hub to notice", lambda: not self.sas("b"), 40)

    def case_delete(self):
        """SAs end with the spoke's delete, and with the hub's `clear`"""
        for version in (2, 1):
            self.spoke("b", **OLD | {"version": version})
            self.up("b")
            self.ping_hub("b")
            self.spokes["b"].swanctl("--terminate", "--ike", "hub", "--timeout", "-1")
            self.wait("the end of the SAs", lambda: not self.sas("b"))
            self.spoke("b", **OLD | {"version": version})
            self.up("b")
            self.ping_hub("b")
            self.hub.text("clear ipsec sa peer 10.255.0.12")
            self.wait("the end of the hub's SAs", lambda: not self.sas("b"))
            self.wait("the end of the spoke's SAs", lambda: not self.spokes["b"].sas_in)

    def case_contact(self):
        """a spoke is killed and is back at once; two sites under one name do not hurt each other"""
        for version in (2, 1):
            how = OLD | {"version": version}
            self.spoke("b", **how)
            self.up("b")
            old = self.current("b")
            self.spoke("b", **how)
            self.up("b")
            self.ping_hub("b")
            self.spokes["b"].bad.clear()  # what still came by the old SA until the hub had the new
            self.ping_hub("b")
            if self.current("b")["out"] == old["out"]:
                raise AssertionError("the old SA is used")
        # One identity, one key, another port of the same NAT, and INITIAL-CONTACT from both.
        for name in "cd":
            self.spoke(name, **MODERN, local_id="e.example", secret=SECRET["e"])
            self.up(name)
        self.wait("both", lambda: sum(row["identity"] == "e.example" and row["sas"] == 2
                                      for row in self.hub.ask("show ike sa")) == 2)
