# SPDX-License-Identifier: BSD-3-Clause
"""What passed the bridge: written by tcpdump, searched for what should not be there."""
import collections
import re
import signal
import struct
import subprocess
import time

# What pings carry; no frame may hold it in clear.
MARK = b"in-clear"
ESP, UDP, ICMP, IGMP, GRE = 50, 17, 1, 2, 47


class Capture:
    """A capture of br0 from before the first guest starts; with tcpdump's options."""

    def __init__(self, path, *options):
        self.path = path
        log = path + ".log"
        with open(log, "wb") as f:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                ["tcpdump", "-i", "br0", "-Z", "root", "-B", "32768", "-s", "0", "-U", "-w", path,
                 *options],
                stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        deadline = time.monotonic() + 10
        while True:
            with open(log, encoding="utf-8") as f:
                if "listening on" in f.read():
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("tcpdump does not start")
            time.sleep(0.02)

    def stop(self):
        """Returns how many packets tcpdump lost."""
        if self.process.poll() is None:
            time.sleep(0.2)
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=20)
        with open(self.path + ".log", encoding="utf-8") as f:
            lost = re.search(r"(\d+) packets dropped by kernel", f.read())
        return int(lost.group(1)) if lost else 0


def frames(path):
    """(seconds, frame) of a pcap file."""
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        seconds, micro, length, _ = struct.unpack_from(order + "IIII", data, at)
        yield seconds + micro / 1e6, data[at + 16:at + 16 + length]
        at += 16 + length


def _inner(address):
    return address[0] == 10


def clear(frame):
    """None, or what of a frame should not be on the underlay."""
    if frame[12:14] == b"\x08\x06":
        return None
    if frame[12:14] != b"\x08\x00" or len(frame) < 34:
        return f"Ethernet type {frame[12:14].hex()}"
    ip = frame[14:]
    header, protocol = (ip[0] & 15) * 4, ip[9]
    addresses = "->".join(".".join(map(str, a)) for a in (ip[12:16], ip[16:20]))
    if _inner(ip[12:16]) or _inner(ip[16:20]):
        return f"inner addresses {addresses}"
    if protocol == GRE:
        return f"GRE in clear {addresses}"
    if protocol == UDP and not struct.unpack_from("!H", ip, 6)[0] & 0x1fff:
        if not {500, 4500} & set(struct.unpack_from("!HH", ip, header)):
            return f"UDP {addresses}"
    elif protocol not in (ESP, UDP, ICMP, IGMP):
        return f"protocol {protocol} {addresses}"
    return "a ping's payload " + addresses if MARK in frame else None


def _ends(frame):
    """(source, destination) of IPv4."""
    return tuple(".".join(map(str, frame[at:at + 4])) for at in (26, 30))


def kind(frame):
    """"esp", also in UDP (RFC 3948 2.2), "ike" or None."""
    if len(frame) < 42 or frame[12:14] != b"\x08\x00":
        return None
    if frame[23] == ESP:
        return "esp"
    udp = 14 + (frame[14] & 15) * 4
    ports = set(struct.unpack_from("!HH", frame, udp)) if frame[23] == UDP else set()
    if 4500 in ports and frame[udp + 8:udp + 12] != bytes(4):
        return "esp" if len(frame) > udp + 16 else None
    return "ike" if ports & {500, 4500} else None


def search(path):
    """(number of frames, {source: number of its ESP packets}, [what was found in clear])."""
    n, esp, found = 0, collections.Counter(), []
    for seconds, frame in frames(path):
        n += 1
        if kind(frame) == "esp":
            esp[_ends(frame)[0]] += 1
        what = clear(frame)
        if what:
            found.append(f"{seconds:.3f} {what}")
    return n, esp, found


def first_ike(path, source):
    """When the first IKE message of an address passed."""
    return next(seconds for seconds, frame in frames(path)
                if kind(frame) == "ike" and _ends(frame)[0] == source)


def count_esp(path, sources, targets):
    """ESP packets from some addresses to others."""
    return sum(1 for _, frame in frames(path) if kind(frame) == "esp" and
               _ends(frame)[0] in sources and _ends(frame)[1] in targets)
