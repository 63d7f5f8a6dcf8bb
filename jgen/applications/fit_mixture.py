"""Fit a Gaussian mixture from many random starts at once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import Distribution

from jgen._internal.compiled import jit
from jgen.applications.cosine_adam import cosine_adam
from jgen.models import gaussian_mixture
from jgen.models.gaussian_mixture import GaussianMixture, MixtureParams
from jgen.objectives import maximum_likelihood
from jgen.training import init_restarts, make_train_step, train
from jgen.types import Array, Key


class MixtureFit(NamedTuple):
    """Best interior optimum, and the outcomes of all restarts.

    Attributes:
        params: Parameters of the best restart that is not degenerate.
        distribution: Mixture of these parameters, over one row ``[dim]``.
        log_likelihood: Log-likelihood summed over rows, in nats ``[restart, step]``.
        degenerate: Whether a restart ended at the lower bound of the scales, or failed ``[restart]``.
    """

    params: MixtureParams
    distribution: Distribution
    log_likelihood: np.ndarray
    degenerate: np.ndarray

    @property
    def interior(self) -> Distribution | None:
        """Return the distribution; None if every restart is degenerate."""
        return None if self.degenerate.all() else self.distribution

    def facts(self) -> dict[str, Any]:
        """Summarise the outcome for a report; there must be an interior optimum."""
        interior, other = self.log_likelihood[~self.degenerate, -1], self.log_likelihood[self.degenerate, -1]
        best = interior.max()
        return {
            "log-likelihood": round(float(best), 2),
            "restarts that find it": f"{(interior > best - 0.01).sum()} of {len(self.degenerate)}",
            "degenerate": other.size,
            "best of these": round(float(other.max()), 2) if other.size else None,
        }


def fit_mixture(
    key: Key,
    rows: Array,
    num_components: int,
    *,
    num_restarts: int = 32,
    num_steps: int = 300,
    on_chunk: Callable[[Any, Any], Any] | None = None,
) -> MixtureFit:
    """Fit a full-covariance mixture by maximum likelihood; all restarts are one program.

    The likelihood has no maximum: a component that shrinks onto a point, or onto repeated rows, sends it to
    infinity. Scales have a lower bound (``jgen.models.gaussian_mixture``); a restart that ends there is
    degenerate and is not chosen, however high its likelihood. If ``degenerate.all()``, the parameters are
    those of no optimum.

    Args:
        key: Random key of the starts.
        rows: Data ``[row, dim]``.
        num_components: Number of components.
        num_restarts: Number of random starts.
        num_steps: Steps of Adam, its learning rate falling from 0.05 along a cosine.
        on_chunk: Called between chunks of 100 steps, as in ``jgen.training.train``.

    Returns:
        The best interior optimum, and the outcomes of all restarts.

    Raises:
        ValueError: If the rows do not suit a mixture of this size.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> two = jnp.concatenate([jnp.linspace(-1, 1, 20) - 5, jnp.linspace(-1, 1, 20) + 5])[:, None]
        >>> fit = fit_mixture(jax.random.key(0), two, 2, num_restarts=4)
        >>> sorted(round(float(mean)) for mean in fit.distribution.component_distribution.mean[:, 0])
        [-5, 5]

    Reference:
        McLachlan and Peel (2000), "Finite mixture models", chapter 2.
    """
    model, optimizer = gaussian_mixture(rows, num_components), cosine_adam(0.05, num_steps)
    step = make_train_step(maximum_likelihood(model.distribution), optimizer)
    state = init_restarts(key, model.init, optimizer, num_restarts)
    training = train(state, step, rows, num_steps, chunk_size=100, on_chunk=on_chunk)
    log_likelihood = -len(rows) * training.metrics["loss"]
    outcome = training.state.params, log_likelihood[:, -1], training.failed
    params, distribution, degenerate = _best_interior(model, *outcome)
    return MixtureFit(params, distribution, log_likelihood, np.asarray(degenerate))


@jit
def _best_interior(
    model: GaussianMixture, params: MixtureParams, log_likelihood: Array, failed: Array
) -> tuple[MixtureParams, Distribution, Array]:
    degenerate = failed | jax.vmap(model.degenerate)(params)  # [restart]
    best = jnp.where(degenerate, -jnp.inf, log_likelihood).argmax()
    params = jax.tree.map(lambda leaf: leaf[best], params)
    return params, model.distribution(params), degenerate
