"""Build linear variational autoencoders, whose log p(x) is known exactly."""

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import Partial

from jgen._internal.binding import bind_static
from jgen.models.linear_gaussian import linear_decoder, linear_normal
from jgen.models.priors import constant, standard_prior
from jgen.types import Array, Key, LatentModel, PyTree


def linear_vae(dim: int, latent_dim: int) -> LatentModel:
    r"""Build the model of ``ppca`` with a learned encoder.

    .. math:: p(x \mid z) = N(Wz + b, s^2 I), \qquad q(z \mid x) = N(Vx + c, \mathrm{diag}(e^{2a}))

    The posterior is a Gaussian of one covariance, diagonal if the columns of W are orthogonal; so at its
    maximum the ELBO equals log p(x) and the optimum of ``ppca``, and every local maximum is global. Any
    error of the ELBO, of its gradient, of the optimizer or of the data shows as a gap to that number:
    ``linear_log_prob(params, x)`` is the exact log p(x) at any parameters.

    Args:
        dim: Columns of a row.
        latent_dim: Size of the latent.

    Returns:
        The model; its parameters are ``decoder`` as in ``ppca`` and ``encoder = {"weight" [latent, dim],
        "bias" [latent], "log_scale" [latent]}``. Initial weights have variance 1/dim, biases are 0 and
        scales 1.

    Raises:
        ValueError: For a size below 1.

    Example:
        >>> import jax
        >>> model = linear_vae(5, 2)
        >>> params = model.init(jax.random.key(0))
        >>> model.encoder(params, jax.numpy.zeros((3, 5))).event_shape
        (2,)

    Reference:
        Lucas, Tucker, Grosse and Norouzi (2019), "Don't blame the ELBO! A linear VAE perspective on
        posterior collapse", NeurIPS.
    """
    if dim < 1 or latent_dim < 1:
        raise ValueError(f"dim and latent_dim must be at least 1, got {dim} and {latent_dim}")
    prior = standard_prior(latent_dim).distribution({}, None)
    init = Partial(bind_static(_init, dim=dim, latent_dim=latent_dim))
    return LatentModel(init, Partial(constant, prior), Partial(linear_decoder), Partial(_encoder))


def _init(key: Key, *, dim: int, latent_dim: int) -> dict[str, PyTree]:
    decoder_key, encoder_key = jax.random.split(key)
    weight = jax.random.normal(decoder_key, (dim, latent_dim)) * dim**-0.5
    decoder = {"weight": weight, "bias": jnp.zeros(dim), "log_scale": jnp.zeros(())}
    weight = jax.random.normal(encoder_key, (latent_dim, dim)) * dim**-0.5
    encoder = {"weight": weight, "bias": jnp.zeros(latent_dim), "log_scale": jnp.zeros(latent_dim)}
    return {"prior": {}, "decoder": decoder, "encoder": encoder}


def _encoder(params: PyTree, x: Array) -> dist.Distribution:
    return linear_normal(params["encoder"], x)
