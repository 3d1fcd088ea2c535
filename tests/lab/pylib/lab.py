# SPDX-License-Identifier: BSD-3-Clause
"""A network of guests and a hub that is up, and what scenarios ask of it."""
import os
import re
import shutil
import subprocess
import sys
import time

import capture
import guest
import network
from dmvpn_hub import DmvpnHub
from kernel_hub import KernelHub
from node import Name, Node

HUBS = {"kernel": KernelHub, "dmvpn": DmvpnHub}
PATIENCE = 120  # seconds for anything that is waited for: far more than it takes


class Failed(Exception):
    """A check failed without which a scenario cannot go on."""


class Lab:
    """One boot. report(record) takes the results."""
    # pylint: disable=too-many-instance-attributes

    def __init__(self, work, net, kind, report):
        self.work, self.net, self.kind, self.report = work, net, kind, report
        self.scenario = None
        self.failed = 0
        names = [Name(net, "hub", n + 1) for n in range(net.hubs)] + \
                [Name(net, "spoke", n + 1) for n in range(net.spokes)]
        self.hubs = [HUBS[kind](work, net, n, names) for n in names if n.role == "hub"]
        self.spokes = {n.number: Node(work, net, n, names) for n in names if n.role == "spoke"}
        self.hub = self.hubs[0]
        self.capture = None
        self.searched = 0

    def up(self):
        network.create()
        for place in sorted({place for _, place in self.net.nat}):
            network.nat(place)
        guest.prepare(self.work)
        self.capture = capture.Capture(os.path.join(self.work, "bridge.pcap"))
        everybody = self.hubs + list(self.spokes.values())
        for node in everybody:
            node.plug()
        for node in everybody:
            node.start()
        for node in everybody:
            node.wait_ready()

    def down(self):
        for node in self.spokes.values():
            node.kill()
        for hub in self.hubs:
            hub.stop()

    def save(self, folder):
        """What happened, for whoever looks why something failed."""
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for node in self.hubs + list(self.spokes.values()):
            try:
                node.save(folder)
            except (OSError, guest.GuestError) as why:
                print(f"{node.own.name}: {why}", file=sys.stderr, flush=True)
        shutil.copy(self.capture.path, folder)
        with open(os.path.join(folder, "keys.txt"), "w", encoding="utf-8") as f:
            f.write(self.keys())

    def keys(self):
        """Every SA there is, as the kernel that has it says."""
        said = []
        for node in self.spokes.values():
            try:
                said.append(f"## {node.own.name}\n" + node.say("ip xfrm state", limit=5))
            except guest.GuestError:
                pass
        return "".join(said)

    # --- results ---------------------------------------------------------------------------

    def _result(self, name, ok, note, began):
        spent = time.monotonic() - began
        if not ok:
            self.failed += 1
        self.report({"scenario": self.scenario, "check": name, "ok": ok, "note": note,
                     "seconds": round(spent, 2)})

    def check(self, name, ok, note=""):
        """ok may be a function, whose value then is the note if it is true."""
        began = time.monotonic()
        if callable(ok):
            ok = ok()
            note = note or (ok if isinstance(ok, str) else "")
        self._result(name, bool(ok), str(note), began)
        return ok

    def wait(self, name, done, limit=PATIENCE, why=None):
        """done() comes true in time, or the scenario ends here. Returns the seconds it took; why()
        says what stands in the way."""
        began = time.monotonic()
        while not done():
            if time.monotonic() - began > limit:
                self._result(name, False, f"not within {limit} s" + (f": {why()}" if why else ""),
                             began)
                raise Failed(name)
            time.sleep(0.2)
        self._result(name, True, "", began)
        return time.monotonic() - began

    def figure(self, name, seconds):
        """How long something took, for the table."""
        self.report({"scenario": self.scenario, "figure": name, "seconds": round(seconds, 2)})

    def skip(self, name, why):
        self.report({"scenario": self.scenario, "check": name, "ok": None, "note": why,
                     "seconds": 0})

    def nothing_in_clear(self, when="", lost=0):
        """All that passed the bridge since this was last asked. There must be ESP of everybody, and
        the capture must have lost nothing, or it says little."""
        began = time.monotonic()
        n, esp, found = capture.search(self.capture.path)
        new = found[self.searched:]
        self.searched = len(found)
        silent = [node.own.name for node in self.hubs + list(self.spokes.values())
                  if not esp[node.own.public]]
        new += [f"no ESP of {', '.join(silent)}"] if silent else []
        new += [f"the capture lost {lost} packets"] if lost else []
        self._result(f"nothing in clear on the bridge{when}", not new,
                     f"{n} frames, {esp.total()} of them ESP" + "".join(
                         f"\n        | {what}" for what in new[:5]) +
                     (f"\n        | and {len(new) - 5} more" if len(new) > 5 else ""), began)

    # --- what scenarios ask ----------------------------------------------------------------

    def ping(self, spoke, address, count=1, size=56, more=""):
        """Answers' TTLs; pings carry what no frame on the bridge may show."""
        node = self.spokes[spoke]
        said = node.say(f"ping -n -c {count} -i 0.2 -W 2 -s {size} -p {capture.MARK.hex()} {more} "
                        f"-I {node.own.lan} {address}", limit=count + 20)
        return [int(line.split("ttl=")[1].split()[0]) for line in said.splitlines()
                if "bytes from" in line and "ttl=" in line]

    def lost_sizes(self, spoke, address, sizes, more=""):
        """Of IPv4 packets of these sizes, those that are not answered: a ping each, and a second one,
        for the machine may have been busy."""
        return self._lost(spoke, address, self._lost(spoke, address, sizes, more), more)

    def _lost(self, spoke, address, sizes, more):
        node = self.spokes[spoke]
        return node.say(
            f"for size in {' '.join(map(str, sizes))}; do ping -n -c 1 -W 2 -s $((size - 28)) "
            f"-p {capture.MARK.hex()} {more} -I {node.own.lan} {address} > /dev/null 2>&1 || "
            "echo $size; done", limit=2 * len(sizes) + 20).split()

    def reaches(self, spoke, address, ttl=None):
        got = self.ping(spoke, address)
        return bool(got) and (ttl is None or got[0] == ttl)

    def host_reaches(self, address):
        """From the host in the hub's LAN."""
        run = subprocess.run(network.inside(
            "lan", "ping", "-n", "-c", "1", "-W", "2", "-p", capture.MARK.hex(), address),
            capture_output=True, check=False)
        return run.returncode == 0

    def at_host(self, command):
        """What a command says at the host in the hub's LAN."""
        run = subprocess.run(network.inside("lan", "sh", "-c", command), capture_output=True,
                             text=True, check=False, timeout=90)
        return run.stdout + run.stderr

    def route(self, spoke, prefix):
        """The spoke's kernel's next hop for a prefix, or None."""
        words = self.spokes[spoke].say(f"ip route show {prefix}").split()
        return words[words.index("via") + 1] if "via" in words else None

    def nhrp_peers(self, spoke):
        """{tunnel address: type} of the spoke's NHRP cache."""
        node = self.spokes[spoke]
        if self.net.nhrp != "opennhrp":
            rows = [line.split() for line in
                    node.say("vtysh -c 'show ip nhrp cache'").splitlines()]
            return {row[2]: row[1] for row in rows if len(row) > 2 and row[0].startswith("gre")}
        said = node.say("opennhrpctl -a /run/opennhrp.sock show")
        hub = self.hub.own.tunnel
        return {hub: "nhs"} if f"{hub}/" in said and " up" in said else {}

    def registered(self, spoke):
        return self.nhrp_peers(spoke).get(self.hub.own.tunnel) == "nhs"

    def come_up(self):
        """Every spoke registers and learns every LAN: what each scenario begins with."""
        for n in self.spokes:
            self.wait(f"spoke {n} is registered", lambda n=n: self.registered(n))
        for n, node in self.spokes.items():
            for prefix in [self.hub.own.lan_net] + \
                    [o.own.lan_net for o in self.spokes.values() if o is not node]:
                self.wait(f"spoke {n} has RIP's route to {prefix}",
                          lambda n=n, prefix=prefix: self.route(n, prefix))

    def carries(self, tcp=True):
        """Hosts behind all spokes and the hub reach each other by way of the hub."""
        for a in self.spokes:
            for b, other in self.spokes.items():
                if a != b:
                    self.wait(f"spoke {a} reaches spoke {b}'s host by way of the hub",
                              lambda a=a, other=other: self.reaches(a, other.own.lan, ttl=63))
        for n, node in self.spokes.items():
            self.wait(f"spoke {n} reaches the host in the hub's LAN",
                      lambda n=n: self.reaches(n, network.LAN_HOST, ttl=63))
            self.wait(f"the host in the hub's LAN reaches spoke {n}'s",
                      lambda node=node: self.host_reaches(node.own.lan))
        if tcp:
            numbers = list(self.spokes)
            for a, b in ((numbers[0], numbers[-1]), (numbers[-1], numbers[0])):
                self.check(f"TCP from spoke {a} to {b}", *self.tcp(a, b))

    def first_packet(self, spoke=1):
        """From the spoke's first IKE message to its first packet that the hub forwarded."""
        self.wait(f"spoke {spoke} reaches the host in the hub's LAN",
                  lambda: self.reaches(spoke, network.LAN_HOST))
        self.figure("IKE start to first forwarded packet", time.time() - capture.first_ike(
            self.capture.path, self.spokes[spoke].own.public))

    def multicast_heard(self, spoke):
        """Multicast packets that came to a spoke by its tunnels."""
        said = self.spokes[spoke].say("iptables-legacy -xvnL INPUT")
        return int(next(line.split()[0] for line in said.splitlines() if "224.0.0.0/4" in line))

    def rip_next_hops(self, spoke, prefix):
        """Next hops in the entries that came for a prefix, as they were in the packets."""
        said = self.spokes[spoke].say(f"grep -o '{prefix} -> [0-9.]*' /var/log/frr/ripd.log")
        return {line.split()[-1] for line in said.splitlines()}

    def child_spis(self, spoke):
        """SPIs of the SAs that a spoke has with the hub."""
        said = self.spokes[spoke].say("ip xfrm state").split("src ")
        hub, own = self.hub.own.nbma, self.spokes[spoke].own.nbma
        return {block.split("spi ")[1].split()[0] for block in said
                if block.startswith((f"{own} dst {hub}", f"{hub} dst {own}")) and "spi" in block}

    def ike_sas(self, spoke):
        """Numbers of the IKE SAs that a spoke has with the hub."""
        return set(re.findall(r"^hub: #(\d+), ESTABLISHED", self.spokes[spoke].say(
            "swanctl --list-sas --ike hub"), re.M))

    def _iperf(self, target, client, megabytes):
        node = self.spokes[target]
        server = node.begin(f"iperf3 -s -1 -B {node.own.lan}", limit=60)
        ready = time.monotonic() + 10
        while ":5201" not in node.say("ss -Hltn") and time.monotonic() < ready:
            time.sleep(0.1)
        said = client(f"iperf3 -f m -n {megabytes}M -c {node.own.lan}")
        node.say("pkill iperf3")
        node.end(server)
        rate = [line.split() for line in said.splitlines() if "receiver" in line]
        if rate:
            return float(rate[0][-3]) > 0, " ".join(rate[0][-3:-1])
        return False, said.strip()[-200:]

    def tcp(self, source, target, megabytes=2):
        """iperf3 between hosts behind two spokes: (good, rate or what it said)."""
        node = self.spokes[source]
        return self._iperf(target, lambda command: node.say(f"{command} -B {node.own.lan}"),
                           megabytes)

    def tcp_from_host(self, target, megabytes=2):
        """The same from the host in the hub's LAN."""
        return self._iperf(target, lambda command: self.at_host(f"timeout 60 {command}"), megabytes)
