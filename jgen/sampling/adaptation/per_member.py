"""Adapt the members of a cycle."""

from dataclasses import replace

from jax.tree_util import Partial

from jgen.types import Adaptation, Array, Draws, PyTree


def per_member(*adaptations: Adaptation | None) -> Adaptation:
    """Adapt each member of a ``cycle`` by its own adaptation.

    An adaptation gets the states of its member, or of the kernel inside a ``block``, and the acceptance rate
    of that member only.

    Args:
        *adaptations: One for each member, in the order of the cycle; None for a member that is not adapted,
            and another ``per_member`` for a cycle inside the cycle.

    Returns:
        An adaptation for ``sample(..., num_warmup=..., adaptation=...)``.

    Raises:
        ValueError: While tracing, if there are not as many as members.
        TypeError: While tracing, if the sampler is no cycle, or a member has nothing to tune.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.sampling.adaptation import step_size
        >>> from jgen.samplers import mala, metropolis
        >>> from jgen.sampling import sample
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
    return Adaptation(Partial(per_member_init, adaptations), Partial(per_member_update, adaptations))


def per_member_init(adaptations: tuple[Adaptation | None, ...], states: PyTree) -> tuple[tuple, PyTree]:
    """Initialise every adaptation with its member."""
    if not isinstance(states, tuple) or hasattr(states, "_fields"):
        raise TypeError(
            f"per_member adapts the members of a cycle; {type(states).__name__} is the state of one sampler: "
            "pass its adaptation alone"
        )
    if len(adaptations) != len(states):
        raise ValueError(
            f"per_member takes one adaptation, or None, for every member; the cycle has {len(states)}, "
            f"got {len(adaptations)} adaptations"
        )
    pairs = []
    for adaptation, state in zip(adaptations, states, strict=True):
        own, inner = ((), kernel_of(state)) if adaptation is None else adaptation.init(kernel_of(state))
        pairs.append((own, with_kernel(state, inner)))
    adaptation_states, adapted = zip(*pairs, strict=True)
    return adaptation_states, adapted


def per_member_update(
    adaptations: tuple[Adaptation | None, ...],
    adaptation_states: tuple,
    states: tuple,
    draws: Draws,
    index: Array,
    num_warmup: Array,
) -> tuple[tuple, PyTree]:
    """Update every adaptation with its member."""
    pairs = []
    for number, (adaptation, own, state) in enumerate(
        zip(adaptations, adaptation_states, states, strict=True)
    ):
        inner = kernel_of(state)
        if adaptation is not None:
            own, inner = adaptation.update(own, inner, member_draws(draws, number), index, num_warmup)
        pairs.append((own, with_kernel(state, inner)))
    adaptation_states, adapted = zip(*pairs, strict=True)
    return adaptation_states, adapted


def kernel_of(state: PyTree) -> PyTree:
    """Return the state itself, or that of the kernel inside a block."""
    return kernel_of(state.kernel) if hasattr(state, "kernel") else state


def with_kernel(state: PyTree, inner: PyTree) -> PyTree:
    """Replace the state of the kernel inside."""
    return state._replace(kernel=with_kernel(state.kernel, inner)) if hasattr(state, "kernel") else inner


def member_draws(draws: Draws, number: int) -> Draws:
    """Return a cycle's draws with the acceptance rates of one member, and of members inside it."""
    rate, own = "acceptance_rate", f"acceptance_rate_{number}"
    rates = {
        rate + name.removeprefix(own): fact
        for name, fact in draws.info.items()
        if name == own or name.startswith(f"{own}_")
    }
    rest = {name: fact for name, fact in draws.info.items() if not name.startswith(rate)}
    return replace(draws, info=rest | rates)
