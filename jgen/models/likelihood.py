"""Bound the log-likelihood of latent-variable models, and convert it to bits per dimension."""

from collections.abc import Mapping
from functools import partial
from math import log
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jgen._internal.compiled import jit
from jgen.objectives.input_checks import is_point, num_examples
from jgen.objectives.latent_terms import encode, log_likelihood, log_prior, prior_of, sample_and_log_prob
from jgen.types import Array, Key, LatentModel, PyTree


class Bounds(NamedTuple):
    """Per-example lower bounds with method and protocol: ``mean_result(*bounds)`` is their ``Result``.

    Attributes:
        values: ``[example]``, in nats.
        method: Name of the method.
        protocol: Settings that must agree for two results to be compared.
    """

    values: np.ndarray
    method: str
    protocol: Mapping[str, Any]


def log_prob_bound(
    model: LatentModel,
    params: PyTree,
    x: PyTree,
    key: Key,
    num_particles: int,
    *,
    batch_size: int = 256,
    chunk_size: int = 16,
) -> Bounds:
    r"""Compute importance-weighted lower bounds on log p(x), in memory independent of the particle count.

    .. math:: L_K(x) = \log \frac1K \sum_{k=1}^K \frac{p(x \mid z_k)\, p(z_k)}{q(z_k \mid x)},
        \qquad z_k \sim q(z \mid x); \qquad E[L_K] \le E[L_{K+1}] \le \log p(x)

    The bound holds in expectation: a mean over examples obeys it up to its standard error, a single example
    may exceed it. The interval of their ``mean_result`` is one of the mean of the bound over all examples and
    draws, not of log p(x). The bound is near log p(x) only if q is near the posterior or K is large; a small
    rise with K shows neither. Without an encoder q is the prior, which is seldom near.

    Args:
        model: Model whose encoder has a density: a point encoder has none.
        params: Parameters of the model; float64 ones give bounds in float64.
        x: Examples ``[example, *event]``, or a pytree of such.
        key: Random key; particle k of an example does not depend on ``num_particles`` or ``chunk_size``.
        num_particles: K. 1 gives the ELBO, by one draw.
        batch_size: Examples at a time.
        chunk_size: Particles at a time; so the decoder sees ``batch_size * chunk_size`` rows.

    Returns:
        One bound per example.

    Raises:
        ValueError: For counts below 1, no example, or an encoder without a density.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jgen.evaluation.results import mean_result
        >>> from jgen.models import linear_log_prob, linear_vae
        >>> model = linear_vae(4, 2)
        >>> params, x = model.init(jax.random.key(0)), jnp.ones((20, 4))
        >>> bounds = log_prob_bound(model, params, x, jax.random.key(1), 64)
        >>> result, exact = mean_result(*bounds), linear_log_prob(params, x).mean()
        >>> bool(result.low < exact), result.protocol["num_particles"]
        (True, 64)

    Reference:
        Burda, Grosse and Salakhutdinov (2016), "Importance weighted autoencoders", ICLR.
    """
    counts = {"num_particles": num_particles, "batch_size": batch_size, "chunk_size": chunk_size}
    if min(counts.values()) < 1:
        raise ValueError(f"all of {', '.join(counts)} must be at least 1, got {list(counts.values())}")
    total = num_examples(x)
    if total == 0:
        raise ValueError("log_prob_bound needs at least one example, got none")
    values = []
    for index, start in enumerate(range(0, total, batch_size)):
        rows = np.minimum(np.arange(start, start + batch_size), total - 1)  # the last example pads the batch
        batch = jax.tree.map(lambda leaf: jnp.asarray(leaf)[rows], x)  # noqa: B023
        chunk = min(chunk_size, num_particles)
        found = _bounds(model, params, batch, jax.random.fold_in(key, index), num_particles, chunk_size=chunk)
        values.append(np.asarray(found))
    proposal = "prior" if model.encoder is None else "encoder"
    protocol = {"bound": "lower", "num_particles": num_particles, "proposal": proposal, "unit": "nats"}
    method = f"importance-weighted lower bound, {num_particles} particles"
    return Bounds(np.concatenate(values)[:total], method, protocol)


