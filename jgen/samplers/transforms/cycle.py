"""Combine kernels by making a step of each in turn."""

import jax
from jax.tree_util import Partial

from jgen.samplers.reinitialize import reinitialize, reject_burn_in
from jgen.samplers.transforms.join_info import join_info
from jgen.types import Array, DrawKind, Draws, Key, PyTree, Sampler

RATE = "acceptance_rate"


def cycle(*samplers: Sampler) -> Sampler:
    """Make a step of each Markov sampler in turn, on one position.

    Each kernel leaves the target invariant, so their composition does. A kernel is
    re-initialised at the position left by the one before, as its cached density and gradient are stale; that
    counts as one more gradient, or density, where its state has one. Its ``tuning`` is kept.
    ``jgen.sampling.adaptation.per_member`` adapts the members.

    Args:
        *samplers: Two or more Markov samplers of one target.

    Returns:
        A Markov sampler, or a biased one if a member is; its state is the tuple of theirs, its draw the
        position after the last, its info that of the last kernel, with counts and flags added up over all,
        and with the acceptance rate of member i as ``acceptance_rate_i``.

    Raises:
        ValueError: If there are fewer than two samplers, or one is no Markov kernel or a ``burn_in``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc, metropolis
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> both = cycle(metropolis(log_density), hmc(log_density, num_steps=3))
        >>> run = sample(jax.random.key(0), both, num_draws=5, num_chains=2, position=jnp.zeros((2, 1)))
        >>> int(run.draws.info["num_grads"][0, 0])  # 3 leapfrog steps, 1 to re-initialise
        4
    """
    if len(samplers) < 2:
        raise ValueError(f"cycle takes two samplers or more; got {len(samplers)}")
    for sampler in samplers:
        reject_burn_in(sampler)
    return Sampler(Partial(cycle_init, samplers), Partial(cycle_step, samplers))


def cycle_init(samplers: tuple[Sampler, ...], key: Key, position: PyTree | None) -> tuple[PyTree, ...]:
    """Initialise every kernel at the same position."""
    keys = jax.random.split(key, len(samplers))
    return tuple(sampler.init(key, position) for sampler, key in zip(samplers, keys, strict=True))


def cycle_step(
    samplers: tuple[Sampler, ...], key: Key, states: tuple[PyTree, ...]
) -> tuple[tuple[PyTree, ...], Draws]:
    """Make a step of every kernel in turn; each starts where the one before it stopped."""
    keys = jax.random.split(key, (len(samplers), 2))
    position, new_states, kind = position_of(states), [], DrawKind.MARKOV
    joined: dict[str, Array] = {}
    rates: dict[str, Array] = {}
    varying: set[str] = set()
    for index, (sampler, state, (init_key, step_key)) in enumerate(zip(samplers, states, keys, strict=True)):
        initial = reinitialize(sampler, init_key, position, state)
        state, draws = sampler.step(step_key, initial.state)
        if draws.kind not in (DrawKind.MARKOV, DrawKind.BIASED):
            raise ValueError(
                f"cycle composes Markov kernels; one of its members makes {draws.kind.value} draws"
            )
        kind = draws.kind if kind is DrawKind.MARKOV else kind
        info = dict(draws.info)
        varying |= info.keys() - draws.constant
        rates |= {f"{RATE}_{index}{name}": rate for name, rate in pop_rates(info).items()}
        for name, cost in initial.cost.items():
            info[name] = info[name] + cost
        joined = {
            name: join_info(name, joined[name], entry) if name in joined else entry
            for name, entry in info.items()
        }
        position = draws.value
        new_states.append(state)
    return tuple(new_states), Draws(position, joined | rates, None, kind, frozenset(joined.keys() - varying))


def position_of(states: tuple[PyTree, ...]) -> PyTree:
    """Return the position of the last member; for a cycle inside a cycle, that of its own last member."""
    last = states[-1]
    if hasattr(last, "position"):
        return last.position
    if type(last) is tuple and last:
        return position_of(last)
    raise TypeError(
        "cycle moves its members to each other's positions, so their states must have a field "
        f"position; {type(last).__name__} has none"
    )


def pop_rates(info: dict[str, Array]) -> dict[str, Array]:
    """Pop a member's acceptance rate from its info, and those of members inside it, by suffix."""
    inside = [name for name in info if name.startswith(f"{RATE}_")]
    own = {"": info[RATE]} if RATE in info else {}
    return own | {name.removeprefix(RATE): info.pop(name) for name in inside}
