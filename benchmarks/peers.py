"""Run BlackJAX and NumPyro on the same density, from the same positions, with the same tuning."""

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from benchmarks.contenders import Contender, Drawn
from jgen.errors import UsageError
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree


class Problem(NamedTuple):
    """Density, positions and tuning that a peer starts from, found by a sampler of jgen.

    Attributes:
        log_density: ``[dim] -> []``.
        positions: ``[chain, dim]``.
        step_size: ``[]``.
        factor: Square roots of the inverse mass matrix ``[dim]``.
        num_steps: Leapfrog steps per draw, for kernels whose number is fixed.
    """

    log_density: LogDensity
    positions: Array
    step_size: Array
    factor: Array
    num_steps: int


class Kernel(NamedTuple):
    """Algorithm of a peer for one chain.

    Attributes:
        init: ``init(key, x [dim]) -> state``.
        step: ``step(key, state) -> (state, x [dim], num_grads [])``.
    """

    init: Callable[[Key, Array], PyTree]
    step: Callable[[Key, PyTree], tuple[PyTree, Array, Array]]


def peers(problem: Problem) -> list[Contender]:
    """Return every peer on this problem, each with the name of the sampler of jgen it is compared with.

    Args:
        problem: Positions and tuning of that sampler.

    Returns:
        The contenders; they compile when they first draw.

    Raises:
        UsageError: A library is not installed.
    """
    require("blackjax", "numpyro")
    return [contender(name, counterpart, kernel(problem), problem) for name, counterpart, kernel in KERNELS]


def require(*packages: str) -> None:
    """Check that the packages of the peers are installed.

    Raises:
        UsageError: Naming the package and how to install it.
    """
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise UsageError(
                f'--peers needs {package}, which cannot be imported ({error}): pip install -e ".[bench]"'
            ) from error


def contender(name: str, counterpart: str, kernel: Kernel, problem: Problem) -> Contender:
    """Return a kernel in the loop of its documentation: a jitted scan over draws, chains vmapped."""
    num_chains = len(problem.positions)
    counts_densities = counterpart == "metropolis"

    @partial(jax.jit, static_argnums=2)
    def run(key: Key, positions: Array, num_draws: int) -> tuple[Array, Array]:
        states = jax.vmap(kernel.init)(jax.random.split(key, num_chains), positions)

        def body(states: PyTree, key: Key) -> tuple[PyTree, tuple[Array, Array]]:
            states, x, num_grads = jax.vmap(kernel.step)(jax.random.split(key, num_chains), states)
            return states, (x, num_grads)

        return jax.lax.scan(body, states, jax.random.split(key, num_draws))[1]

    def draw(num_draws: int) -> Drawn:
        with jax.numpy_rank_promotion("allow"):
            values, num_grads = run(jax.random.key(3), problem.positions, num_draws)  # [draw, chain, ...]
        spent = int(num_grads.sum())
        densities = num_draws * num_chains if counts_densities else 0
        return Drawn(Draws(jnp.swapaxes(values, 0, 1), {}, None, DrawKind.MARKOV), spent, densities)

    return Contender(name, counterpart, draw)


def blackjax_kernel(
    algorithm: Any, num_grads: Callable[[Any], Array], unwhiten: Array | None = None
) -> Kernel:
    """Return a kernel of a BlackJAX algorithm; positions are in the units of x."""

    def step(key: Key, state: PyTree) -> tuple[PyTree, Array, Array]:
        state, info = algorithm.step(key, state)
        x = state.position if unwhiten is None else state.position * unwhiten
        return state, x, num_grads(info)

    def init(_: Key, x: Array) -> PyTree:
        return algorithm.init(x if unwhiten is None else x / unwhiten)

    return Kernel(init, step)


def blackjax_hmc(problem: Problem) -> Kernel:
    """Return HMC with a fixed number of leapfrog steps."""
    import blackjax

    algorithm = blackjax.hmc(problem.log_density, problem.step_size, problem.factor**2, problem.num_steps)
    return blackjax_kernel(algorithm, lambda info: info.num_integration_steps)


def blackjax_nuts(problem: Problem) -> Kernel:
    """Return the iterative NUTS."""
    import blackjax

    algorithm = blackjax.nuts(problem.log_density, problem.step_size, problem.factor**2)
    return blackjax_kernel(algorithm, lambda info: info.num_integration_steps)


def blackjax_mala(problem: Problem) -> Kernel:
    """Return MALA in whitened coordinates, as BlackJAX's has no mass matrix."""
    import blackjax

    def white(y: Array) -> Array:
        return problem.log_density(y * problem.factor)

    algorithm = blackjax.mala(white, problem.step_size**2 / 2)
    return blackjax_kernel(algorithm, lambda _: jnp.int32(1), problem.factor)


def blackjax_metropolis(problem: Problem) -> Kernel:
    """Return the Gaussian random walk."""
    import blackjax
    from blackjax.mcmc.random_walk import normal

    algorithm = blackjax.additive_step_random_walk(
        problem.log_density, normal(problem.step_size * problem.factor)
    )
    return blackjax_kernel(algorithm, lambda _: jnp.int32(0))


def numpyro_kernel(problem: Problem, algorithm: str, num_steps: int | None) -> Kernel:
    """Return NumPyro's HMC or NUTS as its ``MCMC`` vectorises it, without adaptation."""
    from numpyro.infer.hmc import hmc

    init_kernel, sample_kernel = hmc(lambda x: -problem.log_density(x), algo=algorithm)

    def init(key: Key, x: Array) -> PyTree:
        return init_kernel(
            x,
            num_warmup=0,
            step_size=problem.step_size,
            inverse_mass_matrix=problem.factor**2,
            adapt_step_size=False,
            adapt_mass_matrix=False,
            num_steps=num_steps,
            trajectory_length=None,
            rng_key=key,
        )

    def step(_: Key, state: Any) -> tuple[PyTree, Array, Array]:
        state = sample_kernel(state)
        return state, state.z, state.num_steps

    return Kernel(init, step)


def numpyro_hmc(problem: Problem) -> Kernel:
    """Return HMC with a fixed number of leapfrog steps."""
    return numpyro_kernel(problem, "HMC", problem.num_steps)


def numpyro_nuts(problem: Problem) -> Kernel:
    """Return the iterative NUTS."""
    return numpyro_kernel(problem, "NUTS", None)


KERNELS: list[tuple[str, str, Callable[[Problem], Kernel]]] = [
    ("blackjax hmc", "hmc", blackjax_hmc),
    ("numpyro hmc", "hmc", numpyro_hmc),
    ("blackjax nuts", "nuts", blackjax_nuts),
    ("numpyro nuts", "nuts", numpyro_nuts),
    ("blackjax mala", "mala", blackjax_mala),
    ("blackjax random walk", "metropolis", blackjax_metropolis),
]
