"""Define the Asia network: eight binary variables of a chest clinic."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Bernoulli, Delta

from jgen._internal.binding import bind_static
from jgen.targets.finite_states import all_words, enumerate_weights, table_sampler
from jgen.targets.parts import make_target
from jgen.types import Array, Target, Trait

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
    unknown = sorted(set(observed) - set(NETWORK))
    if unknown:
        raise ValueError(f"asia has no variable {unknown}; it has {list(NETWORK)}.")
    if not set(observed.values()) <= {0, 1}:
        raise ValueError(f"asia's variables are 0 (no) or 1 (yes), got {observed}.")
    free = sorted(set(NETWORK) - set(observed))
    if not free:
        raise ValueError("asia needs at least one variable that is not observed.")
    states = all_words(2, len(free))  # [state, variable]
    joint = np.array([probability({**observed, **dict(zip(free, s, strict=True))}) for s in states.tolist()])
    if not joint.sum() > 0:
        raise ValueError(f"asia gives probability 0 to {observed}: 'either' is 'tub' or 'lung'.")
    with np.errstate(divide="ignore"):
        enumeration = enumerate_weights(states, np.log(joint))
    means = enumeration.mean.tolist()
    start = states[enumeration.probabilities.argmax()]
    return make_target(
        Trait.DISCRETE,
        log_density=Partial(log_density, jax.tree.map(np.asarray, observed)),
        start=dict(zip(free, start, strict=True)),
        sample=table_sampler(enumeration.probabilities, dict(zip(free, states.T, strict=True))),
        mean=enumeration.mean,
        variance=enumeration.variance,
        log_evidence=enumeration.log_evidence,
        expectations={name: (make_lookup(name), mean) for name, mean in zip(free, means, strict=True)},
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


def probability(values: Mapping[str, int]) -> float:
    """Return the joint probability of all eight variables, in float64 on the host."""
    result = 1.0
    for name, (parents, entries) in NETWORK.items():
        yes = float(np.asarray(entries)[tuple(values[parent] for parent in parents)])
        result *= yes if values[name] else 1 - yes
    return result


def log_density(observed: Mapping[str, Array], position: Mapping[str, Array]) -> Array:
    """Evaluate log p(position, observed); -inf where a value is not 0 or 1."""
    values = {**observed, **position}
    total = jnp.zeros(())
    for name, (parents, entries) in NETWORK.items():
        yes = jnp.asarray(entries)[tuple(values[parent] for parent in parents)]
        valid = (values[name] == 0) | (values[name] == 1)
        total += jnp.where(valid, jnp.log(jnp.where(values[name] == 1, yes, 1 - yes)), -jnp.inf)
    return total
