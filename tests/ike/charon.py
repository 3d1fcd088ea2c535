# SPDX-License-Identifier: BSD-3-Clause
"""Spokes whose IKE is Debian's charon with its own sockets, and whose ESP is scapy: the plugin hands
charon's SAs to this process as it does to the hub. Nothing of the hub's code is used."""
import ctypes
import os
import random
import socket
import stat
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pylib"))
# pylint: disable=wrong-import-position
import ike_wire                                                                   # noqa: E402
from scapy.utils import checksum                                                  # noqa: E402
from spoke import ESP, GRE, GRE_KEY, IP, UDP, Raw, Sa, raw                        # noqa: E402

CHARON, SWANCTL = "/usr/sbin/charon-systemd", "/usr/sbin/swanctl"
CLONE_NEWNET = 0x40000000
ETH_P_IP, GRE_NHRP = 0x0800, 0x2001
MODE_TUNNEL = 1

# IANA's numbers of IKEv2 transforms -> the hub's names
CIPHERS = {(20, 20): "aes128gcm16", (20, 28): "aes192gcm16", (20, 36): "aes256gcm16",
           (28, 36): "chacha20poly1305", (12, 16): "aes128", (12, 24): "aes192",
           (12, 32): "aes256", (3, 24): "3des", (11, 0): "null"}
HASHES = {0: "", 1: "-md5", 2: "-sha1", 12: "-sha256", 13: "-sha384", 14: "-sha512"}


def in_namespace(name, make):
    """What make() returns, made in a network namespace: sockets stay where they were made."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", encoding="utf-8") as home, \
            open(f"/run/netns/{name}", encoding="utf-8") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return make()
        finally:
            if libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                os._exit(1)


def sockets(pid):
    """A process's sockets, one after the other."""
    pidfd = os.pidfd_open(pid)
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            own = ctypes.CDLL(None).syscall(438, pidfd, int(fd), 0)  # pidfd_getfd
            if own >= 0 and stat.S_ISSOCK(os.fstat(own).st_mode):
                with socket.socket(fileno=own) as s:
                    yield s
            elif own >= 0:
                os.close(own)
    finally:
        os.close(pidfd)


def make_sa(fields):
    sa = Sa(fields["spi"], CIPHERS[(fields["cipher"], len(fields["key"]))]
            + HASHES[fields["integrity"]], bool(fields["esn"]))
    sa.key, sa.auth_key = fields["key"], fields["auth_key"]
    sa.fields, sa.seen = fields, set()
    return sa


