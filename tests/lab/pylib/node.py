# SPDX-License-Identifier: BSD-3-Clause
"""Nodes of a network that are guests: spokes, and the kernel hub. Their configuration files are
those of ../spoke and ../kernel-hub with this network's values filled in."""
import hashlib
import os
import shutil
import string
from dataclasses import dataclass

import network
from guest import Guest, GuestError

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))
NEWER_FRR = os.path.join(ROOT, "build-test", "newer-frr")
MODULES = ("tunnel4 ip_tunnel gre ip_gre dummy xfrm_algo xfrm_user esp4 af_key hmac cbc ctr "
           "des_generic ghash-generic gcm drbg authenc echainiv seqiv nfnetlink_log x_tables "
           "ip_tables iptable_filter xt_NFLOG xt_hashlimit")


@dataclass(frozen=True)
class Network:
    """What scenarios that share a boot have in common."""
    # pylint: disable=too-many-instance-attributes
    spokes: int = 2
    hubs: int = 1
    keying: str = "ike"           # or "manual": every pair of nodes has its SAs from the start
    ike_version: int = 1
    ike_external: bool = False    # the hub's IKE daemon is no child of it
    aggressive: bool = False
    ike_proposal: str = "aes128-sha1-modp1024"
    esp_proposal: str = "aes128-sha1"
    rekey: int = 3600             # seconds
    nat: tuple = ()               # (spoke, place of its NAT gateway)...
    nhrp: str = "frr"             # the spokes' daemon; "opennhrp"; "newer-frr", of Debian 13
    nhrp_secret: str = ""         # the hub's,
    secrets: tuple = ()           # and its spokes': (spoke, secret)...
    holding_time: int = 60
    unique: bool = False
    shortcut: bool = False
    redirect: bool = True
    multicast: bool = True        # the hub's `multicast dynamic`
    gre_options: str = ""         # the spokes' `ip link add type gre` has these words too
    gre_checksum: bool = False    # the hub's
    log_keys: bool = False        # every node keeps its SAs with their keys, and what passes gre1
    imported: bool = False        # the hub has what dmvpn-import makes of the seed's files

    psk = "mosquito-lantern-7"
    tunnel_mtu = 1400

    def nat_place(self, spoke):
        return dict(self.nat).get(spoke)


class Name:
    """Addresses of a node: hub N or spoke N. Each hub has a tunnel of its own, all spokes are in
    each."""

    def __init__(self, net, role, number):
        self.net, self.role, self.number = net, role, number
        self.name = f"{role}{number}"
        host = number if role == "hub" else 10 + number
        self.place = net.nat_place(number) if role == "spoke" else None
        self.cloud = number if role == "hub" else 1
        self.tunnel = self.tunnel_of(self.cloud)
        self.gre_key = 41 + self.cloud
        self.nbma = f"198.51.100.{host}" if self.place else f"192.0.2.{host}"
        self.public = f"192.0.2.{100 + self.place}" if self.place else self.nbma
        lan = 0 if role == "hub" else number
        self.lan = f"10.1.{lan}.{number if role == 'hub' else 1}"
        self.lan_net = f"10.1.{lan}.0/24"
        self.mac = f"02:00:5e:00:0{'0' if role == 'hub' else '1'}:{number:02x}"

    def tunnel_of(self, hub):
        """Its address in the tunnel of hub N."""
        return f"10.254.{255 - hub}.{1 if self.role == 'hub' else 10 + self.number}"


def octets(label, n):
    """A key that depends on a label only, for manual keying: public, and good for tests alone."""
    return hashlib.shake_256(label.encode()).digest(n).hex()


def manual_sa(source, target):
    """(SPI, key of aes128gcm16 with its salt) of what one node sends another."""
    def code(name):
        return (0 if name.role == "hub" else 16) + name.number
    return 0x5a000000 | code(source) << 8 | code(target), \
        octets(f"{source.name}>{target.name}", 20)


def xfrm(own, others):
    """What `ip -batch` makes a kernel's manual keying of. GRE to nobody in it is refused."""
    lines = ["xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 proto gre dir out action block "
             "priority 100000"]
    for other in others:
        for direction, source, target in (("out", own, other), ("in", other, own)):
            spi, key = manual_sa(source, target)
            pair = f"src {source.nbma} dst {target.nbma}"
            lines.append(f"xfrm state add {pair} proto esp spi {spi:#x} mode transport "
                         f"replay-window 32 aead rfc4106(gcm(aes)) 0x{key} 128")
            lines.append(f"xfrm policy add {pair} proto gre dir {direction} "
                         f"tmpl {pair} proto esp mode transport level required")
    return "\n".join(lines) + "\n"


