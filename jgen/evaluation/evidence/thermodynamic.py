"""Estimate log Z from the draws of parallel tempering by thermodynamic integration."""

from math import inf
from typing import Any

import jax.numpy as jnp
from scipy.special import stdtrit

from jgen.evaluation.evidence.ladder_draws import jackknife, read_ladder
from jgen.evaluation.evidence.stepping_stones import stepping_stones
from jgen.types import Array, Draws, Result


def thermodynamic(draws: Draws, betas: Any) -> Result:
    r"""Integrate log Z over the ladder, by the trapezoid rule with its second-order correction.

    With :math:`r = \log \tilde p - \log q`, whose mean rises with :math:`\beta` at the rate of its variance,

    .. math:: \log Z = \int_0^1 E_\beta[r] \, d\beta \approx \sum_k \frac{\Delta_k}{2} (E_k r + E_{k+1} r)
        - \frac{\Delta_k^2}{12} (Var_{k+1} r - Var_k r), \qquad \Delta_k = \beta_{k+1} - \beta_k.

    The rule has an error of its own, of order :math:`\Delta^4`, which more draws do not reduce. It is small
    only if neighbours overlap well. Every other temperature gives a coarser ladder, and every fourth another:
    with d and d' the differences of successive results, the error is taken as :math:`d^2 / (|d'| - |d|)`, the
    rest of a geometric series, and never above the larger of the two. What may be noise (95 %, by the
    jackknife) is subtracted from d. To the interval of the draws (the jackknife's, each chain left out in
    turn, with Student's t) it is added at both ends. As noise may hide the error, the interval must also meet
    that of ``stepping_stones`` from the same draws, whose error has no such part.

    Args:
        draws: ``[chain, draw]`` of ``tempering``, after warm-up, from four chains or more.
        betas: The ladder they were made with ``[temperature]``.

    Returns:
        Log Z, in nats, with its 95 % interval; n is the number of draws. Where the base
        has mass outside the target's support the integral starts at -inf: the value is -inf, and flagged.

    Raises:
        ValueError: If the ladder does not rise from 0 to 1 in three temperatures or more, the draws are not
            those of ``tempering`` on it, or of fewer than four chains; and if the error of the rule is larger
            than that of the draws, or the intervals of this rule and of ``stepping_stones`` exclude each
            other.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import AnnealingPath, metropolis, tempering
        >>> from jgen.sampling import sample
        >>> def log_density(x):  # Z = sqrt(2 pi), log Z = 0.919
        ...     return -0.5 * (x - 1.0) ** 2
        >>> betas = jnp.linspace(0, 1, 5)
        >>> sampler = tempering(AnnealingPath(dist.Normal(0.0, 2.0), log_density), metropolis, betas)
        >>> run = sample(jax.random.key(0), sampler, num_chains=16, num_draws=200, num_warmup=50)
        >>> result = thermodynamic(run.draws, betas)
        >>> bool(abs(result.value - 0.919) < result.high - result.low)  # four standard errors
        True

    Reference:
        Friel, Hurn and Wyse (2014), "Improving power posterior estimation of statistical evidence",
        Statistics and Computing 24(5).
    """
    method = "thermodynamic integration, corrected trapezoid"
    result = read_ladder(draws, betas, _estimate, "thermodynamic", method)
    ratio, betas = jnp.asarray(draws.info["log_ratio"]), jnp.asarray(betas, float)
    if jnp.isneginf(ratio).any():
        outside = "the base has mass outside the target's support: use stepping_stones"
        minus, plus = jnp.float32(-jnp.inf), jnp.float32(jnp.inf)
        return result._replace(value=minus, low=minus, high=plus, flags=(outside,))
    if len(betas) < 3:
        raise ValueError(
            "thermodynamic compares the ladder with a coarser one: give three temperatures or more"
        )
    error = _integration_error(betas, ratio)
    if not error <= float(result.high - result.value):
        raise ValueError(
            f"the ladder of {len(betas)} temperatures is too coarse: a coarser one moves log Z by "
            f"{error:.3g} nats, and the draws have an error of {float(result.standard_error):.3g}. Use "
            "stepping_stones, which has no integration error, or more temperatures near 0"
        )
    result = result._replace(low=result.low - error, high=result.high + error)
    exact = stepping_stones(draws, betas)  # biased by draws alone, not by the ladder
    if exact.low > result.high or exact.high < result.low:
        raise ValueError(
            f"the ladder of {len(betas)} temperatures is too coarse: thermodynamic gives log Z = "
            f"{float(result.value):.4g}, [{float(result.low):.4g}, {float(result.high):.4g}], and "
            f"stepping_stones from the same draws {float(exact.value):.4g}, [{float(exact.low):.4g}, "
            f"{float(exact.high):.4g}]. Use stepping_stones, or more temperatures near 0"
        )
    return result


def _integration_error(betas: Array, ratio: Array) -> float:
    """Return the error that coarser ladders show, in nats; 0 where their difference may be noise."""
    difference, noise = map(float, jackknife(_from_twice_as_coarse, betas, ratio))
    step = abs(difference) - stdtrit(len(ratio) - 1, 0.975) * noise
    if step <= 0:
        return 0.0
    coarse = _every_other(betas)
    everyone = jnp.ones(len(ratio), bool)
    step_before = abs(float(_from_twice_as_coarse(betas[coarse], ratio[..., coarse], everyone)))
    rest = step**2 / (step_before - step) if step < step_before else inf
    return min(rest, max(step, step_before))


def _from_twice_as_coarse(betas: Array, ratio: Array, counted: Array) -> Array:
    """Return the estimate less that from every other temperature."""
    coarse = _every_other(betas)
    return _estimate(betas, ratio, counted) - _estimate(betas[coarse], ratio[..., coarse], counted)


def _every_other(betas: Array) -> Array:
    return jnp.array([*range(0, len(betas) - 1, 2), len(betas) - 1])


def _estimate(betas: Array, ratio: Array, counted: Array) -> Array:
    middle = ratio.mean(axis=(0, 1))  # [temperature]; squares are taken around it, for precision
    offset = ratio - middle[None, None]  # [chain, draw, temperature]
    powers = ((offset**power).mean(axis=1) for power in (1, 2))  # [chain, temperature]
    first, second = (chains.mean(axis=0, where=counted[:, None]) for chains in powers)
    rise, mean, variance = jnp.diff(betas), middle + first, second - first**2  # [temperature]
    return jnp.sum(rise / 2 * (mean[1:] + mean[:-1]) - rise**2 / 12 * jnp.diff(variance))
