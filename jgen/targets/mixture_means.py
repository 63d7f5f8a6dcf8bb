"""Define the posterior of the means of a two-component mixture, with label switching."""

from math import log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.finite_states import all_words, enumerate_weights
from jgen.targets.parts import first_product, make_target, sample_index
from jgen.types import Array, Key, Target, Trait

OBSERVATIONS = (-2.3, -1.6, -1.1, -0.4, 0.9, 1.7, 2.2, 2.8)
PRIOR_SCALE = 3.0


def mixture_means() -> Target:
    r"""Make the posterior of both means of an equal mixture of unit normals.

    .. math:: y_i \sim \tfrac12 N(\mu_1, 1) + \tfrac12 N(\mu_2, 1), \qquad \mu_k \sim N(0, 3^2)

    The order of the components is arbitrary (label switching), so each mean alone has two modes, and both
    have the same mean and variance. Given the assignments all is normal; each truth is a sum over the 2^8
    assignments of the observations.

    The proposal is the prior, as a start for annealing; it has no useful bound.

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
    first = all_words(2, len(y))  # [assignment, observation]
    owners = np.stack([first, 1 - first], 1)  # [assignment, component, observation]
    precisions = owners.sum(2) + 1 / PRIOR_SCALE**2  # [assignment, component]
    means = owners @ y / precisions  # [assignment, component]
    constant = -len(y) * (log(2 * pi) / 2 + log(2)) - y @ y / 2 - 2 * log(PRIOR_SCALE)
    log_joint = (means**2 * precisions - np.log(precisions)).sum(1) / 2 + constant  # [assignment]
    enumeration = enumerate_weights(means, log_joint)
    square = enumeration.probabilities @ (means**2 + 1 / precisions)
    return make_target(
        Trait.MULTIMODAL,
        log_density=Partial(log_density, y),
        start=np.array([-1.0, 1.0]),
        sample=Partial(sample, enumeration.probabilities.cumsum(), means, precisions**-0.5),
        mean=np.full(2, enumeration.mean.mean()),
        variance=np.full(2, square.mean() - enumeration.mean.mean() ** 2),
        log_evidence=enumeration.log_evidence,
        expectations={
            "mu0 mu1": (Partial(first_product), enumeration.probabilities @ means.prod(1)),
            "x^2": (Partial(jnp.square), square),
        },
        proposal=Normal(np.zeros(2), np.full(2, PRIOR_SCALE)).to_event(1),
        source="enumeration",
    )


def log_density(y: Array, x: Array) -> Array:
    """Evaluate log p(y, x), normalised over both, at the means ``x [2]``."""
    logits = -jnp.square(y[:, None] - x[None]) / 2  # [observation, component]
    likelihood = jax.nn.logsumexp(logits, 1).sum() - len(y) * (log(2) + log(2 * pi) / 2)
    return likelihood - x @ x / (2 * PRIOR_SCALE**2) - 2 * log(PRIOR_SCALE) - log(2 * pi)


def sample(cumulative: Array, means: Array, scales: Array, key: Key) -> Array:
    """Draw one exact sample ``[2]``: the assignments, then both means."""
    assignment_key, normal_key = jax.random.split(key)
    assignment = sample_index(cumulative, assignment_key)
    return means[assignment] + scales[assignment] * jax.random.normal(normal_key, (2,), means.dtype)
