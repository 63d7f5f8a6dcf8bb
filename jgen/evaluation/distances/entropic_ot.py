"""Estimate entropic optimal transport between two samples, and the Sinkhorn divergence."""

from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike

from jgen.evaluation.distances.sinkhorn import Plan, solve
from jgen.evaluation.interval_result import interval_result
from jgen.evaluation.metric import NAMES, Rows, beyond_resolution, evaluate, keep_rows, result_of
from jgen.evaluation.null import null_from_splits
from jgen.evaluation.quadratic_interval import quadratic_interval
from jgen.evaluation.recipe import MetricRecipe
from jgen.features import Extractor, raw
from jgen.types import Influence, Metric, Result

FEWEST = 8


class EntropicOT(NamedTuple):
    """Entropic optimal transport, and its divergence.

    Attributes:
        cost: Optimal value; above 0 for equal distributions.
        divergence: Sinkhorn divergence, 0 for equal distributions; the estimate may be below 0.
    """

    cost: Result
    divergence: Result


def entropic_ot(
    *,
    real: ArrayLike,
    generated: ArrayLike,
    eps: float | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 5000,
    num_splits: int = 10,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> EntropicOT:
    r"""Estimate entropic optimal transport (squared cost) between two samples, and the Sinkhorn divergence.

    .. math:: OT_\epsilon(\mu, \nu) = \min_\pi \int \|x - y\|^2 d\pi + \epsilon\, KL(\pi \| \mu \otimes \nu),
        \qquad S_\epsilon = OT_\epsilon(\mu, \nu) - \frac{OT_\epsilon(\mu, \mu) + OT_\epsilon(\nu, \nu)}{2}

    With :math:`\epsilon = 2 \sigma^2` it is the :math:`OT_\sigma` of Janati et al.; the divergence is between
    the squared 2-Wasserstein distance (small :math:`\epsilon`) and the squared distance of the means (large).
    The intervals are of cost and divergence of the two distributions, by the variance of the dual potentials.
    The divergence of two samples is biased up by what splits of the real rows read, which is taken off.

    Args:
        real: Rows ``[n, *event]``, eight or more.
        generated: Rows ``[m, *event]``, eight or more.
        eps: In squared units of the features. None for a tenth of the total variance of the real rows, which
            is the same for all models that are compared with these; results of different eps do not compare.
        tolerance: Sum of absolute errors of the plan's marginals at which the iteration ends.
        max_iterations: Most iterations; a result that ends there is flagged and has no interval.
        num_splits: Splits of the real rows by which null and bias are simulated, two or more.
        seed: Of the splits.
        extractor: Function from examples to features; None for the rows themselves.

    Returns:
        Both in squared units of the features; ``method`` says the marginal error and the iterations. The null
        of ``cost`` is that of two halves of the real rows. Memory grows with n m.

    Raises:
        ValueError: For fewer rows, NaN, real rows that are all equal where eps is None, an eps that is not
            above 0, or rows that do not fit each other.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(200, 1)), rng.normal(1.0, size=(200, 1))
        >>> found = entropic_ot(real=x, generated=y, eps=0.5)
        >>> bool(found.cost.low < 1.61217834 < found.cost.high)
        True
        >>> bool(found.divergence.low < 1 < found.divergence.high)
        True

    Reference:
        Janati et al. (2020), Entropic optimal transport between unbalanced Gaussian measures has a closed
        form; Feydy et al. (2019), Interpolating between optimal transport and MMD using Sinkhorn divergences;
        del Barrio et al. (2023), An improved central limit theorem and fast convergence rates for entropic
        transportation costs.
    """
    options: dict[str, Any] = {"tolerance": tolerance, "max_iterations": max_iterations, "eps": eps}
    metric = entropic_ot_metric(num_splits=num_splits, seed=seed, extractor=extractor, **options)
    computed: EntropicOT = evaluate(metric, real=real, generated=generated)
    return computed


def entropic_ot_metric(
    *,
    eps: float | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 5000,
    num_splits: int = 10,
    seed: int = 0,
    extractor: Extractor | None = None,
) -> Metric:
    """Return the metric of ``entropic_ot``; its state keeps the features of all rows."""
    extractor = extractor or raw()
    if eps is not None and not 0 < eps < np.inf:
        raise ValueError(f"eps must be above 0 and finite; got {eps}")
    if num_splits < 2 or max_iterations < 1 or not tolerance > 0:
        raise ValueError(
            "num_splits must be 2 or more, max_iterations 1 or more and tolerance above 0; got "
            f"{num_splits}, {max_iterations} and {tolerance}"
        )
    solver = Partial(solve, tolerance=tolerance, max_iterations=max_iterations)
    return keep_rows(
        Partial(_compute, eps, solver, num_splits, seed, extractor.protocol),
        extractor=extractor,
        influence=Partial(_influence, eps, solver),
    )


class _Plans(NamedTuple):
    """Plan of real and generated, and that of each sample with itself."""

    across: Plan
    real: Plan
    generated: Plan

    @property
    def divergence(self) -> float:
        """Divergence of the two sets as they are."""
        return self.across.cost - (self.real.cost + self.generated.cost) / 2

    @property
    def influences(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Influence of each row on cost and divergence."""
        cost = {"real": self.across.of_x, "generated": self.across.of_y}
        own = {"real": self.real.of_x, "generated": self.generated.of_x}
        both = (cost, {name: cost[name] - own[name] for name in NAMES})
        of_cost, of_divergence = ({name: one - one.mean() for name, one in by.items()} for by in both)
        return of_cost, of_divergence


def _solved(solver: Partial, eps: float, real: np.ndarray, generated: np.ndarray) -> _Plans:
    return _Plans(solver(real, generated, eps), solver(real, real, eps), solver(generated, generated, eps))


def _read(eps: float | None, rows: Rows) -> tuple[np.ndarray, np.ndarray, float]:
    """Return both samples, centred, and eps."""
    real, generated = (rows[name].astype(np.float64) for name in NAMES)
    if min(len(real), len(generated)) < FEWEST:
        raise ValueError(
            f"entropic_ot takes {FEWEST} rows of each sample or more; got {len(real)} real and "
            f"{len(generated)} generated"
        )
    centre = real.mean(0)
    if eps is None:
        eps = float(f"{real.var(0).sum() / 10:.6g}")
        if eps == 0:
            raise ValueError("all real rows are equal, so that no eps follows from them: state eps=")
    return real - centre, generated - centre, eps


def _compute(
    eps: float | None, solver: Partial, num_splits: int, seed: int, protocol: dict[str, Any], rows: Rows
) -> EntropicOT:
    real, generated, eps = _read(eps, rows)
    plans = _solved(solver, eps, real, generated)
    n, m = len(real), len(generated)
    protocol = {**protocol, "cost": "squared", "eps": eps, "KL": "to the product of the marginals"}
    first_order = [sum(one.var(ddof=1) / len(one) for one in by.values()) for by in plans.influences]
    end = f"marginal error {plans.across.marginal_error:.1g} after {plans.across.num_iterations} iterations"

    costs = []

    def reading(first: np.ndarray, second: np.ndarray) -> float:
        found = _solved(solver, eps, first, second)
        costs.append(found.across.cost)
        return found.divergence

    splits = null_from_splits(reading, real, m, num_splits=num_splits, seed=seed)
    assert splits is not None
    of_cost = result_of(np.mean(costs), np.std(costs, ddof=1), splits.n, splits.method, {})
    cost = result_of(plans.across.cost, first_order[0] ** 0.5, min(n, m), end, protocol, null=of_cost)
    scale = (1 / n + 1 / m) / (1 / splits.n + 1 / (n - splits.n))
    bias, spread = scale * float(splits.value), scale * float(splits.standard_error)
    null = result_of(0.0, spread, min(n, m), f"{splits.method}, rescaled to {n} and {m}, less their mean", {})
    value = plans.divergence - bias
    of_bias = first_order[1] / plans.divergence * bias / 2 if plans.divergence > 0 else 0.0  # 2 tr Sigma^2
    second_order = max(spread**2, of_bias) * (1 + 1 / num_splits)
    ends = quadratic_interval(value, plans.divergence, first_order[1], second_order)
    method = f"less the bias at the null; {end}"
    divergence = interval_result(value, *ends, min(n, m), method, protocol, null=null)
    results = [cost, divergence]
    if null.low <= value <= null.high:
        reason = "a perfect model reads as much at these sizes in 19 of 20 cases"
        results = [beyond_resolution(one, reason) for one in results]
    return EntropicOT(*(_when_converged(plans, solver.keywords["tolerance"], one) for one in results))


def _when_converged(plans: _Plans, tolerance: float, result: Result) -> Result:
    """Take the interval from a result whose plans are not converged, and flag it."""
    error = max(plan.marginal_error for plan in plans)
    if error <= tolerance:
        return result
    none: Any = np.float64(np.nan)
    wrong = f"not converged: marginal error {error:.1g} above {tolerance:.1g}. Raise max_iterations or eps"
    return result._replace(low=none, high=none, flags=(*result.flags, wrong))


def _influence(eps: float | None, solver: Partial, rows: Rows) -> EntropicOT:
    real, generated, eps = _read(eps, rows)
    plans = _solved(solver, eps, real, generated)
    values = plans.across.cost, plans.divergence
    return EntropicOT._make(map(Influence, values, plans.influences))


def recipe() -> MetricRecipe:
    """Return the recipe for the checks."""
    return MetricRecipe(
        make=lambda: entropic_ot_metric(eps=2.0, num_splits=4), size=60, fewest=FEWEST, is_stochastic=True
    )
