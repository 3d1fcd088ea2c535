# SPDX-License-Identifier: BSD-3-Clause
"""setkey.conf: policies, which the hub always has, and manual keys."""
import re
from dataclasses import dataclass

from .remarks import read_lines

CIPHERS = {"3des-cbc": "3des", "aes-cbc": "aes", "rijndael-cbc": "aes", "null": "null"}
HASHES = {"hmac-md5": "md5", "hmac-sha1": "sha1", "hmac-sha256": "sha256",
          "hmac-sha384": "sha384", "hmac-sha512": "sha512", "hmac-sha2-256": "sha256"}


@dataclass
class Sa:
    where: str
    src: str
    dst: str
    spi: str
    suite: str
    key: str
    auth_key: str


def _statements(path):
    """(where it begins, its words) of each; a string keeps its quotes."""
    words, begun = [], path
    for where, line in read_lines(path):
        for token in re.findall(r'#.*|"[^"]*"|;|[^\s;"]+', line):
            if token.startswith("#"):
                break
            if token == ";":
                if words:
                    yield begun, words
                words = []
                continue
            begun = begun if words else where
            words.append(token)
    if words:
        yield begun, words


def _hex(word):
    return word if word.startswith("0x") else "0x" + word.strip('"').encode().hex()


def _add(where, words, remarks):
    """add SRC DST esp SPI [-m MODE] -E CIPHER KEY [-A HASH KEY]"""
    src, dst, _, spi, *rest = words
    got = {"-m": ["transport"], "-A": ["", ""]}
    while rest:
        option = rest.pop(0)
        n = {"-m": 1, "-u": 1, "-r": 1, "-f": 1, "-E": 2, "-A": 2, "-lh": 1, "-ls": 1}.get(option)
        if n is None or len(rest) < n or option in ("-lh", "-ls", "-f"):
            remarks.lost(where, f"add {src} {dst} esp {spi} ... {option}",
                         "the hub has nothing for it")
            del rest[:n or 0]
            continue
        got[option], rest = rest[:n], rest[n:]
    cipher, key = got.get("-E", ["", ""])
    bits = (len(_hex(key)) - 2) * 4
    name = CIPHERS.get(cipher)
    auth = HASHES.get(got["-A"][0])
    if name == "aes" and bits not in (128, 192, 256):
        name = None
    if not name or not auth or got["-m"] not in (["transport"], ["any"]):
        remarks.lost(where, f"add {src} {dst} esp {spi} -m {got['-m'][0]} -E {cipher} (not shown) "
                     f"-A {got['-A'][0]} (not shown)", "the hub does not have this mode or suite")
        return None
    suite = f"{name}{bits}-{auth}" if name == "aes" else f"{name}-{auth}"
    return Sa(where, src, dst, spi, suite, _hex(key), _hex(got["-A"][1]))


def parse(path, remarks):
    """Manual SAs."""
    sas = []
    for where, words in _statements(path):
        text = " ".join(words)
        if words[0] in ("flush", "spdflush"):
            continue
        if words[0] == "add" and len(words) > 4 and words[3] == "esp":
            sa = _add(where, words[1:], remarks)
            sas += [sa] if sa else []
        elif words[0] == "add":
            remarks.lost(where, " ".join(words[:4]) + " (not shown)", "expected add SRC DST esp")
        elif words[0] == "spdadd" and re.fullmatch(
                r"spdadd \S+ \S+ (gre|47) -P (in|out) ipsec esp/transport/\S*/(require|use|unique)"
                r"\S*", text):
            if "/require" not in text:
                remarks.note(where, text, "GRE without ESP is never sent nor taken")
        else:
            remarks.lost(where, text, "no policy but ESP for GRE")
    return sas
