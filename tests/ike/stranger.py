# SPDX-License-Identifier: BSD-3-Clause
"""Cases: who is not let in, or not as who he would be."""
import os
import socket
import threading
import time

from charon import IP, UDP, in_namespace
from net import ADDRESS
from place import MODERN, OLD, SECRET

from scapy.packet import Raw, raw

ETH_P_ALL = 3  # before the bridge takes it


class Stranger:
    def case_refused(self):
        """a wrong key, one spoke's key under another's name or an unknown one, prove nothing"""
        failed = self.counter("auth_failed")
        self.spoke("a", **MODERN, secret="not the key of a at all")
        self.spoke("c", **MODERN, local_id="d.example")
        self.spoke("d", **MODERN, local_id="nobody.example")
        self.wait("three failures", lambda: self.counter("auth_failed") >= failed + 3)
        if self.hub.ask("show ipsec sa") or self.hub.ask("show ike sa"):
            raise AssertionError("somebody came in")
        malformed = self.counter("malformed")
        self.spoke("b", version=1, ike="aes128-sha1-modp2048", esp="aes128-sha1",
                   secret="not the key of b at all")
        # IKEv1 has no other word for it: what the peer encrypted cannot be read.
        self.wait("a failure", lambda: self.counter("malformed") > malformed)
        if self.hub.ask("show ipsec sa"):
            raise AssertionError("somebody came in")

    def case_stranger(self):
        """the key of everybody lets in, and proves no name: no tunnel address"""
        self.spoke("a", **MODERN, local_id="e.example", secret=SECRET["e"])
        self.up("a")
        rows = self.hub.ask("show ike sa")
        if [r["auth"] for r in rows if r["identity"] == "e.example"] != ["shared key"]:
            raise AssertionError(rows)
        if self.sas("a"):
            raise AssertionError("it has a's tunnel address")

    def case_pinned(self):
        """a key with a tunnel address registers that one, and no other; by both versions"""
        for name, how in (("a", {"version": 2}), ("b", {"version": 1, "local_id": "192.0.2.12"})):
            self.spoke(name, ike="aes128-sha1-modp2048", esp="aes128-sha1", **how)
            self.up(name)
            spoke, n = self.spokes[name], 0
            for address, code in (("10.255.0.99", 4), (self.tunnel(name), 0)):
                n += 1

                def answered(s=spoke, a=address, n=n):
                    s.register(a, "10.255.0.1", n)
                    return s.answer(n) is not None
                self.wait(f"an answer about {address}", answered)
                if spoke.answer(n) != code:
                    raise AssertionError(f"{address}: code {spoke.answer(n)}")
            self.ping_hub(name)
        if any(row["address"] == "10.255.0.99" for row in self.hub.ask("show nhrp cache")):
            raise AssertionError("somebody has another address")

    def memory(self):
        """Megabytes of the hub and of its charon."""
        total = 0
        for pid in (self.hub.process.pid, self.charon()):
            with open(f"/proc/{pid}/statm", encoding="ascii") as f:
                total += int(f.read().split()[1]) * 4096 / (1 << 20)
        return total

    def first_datagram(self, name):
        """What a spoke's charon begins with, from the wire."""
        s = in_namespace(self.net.ns("wan"), lambda: socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)))
        in_namespace(self.net.ns("wan"), lambda: s.bind((f"to-{name}", ETH_P_ALL)))
        s.settimeout(20)
        self.spoke(name, **MODERN)
        self.up(name)
        while True:
            data = s.recv(2048)
            ip = IP(data) if data[0] >> 4 == 4 else IP()
            if UDP in ip and ip.src == ADDRESS[name] and ip[UDP].dport == 500:
                s.close()
                return raw(ip[UDP].payload)

    def case_flood(self):
        """who begins from thousands of addresses and goes no further keeps nobody out"""
        first = self.first_datagram("a")
        self.ping_hub("a")
        tx = in_namespace(self.net.ns("wan"), lambda: socket.socket(
            socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
        over, sent = threading.Event(), 0

        def flood():
            nonlocal sent
            while not over.is_set():
                for _ in range(20):
                    sent += 1
                    data = os.urandom(8) + first[8:]
                    ip = IP(src=f"198.19.{sent >> 8 & 255}.{sent & 255}", dst="192.0.2.1") / UDP(
                        sport=500, dport=500, chksum=0) / Raw(data)
                    tx.sendto(raw(ip), ("192.0.2.1", 0))
                time.sleep(0.01)
        before = self.memory()
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        try:
            self.wait("half-open ones", lambda: self.counter("half_open") >= 200)
            self.spoke("b", **OLD)
            self.spoke("c", **MODERN)
            self.up("b", "c")
            self.ping_hub("b")
            self.forward("a", "c")
            self.wait("thousands", lambda: sent > 5000, 40)
            half_open, grown = self.counter("half_open"), self.memory() - before
        finally:
            over.set()
            thread.join()
            tx.close()
        print(f"        {sent} began, {half_open} are half open, {grown:.0f} MB more", flush=True)
        if not 200 <= half_open <= 1000 or grown > 64:
            raise AssertionError("that is not bounded")

    def case_tunnel_nat(self):
        """tunnel mode behind NAT, where selectors are of an address that the hub cannot see: no SA"""
        self.spoke("c", **MODERN, mode="tunnel")
        self.spoke("d", version=1, aggressive=True, ike="aes128-sha1-modp1536", esp="aes128-sha1",
                   mode="tunnel")
        for name in "cd":
            self.wait(f"{name} to be told", lambda n=name: self.spokes[n].logged(
                "TS_UNACCEPTABLE", "INVALID_ID_INFORMATION"))
        if self.hub.ask("show ipsec sa"):
            raise AssertionError(self.hub.ask("show ipsec sa"))
        # With the right mode it is another matter.
        self.spoke("c", **MODERN)
        self.up("c")
        self.ping_hub("c")
