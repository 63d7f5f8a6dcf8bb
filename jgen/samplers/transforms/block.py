"""Update a block of variables by a kernel, given the others."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static
from jgen.samplers.reinitialize import reject_burn_in
from jgen.samplers.transforms.split_position import check_names, split_position
from jgen.types import Array, Draws, Key, LogDensity, PyTree, Sampler


class BlockState(NamedTuple):
    """State of a chain whose kernel moves some of the variables.

    Attributes:
        position: Of all variables.
        kernel: State of the kernel.
    """

    position: Mapping[str, Any]
    kernel: PyTree


def block(make: Callable[[LogDensity], Sampler], log_density: LogDensity, *names: str) -> Sampler:
    r"""Update the named variables of a position by any kernel, and fix the rest.

    With :math:`x = (x_B, x_R)`, the kernel is made for the full conditional
    :math:`\log p(x_B \mid x_R) = \log \tilde p(x_B, x_R) + const`, so it leaves :math:`\tilde p` invariant
    for any kernel. Alone it never moves the rest: combine blocks that cover all variables by ``cycle``, which
    is Metropolis within Gibbs.

    Args:
        make: Log density -> a Markov sampler. ``Partial(hmc, num_steps=3)`` compiles nothing when rebuilt;
            bind what is structural by ``bind_static``, as in ``Partial(bind_static(nuts,
            max_depth=5))``.
        log_density: Of the whole position, a dict -> ``[]``, in nats; bind data by ``Partial``.
        *names: The variables to move. The kernel's position is the dict of these.

    Returns:
        A Markov sampler of whole positions; its info is that of the kernel.

    Raises:
        ValueError: Without names; while tracing, if the position lacks one or the kernel is a ``burn_in``.
        TypeError: While tracing, if the position is no dict.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.samplers import discrete_gibbs, mala
        >>> from jgen.sampling import sample
        >>> from jgen.samplers import cycle
        >>> def log_density(position):  # a fair coin chooses which of two normals x is from
        ...     return -0.5 * (position["x"] - 4.0 * position["coin"]) ** 2
        >>> flip = block(Partial(bind_static(discrete_gibbs, num_values=2)), log_density, "coin")
        >>> both = cycle(flip, block(mala, log_density, "x"))
        >>> start = {"coin": jnp.zeros(16, int), "x": jnp.zeros(16)}
        >>> run = sample(jax.random.key(0), both, num_draws=1000, num_chains=16, position=start)
        >>> bool(abs(run.draws.value["coin"].mean() - 0.5) < 0.1)
        True

    Reference:
        Tierney (1994), "Markov chains for exploring posterior distributions", Annals of Statistics 22(4).
    """
    check_names("block", names)
    make, log_density = as_partial(make), as_partial(log_density)
    return Sampler(
        Partial(bind_static(block_init, names=names), make, log_density),
        Partial(bind_static(block_step, names=names), make, log_density),
    )


def block_init(
    make: Partial, log_density: Partial, key: Key, position: PyTree, *, names: tuple[str, ...]
) -> BlockState:
    """Initialise the kernel at the named variables."""
    moved, rest = split_position("block", position, names)
    sampler = make(Partial(conditional_density, log_density, rest))
    reject_burn_in(sampler)
    return BlockState(position, sampler.init(key, moved))


def block_step(
    make: Partial, log_density: Partial, key: Key, state: BlockState, *, names: tuple[str, ...]
) -> tuple[BlockState, Draws]:
    """Make one step of the kernel, given the rest."""
    _, rest = split_position("block", state.position, names)
    sampler = make(Partial(conditional_density, log_density, rest))
    kernel, draws = sampler.step(key, state.kernel)
    position = {**rest, **draws.value}
    return BlockState(position, kernel), replace(draws, value=position)


def conditional_density(log_density: LogDensity, rest: Mapping[str, Any], moved: Mapping[str, Any]) -> Array:
    """Return the log density of some variables given the rest, up to a constant."""
    return log_density({**rest, **moved})
