# SPDX-License-Identifier: BSD-3-Clause
"""Spokes made of scapy: what they send to the hub, and how they read what it sends."""
import hashlib
import hmac
import logging
import struct
import warnings

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
warnings.filterwarnings("ignore")  # scapy loads ciphers that cryptography calls old

# pylint: disable=wrong-import-position
from scapy.layers.inet import IP, UDP                                             # noqa: E402
from scapy.layers.ipsec import ESP, SecurityAssociation                           # noqa: E402
from scapy.layers.l2 import GRE, Ether                                            # noqa: E402
from scapy.packet import Raw, raw                                                 # noqa: E402

from suites import SUITES                                                         # noqa: E402

HUB, HUB_MAC = "192.0.2.1", "02:00:00:00:00:01"
GATEWAY, GATEWAY_MAC = "192.0.2.254", "02:00:00:00:01:fe"
HUB_TUNNEL = "10.255.0.1"
GRE_KEY = 42


def octets(label, n):
    """n octets that depend on a label only: tests repeat."""
    out = b""
    while len(out) < n:
        out += hashlib.sha256(f"{label}/{len(out)}".encode()).digest()
    return out[:n]


class Sa:
    """One direction of keying: a SecurityAssociation of scapy. scapy's has extended sequence
    numbers for AEADs only; with HMAC the ICV is made here (RFC 4303 2.2.1)."""

    def __init__(self, spi, suite, esn=False, window=64, label=None):
        self.spi, self.suite, self.esn, self.window = spi, SUITES[suite], esn, window
        label = label or f"{suite}/{spi}"
        self.key = octets(label + "/key", self.suite.key_len)
        self.auth_key = octets(label + "/auth", self.suite.auth_len)
        self.own_icv = esn and self.suite.auth is not None
        self.seq = 0

    def _scapy(self, high, low=0, header=None):
        auth = None if self.own_icv else self.suite.auth
        return SecurityAssociation(
            ESP, spi=self.spi, seq_num=low, crypt_algo=self.suite.crypt, crypt_key=self.key or None,
            auth_algo=auth, auth_key=self.auth_key if auth else None,
            esn_en=self.esn, esn=high, nat_t_header=header)

    def _icv(self, esp, high):
        data = esp + struct.pack("!L", high)
        return hmac.new(self.auth_key, data, self.suite.hash).digest()[:self.suite.icv_len]

    def seal(self, ip, seq=None, header=None):
        """The IP packet with its payload in ESP, behind a UDP header if there is one."""
        self.seq = self.seq + 1 if seq is None else seq
        high, low = self.seq >> 32, self.seq & 0xffffffff
        sa = self._scapy(high, low, header)
        iv = octets(f"{self.spi}/{self.seq}/{raw(ip)}", sa.crypt_algo.iv_size)
        out = sa.encrypt(IP(raw(ip)), iv=iv)
        if self.own_icv:
            out[ESP].data += self._icv(raw(out[ESP]), high)
            del out.len, out.chksum
        if header:  # scapy 2.5 counts no more than the header itself
            out[UDP].len = len(raw(out[UDP]))
        return IP(raw(out))

    def open(self, ip, high=0):
        """The IP packet with its payload in clear, or an exception."""
        ip = IP(raw(ip))
        if self.own_icv:
            esp = raw(ip[ESP])
            body, icv = esp[:-self.suite.icv_len], esp[-self.suite.icv_len:]
            if self._icv(body, high) != icv:
                raise ValueError("ICV differs")
            ip = IP(src=ip.src, dst=ip.dst, ttl=ip.ttl) / ESP(body)
        return self._scapy(high).decrypt(ip)

    def config(self):
        auth = f' auth_key = "0x{self.auth_key.hex()}";' if self.auth_key else ""
        key = f' key = "0x{self.key.hex()}";' if self.key else ""
        return (f'{{ spi = 0x{self.spi:x}; suite = "{self.suite.name}";{key}{auth} '
                f'window = {self.window}; esn = {str(self.esn).lower()}; }}')

    def config_out(self):
        return self.config().replace(f"window = {self.window}; ", "")

    def esp_sa(self):
        """A line of Wireshark's esp_sa table."""
        return (f'"IPv4","*","*","0x{self.spi:x}","{self.suite.tshark_crypt}",'
                f'"{"0x" + self.key.hex() if self.key else ""}","{self.suite.tshark_auth}",'
                f'"{"0x" + self.auth_key.hex() if self.auth_key else ""}"\n')


class Spoke:
    """A spoke with one SA pair. number picks its addresses and SPIs: 2..65000. With a nat_port it is
    behind a NAT, which may have an address of others too."""

    def __init__(self, number, suite, esn=False, window=64, hub=HUB, key=GRE_KEY, nat_port=0,
                 nbma=None):
        high, low = number >> 8, number & 0xff
        self.number, self.hub, self.key, self.nat_port = number, hub, key, nat_port
        self.nbma = nbma or f"198.51.{high}.{low}"
        self.tunnel = f"10.255.{high}.{low}"
        self.lan = f"10.{100 + high}.{low}.10"
        self.network = f"10.{100 + high}.{low}.0/24"
        self.sa_in = Sa(0x10000000 + number, suite, esn, window)   # as the hub sees it
        self.sa_out = Sa(0x20000000 + number, suite, esn, window)

    def outer(self, proto=47):
        return IP(src=self.nbma, dst=self.hub, ttl=60, proto=proto)

    def gre(self, inner, proto=0x0800, key=None, **fields):
        head = GRE(proto=proto, key_present=1, key=self.key if key is None else key, **fields)
        return GRE(raw(head / Raw(raw(inner))))

    def seal_gre(self, gre, seq=None, sa=None):
        header = UDP(sport=self.nat_port, dport=4500) if self.nat_port else None
        ip = (sa or self.sa_in).seal(self.outer() / gre, seq, header)
        return frame(ip)

    def seal(self, inner, seq=None, sa=None, **fields):
        return self.seal_gre(self.gre(inner, **fields), seq, sa)

    def open(self, ip):
        """The inner packet's octets of what the hub sent to this spoke."""
        clear = self.sa_out.open(ip)
        gre = clear[GRE]
        if not gre.key_present or gre.key != self.key:
            raise ValueError(f"GRE key {gre.key}")
        return raw(gre.payload)

    def config(self):
        nat = f" nat_port = {self.nat_port};" if self.nat_port else ""
        return (f'    {{ address = "{self.tunnel}"; nbma = "{self.nbma}";{nat}\n'
                f'      sa_in = ( {self.sa_in.config()} );\n'
                f'      sa_out = ( {self.sa_out.config_out()} ); }}')


def frame(ip):
    """What the hub's port sees."""
    return Ether(dst=HUB_MAC, src=GATEWAY_MAC) / IP(raw(ip))


def udp(src, dst, size, ttl=64, ident=1, **ip):
    """An inner UDP packet of size octets (28 or more) between two addresses."""
    body = octets(f"{src}{dst}{size}{ident}", size - 28)
    return IP(raw(IP(src=src, dst=dst, ttl=ttl, id=ident, **ip) /
                  UDP(sport=49999, dport=7) / Raw(body)))


def hop(inner):
    """What a router makes of a packet: TTL one less, checksum right."""
    packet = IP(raw(inner))
    packet.ttl -= 1
    del packet.chksum
    return raw(packet)
