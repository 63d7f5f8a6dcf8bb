"""Draw one variable exactly given the others."""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.samplers.accept import evaluations
from jgen.samplers.state import PositionState
from jgen.samplers.transforms.split_position import check_names, split_position
from jgen.types import COUNTS, DrawKind, Draws, Key, PyTree, Sampler


def gibbs(conditional: Callable[[Mapping[str, Any]], Any], name: str) -> Sampler:
    r"""Draw one variable from a given full conditional, and fix the rest.

    .. math:: x_B \sim p(x_B \mid x_R)

    It uses no log density, so it cannot check that the conditional is that of the target:
    ``jgen.testing.check_sampler`` can. Several variables at once are one variable that holds an array. Alone
    it never moves the rest: combine such draws by ``cycle``, with others or with ``block``.

    Args:
        conditional: The other variables, a dict -> a NumPyro distribution without batch axes, or anything
            with ``sample(key)``; bind data by ``Partial``.
        name: The variable to draw.

    Returns:
        A Markov sampler of whole positions. A draw that is not finite is rejected and flagged as
        ``invalid``.

    Raises:
        ValueError: While tracing, if the position lacks the name, or the conditional is batched or draws
            another shape or type.
        TypeError: While tracing, if the position is no dict.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.sampling import sample
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


def gibbs_init(key: Key, position: PyTree) -> PositionState:
    """Initialise at the position; costs nothing."""
    del key
    return PositionState(position)


def gibbs_step(
    conditional: Partial, key: Key, state: PositionState, *, name: str
) -> tuple[PositionState, Draws]:
    """Draw from the conditional once."""
    moved, rest = split_position("gibbs", state.position, (name,))
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
    info = {"invalid": invalid, **evaluations()}
    return PositionState(position), Draws(position, info, None, DrawKind.MARKOV, COUNTS)
