"""Train a linear VAE and measure its gap to the exact optimum, a test of a whole pipeline."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jgen.applications.cosine_adam import cosine_adam
from jgen.models import linear_log_prob, linear_vae, ppca
from jgen.objectives import elbo
from jgen.training import init_state, make_train_step, train
from jgen.types import Key, PyTree


class LinearVAEFit(NamedTuple):
    """Trained linear VAE; bounds and log-likelihoods are in nats, means over the rows.

    Attributes:
        params: Parameters of ``linear_vae``.
        bound: ELBO, estimated by one draw per row, at each step ``[step]``.
        log_likelihood: Exact log-likelihood at ``params``.
        optimum: Maximum over linear decoders, by the eigenvalues (``ppca``).
    """

    params: PyTree
    bound: np.ndarray
    log_likelihood: float
    optimum: float

    @property
    def gap(self) -> float:
        """Return the optimum minus the exact log-likelihood."""
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
    """Train a linear VAE on the ELBO by Adam, on all rows at each step, with a cosine learning rate.

    Its optimum is known from the eigenvalues of the covariance, so the remaining gap tests data, bound,
    gradient, train step and optimizer at once. Steps do not adapt to the scale of the rows: scale mean and
    standard deviation to 1 or somewhat below, or take more steps.

    Args:
        key: Random key of the start and the draws.
        rows: Data ``[row, dim]``.
        latent_dim: Size of the latent.
        num_steps: Steps of Adam.
        rate: Initial learning rate.
        on_chunk: Called between chunks of 500 steps, as in ``jgen.training.train``.

    Returns:
        The parameters, the bound at each step, the exact log-likelihood and the optimum.

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
    model, optimizer = linear_vae(rows.shape[1], latent_dim), cosine_adam(rate, num_steps)
    init_key, run_key = jax.random.split(key)
    state = init_state(run_key, model.init(init_key), optimizer)
    step = make_train_step(elbo(model), optimizer)
    training = train(state, step, rows, num_steps, chunk_size=500, on_chunk=on_chunk)
    params = training.state.params
    log_likelihood = float(np.asarray(linear_log_prob(params, rows), np.float64).mean())
    return LinearVAEFit(params, training.metrics["bound"], log_likelihood, optimum)
