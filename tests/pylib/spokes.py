# SPDX-License-Identifier: BSD-3-Clause
"""A hub and the simulator of its spokes, two processes on one cable: DPDK's memif over a Unix socket.
Neither needs root."""
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

import hub

CAPGEN, SPOKES, DAEMON, CTL = (os.path.join(hub.BUILD, p) for p in (
    "tools/dmvpn-capgen", "tools/spokes/dmvpn-spokes", "control/dmvpn-hub", "tools/dmvpn-hubctl"))
CABLE = "net_memif0,id=0,socket-abstract=no,rsize=14"
PATIENCE = 30


def tunnel_address(number):
    return f"172.{16 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def nbma(number):
    return f"100.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def capgen(folder, n, device, *options):
    """The configuration of a hub with n spokes that are not there yet, in a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    subprocess.run([CAPGEN, "-o", folder, "--spokes", str(n), "--packets", "0", "--dynamic",
                    "--device", device, *options], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


class Network:
    """n spokes, none of them up yet; the hub runs. `settings` are the simulator's, `edit` may change
    the hub's configuration."""

    def __init__(self, folder, n, *options, edit=None, settings=None, eal=1024):
        self.folder, self.n = folder, n
        self.socket = os.path.join(folder, "control.sock")
        self.cfg = os.path.join(folder, "hub.cfg")
        self.cable_folder = tempfile.mkdtemp(prefix="dmvpn-cable-")  # a socket's name is short
        self.daemon = self.sim = None
        capgen(folder, n, self.device("hub"), *options)
        with open(self.cfg, encoding="utf-8") as f:
            text = f.read()
        text = re.sub('"-m", "[0-9]+"', f'"-m", "{eal}"', text)
        hub.write_config(self.cfg, edit(text) if edit else text)
        scenario = os.path.join(folder, "settings.json")
        with open(scenario, "w", encoding="utf-8") as f:
            json.dump(settings or {}, f)
        self.start_sim(scenario)
        self.start_hub()

    def device(self, end):
        """Of DPDK, at the cable's end: "hub" or "spokes"."""
        return f"{CABLE},socket={self.cable_folder}/cable,role=" + (
            "client" if end == "hub" else "server")

    def inside(self, _end):
        """The words in front of the command at this end."""
        return []

    def cable_is_there(self):
        return os.path.exists(f"{self.cable_folder}/cable")

    def start_sim(self, scenario):
        command = [*self.inside("spokes"), SPOKES, "-c", self.cfg, "-d", self.device("spokes"),
                   "-s", scenario, "-i", "-j"]
        with open(os.path.join(self.folder, "spokes.log"), "w", encoding="utf-8") as log:
            # pylint: disable=consider-using-with
            self.sim = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=log, bufsize=0)
        self.pending = b""
        deadline = time.monotonic() + PATIENCE
        while not self.cable_is_there():
            if self.sim.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"dmvpn-spokes did not start; see {self.folder}/spokes.log")
            time.sleep(0.02)

    def launch_hub(self):
        """Start the process. Returns where in its log it begins."""
        with open(os.path.join(self.folder, "hub.log"), "a", encoding="utf-8") as log:
            # pylint: disable=consider-using-with
            self.daemon = subprocess.Popen([*self.inside("hub"), DAEMON, "-c", self.cfg],
                                           stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            return log.tell()

    def cable_refused(self, since):
        """memif's server takes nobody until it has seen that the last one is gone."""
        with open(os.path.join(self.folder, "hub.log"), encoding="utf-8") as log:
            log.seek(since)
            return "memif_connect_client(): Failed to connect" in log.read()

    def start_hub(self):
        began = self.launch_hub()
        deadline = time.monotonic() + PATIENCE
        while self.ask("show", "version") is None:
            ended = self.daemon.poll() is not None
            if time.monotonic() > deadline or (ended and not self.cable_refused(began)):
                raise RuntimeError(f"dmvpn-hub did not start; see {self.folder}/hub.log")
            if ended:
                began = self.launch_hub()
            time.sleep(0.02)

    def stop_hub(self, how=signal.SIGTERM):
        self.daemon.send_signal(how)
        return self.daemon.wait(PATIENCE)

    def ask(self, *words):
        """The data of a command's JSON answer, or None."""
        run = subprocess.run([CTL, "-s", self.socket, "-j", *words], capture_output=True, text=True,
                             check=False)
        return json.loads(run.stdout)["data"] if run.returncode == 0 and run.stdout else None

    def send(self, **step):
        """Begin a step, and do not wait."""
        self.sim.stdin.write(json.dumps(step).encode() + b"\n")

    def answered(self):
        """Whether line_read() would give something at once."""
        return bool(self.pending) or bool(select.select([self.sim.stdout], [], [], 0)[0])

    def line_read(self, patience):
        """The next line that the simulator says."""
        deadline = time.monotonic() + patience
        while b"\n" not in self.pending:
            if not select.select([self.sim.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise RuntimeError("dmvpn-spokes does not answer")
            more = os.read(self.sim.stdout.fileno(), 65536)
            if not more:
                raise RuntimeError(f"dmvpn-spokes ended; see {self.folder}/spokes.log")
            self.pending += more
        said, self.pending = self.pending.split(b"\n", 1)
        return json.loads(said)

    def line(self, text, patience):
        """What the simulator says to a line."""
        self.sim.stdin.write(text.encode() + b"\n")
        return self.line_read(patience)

    def step(self, **step):
        """Do or expect something: {"ok", "seconds", "detail"}. `do` is a word of Python's too."""
        return self.line(json.dumps(step), step.get("within", 10) + step.get("seconds", 0) +
                         PATIENCE)

    def report(self):
        return self.line("report", PATIENCE)

    def resident_kb(self):
        return resident_kb(self.daemon.pid)

    def stop(self):
        """Both. Returns the exit codes of simulator and hub."""
        codes = []
        if self.sim is not None:
            self.sim.stdin.close()
            codes.append(self.sim.wait(PATIENCE))
            self.sim.stdout.close()
        if self.daemon is not None:
            codes.append(self.stop_hub() if self.daemon.poll() is None else self.daemon.returncode)
        shutil.rmtree(self.cable_folder, ignore_errors=True)
        return codes

    def kill(self):
        for process in (self.sim, self.daemon):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.cable_folder, ignore_errors=True)
