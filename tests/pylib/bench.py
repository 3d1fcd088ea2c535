# SPDX-License-Identifier: BSD-3-Clause
"""What tests/bench/run measures: cases, the traffic made for them, a measurement and its noise."""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from collections import namedtuple

import hub

# A case. `variant` is one of VARIANTS, "" the plain one: a random pair of spokes for each packet,
# one worker, hugepages, an anti-replay window of 64, 256 buffers.
Case = namedtuple("Case", "suite size spokes variant", defaults=("",))
Figure = namedtuple("Figure", "value unit spread")

VARIANTS = {
    "": {},
    "pair": {"pattern": "pair"},
    "zipf": {"pattern": "zipf"},
    "nohuge": {"huge": False},
    "nowindow": {"options": ["--window", "off"]},
    "buffers1024": {"options": ["--buffers", "1024"]},
    "workers2": {"options": ["--workers", "2", "--warmup", "40"], "packets": 131072},
    "natt": {"edit": "natt"},
    "lan": {"edit": "lan"},
    "multicast": {"options": ["--multicast", "64"]},
}
GCM, SHA1 = "aes128gcm16", "aes128-sha1"
OTHERS = ["aes192gcm16", "aes256gcm16", "chacha20poly1305", "aes128-sha256", "aes256-sha256",
          "aes256-sha512", "3des-sha1", "null-sha1"]
SIZES, GOAL_SIZES = (64, 128, 256, 512, 1024, 1400, "imix"), (64, 512, 1400)

# Cycles over the floor of the same run with its keys prefetched, AES-GCM up to 10,000 spokes.
AT_LEAST, GOAL = 75, 45
NOISE = 0.15  # of the lowest tenth, that the median of the bursts may be above it
TRIES = 3


def cases(quick):
    if quick:
        return [Case(GCM, size, n) for n in (2, 1000) for size in GOAL_SIZES] + \
               [Case(SHA1, 512, 1000), Case(GCM, 64, 1000, "natt"), Case(GCM, 64, 1000, "lan")]
    plain = [Case(GCM, size, n) for n in (2, 100, 1000, 10000, 100000)
             for size in (SIZES if n == 1000 else GOAL_SIZES)]
    cbc = [Case(SHA1, size, n) for n in (2, 1000) for size in GOAL_SIZES]
    rest = [Case(suite, 512, 1000) for suite in OTHERS]
    variants = [Case(GCM, 64, 1000, v) for v in VARIANTS if v]
    variants += [Case(GCM, size, 1000, v) for v in ("buffers1024", "workers2")
                 for size in (512, 1400)]
    variants += [Case(GCM, 64, 10000, v) for v in ("zipf", "nohuge")]
    return plain + cbc + rest + variants


def references(quick):
    """What librte_ipsec is asked to do."""
    return [Case(suite, size, n) for suite in (GCM, SHA1) for n in (2, 1000) for size in GOAL_SIZES
            if not quick or (suite, size, n) == (GCM, 64, 1000)]


def tail_of(case):
    words = [case.suite, str(case.size), str(case.spokes)] + ([case.variant] if case.variant else [])
    return ".".join(words)


# --- traffic ---------------------------------------------------------------------------------

def frames_of(pcap):
    """(record header without lengths, octets) of each frame, and the file's header."""
    at = 24
    while at < len(pcap):
        length = struct.unpack_from("<I", pcap, at + 8)[0]
        yield pcap[at:at + 8], pcap[at + 16:at + 16 + length]
        at += 16 + length


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def ip_header(old, length, protocol):
    header = bytearray(old[:20])
    struct.pack_into("!H", header, 2, length)
    header[9] = protocol
    struct.pack_into("!H", header, 10, 0)
    struct.pack_into("!H", header, 10, checksum(bytes(header)))
    return bytes(header)


def write_pcap(path, head, frames):
    with open(path, "wb") as f:
        f.write(head)
        for stamp, octets in frames:
            f.write(stamp + struct.pack("<II", len(octets), len(octets)) + octets)


def edit_natt(text, pcap):
    """The same spokes behind NATs: ESP in UDP (RFC 3948)."""
    text = re.sub(r'(\{ address = "[^"]*"; nbma = "[^"]*";)', r"\1 nat_port = 4500;", text)
    frames = [(stamp, f[:14] + ip_header(f[14:34], len(f) - 14 + 8, 17) +
               struct.pack("!HHHH", 4500, 4500, len(f) - 34 + 8, 0) + f[34:])
              for stamp, f in frames_of(pcap)]
    return text, frames


