"""Runs `counterpoise compare` and the same protocol in scikit-learn with imbalanced-learn, on the same tables.

    cargo xtask bench-compare --data DIR            # writes docs/benchmarks-compare.md
    cargo xtask bench-compare --data DIR --quick    # fewer repeats and rows, prints only

DIR holds the tables of UCI, KEEL and the imbalanced-learn benchmark under the names below; COUNTERPOISE_DATA may say it
instead. Three questions:

- Do scores agree? Rows are dealt by other generators, so a score of ours and one of theirs differ by chance; theirs
  should lie within our interval.
- Who is quicker, learner by learner? One thread each, in turns.
- What does `compare` take beside the learners?
"""

import os

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import argparse
import gzip
import io
import json
import platform
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
from scipy.sparse import csr_matrix
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
    return pd.read_csv(data / "bank-marketing/bank-full.csv.gz", sep=";"), "y"


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


def skipped(table, method, model):
    """What scikit-learn has no counterpart of."""
    many = len(table.classes) > 2
    return (
        (many and method == "threshold")
        or (many and model == "rbf-svm")  # One against one there, one against the rest here.
        or (method == "weights" and model == "k-nearest-neighbors")
    )


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
        if skipped(table, method, model):
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
        for method in METHODS:
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


def our_compare(binary, table, models, methods=METHODS, repeats=0, draws=1000):
    """The comparison that `--json` prints, and the seconds of the whole command by the clock and by the processor."""
    with tempfile.TemporaryDirectory() as state:
        command = [binary, "compare", table.path, "--target", table.target, "--json", "--threads", "1", "--state", state]
        command += ["--methods", ",".join(methods), "--model", ",".join(models), "--folds", str(FOLDS), "--draws", str(draws)]
        command += ["--repeats", str(repeats)] if repeats else []
        command += [word for measure in table.measures for word in ("--measure", measure)]
        start, before = time.perf_counter(), os.times()
        done = subprocess.run(command, capture_output=True, text=True)
        spent, after = time.perf_counter() - start, os.times()
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    processor_time = after.children_user - before.children_user + after.children_system - before.children_system
    return json.loads(done.stdout), spent, processor_time


def by_key(comparison):
    return {(model["model"], method["method"]): method for model in comparison["models"] for method in model["methods"]}


# Pages


def slower(mine, theirs):
    return f"{theirs / mine:.1f} times faster" if mine <= theirs else f"**{mine / theirs:.1f} times slower**"


def agreement(binary, table, models, repeats, say, outside):
    """One table; returns cells inside and all, of values and of differences, and the seconds of both."""
    comparison, our_seconds, _ = our_compare(binary, table, models, repeats=repeats)
    start = time.perf_counter()
    theirs = their_compare(table, models, comparison["repeats"])
    their_seconds = time.perf_counter() - start
    ours = by_key(comparison)
    counts = np.bincount(table.y)
    say(f"### {table.name}")
    say()
    say(f"{len(table.y):,} rows, {table.x.shape[1]} columns of which {len(table.categorical)} of categories; rows of the classes: {', '.join(map(str, counts))}.")
    say(f"{comparison['repeats']} x {FOLDS} folds. Each cell: ours [interval] theirs.")
    say()
    say(f"| model | method | {' | '.join(table.measures)} |")
    say("|---|---|" + "---|" * len(table.measures))
    inside = np.zeros((2, 2), int)
    for (model, method), values in theirs.items():
        cells = []
        for place, (score, value) in enumerate(zip(ours[model, method]["scores"], values)):
            low, high = score["interval"]
            inside[0] += (low <= value <= high, 1)
            cell = f"{score['value']:.3f} [{low:.3f}, {high:.3f}] {value:.3f}"
            if not low <= value <= high:
                cell += " **OUT**"
                beyond = max(low - value, value - high)
                text = f"{table.name}: {score['measure']} of {model} with {method}: ours {score['value']:.3f} [{low:.3f}, {high:.3f}], theirs {value:.3f}"
                outside.append(f"{text}, {beyond:.4f} beyond ({beyond / (high - low):.0%} of the width)")
            cells.append(cell)
            if score["difference_interval"]:
                low, high = score["difference_interval"]
                inside[1] += (low <= value - theirs[model, "none"][place] <= high, 1)
        say(f"| {model} | {method} | {' | '.join(cells)} |")
    failures = {f"{failure['method']} with {model['model']}: {failure['reason']}" for model in comparison["models"] for failure in model["failures"]}
    say()
    for failure in sorted(failures):
        say(f"Not done by us: {failure}.")
    return inside, our_seconds, their_seconds


