"""A small restricted Boltzmann machine: two layers of bits, independent within a layer given the other."""

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.finite_states import all_words, table, weigh
from jgen.types import Array, PyTree, Target, Trait


def boltzmann_machine(visible: int = 4, hidden: int = 3, strength: float = 2.0) -> Target:
    r"""Bits v and h of a restricted Boltzmann machine, unnormalised.

    .. math:: \log \tilde p(v, h) = v' W h + b' v + c' h

    with W, b and c fixed cosines of the indices, W of size ``strength``. Given one layer the bits of the
    other are independent, which is what block Gibbs sampling lives on; all states are weighed.

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
    if visible < 1 or hidden < 1 or visible + hidden > 12:
        raise ValueError(
            "boltzmann_machine weighs every state of two layers of 1 bit or more, 12 in all, "
            f"got visible={visible}, hidden={hidden}."
        )
    if not abs(strength) < float("inf"):
        raise ValueError(f"boltzmann_machine needs a finite strength, got strength={strength}.")
    rows, columns = np.arange(visible), np.arange(hidden)
    weight = strength * np.cos(1 + 2 * rows[:, None] + 3 * columns)  # [visible, hidden]
    bias, offset = np.cos(rows), np.sin(1 + columns)
    states = all_words(2, hidden + visible)  # [state, bit]; dicts ravel in the order of their names
    h, v = states[:, :hidden], states[:, hidden:]
    law = weigh(states, np.einsum("sv,vh,sh->s", v, weight, h) + v @ bias + h @ offset)
    best = law.probabilities.argmax()
    return Target(
        log_density=Partial(log_density, jnp.asarray(weight), jnp.asarray(bias), jnp.asarray(offset)),
        start={"hidden": jnp.asarray(h[best]), "visible": jnp.asarray(v[best])},
        sample=table(law.probabilities, {"hidden": h, "visible": v}),
        mean=jnp.asarray(law.mean),
        variance=jnp.asarray(law.variance),
        log_evidence=law.log_evidence,
        expectations={"v h'": (Partial(outer), jnp.asarray(v.T @ (law.probabilities[:, None] * h)))},
        name="boltzmann_machine",
        traits=frozenset({Trait.DISCRETE}),
        source="Smolensky 1986; enumeration",
    )


def outer(position: PyTree) -> Array:
    """The products of visible and hidden bits, as floats ``[visible, hidden]``."""
    return 1.0 * position["visible"][:, None] * position["hidden"][None]


def log_density(weight: Array, bias: Array, offset: Array, position: PyTree) -> Array:
    """The unnormalised log-density of dict(hidden, visible); -inf where a bit is not 0 or 1."""
    h, v = position["hidden"], position["visible"]
    value = (weight * outer(position)).sum() + bias @ (1.0 * v) + offset @ (1.0 * h)
    return jnp.where(((h == 0) | (h == 1)).all() & ((v == 0) | (v == 1)).all(), value, -jnp.inf)