def edit_lan(text, pcap):
    """From a station on a LAN of the hub's to the spokes' LANs: sealed only."""
    text = text.replace("ports = (", '''ports = ( {
	name = "lan0"; role = "lan"; device = "net_null0,no-rx=1"; mac = "02:00:00:00:00:02";
	addresses = [ "203.0.113.1/24" ];
	neighbors = ( { address = "203.0.113.9"; mac = "02:00:00:00:00:09"; } );
},''', 1)
    lans = [bytes(map(int, lan.split("."))) for lan in re.findall(r'prefix = "([0-9.]*)/24"', text)]
    frames = []
    for number, (stamp, _) in enumerate(frames_of(pcap)):
        lan = lans[number * 2654435761 % (1 << 32) % len(lans)]
        start = b"\x45\0\0\0\0\0\0\0\x40\x11\0\0" + bytes((203, 0, 113, 9)) + lan[:3] + b"\x01"
        udp = struct.pack("!HHHH", 1000, 1000, 44, 0) + bytes(36)
        frames.append((stamp, bytes.fromhex("020000000002" "020000000009" "0800") +
                       ip_header(start, 64, 17) + udp))
    return text, frames


EDITS = {"natt": edit_natt, "lan": edit_lan}


def traffic(work, case):
    """The folder with hub.cfg and in.pcap of a case, made if it is not there."""
    how = VARIANTS[case.variant]
    packets = how.get("packets", 65536 if case.spokes > 10000 else 16384 if case.spokes > 1000
                      else 8192)
    pattern, edit = how.get("pattern", "random"), how.get("edit")
    folder = os.path.join(work, f"{case.suite}-{case.size}-{case.spokes}-{pattern}-{packets}")
    if not os.path.exists(os.path.join(folder, "expected")):
        subprocess.run([os.path.join(hub.BUILD, "tools/dmvpn-capgen"), "-o", folder, "--spokes",
                        str(case.spokes), "--packets", str(packets), "--sizes", str(case.size),
                        "--suite", case.suite, "--pattern", pattern, "--key", "42"], check=True)
    if not edit:
        return folder
    edited = folder + "-" + edit
    os.makedirs(edited, exist_ok=True)
    with open(os.path.join(folder, "hub.cfg"), encoding="utf-8") as f:
        text = f.read()
    with open(os.path.join(folder, "in.pcap"), "rb") as f:
        pcap = f.read()
    text, frames = EDITS[edit](text, pcap)
    hub.write_config(os.path.join(edited, "hub.cfg"), text)
    write_pcap(os.path.join(edited, "in.pcap"), pcap[:24], frames)
    return edited


# --- measuring -------------------------------------------------------------------------------

class Results:
    """Figures by name; what was too noisy to be one; facts of the machine."""

    def __init__(self):
        self.figures, self.refused, self.machine = {}, {}, {}

    def add(self, name, value, unit, spread=0.0):
        self.figures[name] = Figure(value, unit, spread)

    def value(self, name):
        figure = self.figures.get(name)
        return figure.value if figure else None

    def rows(self):
        return [{"name": n, "value": round(f.value, 4), "unit": f.unit,
                 "spread": round(f.spread, 4)} for n, f in self.figures.items()]


def noise(low, high):
    return high / low - 1 if low else 0.0


def run_replay(folder, options, huge, seconds):
    out = os.path.join(folder, "results.json")
    command = [os.path.join(hub.BUILD, "tools/dmvpn-replay"), "-c",
               os.path.join(folder, "hub.cfg"), "--json", out, "--seconds", str(seconds), "--check",
               *options, *(["--huge"] if huge else []), os.path.join(folder, "in.pcap")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr}"
                           f"{run.stdout[-1000:] if run.returncode == 3 else ''}")
    with open(out, encoding="utf-8") as f:
        return json.load(f)


def best_of(measure, noisy_by):
    """Measure again while it is noisy, at most TRIES times; returns the quietest, and its noise."""
    best = None
    for _ in range(TRIES):
        got = measure()
        by = noisy_by(got)
        if best is None or by < best[1]:
            best = (got, by)
        if by <= NOISE:
            break
    return best


def replay_noise(report):
    """The bare floor is left out: keys that come from wherever they are make it uneven."""
    rows = {r["name"]: r for r in report["results"]}
    return max(noise(rows[n]["low"], rows[n]["high"]) for n in ("path", "floor_prefetched")
               if n in rows)


def mixed_noise(report):
    """Of traffic whose packets differ: bursts do, too, but alike for path and floor."""
    rows = {r["name"]: r for r in report["results"]}
    return noise(rows["ratio_prefetched"]["low"], rows["ratio_prefetched"]["high"]) \
        if "ratio_prefetched" in rows else replay_noise(report)


def take_report(results, tail, report):
    """Figures under `<what>.<tail>.cycles`; path and floor also against each other."""
    rows = {r["name"]: r for r in report["results"]}
    for name, row in rows.items():
        if row["unit"] == "cycles/packet" and row["value"] >= 0.1:
            results.add(f"{name}.{tail}.cycles", row["value"], "cycles/packet", row["spread"])
    for name, row in (("ratio", "ratio"), ("ratio_prefetched", "ratio_prefetched")):
        if row in rows:
            results.add(f"{name}.{tail}", rows[row]["value"], "", rows[row]["spread"])
    if "floor_prefetched" in rows:
        results.add(f"over.{tail}.cycles",
                    rows["path"]["value"] - rows["floor_prefetched"]["value"], "cycles/packet",
                    rows["path"]["spread"] + rows["floor_prefetched"]["spread"])
    results.add(f"throughput.{tail}", rows["throughput"]["value"], "Mpps",
                rows["throughput"]["spread"])
    results.machine.update({k: report["machine"][k] for k in (
        "cpu", "tsc_hz", "kernel", "dpdk", "ipsec_mb") if k in report["machine"]})
    if report["machine"].get("ipsec_mb_arch", "unknown") != "unknown":
        results.machine["ipsec_mb_arch"] = report["machine"]["ipsec_mb_arch"]


