"""Records what scipy, scikit-posthocs, statsmodels and baycomp say of methods on data sets, for tests/golden/rank.json.

    python -m venv venv && venv/bin/pip install -r tools/golden/requirements-rank.txt
    venv/bin/python tools/golden/record_rank.py tests/golden

No package of Python has the procedures of Finner, Shaffer and Bergmann and Hommel: they are written down here once more,
the last two from all ways to part the methods into blocks that are alike. baycomp draws, so that its numbers are near.
"""

import itertools
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import baycomp
import numpy as np
import scikit_posthocs
from scipy import stats
from statsmodels.stats.multitest import multipletests


def tables():
    """Scores of methods (columns) on data sets (rows); greater is better."""
    rng = np.random.RandomState(0)

    def table(data_sets, methods, gain, digits=None):
        scores = rng.normal(rng.uniform(0.5, 0.9, (data_sets, 1)) + gain * np.arange(methods), 0.05)
        return scores if digits is None else np.round(scores, digits)

    return {
        "two methods": table(8, 2, 0.03),
        "three methods, two data sets": table(2, 3, 0.02),
        "four methods": table(14, 4, 0.02),
        "five methods, clear": table(30, 5, 0.04),
        "six methods, tied": table(12, 6, 0.02, digits=1),
        "seven methods, five data sets": table(5, 7, 0.02),
        "seven methods, no difference": table(20, 7, 0.0, digits=2),
    }


def partings(methods):
    """Every way to part the methods into blocks."""
    if not methods:
        yield []
        return
    first, rest = methods[0], methods[1:]
    for size in range(len(rest) + 1):
        for others in itertools.combinations(rest, size):
            left = [method for method in rest if method not in others]
            for parting in partings(left):
                yield [[first, *others], *parting]


