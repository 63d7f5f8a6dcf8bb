"""Compute the share of authentic generated rows, less that of fresh rows: memorisation."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jgen.evaluation.group_variance import Reading, group_variance, null_readings, null_result, share_result
from jgen.evaluation.metric import evaluate, keep_rows, result_of
from jgen.evaluation.nearest_neighbours import Neighbours, in_order, nearest, to_unit
from jgen.evaluation.neighbour_checks import check_neighbours
from jgen.evaluation.recipe import MetricRecipe
from jgen.features import Extractor, raw
from jgen.types import Metric, Result


class AuthPct(NamedTuple):
    """Shares of authentic and of copied rows.

    Attributes:
        authentic: Share of generated rows whose nearest training row is nearer to another training row.
        minus_null: That share less its null; below 0 where training rows are memorised.
        copies: Share of generated rows that equal a training row.
    """

    authentic: Result
    minus_null: Result
    copies: Result


def auth_pct(*, real: Any, generated: Any, extractor: Extractor | None = None) -> AuthPct:
    r"""Compute the share of generated rows that are authentic, no copies of training rows.

    A generated row y, with x its nearest training row, is authentic if another training row is nearer to x
    than y is; at equal distances, as of a copy of a repeated row, it is not.

    A generator of fresh rows does not read 1. A training row that is left out is not authentic if, and only
    if, it and its nearest neighbour are each other's nearest. So the null is one less the share of such
    mutual pairs among the training rows, 1/3 in one dimension, .3785 in two and 11/27 in three where the
    density is flat. Where all of the 95 % interval of the difference is below 0, ``minus_null`` is flagged
    as memorised. A share above the null is that of a generator whose rows lie far from the training rows.

    The intervals are of the expected share and the expected difference at these n and m, over training sets
    as well, with the variance of ``group_variance``. Groups part copies from their sources, so where many
    rows are memorised the intervals are somewhat wide. The state keeps the features of all rows. Time grows
    with n (n + m), memory is that of the features and of a million distances.

    Args:
        real: The training set, all of it ``[n, *event]``.
        generated: Generated examples ``[m, *event]``.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        The three, as shares between 0 and 1.

    Raises:
        ValueError: For fewer than three rows of a sample, or features that are not finite.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> training = rng.normal(size=(400, 2))
        >>> found = auth_pct(real=training, generated=training[:200] + 1e-3)
        >>> float(found.authentic.value) < 0.05, found.minus_null.flags[0][:9]
        (True, 'memorised')

    Reference:
        Alaa et al. (2022), How faithful is your synthetic data?, ICML; Schilling (1986), Mutual and shared
        neighbor probabilities: finite- and infinite-dimensional results, Advances in Applied Probability 18.
    """
    return evaluate(auth_pct_metric(extractor=extractor), real=real, generated=generated)


def auth_pct_metric(*, extractor: Extractor | None = None) -> Metric:
    """Return the metric of authentic rows; see ``auth_pct``."""
    extractor = extractor or raw()
    protocol = extractor.protocol

    def compute(rows: Any) -> AuthPct:
        check_neighbours(rows, 1, "auth_pct")
        real, generated = map(in_order, to_unit(rows["real"], rows["generated"]))
        n, m = len(real), len(generated)
        whole = _reading(real, generated)
        variance, dof = group_variance(_reading, whole, real, generated, 3)
        nulls = null_readings(_reading, real, 3)
        errors = nulls.errors(min(n, m))
        share, difference, copied = map(float, whole.values)
        twins = float((nearest(real, 1).squared == 0).mean())
        make = partial(share_result, size=m, dof=dof, method="nearest training rows", protocol=protocol)
        authentic = make(share, float(variance[0]), effect=float(nulls.effect[0]))
        authentic = authentic._replace(
            null=null_result(share - difference, errors[0], n, "training rows, left out one by one"),
            ceiling=1.0,
        )
        error = np.sqrt(variance[1])
        minus = result_of(difference, error, m, "authentic share minus its null", protocol, dof)
        minus = minus._replace(null=null_result(0.0, errors[1], n, "closed form"))
        if minus.high < 0:
            sentence = "memorised: fewer generated rows are authentic than fresh rows would be"
            minus = minus._replace(flags=(*minus.flags, sentence))
        copies = make(copied, float(variance[2]))
        copies = copies._replace(null=null_result(twins, errors[2], n, "training rows that equal another"))
        return AuthPct(authentic, minus, copies)

    return keep_rows(compute, extractor=extractor, larger_is_better=True)


def _reading(real: np.ndarray, generated: np.ndarray) -> Reading:
    """Compute the share of authentic rows, the same less its null, and the share of copies."""
    own, across = nearest(real, 1), nearest(real, 1, generated)
    closest = across.indices[:, 0]
    is_authentic = own.squared[closest, 0] < across.squared[:, 0]
    is_copy = across.squared[:, 0] == 0
    conditional = [is_authentic.var(), is_authentic.var(), is_copy.var()]
    values = [is_authentic.mean(), is_authentic.mean() - _null(own), is_copy.mean()]
    return Reading(np.array(values), np.array(conditional) / (len(generated) - 1))


def _null(own: Neighbours) -> float:
    """Compute the share of rows that are not the nearest neighbour of their nearest neighbour."""
    closest = own.indices[:, 0]
    return float((own.squared[closest, 0] < own.squared[:, 0]).mean())


def memorised_pair(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, np.ndarray]:
    """Draw n rows of N(0, I) in two dimensions, and m rows of it, of which some nearly equal one of the n.

    Args:
        rng: Generator.
        n: Training rows.
        m: Generated rows.
        shift: Each generated row is near a training row with probability 1 - exp(-shift).
    """
    real, generated = rng.normal(size=(n, 2)), rng.normal(size=(m, 2))
    is_near = rng.uniform(size=m) < -np.expm1(-shift)
    near = real[rng.integers(n, size=m)] + 1e-3 * rng.normal(size=(m, 2))
    return {"real": real, "generated": np.where(is_near[:, None], near, generated)}


def recipe() -> MetricRecipe:
    """Return the recipe by which ``check_metric`` checks it."""
    return MetricRecipe(
        auth_pct_metric,
        memorised_pair,
        fewest=3,
        unit_power=0.0,
        of_itself={"authentic": 0.0, "copies": 1.0},
    )
