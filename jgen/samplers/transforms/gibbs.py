"""An exact draw of one variable given the others."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.samplers.transforms.split_position import check_names, part
from jgen.types import DrawKind, Draws, Key, PyTree, Sampler


class GibbsState(NamedTuple):
    """Where the whole stands; there is nothing else to know."""

    position: Mapping[str, Any]


def gibbs(conditional: Callable[[Mapping[str, Any]], Any], name: str) -> Sampler:
    r"""Draws one variable from a full conditional that the user knows, and holds the rest.

    .. math:: x_B \sim p(x_B \mid x_R)

    It asks no log density, so it cannot know whether the conditional is that of the target:
    ``jgen.testing.check_sampler`` can. Several variables at once are one variable that holds an array. Alone
    it never moves the rest: put such draws together by ``cycle``, with others or with ``block``.

    Args:
        conditional: The other variables, a dict -> a NumPyro distribution without batch axes, or anything
            with ``sample(key)``; bind data by ``Partial``.
        name: The variable to draw.

    Returns:
        A Markov sampler of whole positions. A draw that is not finite is not taken, and flagged as
        ``invalid``.

    Raises:
        ValueError: While tracing, if the position lacks the name, or the conditional is batched or draws
            another shape or type.
        TypeError: While tracing, if the position is no dict.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.sampling.driver import sample
        >>> from jgen.samplers import cycle
        >>> def x_given(rest):  # of a Gaussian with unit variances and correlation 0.6
        ...     return dist.Normal(0.6 * rest["y"], 0.8)
        >>> def y_given(rest):
        ...     return dist.Normal(0.6 * rest["x"], 0.8)
        >>> sweep = cycle(gibbs(x_given, "x"), gibbs(y_given, "y"))
        >>> start = {"x": jnp.zeros(100), "y": jnp.zeros(100)}
        >>> run = sample(jax.random.key(0), sweep, num_draws=200, num_chains=100, position=start)
        >>> bool(abs((run.draws.value["x"] * run.draws.value["y"]).mean() - 0.6) < 0.05)
        True

    Reference:
        Geman and Geman (1984), "Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of
        images", IEEE PAMI 6(6).
    """
    check_names("gibbs", (name,))
    return Sampler(Partial(gibbs_init), Partial(bind_static(gibbs_step, name=name), as_partial(conditional)))


def gibbs_init(key: Key, position: PyTree) -> GibbsState:
    """Spends nothing."""
    del key
    return GibbsState(position)


def gibbs_step(conditional: Partial, key: Key, state: GibbsState, *, name: str) -> tuple[GibbsState, Draws]:
    """One draw of the conditional."""
    moved, rest = part("gibbs", state.position, (name,))
    source = conditional(rest)
    old, value = moved[name], source.sample(key)
    batch = getattr(source, "batch_shape", ())
    if batch != () or (value.shape, value.dtype) != (old.shape, old.dtype):
        raise ValueError(
            f"the conditional of {name} must draw one value of shape {old.shape} and type {old.dtype}; it "
            f"draws {value.shape} {value.dtype}, in a batch of shape {batch}: make it part of the event with "
            ".to_event(), or start the chain at such a value"
        )
    invalid = ~jnp.all(jnp.isfinite(value))
    position = {**rest, name: jnp.where(invalid, old, value)}
    info = {"invalid": invalid, "num_grads": jnp.int32(0), "num_log_densities": jnp.int32(0)}
    return GibbsState(position), Draws(position, info, None, DrawKind.MARKOV)
