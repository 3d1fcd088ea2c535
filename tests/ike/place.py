# SPDX-License-Identifier: BSD-3-Clause
"""A place where IKE happens: a network, a hub in it, and spokes; and what cases do with them."""
import os
import shutil
import subprocess
import tempfile
import time
import traceback

from net import ADDRESS, Hub, Network
from charon import IP, Spoke, wait

from scapy.layers.inet import ICMP
from scapy.packet import Raw

NUMBER = {"a": 11, "b": 12, "c": 13, "d": 14, "h": 15}
SECRET = {name: f"the key of {name}, not a short one" for name in NUMBER}
SECRET["e"] = "what everybody else has"

IKE = """certificates = { certificate = "%(pki)s/hub.pem"; key = "%(pki)s/hub.key";
    ca = [ "%(pki)s/ca.pem" ]; };
  include = "%(pki)s/own.conf";
  dpd = 2; lifetimes = { megabytes = 1; }; aggressive = true; proposals = [ "modern", "cisco", "cisco-legacy" ];
  esp = [ "modern", "cisco", "cisco-legacy" ];
  psk = (
  { id = "a.example"; secret = "%(a)s"; tunnel_address = "10.255.0.11"; },
  { address = "192.0.2.12"; secret = "%(b)s"; tunnel_address = "10.255.0.12"; },
  { address = "192.0.2.13"; secret = "%(h)s"; },
  { id = "c.example"; secret = "%(c)s"; tunnel_address = "10.255.0.13"; },
  { id = "d.example"; secret = "%(d)s"; tunnel_address = "10.255.0.14"; },
  { id = "*"; secret = "%(e)s"; }
  );"""
# A proposal that no setting of the hub's has: what the user's own file says.
OWN = """connections { own {
version = 2
local_addrs = 192.0.2.1
remote_addrs = 192.0.2.12
proposals = camellia128-sha256-modp2048
unique = never
mobike = no
local { auth = psk
id = 192.0.2.1 }
remote { auth = psk }
children { own { mode = transport
local_ts = dynamic[gre]
remote_ts = dynamic[gre]
esp_proposals = aes128-sha1
policies = no } } } }
"""
# The hub registers with another one, and begins with it.
NHS = 'nhrp = { nhs = ( { address = "10.255.0.15"; nbma = "192.0.2.13"; } ); };'

# What most spokes ask for, by IKEv2 and by IKEv1. The old one's key is its address's.
MODERN = {"version": 2, "ike": "aes128-sha256-ecp256", "esp": "aes128gcm16"}
OLD = {"version": 1, "ike": "aes128-sha1-modp2048", "esp": "aes128-sha1", "local_id": "192.0.2.12"}

# Cases that do not share the hub of the others.
OWN_HUB = ("leave", "external", "external_anew")


