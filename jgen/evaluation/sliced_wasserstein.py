"""Estimate the squared sliced 2-Wasserstein distance of two samples; on a line it is the 2-Wasserstein."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.evaluation.distances import canonical_order
from jgen.evaluation.interval_result import interval_result
from jgen.evaluation.metric import Rows, beyond_resolution, evaluate, keep_rows, result_of
from jgen.evaluation.null import null_from_splits
from jgen.evaluation.quadratic_interval import quadratic_interval
from jgen.evaluation.quantile_coupling import crossed_wasserstein, potentials, squared_wasserstein
from jgen.evaluation.recipe import MetricRecipe
from jgen.features import Extractor, raw
from jgen.types import Influence, Metric, Result

NUM_CROSSINGS = 8
"""Pairs of halves that the debiased value is averaged over."""
NUM_SPLITS = 50
FEWEST = 8


class SlicedWasserstein(NamedTuple):
    """Squared sliced 2-Wasserstein distance, in two estimates.

    Attributes:
        debiased: Without the bias at the null; it may be below 0.
        plain: Of the two sets of rows as they are: 0 for equal sets, and biased up for samples.
    """

    debiased: Result
    plain: Result


def sliced_wasserstein(
    *,
    real: ArrayLike,
    generated: ArrayLike,
    num_projections: int = 128,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> SlicedWasserstein:
    r"""Estimate the squared sliced 2-Wasserstein distance, debiased and plain.

    .. math:: SW_2^2 = E_u \int_0^1 (Q_{u^T x} - Q_{u^T y})^2 dq, \qquad u \text{ uniform on the sphere}

    Quantile functions Q of samples of any two sizes are merged exactly. For isotropic distributions of one
    shape it is :math:`\|d\|^2 / D + (s_1 - s_2)^2`. With one feature it is the squared 2-Wasserstein
    distance, and there is one projection.

    The interval of ``debiased`` is one of the distance of the two distributions, over all directions; that of
    ``plain`` is one of its expectation at this n and m. Both include the error by the number of projections.

    Args:
        real: Rows ``[n, *event]``, eight or more.
        generated: Rows ``[m, *event]``, eight or more.
        num_projections: Number of random directions.
        seed: Of the directions, and of the halves by which the value is debiased.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        Both in squared units of the features. The null of ``plain`` is simulated by splits of the real rows,
        rescaled to these n and m; that of ``debiased`` is 0 with the same spread.

    Raises:
        ValueError: For fewer rows, NaN, rows that are all equal, or that do not fit each other.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(500, 2)), rng.normal(1.0, size=(400, 2))
        >>> found = sliced_wasserstein(real=x, generated=y)
        >>> bool(found.debiased.low < 1.0 < found.debiased.high)
        True

    Reference:
        Rabin et al. (2011), Wasserstein barycenter and its application to texture mixing; Manole et al.
        (2022), Minimax confidence intervals for the sliced Wasserstein distance.
    """
    metric = sliced_wasserstein_metric(num_projections=num_projections, seed=seed, extractor=extractor)
    computed: SlicedWasserstein = evaluate(metric, real=real, generated=generated)
    return computed


def sliced_wasserstein_metric(
    *, num_projections: int = 128, seed: int = 0, extractor: Extractor | None = None
) -> Metric:
    """Return the metric of ``sliced_wasserstein``; its state keeps the features of all rows."""
    extractor = extractor or raw()
    if num_projections < 2:
        raise ValueError(
            f"num_projections must be 2 or more, as their spread is an error; got {num_projections}"
        )
    protocol = {**extractor.protocol, "projections": num_projections, "seed": seed}
    return keep_rows(
        Partial(_compute, num_projections, seed, protocol),
        extractor=extractor,
        influence=Partial(_influence, num_projections, seed),
    )


def directions(dim: int, num_projections: int, seed: int) -> np.ndarray:
    """Draw directions, uniform on the sphere ``[dim, projection]``; one for one feature."""
    if dim == 1:
        return np.ones((1, 1))
    drawn = np.random.default_rng(seed).normal(size=(num_projections, dim)).T
    return drawn / np.linalg.norm(drawn, axis=0)


def _projected(num_projections: int, seed: int, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Project both samples, each in an order that depends on its values alone ``[row, projection]``."""
    real, generated = (rows[name].astype(np.float64) for name in ("real", "generated"))
    if min(len(real), len(generated)) < FEWEST:
        raise ValueError(
            f"sliced_wasserstein takes {FEWEST} rows of each sample or more; got {len(real)} real and "
            f"{len(generated)} generated"
        )
    if (real == real[0]).all() and (generated == real[0]).all():
        raise ValueError(
            "all rows of both samples are equal: there is nothing to compare. Check the features"
        )
    onto = directions(real.shape[1], num_projections, seed)
    centre = np.median(real, 0)
    return (real - centre) @ onto, (generated - centre) @ onto


