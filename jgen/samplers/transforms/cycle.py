"""One kernel after another."""

import jax
from jax.tree_util import Partial

from jgen.samplers.reinitialize import refuse_burn_in, reinitialize
from jgen.samplers.transforms.join_info import join
from jgen.types import Array, DrawKind, Draws, Key, PyTree, Sampler

RATE = "acceptance_rate"


def cycle(*samplers: Sampler) -> Sampler:
    """One step of each Markov sampler in turn, on one position.

    Each kernel leaves the target invariant, so their composition does. A kernel that finds the
    position moved by another starts afresh there (its cached density and gradient would be stale),
    which is counted as one more gradient, or density, where it keeps one; what it learned in warm-up
    (``tuning``) it keeps. ``jgen.sampling.adaptation.per_member`` adapts the members.

    Args:
        *samplers: Two or more Markov samplers of one target.

    Returns:
        A Markov sampler, or a biased one if a member is; its state is the tuple of theirs, its draw the
        position after the last, its info that of the last kernel, with counts and flags added up over all,
        and with the acceptance rate of member i as ``acceptance_rate_i``.

    Raises:
        ValueError: If there are fewer than two samplers, or one is no Markov kernel or burns in.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import hmc, metropolis
        >>> from jgen.sampling.driver import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> both = cycle(metropolis(log_density), hmc(log_density, num_steps=3))
        >>> run = sample(jax.random.key(0), both, num_draws=5, num_chains=2, position=jnp.zeros((2, 1)))
        >>> int(run.draws.info["num_grads"][0, 0])  # 3 leapfrogs, 1 to look around after the walk
        4
    """
    if len(samplers) < 2:
        raise ValueError(f"cycle takes two samplers or more; got {len(samplers)}")
    for sampler in samplers:
        refuse_burn_in(sampler)
    return Sampler(Partial(cycle_init, samplers), Partial(cycle_step, samplers))


def cycle_init(samplers: tuple[Sampler, ...], key: Key, position: PyTree | None) -> tuple[PyTree, ...]:
    """Every kernel at the same position."""
    keys = jax.random.split(key, len(samplers))
    return tuple(sampler.init(key, position) for sampler, key in zip(samplers, keys, strict=True))


def cycle_step(
    samplers: tuple[Sampler, ...], key: Key, states: tuple[PyTree, ...]
) -> tuple[tuple[PyTree, ...], Draws]:
    """Every kernel in turn; each starts where the one before it stopped."""
    keys = jax.random.split(key, (len(samplers), 2))
    position, moved, law = position_of(states), [], DrawKind.MARKOV
    facts: dict[str, Array] = {}
    rates: dict[str, Array] = {}
    for index, (sampler, state, (init_key, step_key)) in enumerate(zip(samplers, states, keys, strict=True)):
        fresh = reinitialize(sampler, init_key, position, state)
        state, draws = sampler.step(step_key, fresh.state)
        if draws.kind not in (DrawKind.MARKOV, DrawKind.BIASED):
            raise ValueError(
                f"cycle composes Markov kernels; one of its members makes {draws.kind.value} draws"
            )
        law = draws.kind if law is DrawKind.MARKOV else law
        info = dict(draws.info)
        rates |= {f"{RATE}_{index}{name}": rate for name, rate in pop_rates(info).items()}
        for name, cost in fresh.cost.items():
            info[name] = info[name] + cost
        facts = {
            name: join(name, facts[name], fact) if name in facts else fact for name, fact in info.items()
        }
        position = draws.value
        moved.append(state)
    return tuple(moved), Draws(position, facts | rates, None, law)


def position_of(states: tuple[PyTree, ...]) -> PyTree:
    """Where the last member stands; a cycle inside a cycle stands where its own last member does."""
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
    """A member's acceptance rate, under no name, and those of members inside it, which it no longer tells."""
    inside = [name for name in info if name.startswith(f"{RATE}_")]
    own = {"": info[RATE]} if RATE in info else {}
    return own | {name.removeprefix(RATE): info.pop(name) for name in inside}
