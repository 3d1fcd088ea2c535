# SPDX-License-Identifier: BSD-3-Clause
"""What chaos comes over: the hub and its charon, many simulated spokes with manual keys behind NATs,
and three that have their keys by charons of their own, one of them behind a NAT; all on one bridge
(tests/ike/net.py), where somebody listens for what is not encrypted."""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import charon_unit
import hub
import net
import spokes
from charon import IP, Spoke, sockets, wait
from place import MODERN, OLD
from scapy.packet import Raw
from scapy.utils import rdpcap

RATE, FLOWS = 50, 12    # packets a second of each of so many simulated spokes, to the next one
PATIENCE = 30
HUB = "192.0.2.1"
HUB_TUNNEL = "172.31.255.254"
CHARONS = {"a": "172.30.0.11", "b": "172.30.0.12", "c": "172.30.0.13"}
SECRET = {name: f"the key of {name}, not a short one" for name in CHARONS}
IKE = {"a": MODERN, "b": OLD, "c": MODERN | {"esp": "aes256gcm16"}}
# From the hub's cable: neither ESP, in UDP or not, nor IKE, nor ARP.
CLEAR = ("inbound and not arp and not (ip proto 50) and not (udp src port 4500) and "
         "not (udp src port 500) and not icmp")


class Simulated(spokes.Network):
    """pylib's network on a bridge in place of memif's cable."""

    def __init__(self, bridge, skew, *args, **kwargs):
        self.bridge, self.skew = bridge, skew
        super().__init__(*args, **kwargs)

    def device(self, end):
        return "net_af_packet0,iface=" + ("wan0" if end == "hub" else "eth0")

    def inside(self, end):
        return ["ip", "netns", "exec", self.bridge.ns("hub" if end == "hub" else "s"),
                *(["env", f"LD_PRELOAD={self.skew}/skew.so", f"SKEW={self.skew}/skew"]
                  if end == "hub" else [])]

    def cable_is_there(self):
        return True


