"""Adapting the step size, and a diagonal mass matrix from draws and gradients."""

from typing import NamedTuple

from jgen.sampling.adaptation.growing_windows import (
    MassMatrixEstimator,
    Moments,
    add_rows,
    fisher_scale,
    in_windows,
    no_moments,
)
from jgen.sampling.adaptation.tuning import diagonal, gradients_of, positions_of
from jgen.types import Adaptation, Array, PyTree


class Seen(NamedTuple):
    """What a window has seen: moments of positions, and of gradients there."""

    positions: Moments
    gradients: Moments


def fisher(target_acceptance: float | Array = 0.8) -> Adaptation:
    r"""The windows of ``window``, with a diagonal metric that knows gradients too, pooled over chains.

    At the end of each slow window

    .. math:: M^{-1}_{ii} = \sqrt{\widehat{\mathrm{Var}}\, x_i \,/\, \widehat{\mathrm{Var}}\,
        \partial_i \log p(x)}.

    Among diagonal metrics this one minimises the Fisher divergence between the target and the normal whose
    covariance is :math:`M^{-1}`. On a normal of independent coordinates, :math:`\partial_i \log p =
    -(x_i - \mu_i) / \sigma_i^2`, so that the quotient is :math:`\sigma_i^4` whatever the draws: two that
    differ tell the scales exactly, where a variance of n draws is off by :math:`\sqrt{2 / n}`. So nothing is
    shrunk. Where coordinates are correlated it lies between the variance and the conditional variance.

    Args:
        target_acceptance: What the mean acceptance rate is to become, in (0, 1).

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``, of samplers that keep a gradient.

    Raises:
        ValueError: If the target is not inside (0, 1).
        TypeError: While tracing, if the sampler keeps no gradient.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum((x / jnp.array([0.1, 10.0])) ** 2)
        >>> run = sample(
        ...     jax.random.key(0), hmc(log_density, step_size=0.1), num_draws=10, num_chains=4,
        ...     num_warmup=100, adaptation=fisher(), position=jnp.ones((4, 2)),
        ... )
        >>> [round(float(scale), 3) for scale in run.state.states.tuning.inverse_mass_factor[0]]
        [0.1, 10.0]

    Reference:
        Seyboldt, Carlson and Carpenter (2026), "Preconditioning Hamiltonian Monte Carlo by minimizing Fisher
        divergence", arXiv 2603.18845; nutpie.
    """
    return in_windows(target_acceptance, MassMatrixEstimator(diagonal, reset, update, estimate))


def reset(factor: Array) -> Seen:
    """Nothing seen yet."""
    return Seen(no_moments(factor), no_moments(factor))


def update(seen: Seen, states: PyTree) -> Seen:
    """Positions and gradients of all chains."""
    return Seen(
        add_rows(seen.positions, positions_of(states)), add_rows(seen.gradients, gradients_of(states))
    )


def estimate(seen: Seen, old: Array) -> Array:
    """The factor that both scatters tell."""
    return fisher_scale(seen.positions, seen.gradients, old)
