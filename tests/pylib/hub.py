# SPDX-License-Identifier: BSD-3-Clause
"""The hub under test: its configuration, a replay of a capture through it, what came of it."""
import json
import os
import subprocess
import time

from scapy.utils import rdpcap, wrpcap

from spoke import GATEWAY, GATEWAY_MAC, GRE_KEY, HUB, HUB_MAC, HUB_TUNNEL

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build-test/gcc"))

PORT = f'''ports = ( {{
  name = "wan0"; device = "net_null0,no-rx=1"; addresses = [ "{HUB}/24" ];
  mac = "{HUB_MAC}"; gateway = "{GATEWAY}";
  neighbors = ( {{ address = "{GATEWAY}"; mac = "{GATEWAY_MAC}"; }} );
}} );
'''


def tunnel(spokes, name="tun0", address=f"{HUB_TUNNEL}/16", nbma=HUB, key=GRE_KEY, extra=""):
    peers = ",\n".join(s.config() for s in spokes)
    return (f'  {{ name = "{name}"; address = "{address}"; nbma = "{nbma}"; key = {key}; {extra}\n'
            f'  peers = (\n{peers}\n  ); }}')


def config(tunnels, routes, port=PORT):
    routes = ",\n".join(f'  {{ prefix = "{p}"; {how}; }}' for p, how in routes)
    return port + "tunnels = (\n" + ",\n".join(tunnels) + "\n);\nroutes = (\n" + routes + "\n);\n"


def spoke_routes(spokes):
    return [(s.network, f'via = "{s.tunnel}"') for s in spokes]


def write_config(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o600)  # it holds keys


def replay(cfg, capture, out, *options):
    """Play a capture once through the hub; what it sends goes to `out`.
    Returns its counts: {"frames", "forwarded", "drops": {...}, "punts": {...}}."""
    results = out + ".json"
    command = [os.path.join(BUILD, "tools/dmvpn-replay"), "-c", cfg, "--write", out, "--loops",
               "1", "--no-floor", "--json", results, *options, capture]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr}")
    with open(results, encoding="utf-8") as f:
        return json.load(f)["counts"]


class Daemon:
    """The daemon itself, on a software port that reads `capture` and writes `out`."""

    def __init__(self, cfg, capture, out):
        self.socket = out + ".sock"
        self.cfg = out + ".cfg"
        with open(cfg, encoding="utf-8") as f:
            text = f.read()
        device = f"net_pcap0,rx_pcap={capture},tx_pcap={out}"
        write_config(self.cfg, f'control_socket = "{self.socket}";\n' +
                     text.replace("net_null0,no-rx=1", device))
        with open(out + ".log", "w", encoding="utf-8") as log:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "control/dmvpn-hub"), "-c", self.cfg, "--no-auto-start"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def ask(self, *words):
        """The data of a command's JSON answer, or None."""
        command = [os.path.join(BUILD, "tools/dmvpn-hubctl"), "-s", self.socket, "-j", *words]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        return json.loads(run.stdout)["data"] if run.returncode == 0 and run.stdout else None

    def wait(self, what, done):
        """Look again and again until done() holds; a minute is far more than it needs."""
        deadline = time.monotonic() + 60
        while not done():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"dmvpn-hub: {what} did not come; see {self.cfg}")
            time.sleep(0.05)

    def counts(self):
        """As replay() has them."""
        fwd, drops, punts = (self.ask("show", *words) for words in
                             (("fwd", "stats", "all"), ("drops",), ("punt", "stats")))
        return {"frames": fwd["all"]["rx_packets"], "forwarded": fwd["forwarded"],
                "sent": fwd["all"]["tx_packets"],
                "drops": {d["reason"]: d["packets"] for d in drops},
                "punts": {p["class"]: p["passed"] for p in punts if p["passed"]},
                "taken": sum(p["taken"] for p in punts)}

    def stop(self):
        self.ask("shutdown")
        return self.process.wait(timeout=60)


def serve(cfg, capture, out, n_frames):
    """A capture through the daemon. Returns its counts when all is done, with its exit code."""
    hub = Daemon(cfg, capture, out)
    try:
        hub.wait("an answer", lambda: hub.ask("show", "version") is not None)
        hub.ask("start")
        seen = []

        def settled():
            seen.append(hub.counts())
            return seen[-1]["frames"] == n_frames and seen[-1:] == seen[-2:-1] and \
                seen[-1]["taken"] == sum(seen[-1]["punts"].values())

        hub.wait("the end of the capture", settled)
        return dict(seen[-1], exit_code=hub.stop())
    finally:
        if hub.process.poll() is None:
            hub.process.kill()


def write_capture(path, frames):
    wrpcap(path, frames, linktype=1)


def read_capture(path):
    return rdpcap(path)


def tshark(capture, sas, fields, display_filter="esp"):
    """Rows of fields of the frames that match, decrypted with these SAs."""
    folder = capture + ".wireshark"
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "esp_sa"), "w", encoding="utf-8") as f:
        f.writelines(sas)
    command = ["tshark", "-r", capture, "-Y", display_filter, "-T", "fields", "-E", "occurrence=a",
               "-o", "esp.enable_encryption_decode:TRUE",
               "-o", "esp.enable_authentication_check:TRUE", "-o", "udp.check_checksum:TRUE"]
    for field in fields:
        command += ["-e", field]
    env = dict(os.environ, WIRESHARK_CONFIG_DIR=folder)
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    return [line.split("\t") for line in run.stdout.splitlines()]


class Tally:
    """Counts checks and says what failed; the last line is what tests/run reads."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, ok, name, why=""):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {name}: {why}")
        return ok

    def equal(self, got, want, name):
        return self.check(got == want, name, f"got {got!r}, expected {want!r}")

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped: {name}: {why}")

    def finish(self):
        """Print the sum. Returns the exit code."""
        line = f"{self.passed} passed, {self.failed} failed"
        print(line + (f", {self.skipped} skipped" if self.skipped else ""))
        return 1 if self.failed or not self.passed + self.skipped else 0
