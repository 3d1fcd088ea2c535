# SPDX-License-Identifier: BSD-3-Clause
"""Plots of tests/bench/run through gnuplot: SVG files, and the machine's facts under each."""
import os
import subprocess

from bench import GCM, GOAL_SIZES

COLORS = ["#4e79a7", "#a0cbe8", "#f28e2b", "#ffbe7d", "#59a14f", "#8cd17d", "#b6992d", "#e15759",
          "#79706e", "#d4a6c8"]
STAGES = ["express_in", "express_open", "express_fwd", "handoff", "gre_out", "esp_out", "tx",
          "loop"]
SPOKES = (2, 100, 1000, 10000, 100000)

TERMINALS = {"svg": 'svg size 900,560 font "sans,14" background "white"',
             "png": 'pngcairo size 900,560 font "sans,11" background "white"'}

HEAD = '''set terminal {terminal}
set output "{out}"
set title "{title}\\n{facts}" noenhanced
set border 3
set xtics nomirror
set ytics nomirror
set grid ytics lc rgb "#dddddd"
set key outside right top noenhanced
'''


def facts(machine):
    return (f"{machine.get('cpu', '?')}, TSC {machine.get('tsc_hz', 0) / 1e9:.2f} GHz, ipsec-mb "
            f"{machine.get('ipsec_mb_arch', '?')}, {machine.get('dpdk', '?')}, "
            f"{'2 MB pages' if machine.get('hugepages') else '4 KB pages'}")


def gnuplot(folder, name, title, results, body):
    head = HEAD.format(out=os.path.join(folder, name), title=title, facts=facts(results.machine),
                       terminal=TERMINALS[name.rpartition(".")[2]])
    subprocess.run(["gnuplot"], input=head + body, text=True, check=True)


def block(name, rows):
    return f"${name} << END\n" + "\n".join(" ".join(map(str, r)) for r in rows) + "\nEND\n"


def stages(results, folder, name):
    """Cycles by stage, stacked, a bar for each number of spokes and size."""
    rows = []
    for n in SPOKES:
        for size in GOAL_SIZES:
            values = [results.value(f"stage.{s}.{GCM}.{size}.{n}.cycles") for s in STAGES]
            if any(values):
                rows.append([f'"{n}\\n{size}"'] + [v or 0 for v in values])
    if rows:
        bars = ", ".join(f'$d using {i + 2}{":xtic(1)" if i == 0 else ""} lc rgb "{COLORS[i]}" '
                         f'title "{s}"' for i, s in enumerate(STAGES))
        gnuplot(folder, name, f"Cycles a packet by stage, {GCM}", results,
                'set style data histograms\nset style histogram rowstacked\nset boxwidth 0.8\n'
                'set style fill solid 1 border lc rgb "white"\n'
                'set ylabel "TSC cycles a packet"\nset xtics scale 0\nset bmargin 5\n'
                'set xlabel "spokes, and octets of the inner packet" offset 0,-1.2\n'
                'set yrange [0:*]\nset key invert\n' +
                block("d", rows) + f"plot {bars}\n")


def curves(results, folder, name, title, label, figures, log=True):
    """figures: (title, name with {size} and {spokes}); one curve for each and each size."""
    blocks, plots = "", []
    for number, (text, pattern) in enumerate(figures):
        for at, size in enumerate(GOAL_SIZES):
            rows = [(n, results.value(pattern.format(size=size, spokes=n))) for n in SPOKES]
            rows = [r for r in rows if r[1] is not None]
            if rows:
                data = f"d{number}_{at}"
                blocks += block(data, rows)
                plots.append(f'${data} with linespoints lw 2 pt {5 + 2 * at} dt {1 + number} '
                             f'lc {1 + at} title "{text} {size}"')
    if plots:
        gnuplot(folder, name, title, results,
                ("set logscale x\n" if log else "") + 'set xlabel "spokes"\n'
                f'set ylabel "{label}"\nset yrange [0:*]\n' + blocks +
                "plot " + ", ".join(plots) + "\n")


def plot(results, folder, kind="svg"):
    """Returns what was written."""
    names = [f"{name}.{kind}" for name in ("stages", "spokes", "ratio")]
    os.makedirs(folder, exist_ok=True)
    for old in names:
        if os.path.exists(os.path.join(folder, old)):
            os.unlink(os.path.join(folder, old))
    stages(results, folder, names[0])
    curves(results, folder, names[1], f"Cycles a packet by number of spokes, {GCM}",
           "TSC cycles a packet",
           [("hub", "path." + GCM + ".{size}.{spokes}.cycles"),
            ("floor", "floor_prefetched." + GCM + ".{size}.{spokes}.cycles"),
            ("librte_ipsec", "rte_ipsec." + GCM + ".{size}.{spokes}.cycles")])
    curves(results, folder, names[2], f"The hub against bare ipsec-mb calls, {GCM}",
           "ratio",
           [("keys prefetched", "ratio_prefetched." + GCM + ".{size}.{spokes}"),
            ("bare", "ratio." + GCM + ".{size}.{spokes}")])
    return [name for name in names if os.path.exists(os.path.join(folder, name))]