class Spoke:
    """One spoke in a network namespace."""

    def __init__(self, name, namespace, address, folder, plugin, hub="192.0.2.1"):
        self.name, self.namespace, self.address, self.hub = name, namespace, address, hub
        self.folder, self.plugin = os.path.join(folder, name), plugin
        os.makedirs(self.folder, exist_ok=True)
        self.process = self.conn = self.log = None
        self.to_load = False  # charon is there, and wants its settings
        self.sas_in, self.sas_out, self.pairs = {}, {}, []
        self.early = []       # to be sent by the next SA, before charon has said a word of it
        self.inner = []       # decrypted inner packets
        self.nhrp = []        # decrypted NHRP packets
        self.bad = []         # what could not be
        self.gone = []        # IKE_GONE messages
        self.listener = self._listen()
        self.rx = in_namespace(namespace, lambda: socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)))
        self.rx.setblocking(False)
        self.tx = in_namespace(namespace, lambda: socket.socket(
            socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))

    def _listen(self):
        path = f"{self.folder}/sa.sock"
        if os.path.exists(path):
            os.unlink(path)
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.bind(path)
        s.listen(1)
        s.setblocking(False)
        return s

    # --- charon

    def credentials(self, pki):
        """Copies of its certificate, its key and the authority's, where swanctl looks."""
        for kind, source in (("x509", f"{self.name}.pem"), ("private", f"{self.name}.key"),
                             ("x509ca", "ca.pem")):
            os.makedirs(f"{self.folder}/{kind}", exist_ok=True)
            with open(f"{pki}/{source}", encoding="utf-8") as f, \
                    open(f"{self.folder}/{kind}/{source}", "w", encoding="utf-8") as to:
                to.write(f.read())

    def write_settings(self, *, version, ike, esp, local_id, secret, hub_id="192.0.2.1",
                       aggressive=False, start="start", life="1h", mode="transport",
                       pki=None):
        auth, certs = "psk", ""
        if pki:
            self.credentials(pki)
            auth, certs = "pubkey", f"certs = {self.name}.pem"
        with open(f"{self.folder}/strongswan.conf", "w", encoding="utf-8") as f:
            f.write(f"""charon-systemd {{
load = random nonce drbg openssl aes sha1 sha2 md5 hmac kdf gmp gcm pem pkcs1 pkcs8 pubkey x509 constraints vici dmvpn-hub socket-default
install_routes = no
install_virtual_ip = no
retransmit_timeout = 0.5
retransmit_tries = 4
i_dont_care_about_security_and_use_aggressive_mode_psk = yes
filelog {{ stderr {{ default = 1 }} }}
journal {{ default = -1 }}
plugins {{
vici {{ socket = unix://{self.folder}/vici.sock }}
dmvpn-hub {{
sa_socket = {self.folder}/sa.sock
addresses = {self.address}
}} }} }}
""")
        with open(f"{self.folder}/swanctl.conf", "w", encoding="utf-8") as f:
            f.write(f"""connections {{ hub {{
version = {version}
aggressive = {"yes" if aggressive else "no"}
local_addrs = {self.address}
remote_addrs = {self.hub}
proposals = {ike}
dpd_delay = 0s
mobike = no
local {{ auth = {auth}
{certs}
id = {local_id} }}
remote {{ auth = {auth}
id = {hub_id} }}
children {{ gre {{
mode = {mode}
local_ts = dynamic[gre]
remote_ts = dynamic[gre]
esp_proposals = {esp}
policies = no
life_time = {life}
start_action = {start} }} }} }} }}
""")

    def start(self, secret, **settings):
        if os.path.exists(f"{self.folder}/vici.sock"):
            os.unlink(f"{self.folder}/vici.sock")
        self.secret = secret
        self.write_settings(secret=secret, **settings)
        self.log = open(f"{self.folder}/charon.log", "a", encoding="utf-8")
        env = {"STRONGSWAN_CONF": f"{self.folder}/strongswan.conf", "SWANCTL_DIR": self.folder}
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, "setpriv", "--pdeathsig", "KILL", "env",
             f"LD_PRELOAD={self.plugin}", CHARON],
            env=env | {"PATH": os.environ["PATH"]}, stdout=self.log, stderr=self.log)

    def swanctl(self, *args):
        env = {"STRONGSWAN_CONF": f"{self.folder}/strongswan.conf", "SWANCTL_DIR": self.folder,
               "PATH": os.environ["PATH"]}
        return subprocess.run(
            [SWANCTL, *args, "--uri", f"unix://{self.folder}/vici.sock"], env=env, check=False,
            stdout=self.log, stderr=self.log, timeout=20).returncode

    def logged(self, *words):
        """Has charon said any of these?"""
        with open(f"{self.folder}/charon.log", encoding="utf-8", errors="replace") as f:
            text = f.read()
        return any(word in text for word in words)

    def kill(self, signal):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal)
            self.process.wait(timeout=20)

    def say(self, name, ident=0, **fields):
        if self.conn is not None:
            self.conn.send(ike_wire.encode(name, ident, **fields))

    def close(self):
        self.kill(9)
        for s in (self.conn, self.listener, self.rx, self.tx):
            if s is not None:
                s.close()
        if self.log is not None:
            self.log.close()

    # --- what comes

    def sockets(self):
        return [s for s in (self.listener, self.conn, self.rx) if s is not None]

    def ready(self, s):
        if s is self.listener:
            self.conn, _ = s.accept()
            self.conn.setblocking(True)
        elif s is self.conn:
            data = s.recv(65536)
            if data:
                self.message(*ike_wire.decode(data))
            else:
                s.close()
                self.conn = None
        elif s is self.rx:
            self.packet(s.recv(65536))

    def message(self, name, ident, f):
        if name == "HELLO":
            self.say_hello()
            self.to_load = True
        elif name == "GET_SPI":
            self.say("SPI", ident, code=0, spi=random.randrange(0x10000000, 0xf0000000))
        elif name == "SA_ADD":
            sas = self.sas_in if f["inbound"] else self.sas_out
            if f["spi"] not in sas:
                sas[f["spi"]] = make_sa(f)
                while self.early and not f["inbound"]:
                    self.send(self.early.pop(0))
            if ident:
                self.say("RESULT", ident, code=0)
        elif name == "SA_UPDATE":
            self.say("RESULT", ident, code=0)
        elif name == "SA_DEL":
            (self.sas_in if f["dst"] == self.address else self.sas_out).pop(f["spi"], None)
        elif name == "SA_QUERY":
            self.say("SA_USE", ident, code=0)
        elif name == "PAIR":
            self.pairs.append(f)
        elif name == "IKE_GONE":
            self.gone.append(f)

    def say_hello(self):
        self.conn.send(ike_wire.hello("a spoke's end"))
        self.say("SECRET", kind=0, secret=self.secret)
        self.say("SECRETS")

    def rekey(self):
        """As if the newest SA had reached its soft lifetime."""
        spi = list(self.sas_in)[-1]
        self.say("EXPIRE", spi=spi, dst=self.address, hard=0)

    # --- ESP

    def up(self):
        return bool(self.pairs) and bool(self.sas_in) and bool(self.sas_out)

    def packet(self, data):
        ip = IP(data)
        if ip.src != self.hub or ip.dst != self.address:
            return
        if UDP in ip and ip[UDP].sport == 4500:
            esp = bytes(ip[UDP].payload)
            if esp[:4] == bytes(4) or len(esp) < 16:
                return
            ip = IP(src=ip.src, dst=ip.dst, proto=50) / ESP(esp)
        elif ip.proto != 50:
            return
        spi = ip[ESP].spi
        sa = self.sas_in.get(spi)
        try:
            if sa is None:
                raise LookupError("no such SA")
            clear = sa.open(IP(raw(ip)))
            if ip[ESP].seq in sa.seen:
                raise ValueError(f"number {ip[ESP].seq} twice")
            sa.seen.add(ip[ESP].seq)
            if sa.fields["mode"] == MODE_TUNNEL and clear.proto != 4:
                raise ValueError(f"protocol {clear.proto} in tunnel mode")
            gre = clear[GRE]
            if gre.key != GRE_KEY:
                raise ValueError(f"GRE key {gre.key}")
            if gre.proto == GRE_NHRP:
                self.nhrp.append(raw(gre.payload))
            else:
                self.inner.append((spi, IP(raw(gre.payload))))
        except Exception as e:  # pylint: disable=broad-except
            self.bad.append((hex(spi), repr(e), [hex(s) for s in self.sas_in]))

    def seal(self, inner, sa=None, proto=0x0800):
        sa = sa or list(self.sas_out.values())[-1]
        gre = IP(src=self.address, dst=self.hub, proto=47) / GRE(
            raw(GRE(proto=proto, key_present=1, key=GRE_KEY) / Raw(raw(inner))))
        if sa.fields["mode"] == MODE_TUNNEL:
            gre = IP(src=self.address, dst=self.hub, proto=4) / IP(raw(gre))
        ip = sa.seal(gre)
        if sa.fields["encap"]:
            esp = raw(ip[ESP])
            ip = IP(src=self.address, dst=self.hub) / UDP(
                sport=sa.fields["sport"], dport=sa.fields["dport"], chksum=0) / Raw(esp)
        return raw(IP(raw(ip)))

    def send(self, inner, sa=None):
        self.tx.sendto(self.seal(inner, sa), (self.hub, 0))

    def register(self, tunnel, hub_tunnel, number):
        """An NHRP registration request (RFC 2332 5.2.3), for an hour, as the answer of the hub
        finds it."""
        cie = struct.pack("!BBHHHBBBB", 0, 32, 0, 0, 3600, 0, 0, 0, 0)
        body = struct.pack("!BBHI4s4s4s", 4, 4, 0, number, *map(
            socket.inet_aton, (self.address, tunnel, hub_tunnel))) + cie
        size = 20 + len(body)
        head = struct.pack("!HHLBBHHHBBBB", 1, 0x0800, 0, 0, 255, size, 0, 0, 1, 3, 4, 0)
        packet = head + body
        packet = packet[:12] + struct.pack("!H", checksum(packet)) + packet[14:]
        self.tx.sendto(self.seal(Raw(packet), proto=GRE_NHRP), (self.hub, 0))

    def answer(self, number):
        """The code of the answer to it; None: there is none yet."""
        for p in self.nhrp:
            if p[17] == 4 and p[24:28] == struct.pack("!I", number):
                return p[40]
        return None

    def registered(self, number):
        """The answer to it came, and says yes (code 0)."""
        return self.answer(number) == 0


def wait(spokes, what, until, seconds=15, log=None):
    """Serve all spokes until the condition holds."""
    import select  # pylint: disable=import-outside-toplevel
    deadline = time.monotonic() + seconds
    while True:
        got = until()
        if got:
            return got
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{what}: not within {seconds} s" + (f"; see {log}" if log else ""))
        for spoke in spokes:
            if spoke.to_load and os.path.exists(f"{spoke.folder}/vici.sock"):
                spoke.to_load = spoke.swanctl("--load-all", "--noprompt") != 0
        of = {s: spoke for spoke in spokes for s in spoke.sockets()}
        for s in select.select(list(of), [], [], min(left, 0.05))[0]:
            try:
                of[s].ready(s)
            except (ConnectionError, BlockingIOError, OSError):
                if of[s].conn is s:
                    s.close()
                    of[s].conn = None
