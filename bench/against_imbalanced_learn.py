"""Times counterpoise and imbalanced-learn in turns, on the same tables in memory.

    cargo xtask bench            # writes docs/benchmarks.md
    cargo xtask bench --quick    # a tenth of the rows, prints only

Both sides get a row-major matrix of doubles and return the whole resampled matrix. Each round runs one, then the
other; the ratio is that of the medians. imbalanced-learn gets all cores and, for each table, the faster of
scikit-learn's kd-tree and brute force, chosen by a run of each before the rounds begin (one that is three times slower
on a tenth of the rows is not tried on all).
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imblearn
import numpy as np
import sklearn
from common import processor
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, RandomOverSampler
from imblearn.under_sampling import EditedNearestNeighbours, RandomUnderSampler
from sklearn.neighbors import NearestNeighbors

ROUNDS = 5


class Ours:
    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def table(rows, columns, share, folder, ours):
    """Two clouds that overlap; `share` of the rows are in the small class."""
    draw = np.random.default_rng(7)
    y = (draw.permutation(rows) < rows * share).astype(np.uint8)
    x = draw.standard_normal((rows, columns)) + 0.7 * y[:, None]
    data, classes = folder / "data.bin", folder / "classes.bin"
    x.tofile(data)
    y.tofile(classes)
    ours.ask(rows=rows, columns=columns, data=str(data), classes=str(classes))
    return x, y


def search(k, algorithm):
    return NearestNeighbors(n_neighbors=k, algorithm=algorithm, n_jobs=-1)


def peers():
    """Name in our words, our options, and theirs for a way to search."""
    return [
        ("smote", {}, lambda a: SMOTE(random_state=0, k_neighbors=search(6, a))),
        ("borderline-smote", {}, lambda a: BorderlineSMOTE(random_state=0, k_neighbors=search(6, a), m_neighbors=search(11, a))),
        ("adasyn", {}, lambda a: ADASYN(random_state=0, n_neighbors=search(6, a))),
        ("random-over-sampler", {}, lambda a: RandomOverSampler(random_state=0)),
        ("random-under-sampler", {}, lambda a: RandomUnderSampler(random_state=0)),
        ("edited-nearest-neighbours", {}, lambda a: EditedNearestNeighbours(n_neighbors=search(4, a), n_jobs=-1)),
        ("smoteenn", {}, lambda a: SMOTEENN(random_state=0, smote=SMOTE(random_state=0, k_neighbors=search(6, a)), enn=EditedNearestNeighbours(sampling_strategy="all", n_neighbors=search(4, a), n_jobs=-1))),
    ]


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(mine, theirs, rounds):
    """Medians of both, each round one after the other; one round is enough of what takes 20 seconds."""
    pairs = [(mine(), timed(theirs))]
    if pairs[0][1] < 20:
        pairs += [(mine(), timed(theirs)) for _ in range(rounds - 1)]
    return tuple(statistics.median(side) for side in zip(*pairs))


def best_algorithm(work, x, y):
    """The faster search for these rows; one that is three times slower on a tenth of them is not tried on all."""
    few = slice(0, len(x) // 10)
    for rows in (few, slice(None)):
        times = {a: timed(lambda: work(a, x[rows], y[rows])) for a in ("kd_tree", "brute")}
        best, other = sorted(times, key=times.get)
        if times[other] > 3 * times[best]:
            break
    return best


def seconds(value):
    return f"{value:.3f} s" if value < 1 else f"{value:.2f} s"


def ratio(mine, theirs):
    if mine <= theirs:
        return f"{theirs / mine:.1f}x faster"
    return f"**{mine / theirs:.1f}x slower**"


def sgemm():
    """Multiplications and additions a second of numpy's product of single-precision matrices, in GFLOP/s."""
    rates = {}
    for depth in (10, 50, 512):
        a = np.random.default_rng(1).standard_normal((4096, depth)).astype(np.float32)
        a @ a.T
        rates[depth] = 2 * 4096**2 * depth / statistics.median(timed(lambda: a @ a.T) for _ in range(9)) / 1e9
    return rates


