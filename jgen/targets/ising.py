"""Define a small Ising model on a torus, with every state enumerated."""

from math import inf

import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from jgen.targets.finite_states import all_words, make_enumerated, uniform_proposal
from jgen.targets.parts import check_options
from jgen.types import Array, Target


def ising(side: int = 3, coupling: float = 0.3, field: float = 0.1) -> Target:
    r"""Make spins s = 2x - 1 on a side x side torus, unnormalised.

    .. math:: \log \tilde p(x) = J \sum_{i \sim j} s_i s_j + h \sum_i s_i

    over the right and the lower neighbour of every site. All 2^(side^2) states are enumerated. The
    infinite lattice orders at J = log(1 + sqrt 2) / 2 = 0.4407.

    The proposal is uniform over states, and ``log_bound`` that of the likeliest one.

    Args:
        side: Sites a side, 3 or 4; 2 would count each bond twice.
        coupling: J, in units of the temperature; negative for an antiferromagnet.
        field: h, which breaks the symmetry of up and down.

    Returns:
        The target; its position is an integer array ``[side^2]`` of 0 (down) and 1 (up).

    Raises:
        ValueError: ``side`` is not 3 or 4, or ``coupling`` or ``field`` is not finite.

    Example:
        >>> from math import log
        >>> target = ising(coupling=0.0, field=0.0)
        >>> print(target.log_evidence == 9 * log(2), target.mean[0])
        True 0.5

    Reference:
        Enumeration.
    """
    needs = "a side of 3 or 4, as it enumerates every state, and finite coupling and field"
    fulfilled = side in (3, 4) and abs(coupling) < inf and abs(field) < inf
    check_options("ising", needs, fulfilled, side=side, coupling=coupling, field=field)
    states = all_words(2, side**2)  # [state, site]
    spins = (2 * states - 1).reshape(-1, side, side)
    bonds = (spins * np.roll(spins, 1, 1)).sum((1, 2)) + (spins * np.roll(spins, 1, 2)).sum((1, 2))
    total = spins.sum((1, 2))  # [state]
    log_weights = coupling * bonds + field * total
    return make_enumerated(
        states,
        log_weights,
        states,
        log_density=Partial(log_density, coupling, field),
        expectations={
            "bonds": (Partial(bond_sum), bonds),
            "|m|": (Partial(magnetisation), np.abs(total) / side**2),
        },
        source="enumeration",
        **uniform_proposal(2, side**2, log_weights),
    )


def lattice(x: Array) -> Array:
    """Return the spins of ``x [side^2]`` as floats ``[side, side]``."""
    side = round(len(x) ** 0.5)
    return (2.0 * x - 1.0).reshape(side, side)


def bond_sum(x: Array) -> Array:
    """Return the number of bonds between equal spins less that between unequal ones."""
    spins = lattice(x)
    return (spins * jnp.roll(spins, 1, 0)).sum() + (spins * jnp.roll(spins, 1, 1)).sum()


def magnetisation(x: Array) -> Array:
    """Return the size of the mean spin."""
    return jnp.abs(lattice(x).mean())


def log_density(coupling: float, field: float, x: Array) -> Array:
    """Evaluate the unnormalised log-density of the integers ``x [side^2]``; -inf where one is not 0 or 1."""
    value = coupling * bond_sum(x) + field * lattice(x).sum()
    return jnp.where(((x == 0) | (x == 1)).all(), value, -jnp.inf)
