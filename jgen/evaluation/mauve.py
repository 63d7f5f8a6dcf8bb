"""Compute MAUVE of two samples of texts: the area under the frontier of their divergences."""

import math
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from scipy.special import rel_entr

from jgen.evaluation.clustered_histograms import Clusters, read_clusters, reading_result, word_samples
from jgen.evaluation.metric import Rows, evaluate, keep_rows, read_features, result_of
from jgen.evaluation.recipe import MetricRecipe
from jgen.features import Extractor, HashedCharacters
from jgen.types import NORMAL_95, Influence, Metric, Result

PANELS, NODES, END = 20, 16, 36.0
"""Panels, Gauss nodes of each, and last logit of the mixing weight: beyond it the area changes by 1e-15."""


class Mauve(NamedTuple):
    """MAUVE, plain and rescaled.

    Attributes:
        plain: 1 for equal histograms, :math:`1 / C(2c, c)` for disjoint ones; a perfect model reads its null.
        rescaled: The same on the line that is 0 for disjoint histograms and 1 at the null.
    """

    plain: Result
    rescaled: Result


def mauve(
    *,
    real: Any,
    generated: Any,
    extractor: Extractor | HashedCharacters | None = None,
    num_bins: int | None = None,
    num_seeds: int = 5,
    scaling: float = 5.0,
    explained: float = 0.9,
) -> Mauve:
    r"""Compute MAUVE of two samples of texts.

    With the histograms p and q of real and generated rows over clusters of both, and
    :math:`r = \lambda p + (1 - \lambda) q`, it is the area under the curve

    .. math:: \big(e^{-c KL(q | r)}, e^{-c KL(p | r)}\big), \qquad 0 < \lambda < 1,

    closed by (0, 1) and (1, 0). The weight is continuous, by quadrature; its package's 25 weights read less.
    Rows are projected on the principal components of both samples and clustered by k-means, and the values
    of several seeds are averaged.

    The 95 % interval is of the expectation at these sizes and bins: the influence of each row given the
    clusters, and the scatter of the seeds, on the scale of :math:`\sqrt{1 - M}`, which near 1 is linear in
    the divergence. It is not one of the MAUVE of the distributions, of which histograms are biased downward:
    compare with the null, which permutes the rows of both.

    Args:
        real: Texts, or with an ``extractor`` of rows anything that it takes ``[row, *event]``.
        generated: Likewise.
        extractor: Features of rows; None for ``HashedCharacters()``, which take strings. ``raw()`` takes
            features of your own ``[row, dim]``.
        num_bins: Clusters; None for a tenth of the rows of the smaller sample.
        num_seeds: Seeds of k-means.
        scaling: c.
        explained: Share of the variance that the principal components keep.

    Returns:
        A ``Mauve`` of two results. Its metric keeps the features.

    Raises:
        ValueError: For fewer than 20 rows of a sample, options out of range, or rows that the extractor
            refuses.

    Example:
        >>> real = [f"the {word} of {number}" for word in ("cat", "dog") for number in range(20)]
        >>> result = mauve(real=real, generated=real)
        >>> print(result.plain.value, result.plain.protocol["extractor"])
        1.0 hashed character n-grams

    Reference:
        Pillutla et al. (2021), MAUVE, NeurIPS; Pillutla et al. (2023), JMLR 24(356).
    """
    metric = mauve_metric(
        extractor=extractor, num_bins=num_bins, num_seeds=num_seeds, scaling=scaling, explained=explained
    )
    return evaluate(metric, real=real, generated=generated)


def mauve_metric(
    *,
    extractor: Extractor | HashedCharacters | None = None,
    num_bins: int | None = None,
    num_seeds: int = 5,
    scaling: float = 5.0,
    explained: float = 0.9,
) -> Metric:
    """Return MAUVE as a metric, whose state keeps the features; the options are those of ``mauve``."""
    if not 0 < scaling < math.inf:
        raise ValueError(f"scaling must be positive and finite; got {scaling}")
    extractor = extractor or HashedCharacters()
    clusters = Clusters(num_bins, num_seeds, explained).check()
    divergence = partial(mauve_with_gradients, scaling=scaling)
    protocol = {**extractor.protocol, **clusters.protocol, "scaling": scaling, "weights": "continuous"}
    return keep_rows(
        Partial(_compute, divergence, clusters, protocol, _disjoint(scaling)),
        influence=Partial(_influence, divergence, clusters, _disjoint(scaling)),
        larger_is_better=True,
        read=Partial(read_features, extractor),
    )


