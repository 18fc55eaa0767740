"""Writes weights and repaired values of AIF360, for crates/sampling/tests/golden_fair.rs.

Needs `pip install --requirement tools/golden/requirements-fair-sampling.txt`; then
`python tools/golden/record_fair_sampling.py tests/golden`.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")

import aif360
from aif360.algorithms.preprocessing import DisparateImpactRemover, Reweighing
from aif360.datasets import BinaryLabelDataset


def table(seed, rows, groups, whole):
    """A protected column, columns that depend on it, and a class that depends on both."""
    rng = np.random.RandomState(seed)
    group = rng.choice(groups, size=rows, p=np.arange(1, groups + 1) / np.arange(1, groups + 1).sum())
    group[:groups] = np.arange(groups)
    shifted = rng.normal(group, 1 + 0.5 * group)
    counted = rng.poisson(3 + 2 * group).astype(float)
    even = rng.uniform(size=rows)
    flag = (rng.uniform(size=rows) < 0.3 + 0.2 * group / groups).astype(float)
    constant = np.full(rows, 2.5)
    columns = {"shifted": shifted, "counted": counted, "even": even, "flag": flag, "constant": constant}
    if whole:
        columns = {name: np.round(10 * values) for name, values in columns.items()}
    label = (shifted + rng.normal(size=rows) > 1).astype(float)
    return pd.DataFrame({"group": group.astype(float), **columns, "label": label})


def dataset(frame):
    return BinaryLabelDataset(df=frame, label_names=["label"], protected_attribute_names=["group"])


def case(name, frame):
    data = dataset(frame)
    features = [column for column in frame.columns if column not in ("group", "label")]
    repaired = {}
    for level in (0.0, 0.3, 0.5, 0.8, 1.0):
        values = DisparateImpactRemover(repair_level=level).fit_transform(data).features
        repaired[str(level)] = {
            column: values[:, data.feature_names.index(column)].tolist() for column in features
        }
    found = {
        "name": name,
        "group": frame["group"].astype(int).tolist(),
        "label": frame["label"].astype(int).tolist(),
        "columns": {column: frame[column].tolist() for column in features},
        "repaired": repaired,
    }
    if frame["group"].nunique() == 2:
        reweighing = Reweighing(unprivileged_groups=[{"group": 0}], privileged_groups=[{"group": 1}])
        found["weights"] = reweighing.fit_transform(data).instance_weights.tolist()
    return found


if __name__ == "__main__":
    cases = [
        case("two groups", table(1, 120, 2, False)),
        case("two groups of whole numbers", table(2, 90, 2, True)),
        case("three groups", table(3, 150, 3, False)),
    ]
    golden = {
        "made_by": f"tools/golden/record_fair_sampling.py with AIF360 {aif360.__version__} and numpy {np.__version__}",
        "tolerance": 1e-12,
        "cases": cases,
    }
    path = Path(sys.argv[1]) / "fair-sampling.json"
    path.write_text(json.dumps(golden) + "\n")