def _compute(num_projections: int, seed: int, protocol: dict[str, Any], rows: Rows) -> SlicedWasserstein:
    unordered = _projected(num_projections, seed, rows)
    orders = (canonical_order(rows["real"]), canonical_order(rows["generated"]))
    x, y = (sample[order] for sample, order in zip(unordered, orders, strict=True))
    n, m = len(x), len(y)
    sorted_x, sorted_y = np.sort(x, axis=0), np.sort(y, axis=0)
    by_line = squared_wasserstein(sorted_x, sorted_y)
    plain = float(by_line.mean())
    rng = np.random.default_rng(seed)
    value = float(np.mean([crossed_wasserstein(x, y, rng).mean() for _ in range(NUM_CROSSINGS)]))
    null = _null(x, n, m, seed)
    first_order = sum(one.var(ddof=1) / len(one) for one in _by_sample(*unordered).values())
    of_lines = by_line.var(ddof=1) / len(by_line) if len(by_line) > 1 else 0.0
    of_bias = first_order / plain * (plain - value) / 2 if plain > 0 else 0.0  # 2 tr Sigma^2 at the null
    of_null = max(float(null.standard_error) ** 2, of_bias) * (1 + 1 / NUM_CROSSINGS)
    low, high = quadratic_interval(value, plain, first_order, of_null + of_lines)
    spread, shift, size = float(null.high - null.value), plain - value, min(n, m)
    of_zero = interval_result(0.0, -spread, spread, size, null.method, {})
    debiased = interval_result(value, low, high, size, "crossed halves", protocol, null=of_zero)
    of_sets = {**protocol, "n": n, "m": m}
    ends = low + shift, high + shift
    plain_result = interval_result(plain, *ends, size, "sets as they are", of_sets, null=null)
    if abs(value) <= spread:
        reason = "a perfect model reads as much at these sizes in 19 of 20 cases"
        debiased, plain_result = (beyond_resolution(one, reason) for one in (debiased, plain_result))
    return SlicedWasserstein(debiased, plain_result)


def _null(x: np.ndarray, n: int, m: int, seed: int) -> Result:
    """Simulate the plain value of real rows; both its mean and its spread fall as 1/n + 1/m."""

    def reading(first: np.ndarray, second: np.ndarray) -> float:
        return float(squared_wasserstein(np.sort(first, axis=0), np.sort(second, axis=0)).mean())

    splits = null_from_splits(reading, x, m, num_splits=NUM_SPLITS, seed=seed)
    assert splits is not None
    parts = splits.n, n - splits.n
    scale = (1 / n + 1 / m) / (1 / parts[0] + 1 / parts[1])
    method = f"{splits.method}, rescaled to {n} and {m}"
    return result_of(scale * splits.value, scale * splits.standard_error, min(n, m), method, {})


def _by_sample(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the influence of each row, the mean of its potentials over lines, in the rows' order."""
    found = {}
    for name, own, other in (("real", x, y), ("generated", y, x)):
        order = np.argsort(own, axis=0)
        ranked = potentials(np.take_along_axis(own, order, 0), np.sort(other, axis=0))
        influence = np.empty_like(ranked)
        np.put_along_axis(influence, order, ranked, 0)
        found[name] = influence.mean(1)
    return found


def _influence(num_projections: int, seed: int, rows: Rows) -> SlicedWasserstein:
    x, y = _projected(num_projections, seed, rows)
    computed = _compute(num_projections, seed, {}, rows)
    by_sample = _by_sample(x, y)
    return SlicedWasserstein._make(Influence(float(one.value), by_sample) for one in computed)


def recipe() -> MetricRecipe:
    """Return the recipe for the checks."""
    return MetricRecipe(
        make=lambda: sliced_wasserstein_metric(num_projections=32),
        truth=lambda shift: shift**2,
        fewest=FEWEST,
        rotates=False,
        is_stochastic=True,
    )
