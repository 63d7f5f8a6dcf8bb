"""Combine independent named distributions into one over dictionaries."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import register_dataclass

from jgen.distributions.parameters import log_prob_of
from jgen.types import Array, Key, PyTree


@register_dataclass
@dataclass(frozen=True)
class Joint:
    """Product distribution over dictionaries.

    Attributes:
        parts: Name -> distribution of that entry.
    """

    parts: dict[str, dist.Distribution]
    batch_shape: ClassVar[tuple[int, ...]] = ()

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> dict[str, Array]:
        """Draw a dictionary, name -> ``[*sample, *event]``."""
        keys = dict(zip(self.parts, jax.random.split(key, len(self.parts)), strict=True))
        return {name: part.sample(keys[name], sample_shape) for name, part in self.parts.items()}

    def log_prob(self, value: PyTree) -> Array:
        """Evaluate the log-density ``[*sample]``, in nats, -inf outside the support of a part.

        Raises:
            ValueError: If the names are not those of the parts, or they are not of one ``[*sample]``.
        """
        if set(value) != set(self.parts):
            raise ValueError(f"this distribution is over {', '.join(self.parts)}; got {', '.join(value)}")
        terms = [log_prob_of(part, value[name]) for name, part in self.parts.items()]
        if len(shapes := {term.shape for term in terms}) > 1:
            raise ValueError(
                f"the entries of a joint distribution are of one [*sample]; got {sorted(shapes)}"
            )
        return jnp.sum(jnp.stack(terms), axis=0)


def joint(**parts: dist.Distribution) -> Joint:
    r"""Make the distribution of independent parts, $p(x) = \prod_i p_i(x_i)$, over dictionaries.

    Args:
        **parts: Name -> distribution without batch axes (``.to_event()`` makes them part of the event).

    Returns:
        A pytree with ``sample`` and ``log_prob``: for example a prior to anneal from.

    Raises:
        ValueError: If there is no part, or one has batch axes.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> prior = joint(mean=dist.Normal(0.0, 5.0), scale=dist.HalfCauchy(5.0))
        >>> sorted(prior.sample(jax.random.key(0)))
        ['mean', 'scale']
        >>> print(prior.log_prob({"mean": 0.0, "scale": 1.0}).round(3))
        -4.629

    Reference:
        A product measure; Durrett (2019), "Probability: Theory and Examples", section 1.7.
    """
    batched = {name: part.batch_shape for name, part in parts.items() if part.batch_shape != ()}
    if not parts or batched:
        raise ValueError(
            f"joint takes one part or more, without batch axes; these have batch axes: {batched}. Use "
            ".to_event() where they are meant as the event."
        )
    # Sorted as a pytree keeps them, or draws would change under jit.
    return Joint(dict(sorted(parts.items())))
