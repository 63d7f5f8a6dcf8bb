"""Estimate log Z from the draws of a Markov chain by bridge sampling."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen._internal.compiled import jit
from jgen.diagnostics import ess_mean
from jgen.diagnostics.student_interval import student_result
from jgen.distributions import gaussian
from jgen.evaluation.evidence.density_ratio import Bridged, bridged
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Result


def bridge(
    key: Key, draws: Draws, log_density: LogDensity, *, proposal: Distribution | None = None
) -> Result:
    r"""Estimate log Z of a density from draws of it, by a bridge to a Gaussian that resembles it.

    The Gaussian q takes its mean and covariance from the first half of every chain, and the bridge is built
    from the other half and as many draws of q; see ``bridged``. Draws that q was fitted to lie nearer to
    it than others do, and would make log Z too low. The error counts the draws of the chains by their
    effective number. It does not include a mode that no chain has visited.

    Args:
        key: Draws from q.
        draws: ``[chain, draw, *event]`` of a Markov or independent sampler, after warm-up; positions are
            unconstrained floats.
        log_density: Of the target, position -> unnormalised ``[]``, in nats; bind data by ``Partial``.
        proposal: A q of your own on the ravelled position ``[dim]``, chosen without these draws, such as a
            mixture; then all draws build the bridge.

    Returns:
        Log Z, in nats, with its 95 % interval; n is the number of draws of the target that it is built from.

    Raises:
        ValueError: If the draws are weighted or biased, or too few to fit a Gaussian to.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc
        >>> from jgen.sampling import sample
        >>> def log_density(x):  # Z = 2 pi, log Z = 1.838
        ...     return -0.5 * jnp.sum((x - 3.0) ** 2)
        >>> sampler = hmc(log_density, step_size=0.5, num_steps=3)
        >>> start = jnp.full((4, 2), 3.0)
        >>> run = sample(jax.random.key(0), sampler, num_draws=500, num_chains=4, position=start)
        >>> result = bridge(jax.random.key(1), run.draws, log_density)
        >>> bool(abs(result.value - 1.838) < result.high - result.low)  # four standard errors
        True

    Reference:
        Meng and Wong (1996), "Simulating ratios of normalizing constants via a simple identity", Statistica
        Sinica 6; Overstall and Forster (2010), CSDA 54(12), on halves.
    """
    if draws.kind not in (DrawKind.MARKOV, DrawKind.INDEPENDENT):
        raise ValueError(
            f"bridge takes draws of the target, each of weight one; these are {draws.kind.value}: use "
            "jgen.diagnostics.log_evidence where there are weights"
        )
    leaves = jax.tree.leaves(draws.value)
    num_chains, num_draws = np.shape(leaves[0])[:2]
    dim = sum(np.size(leaf) for leaf in leaves) // (num_chains * num_draws)
    half = num_draws // 2 if proposal is None else 0
    if (proposal is None and num_chains * half < dim + 2) or num_draws - half < 4:
        raise ValueError(
            f"{num_chains} chains of {num_draws} draws do not fit a Gaussian in {dim} dimensions and build a "
            f"bridge: it takes 8 draws a chain, and {2 * (dim + 2)} in all, or more"
        )
    value = jax.tree.map(jnp.asarray, draws.value)
    estimate, error, size = _bridge(as_partial(log_density), half, proposal, key, value)
    method = f"bridge to {'a Gaussian fitted to the first half' if half else 'a given proposal'}"
    return student_result(estimate, error, max(float(size) - 1, 1), num_chains * (num_draws - half), method)


@partial(jit, static_argnames="half")
def _bridge(
    log_density: Partial, half: int, proposal: Distribution | None, key: Key, value: PyTree
) -> Bridged:
    """Build the bridge from all draws but the first ``half`` of every chain."""
    _, unravel = ravel_pytree(jax.tree.map(lambda leaf: leaf[0, 0], value))
    flat = jax.vmap(jax.vmap(lambda position: ravel_pytree(position)[0]))(value)  # [chain, draw, dim]
    proposal = fitted(flat[:, :half].reshape(-1, flat.shape[-1])) if proposal is None else proposal

    def log_ratio(x: Array) -> Array:
        ratio = log_density(unravel(x)) - proposal.log_prob(x)
        return jnp.where(jnp.isnan(ratio), -jnp.inf, ratio)

    at_target = jax.vmap(jax.vmap(log_ratio))(flat[:, half:])  # [chain, draw]
    at_base = jax.vmap(lambda key: log_ratio(proposal.sample(key)))(jax.random.split(key, at_target.size))
    return bridged(at_base, at_target, ess_mean)


def fitted(flat: Array) -> Distribution:
    """Fit a Gaussian to the mean and covariance of draws ``[draw, dim]``."""
    mean = flat.mean(axis=0)  # [dim]
    offset = flat - mean[None]  # [draw, dim]
    covariance = jnp.matmul(offset.T, offset, precision="highest") / (len(flat) - 1)
    return gaussian(mean, covariance=covariance)
