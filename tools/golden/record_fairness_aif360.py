"""Adds to tests/golden/fairness.json what AIF360 measures of the rows that record_fairness.py wrote there.

    python -m venv venv && venv/bin/pip install -r tools/golden/requirements-aif360.txt
    venv/bin/python tools/golden/record_fairness_aif360.py tests/golden

Names are ours. Where AIF360 ignores weights (entropies, consistency), only numbers without weights are kept.
"""

import json
import logging
import sys
import warnings
from pathlib import Path

logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

import aif360
import numpy as np
import pandas as pd
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import BinaryLabelDatasetMetric, ClassificationMetric
from sklearn.neighbors import NearestNeighbors

K = 5
DIFFERENCES = {
    "base-rate": "base_rate",
    "selection-rate": "selection_rate",
    "true-positive-rate": "true_positive_rate",
    "false-positive-rate": "false_positive_rate",
    "false-negative-rate": "false_negative_rate",
    "true-negative-rate": "true_negative_rate",
    "positive-predictive-value": "positive_predictive_value",
    "negative-predictive-value": "negative_predictive_value",
    "false-discovery-rate": "false_discovery_rate",
    "false-omission-rate": "false_omission_rate",
    "accuracy": "accuracy",
    "error-rate": "error_rate",
    "generalized-true-positive-rate": "generalized_true_positive_rate",
    "generalized-false-positive-rate": "generalized_false_positive_rate",
    "generalized-false-negative-rate": "generalized_false_negative_rate",
    "generalized-true-negative-rate": "generalized_true_negative_rate",
}
# Methods without arguments, whose names are ours with other hyphens.
SAME = """true_positive_rate_difference false_positive_rate_difference false_negative_rate_difference
false_omission_rate_difference false_discovery_rate_difference false_positive_rate_ratio false_negative_rate_ratio
false_omission_rate_ratio false_discovery_rate_ratio average_odds_difference average_abs_odds_difference
average_predictive_value_difference equalized_odds_difference generalized_equalized_odds_difference
error_rate_difference error_rate_ratio disparate_impact statistical_parity_difference mean_difference
equal_opportunity_difference smoothed_empirical_differential_fairness differential_fairness_bias_amplification""".split()
UNWEIGHTED = """theil_index coefficient_of_variation between_group_theil_index between_group_coefficient_of_variation
between_all_groups_theil_index between_all_groups_coefficient_of_variation""".split()
INDICES = """generalized_entropy_index between_group_generalized_entropy_index
between_all_groups_generalized_entropy_index""".split()
MATRIX = ["TP", "FP", "FN", "TN"]


def dataset(table, codes, privileged, labels, weights):
    frame = pd.DataFrame(table["features"], columns=["a", "b", "c"])
    frame["group"], frame["label"], frame["score"] = codes, table[labels], table["score"]
    frame["weight"] = weights
    others = sorted(set(codes) - {privileged})
    return BinaryLabelDataset(
        df=frame,
        label_names=["label"],
        protected_attribute_names=["group"],
        favorable_label=1,
        unfavorable_label=0,
        scores_names=["score"],
        instance_weights_name="weight",
        privileged_protected_attributes=[[privileged]],
        unprivileged_protected_attributes=[others],
    )


def aif360_measures(table, names, privileged, weighted):
    kinds = sorted(set(names))
    codes = np.array([kinds.index(name) for name in names], float)
    first = float(kinds.index(privileged))
    weights = np.array(table["weights"]) if weighted else np.ones(len(codes))
    told = dataset(table, codes, first, "truth", weights)
    predicted = dataset(table, codes, first, "predicted", weights)
    sides = {
        "privileged_groups": [{"group": first}],
        "unprivileged_groups": [{"group": code} for code in sorted(set(codes) - {first})],
    }
    metric = ClassificationMetric(told, predicted, **sides)
    labels = BinaryLabelDatasetMetric(told, **sides)
    values = {name.replace("_", "-"): getattr(metric, name)() for name in SAME}
    for name, method in DIFFERENCES.items():
        function = getattr(metric, method)
        values |= {name: function(), f"{name}:{privileged}": function(privileged=True)}
        values |= {f"{name}-difference": metric.difference(function), f"{name}-ratio": metric.ratio(function)}
        if len(kinds) == 2:
            other = next(kind for kind in kinds if kind != privileged)
            values[f"{name}:{other}"] = function(privileged=False)
    # Of labels alone they have the names of predictions.
    of_labels = {
        "base-rate-difference": labels.statistical_parity_difference(),
        "base-rate-ratio": labels.disparate_impact(),
        "smoothed-empirical-differential-fairness:0.5": labels.smoothed_empirical_differential_fairness(0.5),
        "count": labels.num_instances(),
        f"count:{privileged}": labels.num_instances(privileged=True),
    }
    values["differential-fairness-bias-amplification:3"] = metric.differential_fairness_bias_amplification(3)
    if not weighted:
        values |= {name.replace("_", "-"): getattr(metric, name)() for name in UNWEIGHTED}
        for name in INDICES:
            values[name.replace("_", "-")] = getattr(metric, name)()
            for alpha in [0.5, 1, 3]:
                values[f"{name.replace('_', '-')}:{alpha}"] = getattr(metric, name)(alpha=alpha)
        of_labels["consistency"] = float(np.ravel(labels.consistency(n_neighbors=K))[0])
        # AIF360 has it of labels only; of predictions it is the same with them in their place.
        own = BinaryLabelDatasetMetric(predicted, **sides)
        values["consistency-of-predictions"] = float(np.ravel(own.consistency(n_neighbors=K))[0])
    # Fair Utility as in the code of its authors.
    told_gap, kept_gap = (abs(metric.difference(getattr(metric, f"true_{side}_rate"))) for side in ["positive", "negative"])
    balanced = (metric.true_positive_rate() + metric.true_negative_rate()) / 2
    values["fair-utility"] = balanced * 0.5 * ((1 - told_gap) + (1 - kept_gap))
    values["absolute-average-odds-difference"] = abs(metric.average_odds_difference())
    matrix = metric.binary_confusion_matrix(privileged=True)
    scores = metric.generalized_binary_confusion_matrix(privileged=True)
    return {
        "values": {name: float(value) for name, value in (values | of_labels).items()},
        "of-labels": {name: float(value) for name, value in of_labels.items()},
        "matrix": [float(matrix[key]) for key in MATRIX],
        "generalized": [float(scores[f"G{key}"]) for key in MATRIX],
    }, told.features


def main(folder):
    path = folder / "fairness.json"
    golden = json.loads(path.read_text())
    for case in golden["cases"]:
        table = golden["tables"][case["table"]]
        case["aif360"], features = aif360_measures(table, table["groups"][case["by"]], case["privileged"], case["weighted"])
        near = NearestNeighbors(n_neighbors=K, algorithm="ball_tree").fit(features).kneighbors(features)[1]
        # The group is a column that they search in, so that neighbours belong to the case.
        case["neighbours"] = None if case["weighted"] else near.tolist()
    for table in golden["tables"].values():
        del table["features"]
    golden["reference"] += f"; aif360 {aif360.__version__}, numpy {np.__version__}"
    path.write_text(json.dumps(golden) + "\n")
    print("fairness, AIF360", sum(len(case["aif360"]["values"]) for case in golden["cases"]))


main(Path(sys.argv[1]))
