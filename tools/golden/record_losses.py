"""Writes what PyTorch says about losses, for crates/deep/src/loss: values and gradients in double precision.

Cross-entropy is PyTorch's own; other losses are written out on top of it, after their papers. Run by `cargo xtask golden`.
"""

import json
import sys
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy, log_softmax

COUNTS = [500, 120, 40, 9, 3]
EPOCHS = 200
LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 3, 4])

counts = torch.tensor(COUNTS, dtype=torch.float64)
shares = counts / counts.sum()


def effective(beta):
    weights = (1 - beta) / (1 - beta**counts)
    return weights / weights.sum() * len(COUNTS)


def for_class(logits, label):
    """What each row costs, were it of this class."""
    return cross_entropy(logits, torch.full((len(logits),), label), reduction="none")


def mixed(cost, targets, weights=None, by_weights=True):
    """The mean of `cost(class)` over classes by their shares, and over rows."""
    weights = torch.ones(len(COUNTS), dtype=torch.float64) if weights is None else weights
    columns = [targets[:, label] * weights[label] * cost(label) for label in range(len(COUNTS))]
    by = (targets * weights).sum() if by_weights else len(targets)
    return torch.stack(columns).sum() / by


def plain(weights=None):
    return lambda logits, targets: mixed(lambda label: for_class(logits, label), targets, weights)


def focal(gamma, weights=None, reference=False):
    def loss(logits, targets):
        def cost(label):
            own = for_class(logits, label)
            power = weights[label] if reference else 1.0
            return (1 - torch.exp(-power * own)) ** gamma * own

        return mixed(cost, targets, weights, by_weights=False)

    return loss


def shifted(scale, shift):
    return lambda logits, targets: plain()(scale * logits + shift, targets)


def ldam(most, scale, weights=None):
    margins = counts**-0.25
    margins = most * margins / margins.max()

    def loss(logits, targets):
        def cost(label):
            moved = logits.clone()
            moved[:, label] = moved[:, label] - margins[label]
            return for_class(scale * moved, label)

        return mixed(cost, targets, weights)

    return loss


def asl(positive, negative, smoothing):
    def loss(logits, targets):
        logs = log_softmax(logits, 1)
        p = logs.exp()

        def cost(label):
            right = torch.zeros_like(logits)
            right[:, label] = 1
            weights = torch.where(right == 1, (1 - p) ** positive, p**negative)
            smoothed = right * (1 - smoothing) + smoothing / len(COUNTS)
            return -(smoothed * weights * logs).sum(1)

        return mixed(cost, targets)

    return loss


def losses():
    given = [0.5, 1.0, 2.0, 0.25, 3.0]
    weights = torch.tensor(given, dtype=torch.float64)
    balanced = counts.sum() / (len(COUNTS) * counts)
    drw = effective(0.9999)
    yield "cross-entropy", {}, 0, plain()
    yield "cross-entropy", {"weights": given}, 0, plain(weights)
    yield "cross-entropy", {"weights": "balanced"}, 0, plain(balanced)
    yield "cross-entropy", {"drw": {}}, 159, plain()
    yield "cross-entropy", {"drw": {}}, 160, plain(drw)
    yield "focal", {}, 0, focal(2.0)
    yield "focal", {"gamma": 0.5}, 0, focal(0.5)
    yield "focal", {"weights": given}, 0, focal(2.0, weights)
    yield "focal", {"weights": given, "confidence": "reference"}, 0, focal(2.0, weights, reference=True)
    yield "class-balanced", {}, 0, plain(drw)
    yield "class-balanced", {"beta": 0.99, "over": "focal", "gamma": 1.0}, 0, focal(1.0, effective(0.99))
    yield "asl", {}, 0, asl(0.0, 4.0, 0.1)
    yield "asl", {"gamma_positive": 1.5, "gamma_negative": 2.0, "smoothing": 0.3}, 0, asl(1.5, 2.0, 0.3)
    yield "ldam", {}, 0, ldam(0.5, 30.0)
    yield "ldam", {"drw": {}}, 159, ldam(0.5, 30.0)
    yield "ldam", {"drw": {}}, 160, ldam(0.5, 30.0, drw)
    yield "ldam", {"max_margin": 1.0, "scale": 4.0, "weights": given}, 0, ldam(1.0, 4.0, weights)
    yield "balanced-softmax", {}, 0, shifted(1.0, counts.log())
    yield "logit-adjusted", {}, 0, shifted(1.0, shares.log())
    yield "logit-adjusted", {"tau": 0.5}, 0, shifted(1.0, 0.5 * shares.log())
    yield "vs", {}, 0, shifted((counts / counts.max()) ** 0.15, 1.25 * shares.log())
    yield "vs", {"gamma": 0.3, "tau": 0.0}, 0, shifted((counts / counts.max()) ** 0.3, 0.0)


def batches():
    """Cosines and logits, each with labels and with soft targets."""
    draws = torch.Generator().manual_seed(6)
    cosines = 2 * torch.rand(8, len(COUNTS), generator=draws, dtype=torch.float64) - 1
    wide = 3 * torch.randn(8, len(COUNTS), generator=draws, dtype=torch.float64)
    hard = torch.nn.functional.one_hot(LABELS, len(COUNTS)).to(torch.float64)
    share = torch.rand(8, 1, generator=draws, dtype=torch.float64)
    soft = share * hard + (1 - share) * hard.flip(0)
    # Both sides have the same numbers, which single precision holds.
    cosines, wide, soft = (numbers.float().double() for numbers in (cosines, wide, soft))
    return [(logits, targets) for logits in (cosines, wide) for targets in (hard, soft)]


def cases(batches):
    for name, options, epoch, loss in losses():
        for place, (numbers, targets) in enumerate(batches):
            logits = numbers.clone().requires_grad_()
            value = loss(logits, targets)
            value.backward()
            if name == "cross-entropy" and place % 2 == 0 and "drw" not in options:
                check_against_torch(value, logits, options)
            yield {
                "loss": {"name": name, **options},
                "epoch": epoch,
                "batch": place,
                "value": value.item(),
                "gradient": logits.grad.tolist(),
            }


def check_against_torch(value, logits, options):
    weights = options.get("weights")
    if weights == "balanced":
        weights = (counts.sum() / (len(COUNTS) * counts)).tolist()
    if weights is not None:
        weights = torch.tensor(weights, dtype=torch.float64)
    theirs = cross_entropy(logits.detach(), LABELS, weight=weights)
    assert abs(theirs - value) < 1e-12, (theirs, value)


def main(folder):
    seen = batches()
    written = {
        "about": "losses and their gradients by logits, in double precision",
        "command": "cargo xtask golden",
        "torch": torch.__version__,
        "counts": COUNTS,
        "epochs": EPOCHS,
        "batches": [{"logits": logits.tolist(), "targets": targets.tolist()} for logits, targets in seen],
        "cases": list(cases(seen)),
    }
    (Path(folder) / "losses.json").write_text(json.dumps(written) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