def their_seconds(table, model, sparse):
    """Mean seconds of fit and prediction over folds."""
    spent = []
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(table.x, table.y):
        encode = encoder(table, sparse).fit(table.x[train])
        z, z_test = encode.transform(table.x[train]), encode.transform(table.x[test])
        z, z_test = (csr_matrix(z), csr_matrix(z_test)) if sparse else (z, z_test)
        start = time.perf_counter()
        fitted(model, "none", z, table.y[train], 0).predict_proba(z_test)
        spent.append(time.perf_counter() - start)
    return np.mean(spent)


def learner_times(binary, table, models, rounds, say):
    for model in models:
        may_be_sparse = table.categorical and model in ("logistic", "forest", "k-nearest-neighbors", "rbf-svm")
        mine, whole, theirs = [], [], {}
        for _ in range(rounds):
            comparison, seconds, _ = our_compare(binary, table, [model], ["none"], repeats=1, draws=200)
            mine.append(by_key(comparison)[model, "none"]["seconds"]["model"])
            whole.append(seconds)
            for sparse in (False, True) if may_be_sparse else (False,):
                theirs.setdefault("sparse" if sparse else "dense", []).append(their_seconds(table, model, sparse))
        form = min(theirs, key=lambda form: min(theirs[form]))
        best, other = min(mine), min(theirs[form])
        say(f"| {table.name} | {model} | {best:.3f} s | {other:.3f} s ({form}) | {slower(best, other)} | {min(whole):.2f} s |")


def overhead(binary, table, methods, say):
    """What is left of the clock's time when the learners' own is taken away."""
    models = ["logistic", "forest"]
    comparison, spent, processor_time = our_compare(binary, table, models, methods, repeats=1)
    all_times = {key: method["seconds"] for key, method in by_key(comparison).items()}
    learners = FOLDS * sum(times["model"] for times in all_times.values())
    inner = FOLDS * sum(times["method"] for (_, method), times in all_times.items() if method == "threshold")
    # Both models share the rows that a resampler made, and each says how long it took.
    made = {method: FOLDS * min(all_times[model, method]["method"] for model in models) for method in methods if method != "threshold"}
    rest = spent - learners - inner
    share = rest / spent
    say(f"{len(table.y):,} rows, {len(methods)} methods ({', '.join(methods)}) x {len(models)} models ({', '.join(models)}) x {FOLDS} folds,")
    say(f"1000 draws for intervals, one thread. The command took {spent:.1f} s by the clock and {processor_time:.1f} s of the processor.")
    say()
    say("| part | seconds | share |")
    say("|---|---|---|")
    parts = [("learners: fits and predictions", learners), ("learners: inner fits for `threshold`, with its search", inner)]
    parts += [(f"resampling: {method}", seconds) for method, seconds in made.items()]
    parts += [("everything else: reading, folds, encoding, scores, intervals", rest - sum(made.values()))]
    for name, seconds in parts:
        say(f"| {name} | {seconds:.2f} | {seconds / spent:.1%} |")
    say()
    without = (rest - sum(made.values())) / (spent - sum(made.values()))
    verdict = lambda share: "within" if share <= 0.1 else "**beyond**"
    say(f"Overhead, resampling counted: {share:.1%}, {verdict(share)} 10 %. Resampling left out on both sides: {without:.1%}, {verdict(without)} 10 %.")
    say()


