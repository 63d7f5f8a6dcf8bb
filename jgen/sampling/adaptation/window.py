"""Adapt the step size and the mass matrix in growing windows."""

import jax.numpy as jnp

from jgen._internal.binding import bind_static
from jgen.sampling.adaptation.growing_windows import Moments, add_batch, empty_moments, windowed
from jgen.sampling.adaptation.tuning import diagonal, positions_of
from jgen.types import Adaptation, Array, PyTree


def window(target_acceptance: float | Array = 0.88, *, dense: bool = False) -> Adaptation:
    r"""Adapt by Stan's warm-up, pooled over chains.

    A fast beginning (15 %) finds the typical set, slow windows that double in length estimate the
    covariance, a fast end (10 %, at least 50 steps) adapts the step size; a warm-up of fewer than 100
    steps adapts the step size only. At the end of each slow window the inverse mass matrix becomes the
    pooled, shrunk covariance of that window,

    .. math:: M^{-1} = \frac{n}{n + 5} \hat\Sigma + \frac{5}{n + 5} 10^{-3} I,

    with n the number of draws of all chains in it, and dual averaging restarts, with
    :math:`\gamma = 0.05 \sqrt{\min(N, 16)}` for N chains (see ``step_size``): their mean acceptance rate
    has little noise, and with Stan's 0.05 step sizes would oscillate. With one chain this is Stan's
    schedule; with many, a window of the same length has as many times more draws, and the acceptance rate
    ends at the target. A single chain ends well above it: with a target of 0.8, those of NUTS end at 0.87 to
    0.92 on the targets of ``benchmarks/README.md``, NumPyro's too. So the default is 0.88: steps as careful
    as those of chains adapted one by one to 0.8, at no more gradients. A mean over chains may still hide one
    that is in a narrow neck: raise the target where steps diverge, which ``summary`` counts.

    Args:
        target_acceptance: Target of the mean acceptance rate, in (0, 1): 0.88 suits NUTS and HMC, 0.57 MALA,
            0.3 or less a random walk.
        dense: Whether to estimate a full covariance; structural: another choice compiles again.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``.

    Raises:
        ValueError: If the target is not inside (0, 1).

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum((x / jnp.array([0.1, 10.0])) ** 2)
        >>> run = sample(
        ...     jax.random.key(0), hmc(log_density, step_size=0.1), num_draws=10, num_chains=16,
        ...     num_warmup=300, adaptation=window(0.8), position=jnp.zeros((16, 2)),
        ... )
        >>> factor = run.state.states.tuning.inverse_mass_factor[0]  # truth: 0.1 and 10
        >>> bool(50 < factor[1] / factor[0] < 200)
        True

    Reference:
        Stan Development Team, "Stan Reference Manual", section "HMC algorithm parameters".
    """
    return windowed(target_acceptance, bind_static(init_factor, dense=dense), empty_moments, update, estimate)


def init_factor(factor: Array, *, dense: bool) -> Array:
    """Return the present factor of the chains, made dense or diagonal."""
    if dense:
        return jnp.diag(factor) if factor.ndim == 1 else factor
    return diagonal(factor)


def update(moments: Moments, states: PyTree) -> Moments:
    """Add the positions of all chains."""
    return add_batch(moments, positions_of(states))


def estimate(moments: Moments, old: Array) -> Array:
    """Estimate the factor of the shrunk covariance; the old one where it is not finite."""
    covariance = moments.scatter / jnp.maximum(moments.num_rows - 1.0, 1.0)
    shrinkage = 5.0 / (moments.num_rows + 5.0)
    floor = shrinkage * 1e-3 * (jnp.eye(len(old), dtype=old.dtype) if old.ndim == 2 else 1.0)
    covariance = (1.0 - shrinkage) * covariance + floor
    factor = jnp.linalg.cholesky(covariance) if old.ndim == 2 else jnp.sqrt(covariance)
    return jnp.where((moments.num_rows > 1) & jnp.all(jnp.isfinite(factor)), factor, old)
