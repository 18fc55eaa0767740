"""Writes rows that multi-imbalance's MDO makes, with what it drew for each, for crates/sampling/src/amdo.rs.

Needs `pip install --requirement tools/golden/requirements-mdo.txt`; then
`python tools/golden/record_mdo.py tests/golden`.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import sklearn.decomposition
from multi_imbalance.resampling import mdo


class Listening:
    """Passes draws on, and keeps them."""

    def __init__(self, seed):
        self.stream = np.random.RandomState(seed)
        self.bases, self.signs = [], []
        self.parts = []

    def choice(self, values, *arguments, **options):
        drawn = self.stream.choice(values, *arguments, **options)
        if "p" in options:
            self.bases.append(int(drawn))
            self.weights = list(options["p"])
            self.parts.append([])
        else:
            self.signs.append(1 if drawn[0] == values[1] and values[1] != values[0] else -1)
        return drawn

    def uniform(self, low, high):
        drawn = self.stream.uniform(low, high)
        # As a part of the bound.
        self.parts[-1].append(drawn / high)
        return drawn


class Known(sklearn.decomposition.PCA):
    """Keeps the axes that were fitted."""

    fitted = []

    def fit(self, *arguments):
        Known.fitted.append(super().fit(*arguments))
        return self


def case(seed, rows, columns, k, scale):
    random = np.random.RandomState(seed)
    mixing = random.normal(size=(columns, columns))
    counts = [rows, rows // 3]
    x = np.vstack([random.normal(size=(n, columns)) @ mixing * scale + 1.5 * place for place, n in enumerate(counts)])
    y = np.repeat([0, 1], counts)
    mdo.PCA = Known
    Known.fitted.clear()
    method = mdo.MDO(k=k, k1_frac=0.4, maj_int_min={"maj": [0], "min": [1]})
    method.random_state = listening = Listening(seed)
    made, _ = method._fit_resample(x, y)
    axes = Known.fitted[0].components_
    # We have the largest entry of each axis positive; a part changes sign with its axis.
    flips = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    parts = []
    for own, sign in zip(listening.parts, listening.signs):
        left = max(0.0, 1 - sum(part**2 for part in own))
        parts.append((np.array([*own, sign * np.sqrt(left)]) * flips).tolist())
    chosen, _ = method._choose_samples(1)
    of_row = {tuple(row): place for place, row in enumerate(x.tolist())}
    return {
        "columns": x.T.tolist(),
        "classes": y.tolist(),
        "k1": method.k1,
        # It counts the row itself.
        "k2": k - 1,
        "chosen": [of_row[tuple(row)] for row in chosen.tolist()],
        "weights": listening.weights,
        "bases": listening.bases,
        "parts": parts,
        "made": made[len(x) :].tolist(),
    }


def main(folder):
    cases = [case(1, 60, 3, 5, 1.0), case(2, 240, 6, 8, 0.5), case(3, 30, 2, 5, 0.02)]
    golden = {
        "reference": ", ".join(f"{name} {version(name)}" for name in ("multi-imbalance", "scikit-learn", "numpy")),
        "command": "python tools/golden/record_mdo.py tests/golden",
        "tolerance": 1e-9,
        "cases": cases,
    }
    path = Path(folder) / "mdo.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


main(sys.argv[1])
