"""Build autoregressive language models."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.binding import as_partial
from jgen.models.assemble import AnyNetwork, network_of, trace_distribution
from jgen.types import Key, PyTree


class AutoregressiveModel(NamedTuple):
    """Autoregressive model, as a pytree of two functions.

    Attributes:
        init: ``init(key) -> params``.
        distribution: ``distribution(params)`` over one string ``[length]``, without batch axes.
    """

    init: Partial
    distribution: Partial


def autoregressive_model(network: AnyNetwork) -> AutoregressiveModel:
    r"""Build :math:`p(x) = \prod_t p(x_t \mid x_{<t})`, of exact log p, from a sequence decoder.

    Train it by ``jgen.objectives.maximum_likelihood(model.distribution)``, whose least loss is the entropy of
    the source. With ``RNN`` and ``Transformer`` the distribution is their ``Strings``, and
    ``.warped(jgen.distributions.truncation(top_p=0.9))`` truncates it to likely tokens, for draws and
    log-probabilities alike.

    Args:
        network: A Linen module, ``jgen.decoders.RNN`` or ``Transformer``, or a ``Network`` of two functions.
            It maps an empty latent without batch axes, ``z [0]``, to a distribution over one string.

    Returns:
        The model.

    Raises:
        TypeError: For an argument that is no network.
        ValueError: For a network that does not map an empty latent to one string.

    Example:
        >>> import jax, flax.linen as nn
        >>> from jgen.decoders import RNN
        >>> model = autoregressive_model(RNN(length=5, vocabulary=3, width=4, cells=(nn.GRUCell(4),)))
        >>> words = model.distribution(model.init(jax.random.key(0)))
        >>> words.batch_shape, words.event_shape, words.log_prob(jax.numpy.zeros((7, 5), int)).shape
        ((), (5,), (7,))

    Reference:
        Bengio et al. (2003), "A neural probabilistic language model", JMLR.
    """
    parts = network_of("network", network, jax.ShapeDtypeStruct((0,), jnp.result_type(float)))
    model = AutoregressiveModel(as_partial(parts.init), Partial(_distribution, parts.apply))

    def of_key(key: Key) -> Any:
        return model.distribution(model.init(key))

    batch, event = trace_distribution("network", "an empty latent, z [0]", of_key, jax.random.key(0))
    if batch or len(event) != 1:
        raise ValueError(
            f"the network maps an empty latent z [0] to a distribution of batch_shape {batch} and "
            f"event_shape {event}, which must be () and (length,): one string"
        )
    return model


def _distribution(apply: Partial, params: PyTree) -> Any:
    return apply(params, jnp.zeros((0,)))
