"""Keep one variable of each draw."""

from dataclasses import replace

from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.types import Draws, Key, PyTree, Sampler


def select(sampler: Sampler, name: str) -> Sampler:
    """Keep one variable of each draw of a model, and drop the others.

    This gives the marginal: a draw of (x, y) without y is a draw of x, with the same weight.

    Args:
        sampler: A sampler whose draws are dicts.
        name: Variable to keep; structural, another name compiles another program.

    Returns:
        A sampler with the same state and the same kind of draws.

    Raises:
        ValueError: While it is traced, if the draws have no such variable.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jgen.samplers import ancestral
        >>> from jgen.sampling import sample
        >>> def x():
        ...     return dist.Normal(0.0, 1.0)
        >>> def y(x):
        ...     return dist.Normal(x, 1.0)
        >>> y = select(ancestral({"x": x, "y": y}), "y")
        >>> run = sample(jax.random.key(0), y, num_draws=5, num_chains=2)
        >>> run.draws.value.shape
        (2, 5)
    """
    return Sampler(sampler.init, Partial(bind_static(select_step, name=name), sampler.step))


def select_step(step: Partial, key: Key, state: PyTree, *, name: str) -> tuple[PyTree, Draws]:
    """Make one step of the sampler."""
    state, draws = step(key, state)
    if not isinstance(draws.value, dict) or name not in draws.value:
        has = ", ".join(draws.value) if isinstance(draws.value, dict) else "no names"
        raise ValueError(f"select: the draws have no variable {name!r}; they have {has}")
    return state, replace(draws, value=draws.value[name])
