"""Records what pytrec_eval, pyndeval, krippendorff and scikit-learn say of rankings and graders, for tests/golden/retrieval.json.

    python -m venv venv && venv/bin/pip install -r tools/golden/requirements-retrieval.txt
    venv/bin/python tools/golden/record_retrieval.py tests/golden

pytrec_eval has no exponential gains and no cut for reciprocal rank: the first are linear gains of other grades, the second is
written down here. Where it says 0 for want of a relevant document, nothing is recorded.
"""

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import krippendorff
import numpy as np
import pyndeval
import pytrec_eval
from sklearn.metrics import cohen_kappa_score

NAMES = {
    "ndcg": "ndcg",
    **{f"ndcg_cut_{k}": f"ndcg@{k}" for k in [1, 3, 10]},
    "map": "map",
    **{f"map_cut_{k}": f"map@{k}" for k in [3, 10]},
    "recip_rank": "mrr",
    **{f"P_{k}": f"precision@{k}" for k in [1, 5, 20]},
    **{f"recall_{k}": f"recall@{k}" for k in [1, 5, 20]},
    "Rprec": "r-precision",
    "bpref": "bpref",
}


def cases():
    """Judgements and scores; few different scores, so that many are tied."""
    rng = np.random.RandomState(0)
    sizes = {
        "few documents": (8, 6, 3, 1, 0.5),
        "graded": (12, 25, 15, 3, 0.6),
        "hardly judged": (10, 40, 25, 2, 0.2),
        "all tied": (6, 15, 12, 2, 0.7),
        "long": (5, 200, 120, 4, 0.4),
    }
    for name, (queries, documents, listed, grades, judged) in sizes.items():
        qrel, run = {}, {}
        for query in range(queries):
            ids = [f"d{number}" for number in range(documents)]
            graded = [one for one in ids if rng.rand() < judged] or ids[:1]
            chance = [0.05, *[0.5 / grades] * grades]
            qrel[f"q{query}"] = {
                one: int(rng.choice(np.arange(-1, grades + 1), p=[chance[0], 1 - sum(chance), *chance[1:]])) for one in graded
            }
            # Halves are the same in single and in double precision.
            levels = 1 if name == "all tied" else 2 + documents // 4
            shown = rng.permutation(ids)[:listed]
            run[f"q{query}"] = {str(one): float(rng.randint(levels)) / 2 for one in shown}
        yield name, qrel, run


def ranking(scores):
    return sorted(scores, key=lambda one: (scores[one], one), reverse=True)


def reciprocal_rank(scores, grades, k):
    for place, one in enumerate(ranking(scores)[:k]):
        if grades.get(one, 0) >= 1:
            return 1 / (place + 1)
    return 0.0


def evaluated(qrel, run, relevant_from):
    values = pytrec_eval.RelevanceEvaluator(qrel, set(NAMES), relevance_level=relevant_from).evaluate(run)
    exponential = {query: {one: 2**grade - 1 if grade > 0 else 0 for one, grade in grades.items()} for query, grades in qrel.items()}
    gains = pytrec_eval.RelevanceEvaluator(exponential, {"ndcg", "ndcg_cut_3", "ndcg_cut_10"}).evaluate(run)
    recorded = {}
    for query, grades in qrel.items():
        if max(grades.values()) < relevant_from:
            recorded[query] = None
            continue
        recorded[query] = {ours: values[query][theirs] for theirs, ours in NAMES.items()}
        for theirs in ["ndcg", "ndcg_cut_3", "ndcg_cut_10"]:
            recorded[query]["exponential-" + NAMES[theirs]] = gains[query][theirs]
        if relevant_from == 1:
            recorded[query]["mrr@3"] = reciprocal_rank(run[query], grades, 3)
    return recorded


def aspects():
    """Documents that tell of some of five aspects."""
    rng = np.random.RandomState(1)
    qrels, run = [], []
    for query in range(25):
        for document in range(rng.randint(3, 14)):
            for aspect in range(5):
                if rng.rand() < 0.3:
                    qrels.append([f"q{query}", str(aspect), f"d{document:02}", 1])
        shown = rng.permutation([f"d{number:02}" for number in range(20)])[:12]
        run += [[f"q{query}", str(one), float(score)] for one, score in zip(shown, range(12, 0, -1))]
    names = {f"alpha-nDCG@{k}": f"aspect-ndcg@{k}" for k in [5, 10]} | {f"strec@{k}": f"aspect-recall@{k}" for k in [5, 10]}
    judged = [pyndeval.SubtopicQrel(*line) for line in qrels]
    scored = [pyndeval.ScoredDoc(*line) for line in run]
    found = pyndeval.ndeval(judged, scored, measures=list(names), alpha=0.5)
    values = {query: {ours: of[theirs] for theirs, ours in names.items()} for query, of in found.items()}
    return {"judged": qrels, "run": run, "values": values}


def graders():
    rng = np.random.RandomState(2)
    recorded = []
    for grades, n, noise in [(2, 12, 0.3), (3, 60, 0.4), (4, 200, 0.8), (3, 30, 2.0), (5, 80, 0.6)]:
        truth = rng.randint(grades, size=n)
        given = [np.clip(np.round(truth + noise * rng.randn(n)), 0, grades - 1).astype(int) for _ in range(3)]
        first, second, _ = given
        labels = list(range(grades))
        holes = np.array(given, dtype=float)
        holes[rng.rand(*holes.shape) < 0.25] = np.nan
        recorded.append(
            {
                "pairs": np.stack([first, second], axis=1),
                "cohens-kappa": cohen_kappa_score(first, second, labels=labels),
                "quadratic-kappa": cohen_kappa_score(first, second, labels=labels, weights="quadratic"),
                "alpha": krippendorff.alpha(np.stack([first, second]), level_of_measurement="ordinal"),
                "units": [[int(grade) for grade in unit if not np.isnan(grade)] for unit in holes.T],
                "alpha-of-units": krippendorff.alpha(holes, level_of_measurement="ordinal"),
            }
        )
    return recorded


def main(folder):
    warnings.simplefilter("ignore")
    packages = ["pytrec_eval-terrier", "pyndeval", "krippendorff", "scikit-learn", "numpy"]
    golden = {
        "reference": ", ".join(f"{package} {version(package)}" for package in packages),
        "command": "python tools/golden/record_retrieval.py tests/golden",
        "tolerance": "1e-12; bpref, which is divided in single precision, and aspects 1e-6",
        "cases": {
            name: {"judged": qrel, "run": run, "values": {str(least): evaluated(qrel, run, least) for least in [1, 2]}}
            for name, qrel, run in cases()
        },
        "aspects": aspects(),
        "graders": graders(),
    }
    (folder / "retrieval.json").write_text(json.dumps(golden, default=lambda value: value.tolist()) + "\n")
    print("retrieval", len(golden["cases"]), len(golden["aspects"]["values"]), len(golden["graders"]))


main(Path(sys.argv[1]))