NOTES = """\
What differs on purpose or by need:

- Folds, bootstrap counts of forests and draws of resamplers come from other generators.
- `boosting` stands beside `HistGradientBoostingClassifier`, its nearest relative: 100 trees, rate 0.1, depth 6, penalty 1 on
  both sides, but we bound a leaf by its second derivatives and it by its rows, and the bins differ.
- SMOTE on mixed tables is SMOTENC there; ours measures with HEOM, which scales columns by their ranges, and theirs does not
  scale. On tables of numbers both measure raw columns. Whole numbers are rounded on both sides.
- `weights` of k-nearest-neighbors, `threshold` with many classes and the one-against-rest machines of `rbf-svm` with many
  classes have no counterpart and are left out.
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

    wanted = lambda part: given.only in (None, part)
    say("# Compare, side by side with scikit-learn")
    say()
    say(f"Written by `cargo xtask bench-compare{' --quick' if quick else ''}`; do not edit by hand. Of {os.cpu_count()} cores of {processor()} each side uses one;")
    say(f"scikit-learn {sklearn.__version__}, imbalanced-learn {imblearn.__version__}, numpy {np.__version__}, Python {platform.python_version()}.")
    say()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = lambda read: table(read.__name__.replace("_", "-"), *read(data), folder)
        if wanted("agreement"):
            agree(given, make, say, outside)
        if wanted("times"):
            say("## Seconds of a fit and its predictions")
            say()
            rounds = 2 if quick else 5
            say(f"The training rows of one fold of {FOLDS}, mean over folds, the quickest of {rounds} rounds in turns. scikit-learn gets one-hot columns dense or")
            say("sparse, whichever it does better with. The last column is our whole command, with reading and intervals.")
            say()
            say("| table | model | counterpoise | scikit-learn | ratio | whole command |")
            say("|---|---|---|---|---|---|")
            learner_times(given.binary, make(german_credit), MODELS, rounds, say)
            learner_times(given.binary, make(adult), QUICK_TO_FIT[::3] if quick else MODELS[:5], 2, say)
            say()
        if wanted("overhead"):
            say("## What `compare` takes beside the learners, on Adult")
            say()
            methods = METHODS + ["borderline-smote", "smoteenn"]
            overhead(given.binary, make(adult), methods, say)
    if not quick and given.only is None:
        Path("docs/benchmarks-compare.md").write_text("\n".join(lines).rstrip() + "\n")
        print("wrote docs/benchmarks-compare.md")


def agree(given, make, say, outside):
    say("## Scores")
    say()
    for line in NOTES.splitlines():
        say(line)
    say()
    small = [(german_credit, MODELS), (oil, MODELS), (yeast4, MODELS), (yeast_six, MODELS)]
    summary, seconds = [], np.zeros(2)
    for read, models in small + ([] if given.quick else [(bank_marketing, QUICK_TO_FIT)]):
        one = make(read)
        inside, mine, theirs = agreement(given.binary, one, models, 1 if given.quick else 0, say, outside)
        summary.append((one.name, inside, mine, theirs))
    say()
    say("### Summary")
    say()
    say("| table | scores inside | differences to `none` inside | our seconds, with intervals | their seconds | ratio |")
    say("|---|---|---|---|---|---|")
    total = ("all", *(sum(row[i] for row in summary) for i in (1, 2, 3)))
    for name, (values, differences), mine, theirs in [*summary, total]:
        share = lambda counts: f"{counts[0]} of {counts[1]} ({counts[0] / counts[1]:.1%})"
        say(f"| {name} | {share(values)} | {share(differences)} | {mine:.0f} | {theirs:.0f} | {slower(mine, theirs)} |")
    say()
    say("Scores outside of our interval:" if outside else "No score is outside of our interval.")
    say()
    for text in outside:
        say(f"- {text}")
    say()


main()
