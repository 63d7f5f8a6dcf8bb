"""Independent parts under names, as one law over a dictionary."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.tree_util import register_dataclass

from jgen.types import Array, Key, PyTree


@register_dataclass
@dataclass(frozen=True)
class Joint:
    """A law over dictionaries; what a NumPyro distribution is to arrays, as far as drawing and weighing go.

    Attributes:
        parts: Name -> distribution of that entry.
    """

    parts: dict[str, dist.Distribution]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Always that of one law."""
        return ()

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> dict[str, Array]:
        """Draws, name -> ``[*sample, *event]``."""
        keys = jax.random.split(key, len(self.parts))
        return {
            name: part.sample(key, sample_shape)
            for key, (name, part) in zip(keys, self.parts.items(), strict=True)
        }

    def log_prob(self, value: PyTree) -> Array:
        """Log density ``[*sample]``, in nats.

        Raises:
            ValueError: If the names are not those of the parts.
        """
        if set(value) != set(self.parts):
            raise ValueError(f"this law is over {', '.join(self.parts)}; got {', '.join(value)}")
        terms = [part.log_prob(value[name]) for name, part in self.parts.items()]
        return jnp.sum(jnp.stack(terms), axis=0)


def joint(**parts: dist.Distribution) -> Joint:
    r"""The law of independent parts, $p(x) = \prod_i p_i(x_i)$, over dictionaries.

    Args:
        **parts: Name -> distribution without batch axes (``.to_event()`` makes them part of the event).

    Returns:
        A pytree with ``sample`` and ``log_prob``: a prior to anneal from, where the position is a dictionary.

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
            f"named takes one part or more, each a single law; these have batch axes: {batched}. Use "
            ".to_event() where they are meant as the event."
        )
    # In the order a pytree keeps, or draws would change under jit.
    return Joint(dict(sorted(parts.items())))
