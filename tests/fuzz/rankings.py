"""Areas under curves of rankings, against counts of all pairs."""

import numpy as np

from jgen import evaluation
from tests.fuzz.evaluation import require
from tests.helpers.fuzz import Row


def check_values(positives, negatives):
    for values in (positives, negatives):
        require(values.ndim == 1 and values.size >= 2)
        require(~np.isnan(values))


def auroc(positives, negatives):
    check_values(positives, negatives)
    above, equal = positives[:, None] > negatives, positives[:, None] == negatives
    return above.mean() + equal.mean() / 2


def average_precision(positives, negatives):
    check_values(positives, negatives)
    own = (positives[None] >= positives[:, None]).sum(1)
    others = (negatives[None] >= positives[:, None]).sum(1)
    return (own / (own + others)).mean()


def two_classes(rng):
    return {"positives": rng.normal(0.5, 1, size=20), "negatives": rng.normal(size=30)}


ROWS = {
    "evaluation.auroc": Row(
        lambda positives, negatives: evaluation.auroc(positives=positives, negatives=negatives).value,
        auroc,
        two_classes,
        is_wide=True,
    ),
    "evaluation.average_precision": Row(
        lambda positives, negatives: (
            evaluation.average_precision(positives=positives, negatives=negatives).value
        ),
        average_precision,
        two_classes,
        is_wide=True,
    ),
}
