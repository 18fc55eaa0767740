"""Writes what Fairlearn's learners and a weighted machine do, for crates/learn/tests/fair_learners.rs and
src/group_thresholds.rs.

Run by `cargo xtask golden`. The rows come from the tables of Fair Oversampling under COUNTERPOISE_DATA; without them the
file is left as it is.
"""

import json
import os
import sys
import warnings
from pathlib import Path

import fairlearn
import numpy as np
import pandas as pd
import sklearn
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import (
    DemographicParity,
    EqualizedOdds,
    ErrorRateParity,
    ExponentiatedGradient,
    FalsePositiveRateParity,
    GridSearch,
    TruePositiveRateParity,
)
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

CONSTRAINTS = {
    "demographic-parity": DemographicParity,
    "equalized-odds": EqualizedOdds,
    "true-positive-rate-parity": TruePositiveRateParity,
    "false-positive-rate-parity": FalsePositiveRateParity,
    "error-rate-parity": ErrorRateParity,
}
OBJECTIVES = {"accuracy": "accuracy_score", "balanced-accuracy": "balanced_accuracy_score"}


def tables(data):
    """Two tables: (name, training rows, labels, groups, the same of test rows)."""
    folder = data / "fair-oversampling-splits"

    def read(path):
        return pd.read_csv(folder / path).to_numpy(dtype=float)

    def part(rows, labels, column, count):
        """The first rows, with one of class 0 and group 0 in front: groups and classes come in order."""
        labels = labels.ravel().astype(int)
        groups = rows[:, column].astype(int)
        order = np.arange(len(rows))[:count]
        front = next(row for row in order if labels[row] == 0 and groups[row] == 0)
        order = np.r_[front, order[order != front]]
        return rows[order], labels[order], groups[order]

    for name, column, count in [("german", 8, 800), ("adult", 6, 1500)]:
        train = part(read(f"{name}/{name}_train_0.csv.gz"), read(f"{name}/{name}_trn_label_0.csv.gz"), column, count)
        test = part(read(f"{name}/{name}_test_0.csv.gz"), read(f"{name}/{name}_test_label_0.csv.gz"), column, 200)
        yield name, train, test


def exact():
    """A fit that goes on until rounding stops it."""
    return LogisticRegression(tol=1e-12, max_iter=100_000)


def number(value):
    value = float(value)
    return value if np.isfinite(value) else str(value)


def operation(of):
    return {"threshold": number(of.threshold), "above": of.operator == ">"}


def gradients(x, y, groups, new):
    for name, constraint in CONSTRAINTS.items():
        for options, bound in [({}, 0.01), ({"eps": 0.05}, 0.05), ({"run_linprog_step": False, "max_iter": 12}, 0.02)]:
            fitted = ExponentiatedGradient(exact(), constraint(difference_bound=bound), **options)
            fitted.fit(x, y, sensitive_features=groups)
            used = fitted.weights_
            moment = fitted.constraints_.gamma(lambda rows: fitted._pmf_predict(rows)[:, 1])
            positive = fitted._pmf_predict(x)[:, 1]
            yield {
                "options": {"constraint": name, "difference_bound": bound, **options},
                "gap": fitted.best_gap_,
                "nu": fitted.nu,
                "steps": fitted.last_iter_ + 1,
                "models": len(fitted.predictors_),
                "members": int((used > 0).sum()),
                "error": float(np.mean(np.abs(y - positive))),
                "broken": float(moment.max()),
                "positive": fitted._pmf_predict(new)[:, 1].tolist(),
            }


def grids(x, y, groups, new):
    for name, constraint in CONSTRAINTS.items():
        for options in [{}, {"grid_size": 25, "grid_limit": 1.0, "constraint_weight": 0.8}]:
            fitted = GridSearch(exact(), constraint(), **options)
            fitted.fit(x, y, sensitive_features=groups)
            yield {
                "options": {"constraint": name, **options},
                "positive": fitted.predict_proba(new)[:, 1].tolist(),
            }


def thresholds(x, y, groups, new, new_groups):
    model = LogisticRegression().fit(x, y)
    # Four decimals make ties.
    model.predict_proba = lambda rows, of=model.predict_proba: np.round(of(rows), 4)
    scores, new_scores = model.predict_proba(x)[:, 1], model.predict_proba(new)[:, 1]
    rules = []
    for name in list(CONSTRAINTS)[:-1]:
        for objective, theirs in OBJECTIVES.items():
            for flip in (False, True):
                fitted = ThresholdOptimizer(
                    estimator=model,
                    constraints=name.replace("-", "_"),
                    objective=theirs,
                    flip=flip,
                    prefit=True,
                    predict_method="predict_proba",
                )
                fitted.fit(x, y, sensitive_features=groups)
                of_group = fitted.interpolated_thresholder_.interpolation_dict
                rules.append(
                    {
                        "options": {"constraint": name, "objective": objective, "flip": flip},
                        "groups": [
                            {
                                "constant": float(of_group[group].get("p_ignore", 0)),
                                "constant_value": float(of_group[group].get("prediction_constant", 0)),
                                "first": [float(of_group[group].p0), operation(of_group[group].operation0)],
                                "second": [float(of_group[group].p1), operation(of_group[group].operation1)],
                            }
                            for group in sorted(of_group)
                        ],
                        "positive": fitted._pmf_predict(new, sensitive_features=new_groups)[:, 1].tolist(),
                    }
                )
    return {"scores": scores.tolist(), "new_scores": new_scores.tolist(), "rules": rules}


def machine(x, y, groups, new):
    """A machine on rows weighed so that classes are alike in all groups (Reweighing)."""
    weights = np.empty(len(y))
    for cell in {(group, label) for group, label in zip(groups, y)}:
        rows = (groups == cell[0]) & (y == cell[1])
        weights[rows] = (groups == cell[0]).mean() * (y == cell[1]).mean() / rows.mean()
    fitted = SVC(tol=1e-6).fit(x, y, sample_weight=weights)
    return {"weights": weights.tolist(), "decision": fitted.decision_function(new).tolist()}


def main(folder):
    data = os.environ.get("COUNTERPOISE_DATA")
    if not data or not (Path(data) / "fair-oversampling-splits").is_dir():
        print("fair_learners.json is left as it is: COUNTERPOISE_DATA has no fair-oversampling-splits")
        return
    warnings.simplefilter("ignore")
    cases = []
    for name, (x, y, groups), (new, _, new_groups) in tables(Path(data)):
        cases.append(
            {
                "table": name,
                "rows": x.tolist(),
                "labels": y.tolist(),
                "groups": groups.tolist(),
                "new": new.tolist(),
                "new_groups": new_groups.tolist(),
                "exponentiated-gradient": list(gradients(x, y, groups, new)),
                "grid-search": list(grids(x, y, groups, new)),
                "group-thresholds": thresholds(x, y, groups, new, new_groups),
                "rbf-svm": machine(x, y, groups, new),
            }
        )
    written = {
        "about": "Fairlearn's exponentiated gradient, grid search and threshold optimizer over logistic regression",
        "command": "cargo xtask golden",
        "fairlearn": fairlearn.__version__,
        "scikit-learn": sklearn.__version__,
        "cases": cases,
    }
    (Path(folder) / "fair_learners.json").write_text(json.dumps(written) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
