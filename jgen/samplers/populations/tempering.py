"""Sample by parallel tempering."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.validation import check_count
from jgen.samplers import annealing_path
from jgen.samplers.accept import log_uniform
from jgen.samplers.annealing_path import AnnealingPath, Kernel
from jgen.samplers.recipe import Recipe
from jgen.types import Array, DrawKind, Draws, Key, PyTree, Sampler, Target


class Replicas(NamedTuple):
    """State of a chain: one replica at each temperature; swaps exchange the replicas.

    Nothing else that depends on a temperature is kept from step to step.

    Attributes:
        positions: ``[temperature, *event]``.
        from_base: Whether the replica visited the base more recently than the target ``[temperature]``.
        is_odd: Whether the next swaps are between 1 and 2, 3 and 4, ..., not 0 and 1, 2 and 3, ... ``[]``.
        betas: Inverse temperatures ``[temperature]``, which warm-up may adapt.
    """

    positions: PyTree
    from_base: Array
    is_odd: Array
    betas: Array


def tempering(path: AnnealingPath, kernel: Kernel, betas: Any, *, num_steps: int | Array = 1) -> Sampler:
    r"""Run a replica at each temperature of a path, swap neighbours, and draw from the last.

    At each step the replica at the base is drawn independently, the others move by the kernel of their
    temperature, and then neighbours swap, the even pairs at one step and the odd ones at the next, with
    probability

    .. math:: \min\bigl(1, e^{(\beta_{k+1} - \beta_k)(r_k - r_{k+1})}\bigr), \qquad
        r = \log \tilde p - \log q.

    Each of the two leaves :math:`\prod_k \pi_{\beta_k}` invariant. Alternated, they are not reversible, and
    replicas move along the temperatures faster than by diffusion.

    Args:
        path: From a base that can be drawn from to the target; see ``AnnealingPath``.
        kernel: Log density -> a Markov sampler, e.g. ``Partial(hmc, step_size=0.3, num_steps=5)``. It is
            initialised again at every step, which costs one more evaluation.
        betas: Inverse temperatures ``[temperature]``, increasing from 0 to 1;
            ``jgen.sampling.adaptation.ladder`` adapts those in between.
        num_steps: Steps of the kernel between swaps.

    Returns:
        A Markov sampler. A given position is that of the last replica; the others start at draws of
        the base, so use warm-up. Its info has ``log_ratio`` ``[temperature]``, the r of every replica after
        the swaps; ``swap_acceptance`` ``[temperature - 1]``, of every pair of neighbours, proposed or not;
        and ``round_trip``: whether a replica has arrived from the base.

    Raises:
        ValueError: If the betas do not rise from 0 to 1, the base is batched, or ``num_steps`` is below 1;
            while tracing, if the kernel is no exact Markov kernel.
        TypeError: If the log density of one draw of the base is not a scalar.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.samplers import AnnealingPath, metropolis
        >>> from jgen.sampling import sample
        >>> def log_density(x):  # modes at -5 and 5
        ...     return jnp.logaddexp(-0.5 * (x - 5.0) ** 2, -0.5 * (x + 5.0) ** 2)
        >>> path = AnnealingPath(dist.Normal(0.0, 5.0), log_density)
        >>> sampler = tempering(path, metropolis, jnp.linspace(0, 1, 5))
        >>> run = sample(jax.random.key(0), sampler, num_chains=16, num_draws=500, num_warmup=50)
        >>> bool(abs((run.draws.value > 0).mean() - 0.5) < 0.1)
        True

    Reference:
        Syed, Bouchard-Cote, Deligiannidis and Doucet (2022), "Non-reversible parallel tempering: a scalable
        highly parallel MCMC scheme", JRSS B 84(2), arXiv 1905.02939; Okabe et al. (2001).
    """
    path, kernel = annealing_path.check_path(path), annealing_path.bind_kernel(kernel)
    betas = annealing_path.check_ladder(betas)
    step = Partial(tempering_step, path, kernel, check_count("num_steps", num_steps))
    return Sampler(Partial(tempering_init, path, betas), step)


def tempering_init(path: AnnealingPath, betas: Array, key: Key, position: PyTree | None) -> Replicas:
    """Draw all replicas from the base, except the last if a position is given; costs nothing."""
    positions = jax.vmap(path.base.sample)(jax.random.split(key, len(betas)))
    if position is not None:
        positions = jax.tree.map(lambda leaf, last: leaf.at[-1].set(last), positions, position)
    return Replicas(positions, jnp.zeros(len(betas), bool), jnp.array(False), betas)


def tempering_step(
    path: AnnealingPath, kernel: Partial, num_steps: Array, key: Key, state: Replicas
) -> tuple[Replicas, Draws]:
    """Move every replica, then swap neighbours."""
    betas = state.betas
    base_key, move_key, swap_key = jax.random.split(key, 3)
    others = jax.tree.map(lambda leaf: leaf[1:], state.positions)
    keys = jax.random.split(move_key, len(betas) - 1)
    others, info = jax.vmap(partial(annealing_path.move, path, kernel, num_steps))(betas[1:], keys, others)
    of_base = path.base.sample(base_key)
    positions = jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), of_base, others)
    ratio, invalid = jax.vmap(partial(annealing_path.log_ratio, path))(positions)  # [temperature]

    pair = jnp.arange(len(betas) - 1)
    log_acceptance = (betas[1:] - betas[:-1]) * (ratio[:-1] - ratio[1:])  # [temperature - 1]
    log_acceptance = jnp.where(jnp.isnan(log_acceptance), -jnp.inf, jnp.minimum(log_acceptance, 0.0))
    log_u = log_uniform(jax.random.uniform(swap_key, pair.shape))
    swapped = (pair % 2 == state.is_odd) & (log_u < log_acceptance)
    source = jnp.arange(len(betas)) + jnp.pad(swapped, (0, 1)) - jnp.pad(swapped, (1, 0))  # [temperature]

    positions = jax.tree.map(lambda leaf: leaf[source], positions)
    from_base = state.from_base.at[0].set(True)[source]
    info = annealing_path.merge_info(info)
    info["num_log_densities"] += len(betas)
    info["invalid"] = invalid.any() | info.get("invalid", False)
    info |= {
        "log_ratio": ratio[source],
        "swap_acceptance": jnp.exp(log_acceptance),
        "round_trip": from_base[-1],
    }
    value = jax.tree.map(lambda leaf: leaf[-1], positions)
    state = Replicas(positions, from_base.at[-1].set(False), ~state.is_odd, betas)
    return state, Draws(value, info, None, DrawKind.MARKOV)


def recipe(target: Target, scale: float | Array = 1.0) -> Recipe | None:
    """Make the sampler with base and target only: replicas between them would have no exact start."""
    made = annealing_path.path_recipe(tempering, target, scale, betas=jnp.linspace(0.0, 1.0, 2))
    return made and made._replace(reversible=False)
