"""Train a variational autoencoder of vectors with default choices."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jgen._internal.validation import check_finite
from jgen.applications.cosine_adam import cosine_adam
from jgen.decoders import MLP, NormalShared
from jgen.encoders import MLPEncoder
from jgen.models import vae
from jgen.objectives import elbo
from jgen.training import init_state, make_train_step, shuffled, train
from jgen.types import Array

HIDDEN = (64, 64)


class SimpleGenerativeModel:
    """Variational autoencoder of vectors with default choices.

    It wraps ``jgen.models.vae``, ``jgen.objectives.elbo`` and ``jgen.training``; use ``model``, ``params``
    and ``key`` with them for anything else.

    Columns are standardised by mean and standard deviation of the rows of the first training, and scaled back
    after sampling. The noise about the decoder's mean has one learned scale.

    Args:
        latent_dim: Size of the latent.
        output_dim: Columns of a row.
        seed: Random seed.

    Raises:
        ValueError: For a size below 1.

    Example:
        >>> import numpy as np
        >>> data = np.random.default_rng(0).normal(5.0, 2.0, (200, 3))
        >>> generator = SimpleGenerativeModel(latent_dim=2, output_dim=3)
        >>> losses = generator.train(data, num_steps=20)
        >>> losses.shape, generator.sample(4).shape
        ((20,), (4, 3))

    Reference:
        Kingma and Welling (2014), "Auto-encoding variational Bayes", ICLR.
    """

    def __init__(self, latent_dim: int, output_dim: int, *, seed: int = 0):
        if latent_dim < 1 or output_dim < 1:
            raise ValueError(f"latent_dim and output_dim must be at least 1, got {latent_dim}, {output_dim}")
        self.output_dim, self.mean, self.scale = output_dim, np.zeros(output_dim), np.ones(output_dim)
        self.trained = False
        decoder, encoder = MLP((output_dim,), NormalShared(), HIDDEN), MLPEncoder(latent_dim, HIDDEN)
        self.model = vae(decoder, encoder, latent_dim, (output_dim,))
        self.key, init_key = jax.random.split(jax.random.key(seed))
        self.params = self.model.init(init_key)

    def train(self, data: ArrayLike, *, num_steps: int = 2000, batch_size: int = 128) -> np.ndarray:
        """Fit the model to rows; a second call continues from the current parameters, in the same units.

        Args:
            data: ``[row, output_dim]``.
            num_steps: Steps of Adam, its rate falling from 0.003 to 0 along a cosine.
            batch_size: Rows per step, or all if there are fewer.

        Returns:
            The loss of each step ``[step]``: the negative lower bound in nats per row, in the units of the
            columns.

        Raises:
            ValueError: For data of another shape, without rows or with non-finite numbers.
        """
        rows = np.asarray(data, np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.output_dim or len(rows) == 0:
            raise ValueError(
                f"data must be [row, {self.output_dim}] with at least one row, got {rows.shape}: the model "
                f"was made with output_dim={self.output_dim}"
            )
        check_finite("data", rows)
        if not self.trained:
            sd = rows.std(0)
            self.mean, self.scale = rows.mean(0), np.where(sd > 0, sd, 1.0)
        self.key, key = jax.random.split(self.key)
        optimizer = cosine_adam(3e-3, num_steps)
        step = make_train_step(elbo(self.model), optimizer)
        state = init_state(key, self.params, optimizer)
        white = jnp.asarray((rows - self.mean) / self.scale, float)
        batches = shuffled(min(batch_size, len(rows)))
        training = train(state, step, white, num_steps, make_batch=batches)
        self.params, self.trained = training.state.params, True
        return training.metrics["loss"] + np.log(self.scale).sum()

    def sample(self, num_samples: int) -> Array:
        """Draw new rows ``[num_samples, output_dim]``, different ones at each call.

        Raises:
            ValueError: For fewer than 1.
        """
        if num_samples < 1:
            raise ValueError(f"num_samples must be at least 1, got {num_samples}")
        self.key, latent_key, key = jax.random.split(self.key, 3)
        z = jax.vmap(self.model.prior(self.params).sample)(jax.random.split(latent_key, num_samples))
        rows = self.model.decoder(self.params, z).sample(key)
        return rows * jnp.asarray(self.scale, float)[None] + jnp.asarray(self.mean, float)[None]