def mauve_of_histograms(p: Any, q: Any, scaling: float = 5.0) -> float:
    """Compute MAUVE of two histograms ``[bin]``, which sum to 1.

    Example:
        >>> round(mauve_of_histograms([0.1, 0.9], [0.9, 0.1]), 6), 1 / mauve_of_histograms([1, 0], [0, 1])
        (0.081948, 252.0...)
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    used = (p > 0) | (q > 0)
    return mauve_with_gradients(p[used], q[used], scaling=scaling)[0]


def mauve_with_gradients(
    p: np.ndarray, q: np.ndarray, *, scaling: float
) -> tuple[float, np.ndarray, np.ndarray]:
    r"""Compute MAUVE of two histograms and its gradients by them; no bin is empty in both.

    With the curve (x, y), its area changes by :math:`\int (\delta y \, dx - \delta x \, dy)`. A gradient by
    an empty bin, which is infinite, is replaced by a finite number.
    """
    weight, rest, step = _nodes()  # each [node, 1]
    mixture = weight * p + rest * q  # [node, bin]
    x = np.exp(-scaling * rel_entr(q, mixture).sum(1, keepdims=True))
    y = np.exp(-scaling * rel_entr(p, mixture).sum(1, keepdims=True))
    by_p, by_q = p / mixture, q / mixture
    dx = scaling * x * (by_q * (p - q)).sum(1, keepdims=True) * step
    dy = scaling * y * (by_p * (p - q)).sum(1, keepdims=True) * step
    area = float(x[-1, 0] - (y * dx).sum())  # the rest of the curve is flat, at y = 1
    for_y, for_x = scaling * y * dx, scaling * x * dy
    with np.errstate(divide="ignore"):
        log_p, log_q = (np.where(one > 0, np.log(one), 0.0) for one in (p, q))
    log_mixture = np.log(mixture)
    gradient_p = (for_y * (log_p - log_mixture + 1 - weight * by_p) + for_x * weight * by_q).sum(0)
    gradient_q = (-for_x * (log_q - log_mixture + 1 - rest * by_q) - for_y * rest * by_p).sum(0)
    return area, gradient_p, gradient_q


@lru_cache
def _nodes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mixing weights, 1 less them, and the steps of a quadrature in their logit."""
    nodes, steps = np.polynomial.legendre.leggauss(NODES)
    edges = np.linspace(-END, END, PANELS + 1)
    half = (edges[1:] - edges[:-1])[:, None] / 2
    logit = (edges[:-1, None] + half * (1 + nodes)).ravel()
    weight, rest = 1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(logit))
    step = (half * steps).ravel() * weight * rest
    return weight[:, None], rest[:, None], step[:, None]


def _disjoint(scaling: float) -> float:
    """Compute MAUVE of disjoint histograms, 1 / C(2c, c)."""
    return math.exp(2 * math.lgamma(scaling + 1) - math.lgamma(2 * scaling + 1))


def _compute(
    divergence: Any, clusters: Clusters, protocol: dict[str, Any], least: float, rows: Rows
) -> Mauve:
    reading = read_clusters(divergence, clusters, rows)
    plain = reading_result(reading, "MAUVE", protocol, 1.0)
    null: Any = plain.null
    width = float(null.value) - least
    place: Any = np.float64((reading.value - least) / width)
    of_null = place * NORMAL_95 * reading.null.std(ddof=1) / math.sqrt(len(reading.null))
    low, high = _ends(float(plain.value), float(plain.standard_error))
    plain = plain._replace(low=low, high=high)
    of_itself = result_of(1.0, null.standard_error / width, null.n, null.method, {})
    rescaled = plain._replace(
        value=place,
        low=place - np.hypot(reading.value - low, of_null) / width,
        high=place + np.hypot(high - reading.value, of_null) / width,
        method=f"{plain.method}, rescaled by its null",
        protocol={**protocol, "rescaled": True},
        null=of_itself,
        ceiling=(1 - least) / width,
    )
    return Mauve(plain, rescaled)


def _ends(value: float, error: float) -> tuple[Any, Any]:
    r"""Compute the ends of an interval of :math:`\sqrt{1 - M}`, which near 1 is linear in the divergence."""
    root = math.sqrt(max(0.0, 1 - value))
    half = NORMAL_95 * error / (2 * root) if root > 0 else 0.0
    return np.float64(1 - (root + half) ** 2), np.float64(1 - max(0.0, root - half) ** 2)


def _influence(divergence: Any, clusters: Clusters, least: float, rows: Rows) -> Mauve:
    reading = read_clusters(divergence, clusters, rows)
    width = float(reading.null.mean()) - least
    rescaled = {name: one / width for name, one in reading.influence.by_sample.items()}
    return Mauve(reading.influence, Influence((reading.value - least) / width, rescaled))  # type: ignore[arg-type]


def recipe() -> MetricRecipe:
    """Return how MAUVE is checked."""
    make = partial(mauve_metric, extractor=HashedCharacters(dim=64), num_seeds=2)
    itself = {"plain": 1.0}
    return MetricRecipe(make, word_samples, size=100, fewest=20, rotates=False, of_itself=itself)
