"""Adapt the step size, and a diagonal mass matrix from draws and gradients."""

from jgen.sampling.adaptation.growing_windows import FisherMoments, windowed
from jgen.sampling.adaptation.tuning import diagonal
from jgen.types import Adaptation, Array


def fisher(target_acceptance: float | Array = 0.88) -> Adaptation:
    r"""Adapt a diagonal mass matrix by variances of draws and gradients, in the windows of ``window``.

    At the end of each slow window

    .. math:: M^{-1}_{ii} = \sqrt{\widehat{\mathrm{Var}}\, x_i \,/\, \widehat{\mathrm{Var}}\,
        \partial_i \log p(x)}.

    Among diagonal matrices this one minimises the Fisher divergence between the target and the normal whose
    covariance is :math:`M^{-1}`. On a normal of independent coordinates, :math:`\partial_i \log p =
    -(x_i - \mu_i) / \sigma_i^2`, so that the quotient is :math:`\sigma_i^4` for any draws: two distinct
    draws give the scales exactly, where a variance of n draws is off by :math:`\sqrt{2 / n}`. So the estimate
    is not shrunk. Where coordinates are correlated it lies between the variance and the conditional variance.

    Args:
        target_acceptance: Target of the mean acceptance rate, in (0, 1); by default that of ``window``.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``, of samplers that keep a gradient.

    Raises:
        ValueError: If the target is not inside (0, 1).
        TypeError: While tracing, if the sampler keeps no gradient.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling import sample
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
    return windowed(target_acceptance, diagonal, FisherMoments.empty, FisherMoments.add, FisherMoments.scale)