def make_pki(folder):
    """An authority, and certificates of the hub and of a spoke by it."""
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority")
    for name, alt in (("hub", "IP:192.0.2.1"), ("a", "DNS:a.example,IP:192.0.2.11,IP:10.255.0.11")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        with open(f"{folder}/ext", "w", encoding="utf-8") as f:
            f.write(f"subjectAltName = {alt}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days",
                "2", "-extfile", "ext", "-out", f"{name}.pem")


class Place:
    def __init__(self, folder, build, plugin):
        self.folder, self.plugin = folder, plugin
        self.net = Network()
        self.run_folder = tempfile.mkdtemp(prefix="dmvpn-ike-")
        os.chmod(self.run_folder, 0o755)
        self.pki = f"{self.run_folder}/pki"
        make_pki(self.pki)
        with open(f"{self.pki}/own.conf", "w", encoding="utf-8") as f:
            f.write(OWN)
        self.ike = IKE % (SECRET | {"pki": self.pki})
        self.hub = Hub(self.net, build, folder, self.run_folder, plugin, self.ike, NHS)
        self.spokes = {}
        self.passed = self.failed = 0
        self.sent = 0

    # --- means

    def spoke(self, name, **settings):
        """A spoke with this name, up."""
        self.drop(name)
        s = Spoke(name, self.net.ns(name), ADDRESS[name], self.folder, self.plugin)
        self.spokes[name] = s
        settings.setdefault("secret", SECRET[name])
        settings.setdefault("local_id", f"{name}.example")
        s.start(**settings)
        return s

    def pair(self):
        """The two that most cases need: a and b."""
        self.spoke("a", **MODERN)
        self.spoke("b", **OLD)

    def drop(self, *names):
        for name in names or list(self.spokes):
            if name in self.spokes:
                self.spokes.pop(name).close()

    def wait(self, what, until, seconds=15):
        return wait(list(self.spokes.values()), what, until, seconds, self.folder)

    def tunnel(self, name):
        return f"10.255.0.{NUMBER[name]}"

    def peer(self, name):
        for row in self.hub.ask("show dmvpn"):
            for p in row.get("peers", [row]):
                if p.get("peer") == self.tunnel(name) or p.get("address") == self.tunnel(name):
                    return p
        return None

    def up(self, *names):
        for name in names:
            s = self.spokes[name]
            self.wait(f"{name}'s SAs", s.up, 40)

    def arrives(self, sender, receiver, inner, match):
        """Send until a matching packet is opened at the receiver; all of it bounded."""
        box = self.spokes[receiver].inner
        before = len(box)

        def there():
            self.spokes[sender].send(inner)
            return [p for _, p in box[before:] if match(p)]
        return self.wait(f"a packet {sender} -> {receiver}", there)

    def echo(self, name, ident):
        """A question of a spoke's to the hub."""
        return IP(src=self.tunnel(name), dst="10.255.0.1") / ICMP(type=8, id=ident) / Raw(b"x" * 56)

    def ping_hub(self, name):
        self.sent += 1
        ident = self.sent
        self.arrives(name, name, self.echo(name, ident), lambda p: ICMP in p and p[ICMP].type == 0
                     and p[ICMP].id == ident)

    def forward(self, one, other):
        """Spoke to spoke through the hub, opened at the other end."""
        self.sent += 1
        mark = f"packet {self.sent} {one} {other}".encode()
        inner = IP(src=self.tunnel(one), dst=self.tunnel(other), ttl=9, proto=253) / Raw(mark)
        got = self.arrives(one, other, inner, lambda p: bytes(p.payload) == mark)
        if got[0].ttl != 8:
            raise AssertionError(f"TTL {got[0].ttl}")

    def clean(self):
        """The next case begins with nothing of this one."""
        self.drop()
        self.hub.text("clear ipsec sa all")
        try:
            self.wait("the end of all SAs", lambda: not self.hub.ask("show ipsec sa"), 30)
        except TimeoutError:
            print("        SAs are left:", self.hub.ask("show ipsec sa"), flush=True)

    def check(self, name, case):
        start = time.monotonic()
        try:
            case()
            for s in self.spokes.values():
                if s.bad:
                    raise AssertionError(f"{s.name} could not open {s.bad[:3]}")
            self.passed += 1
            print(f"ok  {name} ({time.monotonic() - start:.0f} s)", flush=True)
        except Exception:  # pylint: disable=broad-except
            self.failed += 1
            print(f"FAILED: {name}\n{traceback.format_exc(limit=-3)}", flush=True)

    def sas(self, name):
        return [row for row in self.hub.ask("show ipsec sa") if row["peer"] == self.tunnel(name)]

    def current(self, name):
        return {row["direction"]: row["spi"] for row in self.sas(name) if row["state"] == "current"}

    def counter(self, name):
        return {row["name"]: row["value"] for row in self.hub.ask("show ike stats")}.get(name, 0)

    def charon(self):
        """The hub's."""
        pids = subprocess.run(["pgrep", "-P", str(self.hub.process.pid), "charon"], check=False,
                              capture_output=True, text=True).stdout.split()
        return int(pids[0]) if pids else None

    def renewed(self, name, renew):
        """The hub sends all the time, each packet by an SA that the spoke has."""
        before = self.current(name)
        renew()

        def new():
            self.ping_hub(name)
            now = self.current(name)
            return now.get("out") not in (None, before["out"])
        self.wait("new SAs", new)
        self.ping_hub(name)

    def begin(self, hub):
        """A hub with a charon of its own, ready."""
        self.hub = hub
        hub.start()
        wait([], "the hub", lambda: hub.logged("ike: charon has its settings"), 30,
             f"{self.folder}/hub.log")

    def end(self):
        self.drop()
        code = self.hub.stop()
        if code != 0:
            self.failed += 1
            print(f"FAILED: the hub ended with {code}", flush=True)

    def run(self, cases):
        """Those that share a hub, then those that have one of their own."""
        self.net.create()
        shared = [name for name in cases if name not in OWN_HUB]
        if shared or "leave" in cases:
            self.begin(self.hub)
            for name in shared:
                case = getattr(self, f"case_{name}")
                self.check(f"{name}: {case.__doc__}", case)
                self.clean()
            if "leave" in cases:
                self.check(f"leave: {self.leave.__doc__}", self.leave)
            self.end()
        for name in ("external", "external_anew"):
            if name in cases:
                case = getattr(self, name)
                self.check(f"{name}: {case.__doc__}", case)
                self.end()

    def close(self):
        self.drop()
        if self.hub.process is not None and self.hub.process.poll() is None:
            self.hub.process.kill()
        self.net.destroy()
        shutil.rmtree(self.run_folder, ignore_errors=True)
