# SPDX-License-Identifier: BSD-3-Clause
"""racoon.conf, and the file of shared keys."""
import os
import re
from dataclasses import dataclass, field

from .remarks import read_lines

CIPHERS = {"3des": "3des", "aes": "aes128", "rijndael": "aes128", "aes128": "aes128",
           "aes192": "aes192", "aes256": "aes256", "null_enc": "null"}
HASHES = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}
GROUPS = {"1": "modp768", "2": "modp1024", "5": "modp1536", "14": "modp2048", "15": "modp3072",
          "16": "modp4096", "17": "modp6144", "18": "modp8192"}
UNITS = {"sec": 1, "second": 1, "seconds": 1, "secs": 1, "min": 60, "minute": 60, "minutes": 60,
         "mins": 60, "hour": 3600, "hours": 3600}


@dataclass
class Ike:
    main: bool = False
    aggressive: bool = False
    proposals: list = field(default_factory=list)
    esp: list = field(default_factory=list)
    life_ike: int = 0
    life_esp: int = 0
    dpd: int = None
    nat_force: bool = False
    fragmentation: bool = None
    id: str = None
    psk_file: str = None
    psk_where: str = None
    addresses: list = field(default_factory=list)


# What stands in a template for a value: no comment, though racoon would take it for one.
PLACEHOLDER = r"#[^#;]*#(?=\s*;)"


def _tokens(path):
    for where, line in read_lines(path):
        for token in re.findall(PLACEHOLDER + r'|"[^"]*"|[{};]|[^\s{};"#]+|#.*', line):
            if token.startswith("#") and not re.fullmatch(r"#[^#;]*#", token):
                break
            yield where, token


def _statements(tokens, remarks):
    """[(where, [words], block or None)] until the block's end."""
    found, words, where = [], [], None
    for at, token in tokens:
        if token == "}":
            if words:
                remarks.lost(where, " ".join(words), "expected ; or {")
            return found
        where = where or at
        if token == ";":
            if words:
                found.append((where, words, None))
        elif token == "{":
            found.append((where, words or ["{"], _statements(tokens, remarks)))
        else:
            words.append(token.strip('"'))
            continue
        words, where = [], None
    if words:
        remarks.lost(where, " ".join(words), "expected ; or {")
    return found


