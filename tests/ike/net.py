# SPDX-License-Identifier: BSD-3-Clause
"""The network and the hub of tests/ike/run and of the quick start, in namespaces of this run alone.

    hub ----+                192.0.2.1, the hub's; its kernel has no address there
    a, b ---+ wan (bridge)   192.0.2.11, .12; h, another hub, .13
    nat ----+                192.0.2.20, masquerades 172.16.9.0/24
     +- c, d                 172.16.9.13, .14

Which of a, b, h, c and d are there, and with them nat, the caller says.
"""
import json
import os
import shutil
import subprocess
import time

ADDRESS = {"a": "192.0.2.11", "b": "192.0.2.12", "h": "192.0.2.13", "c": "172.16.9.13", "d": "172.16.9.14"}


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


class Network:
    def __init__(self, spokes="abhcd"):
        self.prefix = f"dmvpn-ike-{os.getpid()}"
        self.public = [name for name in spokes if name in "abh"]
        self.behind = [name for name in spokes if name in "cd"]
        self.names = ["wan", "hub", *spokes] + (["nat"] if self.behind else [])

    def ns(self, name):
        return f"{self.prefix}-{name}"

    def at(self, name, *words):
        return run("ip", "netns", "exec", self.ns(name), *words)

    def ip(self, name, line):
        return run("ip", "-n", self.ns(name), *line.split())

    def cable(self, one, device, other, far):
        self.ip(one, f"link add {device} type veth peer name {far} netns {self.ns(other)}")
        for name, dev in ((one, device), (other, far)):
            # What a kernel sends must be whole on the wire.
            self.at(name, "ethtool", "-K", dev, "tx", "off", "tso", "off", "gso", "off", "gro",
                    "off")
            self.ip(name, f"link set {dev} up")

    def bridge(self, name):
        self.ip(name, "link add br0 type bridge stp_state 0 forward_delay 0")
        self.ip(name, "link set br0 up")

    def create(self):
        for name in self.names:
            run("ip", "netns", "add", self.ns(name))
            self.at(name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1",
                    "net.ipv6.conf.all.disable_ipv6=1")
            self.ip(name, "link set lo up")
        self.bridge("wan")
        self.ip("wan", "address add 192.0.2.254/24 dev br0")
        for name in self.names[1:]:
            if name in self.behind:
                continue
            self.cable("wan", f"to-{name}", name, "wan0" if name == "hub" else "eth0")
            self.ip("wan", f"link set to-{name} master br0")
        for name in self.public:
            self.ip(name, f"address add {ADDRESS[name]}/24 dev eth0")
        if self.behind:
            self.create_nat()
        for name in self.public + self.behind:
            # This kernel may know ESP, or not; either way it must not answer.
            subprocess.run(
                ["ip", "netns", "exec", self.ns(name), "nft", "add table ip mute; add chain ip mute "
                 "in { type filter hook input priority -300; }; add rule ip mute in meta l4proto "
                 "esp drop"], check=False, capture_output=True)

    def create_nat(self):
        self.bridge("nat")
        self.ip("nat", "address add 172.16.9.1/24 dev br0")
        self.ip("nat", "address add 192.0.2.20/24 dev eth0")
        self.at("nat", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for name in self.behind:
            self.cable("nat", f"to-{name}", name, "eth0")
            self.ip("nat", f"link set to-{name} master br0")
            self.ip(name, f"address add {ADDRESS[name]}/24 dev eth0")
            self.ip(name, "route add default via 172.16.9.1")
        self.masquerade()

    def masquerade(self, base=None):
        """Ports of c and d at the NAT box; a base moves them."""
        rules = ""
        for i, name in enumerate("cd"):
            if base:
                rules += (f"ip saddr {ADDRESS[name]} udp sport 4500 "
                          f"snat to 192.0.2.20:{base + i}\n")
        subprocess.run(["ip", "netns", "exec", self.ns("nat"), "nft", "-f", "-"], check=True,
                       text=True, input=f"""table ip nat
delete table ip nat
table ip nat {{
    chain post {{
        type nat hook postrouting priority srcnat;
        {rules}
        oifname eth0 masquerade
    }}
    chain in {{
        type filter hook input priority filter;
        iifname eth0 meta l4proto udp drop
    }}
}}
""")
        subprocess.run(["ip", "netns", "exec", self.ns("nat"), "conntrack", "-F"], check=False,
                       capture_output=True)

    def destroy(self):
        for name in self.names:
            if not os.path.exists(f"/run/netns/{self.ns(name)}"):
                continue
            for pid in run("ip", "netns", "pids", self.ns(name)).split():
                try:
                    os.kill(int(pid), 9)
                except ProcessLookupError:
                    pass
            subprocess.run(["ip", "netns", "del", self.ns(name)], check=False)


class Hub:
    def __init__(self, net, build, folder, run, plugin, ike, tunnel=""):
        """folder is for logs; run for the hub's sockets and charon, whose user may not get to where
        this tree is. A hub that starts its charon has no more privileges than it."""
        self.net, self.build, self.folder = net, build, folder
        self.ike, self.socket = f"{run}/ike", f"{run}/control.sock"
        self.options = ["--user", "nobody"] if plugin else []
        if plugin:
            shutil.chown(run, "nobody")
        self.process = None
        mode = f'plugin = "{plugin}";' if plugin else 'mode = "external";'
        with open(f"{folder}/hub.cfg", "w", encoding="utf-8") as f:
            os.chmod(f.fileno(), 0o600)
            f.write(f"""
eal = [ "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf" ];
mbufs = 8192;
control_socket = "{self.socket}";
ports = ( {{ name = "wan0"; device = "net_af_packet0,iface=wan0";
  addresses = [ "192.0.2.1/24" ]; gateway = "192.0.2.254"; }} );
tunnels = ( {{ name = "tun0"; address = "10.255.0.1/24"; nbma = "192.0.2.1"; key = 42; {tunnel} }} );
ike = {{ {mode} directory = "{self.ike}"; {ike} }};
""")

    def start(self):
        log = open(f"{self.folder}/hub.log", "a", encoding="utf-8")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.net.ns("hub"), f"{self.build}/control/dmvpn-hub", "-c",
             f"{self.folder}/hub.cfg", *self.options], stdout=log, stderr=log)

    def ask(self, command):
        done = subprocess.run(
            [f"{self.build}/tools/dmvpn-hubctl", "-s", self.socket,
             *command.split(), "json"], capture_output=True, text=True, check=False)
        try:
            return json.loads(done.stdout).get("data") or []
        except ValueError:
            return []

    def text(self, command):
        return subprocess.run(
            [f"{self.build}/tools/dmvpn-hubctl", "-s", self.socket,
             *command.split()], capture_output=True, text=True, check=False).stdout

    def logged(self, words):
        with open(f"{self.folder}/hub.log", encoding="utf-8", errors="replace") as f:
            return words in f.read()

    def kill(self):
        """Without a chance to say goodbye."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is None:
            return 0
        self.text("shutdown")
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()