def _values(net, own):
    """What stands for ${...} in configuration files."""
    secret = net.nhrp_secret if own.role == "hub" else dict(net.secrets).get(own.number)
    return {
        "name": own.name, "nbma": own.nbma, "hub_nbma": "192.0.2.1",
        "ike_version": net.ike_version, "aggressive": "yes" if net.aggressive else "no",
        "ike_proposal": net.ike_proposal, "esp_proposal": net.esp_proposal,
        "rekey": net.rekey, "psk": net.psk,
        "lan_net": own.lan_net, "secret": secret, "if_secret": "" if secret else "! ",
        "holding_time": net.holding_time,
        "unless_unique": "! " if net.unique else "",
        "if_shortcut": "" if net.shortcut else "! ",
        "if_multicast": "" if net.multicast else "! ",
        "if_two_hubs": "" if net.hubs > 1 else "! ",
    }


class Node(Guest):
    """A spoke, or the kernel hub. `nodes` are the names of all."""

    def __init__(self, work, net, own, nodes, **variables):
        self.net, self.own, self.nodes, self.variables = net, own, nodes, variables
        nics = [(f"t-{own.name}", own.mac)]
        if own.role == "hub":
            nics.append((f"l-{own.name}", f"02:00:5e:00:02:{own.number:02x}"))
        super().__init__(work, own.name, nics, os.path.join(work, f"{own.name}.conf"))

    def plug(self):
        """Its taps, where the network has it."""
        place = self.own.place
        network.tap(self.nics[0][0], f"br-nat{place}" if place else "br0")
        if self.own.role == "hub":
            network.tap(self.nics[1][0], "br1")

    def start(self):
        self.write_config()
        super().start()

    def write_config(self):
        own, net = self.own, self.net
        values = _values(net, own)
        folder = os.path.join(HERE, "kernel-hub" if own.role == "hub" else "spoke")
        os.makedirs(self.files, exist_ok=True)
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                self._write(name, string.Template(f.read()).substitute(values))
        others = [n for n in self.nodes if n is not own]
        self._write("xfrm", xfrm(own, others))
        self._write("node.env", self._environment(others))

    def _write(self, name, text):
        with open(os.path.join(self.files, name), "w", encoding="utf-8") as f:
            f.write(text)

    def _environment(self, others):
        own, net = self.own, self.net
        variables = {
            "NODE": own.name, "ROLE": own.role, "NBMA": own.nbma,
            "GATEWAY": "198.51.100.1" if own.place else "", "UNDERLAY_MTU": 1500,
            "LAN": own.lan, "TUNNELS": " ".join(self._tunnels(others)),
            "TUNNEL_MTU": net.tunnel_mtu, "GRE_OPTIONS": net.gre_options, "KEYING": net.keying,
            "MODULES": MODULES,
            "NHRP": "frr" if own.role == "hub" and net.nhrp == "opennhrp" else net.nhrp,
            "NEWER_FRR": NEWER_FRR, "LOG_KEYS": "yes" if net.log_keys else "",
        }
        variables.update(self.variables)
        return "".join(f'{name}="{value}"\n' for name, value in variables.items())

    def _tunnels(self, others):
        """DEVICE,KEY,ADDRESS,PEER... of each."""
        known = [n for n in others if n.role != self.own.role]
        if self.own.role == "hub":
            return [",".join(["gre1", str(self.own.gre_key), self.own.tunnel] +
                             [n.tunnel_of(self.own.number) for n in known])]
        return [f"gre{hub.number},{hub.gre_key},{self.own.tunnel_of(hub.number)},{hub.tunnel}"
                for hub in known]

    def save(self, folder):
        """Configuration, console and logs, as far as it still answers."""
        out = os.path.join(folder, self.own.name)
        shutil.copytree(self.files, out, dirs_exist_ok=True)
        if self.process and self.process.poll() is None and self.is_ready():
            try:
                self.run("cp /run/*.out /run/charon.log /var/log/frr/*.log /io/log/; "
                         "ip route > /io/log/routes; ip -s neigh > /io/log/neigh; "
                         "cat /proc/net/xfrm_stat > /io/log/xfrm_stat; ip xfrm state > /io/log/sas; "
                         "vtysh -c 'show ip nhrp cache' -c 'show ip rip' > /io/log/frr", limit=10)
            except GuestError:
                pass
        for name in os.listdir(self.io + "/log"):
            shutil.copy(os.path.join(self.io, "log", name), out)
        shutil.copy(os.path.join(self.io, "console.log"), out)
