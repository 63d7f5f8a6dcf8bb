"""Compare two samples by their histograms over clusters of both, averaged over seeds of k-means."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jgen.evaluation.metric import Rows, beyond_resolution, result_of
from jgen.types import Influence, Result

Divergence = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray, np.ndarray]]
"""``(p [bin], q [bin]) -> (value, gradient by p, gradient by q)``; no bin is empty in both."""
NULL_DRAWS = 20
ROWS_A_BIN = 10


class Clusters(NamedTuple):
    """How rows are put in bins.

    Attributes:
        num_bins: Clusters k; None for a tenth of the rows of the smaller sample, 2 at least.
        num_seeds: Seeds of k-means that are averaged.
        explained: Share of the variance of both samples that the principal components before it keep.
    """

    num_bins: int | None
    num_seeds: int
    explained: float

    def check(self) -> "Clusters":
        """Raise for options out of range, and return them."""
        if self.num_bins is not None and self.num_bins < 2:
            raise ValueError(f"num_bins must be 2 or more; got {self.num_bins}")
        if self.num_seeds < 1:
            raise ValueError(f"num_seeds must be 1 or more; got {self.num_seeds}")
        if not 0 < self.explained <= 1:
            raise ValueError(f"explained must be above 0 and 1 at most; got {self.explained}")
        return self

    @property
    def protocol(self) -> dict[str, Any]:
        """What a ``Result`` says of it; the bins are those that were asked for."""
        bins = "n/10" if self.num_bins is None else self.num_bins
        return {"bins": bins, "seeds": self.num_seeds, "explained": self.explained}


class Reading(NamedTuple):
    """Value of a divergence, averaged over the seeds.

    Attributes:
        value: The mean over the seeds.
        between: Standard error of that mean by the scatter of the seeds; 0 of one seed.
        influence: Influence of each row on it, in the rows' order.
        null: Values of random splits of both samples ``[draw]``, averaged over the seeds.
        num_bins: Bins that were used.
        num_seeds: Seeds that were used.
    """

    value: float
    between: float
    influence: Influence
    null: np.ndarray
    num_bins: int
    num_seeds: int


def read_clusters(divergence: Divergence, clusters: Clusters, rows: Rows) -> Reading:
    r"""Compute a divergence of the histograms of two samples over clusters of both.

    The rows of both are sorted, projected on principal components and clustered, whatever sample they are of,
    so the order of rows does not matter. Given the clusters, the influence of a real row in bin b is

    .. math:: \phi = \partial_{p_b} D - \sum_j p_j \partial_{p_j} D.

    The null permutes which rows are real: exact for two samples of one distribution, given all rows.
    """
    sizes = {name: len(rows[name]) for name in ("real", "generated")}
    if min(sizes.values()) < 2 * ROWS_A_BIN:
        raise ValueError(
            f"clusters take {2 * ROWS_A_BIN} rows or more of each sample; got {sizes['real']} real and "
            f"{sizes['generated']} generated"
        )
    pooled = np.concatenate([rows["real"], rows["generated"]]).astype(np.float64)
    order = np.lexsort(pooled.T[::-1])
    is_real = order < sizes["real"]  # [row]
    components = _components(pooled[order], clusters.explained)
    wanted = clusters.num_bins or max(2, round(min(sizes.values()) / ROWS_A_BIN))
    num_bins = min(wanted, len(np.unique(components, axis=0)))
    values, draws, total = [], [], np.zeros(len(order))
    for seed in range(clusters.num_seeds):
        label = _cluster(components, num_bins, seed)
        both = np.stack([np.bincount(label[is_real == side], minlength=num_bins) for side in (True, False)])
        label = (np.cumsum(both.sum(0) > 0) - 1)[label]
        both = both[:, both.sum(0) > 0]
        p, q = both / both.sum(1, keepdims=True)
        value, by_p, by_q = divergence(p, q)
        values.append(value)
        total += np.where(is_real, (by_p - p @ by_p)[label], (by_q - q @ by_q)[label])
        rng = np.random.default_rng(seed)
        split = rng.multivariate_hypergeometric(both.sum(0), sizes["real"], size=NULL_DRAWS, method="count")
        draws.append(
            [divergence(one / sizes["real"], (both.sum(0) - one) / sizes["generated"])[0] for one in split]
        )
    influence = np.empty(len(order))
    influence[order] = total / clusters.num_seeds
    by_sample = {"real": influence[: sizes["real"]], "generated": influence[sizes["real"] :]}
    value = float(np.mean(values))
    between = np.std(values, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Reading(
        value, float(between), Influence(value, by_sample), np.mean(draws, 0), num_bins, len(values)
    )


def reading_result(reading: Reading, method: str, protocol: dict[str, Any], ceiling: float) -> Result:
    """Make the result of a reading: rows and seeds both move it; the null is that of the permuted rows."""
    variance = sum(np.var(one, ddof=1) / len(one) for one in reading.influence.by_sample.values())
    error = math.hypot(math.sqrt(variance), reading.between)
    sizes = [len(one) for one in reading.influence.by_sample.values()]
    null = result_of(
        reading.null.mean(),
        reading.null.std(ddof=1),
        min(sizes),
        f"{len(reading.null)} permutations of the rows of both",
        {},
    )
    seeds = f"{reading.num_seeds} seeds, of standard error {reading.between:.2g}"
    if reading.num_seeds == 1:
        seeds = "one seed, whose scatter is not in the interval"
    result = result_of(
        reading.value, error, min(sizes), f"{method} over {reading.num_bins} clusters, {seeds}", protocol,
        null=null, ceiling=ceiling,
    )  # fmt: skip
    if reading.num_bins == 1:
        return beyond_resolution(result, "all rows are equal, so there is one bin")
    return result


def _components(pooled: np.ndarray, explained: float) -> np.ndarray:
    """Project rows on components that explain a share of their variance, ``[row, component]``."""
    centred = pooled - pooled.mean(0)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    shares = np.cumsum(variances[::-1].clip(min=0)) / max(variances.clip(min=0).sum(), 1e-300)
    kept = min(int(np.searchsorted(shares, explained - 1e-12)) + 1, len(shares))
    return centred @ axes[:, ::-1][:, :kept]


def _cluster(components: np.ndarray, num_bins: int, seed: int) -> np.ndarray:
    """Return the cluster of each row ``[row]``; in one thread, as the order of sums moves rows."""
    if num_bins == 1:
        return np.zeros(len(components), int)
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        return KMeans(num_bins, n_init=1, random_state=seed).fit_predict(components)


def word_samples(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, list[str]]:
    """Draw texts of 8 of 30 words, of which later ones are more frequent in generated texts, for checks.

    Example:
        >>> [len(texts) for texts in word_samples(np.random.default_rng(0), 3, 2, 0.0).values()]
        [3, 2]
    """

    def draw(size: int, slope: float) -> list[str]:
        weights = np.exp(slope * np.linspace(-1, 1, 30))
        numbers = rng.choice(30, size=(size, 8), p=weights / weights.sum())
        return [" ".join(f"{chr(97 + number % 26)}{number}" for number in row) for row in numbers]

    return {"real": draw(n, 0.0), "generated": draw(m, shift)}
