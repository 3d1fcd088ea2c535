# SPDX-License-Identifier: BSD-3-Clause
"""The socket protocol between the hub and charon's plugin (crypto/charon/ike_wire.h), written a
second time: as the hub's end for spokes' charons, and for the fuzzer's seeds."""
import ipaddress
import struct

MAGIC, VERSION = 0x444d4956, 2

# type: (name, fields). A field is NAME[:FORMAT]; B H I Q are struct's, a an address, t a text and
# b octets with a length of 16 bits, i a signed octet.
LAYOUTS = {
    1: ("HELLO", "magic:I version:H instance:Q software:t"),
    3: ("RESULT", "code:I"),
    4: ("GET_SPI", "local:a"),
    5: ("SPI", "code:I spi:I"),
    6: ("SA_ADD", "spi:I inbound:B src:a sport:H dst:a dport:H ike_sa:I mode:B encap:B esn:B "
        "window:H cipher:H integrity:H key:b auth_key:b soft_seconds:Q hard_seconds:Q "
        "soft_bytes:Q hard_bytes:Q soft_packets:Q hard_packets:Q seq:Q created:Q"),
    7: ("SA_UPDATE", "spi:I inbound:B old_dst:a src:a sport:H dst:a dport:H encap:B"),
    8: ("SA_DEL", "spi:I dst:a"),
    9: ("SA_QUERY", "spi:I dst:a"),
    10: ("SA_USE", "code:I bytes:Q packets:Q used:B idle:I"),
    11: ("PAIR", "ike_sa:I child:I spi_in:I spi_out:I"),
    12: ("IKE_SA", "ike_sa:I version:B initiator:B aggressive:B nat:B local:a lport:H remote:a "
         "rport:H auth:B id_kind:B secret:H identity:t proposal:t age:I rekey:I "
         "cert0:a cert1:a cert2:a cert3:a"),
    13: ("IKE_GONE", "ike_sa:I end:B replaced_by:I"),
    14: ("LISTED", ""),
    15: ("EXPIRE", "spi:I dst:a hard:B"),
    16: ("MAPPING", "spi:I dst:a remote:a rport:H"),
    17: ("SA_SEQ", "spi:I dst:a seq:Q"),
    18: ("IKE_ACTION", "ike_sa:I what:B"),
    19: ("SECRET", "place:H kind:B address:a prefix_len:B identity:t secret:b"),
    20: ("SECRETS", ""),
    21: ("LOG_LEVEL", "level:b8"),
    22: ("LOG", "level:B group:t text:t"),
    23: ("STATS", "datagrams_in:Q datagrams_out:Q dropped_out:Q ike_sas:I half_open:I "
         "auth_failed:Q no_proposal:Q malformed:Q retransmits:Q dead:Q refused_spis:Q "
         "log_dropped:Q"),
    24: ("INITIATE", "local:a remote:a version:B"),
}
TYPES = {name: number for number, (name, _) in LAYOUTS.items()}


def fields_of(number):
    return [f.split(":") for f in LAYOUTS[number][1].split()]


def put(kind, value):
    if kind == "a":
        return ipaddress.IPv4Address(value).packed
    if kind in "tb":
        value = value.encode() if isinstance(value, str) else value
        return struct.pack("!H", len(value)) + value
    return struct.pack("!b" if kind == "b8" else "!" + kind, value)


def default(kind):
    return {"a": "0.0.0.0", "t": "", "b": b""}.get(kind, 0)


def encode(name, ident=0, **values):
    number = TYPES[name]
    out = struct.pack("!BBHI", number, 0, 0, ident)
    for field, kind in fields_of(number):
        out += put(kind, values.pop(field, default(kind)))
    if values:
        raise ValueError(f"{name} has no {list(values)}")
    return out


def take(kind, data):
    if kind == "a":
        return str(ipaddress.IPv4Address(data[:4])), data[4:]
    if kind in "tb":
        size, = struct.unpack("!H", data[:2])
        if len(data) < 2 + size:
            raise ValueError("cut")
        value = data[2:2 + size]
        return value.decode() if kind == "t" else value, data[2 + size:]
    form = "!b" if kind == "b8" else "!" + kind
    size = struct.calcsize(form)
    return struct.unpack(form, data[:size])[0], data[size:]


def decode(data):
    """(name, id, fields)"""
    number, zero, zero2, ident = struct.unpack("!BBHI", data[:8])
    if zero or zero2 or number not in LAYOUTS:
        raise ValueError(f"no message: {data[:8].hex()}")
    data, values = data[8:], {}
    for field, kind in fields_of(number):
        values[field], data = take(kind, data)
    if data:
        raise ValueError(f"{len(data)} octets behind a {LAYOUTS[number][0]}")
    return LAYOUTS[number][0], ident, values


def hello(software):
    return encode("HELLO", magic=MAGIC, version=VERSION, instance=1, software=software)
