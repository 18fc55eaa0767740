"""Records predictions on real tables and what Fairlearn measures of them, for tests/golden/fairness.json.

    python -m venv venv && venv/bin/pip install -r tools/golden/requirements.txt
    COUNTERPOISE_DATA=DIR venv/bin/python tools/golden/record_fairness.py tests/golden

`record_fairness_aif360.py` adds what AIF360 measures, in an environment of its own: it needs older packages. DIR holds
UCI's `adult/adult.data.gz` and `adult/adult.test.gz`; German credit is in this repository.

Names are ours. Numbers that Fairlearn sets to 0 or NaN because a group lacks a class are left out; `choose` sees to it
that there are none.
"""

import functools
import gzip
import io
import json
import os
import sys
import warnings
from pathlib import Path

import fairlearn
import fairlearn.metrics as fl
import numpy as np
import pandas as pd
import sklearn
import sklearn.metrics as sk
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ADULT = "age workclass fnlwgt education education-num marital-status occupation relationship race sex capital-gain capital-loss hours-per-week native-country income".split()


def german_credit():
    table = pd.read_csv("crates/counterpoise/data/german-credit.csv.gz")
    target = (table.pop("credit") == "good").astype(int)
    sex = table["sex"].to_numpy()
    age = np.where(table["age"] > 25, "above 25", "up to 25")
    return table, target, {"sex": sex, "age": age, "sex | age": join(sex, age)}


def adult(folder):
    def read(name):
        text = gzip.open(folder / "adult" / name, "rt").read()
        lines = [line for line in text.splitlines() if line.count(",") == 14]
        return pd.read_csv(io.StringIO("\n".join(lines)), header=None, names=ADULT, skipinitialspace=True)

    table = pd.concat([read("adult.data.gz"), read("adult.test.gz")], ignore_index=True)
    target = table.pop("income").str.startswith(">50K").astype(int)
    sex, race = table["sex"].to_numpy(), table["race"].to_numpy()
    three = np.where(np.isin(race, ["White", "Black"]), race, "Other races")
    return table, target, {"sex": sex, "race": race, "sex | race": join(sex, three)}


def join(first, second):
    return np.array([f"{a} | {b}" for a, b in zip(first, second)])


def predict(table, target, seed):
    """Test rows, with the scores of a logistic regression on the others."""
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), texts), remainder=StandardScaler()),
        LogisticRegression(C=0.2, max_iter=1000),
    )
    train, test = train_test_split(np.arange(len(target)), test_size=0.4, random_state=seed, stratify=target)
    model.fit(table.iloc[train], target[train])
    return test, model.predict_proba(table.iloc[test])[:, 1]


def choose(count, truth, predicted, groups, seed):
    """Places of at most `count` rows: eight of each cell of group, truth and prediction first, so that no rate is undefined."""
    order = np.random.RandomState(seed).permutation(len(truth))
    cells = [join(join(values, truth), predicted) for values in groups.values()]
    seen, first, rest = {}, [], []
    for row in order:
        keys = [(place, cell[row]) for place, cell in enumerate(cells)]
        scarce = any(seen.get(key, 0) < 8 for key in keys)
        for key in keys:
            seen[key] = seen.get(key, 0) + 1
        (first if scarce else rest).append(row)
    return np.sort(np.array(first + rest[: max(0, count - len(first))]))


def record(name, table, target, groups, count, digits, seed):
    test, score = predict(table, target.to_numpy(), seed)
    score = np.round(score, digits)
    truth, predicted = target.to_numpy()[test], (score > 0.5).astype(int)
    at = {key: values[test] for key, values in groups.items()}
    rows = choose(count, truth, predicted, at, seed)
    # Columns that AIF360 finds neighbours in.
    numbers = table.iloc[test].select_dtypes("number").iloc[rows, :3]
    return {
        "truth": truth[rows],
        "predicted": predicted[rows],
        "score": score[rows],
        "weights": np.round(np.random.RandomState(seed).gamma(2.0, size=len(rows)), 6),
        "features": numbers.to_numpy().astype(float),
        "groups": {key: values[rows] for key, values in at.items()},
    }


RATES = {
    "selection-rate": fl.selection_rate,
    "true-positive-rate": fl.true_positive_rate,
    "false-positive-rate": fl.false_positive_rate,
    "true-negative-rate": fl.true_negative_rate,
    "false-negative-rate": fl.false_negative_rate,
    "accuracy": sk.accuracy_score,
    "error-rate": sk.zero_one_loss,
    "balanced-accuracy": sk.balanced_accuracy_score,
    "positive-predictive-value": sk.precision_score,
    "f1": sk.f1_score,
}
OF_SCORES = {
    "mean-score": fl.mean_prediction,
    "roc-auc": sk.roc_auc_score,
    "mean-absolute-error": sk.mean_absolute_error,
    "mean-squared-error": sk.mean_squared_error,
    "r2": sk.r2_score,
    "log-loss": functools.partial(sk.log_loss, labels=[0, 1]),
}
OURS = {
    "accuracy_score": "accuracy",
    "zero_one_loss": "error-rate",
    "balanced_accuracy_score": "balanced-accuracy",
    "precision_score": "positive-predictive-value",
    "recall_score": "true-positive-rate",
    "roc_auc_score": "roc-auc",
    "mean_absolute_error": "mean-absolute-error",
    "mean_squared_error": "mean-squared-error",
    "r2_score": "r2",
    "f1_score": "f1",
    "log_loss": "log-loss",
}
SUFFIXES = {"difference": "max-min", "ratio": "min-over-max", "group_min": "group-min", "group_max": "group-max"}


