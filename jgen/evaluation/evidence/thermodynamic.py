"""Estimate log Z from the draws of parallel tempering by thermodynamic integration."""

from typing import Any

import jax.numpy as jnp

from jgen.evaluation.evidence.ladder_draws import read_ladder
from jgen.types import Array, Draws, Result


def thermodynamic(draws: Draws, betas: Any) -> Result:
    r"""Integrate log Z over the ladder, by the trapezoid rule with its second-order correction.

    With :math:`r = \log \tilde p - \log q`, whose mean rises with :math:`\beta` at the rate of its variance,

    .. math:: \log Z = \int_0^1 E_\beta[r] \, d\beta \approx \sum_k \frac{\Delta_k}{2} (E_k r + E_{k+1} r)
        - \frac{\Delta_k^2}{12} (Var_{k+1} r - Var_k r), \qquad \Delta_k = \beta_{k+1} - \beta_k.

    The rule has an error of its own, of order :math:`\Delta^4`, which more draws do not reduce: the interval
    does not include it. It is small only if neighbours overlap well, and unbounded where the base is so wide
    that r has no variance; ``stepping_stones`` has no such error, so the difference of the two estimates it.
    The interval is the jackknife's, each chain left out in turn, with Student's t.

    Args:
        draws: ``[chain, draw]`` of ``tempering``, after warm-up, from four chains or more.
        betas: The ladder they were made with ``[temperature]``.

    Returns:
        Log Z, in nats, with its 95 % interval; n is the number of draws. Where the base
        has mass outside the target's support the integral starts at -inf, and the value is -inf.

    Raises:
        ValueError: If the ladder does not rise from 0 to 1, or the draws are not those of ``tempering`` on
            it, or of fewer than four chains.

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
    method = "thermodynamic integration, corrected trapezoid; its own error is not in the interval"
    return read_ladder(draws, betas, _estimate, "thermodynamic", method)


def _estimate(betas: Array, ratio: Array, counted: Array) -> Array:
    middle = ratio.mean(axis=(0, 1))  # [temperature]; squares are taken around it, for precision
    offset = ratio - middle[None, None]  # [chain, draw, temperature]
    powers = ((offset**power).mean(axis=1) for power in (1, 2))  # [chain, temperature]
    first, second = (chains.mean(axis=0, where=counted[:, None]) for chains in powers)
    rise, mean, variance = jnp.diff(betas), middle + first, second - first**2  # [temperature]
    return jnp.sum(rise / 2 * (mean[1:] + mean[:-1]) - rise**2 / 12 * jnp.diff(variance))
