# SPDX-License-Identifier: BSD-3-Clause
"""Cases: what hub and spokes agree on, and how they renew it."""
from charon import IP
from place import MODERN

from scapy.layers.inet import ICMP
from scapy.packet import Raw


LOSS = """add table ip loss;
 add chain ip loss in { type filter hook input priority 0; };
 add chain ip loss out { type filter hook output priority 0; };
 add rule ip loss in udp sport 500 numgen inc mod 3 0 drop;
 add rule ip loss out udp dport 500 numgen inc mod 3 0 drop"""


class Agreement:
    def case_ikev2(self):
        """IKEv2, own key by identity, ecp256, AES-GCM; IKEv1 main mode, key by address, PFS"""
        self.spoke("a", version=2, ike="aes128gcm16-prfsha256-ecp256", esp="aes128gcm16-ecp256")
        self.spoke("b", version=1, ike="aes128-sha1-modp2048", esp="aes128-sha1-modp2048",
                   local_id="192.0.2.12")
        self.up("a", "b")
        for name in "ab":
            self.ping_hub(name)
        self.forward("a", "b")
        self.forward("b", "a")

    def case_suites(self):
        """IKEv1 main mode, 3DES and modp1024, AES-CBC with SHA-256; IKEv2, modp2048, AES-256-GCM"""
        self.spoke("a", version=2, ike="aes256-sha256-modp2048", esp="aes256gcm16-modp2048")
        self.spoke("b", version=1, ike="3des-sha1-modp1024", esp="aes128-sha256",
                   local_id="192.0.2.12")
        self.up("a", "b")
        self.forward("a", "b")
        self.forward("b", "a")

    def case_tunnel_mode(self):
        """spokes that forgot `mode transport`; renewed from both sides"""
        self.spoke("a", **MODERN, mode="tunnel")
        self.spoke("b", version=1, ike="aes128-sha1-modp2048", esp="3des-sha1", mode="tunnel",
                   local_id="192.0.2.12")
        self.up("a", "b")
        if {row["mode"] for n in "ab" for row in self.sas(n)} != {"tunnel"}:
            raise AssertionError("not in tunnel mode")
        self.forward("a", "b")
        self.forward("b", "a")
        self.renewed("a", self.spokes["a"].rekey)
        self.renewed("b", self.spokes["b"].rekey)
        self.renewed("a", lambda: self.hub.text("rekey ipsec sa peer 10.255.0.11"))
        self.renewed("b", lambda: self.hub.text("rekey ipsec sa peer 10.255.0.12"))
        self.forward("a", "b")

    def case_include(self):
        """the user's own swanctl file: a proposal that the hub's settings do not have"""
        self.spoke("b", version=2, ike="camellia128-sha256-modp2048", esp="aes128-sha1",
                   local_id="192.0.2.12")
        self.up("b")
        self.ping_hub("b")

    def case_loss(self):
        """a third of all IKE datagrams is lost, both ways"""
        for name in "ab":
            self.net.at(name, "nft", LOSS)
        self.pair()
        try:
            self.up("a", "b")
            self.forward("a", "b")
            self.forward("b", "a")
            self.wait("retransmissions", lambda: self.counter("retransmits") > 0)
        finally:
            for name in "ab":
                self.net.at(name, "nft", "delete table ip loss")

    def case_bytes(self):
        """octets are counted too: a megabyte, and a spoke agrees on new keys"""
        self.spoke("a", **MODERN)
        self.up("a")
        self.ping_hub("a")
        before, n = self.current("a"), 0
        inner = IP(src=self.tunnel("a"), dst="10.255.0.1", proto=253) / Raw(b"x" * 1300)

        def new():
            nonlocal n
            for _ in range(20):
                self.spokes["a"].send(inner)
            n += 20
            return self.current("a")["out"] != before["out"]
        self.wait("new SAs", new, 40)
        if n * 1300 < 1 << 20:
            raise AssertionError(f"after {n} packets")
        self.ping_hub("a")

    def case_begins(self):
        """the hub begins with the hub that it registers with, which answers; by both versions"""
        for version in (2, 1):
            self.spoke("h", version=version, ike="aes128-sha1-modp2048", esp="aes128-sha1",
                       local_id="192.0.2.13", start="none")
            hub = self.spokes["h"]
            self.wait("the hub's SAs with it", hub.up, 60)
            self.wait("the hub's registration", lambda h=hub: any(
                p[17] == 3 for p in h.nhrp))
            rows = [r for r in self.hub.ask("show ike sa") if r["remote"] == "192.0.2.13:500"]
            if [r["version"] for r in rows] != ["v2" if version == 2 else "v1 main"]:
                raise AssertionError(rows)
            self.drop("h")
            self.hub.text("clear ike sa all")
            self.wait("the end of it", lambda: not self.hub.ask("show ike sa"), 30)

    def case_aggressive(self):
        """IKEv1 aggressive, key by identity, 3DES; IKEv2, key by address, AES-CBC with SHA-256"""
        self.spoke("a", version=1, aggressive=True, ike="3des-sha1-modp1024", esp="3des-sha1")
        self.spoke("b", version=2, ike="aes256-sha256-modp2048", esp="aes256-sha256")
        self.up("a", "b")
        self.forward("a", "b")
        self.forward("b", "a")

    def case_nat(self):
        """two spokes behind one address, IKEv2 and aggressive mode; the NAT moves both"""
        self.spoke("c", version=2, ike="aes128-sha256-ecp256", esp="aes256gcm16")
        self.spoke("d", version=1, aggressive=True, ike="aes128-sha1-modp1536",
                   esp="aes128-sha1-modp1536")
        self.up("c", "d")
        self.forward("c", "d")
        self.forward("d", "c")
        self.net.masquerade(base=6000)
        # The hub learns of it by a spoke's packets, the NAT by who sends first.
        self.ping_hub("c")
        self.ping_hub("d")
        self.forward("c", "d")
        self.forward("d", "c")
        self.wait("charon to know the new place of c", lambda: any(
            row["remote"] == "192.0.2.20:6000" for row in self.hub.ask("show ike sa")))
        self.net.masquerade()

    def rekey_ike(self, name):
        """The hub renews the IKE SA; children go with it."""
        ids = {row["id"] for row in self.hub.ask("show ike sa")}
        self.hub.text(f"rekey ike sa peer {self.tunnel(name)}")
        self.wait("another IKE SA", lambda: {row["id"] for row in self.hub.ask("show ike sa")}
                  - ids and self.ping_hub(name) is None)

    def case_rekey(self):
        """keys of both phases are renewed by the spoke, and by the hub; no packet is lost"""
        for version, options in ((2, {}), (1, {"aggressive": True}), (1, {})):
            name = "b" if version == 1 and not options else "a"
            self.spoke(name, version=version, ike="aes128-sha1-modp2048",
                       esp="aes128gcm16" if version == 2 else "aes128-sha1",
                       local_id="192.0.2.12" if name == "b" else "a.example", **options)
            self.up(name)
            self.ping_hub(name)
            spoke = self.spokes[name]
            self.renewed(name, spoke.rekey)
            self.renewed(name, lambda n=name: self.hub.text(
                f"rekey ipsec sa peer {self.tunnel(n)}"))
            ids = {row["id"] for row in self.hub.ask("show ike sa")}
            spoke.swanctl("--rekey", "--ike", "hub", *(["--reauth"] if version == 1 else []))
            self.wait("the spoke's new IKE SA", lambda was=ids: {
                row["id"] for row in self.hub.ask("show ike sa")} - was)
            self.ping_hub(name)
            self.rekey_ike(name)
            self.renewed(name, spoke.rekey)

    def case_early(self):
        """packets before the message that gives the hub their keys, the first and others: none is lost"""
        for version, name in ((1, "b"), (2, "a")):
            held = self.counter("early_sent")
            self.spoke(name, version=version, ike="aes128-sha1-modp2048", esp="aes128-sha1",
                       local_id="192.0.2.12" if name == "b" else "a.example")
            spoke = self.spokes[name]
            for first in (1000, 2000):
                spoke.early = [self.echo(name, first + n) for n in range(40)]
                if first == 2000:
                    spoke.rekey()
                self.wait(f"40 answers from {first} on", lambda s=spoke, f=first: len(
                    {p[ICMP].id for _, p in s.inner if ICMP in p and p[ICMP].id >= f}) == 40)
            held = self.counter("early_sent") - held
            print(f"        IKEv{version}: {held} were held", flush=True)
            if version == 1 and held == 0:
                raise AssertionError("none was early")

    def case_certificate(self):
        """a certificate proves a name, by both versions"""
        for version in (2, 1):
            self.spoke("a", version=version, ike="aes128-sha256-ecp256", esp="aes128-sha256",
                       secret="", pki=self.pki, hub_id="192.0.2.1")
            self.up("a")
            rows = [r for r in self.hub.ask("show ike sa") if r["auth"] == "certificate"]
            if not rows or rows[0]["identity"] != "a.example":
                raise AssertionError(self.hub.ask("show ike sa"))
            # Its tunnel address is in the certificate.
            self.ping_hub("a")
            self.clean()
