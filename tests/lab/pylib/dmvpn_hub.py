# SPDX-License-Identifier: BSD-3-Clause
"""The hub under test: dmvpn-hub on software ports, one on the underlay's bridge, one on the LAN's."""
import contextlib
import json
import os
import shutil
import string
import subprocess
import time

import charon_unit
import network
from node import manual_sa

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build-test/gcc"))
PLUGIN = os.path.join(ROOT, "build-test/plugin/libstrongswan-dmvpn-hub.so")
SEED = os.path.join(ROOT, "tests/import/seed")
PATIENCE = 60


def _read(name):
    with open(os.path.join(HERE, "dmvpn-hub", name), encoding="utf-8") as f:
        return f.read()


def _sa(source, target):
    spi, key = manual_sa(source, target)
    return f'{{ spi = {spi:#x}; suite = "aes128gcm16"; key = "0x{key}"; }}'


class DmvpnHub:
    kind = "dmvpn"

    def __init__(self, work, net, own, nodes):
        self.work, self.net, self.own = work, net, own
        self.spokes = [n for n in nodes if n.role == "spoke"]
        self.config = os.path.join(work, f"{own.name}.cfg")
        self.log = os.path.join(work, f"{own.name}.log")
        self.ike = os.path.join(work, f"{own.name}-ike")
        self.process = self.charon = None
        self.remarks = ""  # of the import

    @staticmethod
    def cannot(net):
        """None, or why this hub cannot serve such a network."""
        if net.keying == "ike" and not os.path.exists(PLUGIN):
            return "needs charon's plugin: tools/build-plugin build-test/plugin"
        return None

    def plug(self):
        network.veth(f"{self.own.name}wan", "br0")
        network.veth(f"{self.own.name}lan", "br1")

    def _peers(self):
        if self.net.keying != "manual":
            return ""
        return ",\n".join(f'{{ nbma = "{n.nbma}"; sa_in = ( {_sa(n, self.own)} ); '
                          f'sa_out = ( {_sa(self.own, n)} ); }}' for n in self.spokes)

    def _ike(self):
        net = self.net
        if net.keying != "ike":
            return ""
        mode = 'mode = "external";' if net.ike_external else f'plugin = "{PLUGIN}";'
        return (f'ike = {{ directory = "{self.ike}"; '
                f'aggressive = {str(net.aggressive).lower()}; dpd = 10; {mode}\n'
                f'\tproposals = [ "{net.ike_proposal}" ]; esp = [ "{net.esp_proposal}" ];\n'
                f'\tpsk = ( {{ id = "*"; secret = "{net.psk}"; }} ); }};')

    def write_config(self):
        net, own = self.net, self.own
        text = _read("process.cfg") + (self._imported() if net.imported else _read("hub.cfg"))
        text = string.Template(text).substitute(
            work=self.work, name=own.name, nbma=own.nbma, lan=own.lan, tunnel=own.tunnel,
            key=own.gre_key, mtu=net.tunnel_mtu, holding_time=net.holding_time,
            redirect=str(net.redirect).lower(), checksum=str(net.gre_checksum).lower(),
            multicast="" if net.multicast else "multicast = [];",
            authentication=f'authentication = "{net.nhrp_secret}";' if net.nhrp_secret else "",
            peers=self._peers(), ike=self._ike())
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.config, 0o600)  # it holds keys

    def _imported(self):
        """What dmvpn-import makes of the seed's files."""
        out = self.config + ".imported"
        run = subprocess.run(
            [os.path.join(ROOT, "tools/dmvpn-import"), "--root", SEED, "-o", out,
             "--device", f"eth0=net_af_packet0,iface={self.own.name}wan",
             "--device", f"eth1=net_af_packet1,iface={self.own.name}lan"],
            capture_output=True, text=True, check=False)
        self.remarks = run.stderr
        if run.returncode not in (0, 3):
            raise RuntimeError(f"dmvpn-import: exit code {run.returncode}: {run.stderr}")
        with open(out, encoding="utf-8") as f:
            text = f.read().replace("$", "$$")
        # The plugin is not installed: the one thing that the files cannot tell.
        return text.replace("ike = {\n", f'ike = {{\n\tplugin = "{PLUGIN}";\n', 1)

    def start(self):
        self.write_config()
        with open(self.log, "ab") as log:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "control/dmvpn-hub"), "-c", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_ready(self):
        deadline = time.monotonic() + PATIENCE
        while self.ask("show", "version") is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log, encoding="utf-8", errors="replace") as f:
                    last = "".join("\n        | " + line.rstrip() for line in f.readlines()[-15:])
                raise RuntimeError(f"dmvpn-hub does not answer (exit code "
                                   f"{self.process.poll()}); its last lines:{last}")
            time.sleep(0.05)
        if self.net.ike_external and self.charon is None:
            with open(self.log + ".charon", "ab") as log:
                self.charon = charon_unit.start(self.ike, log, PLUGIN)

    def ask(self, *words):
        """The data of a command's JSON answer, or None."""
        run = subprocess.run([os.path.join(BUILD, "tools/dmvpn-hubctl"), "-s",
                              f"{self.work}/{self.own.name}.sock", "-j", *words],
                             capture_output=True, text=True, check=False)
        return json.loads(run.stdout)["data"] if run.returncode == 0 and run.stdout else None

    def say(self, command):
        """A command's answer as people read it."""
        run = subprocess.run([os.path.join(BUILD, "tools/dmvpn-hubctl"), "-s",
                              f"{self.work}/{self.own.name}.sock", command],
                             capture_output=True, text=True, check=False)
        return run.stdout + run.stderr

    def restart(self):
        """As after a power cut."""
        self.kill()
        self.start()
        self.wait_ready()

    def relaunch(self):
        """The hub dies and comes back; IKE goes on."""
        self._kill_hub()
        self.start()
        self.wait_ready()

    def kill(self):
        """As if its power were cut: what it keeps in memory for the next hub is gone, too."""
        self._kill_charon()
        self._kill_hub()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.work}/{self.own.name}.sock.state")

    def _kill_hub(self):
        self.process.kill()
        self.process.wait()

    def _kill_charon(self):
        if self.charon is not None:
            self.charon.kill()
            self.charon.wait()
            self.charon = None

    def restart_ike(self):
        """IKE alone dies and comes back: the hub starts it again."""
        for pid in _children(self.process.pid):
            with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
                if f.read().startswith("charon"):
                    os.kill(pid, 9)

    def stop(self):
        """Returns the exit code of an orderly end, or None if it was killed."""
        self._kill_charon()
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.ask("shutdown")
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def rekey(self, what, tunnel):
        """Renew the SAs ("child") or the IKE SA ("ike") with the spoke of this tunnel address."""
        self.say(f"rekey {'ipsec' if what == 'child' else 'ike'} sa peer {tunnel}")

    def registered(self):
        """Tunnel addresses of the spokes that are registered."""
        rows = self.ask("show", "nhrp", "cache") or []
        return {row["address"].split("/")[0] for row in rows if row.get("state") == "up"}

    def routes(self):
        """{prefix: tunnel address} of the routes that RIP has from spokes."""
        rows = self.ask("show", "route") or []
        return {row["prefix"]: row.get("via") for row in rows if row.get("source") == "rip"}

    def nhrp_refused(self):
        """Packets without the secret."""
        rows = self.ask("show", "nhrp", "stats") or []
        return sum(row["count"] for row in rows if row["name"] == "drop_authentication")

    def save(self, folder):
        shutil.copy(self.config, folder)
        shutil.copy(self.log, folder)
        with open(os.path.join(folder, f"{self.own.name}.show"), "w", encoding="utf-8") as f:
            for what in ("dmvpn", "nhrp cache", "nhrp stats", "rip", "rip neighbors", "route",
                         "ike sa", "ipsec sa", "drops", "punt stats", "log"):
                f.write(f"dmvpn> show {what}\n{self.say('show ' + what)}\n")


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
        own = [int(word) for word in f.read().split()]
    return own + [c for child in own for c in _children(child)]
