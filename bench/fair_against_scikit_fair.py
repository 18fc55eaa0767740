"""Runs counterpoise's methods of groups and those of scikit-fair in turns, on the same tables in memory.

    cargo xtask bench-fair --data DIR            # writes docs/benchmarks-fair.md
    cargo xtask bench-fair --data DIR --quick    # the two small tables, prints only

DIR holds `fair-oversampling-splits`, the tables that the authors of Fair Oversampling published; COUNTERPOISE_DATA may say
it instead. Both sides get the training rows in memory and return all resampled rows. Then scikit-learn's logistic
regression as the paper has it (L2, C = 0.2, liblinear) is fitted to what each returned, and its predictions of the test rows
are scored: balanced accuracy, average absolute odds difference, and Fair Utility, which joins both. Scores are means over
seeds.
"""

import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import skfair.preprocessing as peer
from common import processor
from importlib.metadata import version
from sklearn.linear_model import LogisticRegression

# Set, stem of its files, protected column. A score needs many seeds where a group has few test rows.
TABLES = [("german", "german", 8, 10), ("comp", "compas", 0, 10), ("adult", "adult", 6, 3)]


class Ours:
    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Table:
    def __init__(self, data, set_, stem, protected, folder, ours):
        read = lambda name: np.loadtxt(gzip.open(data / set_ / f"{stem}_{name}_0.csv.gz"), delimiter=",", skiprows=1)
        self.x, self.y = read("train"), read("trn_label").astype(np.uint8)
        self.test_x, self.test_y = read("test"), read("test_label").astype(np.uint8)
        self.protected = protected
        files = {name: str(folder / f"{name}.bin") for name in ("data", "classes", "groups")}
        self.x.tofile(files["data"])
        self.y.tofile(files["classes"])
        self.x[:, protected].astype(np.uint8).tofile(files["groups"])
        ours.ask(rows=len(self.x), columns=self.x.shape[1], protected=protected, **files)
        # scikit-fair wants data frames and, where it asks, the privileged group: the larger one.
        self.frame = pd.DataFrame(self.x, columns=[f"f{i}" for i in range(self.x.shape[1])])
        self.sens = f"f{protected}"
        self.privileged = float(self.x[:, protected].mean() > 0.5)

    def score(self, x, y, weights=None):
        """Balanced accuracy, average absolute odds difference and Fair Utility on the test rows."""
        model = LogisticRegression(C=0.2, solver="liblinear", max_iter=1000).fit(x, y, sample_weight=weights)
        guess, group = model.predict(self.test_x), self.test_x[:, self.protected]
        rate = lambda rows: (guess[rows] == self.test_y[rows]).mean()
        balanced = (rate(self.test_y == 1) + rate(self.test_y == 0)) / 2
        gap = lambda y: abs(rate((self.test_y == y) & (group == 1)) - rate((self.test_y == y) & (group == 0)))
        odds = (gap(0) + gap(1)) / 2
        return balanced, odds, balanced * (1 - odds)

    def cells(self, x, y):
        """Rows of each class in each group, a class a line; a fraction counts to the group that it is nearer to."""
        group = x[:, self.protected] > 0.5
        return [int(((y == c) & (group == g)).sum()) for c in (0, 1) for g in (False, True)]


def peers(table):
    """Our name and options, and theirs for a seed."""
    own = {"sens_attr": table.sens}
    sided = own | {"priv_group": table.privileged}
    return [
        ("fair-oversampling", {}, lambda seed: peer.FairOversampling(**sided, random_state=seed)),
        ("fair-oversampling", {"blur": "off"}, lambda seed: peer.FairOversampling(**sided, random_state=seed)),
        ("heterogeneous-fair-oversampling", {}, lambda seed: peer.HeterogeneousFOS(**own, random_state=seed)),
        ("heterogeneous-fair-oversampling", {"density": "other-classes"}, lambda seed: peer.HeterogeneousFOS(**own, random_state=seed)),
        ("fawos", {"privileged_group": f"{table.privileged:.0f}"}, lambda seed: peer.FAWOS(**sided, random_state=seed)),
        ("fair-smote", {}, lambda seed: peer.FairSmote(**own, random_state=seed)),
    ]


def seconds(value):
    return f"{1000 * value:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def scores(found):
    mean = [statistics.mean(values) for values in zip(*found)]
    return " ".join(f"{value:.3f}" for value in mean)


