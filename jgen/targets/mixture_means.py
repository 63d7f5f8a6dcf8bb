"""The means of a two-component mixture, given eight numbers: two modes, one the mirror of the other."""

from math import log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.finite_states import all_words, weigh
from jgen.types import Array, Key, Target, Trait

OBSERVATIONS = (-2.3, -1.6, -1.1, -0.4, 0.9, 1.7, 2.2, 2.8)
PRIOR_SCALE = 3.0


def mixture_means() -> Target:
    r"""The posterior of both means of an equal mixture of unit normals.

    .. math:: y_i \sim \tfrac12 N(\mu_1, 1) + \tfrac12 N(\mu_2, 1), \qquad \mu_k \sim N(0, 3^2)

    Whoever is called first is a coin's choice (label switching), so each mean alone has two modes
    and mean and variance are equal. Given who belongs where all is normal; each truth is a sum
    over the 2^8 ways to share out the observations.

    The proposal is the prior, to start annealing from; it has no useful bound.

    Returns:
        The target; its position is an array ``[2]``; ``log_evidence`` is log p(y).

    Example:
        >>> mean = mixture_means().mean
        >>> bool(mean[0] == mean[1])
        True

    Reference:
        Jasra, Holmes and Stephens, "Markov chain Monte Carlo methods and the label switching problem",
        Statistical Science 20, 2005. Enumeration.
    """
    y = np.array(OBSERVATIONS)
    first = all_words(2, len(y))  # [way, observation]
    owners = np.stack([first, 1 - first], 1)  # [way, component, observation]
    precisions = owners.sum(2) + 1 / PRIOR_SCALE**2  # [way, component]
    means = owners @ y / precisions  # [way, component]
    constant = -len(y) * (log(2 * pi) / 2 + log(2)) - y @ y / 2 - 2 * log(PRIOR_SCALE)
    log_joint = (means**2 * precisions - np.log(precisions)).sum(1) / 2 + constant  # [way]
    law = weigh(means, log_joint)
    square = law.probabilities @ (means**2 + 1 / precisions)
    return Target(
        log_density=Partial(log_density, jnp.asarray(y)),
        start=jnp.asarray([-1.0, 1.0]),
        sample=Partial(
            sample,
            jnp.asarray(law.probabilities.cumsum()),
            jnp.asarray(means),
            jnp.asarray(precisions**-0.5),
        ),
        mean=jnp.asarray(np.full(2, law.mean.mean())),
        variance=jnp.asarray(np.full(2, square.mean() - law.mean.mean() ** 2)),
        log_evidence=law.log_evidence,
        expectations={
            "mu0 mu1": (Partial(product), float(law.probabilities @ means.prod(1))),
            "x^2": (Partial(jnp.square), jnp.asarray(square)),
        },
        proposal=Normal(jnp.asarray(np.zeros(2)), jnp.asarray(np.full(2, PRIOR_SCALE))).to_event(1),
        name="mixture_means",
        traits=frozenset({Trait.MULTIMODAL}),
        source="enumeration",
    )


def product(x: Array) -> Array:
    """The product of the means."""
    return x[0] * x[1]


def log_density(y: Array, x: Array) -> Array:
    """Gives log p(y, x), normalised over both, at the means ``x [2]``."""
    logits = -jnp.square(y[:, None] - x[None]) / 2  # [observation, component]
    likelihood = jax.nn.logsumexp(logits, 1).sum() - len(y) * (log(2) + log(2 * pi) / 2)
    return likelihood - x @ x / (2 * PRIOR_SCALE**2) - 2 * log(PRIOR_SCALE) - log(2 * pi)


def sample(cumulative: Array, means: Array, scales: Array, key: Key) -> Array:
    """One exact draw ``[2]``: who belongs where, then both means."""
    way_key, normal_key = jax.random.split(key)
    uniform = jax.random.uniform(way_key, (), cumulative.dtype)
    way = jnp.searchsorted(cumulative[:-1], uniform, side="right", method="compare_all")
    return means[way] + scales[way] * jax.random.normal(normal_key, (2,), means.dtype)