def finner(p):
    order = np.argsort(p, kind="stable")
    stepped = 1 - (1 - p[order]) ** (len(p) / np.arange(1, len(p) + 1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return adjusted


def of_partings(p, methods):
    """Shaffer's static procedure, and the one of Bergmann and Hommel."""
    pairs = list(itertools.combinations(range(methods), 2))
    alike = [
        [pairs.index(pair) for block in parting for pair in itertools.combinations(block, 2)]
        for parting in partings(list(range(methods)))
    ]
    counts = sorted({len(one) for one in alike})
    order = np.argsort(p, kind="stable")
    times = [max(count for count in counts if count <= len(p) - before) for before in range(len(p))]
    shaffer = np.empty_like(p)
    shaffer[order] = np.minimum(np.maximum.accumulate(p[order] * times), 1)
    hommel = [min(1, max(len(one) * p[one].min() for one in alike if pair in one)) for pair in range(len(p))]
    return shaffer, np.array(hommel)


def simple(p):
    """The procedures that take p-values only."""
    return {
        "bonferroni-dunn": multipletests(p, method="bonferroni")[1],
        "holm": multipletests(p, method="holm")[1],
        "hochberg": multipletests(p, method="simes-hochberg")[1],
        "finner": finner(p),
    }


def ranking(scores):
    n, k = scores.shape
    ranks = stats.rankdata(-scores, axis=1)
    # scipy wants three methods.
    friedman = stats.friedmanchisquare(*scores.T) if k > 2 else None
    # As an analysis of variance of the ranks, which needs no correction for ties.
    between = n * ((ranks.mean(axis=0) - ranks.mean()) ** 2).sum()
    left = ((ranks - ranks.mean()) ** 2).sum() - between
    f = (n - 1) * between / left
    pairs = np.triu_indices(k, 1)
    p = scikit_posthocs.posthoc_siegel_friedman(scores).to_numpy()[pairs]
    shaffer, hommel = of_partings(p, k)
    nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()[pairs]
    error = np.sqrt(k * (k + 1) / (6 * n))
    control = 2 * stats.norm.sf(np.abs(ranks.mean(axis=0)[0] - ranks.mean(axis=0)[1:]) / error)
    levels = [0.01, 0.05, 0.1]
    return {
        "scores": scores,
        "average-ranks": ranks.mean(axis=0),
        "friedman": friedman and [friedman.statistic, friedman.pvalue],
        "iman-davenport": [f, stats.f.sf(f, k - 1, (k - 1) * (n - 1))],
        "all-pairs": {"none": p, "nemenyi": nemenyi, "shaffer": shaffer, "bergmann-hommel": hommel, **simple(p)},
        "against-the-first": {"none": control, **simple(control)},
        "critical-differences": [
            [level, stats.studentized_range.isf(level, k, np.inf) / np.sqrt(2) * error, stats.norm.isf(level / 2 / (k - 1)) * error]
            for level in levels
        ],
    }


def signed_ranks():
    rng = np.random.RandomState(1)
    lists = {
        "five": rng.normal(0.3, 1, 5),
        "thirteen, tied": np.round(rng.normal(0.5, 2, 13)),
        "fourteen, tied": np.round(rng.normal(0.5, 2, 14)),
        "thirty": rng.normal(0.3, 1, 30),
        "fifty": rng.normal(-0.4, 1, 50),
        "eighty": rng.normal(0.1, 1, 80),
        "forty with zeros": np.round(rng.normal(0.2, 0.6, 40), 1),
        "one side": rng.uniform(0.1, 1, 9),
    }
    cases = []
    for name, differences in lists.items():
        for zeros, correction, alternative, method in itertools.product(
            ["wilcox", "pratt", "zsplit"], [False, True], ["two-sided", "less", "greater"], ["auto", "asymptotic", "exact"]
        ):
            uneven = len(np.unique(np.abs(differences))) < len(differences) or 0 in differences
            # Their exact p-value is none where there are ties; correction is for the approximation.
            if method == "exact" and uneven or correction and method != "asymptotic":
                continue
            test = stats.wilcoxon(differences, zero_method=zeros, correction=correction, alternative=alternative, method=method)
            cases.append(
                {
                    "of": name,
                    "options": {"zero-method": zeros, "correction": correction, "alternative": alternative, "method": method},
                    "statistic": test.statistic,
                    "p": test.pvalue,
                }
            )
    return {"lists": lists, "cases": cases}


def bayesian():
    rng = np.random.RandomState(2)
    cases = []
    for data_sets, gain, digits in [(5, 0.02, None), (10, 0.0, 2), (15, 0.01, 2), (20, 0.015, None), (8, -0.01, 2)]:
        first = rng.uniform(0.5, 0.9, data_sets)
        second = first + rng.normal(gain, 0.02, data_sets)
        if digits:
            first, second = np.round(first, digits), np.round(second, digits)
        for rope, prior in [(0, 0.5), (0.01, 0.5), (0.03, 0.5), (0.01, 2.0), (0, 1.0)]:
            posterior = baycomp.SignedRankTest(first, second, rope, prior=prior, nsamples=100_000, random_state=0)
            cases.append({"first": first, "second": second, "rope": rope, "prior": prior, "posterior": posterior.probs()})
    return cases


def correlated():
    rng = np.random.RandomState(3)
    cases = []
    for folds, repeats, gain in [(10, 1, 0.01), (5, 2, 0.02), (10, 10, -0.01), (2, 5, 0.0)]:
        first = rng.normal(0.8, 0.03, folds * repeats)
        second = first + rng.normal(gain, 0.02, folds * repeats)
        for rope in [0, 0.01]:
            found = baycomp.CorrelatedTTest.probs(first, second, rope, repeats)
            posterior = found if rope else [found[0], 0.0, found[1]]
            cases.append({"first": first, "second": second, "rope": rope, "repeats": repeats, "posterior": posterior})
    return cases


def tails():
    ranges = itertools.product([2, 3, 5, 10, 20], [0.01, 0.5, 1.0, 3.0, 5.0, 8.0])
    return [[k, q, stats.studentized_range.sf(q, k, np.inf)] for k, q in ranges]


def main(folder):
    warnings.simplefilter("ignore")
    packages = ["scipy", "scikit-posthocs", "statsmodels", "baycomp", "numpy"]
    golden = {
        "reference": ", ".join(f"{package} {version(package)}" for package in packages),
        "command": "python tools/golden/record_rank.py tests/golden",
        "tolerance": "1e-10 of the value; studentised ranges 1e-9; the draws of baycomp 0.01",
        "rankings": {name: ranking(scores) for name, scores in tables().items()},
        "signed-rank": signed_ranks(),
        "bayesian-signed-rank": bayesian(),
        "correlated-t": correlated(),
        "studentised-range": tails(),
    }
    (folder / "rank.json").write_text(json.dumps(golden, default=lambda value: value.tolist()) + "\n")
    print("rank", len(golden["rankings"]), len(golden["signed-rank"]["cases"]), len(golden["bayesian-signed-rank"]))


main(Path(sys.argv[1]))