def peak(command):
    """Largest memory of a command, in MiB, and its seconds."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return usage.ru_maxrss / 1024, time.perf_counter() - start


# What a user of imbalanced-learn would write.
THEIRS = """
import sys
import numpy as np
import pyarrow.parquet
from imblearn.over_sampling import SMOTE
table = pyarrow.parquet.read_table(sys.argv[1])
y = table["y"].to_numpy()
x = np.column_stack([table[name].to_numpy() for name in table.column_names if name != "y"])
del table
x, y = SMOTE(random_state=0).fit_resample(x, y)
columns = {f"f{i}": x[:, i] for i in range(x.shape[1])} | {"y": y}
pyarrow.parquet.write_table(pyarrow.table(columns), sys.argv[2])
"""


def memory(binary, rows, say):
    """Whole commands: a Parquet file in, a Parquet file out."""
    counterpoise = str(Path(binary).with_name("counterpoise"))
    with tempfile.TemporaryDirectory() as name:
        source, target, script = (str(Path(name) / file) for file in ("in.parquet", "out.parquet", "theirs.py"))
        Path(script).write_text(THEIRS)
        make = f"""
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
draw = np.random.default_rng(7)
y = (draw.permutation({rows}) < {rows} // 100).astype(np.int64)
columns = {{f"f{{i}}": (draw.standard_normal({rows}) + 0.7 * y).astype(np.float32) for i in range(50)}}
pq.write_table(pa.table(columns | {{"y": y}}), {source!r})
"""
        subprocess.run([sys.executable, "-c", make], check=True)
        size = os.path.getsize(source) / 2**20
        ours = peak([counterpoise, "resample", source, "--target", "y", "--method", "smote", "--output", target, "--quiet"])
        theirs = peak([sys.executable, script, source, target])
        say(f"Whole commands, SMOTE on a Parquet file of {rows:,} rows and 50 columns in single precision ({size:.0f} MiB), 1 % of the")
        say("rows in the small class; the result is written as Parquet.")
        say()
        say("| | peak memory | time |")
        say("|---|---|---|")
        say(f"| `counterpoise resample` | {ours[0]:.0f} MiB | {seconds(ours[1])} |")
        say(f"| imbalanced-learn with pyarrow | {theirs[0]:.0f} MiB | {seconds(theirs[1])} |")


def main():
    binary, quick = sys.argv[1], "--quick" in sys.argv[2:]
    ours = Ours(binary)
    lines = []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    say("# Benchmarks")
    say()
    say("Written by `cargo xtask bench`; do not edit by hand. Times are medians of 3 or 5 runs in turns (one run where it takes 20 s), in memory, on")
    say(f"{os.cpu_count()} cores of {processor()}, with imbalanced-learn {imblearn.__version__}, scikit-learn {sklearn.__version__},")
    say(f"numpy {np.__version__} and Python {platform.python_version()}. Two overlapping Gaussian clouds; the default strategy, which balances the classes.")
    say()
    say("## Methods")
    say()
    say("| method | rows x columns | small class | counterpoise | imbalanced-learn | its search | ratio |")
    say("|---|---|---|---|---|---|---|")
    rows = 10_000 if quick else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for columns in (10, 50):
            for share in (0.1, 0.4):
                x, y = table(rows, columns, share, folder, ours)
                for method, options, make in peers():
                    random = method.startswith("random")
                    if share == 0.4 and method != "smote":
                        continue
                    algorithm = "none" if random else best_algorithm(lambda a, x, y: make(a).fit_resample(x, y), x, y)
                    rounds = 3 if method in ("edited-nearest-neighbours", "smoteenn") else ROUNDS
                    mine, theirs = in_turns(
                        lambda: ours.ask(method={"name": method, **options}, seed=0)["seconds"],
                        lambda: make(algorithm).fit_resample(x, y),
                        rounds,
                    )
                    say(f"| {method} | {rows:,} x {columns} | {share:.0%} | {seconds(mine)} | {seconds(theirs)} | {algorithm} | {ratio(mine, theirs)} |")
        say()
        say("## Neighbours")
        say()
        say("All rows among themselves, Euclidean, 5 neighbours, against scikit-learn's `NearestNeighbors`.")
        say()
        say("| rows x columns | counterpoise | scikit-learn kd-tree | scikit-learn brute | ratio to the faster |")
        say("|---|---|---|---|---|")
        rates = {}
        for columns in (2, 10, 50):
            x, _ = table(rows, columns, 0.1, folder, ours)
            ask = lambda: ours.ask(neighbors=5)["seconds"]
            find = lambda a: search(5, a).fit(x).kneighbors(return_distance=True)
            tree = timed(lambda: find("kd_tree")) if columns <= 10 else None
            mine, brute = in_turns(ask, lambda: find("brute"), 3)
            rates[columns] = rows**2 * columns / mine / 1e9
            say(f"| {rows:,} x {columns} | {seconds(mine)} | {seconds(tree) if tree else 'not tried'} | {seconds(brute)} | {ratio(mine, min(tree or brute, brute))} |")
    measured = sgemm()
    say()
    say("How far from the machine's matrix product? A search among themselves needs each pair once: `n² d` operations. numpy's")
    say(f"single-precision product of (4096, d) by (d, 4096) matrices does {measured[10]:.0f} GFLOP/s at d = 10, {measured[50]:.0f} at d = 50 and {measured[512]:.0f} at d = 512.")
    say(f"By that count our search at d = 50 does {rates[50]:.0f} GFLOP/s, {rates[50] / measured[50]:.0%} of the product at the same depth and {rates[50] / measured[512]:.0%} of the")
    say("deep one. A product with so few columns is bound by writing its result; a search writes no result matrix but")
    say("compares each value with the worst neighbour of two rows so far, and decides the survivors again in double precision.")
    say(f"At d = 10 most pairs of blocks are never multiplied (counted as if they were: {rates[10]:.0f} GFLOP/s).")
    say()
    say("## Memory")
    say()
    memory(binary, 100_000 if quick else 1_000_000, say)
    if not quick:
        Path("docs/benchmarks.md").write_text("\n".join(lines) + "\n")
        print("\nwrote docs/benchmarks.md")


main()
