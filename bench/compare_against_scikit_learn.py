"""Runs `counterpoise compare` and the same protocol in scikit-learn with imbalanced-learn, on the same tables.

    cargo xtask bench-compare --data DIR            # writes docs/benchmarks-compare.md
    cargo xtask bench-compare --data DIR --quick    # fewer repeats and rows, prints only

DIR holds the tables of UCI, KEEL and the imbalanced-learn benchmark under the names below; COUNTERPOISE_DATA may say it
instead. Three questions:

- Do scores agree? Rows are dealt by other generators, so a score of ours and one of theirs differ by chance; theirs
  should lie within our interval.
- Who is quicker, learner by learner? One thread each, in turns.
- What does `compare` take beside the learners?

Times are seconds of the processor, which other work on the machine hardly changes. Of ours, `compare` tells those by the
clock for each part; they are scaled by what the whole command took of both.
"""

import os

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import argparse
import gzip
import io
import json
import platform
import resource
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import imblearn
import numpy as np
import pandas as pd
import sklearn
from common import processor
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score, roc_curve
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_sample_weight

FOLDS = 5
METHODS = ["none", "weights", "threshold", "random-over-sampler", "random-under-sampler", "smote"]
QUICK_TO_FIT = ["logistic", "forest", "boosting", "naive-bayes"]
MODELS = [*QUICK_TO_FIT, "k-nearest-neighbors", "rbf-svm"]


# Tables


@dataclass
class Table:
    """Numbers, with codes for categories, as imbalanced-learn takes them."""

    name: str
    path: Path
    target: str
    x: np.ndarray
    y: np.ndarray
    classes: list
    categorical: list
    whole: list

    @property
    def rare(self):
        return self.classes[np.bincount(self.y).argmin()]

    @property
    def methods(self):
        """Tuning many thresholds has no counterpart in scikit-learn."""
        return METHODS if len(self.classes) == 2 else [method for method in METHODS if method != "threshold"]

    @property
    def measures(self):
        if len(self.classes) == 2:
            return ["balanced-accuracy", f"f1:{self.rare}", "brier", f"roc-auc:{self.rare}", f"average-precision:{self.rare}"]
        return ["balanced-accuracy", "f1-macro", "brier", "roc-auc-macro", "average-precision-macro"]


def table(name, frame, target, folder):
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    features = frame.drop(columns=target)
    words = [not pd.api.types.is_numeric_dtype(kind) for kind in features.dtypes]
    columns = [features[c].astype("category").cat.codes if w else features[c] for c, w in zip(features, words)]
    classes, y = np.unique(frame[target].astype(str), return_inverse=True)
    whole = [i for i, kind in enumerate(features.dtypes) if pd.api.types.is_integer_dtype(kind)]
    x = np.column_stack(columns).astype(float)
    return Table(name, path, target, x, y, list(classes), list(np.flatnonzero(words)), whole)


def german_credit(data):
    names = [f"a{i}" for i in range(1, 21)] + ["class"]
    return pd.read_csv(data / "german-credit/german.data", sep=" ", names=names), "class"


def oil(data):
    return pd.read_csv(data / "imbalanced-benchmark/oil.csv.gz"), "label"


def yeast4(data):
    text = (data / "keel-imbalanced/yeast4.dat").read_text()
    names = [line.split()[1] for line in text.splitlines() if line.startswith("@attribute")]
    body = text.split("@data\n", 1)[1]
    return pd.read_csv(io.StringIO(body), names=names, skipinitialspace=True), names[-1]


def yeast_six(data):
    return pd.read_csv(data / "multi-class/yeast-six.csv.gz"), "site"


def bank_marketing(data):
    """A part of the 45,211 rows, since six methods with four models take their time."""
    return pd.read_csv(data / "bank-marketing/bank-full.csv.gz", sep=";").sample(10_000, random_state=0), "y"


def adult(data):
    names = "age workclass fnlwgt education education-num marital-status occupation relationship race sex capital-gain capital-loss hours-per-week native-country income"
    lines = [line for part in ("data", "test") for line in gzip.open(data / f"adult/adult.{part}.gz", "rt")]
    lines = [line.strip().rstrip(".") for line in lines if "," in line and not line.startswith("|")]
    frame = pd.read_csv(io.StringIO("\n".join(lines)), names=names.split(), skipinitialspace=True)
    # A category of its own on both sides: how missing values are filled is not the question here.
    return frame.replace("?", "unknown"), "income"