@partial(jit, static_argnames="chunk_size")
def _bounds(
    model: LatentModel, params: PyTree, x: PyTree, key: Key, num_particles: Array, *, chunk_size: int
) -> Array:
    """Compute the bounds ``[batch]``; any number of particles is one program."""
    num_rows = num_examples(x)
    posterior = None if model.encoder is None else encode(model, params, x)
    if posterior is not None and is_point(posterior):
        raise ValueError(
            "the encoder returns a point (Delta), which has no density to weight draws by, so an autoencoder "
            "gives no bound: drop the encoder (model._replace(encoder=None)) to draw from the prior"
        )

    def draw(particle: Key) -> tuple[Array, Array]:
        """Draw a latent per example, and compute log p(z) - log q(z | x) ``[batch]``."""
        if posterior is None:
            z = jax.vmap(prior_of(model, params).sample)(jax.random.split(particle, num_rows))
            return z, jnp.zeros(num_rows)
        z, log_posterior = sample_and_log_prob(posterior, particle)
        return z, log_prior(model, params, z[None])[0] - log_posterior

    def add(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        start, total = carry
        index = start + jnp.arange(chunk_size)  # [particle]
        z, log_ratio = jax.vmap(draw)(jax.vmap(partial(jax.random.fold_in, key))(index))
        log_weight = log_likelihood(model, params, x, z) + log_ratio  # [particle, batch]
        counted = jnp.broadcast_to((index < num_particles)[:, None], log_weight.shape)
        log_weight = jnp.where(counted, log_weight, -jnp.inf)
        return start + chunk_size, jnp.logaddexp(total, jax.nn.logsumexp(log_weight, axis=0))

    nothing = jnp.int32(0), jnp.full(num_rows, -jnp.inf)
    _, total = jax.lax.while_loop(lambda carry: carry[0] < num_particles, add, nothing)
    return total - jnp.log(num_particles)


def bits_per_dimension(log_prob: ArrayLike, num_dims: int, *, step: ArrayLike = 1.0) -> Array:
    r"""Convert the log-density of dequantised and scaled values to bits per dimension.

    For x = step (v + u) + constant, with v whole and u uniform on [0, 1),

    .. math:: b = -\frac{\log p(x) + \sum_j \log \mathrm{step}_j}{d \log 2},

    whose mean is at least that of the code length of v (Jensen), so that it compares with discrete models as
    an upper bound. Without the Jacobian the number would depend on the scaling.

    Args:
        log_prob: Log-density of x, in nats, any shape; a lower bound on it gives an upper bound.
        num_dims: d, the number of values of an example.
        step: Distance of two neighbouring values in the units of x: 1/256 for 8-bit images scaled to
            [0, 1), 1 for discrete models. One number, or one per dimension ``[d]``.

    Returns:
        Bits per dimension, of the shape of ``log_prob``.

    Raises:
        ValueError: For no dimension, or a step that is not positive or not one for each dimension.

    Example:
        >>> bits_per_dimension(0.0, 64, step=1 / 256).item()  # uniform on the unit cube: 8 bits
        8.0

    Reference:
        Theis, van den Oord and Bethge (2016), "A note on the evaluation of generative models", ICLR.
    """
    step = np.asarray(step, float)
    if num_dims < 1 or step.shape not in ((), (num_dims,)) or not (step > 0).all():
        raise ValueError(
            f"num_dims must be at least 1 and step positive, [] or [num_dims]; got {num_dims} and {step}"
        )
    log_volume = num_dims * np.log(step).mean()
    return -(jnp.asarray(log_prob, float) + log_volume) / (num_dims * log(2))
