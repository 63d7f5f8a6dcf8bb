"""Adapting the members of a cycle."""

from dataclasses import replace

from jax.tree_util import Partial

from jgen.types import Adaptation, Array, Draws, PyTree


def per_member(*adaptations: Adaptation | None) -> Adaptation:
    """Adapts each member of a ``cycle`` by an adaptation of its own.

    An adaptation sees its member's states, or those of the kernel inside a ``block``, and the acceptance rate
    of that member alone.

    Args:
        *adaptations: One for each member, in the order of the cycle; None for a member to be left as it is,
            and ``per_member`` again for a cycle inside the cycle.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``.

    Raises:
        ValueError: While tracing, if there are not as many as members.
        TypeError: While tracing, if the sampler is no cycle, or a member has nothing to tune.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.adaptation import step_size
        >>> from jgen.samplers import mala, metropolis
        >>> from jgen.sampling.driver import sample
        >>> from jgen.samplers import cycle
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> run = sample(
        ...     jax.random.key(0), cycle(metropolis(log_density), mala(log_density, step_size=0.01)),
        ...     num_draws=100, num_chains=16, num_warmup=300, adaptation=per_member(None, step_size(0.574)),
        ...     position=jnp.zeros((16, 2)),
        ... )
        >>> walk, slide = run.state.states
        >>> float(walk.tuning.step_size[0]), bool(slide.tuning.step_size[0] > 1.0)
        (1.0, True)
    """
    return Adaptation(Partial(each_init, adaptations), Partial(each_update, adaptations))


def each_init(adaptations: tuple[Adaptation | None, ...], states: PyTree) -> tuple[tuple, PyTree]:
    """Every adaptation begins with its member."""
    if not isinstance(states, tuple) or hasattr(states, "_fields"):
        raise TypeError(
            f"each adapts the members of a cycle; {type(states).__name__} is the state of one sampler: pass "
            "its adaptation alone"
        )
    if len(adaptations) != len(states):
        raise ValueError(
            f"each takes one adaptation, or None, for every member; the cycle has {len(states)} and got "
            f"{len(adaptations)}"
        )
    reducer_states, adapted = [], []
    for adaptation, state in zip(adaptations, states, strict=True):
        memory, inner = (), kernel_of(state)
        if adaptation is not None:
            memory, inner = adaptation.init(inner)
        reducer_states.append(memory)
        adapted.append(with_kernel(state, inner))
    return tuple(reducer_states), tuple(adapted)


def each_update(
    adaptations: tuple[Adaptation | None, ...],
    reducer_states: tuple,
    states: tuple,
    draws: Draws,
    index: Array,
    num_warmup: Array,
) -> tuple[tuple, PyTree]:
    """Every adaptation learns from its member."""
    learned, adapted = [], []
    for number, (adaptation, memory, state) in enumerate(
        zip(adaptations, reducer_states, states, strict=True)
    ):
        inner = kernel_of(state)
        if adaptation is not None:
            memory, inner = adaptation.update(memory, inner, of_member(draws, number), index, num_warmup)
        learned.append(memory)
        adapted.append(with_kernel(state, inner))
    return tuple(learned), tuple(adapted)


def kernel_of(state: PyTree) -> PyTree:
    """The state itself, or that of the kernel inside a block."""
    return kernel_of(state.kernel) if hasattr(state, "kernel") else state


def with_kernel(state: PyTree, inner: PyTree) -> PyTree:
    """The state, with another one of the kernel inside."""
    return state._replace(kernel=with_kernel(state.kernel, inner)) if hasattr(state, "kernel") else inner


def of_member(draws: Draws, number: int) -> Draws:
    """A cycle's draws as a member sees them: with its own acceptance rate, and those of members inside it."""
    rate, own = "acceptance_rate", f"acceptance_rate_{number}"
    rates = {
        rate + name.removeprefix(own): fact
        for name, fact in draws.info.items()
        if name == own or name.startswith(f"{own}_")
    }
    rest = {name: fact for name, fact in draws.info.items() if not name.startswith(rate)}
    return replace(draws, info=rest | rates)