def beside(table, ours, folder, name, options, make, rounds, known):
    """One line: both in turns, as often as `rounds` says; what takes them a minute runs once for all lines."""
    output = folder / "out.bin"
    mine, theirs, my_scores, their_scores = [], [], [], []
    columns = table.x.shape[1]
    for seed in range(rounds):
        answer = ours.ask(method={"name": name, **options}, seed=seed, cells=True, output=str(output))
        if "error" in answer:
            reason = answer["error"].split(", expected one of")[0]
            return f"| `{name}` | {reason} | | | | | | | |"
        mine.append(answer["seconds"])
        made = np.fromfile(output).reshape(-1, columns + 2)
        my_scores.append(table.score(made[:, :columns], made[:, columns], made[:, columns + 1]))
        key = (type(make(seed)).__name__, seed)
        if key not in known and not (seed and theirs and theirs[0] > 20):
            start = time.perf_counter()
            x, y = make(seed).fit_resample(table.frame, table.y)
            took = time.perf_counter() - start
            x, y = np.asarray(x, dtype=float), np.asarray(y)
            known[key] = took, table.score(x, y), table.cells(x, y)
        if key in known:
            theirs.append(known[key][0])
            their_scores.append(known[key][1])
    my_time, their_time = statistics.median(mine), statistics.median(theirs)
    words = ", ".join(f"{option} = {value}" for option, value in options.items())
    crossing = answer["crossing"]
    shown = "" if crossing is None else f"{crossing:.1%}"
    their_cells = known[(type(make(0)).__name__, 0)][2]
    cells = " ".join(map(str, answer["cells"]))
    their_cells = "the same" if their_cells == answer["cells"] else " ".join(map(str, their_cells))
    return (
        f"| `{name}`{' ' + words if words else ''} | {cells} | {their_cells} | {shown} | {seconds(my_time)} | {seconds(their_time)} | "
        f"{their_time / my_time:.0f}x | {scores(my_scores)} | {scores(their_scores)} |"
    )


def main():
    read = argparse.ArgumentParser()
    read.add_argument("binary")
    read.add_argument("--data", type=Path, default=os.environ.get("COUNTERPOISE_DATA"), help="folder of tables [default: COUNTERPOISE_DATA]")
    read.add_argument("--quick", action="store_true", help="the two small tables, prints only")
    given = read.parse_args()
    if given.data is None:
        raise SystemExit("say where the tables are: `--data DIR`, or COUNTERPOISE_DATA")
    warnings.simplefilter("ignore")
    ours, data, lines = Ours(given.binary), Path(given.data) / "fair-oversampling-splits", []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    say("# Methods of groups beside scikit-fair")
    say()
    say("Written by `cargo xtask bench-fair`; do not edit by hand. Training rows of the tables that the authors of Fair Oversampling")
    say(f"published (fold 0), in memory, on {os.cpu_count()} cores of {processor()}, with scikit-fair {version('scikit-fair')},")
    say(f"numpy {np.__version__} and Python {platform.python_version()}; both in turns, medians over seeds (one run of theirs where it takes 20 s).")
    say("Cells are rows after: class 0 in groups 0 and 1, then class 1. *Crossed* is the share of neighbours of other groups. Scores")
    say("are balanced accuracy, average absolute odds difference and Fair Utility of a logistic regression on the test rows.")
    for set_, stem, protected, rounds in TABLES[: 2 if given.quick else 3]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            table = Table(data, set_, stem, protected, folder, ours)
            say()
            say(f"## {set_}, {len(table.x):,} x {table.x.shape[1]}")
            say()
            say(f"As it is: {' '.join(map(str, table.cells(table.x, table.y)))}; {scores([table.score(table.x, table.y)])}.")
            say()
            say("| method | cells | theirs | crossed | counterpoise | scikit-fair | ratio | our scores | theirs |")
            say("|---|---|---|---|---|---|---|---|---|")
            known = {}
            for method, options, make in peers(table):
                say(beside(table, ours, folder, method, options, make, 3 if given.quick else rounds, known))
    if not given.quick:
        Path("docs/benchmarks-fair.md").write_text("\n".join(lines) + "\n")
        print("\nwrote docs/benchmarks-fair.md")


main()
