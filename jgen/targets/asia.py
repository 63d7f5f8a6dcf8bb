"""Define the Asia network: eight binary variables of a chest clinic."""

from collections.abc import Mapping
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Bernoulli, Delta

from jgen._internal.binding import bind_static
from jgen.targets.finite_states import all_words, make_enumerated
from jgen.targets.parts import check_options
from jgen.types import Array, Target

NETWORK = {
    "asia": ((), 0.01),
    "smoke": ((), 0.5),
    "tub": (("asia",), (0.01, 0.05)),
    "lung": (("smoke",), (0.01, 0.1)),
    "bronc": (("smoke",), (0.3, 0.6)),
    "either": (("tub", "lung"), ((0.0, 1.0), (1.0, 1.0))),
    "xray": (("either",), (0.05, 0.98)),
    "dysp": (("bronc", "either"), ((0.1, 0.7), (0.8, 0.9))),
}
"""Name -> (parents, P(yes given parents), indexed by the parents' values), parents first."""


def asia(observed: Mapping[str, int] | None = None) -> Target:
    r"""Make Lauritzen and Spiegelhalter's network, conditioned on any observed variables.

    .. math:: p(v) = \prod_i p(v_i | parents_i), \qquad Z = p(observed)

    With nothing observed P(either) = .064828, P(xray) = .11029004 and P(dysp) = .43597060;
    P(lung given xray, dysp) = .62125280. All truths are by enumeration of the at most 256 states.

    With nothing observed its ``conditionals`` are the network itself, for ancestral sampling; given
    observations, an ancestral sampler of ``CONDITIONALS`` weights its draws by them.

    Args:
        observed: Name -> 0 or 1 of each observed variable; none by default.

    Returns:
        The target; its position is a dict, name -> integer 0 or 1, of the variables not observed.
        It has no proposal, as its position is a dict.

    Raises:
        ValueError: A name is unknown, a value is not 0 or 1, or everything is observed.

    Example:
        >>> target = asia({"xray": 1, "dysp": 1})
        >>> round(float(target.expectations["lung"][1]), 6)
        0.621253

    Reference:
        Lauritzen and Spiegelhalter, "Local computations with probabilities on graphical structures and
        their application to expert systems", JRSS B 50, 1988.
    """
    observed = dict(observed or {})
    known, values = set(observed) <= set(NETWORK), set(observed.values())
    check_options("asia", f"variables of {list(NETWORK)}", known, observed=observed)
    check_options("asia", "values of 0 (no) or 1 (yes)", values <= {0, 1}, observed=observed)
    free = sorted(set(NETWORK) - set(observed))
    check_options("asia", "at least one variable that is not observed", bool(free), observed=observed)
    states = all_words(2, len(free))  # [state, variable]
    columns = dict(zip(free, states.T, strict=True))
    joint = np.asarray(probability({**observed, **columns}))  # [state]
    needs = "observations that are not of probability 0, as 'either' is 'tub' or 'lung'"
    check_options("asia", needs, joint.sum() > 0, observed=observed)
    with np.errstate(divide="ignore"):
        log_weights = np.log(joint)
    return make_enumerated(
        states,
        log_weights,
        columns,
        log_density=Partial(log_density, jax.tree.map(np.asarray, observed)),
        expectations={name: (make_lookup(name), column) for name, column in columns.items()},
        conditionals=None if observed else CONDITIONALS,
        source="Lauritzen and Spiegelhalter 1988; enumeration",
    )


def make_lookup(name: str) -> Partial:
    """Make a function from a position to one variable; equal names give equal functions."""
    return Partial(bind_static(lookup, name=name))


def lookup(position: Mapping[str, Array], *, name: str) -> Array:
    """Draw one variable of a position."""
    return position[name]


def bernoulli(name: str, *parents: Array) -> Bernoulli:
    """Return the distribution of one variable given its parents' values."""
    return Bernoulli(probs=jnp.asarray(NETWORK[name][1])[parents])


def visit_to_asia() -> Bernoulli:
    """Return P(asia)."""
    return bernoulli("asia")


def smoker() -> Bernoulli:
    """Return P(smoke)."""
    return bernoulli("smoke")


def tuberculosis(asia: Array) -> Bernoulli:
    """Return P(tub given asia)."""
    return bernoulli("tub", asia)


def lung_cancer(smoke: Array) -> Bernoulli:
    """Return P(lung given smoke)."""
    return bernoulli("lung", smoke)


def bronchitis(smoke: Array) -> Bernoulli:
    """Return P(bronc given smoke)."""
    return bernoulli("bronc", smoke)


def either_of(tub: Array, lung: Array) -> Delta:
    """Return P(either given tub, lung): deterministic."""
    return Delta(jnp.maximum(tub, lung))


def x_ray(either: Array) -> Bernoulli:
    """Return P(xray given either)."""
    return bernoulli("xray", either)


def dyspnoea(bronc: Array, either: Array) -> Bernoulli:
    """Return P(dysp given bronc, either)."""
    return bernoulli("dysp", bronc, either)


CONDITIONALS = {
    "asia": Partial(visit_to_asia),
    "smoke": Partial(smoker),
    "tub": Partial(tuberculosis),
    "lung": Partial(lung_cancer),
    "bronc": Partial(bronchitis),
    "either": Partial(either_of),
    "xray": Partial(x_ray),
    "dysp": Partial(dyspnoea),
}
"""Name -> function of its parents' values to a distribution, as the ancestral sampler takes it."""


def factors(values: Mapping[str, Any], xp: Any) -> list[Any]:
    """Return P(value given the parents' values) of all eight variables, by NumPy or JAX."""
    yes = [
        xp.asarray(entries)[tuple(values[parent] for parent in parents)]
        for parents, entries in NETWORK.values()
    ]
    return [xp.where(values[name] == 1, p, 1 - p) for name, p in zip(NETWORK, yes, strict=True)]


def probability(values: Mapping[str, Any]) -> Any:
    """Return the joint probability of all eight variables, or arrays of them, in float64 on the host."""
    return prod(factors(values, np))


def log_density(observed: Mapping[str, Array], position: Mapping[str, Array]) -> Array:
    """Evaluate log p(position, observed); -inf where a value is not 0 or 1."""
    values = {**observed, **position}
    valid = jnp.stack([(values[name] == 0) | (values[name] == 1) for name in NETWORK]).all()
    return jnp.where(valid, sum(map(jnp.log, factors(values, jnp)), jnp.zeros(())), -jnp.inf)
