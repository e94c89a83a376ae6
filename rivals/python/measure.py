"""Contenders for the same work, timed side by side: benches/shared/measure.rs in Python.

Contenders take turns, a sample each a round, so that none has the better moment. Medians over the
rounds are printed, and added to a file of records that table.py reads.
"""

import argparse
import importlib
import os
import statistics
import time

# Libraries read these when they are loaded, which is why this module comes before them.
SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def use_one_thread():
    """Keeps this process to one processor, and libraries that are loaded later to one thread."""
    os.environ.update(SINGLE_THREADED)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def options(description):
    """The options that every script takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=9, help="how many rounds the contenders take turns for")
    parser.add_argument("--sample-ms", type=float, default=10, help="how long a turn should last at least")
    parser.add_argument("--records", help="a file that the medians are added to")
    parser.add_argument("--run", type=int, default=0, help="what the records give as the number of the run")
    return parser


def installed(name):
    """The module, or None with a note."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"NOTE: {name} is left out: {error}")
        return None


def repetitions_lasting(least_s, work):
    """How often the work has to be done to last so long."""
    repetitions = 1
    while True:
        elapsed_s = timed(work, repetitions)
        if elapsed_s >= least_s / 2:
            return max(1, round(least_s / elapsed_s * repetitions))
        repetitions *= 2


def timed(work, repetitions):
    """Seconds for so many repetitions."""
    start = time.perf_counter()
    for _ in range(repetitions):
        work()
    return time.perf_counter() - start


def interleave(contenders, arguments):
    """The median of the seconds that each contender's work takes once. Contenders are functions by name."""
    names = list(contenders)
    repetitions = {}
    for name in names:
        contenders[name]()
        repetitions[name] = repetitions_lasting(arguments.sample_ms / 1e3, contenders[name])
    seconds = {name: [] for name in names}
    for round_number in range(arguments.rounds):
        for turn in range(len(names)):
            name = names[(round_number + turn) % len(names)]
            # Once untimed, so that the caches are the contender's own.
            contenders[name]()
            seconds[name].append(timed(contenders[name], repetitions[name]) / repetitions[name])
    return {name: statistics.median(samples) for name, samples in seconds.items()}


def report(bench, case, unit, figures, arguments):
    """Prints figures by contender, and adds them to the records."""
    print(f"\n{bench}, {case}")
    for name, figure in figures.items():
        print(f"  {name:<28}{figure:>16.3f} {unit}")
    if arguments.records:
        with open(arguments.records, "a", encoding="utf-8") as records:
            for name, figure in figures.items():
                records.write(f"{arguments.run}\t{bench}\t{case}\t{name}\t{unit}\t{figure}\n")
