# SPDX-License-Identifier: BSD-3-Clause
"""What tshark, which shares no code with the hub, makes of a capture."""
import collections
import os
import subprocess

FIELDS = ["eth.type", "ip.src", "ip.dst", "ip.proto", "esp.spi", "esp.icv_good",
          "esp.decrypted_data"]

Frame = collections.namedtuple("Frame", "src dst proto spi good inner")


class Wrong(Exception):
    pass


def prepare(directory, esp_sa):
    """A Wireshark configuration in directory/wireshark with these keys."""
    os.makedirs(f"{directory}/wireshark", exist_ok=True)
    with open(f"{directory}/wireshark/esp_sa", "w", encoding="ascii") as f:
        f.write(esp_sa)
    with open(f"{directory}/wireshark/preferences", "w", encoding="ascii") as f:
        f.write("esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n")


def inner_of(payload):
    """The IPv4 packet in a decrypted ESP payload: GRE header off, ESP padding off."""
    if len(payload) < 4 or payload[2:4] != b"\x08\x00":
        return None
    ip = payload[4 + 4 * bool(payload[0] & 0x80) + 4 * bool(payload[0] & 0x20):]
    if len(ip) < 20 or ip[0] >> 4 != 4:
        return None
    return ip[:int.from_bytes(ip[2:4], "big")]


def read_capture(directory, name):
    """All frames, decrypted where it has the key."""
    command = ["tshark", "-r", f"{directory}/{name}", "-T", "fields", "-E", "occurrence=f",
               "-E", "separator=/t"]
    for field in FIELDS:
        command += ["-e", field]
    env = dict(os.environ, WIRESHARK_CONFIG_DIR=f"{directory}/wireshark")
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Wrong(f"tshark cannot read {name}: {run.stderr.strip()}")
    for line in run.stdout.splitlines():
        _, src, dst, proto, spi, good, data = line.split("\t")
        inner = inner_of(bytes.fromhex(data)) if data else None
        yield Frame(src, dst, proto, int(spi, 16) if spi else None, good == "1", inner)
