"""Keep every n-th draw."""

import jax
from jax.tree_util import Partial

from jgen._internal.threefry import fold_in
from jgen._internal.validation import check_count
from jgen.samplers.transforms.join_info import join_info
from jgen.types import Array, Draws, Key, PyTree, Sampler


def thin(sampler: Sampler, num_steps: int | Array) -> Sampler:
    """Make ``num_steps`` steps of a sampler one step, and return the last of its draws.

    Counts are summed over the steps and flags are combined, so that no gradient or divergence is lost with
    a discarded draw; of other integers (a tree's depth) the largest is kept, of measurements the last.

    Args:
        sampler: Any sampler.
        num_steps: Steps a draw, at least 1; data, so a new number compiles nothing.

    Returns:
        A sampler with the same state and the same kind of draws.

    Raises:
        ValueError: If ``num_steps`` is below 1.
        TypeError: If it is no integer.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import mala
        >>> from jgen.sampling import sample
        >>> def log_density(x):
        ...     return -0.5 * jnp.sum(x**2)
        >>> sampler = thin(mala(log_density), 3)
        >>> run = sample(jax.random.key(0), sampler, num_draws=5, num_chains=2, position=jnp.zeros((2, 1)))
        >>> run.draws.info["num_grads"].tolist()
        [[3, 3, 3, 3, 3], [3, 3, 3, 3, 3]]
    """
    return Sampler(sampler.init, Partial(thin_step, sampler, check_count("thin: num_steps", num_steps)))


def thin_step(sampler: Sampler, num_steps: Array, key: Key, state: PyTree) -> tuple[PyTree, Draws]:
    """Make ``num_steps`` steps of the sampler."""

    def one_step(index: Array, carry: tuple[PyTree, Draws]) -> tuple[PyTree, Draws]:
        state, last = carry
        state, draws = sampler.step(fold_in(key, index), state)
        info = {name: join_info(name, last.info[name], value) for name, value in draws.info.items()}
        return state, Draws(draws.value, info, draws.log_weight, draws.kind, draws.constant)

    first = sampler.step(fold_in(key, 0), state)
    return jax.lax.fori_loop(1, num_steps, one_step, first)
