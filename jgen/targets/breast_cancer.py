"""Define a Bayesian logistic regression on Wisconsin's breast cancer data."""

from math import log, pi

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Normal

from jgen.targets.parts import make_target
from jgen.types import Array, Target


def breast_cancer() -> Target:
    r"""Make the posterior of an intercept and 30 coefficients, under N(0, 1) priors.

    .. math:: \log \tilde p(w) = -\sum_i \log(1 + e^{-t_i w' (1, x_i)}) + \log N(w; 0, I), \; t_i = \pm 1

    569 observations of 30 features, each standardised; strongly correlated features make it
    ill-conditioned. No exact truth is known, so mean, variance and log Z are None.

    The proposal is the prior; no likelihood of a label exceeds 1, so ``log_bound = 0`` holds. It is
    far from the least: the proposal is a start for annealing, not for rejection.

    Returns:
        The target; its position is an array ``[31]``, the intercept first.

    Example:
        >>> target = breast_cancer()
        >>> target.start.shape
        (31,)

    Reference:
        Street, Wolberg and Mangasarian, 1993; the copy in scikit-learn.
    """
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    standardised = (features - features.mean(0)) / features.std(0)
    design = np.concatenate([np.ones((len(labels), 1)), standardised], 1)  # [observation, coefficient]
    signed = (2 * labels - 1)[:, None] * design
    dim = design.shape[1]
    return make_target(
        log_density=Partial(log_density, signed),
        start=np.zeros(dim),
        proposal=Normal(np.zeros(dim), np.ones(dim)).to_event(1),
        log_bound=0.0,
        source="Street, Wolberg and Mangasarian 1993; no exact truth",
    )


def log_density(signed: Array, w: Array) -> Array:
    """Evaluate log p(labels, w); rows of ``signed [observation, coefficient]`` are (1, x) times t."""
    margins = jnp.matmul(signed, w, precision="highest")  # [observation]
    return jax.nn.log_sigmoid(margins).sum() - w @ w / 2 - len(w) * log(2 * pi) / 2
