# SPDX-License-Identifier: BSD-3-Clause
"""What passed the bridge: written by tcpdump, searched for what should not be there."""
import os
import re
import signal
import struct
import subprocess
import time

# What pings carry; no frame may hold it in clear.
MARK = b"in-clear"
ESP, UDP, ICMP, IGMP, GRE = 50, 17, 1, 2, 47


class Capture:
    """A capture of br0 from before the first guest starts."""

    def __init__(self, path):
        self.path = path
        log = path + ".log"
        with open(log, "wb") as f:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                ["tcpdump", "-i", "br0", "-Z", "root", "-B", "32768", "-s", "0", "-U", "-w", path],
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
    if frame[12:14] != b"\x08\x00":
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


def search(path):
    """(number of frames, number of ESP frames, [what was found in clear])."""
    n = esp = 0
    found = []
    for seconds, frame in frames(path):
        n += 1
        esp += len(frame) > 34 and frame[12:14] == b"\x08\x00" and frame[23] in (ESP, UDP)
        what = clear(frame) if len(frame) >= 34 else None
        if what:
            found.append(f"{seconds:.3f} {what}")
    return n, esp, found


def count_esp(path, sources, targets):
    """ESP packets, also in UDP, from some addresses to others."""
    def text(address):
        return ".".join(map(str, address))
    return sum(1 for _, f in frames(path)
               if len(f) >= 34 and f[12:14] == b"\x08\x00" and f[23] in (ESP, UDP) and
               text(f[26:30]) in sources and text(f[30:34]) in targets)