class _Reader:
    def __init__(self, path, remarks):
        self.ike, self.remarks = Ike(), remarks
        self.folder = os.path.dirname(path)
        self.proposal = {}

    def each(self, statements, prefix):
        for where, words, block in statements:
            handler = getattr(self, f"{prefix}_{words[0]}", None)
            if handler is None:
                self.remarks.lost(where, self.text(words, block), "the hub has nothing for it")
            else:
                handler(where, words[1:], block)

    def text(self, words, block):
        inner = " ".join(self.text(w, b) + ("" if b else ";") for _, w, b in block) if block else ""
        return " ".join(words) + (f" {{ {inner} }}" if block is not None else "")

    # --- at the top ------------------------------------------------------------------------

    def top_path(self, where, words, _):
        kind = words[0] if words else ""
        if kind == "pre_shared_key" and len(words) > 1:
            self.ike.psk_file, self.ike.psk_where = words[1], where
        elif kind in ("include", "script"):
            pass  # where other files are, if any is named
        else:
            self.remarks.lost(where, "path " + " ".join(words), "the hub has nothing for it")

    def top_include(self, where, words, _):
        path = os.path.join(self.folder, words[0]) if words else ""
        if os.path.isfile(path):
            self.each(_statements(_tokens(path), self.remarks), "top")
        else:
            self.remarks.lost(where, f"include {path}", "no such file")

    def top_log(self, *_):
        pass

    def top_padding(self, where, words, block):
        self.remarks.note(where, self.text(["padding"] + words, block), "strongSwan pads by itself")

    def top_timer(self, where, words, block):
        self.remarks.note(where, self.text(["timer"] + words, block),
                          "strongSwan has retransmission times of its own")

    def top_listen(self, _, __, block):
        for where, words, inner in block or []:
            if words[0] in ("isakmp", "isakmp_natt") and len(words) > 1:
                self.ike.addresses.append(words[1])
            elif words[0] != "adminsock":
                self.remarks.lost(where, self.text(words, inner), "the hub has nothing for it")

    def top_remote(self, where, words, block):
        if words != ["anonymous"] or block is None:
            self.remarks.lost(where, self.text(["remote"] + words, block),
                              "one remote for all spokes: see ike in the configuration")
            return
        self.each(block, "remote")

    def top_sainfo(self, where, words, block):
        if words != ["anonymous"] or block is None:
            self.remarks.lost(where, self.text(["sainfo"] + words, block),
                              "one sainfo for all spokes: see ike in the configuration")
            return
        got = {"encryption_algorithm": [], "authentication_algorithm": [], "pfs_group": [""]}
        for at, line, inner in block:
            name = line[0]
            if name == "lifetime":
                self.lifetime(at, line[1:], "life_esp")
            elif name == "compression_algorithm":
                self.remarks.note(at, " ".join(line), "spokes are not sent compressed packets; "
                                  "racoon did not insist on it either")
            elif name in got:
                got[name] = self.algorithms(at, name, line[1:])
            else:
                self.remarks.lost(at, self.text(line, inner), "the hub has nothing for it")
        self.esp(got)

    def esp(self, got):
        for cipher in got["encryption_algorithm"]:
            for auth in got["authentication_algorithm"]:
                for group in got["pfs_group"] or [""]:
                    self.ike.esp.append("-".join(x for x in (cipher, auth, group) if x))

    def algorithms(self, where, name, words):
        tables = {"encryption_algorithm": CIPHERS, "pfs_group": GROUPS,
                  "authentication_algorithm": {"hmac_" + k: v for k, v in HASHES.items()}}
        found = []
        if [w for w in words if w.startswith("#")]:
            self.remarks.lost(where, f"{name} {' '.join(words)};",
                              "no value that could be used: put yours here")
            return found
        words = re.findall(r"[^\s,]+", " ".join(words))
        while words:
            word = words.pop(0)
            if words and words[0].isdigit() and name == "encryption_algorithm":
                word += words.pop(0)
            known = tables[name].get(word.replace("rijndael", "aes"), word
                                     if name == "pfs_group" and word.startswith("modp") else None)
            if known:
                found.append(known)
            else:
                self.remarks.lost(where, f"{name} {word}", "the hub does not have it")
        if not found:
            self.remarks.lost(where, f"{name} ;", "no value that could be used: put yours here")
        return found

    def lifetime(self, where, words, which):
        if words[:1] == ["time"] and len(words) == 3 and words[1].isdigit() and words[2] in UNITS:
            setattr(self.ike, which, int(words[1]) * UNITS[words[2]])
        else:
            self.remarks.lost(where, "lifetime " + " ".join(words),
                              "expected time NUMBER sec|min|hour")

    # --- remote ----------------------------------------------------------------------------

    def remote_exchange_mode(self, where, words, _):
        for mode in re.findall(r"[^\s,]+", " ".join(words)):
            if mode in ("main", "aggressive"):
                setattr(self.ike, mode, True)
            else:
                self.remarks.lost(where, f"exchange_mode {mode}", "expected main or aggressive")

    def remote_lifetime(self, where, words, _):
        self.lifetime(where, words, "life_ike")

    def remote_script(self, where, words, _):
        self.remarks.note(where, "script " + " ".join(words),
                          "the hub keeps SAs and policies itself; SAs go with their peer")

    def remote_dpd_delay(self, where, words, _):
        if len(words) == 1 and words[0].isdigit():
            self.ike.dpd = int(words[0])
        else:
            self.remarks.lost(where, "dpd_delay " + " ".join(words), "expected seconds")

    def remote_nat_traversal(self, where, words, _):
        self.ike.nat_force = words == ["force"]
        if words == ["off"]:
            self.remarks.note(where, "nat_traversal off", "the hub always has it")

    def remote_ike_frag(self, _, words, __):
        self.ike.fragmentation = words != ["off"]

    def remote_my_identifier(self, where, words, _):
        if len(words) == 2 and words[0] in ("address", "fqdn", "user_fqdn"):
            self.ike.id = words[1]
        elif words != ["address"]:
            self.remarks.lost(where, "my_identifier " + " ".join(words), "no identity of the hub's")

    def same(self, where, words, name):
        self.remarks.note(where, f"{name} {' '.join(words)}", "the hub is a responder for anybody "
                          "who has the key, and takes lifetimes as they come")

    def remote_passive(self, where, words, _):
        self.same(where, words, "passive")

    def remote_proposal_check(self, where, words, _):
        self.same(where, words, "proposal_check")

    def remote_generate_policy(self, where, words, _):
        self.same(where, words, "generate_policy")

    def remote_verify_identifier(self, where, words, _):
        self.same(where, words, "verify_identifier")

    def remote_initial_contact(self, where, words, _):
        self.same(where, words, "initial_contact")

    def remote_proposal(self, where, _, block):
        parts = {}
        for at, words, inner in block or []:
            name = words[0]
            if name in ("encryption_algorithm", "hash_algorithm", "dh_group"):
                table = {"encryption_algorithm": CIPHERS, "hash_algorithm": HASHES,
                         "dh_group": GROUPS}[name]
                value = "".join(words[1:])
                known = table.get(value, value if value in GROUPS.values() and
                                  name == "dh_group" else None)
                if known:
                    parts[name] = known
                else:
                    self.remarks.lost(at, " ".join(words) + ";",
                                      "no value that could be used: put yours here")
            elif name == "lifetime":
                self.lifetime(at, words[1:], "life_ike")
            elif words != ["authentication_method", "pre_shared_key"]:
                self.remarks.lost(at, self.text(words, inner), "the hub has nothing for it")
        if len(parts) == 3:
            self.ike.proposals.append("-".join(
                parts[n] for n in ("encryption_algorithm", "hash_algorithm", "dh_group")))
        else:
            self.remarks.lost(where, "proposal", "is not whole, and left out")


def parse(path, remarks):
    reader = _Reader(path, remarks)
    reader.each(_statements(_tokens(path), remarks), "top")
    return reader.ike


def parse_keys(path, remarks):
    """[(who, key)] in the file's order: racoon takes the first that fits."""
    found = []
    for where, line in read_lines(path):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        who, *key = line.split(None, 1)
        if key:
            found.append((who, key[0]))
        else:
            remarks.lost(where, "(not shown)", "expected an address or name, and a key beside it")
    return found
