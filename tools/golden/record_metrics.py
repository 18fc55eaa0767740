"""Records what scikit-learn and imbalanced-learn measure, for tests/golden/metrics.json.

    python -m venv venv && venv/bin/pip install -r tools/golden/requirements.txt
    venv/bin/python tools/golden/record_metrics.py tests/golden

Only numbers that they define as we do: none that they set to 0 or 1 because it is undefined, and no specificity with
weights, where imbalanced-learn counts true negatives in rows and the rest in weight.
"""

import json
import sys
import warnings
from pathlib import Path

import imblearn
import numpy as np
import sklearn
from imblearn import metrics as im
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve


def table(seed, shares, n, noise=1.0, digits=None, weights=None, never=None):
    """Rows of classes with these shares; probabilities from noisy scores, rounded to `digits` for ties."""
    draw = np.random.RandomState(seed)
    c = len(shares)
    truth = np.repeat(np.arange(c), np.maximum(2, np.round(np.array(shares) * n).astype(int)))
    truth = draw.permutation(truth)
    scores = noise * draw.normal(size=(len(truth), c)) + 1.3 * np.eye(c)[truth] + np.log(shares)
    p = np.exp(scores)
    p /= p.sum(axis=1, keepdims=True)
    if digits is not None:
        # The likeliest class takes what rounding leaves, so that rows still sum to 1.
        p = np.round(p, digits)
        best = p.argmax(axis=1)
        rows = np.arange(len(truth))
        p[rows, best] = 0
        p[rows, best] = np.round(1 - p.sum(axis=1), digits)
    predicted = p.argmax(axis=1)
    if never is not None:
        predicted = np.where(predicted == never, (never + 1) % c, predicted)
    weight = {None: None, "real": draw.gamma(2.0, size=len(truth)), "whole": draw.randint(0, 4, len(truth)).astype(float)}[weights]
    return truth, predicted, p, weight


def inputs():
    return {
        "rare": table(0, [0.95, 0.05], 300),
        "rare-tied": table(1, [0.9, 0.1], 400, digits=1),
        "even": table(2, [0.5, 0.5], 121),
        "rare-weighted": table(3, [0.9, 0.1], 250, weights="real"),
        "rare-tied-whole-weights": table(4, [0.85, 0.15], 250, digits=1, weights="whole"),
        "never-predicted": table(5, [0.97, 0.03], 150, never=1),
        "three": table(6, [0.7, 0.2, 0.1], 200),
        "four-tied": table(7, [0.6, 0.2, 0.15, 0.05], 240, digits=1),
        "five-weighted": table(8, [0.5, 0.2, 0.15, 0.1, 0.05], 260, weights="real"),
        "six": table(9, [0.55, 0.2, 0.1, 0.08, 0.05, 0.02], 500, noise=2.0),
        "three-never-predicted": table(10, [0.6, 0.3, 0.1], 150, never=2),
    }