# Their side


def learner(model, y, seed):
    """As near to ours as scikit-learn's options allow."""
    match model:
        case "logistic":
            return LogisticRegression(tol=1e-6, max_iter=1000)
        case "forest":
            return RandomForestClassifier(random_state=seed, n_jobs=1)
        case "boosting":
            # We bound the second derivatives of a leaf by 1, it bounds the rows: as many as have 1 at the shares of the classes.
            shares = np.bincount(y) / len(y)
            rows = round(1 / np.mean(shares * (1 - shares)))
            trees = {"max_iter": 100, "learning_rate": 0.1, "max_depth": 6, "max_leaf_nodes": None, "max_bins": 255}
            return HistGradientBoostingClassifier(**trees, min_samples_leaf=rows, l2_regularization=1.0, early_stopping=False, random_state=seed)
        case "naive-bayes":
            return GaussianNB()
        case "k-nearest-neighbors":
            return KNeighborsClassifier(n_jobs=1)
        case "rbf-svm":
            inner = StratifiedKFold(5, shuffle=True, random_state=seed)
            return CalibratedClassifierCV(SVC(), method="sigmoid", cv=inner, ensemble=False)


def encoder(table, sparse=False):
    numeric = [i for i in range(table.x.shape[1]) if i not in table.categorical]
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)
    parts = [("numbers", StandardScaler(), numeric), ("categories", one_hot, table.categorical)]
    return ColumnTransformer(parts, sparse_threshold=1.0 if sparse else 0.0)


def resampled(table, method, x, y, seed):
    match method:
        case "random-over-sampler":
            return RandomOverSampler(random_state=seed).fit_resample(x, y)
        case "random-under-sampler":
            return RandomUnderSampler(random_state=seed).fit_resample(x, y)
        case "smote":
            mixed = SMOTENC(table.categorical, random_state=seed) if table.categorical else SMOTE(random_state=seed)
            x, y = mixed.fit_resample(x, y)
            # Ours keeps whole numbers whole.
            x[:, table.whole] = np.rint(x[:, table.whole])
    return x, y


def fitted(model, method, z, y, seed):
    weights = {"sample_weight": compute_sample_weight("balanced", y)} if method == "weights" else {}
    return learner(model, y, seed).fit(z, y, **weights)


def tuned_threshold(p, y):
    """The middle of the interval of thresholds with the best balanced accuracy."""
    wrong, right, at = roc_curve(y, p, drop_intermediate=False)
    best = np.argmax(right - wrong)
    after = at[best + 1] if best + 1 < len(at) else 0.0
    return (at[best] + after) / 2 if best > 0 else 0.5


def fold_predictions(table, method, models, train, test, seed):
    """Predicted class and probabilities of the test rows, for each model."""
    x, y = table.x[train], table.y[train]
    encode = encoder(table).fit(x)
    new_x, new_y = resampled(table, method, x, y, seed)
    z, z_test = encode.transform(new_x), encode.transform(table.x[test])
    for model in models:
        if (method, model) == ("weights", "k-nearest-neighbors"):
            continue
        p = fitted(model, method, z, new_y, seed).predict_proba(z_test)
        predicted = p.argmax(axis=1)
        if method == "threshold":
            held_out = np.zeros(len(y))
            for inside, outside in StratifiedKFold(3, shuffle=True, random_state=seed).split(z, y):
                held_out[outside] = fitted(model, method, z[inside], y[inside], seed).predict_proba(z[outside])[:, 1]
            predicted = (p[:, 1] > tuned_threshold(held_out, y)).astype(int)
        yield model, predicted, p


def scores(table, predicted, p, parts):
    """Counts and squares of all rows of a repeat; rankings fold by fold."""
    y, classes = table.y, len(table.classes)
    rare = np.bincount(y).argmin()
    if classes == 2:
        f1 = f1_score(y, predicted, pos_label=rare, zero_division=0)
        brier = np.mean((p[:, 1] - y) ** 2)
        rank = lambda measure, part: measure(y[part] == rare, p[part, rare])
    else:
        f1 = f1_score(y, predicted, average="macro", zero_division=0)
        brier = np.mean(np.sum((p - np.eye(classes)[y]) ** 2, axis=1))
        rank = lambda measure, part: np.mean([measure(y[part] == c, p[part, c]) for c in range(classes)])
    ranked = [np.mean([rank(measure, part) for part in parts]) for measure in (roc_auc_score, average_precision_score)]
    return [balanced_accuracy_score(y, predicted), f1, brier, *ranked]


