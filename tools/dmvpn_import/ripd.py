# SPDX-License-Identifier: BSD-3-Clause
"""ripd.conf of Quagga and FRR."""
import re
from dataclasses import dataclass, field

from .remarks import read_lines

# Of the daemon itself.
IDLE = ("hostname", "password", "enable", "log", "line", "service", "debug", "!", "exec-timeout",
        "frr", "end", "exit", "no debug", "banner")
SOURCES = {"connected": "connected", "static": "static", "nhrp": "nhrp"}


@dataclass
class Interface:
    split_horizon: str = None
    passive: bool = False
    auth_mode: str = None
    auth_key: str = None
    receive_v1: bool = False


@dataclass
class Rip:
    networks: list = field(default_factory=list)
    neighbors: list = field(default_factory=list)
    timers: tuple = None
    redistribute: list = field(default_factory=list)
    default_information: bool = False
    distance: int = None
    ecmp: int = None
    passive_default: bool = False
    interfaces: dict = field(default_factory=dict)

    def interface(self, name):
        return self.interfaces.setdefault(name, Interface())


ROUTER = [
    (r"version 2", lambda rip, m: None),
    (r"network (\S+)", lambda rip, m: rip.networks.append(m[1])),
    (r"neighbor (\S+)", lambda rip, m: rip.neighbors.append(m[1])),
    (r"timers basic (\d+) (\d+) (\d+)", lambda rip, m: setattr(
        rip, "timers", (int(m[1]), int(m[2]), int(m[3])))),
    (r"redistribute (connected|static|nhrp)(?: metric (\d+))?", lambda rip, m:
        rip.redistribute.append((SOURCES[m[1]], m[2]))),
    (r"default-information originate", lambda rip, m: setattr(rip, "default_information", True)),
    (r"distance (\d+)", lambda rip, m: setattr(rip, "distance", int(m[1]))),
    (r"allow-ecmp(?: (\d+))?", lambda rip, m: setattr(rip, "ecmp", int(m[1] or 8))),
    (r"passive-interface default", lambda rip, m: setattr(rip, "passive_default", True)),
    (r"passive-interface (\S+)", lambda rip, m: setattr(rip.interface(m[1]), "passive", True)),
    (r"no passive-interface (\S+)", lambda rip, m: setattr(rip.interface(m[1]), "passive", False)),
]

INTERFACE = [
    (r"no ip rip split-horizon(?: poisoned-reverse)?", lambda i, m: setattr(
        i, "split_horizon", "simple" if "poisoned" in m[0] else "off")),
    (r"ip rip split-horizon poisoned-reverse", lambda i, m: setattr(
        i, "split_horizon", "poisoned")),
    (r"ip rip split-horizon", lambda i, m: setattr(i, "split_horizon", "simple")),
    (r"ip rip authentication mode (text|md5)(?: auth-length (?:rfc|old-ripd))?", lambda i, m:
        setattr(i, "auth_mode", m[1])),
    (r"ip rip authentication string (.+)", lambda i, m: setattr(i, "auth_key", m[1])),
    (r"ip rip receive version (?:1 2|2 1|1)", lambda i, m: setattr(i, "receive_v1", True)),
    (r"ip rip (?:send|receive) version 2", lambda i, m: None),
    (r"no multicast|multicast|link-detect|no link-detect", lambda i, m: None),
]


def _apply(table, target, text):
    for pattern, act in table:
        match = re.fullmatch(pattern, text)
        if match:
            act(target, match)
            return True
    return False


def parse(path, remarks):
    """None if RIP does not run."""
    rip, runs, block = Rip(), False, None
    for where, line in read_lines(path):
        text = " ".join(line.split())
        words = text.split()
        shown = "(not shown)" if "password" in text or "string" in text else text
        if not text or text.startswith(("!", "#")) and "specify" not in text:
            continue
        if words[:2] == ["router", "rip"]:
            runs, block = True, ("router", rip)
        elif words[0] == "interface" and len(words) == 2:
            block = ("interface", rip.interface(words[1]))
        elif words[0] in IDLE or " ".join(words[:2]) in IDLE:
            block = None if words[0] == "line" else block
        elif block and _apply(ROUTER if block[0] == "router" else INTERFACE, block[1], text):
            continue
        else:
            remarks.lost(where, shown, "the hub has nothing for it, or has it in other words: see "
                         "rip in the configuration")
    return rip if runs else None
