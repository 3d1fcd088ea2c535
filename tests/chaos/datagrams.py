# SPDX-License-Identifier: BSD-3-Clause
"""A bad wire for one spoke's IKE: its datagrams are taken off the bridge's ports, and given back as it
pleases. What happens to the n-th one of a direction follows from the seed."""
import heapq
import random
import select
import socket
import threading
import time

from charon import IP, UDP, in_namespace
from scapy.layers.l2 import Ether
from scapy.packet import Raw, raw

ETH_P_ALL = 3           # before the bridge takes it
LATE = 0.7              # seconds: longer than a charon waits before it sends again
OUTGOING = 4            # PACKET_OUTGOING of packet(7)
IKE_HEADER = 28         # RFC 7296 3.1


class BadWire(threading.Thread):
    """`permille` of drop, duplicate, reorder, corrupt. A damaged one is a copy that comes besides, with
    a right checksum: what noise does, UDP's finds. `seen` is called with the number of each
    datagram before it is passed on."""

    def __init__(self, bridge, name, address, hub, permille=None, seed=0, seen=None):
        super().__init__(daemon=True)
        self.bridge, self.permille, self.seen = bridge, permille or {}, seen
        self.over, self.count = False, 0
        self.done = dict.fromkeys(self.permille, 0)
        self.late = []          # a heap of (when, number, socket, frame)
        self.number = 0
        ends = {"hub": hub, name: address}
        self.ports = {end: self.open(f"to-{end}") for end in ends}
        other = {"hub": name, name: "hub"}
        # What comes by a port -> the port it goes out by, its addresses, what happens to it.
        self.way = {self.ports[end]: (self.ports[other[end]], ends[end], ends[other[end]],
                                      random.Random(f"{seed}/{end == 'hub'}")) for end in ends}
        bridge.at("wan", "nft", "add table netdev bad; " + " ".join(
            f"add chain netdev bad {end} {{ type filter hook ingress device to-{end} "
            f"priority 0; }}; add rule netdev bad {end} ip saddr {ends[end]} ip daddr "
            f"{ends[other[end]]} udp dport 500 drop;" for end in ends))
        self.start()

    def open(self, device):
        s = in_namespace(self.bridge.ns("wan"), lambda: socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))
        in_namespace(self.bridge.ns("wan"), lambda: s.bind((device, ETH_P_ALL)))
        return s

    def run(self):
        while not self.over:
            left = max(0, self.late[0][0] - time.monotonic()) if self.late else 0.05
            for s in select.select(list(self.way), [], [], min(left, 0.05))[0]:
                frame, where = s.recvfrom(65536)
                to, source, destination, dice = self.way[s]
                ether = Ether(frame)
                if (where[2] != OUTGOING and UDP in ether and ether[UDP].dport == 500 and
                        (ether[IP].src, ether[IP].dst) == (source, destination)):
                    self.pass_on(to, frame, ether, dice)
            while self.late and self.late[0][0] <= time.monotonic():
                _, _, to, frame = heapq.heappop(self.late)
                to.send(frame)

    def pass_on(self, to, frame, ether, dice):
        self.count += 1
        if self.seen is not None:
            self.seen(self.count)
        falls = {kind for kind, n in self.permille.items() if dice.randrange(1000) < n}
        bit = dice.randrange(1 << 16)
        for kind in falls:
            self.done[kind] += 1
        if "drop" not in falls:
            self.give(to, frame, LATE if "reorder" in falls else 0)
        if "duplicate" in falls:
            self.give(to, frame, 0)
        if "corrupt" in falls:
            self.give(to, damaged(ether, bit), 0)

    def give(self, to, frame, late):
        self.number += 1
        heapq.heappush(self.late, (time.monotonic() + late, self.number, to, frame))

    def close(self):
        """A good wire again."""
        self.over = True
        self.join()
        self.bridge.at("wan", "nft", "delete table netdev bad")
        for s in self.way:
            s.close()


def damaged(ether, bit):
    """One bit of an IKE message is another one, behind the SPIs that say whose it is."""
    data = bytearray(raw(ether[UDP].payload))
    first = min(IKE_HEADER - 12, len(data) - 1)
    at = first + bit // 8 % (len(data) - first)
    data[at] ^= 1 << bit % 8
    ip, udp = ether[IP], ether[UDP]
    return raw(Ether(src=ether.src, dst=ether.dst) / IP(src=ip.src, dst=ip.dst, ttl=ip.ttl) /
               UDP(sport=udp.sport, dport=udp.dport) / Raw(bytes(data)))
