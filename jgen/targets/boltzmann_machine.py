"""Define a small restricted Boltzmann machine, with every state enumerated."""

from math import inf

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.finite_states import all_words, make_enumerated
from jgen.targets.parts import check_options
from jgen.types import Array, PyTree, Target


def boltzmann_machine(visible: int = 4, hidden: int = 3, strength: float = 2.0) -> Target:
    r"""Make bits v and h of a restricted Boltzmann machine, unnormalised.

    .. math:: \log \tilde p(v, h) = v' W h + b' v + c' h

    with W, b and c fixed cosines of the indices, W of size ``strength``. Given one layer the bits of the
    other are independent, which block Gibbs sampling uses; all states are enumerated.

    Args:
        visible: Bits of v, at least 1.
        hidden: Bits of h, at least 1; at most 12 bits in all.
        strength: Size of the weights.

    Returns:
        The target; its position is a dict of integer arrays, ``hidden [hidden]`` and ``visible [visible]``.

    Raises:
        ValueError: A layer is empty, there are more than 12 bits, or ``strength`` is not finite.

    Example:
        >>> target = boltzmann_machine()
        >>> {name: bits.shape for name, bits in target.start.items()}
        {'hidden': (3,), 'visible': (4,)}

    Reference:
        Smolensky, "Information processing in dynamical systems: foundations of harmony theory", 1986.
        Enumeration.
    """
    needs = "two layers of 1 bit or more, 12 in all, as it enumerates every state, and a finite strength"
    fulfilled = visible >= 1 and hidden >= 1 and visible + hidden <= 12 and abs(strength) < inf
    options = {"visible": visible, "hidden": hidden, "strength": strength}
    check_options("boltzmann_machine", needs, fulfilled, **options)
    rows, columns = np.arange(visible), np.arange(hidden)
    weight = strength * np.cos(1 + 2 * rows[:, None] + 3 * columns)  # [visible, hidden]
    bias, offset = np.cos(rows), np.sin(1 + columns)
    states = all_words(2, hidden + visible)  # [state, bit]; dicts ravel in the order of their names
    h, v = states[:, :hidden], states[:, hidden:]
    log_weights = np.einsum("sv,vh,sh->s", v, weight, h) + v @ bias + h @ offset
    return make_enumerated(
        states,
        log_weights,
        {"hidden": h, "visible": v},
        log_density=Partial(log_density, weight, bias, offset),
        expectations={"v h'": (Partial(outer), v[:, :, None] * h[:, None])},
        source="Smolensky 1986; enumeration",
    )


def outer(position: PyTree) -> Array:
    """Return the products of visible and hidden bits, as floats ``[visible, hidden]``."""
    return 1.0 * position["visible"][:, None] * position["hidden"][None]


def log_density(weight: Array, bias: Array, offset: Array, position: PyTree) -> Array:
    """Evaluate the unnormalised log-density of dict(hidden, visible); -inf where a bit is not 0 or 1."""
    h, v = position["hidden"], position["visible"]
    value = (weight * outer(position)).sum() + bias @ (1.0 * v) + offset @ (1.0 * h)
    return jnp.where(((h == 0) | (h == 1)).all() & ((v == 0) | (v == 1)).all(), value, -jnp.inf)
