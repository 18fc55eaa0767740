"""Writes docs/guide/data/german-predictions.csv: what a plain logistic regression says of German credit, out of fold.

    pip install -r tools/golden/requirements.txt
    python tools/guide/german_predictions.py

Each of the 1000 applicants is predicted by a model that was fitted on the four folds without them. Every column is a
feature, `sex` and `age` too. Rows keep the order of the bundled table, and are numbered from 1.
"""

from pathlib import Path

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROOT = Path(__file__).parents[2]


def main():
    # `none` is a word of the table.
    table = pd.read_csv(ROOT / "crates/counterpoise/data/german-credit.csv.gz", keep_default_na=False)
    features = table.drop(columns="credit")
    words = list(features.select_dtypes(exclude="number").columns)
    numbers = [name for name in features.columns if name not in words]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers)
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=42)
    good = cross_val_predict(model, features, table["credit"], cv=folds, method="predict_proba")[:, 1]
    good = good.round(4)
    told = pd.DataFrame(
        {
            "applicant": range(1, len(table) + 1),
            "sex": table["sex"],
            "age": table["age"],
            "credit": table["credit"],
            "prediction": ["good" if share >= 0.5 else "bad" for share in good],
            "probability_good": good,
        }
    )
    told.to_csv(ROOT / "docs/guide/data/german-predictions.csv", index=False, lineterminator="\n")


main()
