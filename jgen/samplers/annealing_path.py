r"""Define a path of densities from a known base to the target, and move along it by Markov kernels.

.. math:: \log \tilde\pi_\beta(x) = (1 - \beta) \log q(x) + \beta \log \tilde p(x), \qquad 0 \le \beta \le 1
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen._internal.binding import as_partial
from jgen._internal.buffers import zeros
from jgen._internal.validation import is_traced
from jgen.distributions.parameters import log_prob_of
from jgen.samplers.input_checks import check_proposal
from jgen.samplers.mcmc.hmc import hmc
from jgen.samplers.recipe import Recipe
from jgen.samplers.reinitialize import cost_of_init, reject_burn_in
from jgen.types import COUNTS, Array, DrawKind, Info, Key, LogDensity, PyTree, Sampler, Target, Trait

Kernel = Callable[[LogDensity], Sampler]
"""``kernel(log_density) -> sampler``, a Markov kernel for any density: ``Partial(hmc, step_size=0.3)``."""


class AnnealingPath(NamedTuple):
    """Geometric path of densities; a pytree, so that other data of the same shapes compile nothing.

    Attributes:
        base: q, normalised, positive wherever the target is; with exact draws and without batch axes.
        log_density: Of the target, position -> unnormalised ``[]``, in nats; bind data by ``Partial``.
    """

    base: Distribution
    log_density: LogDensity


def check_path(path: AnnealingPath) -> AnnealingPath:
    """Check a path and bind its density.

    Raises:
        ValueError: If the base is batched.
        TypeError: If the log density of one draw of the base is not a scalar.
    """
    check_proposal(path.log_density, path.base)
    return AnnealingPath(path.base, as_partial(path.log_density))


def bind_kernel(kernel: Kernel) -> Partial:
    """Bind a kernel as a pytree of arrays, so that 0.3 and ``jnp.array(0.3)`` share a program."""
    return jax.tree.map(jnp.asarray, as_partial(kernel))


def check_ladder(betas: Any) -> Array:
    """Check inverse temperatures ``[temperature]``, which increase from 0 to 1.

    Raises:
        ValueError: If concrete ones do not.

    Example:
        >>> check_ladder([0.0, 1.0, 0.5])
        Traceback (most recent call last):
            ...
        ValueError: betas must rise from 0 to 1, ...; betas[2] = 0.5 does not lie above betas[1] = 1.0
    """
    expected = "betas must rise from 0 to 1, e.g. jnp.linspace(0, 1, 20)"
    betas = jnp.asarray(betas, float)
    if betas.ndim != 1 or betas.size < 2:
        raise ValueError(f"{expected}; got shape {betas.shape}")
    if not is_traced(betas):
        ladder = np.asarray(betas)
        drops = np.flatnonzero(~(np.diff(ladder) > 0))
        if drops.size:
            low, high = drops[0], drops[0] + 1
            raise ValueError(
                f"{expected}; betas[{high}] = {ladder[high]} does not lie above betas[{low}] = {ladder[low]}"
            )
        if ladder[0] != 0 or ladder[-1] != 1:
            raise ValueError(f"{expected}; these run from {ladder[0]} to {ladder[-1]}")
    return betas


def path_log_density(path: AnnealingPath, beta: Array, position: PyTree) -> Array:
    """Return the log density at ``beta []``; either end alone, even where the other is -inf."""
    of_base = jnp.where(beta < 1, (1 - beta) * log_prob_of(path.base, position), 0.0)
    return of_base + jnp.where(beta > 0, beta * path.log_density(position), 0.0)


def temperature_of(log_density: Partial) -> Array:
    """Return the beta ``[]`` of a log density that ``move`` gives to a kernel: its step may depend on it."""
    _, beta = log_density.args
    return beta


def log_ratio(path: AnnealingPath, position: PyTree) -> tuple[Array, Array]:
    """Return ``log p~ - log q``, the derivative of the log density by beta ``[]``; costs one log density.

    Where a density is NaN or +inf the ratio is -inf, a weight of zero, and the second value is True.
    """
    ratio = path.log_density(position) - log_prob_of(path.base, position)
    invalid = ~(ratio < jnp.inf)
    return jnp.where(invalid, -jnp.inf, ratio), invalid


def log_increment(rise: Array, ratio: Array) -> Array:
    """Return the log-weight of an increase in beta; a ratio of -inf is always a weight of zero."""
    return jnp.where(ratio == -jnp.inf, -jnp.inf, rise * ratio)


def move(
    path: AnnealingPath, kernel: Kernel, num_steps: Array, beta: Array, key: Key, position: PyTree
) -> tuple[PyTree, dict[str, Array]]:
    """Initialise a kernel for the density at ``beta`` and make some of its steps.

    Args:
        path: The path.
        kernel: Makes a Markov sampler of a log density.
        num_steps: Steps ``[]``.
        beta: Inverse temperature ``[]``.
        key: For the steps.
        position: Starting position.

    Returns:
        The last position, and the info of all steps: counts added up, that of ``init`` included, flags
        combined, and the mean ``acceptance_rate`` if there is one.

    Raises:
        ValueError: While tracing, if the kernel leaves no density invariant, or was made by ``burn_in``.
    """
    sampler = kernel(Partial(path_log_density, path, beta))
    reject_burn_in(sampler)
    init_key, step_key = jax.random.split(key)
    state = sampler.init(init_key, position)
    draws = jax.eval_shape(sampler.step, step_key, state)[1]
    if draws.kind is not DrawKind.MARKOV:
        raise ValueError(
            f"annealing needs kernels that leave a density invariant; this one makes {draws.kind.value} "
            "draws: take metropolis, mala, hmc or any other exact Markov kernel"
        )
    added = COUNTS | {"acceptance_rate"}
    info = zeros({name: leaf for name, leaf in draws.info.items() if name in added or leaf.dtype == bool})

    def one_step(index: Array, carry: tuple[PyTree, PyTree, dict]) -> tuple[PyTree, PyTree, dict]:
        state, _, info = carry
        state, draws = sampler.step(jax.random.fold_in(step_key, index), state)
        return state, draws.value, {name: entry + draws.info[name] for name, entry in info.items()}

    _, position, info = jax.lax.fori_loop(0, num_steps, one_step, (state, position, info))
    info |= {name: info[name] + cost for name, cost in cost_of_init(state).items()}
    if "acceptance_rate" in info:
        info["acceptance_rate"] = info["acceptance_rate"] / num_steps
    return position, info


def merge_info(info: Info) -> dict[str, Array]:
    """Merge the info of many moves, ``[move]`` at every leaf: sums of counts, any flag, mean rates ``[]``."""

    def merge(name: str, entry: Array) -> Array:
        if entry.dtype == bool:
            return entry.any()
        return entry.mean() if name == "acceptance_rate" else entry.sum()

    return {name: merge(name, entry) for name, entry in info.items()}


def path_recipe(
    make: Callable[..., Sampler], target: Target, scale: float | Array, **options: Any
) -> Recipe | None:
    """Make a sampler along the path to a target; None for targets without a proposal or gradients.

    Its kernel is HMC of two leapfrog steps, scaled by the target's variances.
    """
    if target.proposal is None or Trait.DISCRETE in target.traits:
        return None
    path = AnnealingPath(target.proposal, target.log_density)
    kernel = Partial(hmc, step_size=0.5 * scale, num_steps=2, inverse_mass_matrix=target.variance)
    return Recipe(make(path, kernel, **options), None)