def their_compare(table, models, repeats):
    """Scores by method and model, means over repeats."""
    all_scores = {}
    for repeat in range(repeats):
        folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=repeat).split(table.x, table.y))
        for method in table.methods:
            pooled = {}
            for place, (train, test) in enumerate(folds):
                for model, predicted, p in fold_predictions(table, method, models, train, test, seed=100 * repeat + place):
                    whole = pooled.setdefault(model, (np.zeros(len(table.y), int), np.zeros((len(table.y), len(table.classes)))))
                    whole[0][test], whole[1][test] = predicted, p
            for model, (predicted, p) in pooled.items():
                of_repeat = scores(table, predicted, p, [test for _, test in folds])
                all_scores.setdefault((model, method), []).append(of_repeat)
    return {key: np.mean(values, axis=0) for key, values in all_scores.items()}


# Our side


@dataclass
class Ours:
    scores: dict
    by_key: dict
    clock: float
    processor: float

    def seconds(self, key, part):
        """Processor seconds of all folds of all repeats."""
        fits = self.scores["folds"] * self.scores["repeats"]
        return self.by_key[key]["seconds"][part] * fits * self.processor / self.clock


def our_compare(binary, table, models, methods, repeats=0, draws=1000, state=None, measures=()):
    with tempfile.TemporaryDirectory() as passing:
        command = [binary, "compare", table.path, "--target", table.target, "--json", "--threads", "1", "--state", state or passing]
        command += ["--methods", ",".join(methods), "--model", ",".join(models), "--folds", str(FOLDS), "--draws", str(draws)]
        command += ["--repeats", str(repeats)] if repeats else []
        command += [word for measure in measures for word in ("--measure", measure)]
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True)
        clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    scores = json.loads(done.stdout)
    by_key = {(model["model"], method["method"]): method for model in scores["models"] for method in model["methods"]}
    return Ours(scores, by_key, clock, processor)


# Pages


def seconds(value):
    return f"{value:.2f} s" if value >= 0.1 else f"{1000 * value:.2f} ms"


def slower(mine, theirs):
    return f"{theirs / mine:.1f} times faster" if mine <= theirs else f"**{mine / theirs:.1f} times slower**"


def agreement(binary, table, models, repeats, say, outside):
    """One table; returns cells inside and all, of scores and of differences, and the seconds of both."""
    ours = our_compare(binary, table, models, table.methods, repeats, measures=table.measures)
    repeats = ours.scores["repeats"]
    start = time.process_time()
    theirs = their_compare(table, models, repeats)
    their_seconds = time.process_time() - start
    say(f"### {table.name}")
    say()
    counts = ", ".join(map(str, np.bincount(table.y)))
    say(f"{len(table.y):,} rows, {table.x.shape[1]} columns of which {len(table.categorical)} of categories; rows of the classes: {counts}.")
    say(f"{repeats} x {FOLDS} folds. Each cell: ours [interval] theirs.")
    say()
    say(f"| model | method | {' | '.join(table.measures)} |")
    say("|---|---|" + "---|" * len(table.measures))
    inside = np.zeros((2, 2), int)
    for (model, method), values in theirs.items():
        cells = []
        for score, value, none in zip(ours.by_key[model, method]["scores"], values, theirs[model, "none"]):
            low, high = score["interval"]
            inside[0] += (low <= value <= high, 1)
            cell = f"{score['value']:.3f} [{low:.3f}, {high:.3f}] {value:.3f}"
            if not low <= value <= high:
                beyond = max(low - value, value - high)
                outside.append(f"{table.name}, {model} with {method}, {score['measure']}: {cell}, {beyond:.4f} beyond, {beyond / (high - low):.0%} of the width")
                cell += " **OUT**"
            cells.append(cell)
            if score["difference_interval"]:
                low, high = score["difference_interval"]
                inside[1] += (low <= value - none <= high, 1)
        say(f"| {model} | {method} | {' | '.join(cells)} |")
    say()
    failures = {f"{failure['method']} with {model['model']}: {failure['reason']}" for model in ours.scores["models"] for failure in model["failures"]}
    for failure in sorted(failures):
        say(f"Not done by us: {failure}.")
    return inside, ours.processor, their_seconds


