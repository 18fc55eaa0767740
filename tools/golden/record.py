"""Records rows that imbalanced-learn makes, for tests/golden.

    python -m venv venv && venv/bin/pip install -r tools/golden/requirements.txt
    venv/bin/python tools/golden/record.py tests/golden

Inputs come with scikit-learn, or are drawn from a seeded generator where a table free of tied distances is needed.
Numbers are written with `repr`, which gives every bit back.
"""

import json
import sys
from pathlib import Path

import imblearn
import numpy as np
import pandas as pd
import sklearn
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC, BorderlineSMOTE, RandomOverSampler
from imblearn.under_sampling import EditedNearestNeighbours, RandomUnderSampler
from sklearn.datasets import load_breast_cancer, load_wine


def thinned(x, y, counts, seed):
    """Some rows of each class, in an order of chance."""
    draw = np.random.RandomState(seed)
    rows = np.concatenate([draw.permutation(np.flatnonzero(y == c))[:m] for c, m in counts.items()])
    rows = draw.permutation(rows)
    return x[rows], y[rows]


def inputs():
    wine, breast = load_wine(), load_breast_cancer()
    draw = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], [40, 18, 9])
    blobs = draw.normal(size=(67, 4)) + 1.2 * y[:, None]
    shuffled = draw.permutation(67)
    blobs, y = blobs[shuffled], y[shuffled]
    whole = np.round(blobs * 1000).astype(np.int64)
    mixed = np.column_stack([blobs[:, :3], draw.randint(0, 3, 67), draw.randint(0, 5, 67)])
    # Whole numbers beside real ones, which need a data frame.
    x, classes = thinned(wine.data, wine.target, {0: 40, 1: 25, 2: 12}, 1)
    frame = pd.DataFrame(x, columns=wine.feature_names).astype({"magnesium": np.int64, "proline": np.int64})
    return {
        "wine-whole": (frame, classes),
        "wine": thinned(wine.data, wine.target, {0: 40, 1: 25, 2: 12}, 1),
        "breast-cancer": thinned(breast.data[:, :12], breast.target, {0: 20, 1: 70}, 2),
        "blobs": (blobs, y),
        "blobs-f32": (blobs.astype(np.float32), y),
        "blobs-integer": (whole, y),
        "blobs-mixed": (mixed, y),
    }


CATEGORICAL = {"blobs-mixed": [3, 4]}


def cases():
    def of(sampler, name, **options):
        return sampler, name, options

    smote = [of(SMOTE, t, random_state=s) for t in ["wine", "breast-cancer", "blobs", "blobs-f32", "blobs-integer"] for s in [0, 42]]
    smote += [
        of(SMOTE, "blobs", random_state=7, k_neighbors=3),
        of(SMOTE, "blobs", random_state=7, sampling_strategy="minority"),
        of(SMOTE, "blobs", random_state=7, sampling_strategy="not minority"),
        of(SMOTE, "blobs", random_state=7, sampling_strategy={1: 31, 2: 60}),
        of(SMOTE, "breast-cancer", random_state=4294967295, sampling_strategy=0.8),
    ]
    smote.append(of(SMOTE, "wine-whole", random_state=3))
    borderline = [
        of(BorderlineSMOTE, t, random_state=s, kind=k)
        for t in ["wine", "breast-cancer", "blobs", "blobs-f32"]
        for s in [0, 42]
        for k in ["borderline-1", "borderline-2"]
    ]
    borderline.append(of(BorderlineSMOTE, "blobs", random_state=3, kind="borderline-2", k_neighbors=2, m_neighbors=6))
    adasyn = [of(ADASYN, t, random_state=s) for t in ["wine", "breast-cancer", "blobs", "blobs-f32", "blobs-integer"] for s in [0, 42]]
    adasyn.append(of(ADASYN, "wine-whole", random_state=3))
    adasyn.append(of(ADASYN, "blobs", random_state=5, n_neighbors=3))
    over = [of(RandomOverSampler, t, random_state=s) for t in ["wine", "blobs-integer", "blobs-mixed"] for s in [0, 42]]
    over += [of(RandomOverSampler, t, random_state=s, shrinkage=h) for t in ["wine", "blobs-f32"] for s, h in [(0, 1.0), (42, 0.3)]]
    under = [
        of(RandomUnderSampler, t, random_state=s, replacement=r) for t in ["wine", "blobs"] for s in [0, 42] for r in [False, True]
    ]
    enn = [of(EditedNearestNeighbours, t, kind_sel=k) for t in ["wine", "breast-cancer", "blobs"] for k in ["all", "mode"]]
    enn.append(of(EditedNearestNeighbours, "blobs", n_neighbors=5, sampling_strategy="all"))
    both = [of(SMOTEENN, t, random_state=s) for t in ["wine", "wine-whole", "breast-cancer", "blobs"] for s in [0, 42]]
    nc = [of(SMOTENC, "blobs-mixed", random_state=s) for s in [0, 7, 42]]
    nc.append(of(SMOTENC, "blobs-mixed", random_state=1, k_neighbors=3))
    return {
        "smote": smote,
        "borderline-smote": borderline,
        "adasyn": adasyn,
        "random-over-sampler": over,
        "random-under-sampler": under,
        "edited-nearest-neighbours": enn,
        "smoteenn": both,
        "smotenc": nc,
    }


def columns(x):
    if isinstance(x, pd.DataFrame):
        return [x[name].tolist() for name in x]
    return [[value.item() for value in column] for column in np.asarray(x).T]


def whole(x):
    """Places of the columns of whole numbers."""
    types = x.dtypes if isinstance(x, pd.DataFrame) else [x.dtype] * x.shape[1]
    return [place for place, kind in enumerate(types) if np.issubdtype(kind, np.integer)]


def record(sampler, name, options, table):
    x, y = table
    extra = {"categorical_features": CATEGORICAL[name]} if sampler is SMOTENC else {}
    made = sampler(**options, **extra)
    with np.errstate(all="ignore"):
        new_x, new_y = made.fit_resample(x, y)
    options = {k: ({str(a): b for a, b in v.items()} if isinstance(v, dict) else v) for k, v in options.items()}
    result = {"input": name, "options": options, "rows": columns(new_x), "classes": new_y.tolist()}
    if hasattr(made, "sample_indices_"):
        result["sample_indices"] = made.sample_indices_.tolist()
    return result


def main(folder):
    tables = inputs()
    header = {
        "reference": f"imbalanced-learn {imblearn.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "command": "python tools/golden/record.py tests/golden",
        "tolerance": 0,
    }
    folder.mkdir(parents=True, exist_ok=True)
    shown = {
        name: {"dtype": str(np.asarray(x).dtype), "whole": whole(x), "categorical": CATEGORICAL.get(name, []), "columns": columns(x), "classes": y.tolist()}
        for name, (x, y) in tables.items()
    }
    (folder / "inputs.json").write_text(json.dumps(header | {"tables": shown}) + "\n")
    for method, some in cases().items():
        results = [record(sampler, name, options, tables[name]) for sampler, name, options in some]
        (folder / f"{method}.json").write_text(json.dumps(header | {"method": method, "cases": results}) + "\n")
        print(method, len(results))


main(Path(sys.argv[1]))
