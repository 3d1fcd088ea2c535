# SPDX-License-Identifier: BSD-3-Clause
"""Cipher suites by the hub's names, and what scapy and Wireshark call them."""
from collections import namedtuple

Suite = namedtuple("Suite", "name crypt key_len auth auth_len icv_len hash tshark_crypt tshark_auth")

# Name, scapy, key with salt, Wireshark. Wireshark 4.0 knows no ChaCha20.
CIPHERS = [
    ("aes128gcm16", "AES-GCM", 20, "AES-GCM with 16 octet ICV [RFC4106]"),
    ("aes192gcm16", "AES-GCM", 28, "AES-GCM with 16 octet ICV [RFC4106]"),
    ("aes256gcm16", "AES-GCM", 36, "AES-GCM with 16 octet ICV [RFC4106]"),
    ("chacha20poly1305", "CHACHA20-POLY1305", 36, None),
    ("aes128", "AES-CBC", 16, "AES-CBC [RFC3602]"),
    ("aes192", "AES-CBC", 24, "AES-CBC [RFC3602]"),
    ("aes256", "AES-CBC", 32, "AES-CBC [RFC3602]"),
    ("3des", "3DES", 24, "TripleDES-CBC [RFC2451]"),
    ("null", "NULL", 0, "NULL"),
]

# Name, scapy, key, ICV, hashlib, Wireshark.
HMACS = [
    ("md5", "HMAC-MD5-96", 16, 12, "md5", "HMAC-MD5-96 [RFC2403]"),
    ("sha1", "HMAC-SHA1-96", 20, 12, "sha1", "HMAC-SHA-1-96 [RFC2404]"),
    ("sha256", "SHA2-256-128", 32, 16, "sha256", "HMAC-SHA-256-128 [RFC4868]"),
    ("sha384", "SHA2-384-192", 48, 24, "sha384", "HMAC-SHA-384-192 [RFC4868]"),
    ("sha512", "SHA2-512-256", 64, 32, "sha512", "HMAC-SHA-512-256 [RFC4868]"),
]


def all_suites():
    for name, crypt, key_len, shark in CIPHERS:
        if "gcm" in name or "poly" in name:
            yield Suite(name, crypt, key_len, None, 0, 16, None, shark, "NULL")
            continue
        for mac, auth, auth_len, icv_len, digest, shark_auth in HMACS:
            yield Suite(f"{name}-{mac}", crypt, key_len, auth, auth_len, icv_len, digest, shark,
                        shark_auth)


SUITES = {suite.name: suite for suite in all_suites()}