def their_learner(table, model, sparse):
    """Seconds of fits and predictions over folds."""
    spent = 0
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(table.x, table.y):
        encode = encoder(table, sparse).fit(table.x[train])
        z, z_test = encode.transform(table.x[train]), encode.transform(table.x[test])
        start = time.process_time()
        fitted(model, "none", z, table.y[train], 0).predict_proba(z_test)
        spent += time.process_time() - start
    return spent


def learner_times(binary, table, models, rounds, say):
    # What takes a millisecond is measured more often.
    repeats = max(1, 10_000 // len(table.y))
    for model in models:
        may_be_sparse = table.categorical and model in ("logistic", "forest", "k-nearest-neighbors", "rbf-svm")
        mine, whole, theirs = [], [], {}
        for _ in range(rounds):
            ours = our_compare(binary, table, [model], ["none"], repeats=repeats, draws=200)
            mine.append(ours.seconds((model, "none"), "model") / repeats)
            whole.append(ours.processor / repeats)
            for form in ("dense", "sparse") if may_be_sparse else ("dense",):
                theirs.setdefault(form, []).append(their_learner(table, model, form == "sparse"))
        form = min(theirs, key=lambda form: min(theirs[form]))
        best, other = min(mine) / FOLDS, min(theirs[form]) / FOLDS
        say(f"| {table.name} | {model} | {seconds(best)} | {seconds(other)} ({form}) | {slower(best, other)} | {seconds(min(whole))} |")


def overhead(binary, table, methods, models, say):
    """What is left of the command when the learners' own time is taken away."""
    with tempfile.TemporaryDirectory() as state:
        ours = our_compare(binary, table, models, methods, repeats=1, state=state)
        again = our_compare(binary, table, models, methods, repeats=1, state=state)
    learners = sum(ours.seconds(key, "model") for key in ours.by_key)
    inner = sum(ours.seconds((model, "threshold"), "method") for model in models if "threshold" in methods)
    # Both models share the rows that a resampler made, and each says how long it took.
    made = {method: min(ours.seconds((model, method), "method") for model in models) for method in methods if method != "threshold"}
    rest = ours.processor - learners - inner
    resampling = sum(made.values())
    say(f"{len(table.y):,} rows, {len(methods)} methods ({', '.join(methods)}) x {len(models)} models ({', '.join(models)}) x {FOLDS} folds,")
    say(f"the default measures, 1000 draws for intervals, one thread: {ours.processor:.1f} s of the processor, {ours.clock:.1f} s by the clock.")
    say()
    say("| part | seconds | share |")
    say("|---|---|---|")
    parts = [("learners: fits and predictions", learners), ("learners: inner fits of `threshold`, with its search", inner)]
    parts += [(f"resampling: {method}", spent) for method, spent in made.items()]
    parts += [("everything else: reading, folds, encoding, scores, intervals", rest - resampling)]
    for name, spent in parts:
        say(f"| {name} | {spent:.2f} | {spent / ours.processor:.1%} |")
    say()
    share, without = rest / ours.processor, (rest - resampling) / (ours.processor - resampling)
    verdict = lambda share: f"{share:.1%}, {'within' if share <= 0.1 else '**beyond**'} 10 %"
    say(f"Overhead with resampling counted: {verdict(share)}. With resampling left out of both parts: {verdict(without)}.")
    say(f"The same command with all fits kept from the first run, which reads, scores and draws only: {again.processor:.1f} s.")
    say()


NOTES = """\
What differs on purpose or by need:

- Folds, bootstrap counts of forests and draws of resamplers come from other generators.
- `boosting` stands beside `HistGradientBoostingClassifier`, its nearest relative: 100 trees, rate 0.1, depth 6, penalty 1 on
  both sides, but we bound a leaf by its second derivatives and it by its rows, and the bins differ.
- SMOTE on mixed tables is SMOTENC there; ours measures with HEOM, which scales columns by their ranges, and theirs does not
  scale. On tables of numbers both measure raw columns. Whole numbers are rounded on both sides.
- `weights` of k-nearest-neighbors and, with many classes, `threshold` and the one-against-rest machines of `rbf-svm` have no
  counterpart and are left out.

Scores outside of our interval were looked into once, by other programs than these: with XGBoost itself instead of its
relative those of `boosting` (oil, yeast-six) come inside; with a SMOTE in numpy that measures with HEOM those of bank-marketing
do; naive Bayes on the yeast tables, where two columns hardly vary, depends on how rows are dealt and drawn: a balanced accuracy
of one repeat has a standard deviation of 0.06, and means of 40 repeats agree.
"""


def main():
    read = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    read.add_argument("binary")
    read.add_argument("--data", type=Path, default=os.environ.get("COUNTERPOISE_DATA"), help="folder of tables [default: COUNTERPOISE_DATA]")
    read.add_argument("--quick", action="store_true")
    read.add_argument("--only", choices=["agreement", "times", "overhead"])
    given = read.parse_args()
    if given.data is None:
        raise SystemExit("say where the tables are: `--data DIR`, or COUNTERPOISE_DATA")
    data, quick = Path(given.data), given.quick
    warnings.simplefilter("ignore")
    lines, outside = [], []

    def say(text=""):
        print(text, flush=True)
        lines.append(text)

    binary = given.binary
    wanted = lambda part: given.only in (None, part)
    say("# Compare, side by side with scikit-learn")
    say()
    say(f"Written by `cargo xtask bench-compare{' --quick' if quick else ''}`; do not edit by hand. Each side uses one of {os.cpu_count()} cores of {processor()};")
    say("times are seconds of the processor.")
    say(f"With scikit-learn {sklearn.__version__}, imbalanced-learn {imblearn.__version__}, numpy {np.__version__}, Python {platform.python_version()}.")
    say()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = lambda read: table(read.__name__.replace("_", "-"), *read(data), folder)
        if wanted("agreement"):
            agree(binary, quick, make, say, outside)
        if wanted("times"):
            say("## Seconds of a fit and its predictions")
            say()
            rounds = 2 if quick else 5
            large = ["logistic", "naive-bayes"] if quick else MODELS[:5]
            say(f"The training rows of one fold of {FOLDS}, mean over folds, the quickest of {rounds} rounds in turns (fewer on Adult). scikit-learn gets one-hot columns dense or")
            say(f"sparse, whichever it does better with. The last column is our whole command for {FOLDS} folds, with reading and intervals.")
            say("Times of a few milliseconds are rough.")
            say()
            say("| table | model | counterpoise | scikit-learn | ratio | whole command |")
            say("|---|---|---|---|---|---|")
            learner_times(binary, make(german_credit), MODELS, rounds, say)
            learner_times(binary, make(adult), large, 1 if quick else 2, say)
            say()
        if wanted("overhead"):
            say("## What `compare` takes beside the learners, on Adult")
            say()
            methods = ["none", "weights", "random-under-sampler"] if quick else METHODS + ["borderline-smote", "smoteenn"]
            overhead(binary, make(adult), methods, ["logistic"] if quick else ["logistic", "forest"], say)
    if not quick and given.only is None:
        Path("docs/benchmarks-compare.md").write_text("\n".join(lines).rstrip() + "\n")
        print("wrote docs/benchmarks-compare.md")


def agree(binary, quick, make, say, outside):
    say("## Scores")
    say()
    for line in NOTES.splitlines():
        say(line)
    say()
    # The machines of many classes are one against one there, one against the rest here.
    tables = [(german_credit, MODELS), (oil, MODELS), (yeast4, MODELS), (yeast_six, MODELS[:5])]
    tables += [] if quick else [(bank_marketing, QUICK_TO_FIT)]
    summary = []
    for read, models in tables:
        one = make(read)
        inside, mine, theirs = agreement(binary, one, models, 1 if quick else 0, say, outside)
        summary.append((one.name, inside, mine, theirs))
    say()
    say("### Summary")
    say()
    say("| table | scores inside | differences to `none` inside | our command | their protocol | ratio |")
    say("|---|---|---|---|---|---|")
    total = ("all", *(sum(row[i] for row in summary) for i in (1, 2, 3)))
    for name, (values, differences), mine, theirs in [*summary, total]:
        share = lambda counts: f"{counts[0]} of {counts[1]} ({counts[0] / counts[1]:.1%})"
        say(f"| {name} | {share(values)} | {share(differences)} | {mine:.0f} s | {theirs:.0f} s | {slower(mine, theirs)} |")
    say()
    say("Scores outside of our interval:" if outside else "No score is outside of our interval.")
    say()
    for text in outside:
        say(f"- {text}")
    say()


main()
