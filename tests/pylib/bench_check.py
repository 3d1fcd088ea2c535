# SPDX-License-Identifier: BSD-3-Clause
"""Has the hub become slower? Its cost against the floor of the same run, compared with what is in
tests/bench/reference.json. Only ratios, for machines differ; the best of several short runs, for what
disturbs them makes them only slower. While it looks too slow it is measured again, and a machine on
which no run was quiet says nothing. A hub made slower on purpose must be found each time."""
import json
import os
import time

import bench
import hub

REFERENCE = os.path.join(hub.ROOT, "tests/bench/reference.json")
CASES = [bench.Case(bench.GCM, 64, 1000), bench.Case(bench.GCM, 1400, 1000),
         bench.Case(bench.SHA1, 512, 100)]
WORSE = 1.15
SECONDS, RUNS, DEADLINE = 0.4, 6, 40
SLOWER = 0.3  # of the path, what the hub is made slower by


def measure(work, case, options, good_enough, until):
    """(best ratio to the floor, path, arch, whether some run was quiet)"""
    folder = bench.traffic(work, case)
    best, path, arch, quiet = None, 0, "", False
    for number in range(RUNS):
        report = bench.run_replay(folder, options, False, SECONDS)
        rows = {r["name"]: r["value"] for r in report["results"]}
        arch = report["machine"]["ipsec_mb_arch"]
        quiet = quiet or bench.replay_noise(report) <= bench.NOISE
        if best is None or rows["ratio_prefetched"] < best:
            best, path = rows["ratio_prefetched"], rows["path"]
        if number >= 1 and quiet and (good_enough is None or best <= good_enough):
            break
        if time.monotonic() > until:
            break
    return best, path, arch, quiet


def load():
    if not os.path.exists(REFERENCE):
        return {}
    with open(REFERENCE, encoding="utf-8") as f:
        return json.load(f)


def update(work):
    known = load()
    for case in CASES:
        ratio, _, arch, quiet = measure(work, case, [], 0, time.monotonic() + DEADLINE)
        if not quiet:
            print(f"{bench.tail_of(case)}: too noisy here, nothing is changed")
            return 1
        known.setdefault(arch, {})[bench.tail_of(case)] = round(ratio, 3)
        print(f"{bench.tail_of(case)}: {ratio:.3f} ({arch})")
    with open(REFERENCE, "w", encoding="utf-8") as f:
        json.dump(known, f, indent=1, sort_keys=True)
        f.write("\n")
    return 0


def check_one(case, measured, reference, tally):
    ratio, _, arch, quiet = measured
    name, expected = bench.tail_of(case), reference.get(arch, {}).get(bench.tail_of(case))
    if expected is None:
        tally.skip(name, f"no reference for {arch}; --update on a quiet machine makes one")
    elif ratio > expected * WORSE and not quiet:
        tally.skip(name, f"this machine is too noisy to say ({ratio:.2f} for {expected:.2f})")
    else:
        print(f"{name}: {ratio:.2f} times the floor, reference {expected:.2f}")
        tally.check(ratio <= expected * WORSE, f"{name}: not over {WORSE} times the reference",
                    f"{ratio:.2f} times the floor, {expected * WORSE:.2f} is allowed")
    return expected


def run(work, is_update):
    if is_update:
        return update(work)
    tally, reference = hub.Tally(), load()
    until, path = time.monotonic() + DEADLINE, 0
    for number, case in enumerate(CASES):
        allowed = min((r.get(bench.tail_of(case), 99) for r in reference.values()), default=99)
        measured = measure(work, case, [], allowed * WORSE, until)
        expected = check_one(case, measured, reference, tally)
        path = measured[1] if number == 0 else path
        if number == 0 and expected and path:
            slow = measure(work, case, ["--slow", str(int(path * SLOWER))], expected * WORSE, until)
            tally.check(slow[0] > expected * WORSE, "a hub that is slower on purpose is found",
                        f"{slow[0]:.2f} times the floor with {path * SLOWER:.0f} cycles more")
    return tally.finish()
