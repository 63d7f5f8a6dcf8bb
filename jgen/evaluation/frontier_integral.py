"""Compute the frontier integral of two samples of texts."""

from functools import partial
from typing import Any

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.clustered_histograms import Clusters, read_clusters, reading_result, word_samples
from jgen.evaluation.metric import Rows, evaluate, keep_rows, read_features
from jgen.evaluation.recipe import MetricRecipe
from jgen.features import Extractor, HashedCharacters
from jgen.types import Influence, Metric, Result

NEAR = 1e-4
"""Relative difference of p and q below which a series replaces the closed form."""


def frontier_integral(
    *,
    real: Any,
    generated: Any,
    extractor: Extractor | HashedCharacters | None = None,
    num_bins: int | None = None,
    num_seeds: int = 5,
    explained: float = 0.9,
) -> Result:
    r"""Compute the frontier integral, 0 for equal histograms and 1 for disjoint ones.

    With the histograms p and q of real and generated rows over clusters of both, and
    :math:`r = \lambda p + (1 - \lambda) q`,

    .. math:: 2 \int_0^1 \lambda KL(p | r) + (1 - \lambda) KL(q | r) \, d\lambda
        = \sum_j \frac{p_j + q_j}{2} - \frac{p_j q_j}{p_j - q_j} \log\frac{p_j}{q_j}.

    Rows are projected on the principal components of both samples and clustered by k-means, and the values
    of several seeds are averaged.

    The 95 % interval is of the expectation at these sizes and bins: the influence of each row given the
    clusters, and the scatter of the seeds. Histograms are biased upward: compare with the null, which
    permutes the rows of both.

    Args:
        real: Texts, or with an ``extractor`` of rows anything that it takes ``[row, *event]``.
        generated: Likewise.
        extractor: Features of rows; None for ``HashedCharacters()``, which take strings. ``raw()`` takes
            features of your own ``[row, dim]``.
        num_bins: Clusters; None for a tenth of the rows of the smaller sample.
        num_seeds: Seeds of k-means.
        explained: Share of the variance that the principal components keep.

    Returns:
        A ``Result``; smaller is better. Its metric keeps the features.

    Raises:
        ValueError: For fewer than 20 rows of a sample, options out of range, or rows that the extractor
            refuses.

    Example:
        >>> real = [f"the {word} of {number}" for word in ("cat", "dog") for number in range(20)]
        >>> print(frontier_integral(real=real, generated=real).value)
        0.0

    Reference:
        Liu et al. (2021), Divergence frontiers for generative models, NeurIPS.
    """
    metric = frontier_integral_metric(
        extractor=extractor, num_bins=num_bins, num_seeds=num_seeds, explained=explained
    )
    return evaluate(metric, real=real, generated=generated)


def frontier_integral_metric(
    *,
    extractor: Extractor | HashedCharacters | None = None,
    num_bins: int | None = None,
    num_seeds: int = 5,
    explained: float = 0.9,
) -> Metric:
    """Return it as a metric, whose state keeps the features; the options are those of its function."""
    extractor = extractor or HashedCharacters()
    clusters = Clusters(num_bins, num_seeds, explained).check()
    protocol = {**extractor.protocol, **clusters.protocol}
    return keep_rows(
        Partial(_compute, clusters, protocol),
        influence=Partial(_influence, clusters),
        read=Partial(read_features, extractor),
    )


def frontier_of_histograms(p: Any, q: Any) -> float:
    """Compute the frontier integral of two histograms ``[bin]``, which sum to 1.

    Example:
        >>> round(frontier_of_histograms([0.5, 0.5], [0.9, 0.1]), 8), frontier_of_histograms([1, 0], [0, 1])
        (0.13756026, 1.0)
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    used = (p > 0) | (q > 0)
    return frontier_with_gradients(p[used], q[used])[0]


def frontier_with_gradients(p: np.ndarray, q: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Compute the frontier integral of histograms and its gradients by them; 0 where an entry is 0."""
    value, by_p, by_q = ((p + q) / 2, np.zeros(len(p)), np.zeros(len(p)))
    by_p[p > 0], by_q[q > 0] = 0.5, 0.5
    both = (p > 0) & (q > 0)
    a, b = p[both], q[both]
    apart = (a - b) / (a + b)
    near = abs(apart) < NEAR
    gap = np.where(near, 1.0, a - b)
    log_ratio = np.where(abs(apart) < 0.5, 2 * np.arctanh(apart.clip(-0.5, 0.5)), np.log(a / b))
    total = a + b
    exact = total / 2 - a * b * log_ratio / gap
    value[both] = np.where(near, total * apart**2 / 3, exact)
    for_a = 0.5 - b / gap + b**2 * log_ratio / gap**2
    for_b = 0.5 + a / gap - a**2 * log_ratio / gap**2
    by_p[both] = np.where(near, 2 * apart / 3 - apart**2 / 3, for_a)
    by_q[both] = np.where(near, -2 * apart / 3 - apart**2 / 3, for_b)
    return float(value.sum()), by_p, by_q


def _compute(clusters: Clusters, protocol: dict[str, Any], rows: Rows) -> Result:
    reading = read_clusters(frontier_with_gradients, clusters, rows)
    return reading_result(reading, "frontier integral", protocol, 0.0)


def _influence(clusters: Clusters, rows: Rows) -> Influence:
    return read_clusters(frontier_with_gradients, clusters, rows).influence


def recipe() -> MetricRecipe:
    """Return how the frontier integral is checked."""
    make = partial(frontier_integral_metric, extractor=HashedCharacters(dim=64), num_seeds=2)
    return MetricRecipe(make, word_samples, size=100, fewest=20, rotates=False, of_itself={"": 0.0})