def measures(truth, predicted, p, weight):
    c = p.shape[1]
    labels = np.arange(c)
    w = {"sample_weight": weight}
    one_hot = np.eye(c)[truth]
    told = np.isin(labels, predicted)
    values = {
        "accuracy": sk.accuracy_score(truth, predicted, **w),
        "balanced-accuracy": sk.balanced_accuracy_score(truth, predicted, **w),
        "mcc": sk.matthews_corrcoef(truth, predicted, **w),
        "kappa": sk.cohen_kappa_score(truth, predicted, **w),
        "g-mean": im.geometric_mean_score(truth, predicted, average="multiclass", **w),
        "mean-absolute-error-macro": im.macro_averaged_mean_absolute_error(truth, predicted, **w),
        "brier": sk.brier_score_loss(truth, p if c > 2 else p[:, 1], **w),
        "log-loss": sk.log_loss(truth, p, **w),
    }
    if len(set(predicted)) < 2:
        # Their 0 is not a number of ours.
        del values["mcc"]
    names = [str(label) for label in labels]
    scores = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    scores["f0.5"] = lambda *a, **k: sk.fbeta_score(*a, beta=0.5, **k)
    scores["f2"] = lambda *a, **k: sk.fbeta_score(*a, beta=2, **k)
    if weight is None:
        scores["specificity"] = im.specificity_score
        scores["g-mean"] = im.geometric_mean_score
        scores["iba"] = im.make_index_balanced_accuracy(alpha=0.1, squared=True)(im.geometric_mean_score)
        values["g-mean-macro"] = im.geometric_mean_score(truth, predicted, average="macro")
        values["iba-weighted"] = im.classification_report_imbalanced(truth, predicted, output_dict=True)["avg_iba"]
    for name, score in scores.items():
        each = score(truth, predicted, average=None, labels=labels, **w)
        values |= {f"{name}:{label}": each[i] for i, label in enumerate(names) if name != "precision" or told[i]}
        if name in ("g-mean", "iba"):
            if name == "iba":
                values["iba-micro"] = score(truth, predicted, average="micro")
            continue
        for average in ["macro", "micro", "weighted"]:
            if name != "precision" or told.all() or average == "micro":
                values[f"{name}-{average}"] = score(truth, predicted, average=average, labels=labels, **w)
    for i, label in enumerate(names):
        of = one_hot[:, i]
        values[f"roc-auc:{label}"] = sk.roc_auc_score(of, p[:, i], **w)
        values[f"average-precision:{label}"] = sk.average_precision_score(of, p[:, i], **w)
        values[f"brier:{label}"] = sk.brier_score_loss(of, p[:, i], **w)
    for average in ["macro", "weighted"]:
        values[f"roc-auc-{average}"] = sk.roc_auc_score(one_hot, p, average=average, **w)
        values[f"average-precision-{average}"] = sk.average_precision_score(one_hot, p, average=average, **w)
    return {name: float(value) for name, value in sorted(values.items())}


def record(truth, predicted, p, weight):
    w = {"sample_weight": weight}
    case = {
        "truth": truth.tolist(),
        "predicted": predicted.tolist(),
        "probabilities": p.tolist(),
        "weights": None if weight is None else weight.tolist(),
        "matrix": sk.confusion_matrix(truth, predicted, labels=np.arange(p.shape[1]), **w).tolist(),
        "values": measures(truth, predicted, p, weight),
    }
    of = (truth == 1).astype(int)
    x, y, at = sk.roc_curve(of, p[:, 1], drop_intermediate=False, **w)
    case["roc"] = [x.tolist(), y.tolist(), [None, *at[1:].tolist()]]
    precision, recall, at = sk.precision_recall_curve(of, p[:, 1], **w)
    case["precision-recall"] = [recall[::-1].tolist(), precision[::-1].tolist(), [None, *at[::-1].tolist()]]
    if weight is None:
        observed, said = calibration_curve(of, p[:, 1], n_bins=15)
        case["reliability"] = [said.tolist(), observed.tolist()]
        report = im.classification_report_imbalanced(truth, predicted, labels=np.arange(p.shape[1]), output_dict=True)
        case["report"] = [report[key] for key in sorted(report, key=str) if isinstance(report[key], dict)]
    return case


def main(folder):
    warnings.simplefilter("ignore")
    header = {
        "reference": f"imbalanced-learn {imblearn.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "command": "python tools/golden/record_metrics.py tests/golden",
        "tolerance": 1e-12,
    }
    cases = {name: record(*some) for name, some in inputs().items()}
    numbers = lambda value: value.item() if hasattr(value, "item") else value.tolist()
    (folder / "metrics.json").write_text(json.dumps(header | {"cases": cases}, default=numbers) + "\n")
    print("metrics", sum(len(case["values"]) for case in cases.values()))


main(Path(sys.argv[1]))
