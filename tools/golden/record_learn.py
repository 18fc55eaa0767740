"""Writes what scikit-learn's models and calibrations say, for crates/learn/tests/golden.rs.

Run by `cargo xtask golden`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier


def clouds(seed, rows, columns, classes, rare):
    """Overlapping clouds, the last class being rare, with weights of rows."""
    rng = np.random.RandomState(seed)
    shares = np.ones(classes)
    shares[-1] = rare
    labels = rng.choice(classes, size=rows, p=shares / shares.sum())
    labels[:classes] = np.arange(classes)
    centers = rng.randn(classes, columns)
    return rng.randn(rows, columns) + centers[labels], labels, rng.uniform(0.2, 3.0, rows)


def models(x, y, weights, new):
    exact = dict(tol=1e-12, max_iter=100_000)
    yield "logistic", {}, LogisticRegression(**exact).fit(x, y), None
    yield "logistic", {"C": 0.05}, LogisticRegression(C=0.05, **exact).fit(x, y), None
    yield "logistic", {"C": 2.0}, LogisticRegression(C=2.0, **exact).fit(x, y, weights), weights
    if len(np.unique(y)) == 2:
        liblinear = LogisticRegression(solver="liblinear", **exact).fit(x, y)
        yield "logistic", {"penalize_intercept": True}, liblinear, None
    yield "naive-bayes", {}, GaussianNB().fit(x, y), None
    yield "naive-bayes", {}, GaussianNB().fit(x, y, weights), weights
    yield "k-nearest-neighbors", {}, KNeighborsClassifier().fit(x, y), None
    by_distance = KNeighborsClassifier(n_neighbors=9, weights="distance").fit(x, y)
    yield "k-nearest-neighbors", {"n_neighbors": 9, "weights": "distance"}, by_distance, None


def calibrations(seed):
    rng = np.random.RandomState(seed)
    scores = rng.randn(400)
    truth = (rng.uniform(size=400) < 1 / (1 + np.exp(-scores - 0.5))).astype(int)
    said = 1 / (1 + np.exp(-3 * scores))
    weights = rng.uniform(0.2, 3.0, 400)
    new = np.linspace(0.001, 0.999, 41)
    logit = lambda p: np.log(p / (1 - p))
    for given in (None, weights):
        platt = _SigmoidCalibration().fit(logit(said), truth, given).predict(logit(new))
        isotonic = IsotonicRegression(out_of_bounds="clip").fit(said, truth, given).predict(new)
        yield {
            "said": said.tolist(),
            "truth": truth.tolist(),
            "weights": None if given is None else given.tolist(),
            "new": new.tolist(),
            "platt": platt.tolist(),
            "isotonic": isotonic.tolist(),
        }


def main(folder):
    cases = []
    for seed, rows, columns, classes, rare in [(0, 120, 3, 2, 0.2), (1, 200, 5, 2, 1.0), (2, 240, 4, 3, 0.3)]:
        x, y, weights = clouds(seed, rows, columns, classes, rare)
        new = np.random.RandomState(seed + 100).randn(25, columns)
        fitted = [
            {
                "model": {"name": name, **options},
                "weighted": given is not None,
                "probabilities": model.predict_proba(new).ravel().tolist(),
            }
            for name, options, model, given in models(x, y, weights, new)
        ]
        cases.append(
            {
                "rows": x.tolist(),
                "labels": y.tolist(),
                "weights": weights.tolist(),
                "new": new.tolist(),
                "fitted": fitted,
            }
        )
    written = {
        "about": "probabilities of scikit-learn's models on the rows of `new`; calibrated probabilities at `new`",
        "command": "cargo xtask golden",
        "scikit-learn": sklearn.__version__,
        "cases": cases,
        "calibrations": list(calibrations(7)),
    }
    (Path(folder) / "learn.json").write_text(json.dumps(written) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
