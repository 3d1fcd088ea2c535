# SPDX-License-Identifier: BSD-3-Clause
"""Red Hat's ifcfg-* files: the GRE interface, and the ports below it."""
import ipaddress
import shlex

from .remarks import read_lines

# What says nothing to a hub without a kernel interface.
IDLE = {"BOOTPROTO": ("none", "static"), "ONBOOT": None, "NM_CONTROLLED": None, "USERCTL": None,
        "IPV6INIT": ("no",), "PEERDNS": None, "UUID": None, "NAME": None, "DEFROUTE": None,
        "IPV4_FAILURE_FATAL": None, "PROXY_METHOD": None, "BROWSER_ONLY": None}


class Interface:
    def __init__(self, path):
        self.path, self.device, self.tunnel = path, None, False
        self.addresses, self.gateway, self.mac, self.mtu = [], None, None, None
        self.key = self.ttl = self.nbma = self.vlan = None


def _address(text, length):
    return str(ipaddress.ip_interface(f"{text}/{length}" if length and "/" not in text else text))


def parse(path, remarks):
    values = {}
    for where, line in read_lines(path):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = [line]
        # "KEY=#ChooseYours#" is what a template has: not a comment, but no value either.
        if len(words) == 1 and words[0].endswith("=") and "#" in line:
            words = [line.strip()]
        for word in words:
            name, sign, value = word.partition("=")
            if not sign:
                remarks.lost(where, word, "expected NAME=VALUE")
            else:
                values[name] = (where, value)
    iface = Interface(path)

    def take(name):
        return values.pop(name, (None, ""))[1]

    iface.device = take("DEVICE") or path.rsplit("ifcfg-", maxsplit=1)[-1]
    kind = values.pop("TYPE", ("", "Ethernet"))
    iface.tunnel = kind[1].upper() == "GRE"
    iface.mtu = take("MTU") or None
    if iface.tunnel:
        _tunnel(iface, values, take, remarks)
    else:
        if kind[1].lower() not in ("ethernet", "vlan"):
            remarks.lost(kind[0], f"TYPE={kind[1]}", "expected GRE or Ethernet")
        _port(iface, take, remarks)
    for name, (where, value) in values.items():
        if name in IDLE and (IDLE[name] is None or value.lower() in IDLE[name]):
            continue
        remarks.lost(where, f"{name}={value}", "the hub has nothing for it")
    return iface


def _tunnel(iface, values, take, remarks):
    inner = values.pop("MY_INNER_IPADDR", None)
    if inner is None:
        remarks.lost(iface.path, "MY_INNER_IPADDR", "a tunnel without an address")
    else:
        try:
            iface.addresses = [_address(inner[1], take("PREFIX") or take("NETMASK") or None)]
        except ValueError:
            remarks.lost(inner[0], f"MY_INNER_IPADDR={inner[1]}", "no address")
    iface.nbma = take("MY_OUTER_IPADDR") or None
    for name in ("KEY", "TTL"):
        where, value = values.pop(name, (None, ""))
        if value and not value.replace(".", "").isdigit() and not value.startswith("0x"):
            remarks.lost(where, f"{name}={value}", "no number: put yours in its place")
        elif value:
            setattr(iface, name.lower(), value)
    peer = values.pop("PEER_OUTER_IPADDR", None)
    if peer:
        remarks.lost(peer[0], f"PEER_OUTER_IPADDR={peer[1]}",
                     "a tunnel to one peer; the hub's are multipoint")


def _port(iface, take, remarks):
    for suffix in [""] + [str(n) for n in range(10)]:
        address = take("IPADDR" + suffix)
        length = take("PREFIX" + suffix) or take("NETMASK" + suffix)
        if not address:
            continue
        try:
            iface.addresses.append(_address(address, length))
        except ValueError:
            remarks.lost(iface.path, f"IPADDR{suffix}={address}/{length}", "no address")
    iface.gateway = take("GATEWAY") or None
    iface.mac = take("HWADDR") or take("MACADDR") or None
    if take("VLAN").lower() == "yes" and "." in iface.device:
        iface.vlan = iface.device.rsplit(".", 1)[1]