def fairlearn_measures(truth, predicted, score, groups, weight):
    values = {}
    given = {"sensitive_features": groups, "sample_weight": weight}
    # The functions with names of their own.
    for method, diff, ratio in [("between_groups", "max-min", "min-over-max"), ("to_overall", "difference-to-overall", "ratio-to-overall")]:
        call = lambda function, **more: function(truth, predicted, method=method, **given, **more)
        values[f"selection-rate-{diff}"] = call(fl.demographic_parity_difference)
        values[f"selection-rate-{ratio}"] = call(fl.demographic_parity_ratio)
        values[f"true-positive-rate-{diff}"] = call(fl.equal_opportunity_difference)
        values[f"true-positive-rate-{ratio}"] = call(fl.equal_opportunity_ratio)
        values[f"equalized-odds-{diff}"] = call(fl.equalized_odds_difference)
        values[f"equalized-odds-{ratio}"] = call(fl.equalized_odds_ratio)
        values[f"average-absolute-odds-{diff}"] = call(fl.equalized_odds_difference, agg="mean")
        values[f"equalized-odds-mean-{ratio}"] = call(fl.equalized_odds_ratio, agg="mean")
    # Those that it generates, each that it exports.
    for function in fl._generated_metric_dict:
        base, suffix = next((function[: -len(end) - 1], end) for end in SUFFIXES if function.endswith(end))
        name = OURS.get(base, base.replace("_", "-"))
        told = score if name in OF_SCORES else predicted
        values[f"{name}-{SUFFIXES[suffix]}"] = getattr(fl, function)(truth, told, **given)
    # Frames, for what groups have and for the comparisons that have no function.
    for rates, told in [(RATES, predicted), (OF_SCORES, score)]:
        frame = fl.MetricFrame(
            metrics=rates,
            y_true=truth,
            y_pred=told,
            sensitive_features=groups,
            sample_params={name: {"sample_weight": weight} for name in rates},
        )
        for name in rates:
            values[name] = frame.overall[name]
            values[f"{name}-max-min"] = frame.difference()[name]
            values[f"{name}-difference-to-overall"] = frame.difference(method="to_overall")[name]
            values[f"{name}-group-min"] = frame.group_min()[name]
            values[f"{name}-group-max"] = frame.group_max()[name]
            if name != "r2":
                values[f"{name}-min-over-max"] = frame.ratio()[name]
                values[f"{name}-ratio-to-overall"] = frame.ratio(method="to_overall")[name]
            for group, value in frame.by_group[name].items():
                values[f"{name}:{group}"] = value
    if weight is None:
        counts = fl.MetricFrame(metrics=fl.count, y_true=truth, y_pred=predicted, sensitive_features=groups)
        values |= {f"count:{group}": value for group, value in counts.by_group.items()}
        values |= {"count-group-min": counts.group_min(), "count-group-max": counts.group_max(), "count": counts.overall}
    return {name: float(value) for name, value in values.items()}


PRIVILEGED = {
    "adult": {"sex": "Male", "race": "White", "sex | race": "Male | White"},
    "german": {"sex": "male", "age": "above 25", "sex | age": "male | above 25"},
}


def main(folder):
    warnings.simplefilter("ignore")
    data = os.environ.get("COUNTERPOISE_DATA")
    if not data:
        raise SystemExit("say in COUNTERPOISE_DATA where `adult/adult.data.gz` is")
    tables = {
        "adult": record("adult", *adult(Path(data)), count=1500, digits=12, seed=1),
        # Two digits, so that scores are tied.
        "german": record("german", *german_credit(), count=400, digits=2, seed=2),
    }
    cases = []
    for name, table in tables.items():
        for by, groups in table["groups"].items():
            for weighted in [False, True]:
                given = [table[key] for key in ["truth", "predicted", "score"]]
                values = fairlearn_measures(*given, groups, table["weights"] if weighted else None)
                assert all(np.isfinite(value) for value in values.values()), values
                cases.append({"table": name, "by": by, "privileged": PRIVILEGED[name][by], "weighted": weighted, "fairlearn": values})
    header = {
        "reference": f"fairlearn {fairlearn.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "command": "cargo xtask golden",
        "tolerance": 1e-12,
    }
    (folder / "fairness.json").write_text(json.dumps(header | {"tables": tables, "cases": cases}, default=lambda value: value.tolist()) + "\n")
    print("fairness, Fairlearn", sum(len(case["fairlearn"]) for case in cases))


main(Path(sys.argv[1]))
