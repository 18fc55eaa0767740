"""Times the intervals of an audit here and in Fairlearn's MetricFrame, in turns, on the same rows in memory.

    cargo xtask bench-audit            # 50 000 rows, 8 groups, 10 000 draws
    cargo xtask bench-audit --quick    # 5000 rows

Both sides give percentile intervals of the same numbers: each rate of all rows and of each group, its largest less
smallest and smallest over largest between groups and to all rows, and the smallest and largest of a group. 10 000 draws
of Fairlearn take hours, so that it draws 4 and 24 times: what a draw takes is a twentieth of the difference, and what it
needs besides is added once. It runs on one core, as it does everywhere; we run on all. Of both, times by the clock and
times of the processor are printed.

With 24 draws nothing can be said about the ends of its intervals. A further run of 200 draws on 2000 rows checks that both
give the same ones but for chance.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import fairlearn
import fairlearn.metrics as fl
import numpy as np
import sklearn.metrics as sk
from common import processor

FEW, MORE = 4, 24
RATES = {
    "selection-rate": fl.selection_rate,
    "true-positive-rate": fl.true_positive_rate,
    "false-positive-rate": fl.false_positive_rate,
    "true-negative-rate": fl.true_negative_rate,
    "false-negative-rate": fl.false_negative_rate,
    "positive-predictive-value": sk.precision_score,
    "accuracy": sk.accuracy_score,
    "error-rate": sk.zero_one_loss,
    "balanced-accuracy": sk.balanced_accuracy_score,
    "f1": sk.f1_score,
}
COMPARISONS = ["max-min", "min-over-max", "difference-to-overall", "ratio-to-overall", "group-min", "group-max"]


class Ours:
    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def processor_time(self):
        """Seconds so far; a hundredth is the smallest step, and absent where there is no /proc."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return float("nan")


def table(rows, groups, folder):
    draw = np.random.default_rng(7)
    group = (draw.random(rows) ** 2 * groups).astype(np.uint8)
    truth = (draw.random(rows) < 0.4 - 0.2 * group / groups).astype(np.uint8)
    predicted = np.where(draw.random(rows) < 0.75, truth, draw.integers(0, 2, rows)).astype(np.uint8)
    for name, values in [("truth", truth), ("predicted", predicted), ("groups", group)]:
        values.tofile(folder / name)
    return truth, predicted, group


def frame(truth, predicted, group, draws):
    return fl.MetricFrame(
        metrics=RATES,
        y_true=truth,
        y_pred=predicted,
        sensitive_features=group,
        n_boot=draws,
        ci_quantiles=[0.025, 0.975],
        random_state=1,
    )


def timed(work):
    clock, own = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - clock, time.process_time() - own, result


def audit(ours, folder, groups, draws):
    measures = [name for rate in RATES for name in [rate, *(f"{rate}-{end}" for end in COMPARISONS)]]
    measures += [f"{rate}:{group}" for rate in RATES for group in groups]
    own, clock = ours.processor_time(), time.perf_counter()
    answer = ours.ask(audit=str(folder), measures=measures, draws=draws)
    return time.perf_counter() - clock, ours.processor_time() - own, dict(zip(measures, answer["intervals"]))


def agreement(ours, folder):
    """How far our ends are from theirs, in widths of their interval: the median and the worst of all numbers."""
    truth, predicted, group = table(2000, 4, folder)
    draws = 200
    *_, mine = audit(ours, folder, range(4), draws)
    theirs = frame(truth, predicted, group, draws)
    gaps = []
    for rate in RATES:
        ends = lambda pair: [float(one[rate]) for one in pair]
        pairs = {rate: ends(theirs.overall_ci), f"{rate}-max-min": ends(theirs.difference_ci()), f"{rate}-min-over-max": ends(theirs.ratio_ci())}
        pairs |= {f"{rate}:{name}": [float(one[rate][name]) for one in theirs.by_group_ci] for name in range(4)}
        for name, (low, high) in pairs.items():
            gaps += [abs(a - b) / (high - low) for a, b in zip(mine[name], (low, high))]
    return len(gaps), statistics.median(gaps), max(gaps)


def main():
    read = argparse.ArgumentParser()
    read.add_argument("binary")
    read.add_argument("--quick", action="store_true")
    read.add_argument("--draws", type=int, default=10_000)
    given = read.parse_args()
    warnings.simplefilter("ignore")
    rows, groups, rounds = (5000 if given.quick else 50_000), 8, 3
    ours = Ours(given.binary)
    print(f"{processor()}, {os.cpu_count()} cores; fairlearn {fairlearn.__version__}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count, middle, worst = agreement(ours, folder)
        print(f"{count} ends of intervals by 200 draws of each side differ by {middle:.3f} of the width in the median, {worst:.2f} at worst")
        truth, predicted, group = table(rows, groups, folder)
        audit(ours, folder, range(groups), 100)
        mine, few, more = [], [], []
        for _ in range(rounds):
            mine.append(audit(ours, folder, range(groups), given.draws)[:2])
            few.append(timed(lambda: frame(truth, predicted, group, FEW))[:2])
            more.append(timed(lambda: frame(truth, predicted, group, MORE))[:2])
        numbers = len(RATES) * (1 + len(COMPARISONS) + groups)
        print(f"{numbers} numbers, {rows} rows, {groups} groups, {given.draws} draws, medians of {rounds} rounds in turns")
        for place, clock in enumerate(["clock", "processor"]):
            median = lambda times: statistics.median(time[place] for time in times)
            a_draw = (median(more) - median(few)) / (MORE - FEW)
            theirs = median(few) - FEW * a_draw + given.draws * a_draw
            print(
                f"{clock:>9}: counterpoise {median(mine):.3f} s; Fairlearn {a_draw:.4f} s a draw, {theirs:.0f} s for all (scaled); "
                f"ratio {theirs / median(mine):.0f}"
            )
    ours.process.stdin.close()


main()
