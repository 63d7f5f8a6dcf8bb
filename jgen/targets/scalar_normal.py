"""Make a standard normal on the line with a proposal of heavier tails."""

from math import log, pi

import jax
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Distribution

from jgen.targets.parts import coordinate_powers, make_target
from jgen.types import Array, Target, Trait


def make_scalar_normal(name: str, proposal: Distribution, log_bound: float) -> Target:
    """Make N(0, 1), normalised, whose log-ratio to ``proposal`` is at most ``log_bound``, reached at +-1."""
    return make_target(
        Trait.LOG_CONCAVE,
        log_density=Partial(log_density),
        start=np.array(1.0),
        sample=Partial(jax.random.normal),
        mean=np.zeros(1),
        variance=np.ones(1),
        log_evidence=0.0,
        expectations={"x^4": (Partial(coordinate_powers, 4), np.full(1, 3.0))},
        proposal=proposal,
        log_bound=log_bound,
        name=name,
    )


def log_density(x: Array) -> Array:
    """Evaluate the log-density of ``x []``."""
    return -(x**2) / 2 - log(2 * pi) / 2
