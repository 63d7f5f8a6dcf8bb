"""Evaluate log p(x) of models that have it in closed form."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from numpyro.distributions import Distribution, Normal

from jgen._internal.binding import as_partial
from jgen._internal.compiled import jit
from jgen.distributions.parameters import log_prob_of
from jgen.evaluation.likelihood.decoder_model import unwrapped
from jgen.models import linear_log_prob
from jgen.models.linear_gaussian import linear_decoder
from jgen.objectives.input_checks import require_event, require_unbatched
from jgen.types import Array, LatentModel, PyTree


def exact_log_prob(model: Any, params: PyTree) -> Partial | None:
    """Return ``x [batch, *event] -> log p(x) [batch]``, where log p(x) is known.

    It is known for a NumPyro distribution (a mixture, a flow), a model with ``distribution(params)``
    (``autoregressive_model``, ``gaussian_mixture``), and a linear Gaussian decoder under a standard normal
    prior (``ppca``, ``linear_vae``).

    Returns:
        The function; None where it is not known.
    """
    if isinstance(model, Distribution):
        return Partial(_log_prob, model)
    if not isinstance(model, LatentModel):
        function = getattr(model, "distribution", None)
        return None if function is None else Partial(_model_log_prob, as_partial(function), params)
    is_linear = as_partial(model.decoder).func is linear_decoder
    return Partial(_linear_log_prob, params) if is_linear and _is_standard(model.prior(params)) else None


def _is_standard(prior: Distribution) -> bool:
    normal = unwrapped(prior)
    if type(normal) is not Normal or prior.batch_shape:
        return False
    return bool(np.all(np.asarray(normal.loc) == 0) and np.all(np.asarray(normal.scale) == 1))


def _log_prob(distribution: Distribution, x: PyTree) -> Array:
    distribution = require_unbatched("the model", distribution, "example")
    require_event("model", distribution, x)
    return jax.vmap(lambda one: log_prob_of(distribution, one))(x)


def _model_log_prob(distribution: Partial, params: PyTree, x: PyTree) -> Array:
    return _log_prob(distribution(params), x)


def _linear_log_prob(params: PyTree, x: Array) -> Array:
    dim = params["decoder"]["weight"].shape[0]
    if jnp.shape(x)[1:] != (dim,):
        raise ValueError(f"the decoder makes examples of shape ({dim},); got {jnp.shape(x)}")
    return linear_log_prob(params, x)


@jit
def evaluate_log_prob(log_prob: Partial, x: PyTree, index: Array) -> Array:
    """Evaluate a batch in one program; the examples' numbers are not used."""
    del index
    return log_prob(x)
