# SPDX-License-Identifier: BSD-3-Clause
"""The lab's network, and the addresses in it.

    br0, 192.0.2.0/24 (underlay)          hubs .1 and .2, spoke N .(10+N)
     +- NAT gateway of place P            outside .(100+P), inside 198.51.100.1; spokes there .(10+N)
    10.254.254.0/24 (tunnel of hub 1)     hub .1, spoke N .(10+N); GRE key 42
    10.254.253.0/24 (tunnel of hub 2)     the same; GRE key 43
    10.1.N.0/24 (LANs)                    spoke N .1; the hub's is 10.1.0.0/24 with a host .10
"""
import subprocess

LAN_HOST = "10.1.0.10"


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def inside(namespace, *words):
    return ["ip", "netns", "exec", namespace, *words]


def _plain(namespace, *devices):
    """What leaves a device must be whole frames with whole checksums: a peer may read them with a
    packet socket."""
    prefix = inside(namespace) if namespace else []
    for device in devices:
        subprocess.run([*prefix, "ethtool", "-K", device, "tx", "off", "rx", "off", "tso", "off",
                        "gso", "off", "gro", "off"], check=False, capture_output=True)
        run(*prefix, "ip", "link", "set", device, "up")


def _namespace(name):
    run("ip", "netns", "add", name)
    run(*inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                "net.ipv6.conf.default.disable_ipv6=1"))


def _bridge(name):
    run("ip", "link", "add", name, "type", "bridge", "stp_state", "0", "forward_delay", "0",
        "mcast_snooping", "0")
    run("ip", "link", "set", name, "up")


def create():
    """Underlay, and the hub's LAN with a host in a namespace of its own."""
    _bridge("br0")
    _bridge("br1")
    _namespace("lan")
    run("ip", "link", "add", "lanport", "type", "veth", "peer", "name", "eth0", "netns", "lan")
    run("ip", "link", "set", "lanport", "master", "br1")
    _plain(None, "lanport")
    _plain("lan", "lo", "eth0")
    run("ip", "-n", "lan", "addr", "add", f"{LAN_HOST}/24", "dev", "eth0")
    run("ip", "-n", "lan", "route", "add", "default", "via", "10.1.0.1")


def tap(name, bridge):
    """For a guest."""
    run("ip", "tuntap", "add", "mode", "tap", "name", name)
    run("ip", "link", "set", name, "master", bridge, "up")


def veth(name, bridge):
    """For a program that reads packet sockets: no kernel has an address at its end."""
    run("ip", "link", "add", f"{name}-br", "type", "veth", "peer", "name", name)
    _plain(None, f"{name}-br", name)
    run("ip", "link", "set", f"{name}-br", "master", bridge)


def nat(place):
    """A gateway that translates ports, with the bridge behind it; returns that bridge."""
    bridge, gateway = f"br-nat{place}", f"nat{place}"
    _bridge(bridge)
    _namespace(gateway)
    for end, outside in (("in", bridge), ("out", "br0")):
        port = f"{gateway}-{end}"
        run("ip", "link", "add", port, "type", "veth", "peer", "name", end, "netns", gateway)
        _plain(None, port)
        _plain(gateway, "lo", end)
        run("ip", "link", "set", port, "master", outside)
    run("ip", "-n", gateway, "addr", "add", "198.51.100.1/24", "dev", "in")
    run("ip", "-n", gateway, "addr", "add", f"192.0.2.{100 + place}/24", "dev", "out")
    run(*inside(gateway, "sysctl", "-qw", "net.ipv4.ip_forward=1"))
    for words in (["-p", "udp", "-j", "MASQUERADE", "--to-ports", "20000-30000"],
                  ["-j", "MASQUERADE"]):
        run(*inside(gateway, "iptables-legacy", "-t", "nat", "-A", "POSTROUTING", "-o", "out",
                    *words))
    return bridge