def refuse(results, tail, by):
    results.refused[tail] = (f"bursts in the middle cost {by:.0%} more than the cheapest tenth (or "
                             f"of mixed traffic, their ratio to the floor), {NOISE:.0%} is the "
                             "limit: something else ran on these CPUs")


def measure_case(results, work, case, huge, seconds):
    how = VARIANTS[case.variant]
    folder = traffic(work, case)
    report, by = best_of(lambda: run_replay(folder, how.get("options", []),
                                            huge and how.get("huge", True), seconds),
                         mixed_noise if case.size == "imix" else replay_noise)
    if by > NOISE:
        refuse(results, tail_of(case), by)
    else:
        take_report(results, tail_of(case), report)


def measure_given(results, config, capture, huge, seconds):
    """Somebody else's capture and configuration: windows off, for who knows what it repeats."""
    folder = os.path.join(hub.ROOT, "build-test", "bench-run", "given")
    os.makedirs(folder, exist_ok=True)
    for source, name in ((config, "hub.cfg"), (capture, "in.pcap")):
        shutil.copyfile(source, os.path.join(folder, name))
    os.chmod(os.path.join(folder, "hub.cfg"), 0o600)
    report, by = best_of(lambda: run_replay(folder, ["--window", "off"], huge, seconds),
                         mixed_noise)
    if by > NOISE:
        refuse(results, "given", by)
    take_report(results, "given", report)
    return report["counts"]


def measure_reference(results, case, huge):
    """librte_ipsec with the ipsec-mb device."""
    eal = ["--in-memory" if huge else "--no-huge", *([] if huge else ["-m", "1024"]), "--no-pci",
           "--no-telemetry", "--log-level", "5"]

    def measure():
        run = subprocess.run([os.path.join(hub.BUILD, "tests/bench/bench-rte-ipsec"), case.suite,
                              str(case.size), str(case.spokes), *eal], capture_output=True,
                             text=True, check=False)
        if run.returncode == 77:
            return None
        if run.returncode != 0:
            raise RuntimeError(f"bench-rte-ipsec {tail_of(case)}: {run.stderr}")
        return [float(word) for word in run.stdout.split()]

    got, by = best_of(measure, lambda g: noise(g[1], g[2]) if g else 0)
    if got is None:
        results.refused[f"rte_ipsec.{tail_of(case)}"] = "its crypto device is not installed"
    elif by > 2 * NOISE:  # its bursts are uneven by themselves
        refuse(results, f"rte_ipsec.{tail_of(case)}", by)
    else:
        results.add(f"rte_ipsec.{tail_of(case)}.cycles", got[0], "cycles/packet", got[2] - got[1])


# --- hugepages and progress ------------------------------------------------------------------

class Hugepages:
    """Enough 2 MB pages for as long as it lasts, if we may; what was there is put back."""

    PATH, WANTED = "/proc/sys/vm/nr_hugepages", 1700

    def __init__(self, wanted):
        self.wanted, self.before, self.enough = wanted, 0, False

    def __enter__(self):
        self.before = self.read()
        try:
            if self.wanted and self.before < self.WANTED:
                with open(self.PATH, "w", encoding="ascii") as f:
                    f.write(str(self.WANTED))
        except OSError:
            pass
        self.enough = self.wanted and self.read() >= self.WANTED
        return self

    def __exit__(self, *_):
        if self.read() != self.before:
            with open(self.PATH, "w", encoding="ascii") as f:
                f.write(str(self.before))

    def read(self):
        with open(self.PATH, encoding="ascii") as f:
            return int(f.read())


class Progress:
    """A bar on a terminal, a line a case elsewhere."""

    def __init__(self, total):
        self.total, self.done, self.start = total, 0, time.monotonic()

    def step(self, text):
        passed = time.monotonic() - self.start
        left = passed / self.done * (self.total - self.done) if self.done else 0
        full = 30 * self.done // self.total
        line = (f"[{'#' * full}{'.' * (30 - full)}] {self.done}/{self.total} "
                f"{int(left) // 60}:{int(left) % 60:02} left  {text}")
        sys.stderr.write("\r\x1b[K" + line if sys.stderr.isatty() else line + "\n")
        sys.stderr.flush()
        self.done += 1

    def end(self):
        sys.stderr.write("\r\x1b[K" if sys.stderr.isatty() else "")