class World:
    def __init__(self, folder, n, plugin):
        self.folder, self.n, self.plugin = folder, n, plugin
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.run_folder = tempfile.mkdtemp(prefix="dmvpn-chaos-")
        os.chmod(self.run_folder, 0o755)
        self.bridge = net.Network("abcs")
        self.hub = self.charon = self.listener = None
        self.charons = {}
        self.marks = 0
        self.log = open(f"{folder}/charon.log", "w", encoding="utf-8")

    # --- the hub

    def config(self, text):
        """Of dmvpn-capgen, with IKE besides."""
        keys = ",\n".join(
            f'  {{ {"address" if name == "b" else "id"} = '
            f'"{"192.0.2.12" if name == "b" else name + ".example"}"; '
            f'secret = "{SECRET[name]}"; tunnel_address = "{address}"; }}'
            for name, address in CHARONS.items())
        text = re.sub(r'\n\tmac = .*\n\tneighbors = .*', "", text)
        return text + f"""
mbufs = 16384;
ike = {{ mode = "external"; directory = "{self.run_folder}/ike"; plugin = "{self.plugin}";
  proposals = [ "modern", "cisco" ]; esp = [ "modern", "cisco" ]; lifetimes = {{ esp = 3600; }};
  psk = (
{keys} ); }};
peers_max = {self.n + 100};
"""

    def ask(self, *words):
        return self.hub.ask(*words)

    def command(self, *words):
        """One that answers with nothing."""
        subprocess.run([spokes.CTL, "-s", self.hub.socket, *words], check=True, capture_output=True)

    def config_text(self):
        with open(self.hub.cfg, encoding="utf-8") as f:
            return f.read()

    def counter(self, name, *words):
        return {row["name"]: row.get("value", row.get("count")) for row in
                self.ask("show", *words) or []}.get(name, 0)

    def start_charon(self):
        self.charon = charon_unit.start(f"{self.run_folder}/ike", self.log, self.plugin,
                                        f"{self.run_folder}/skew.so",
                                        SKEW=f"{self.run_folder}/skew")

    def plugin_sockets(self, cut=()):
        """Of the hub's charon, by name ("sa", "ike"), their inodes. Those to be cut are, for both
        ends."""
        there = {}
        for s in sockets(self.charon.pid):
            try:
                path = s.getpeername() if s.family == socket.AF_UNIX else ""
            except OSError:     # it has none, or has none any more
                continue
            name = os.path.basename(str(path)).removesuffix(".sock")
            if name in ("sa", "ike"):
                there[name] = os.fstat(s.fileno()).st_ino
            if name in cut:
                s.shutdown(socket.SHUT_RDWR)
        return there

    def cut(self, names):
        """Returns a function that says whether there are others now."""
        old = self.plugin_sockets(names)

        def others():
            now = self.plugin_sockets()
            return now.keys() == {"sa", "ike"} and all(now[n] != old.get(n) for n in names)
        return others

    def skew(self, wall=0, others=0):
        """Of the hub's and its charon's clocks, in seconds (skew.c)."""
        fd = os.open(f"{self.run_folder}/skew", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(fd, struct.pack("=qq", wall, others))
        os.close(fd)

    def hub_time(self):
        """Its wall clock, by the time that it gives a packet now."""
        self.marks += 1
        path = f"{self.folder}/clock{self.marks}.pcapng"
        self.command("capture", "start", path, "outer", "count", "1")
        self.wait("a captured packet", lambda: not self.ask("show", "capture")["running"])
        return float(rdpcap(path)[0].time)

    def charon_connected(self):
        return self.counter("connected", "ike", "stats") == 1

    # --- all of it

    def start(self):
        self.bridge.create()
        # The simulator is the gateway.
        self.bridge.ip("wan", "address del 192.0.2.254/24 dev br0")
        self.skew()
        shutil.copy(os.path.join(hub.BUILD, "tests/chaos/skew.so"), self.run_folder)
        self.hub = Simulated(self.bridge, self.run_folder, f"{self.folder}/hub", self.n, "--nat",
                             edit=self.config, settings={"holding": 600, "rip": 5})
        self.listen()
        self.start_charon()
        self.must(do="up", seconds=1)
        self.must(expect="registered", within=PATIENCE)
        self.must(expect="route", spokes=f"1-{FLOWS}", to=f"1-{FLOWS}", within=PATIENCE)
        self.send(range(1, FLOWS + 1))
        self.wait("the hub's charon", self.charon_connected)
        for name in CHARONS:
            self.start_spoke(name)

    def send(self, numbers):
        """Their traffic, which ends with a spoke."""
        for i in numbers:
            if i <= FLOWS:
                self.must(do="send", spokes=i, to=i % FLOWS + 1, rate=RATE)

    def must(self, **step):
        result = self.hub.step(**step)
        if not result["ok"]:
            raise RuntimeError(f"{step}: {result['detail']}")

    def listen(self):
        """Whatever is not encrypted goes into a file, which stays empty."""
        self.listener = subprocess.Popen(
            ["ip", "netns", "exec", self.bridge.ns("wan"), "tcpdump", "-i", "to-hub", "-U", "-w",
             f"{self.folder}/clear.pcap", CLEAR], stderr=self.log)
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(f"{self.folder}/clear.pcap"):
            if self.listener.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"tcpdump does not listen; see {self.folder}/charon.log")
            time.sleep(0.02)

    def destroy(self):
        for s in self.charons.values():
            s.close()
        if self.hub is not None:
            self.hub.kill()
        for process in (self.charon, self.listener):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        self.log.close()
        self.bridge.destroy()
        shutil.rmtree(self.run_folder, ignore_errors=True)

    # --- spokes with a charon

    def wait(self, what, until, seconds=PATIENCE):
        return wait(list(self.charons.values()), what, until, seconds, self.folder)

    def serve(self, seconds):
        """Spokes' charons get their answers meanwhile."""
        end = time.monotonic() + seconds
        self.wait("the time", lambda: time.monotonic() > end, seconds + 1)

    def begin_spoke(self, name):
        """Kill it if it runs, and begin anew."""
        if name in self.charons:
            self.charons.pop(name).close()
        s = Spoke(name, self.bridge.ns(name), net.ADDRESS[name], self.folder, self.plugin)
        self.charons[name] = s
        s.start(**({"secret": SECRET[name], "local_id": f"{name}.example"} | IKE[name]))
        return s

    def start_spoke(self, name, tries=1):
        """Returns the seconds until it had keys and a lease again."""
        began = time.monotonic()
        for left in reversed(range(tries)):
            s = self.begin_spoke(name)
            try:
                self.wait(f"keys of {name}", s.up, PATIENCE / tries)
                break
            except TimeoutError:
                if not left:
                    raise
        self.register(name)
        return time.monotonic() - began

    def register(self, name):
        s = self.charons[name]
        self.marks += 1
        number = self.marks
        asked = 0

        def there():
            nonlocal asked
            if time.monotonic() - asked > 0.5:
                asked = time.monotonic()
                s.register(CHARONS[name], HUB_TUNNEL, number)
            return s.registered(number)
        self.wait(f"{name}'s registration", there)

    def forward(self, one, other, seconds):
        """Send from one to the other until a packet is opened there, whole."""
        self.marks += 1
        mark = f"packet {self.marks} {one} {other}".encode()
        inner = IP(src=CHARONS[one], dst=CHARONS[other], ttl=9, proto=253) / Raw(mark)
        box = self.charons[other].inner
        box.clear()

        def there():
            self.charons[one].send(inner)
            return [p for _, p in box if bytes(p.payload) == mark]
        got = self.wait(f"a packet {one} -> {other}", there, seconds)
        if got[0].ttl != 8:
            raise AssertionError(f"TTL {got[0].ttl}")
        for name, s in self.charons.items():
            if name != other and any(bytes(p.payload) == mark for _, p in s.inner):
                raise AssertionError(f"{name} got what was for {other}")
