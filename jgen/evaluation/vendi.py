"""Compute the Vendi Score: the effective number of different samples, by the entropy of a kernel matrix."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from scipy.special import xlogy

from jgen.evaluation.metric import Rows, beyond_resolution, evaluate, keep_rows
from jgen.evaluation.recipe import Known, MetricRecipe
from jgen.evaluation.row_order import random_order
from jgen.evaluation.second_order import total_variance
from jgen.features import Extractor, raw
from jgen.types import NORMAL_95, Influence, Metric, Result

MOST_PARTS = 10
"""Parts of the real rows whose scores make the null."""
LOG_NODES = -40.0, 25.0
"""Range of the logarithm of t in which the entropy without a row is integrated."""
STEP = 0.75
MOST_PAIRED = 500
"""Rows whose pairs make the variance of second order."""


def vendi(
    *, real: Any, generated: Any, extractor: Extractor | None = None, length: float | None = None
) -> Result:
    r"""Compute the Vendi Score of generated samples, with that of as many real ones as its null.

    .. math:: VS = \exp\left(- \sum_i \lambda_i \log \lambda_i\right), \qquad
        \lambda \text{ the eigenvalues of } K / m

    It is m for m rows of which the kernel of any two is 0, and 1 for equal rows. The kernel is the cosine of
    two rows; with a length it is :math:`\exp(-r^2 / 2 l^2)` of their distance r. The score grows with m, so
    the interval is one of the expectation of the score at this m, as :math:`\exp E \log VS`; its error is
    that of the jackknife, which leaves out each row in turn, and a variance of second order. The null
    is the mean score of real parts of m rows (of all real rows, where there are no more).

    The state keeps the features. The cosine costs an eigen-decomposition of the smaller of dim and m, a
    kernel with a length one of m, and its matrix is in memory.

    Args:
        real: Examples ``[n, *event]``, of which the null is made.
        generated: Examples ``[m, *event]``.
        extractor: Function from examples to features; None for the values themselves.
        length: Length of the kernel, in the unit of the features; None for the cosine.

    Returns:
        The Result; its ceiling is m, or dim if that is less and the kernel is the cosine.

    Raises:
        ValueError: For NaN or infinite features, fewer than two rows, a length that is not positive, or a row
            of zeros, whose cosine with others is not defined.

    Example:
        >>> found = vendi(real=np.eye(5), generated=np.repeat(np.eye(5), 20, 0))
        >>> round(float(found.value), 6), found.ceiling
        (5.0, 5.0)

    Reference:
        Friedman and Dieng (2023), The Vendi Score: a diversity evaluation metric for machine learning.
    """
    metric = vendi_metric(extractor=extractor, length=length)
    return evaluate(metric, real=real, generated=generated)


def vendi_metric(*, extractor: Extractor | None = None, length: float | None = None) -> Metric:
    """Return the metric of ``vendi``; its state keeps the features.

    Raises:
        ValueError: For a length that is not positive.
    """
    if length is not None and not 0 < length < np.inf:
        raise ValueError(f"length must be positive and finite, in the unit of the features; got {length}")
    extractor = extractor or raw()
    return keep_rows(
        Partial(_compute, extractor, length),
        extractor=extractor,
        influence=Partial(_influence, length),
        larger_is_better=True,
    )


class _Spectrum(NamedTuple):
    """Entropy of a kernel matrix, influence of each row on it by leaving it out, and its variance."""

    entropy: float
    influence: np.ndarray
    variance: float


def _spectrum(rows: np.ndarray, length: float | None) -> _Spectrum:
    values, coordinates = _of_cosine(rows) if length is None else _of_distance(rows, length)
    positive = values > len(values) * np.finfo(np.float64).eps
    values, coordinates = values[positive], coordinates[:, positive]
    n, entropy = len(rows), float(-xlogy(values, values).sum())
    influence = (n - 1) * (entropy - left_out(values, coordinates, entropy))
    influence -= influence.mean()
    first = float(influence.var(ddof=1)) / n
    return _Spectrum(entropy, influence, total_variance(first, _second_order(rows, values, coordinates)))


def left_out(values: np.ndarray, coordinates: np.ndarray, entropy: float) -> np.ndarray:
    r"""Compute the entropy without each of the rows in turn, from one eigen-decomposition.

    With :math:`z = \phi / \sqrt n` the matrix loses :math:`z z^T`, and the trace of :math:`C \log C` loses

    .. math:: \int_0^\infty \frac{|z|^2}{1 + t} - t \frac{z^T (C + t)^{-2} z}{1 - z^T (C + t)^{-1} z} \, dt

    by the trapezoidal rule in :math:`\log t`, whose error is :math:`\exp(-2 \pi^2 / h)`.

    Args:
        values: Positive eigenvalues of K / n ``[eigenvalue]``.
        coordinates: Of the rows, which have length one ``[row, eigenvalue]``.
        entropy: That of the eigenvalues.

    Returns:
        Entropies ``[row]``.
    """
    n = len(coordinates)
    nodes = np.exp(np.arange(*LOG_NODES, STEP))  # [node]
    shares = coordinates**2 / n
    resolvent = 1 / np.add.outer(values, nodes)  # [eigenvalue, node]
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = nodes * (shares @ resolvent**2) / (1 - shares @ resolvent)
    lost = np.where(np.isfinite(lost), lost, 0.0)  # a row of a direction of its own, where t is rounding
    change = (shares.sum(1, keepdims=True) / (1 + nodes) - lost) @ nodes * STEP
    rest = 1 - 1 / n
    return (entropy + change) / rest + np.log(rest)


def _second_order(rows: np.ndarray, values: np.ndarray, coordinates: np.ndarray) -> float:
    r"""Compute the variance of the second order of the entropy, from the pairs of at most 500 rows.

    .. math:: \tfrac 1 {2 n^2} E h(x, x')^2, \qquad h(x, x') \approx \left(\sum_k \phi_k(x) \phi_k(x')
        / \sqrt{\lambda_k}\right)^2

    less the means of h over x and x'; the weights are exact where eigenvalues are equal, and a bound
    elsewhere.
    """
    some = coordinates[random_order(rows)[:MOST_PAIRED]]
    kernel = ((some / np.sqrt(values)) @ some.T) ** 2  # [row, row]
    n = len(kernel)
    np.fill_diagonal(kernel, 0.0)
    mean = kernel.sum(1) / (n - 1)
    squares = (kernel**2).sum() / (n * (n - 1))
    spread = squares - 2 * mean.var() - mean.mean() ** 2
    return 0.5 * max(float(spread), 0.0) / len(rows) ** 2


def _of_cosine(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute eigenvalues of unit rows, and the coordinates of each row ``[row, eigenvalue]``."""
    rows = rows.astype(np.float64)
    norm = np.sqrt((rows**2).sum(1, keepdims=True))
    if not norm.all():
        raise ValueError(
            f"{(norm == 0).sum()} rows have zeros alone, and no cosine with others: take a length, or "
            "features that are not 0"
        )
    rows = rows / norm
    n, dim = rows.shape
    if n > dim:
        values, vectors = np.linalg.eigh(rows.T @ rows / n)
        return values, rows @ vectors
    return _of_matrix(rows @ rows.T)


def _of_distance(rows: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial.distance import pdist, squareform

    return _of_matrix(np.exp(-squareform(pdist(rows.astype(np.float64), "sqeuclidean")) / (2 * length**2)))


def _of_matrix(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh(kernel / len(kernel))
    return values, vectors * np.sqrt(len(kernel) * np.maximum(values, 0.0))


def _checked(samples: Rows) -> Rows:
    """Check that each sample has two rows or more."""
    for name, rows in samples.items():
        if len(rows) < 2:
            raise ValueError(f"a score with an error takes two rows or more; {name} has {len(rows)}")
    return samples


def _influence(length: float | None, samples: Rows) -> Influence:
    rows = _checked(samples)["generated"]
    found = _spectrum(rows, length)
    value = float(np.exp(found.entropy))
    return Influence(value, {"generated": value * found.influence})


def _result(log_value: float, error: float, n: int, method: str, protocol: dict[str, Any]) -> Result:
    """Make the Result of the exponential of an entropy with a standard error."""
    value, low, high = np.exp(log_value + error * np.array([0.0, -NORMAL_95, NORMAL_95]))
    return Result(value, low, high, n, method, protocol)


def _compute(extractor: Extractor, length: float | None, samples: Rows) -> Result:
    rows = _checked(samples)["generated"]
    n, dim = rows.shape
    found = _spectrum(rows, length)
    kernel = "cosine" if length is None else f"exp(-r^2 / 2 l^2), l = {length:g}"
    protocol = {**extractor.protocol, "kernel": kernel, "rows": n}
    result = _result(
        found.entropy, np.sqrt(found.variance), n, f"Vendi Score of {extractor.name} features", protocol
    )
    result = result._replace(ceiling=float(min(n, dim) if length is None else n))
    if (rows == rows[0]).all():
        result = result._replace(flags=("all rows of generated are equal",))
    if found.entropy > np.log(n / 2):
        result = beyond_resolution(result, "it is above half of the number of rows, which it measures then")
    return result._replace(null=_null(samples["real"], n, length))


def _null(real: np.ndarray, n: int, length: float | None) -> Result:
    """Compute the mean score of disjoint parts of n real rows, or of all of them where there are no more."""
    size = min(n, len(real))
    num_parts = min(len(real) // size, MOST_PARTS)
    order = random_order(real)
    parts = [_spectrum(real[np.sort(order[i * size : (i + 1) * size])], length) for i in range(num_parts)]
    variance = float(np.mean([part.variance for part in parts]))
    method = f"mean of {num_parts} parts of {size} real rows"
    entropy = float(np.mean([part.entropy for part in parts]))
    return _result(entropy, np.sqrt(variance * (1 + 1 / num_parts)), size, method, {})


def recipe() -> MetricRecipe:
    """Return the recipe by which the metric is checked: generated rows that collapse to their mean."""

    def pair(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
        return {"real": rng.normal(size=(n, 4)), "generated": rng.normal(size=(m, 4)) / (1 + shift)}

    def make() -> Metric:
        return vendi_metric(length=2.0)

    def known() -> list[Known]:
        clusters = 100 * np.repeat(np.eye(4), 10, 0)
        return [Known("four clusters", {"real": clusters, "generated": clusters}, {"": 4.0})]

    return MetricRecipe(make=make, pair=pair, known=known)
