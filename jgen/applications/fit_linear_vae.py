"""A linear VAE trained, and how far from the best it ends: one number that judges a whole pipeline."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike

from jgen.models import linear_log_prob, linear_vae, ppca
from jgen.objectives import elbo
from jgen.training import init_state, make_train_step, train
from jgen.types import Key, PyTree


class LinearVAEFit(NamedTuple):
    """What training reached; all in nats, means over the rows.

    Attributes:
        params: Of ``linear_vae``.
        bound: The ELBO, estimated by one draw a row, at each step ``[step]``.
        log_likelihood: Exact, at ``params``.
        optimum: The best of any linear decoder, by the eigenvalues (``ppca``).
    """

    params: PyTree
    bound: np.ndarray
    log_likelihood: float
    optimum: float

    @property
    def gap(self) -> float:
        """How far below the optimum the exact log-likelihood is."""
        return self.optimum - self.log_likelihood


def fit_linear_vae(
    key: Key,
    rows: ArrayLike,
    latent_dim: int,
    *,
    num_steps: int = 4000,
    rate: float = 0.02,
    on_chunk: Callable[[Any, Any], Any] | None = None,
) -> LinearVAEFit:
    """Trains on the ELBO by Adam, on all rows at each step, the rate falling to 0 along a cosine.

    Its best is known from the eigenvalues of the covariance, so the gap that is left judges data, bound,
    gradient, train step and optimiser at once. The steps do not know the scale of the rows: bring mean and
    standard deviation to 1 or somewhat below, or give them more steps.

    Args:
        key: For the start and the draws.
        rows: The data ``[row, dim]``.
        latent_dim: Size of the latent.
        num_steps: Steps of Adam.
        rate: Its first.
        on_chunk: Called between chunks of 500 steps, as in ``jgen.training.train``.

    Returns:
        The parameters, the path of the bound, the exact log-likelihood and the optimum.

    Raises:
        ValueError: If the rows do not suit ``ppca`` with this latent.

    Example:
        >>> import jax
        >>> rows = jax.random.normal(jax.random.key(0), (200, 3)) * jax.numpy.array([[1.0, 0.3, 0.3]])
        >>> fit = fit_linear_vae(jax.random.key(1), rows, 1, num_steps=800)
        >>> fit.bound.shape, 0 < fit.gap < 0.05
        ((800,), True)

    Reference:
        Lucas, Tucker, Grosse and Norouzi (2019), "Don't blame the ELBO! A linear VAE perspective on
        posterior collapse", NeurIPS.
    """
    optimum = float(ppca(rows, latent_dim).log_likelihood)
    rows = jnp.asarray(rows, float)
    model, optimizer = linear_vae(rows.shape[1], latent_dim), _optimizer(num_steps, rate)
    init_key, run_key = jax.random.split(key)
    state = init_state(run_key, model.init(init_key), optimizer)
    step = make_train_step(elbo(model), optimizer)
    training = train(state, step, rows, num_steps, chunk_size=500, on_chunk=on_chunk)
    params = training.state.params
    log_likelihood = float(np.asarray(linear_log_prob(params, rows), np.float64).mean())
    return LinearVAEFit(params, training.metrics["bound"], log_likelihood, optimum)


@functools.cache
def _optimizer(num_steps: int, rate: float) -> optax.GradientTransformation:
    """Made once: equal optimizers are one program."""
    return optax.adam(optax.cosine_decay_schedule(rate, num_steps))
