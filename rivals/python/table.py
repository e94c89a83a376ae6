"""One table of the records that benches and scripts have left: figures, and our time against theirs.

The ratio is the median over runs of the ratio within a run. Below 1, mlevolve is faster.
"""

import collections
import statistics
import sys

# What is ours in each bench, native code or environments.
OURS = ("mlevolve jit", "mlevolve")
# Units of which less is better; of the others, more is.
TIMES = {"ns/element", "us"}


def main():
    if len(sys.argv) != 2:
        raise SystemExit("usage: table.py RECORDS")
    figures = collections.defaultdict(lambda: collections.defaultdict(dict))
    units = {}
    with open(sys.argv[1], encoding="utf-8") as records:
        for line in records:
            run, bench, case, name, unit, figure = line.rstrip("\n").split("\t")
            figures[bench, case][name][run] = float(figure)
            units[bench, case] = unit
    for (bench, case), contenders in figures.items():
        unit = units[bench, case]
        print(f"\n{bench}, {case}\n  {'':<28}{unit:>16}{'runs':>6}{'our time / its':>18}")
        ours = next((contenders[name] for name in OURS if name in contenders), {})
        for name, by_run in contenders.items():
            ratios = [
                ours[run] / figure if unit in TIMES else figure / ours[run]
                for run, figure in by_run.items()
                if run in ours
            ]
            ratio = f"{statistics.median(ratios):.3f}" if ratios else "-"
            print(f"  {name:<28}{statistics.median(by_run.values()):>16.3f}{len(by_run):>6}{ratio:>18}")


if __name__ == "__main__":
    main()
