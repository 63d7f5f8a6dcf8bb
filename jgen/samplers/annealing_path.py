r"""Annealing: a path of densities from one that is known to one that is wanted, and a step along it.

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
from jgen._internal.validation import is_traced
from jgen.samplers.input_checks import check_proposal
from jgen.samplers.leapfrog import trajectory
from jgen.samplers.reinitialize import cost_of_init, refuse_burn_in
from jgen.samplers.state import ChainState, gradient_init
from jgen.types import Array, DrawKind, Draws, Info, Key, LogDensity, PyTree, Sampler, Target, Trait

Kernel = Callable[[LogDensity], Sampler]
"""``kernel(log_density) -> sampler``, a Markov kernel for any density: ``Partial(hmc, step_size=0.3)``."""


class AnnealingPath(NamedTuple):
    """A geometric path; it is a value, so that one with other data of the same shapes compiles nothing.

    Attributes:
        base: q, normalised, with exact draws and without batch axes; it covers the target.
        log_density: Of the target, position -> unnormalised ``[]``, in nats; bind data by ``Partial``.
    """

    base: Distribution
    log_density: LogDensity


def check_path(path: AnnealingPath) -> AnnealingPath:
    """The path with its density bound.

    Raises:
        ValueError: If the base is batched.
        TypeError: If the log density of one draw of the base is not a scalar.
    """
    check_proposal(path.log_density, path.base)
    return AnnealingPath(path.base, as_partial(path.log_density))


def bound_kernel(kernel: Kernel) -> Partial:
    """The kernel as a pytree whose numbers are arrays, so that 0.3 and ``jnp.array(0.3)`` are one program."""
    return jax.tree.map(jnp.asarray, as_partial(kernel))


def checked_ladder(betas: Any) -> Array:
    """Inverse temperatures ``[temperature]``, rising from 0 to 1.

    Raises:
        ValueError: If concrete ones do not.

    Example:
        >>> checked_ladder([0.0, 1.0, 0.5])
        Traceback (most recent call last):
            ...
        ValueError: betas must rise from 0 to 1, ...; betas[2] = 0.5 does not lie above betas[1] = 1.0
    """
    wanted = "betas must rise from 0 to 1, e.g. jnp.linspace(0, 1, 20)"
    betas = jnp.asarray(betas, float)
    if betas.ndim != 1 or betas.size < 2:
        raise ValueError(f"{wanted}; got shape {betas.shape}")
    if not is_traced(betas):
        ladder = np.asarray(betas)
        falls = np.flatnonzero(~(np.diff(ladder) > 0))
        if falls.size:
            low, high = falls[0], falls[0] + 1
            raise ValueError(
                f"{wanted}; betas[{high}] = {ladder[high]} does not lie above betas[{low}] = {ladder[low]}"
            )
        if ladder[0] != 0 or ladder[-1] != 1:
            raise ValueError(f"{wanted}; these run from {ladder[0]} to {ladder[-1]}")
    return betas


def path_log_density(path: AnnealingPath, beta: Array, position: PyTree) -> Array:
    """The density at ``beta []``; at either end only that end counts, even where the other is -inf."""
    near = jnp.where(beta < 1, (1 - beta) * path.base.log_prob(position), 0.0)
    return near + jnp.where(beta > 0, beta * path.log_density(position), 0.0)


def log_ratio(path: AnnealingPath, position: PyTree) -> tuple[Array, Array]:
    """``log p~ - log q`` ``[]``: how fast the log density rises with beta; spends one log density.

    Where a density cannot be used (NaN or +inf) the ratio is -inf, a weight of zero, and the second value
    says so.
    """
    ratio = path.log_density(position) - path.base.log_prob(position)
    invalid = ~(ratio < jnp.inf)
    return jnp.where(invalid, -jnp.inf, ratio), invalid


def scaled(rise: Array, ratio: Array) -> Array:
    """The log-weight of a rise in beta; a ratio of -inf is a weight of zero after no rise too."""
    return jnp.where(ratio == -jnp.inf, -jnp.inf, rise * ratio)


def move(
    path: AnnealingPath, kernel: Kernel, num_steps: Array, beta: Array, key: Key, position: PyTree
) -> tuple[PyTree, dict[str, Array]]:
    """Some steps of a kernel that leaves the density at ``beta`` invariant, which starts afresh there.

    Args:
        path: The path.
        kernel: Makes a Markov sampler of a log density.
        num_steps: Steps ``[]``.
        beta: Where on the path ``[]``.
        key: Moves it.
        position: Where it stands.

    Returns:
        Where it stands then, and the facts of all steps: counts added up, that of ``init`` included, flags
        that stay up, the mean ``acceptance_rate`` if there is one.

    Raises:
        ValueError: While tracing, if the kernel leaves no density invariant, or burns in.
    """
    sampler = kernel(Partial(path_log_density, path, beta))
    refuse_burn_in(sampler)
    init_key, step_key = jax.random.split(key)
    state = sampler.init(init_key, position)
    draws = jax.eval_shape(sampler.step, step_key, state)[1]
    if draws.kind is not DrawKind.MARKOV:
        raise ValueError(
            f"annealing moves by kernels that leave a density invariant; this one makes {draws.kind.value} "
            "draws: take metropolis, mala, hmc or any other exact Markov kernel"
        )
    facts = {
        name: jnp.zeros(fact.shape, fact.dtype)
        for name, fact in draws.info.items()
        if name in ("num_grads", "num_log_densities", "acceptance_rate") or fact.dtype == bool
    }

    def advance(index: Array, carry: tuple[PyTree, PyTree, dict]) -> tuple[PyTree, PyTree, dict]:
        state, _, facts = carry
        state, draws = sampler.step(jax.random.fold_in(step_key, index), state)
        return state, draws.value, {name: old + draws.info[name] for name, old in facts.items()}

    _, position, facts = jax.lax.fori_loop(0, num_steps, advance, (state, position, facts))
    facts |= {name: facts[name] + cost for name, cost in cost_of_init(state).items()}
    if "acceptance_rate" in facts:
        facts["acceptance_rate"] = facts["acceptance_rate"] / num_steps
    return position, facts


def merge(facts: Info) -> dict[str, Array]:
    """Facts of many moves, ``[move]`` at every leaf, as those of one: counts, flags, mean rates ``[]``."""
    return {
        name: fact.any() if fact.dtype == bool else fact.mean() if name == "acceptance_rate" else fact.sum()
        for name, fact in facts.items()
    }


def local_kernel(target: Target, scale: float | Array) -> Partial | None:
    """What recipes move by: short trajectories in the target's own units; None if it has no gradients."""
    if Trait.DISCRETE in target.traits:
        return None
    return Partial(short_trajectories, jnp.asarray(0.5 * scale), inverse_mass_matrix=target.variance)


def short_trajectories(step_size: Array, log_density: LogDensity, inverse_mass_matrix: Array) -> Sampler:
    """HMC of two leapfrogs."""
    init = Partial(gradient_init, log_density, step_size, inverse_mass_matrix)
    return Sampler(init, Partial(short_trajectory, log_density))


def short_trajectory(log_density: LogDensity, key: Key, state: ChainState) -> tuple[ChainState, Draws]:
    """Two leapfrogs, taken or refused."""
    state, info, _ = trajectory(log_density, jnp.int32(2), key, state)
    return state, Draws(state.position, info, None, DrawKind.MARKOV)
