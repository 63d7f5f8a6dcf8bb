"""Estimate log Z from the draws of parallel tempering by stepping stones."""

from typing import Any

import jax.numpy as jnp
from jax.scipy.special import logsumexp

from jgen.evaluation.evidence.ladder_draws import read_ladder
from jgen.types import Array, Draws, Result


def stepping_stones(draws: Draws, betas: Any) -> Result:
    r"""Estimate log Z temperature by temperature, each by importance sampling from the one below.

    .. math:: \log Z = \sum_k \log E_{\beta_k}\bigl[e^{(\beta_{k+1} - \beta_k) r}\bigr], \qquad
        r = \log \tilde p - \log q.

    The means are over all chains. The error is the jackknife's, each chain left out in turn: it includes the
    correlation along chains and between temperatures, and its interval is Student's with as many degrees of
    freedom as chains, less one. It does not include a mode that no chain has visited. In finite samples the
    estimate is low, by about half its squared error.

    Args:
        draws: ``[chain, draw]`` of ``tempering``, after warm-up, from four chains or more.
        betas: The ladder they were made with ``[temperature]``.

    Returns:
        Log Z, in nats, with its 95 % interval; n is the number of draws.

    Raises:
        ValueError: If the ladder does not rise from 0 to 1, or the draws are not those of ``tempering`` on
            it, or of fewer than four chains.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import AnnealingPath, metropolis
        >>> from jgen.samplers.populations.tempering import tempering
        >>> from jgen.sampling import sample
        >>> def log_density(x):  # Z = sqrt(2 pi), log Z = 0.919
        ...     return -0.5 * (x - 3.0) ** 2
        >>> betas = jnp.linspace(0, 1, 5)
        >>> sampler = tempering(AnnealingPath(dist.Normal(0.0, 2.0), log_density), metropolis, betas)
        >>> run = sample(jax.random.key(0), sampler, num_chains=16, num_draws=200, num_warmup=50)
        >>> result = stepping_stones(run.draws, betas)
        >>> bool(abs(result.value - 0.919) < result.high - result.low)  # four standard errors
        True

    Reference:
        Xie, Lewis, Fan, Kuo and Chen (2011), "Improving marginal likelihood estimation for Bayesian
        phylogenetic model selection", Systematic Biology 60(2).
    """
    return read_ladder(draws, betas, _estimate, "stepping_stones", "stepping stones, jackknife over chains")


def _estimate(betas: Array, ratio: Array, counted: Array) -> Array:
    rise = jnp.diff(betas)[None, None]
    log_sum = logsumexp(rise * ratio[..., :-1], axis=1)  # [chain, temperature - 1]
    log_sums = jnp.where(counted[:, None], log_sum, -jnp.inf)
    return (logsumexp(log_sums, axis=0) - jnp.log(counted.sum() * ratio.shape[1])).sum()
