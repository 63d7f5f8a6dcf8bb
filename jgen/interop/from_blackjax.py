"""BlackJAX's algorithms as samplers."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.interop.counted_density import counted, marked
from jgen.interop.external_kernel import (
    PeerState,
    Structure,
    among_peers,
    divide,
    finish,
    inverse_mass_matrix_of,
    tuning_of,
    unite,
)
from jgen.samplers.input_checks import check_position
from jgen.samplers.state import Tuning
from jgen.types import Array, DrawKind, Draws, Key, LogDensity, PyTree, Sampler


def from_blackjax(
    build: Callable[..., Any], log_density: LogDensity, *, law: DrawKind = DrawKind.MARKOV, **parameters: Any
) -> Sampler:
    """A sampler of jgen that moves as a BlackJAX algorithm does.

    A ``SamplingAlgorithm`` holds closures, and a closure is another function each time it is made. So the
    algorithm is built inside the step, from what is bound here, and a sampler made again with other data is
    the same program. Parameters that are floats or arrays are data; whole numbers, flags and functions
    are structure, and other ones compile anew (``jnp.int32(10)`` leapfrogs are data, ``10`` are not).

    Evaluations of the log density are counted as the program makes them, whatever the algorithm says. A
    move to where the log density is NaN, or +inf, or has a gradient that is not finite, is not taken, and
    flagged as ``diverging``. If a ``step_size`` is among the parameters, warm-up can learn it by
    ``jgen.sampling.adaptation``, and an ``inverse_mass_matrix`` that is an array, too: what ``low_rank``
    learns is a full matrix to the algorithm.

    Args:
        build: BlackJAX's name for the algorithm, ``blackjax.nuts``, or any function of a module that takes a
            log density and parameters to a ``SamplingAlgorithm``.
        log_density: Position -> unnormalised log density ``[]``, in nats; bind data by ``Partial``.
        law: ``DrawKind.BIASED`` for algorithms that do not leave the target invariant, as ``blackjax.mclmc``.
        **parameters: Passed on to ``build``.

    Returns:
        A Markov sampler. Facts of a draw come under ArviZ's names. (BlackJAX's HMC reports the energy of
        its proposal; only an energy that is the draw's own is passed on.)

    Raises:
        TypeError: If ``build`` is an algorithm already built, or a parameter can be no part of a program;
            while tracing, if the state of the algorithm has no position.

    Example:
        >>> import blackjax, jax, jax.numpy as jnp
        >>> from jgen.sampling.adaptation import window
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> nuts = from_blackjax(blackjax.nuts, log_density, step_size=0.1, inverse_mass_matrix=jnp.ones(3))
        >>> run = sample(
        ...     jax.random.key(0), nuts, num_draws=50, num_chains=4,
        ...     num_warmup=100, adaptation=window(), position=jnp.ones((4, 3)),
        ... )
        >>> bool((run.draws.info["num_grads"] == run.draws.info["n_steps"]).all())
        True

    Reference:
        Cabezas et al. (2024), "BlackJAX: composable Bayesian inference in JAX", arXiv 2402.10797.
    """
    if hasattr(build, "step"):
        raise TypeError(
            "from_blackjax builds the algorithm itself, since closures would be compiled anew each time; "
            "pass what builds it, e.g. from_blackjax(blackjax.hmc, log_density, step_size=0.1, ...)"
        )
    build = getattr(build, "differentiable", build)
    data, structure = divide(parameters)
    options = {"build": build, "structure": structure}
    return Sampler(
        Partial(bind_static(blackjax_init, **options), as_partial(log_density), data),
        Partial(bind_static(blackjax_step, kind=law, **options), as_partial(log_density), data),
    )


def blackjax_init(
    log_density: LogDensity,
    data: list[Array | None],
    key: Key,
    position: PyTree,
    *,
    build: Callable[..., Any],
    structure: Structure,
) -> PeerState:
    """Spends what the algorithm spends."""
    check_position(log_density, position, "an algorithm of BlackJAX")
    parameters = unite(structure, data)
    with among_peers(log_density) as density:
        state = build(density, **parameters).init(position, key)
    if not hasattr(state, "position"):
        raise TypeError(f"from_blackjax moves one position; {type(state).__name__} has none")
    tuning = tuning_of(parameters.get("step_size"), parameters.get("inverse_mass_matrix"), position)
    return as_peer(state, tuning)


def as_peer(state: Any, tuning: Any) -> PeerState:
    """BlackJAX's state by jgen's names."""
    gradient = getattr(state, "logdensity_grad", None)
    flat = None if gradient is None else ravel_pytree(gradient)[0]
    return PeerState(state.position, jnp.asarray(state.logdensity), flat, tuning, state)


def blackjax_step(
    log_density: LogDensity,
    data: list[Array | None],
    key: Key,
    state: PeerState,
    *,
    build: Callable[..., Any],
    structure: Structure,
    law: DrawKind,
) -> tuple[PeerState, Draws]:
    """One step of the algorithm, built with what warm-up has learned."""
    parameters = unite(structure, data)
    if state.tuning is not None:
        parameters |= {"step_size": state.tuning.step_size}
    if isinstance(state.tuning, Tuning):
        parameters |= {"inverse_mass_matrix": inverse_mass_matrix_of(state.tuning.inverse_mass_factor)}
    with among_peers(marked(log_density)) as density:
        (peer, info), *costs = counted(build(density, **parameters).step, key, state.peer)
    facts = info._asdict()
    if "is_accepted" in facts:
        facts.pop("energy", None)
    return finish(law, state, as_peer(peer, state.tuning), facts, *costs)
