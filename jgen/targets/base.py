"""What a target is: a density that carries its own truth; and the few tools that targets share."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import exp, log, pi
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial, register_dataclass
from numpyro.distributions import Distribution, constraints

from jgen.types import Array, Key, PyTree
from jgen.validated import ValidatedOnHost


class Trait(enum.Enum):
    """What makes a target hard, or easy; a sampler takes or declines it by its traits, never by its name."""

    MULTIMODAL = "modes far enough apart that a local kernel does not cross"
    HEAVY_TAILED = "no variance, or a tail heavier than any exponential"
    STIFF = "curvature that changes by orders of magnitude over the typical set"
    DISCRETE = "no gradient"
    LOG_CONCAVE = "on the line, below each of its tangents on a log scale"


@register_dataclass
@dataclass(frozen=True)
class Target:
    """A density with known answers. ``[dim]`` below is the length of the ravelled position.

    Attributes:
        log_density: Position -> unnormalised log density, in nats; a ``Partial``.
        start: A position of positive density; it also fixes shapes and dtypes.
        sample: ``sample(key)`` -> one exact draw; None where there is no exact sampler.
        mean: E x ``[dim]``; None where it does not exist or is not known.
        variance: Var x ``[dim]``; None where it does not exist or is not known.
        log_evidence: log Z, in nats; None where it is not known.
        expectations: Other known answers, ``name -> (function of one position, truth)``.
        proposal: A NumPyro distribution whose tails cover the target; None where there is none.
        log_bound: A bound on ``log_density - proposal.log_prob``, the least one unless the factory
            says otherwise; None where none is known. In floating point a ratio may pass it by
            rounding, a few units in the last place of ``log_density``.
        conditionals: The same law as a directed model, name -> function of its parents' values to a
            distribution; None where it is not written as one.
        name: The name of the function that makes it.
        traits: What makes it hard.
        source: Where the truth comes from.
    """

    log_density: Partial
    start: PyTree
    sample: Partial | None = None
    mean: Array | None = None
    variance: Array | None = None
    log_evidence: Array | float | None = None
    expectations: Mapping[str, tuple[Partial, Any]] = field(default_factory=dict)
    proposal: Distribution | None = None
    log_bound: Array | float | None = None
    conditionals: Mapping[str, Partial] | None = None
    name: str = field(default="", metadata={"static": True})
    traits: frozenset[Trait] = field(default=frozenset(), metadata={"static": True})
    source: str = field(default="", metadata={"static": True})


class Pushforward(ValidatedOnHost, Distribution):
    r"""A Gaussian carried through a bijection: x = T(s u), u ~ N(0, I).

    .. math:: \log p(x) = \log N(T^{-1}(x); 0, s^2 I) + \log |\det dT^{-1}/dx|

    With s = 1 it is the target itself; with s > 1 it is a proposal that covers that target, since
    the ratio of the two is s^dim exp(-|u|^2 (1 - 1/s^2) / 2), at most s^dim.

    Args:
        dim: Length of x.
        scale: The scale s.
        forward: ``forward(u [dim]) -> x [dim]``.
        inverse: ``inverse(x [dim]) -> (u [dim], log |det du/dx| [])``.
        validate_args: As in NumPyro.
    """

    arg_constraints: ClassVar = {"scale": constraints.positive}
    support = constraints.real_vector
    pytree_data_fields = ("scale", "forward", "inverse")

    def __init__(
        self,
        dim: int,
        scale: float | Array,
        forward: Partial,
        inverse: Partial,
        *,
        validate_args: bool | None = None,
    ):
        self.scale, self.forward, self.inverse = scale, forward, inverse
        super().__init__((), (dim,), validate_args=validate_args)

    def sample(self, key: Key | None, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draws ``[*sample_shape, dim]``."""
        if key is None:
            raise ValueError("Pushforward.sample needs a key.")
        u = self.scale * jax.random.normal(key, (*sample_shape, *self.event_shape))
        return jnp.vectorize(self.forward, signature="(d)->(d)")(u)  # [*sample, dim]

    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        """Evaluates ``[*sample, dim] -> [*sample]``, in nats."""
        del intermediates
        u, log_det = jnp.vectorize(self.inverse, signature="(d)->(d),()")(jnp.asarray(value))
        dim = self.event_shape[0]
        quadratic = jnp.square(u / self.scale).sum(-1)  # [*sample]
        return log_det - quadratic / 2 - dim * (jnp.log(self.scale) + log(2 * pi) / 2)


def log_prob_of(distribution: Distribution, x: PyTree) -> Array:
    """The log-density of a NumPyro distribution as a bindable function."""
    return distribution.log_prob(x)


def sample_of(distribution: Distribution, key: Key) -> PyTree:
    """One draw of a NumPyro distribution as a bindable function."""
    return distribution.sample(key)


def widening(dim: int) -> float:
    """The factor s on the scale of a Gaussian for which s^dim = e.

    It makes N(m, s^2 S) cover N(m, S) with a ratio of at most e, so that rejection accepts 1/e of the
    proposals and importance weights stay bounded, in any dimension.
    """
    return exp(1 / dim)


def power(exponent: int, x: PyTree) -> Array:
    """Every coordinate of the ravelled position to a power, ``[dim]``."""
    return ravel_pytree(x)[0] ** exponent


def gaussian_sample(mean: Array, scale_tril: Array, key: Key) -> Array:
    """One draw of N(mean, L L'), ``[dim]``; L may be any square factor."""
    u = jax.random.normal(key, mean.shape, mean.dtype)  # [dim]
    return mean + jnp.matmul(scale_tril, u, precision="highest")


def accepted(propose: Callable[[Key], PyTree], log_accept: Callable[[PyTree], Array], key: Key) -> PyTree:
    """One exact draw by rejection: proposes until a proposal is accepted.

    Args:
        propose: ``propose(key) -> value``.
        log_accept: ``log_accept(value)``, the log of the acceptance probability, at most 0.
        key: A typed key.
    """

    def attempt(key: Key) -> tuple[Key, PyTree, Array]:
        next_key, propose_key, accept_key = jax.random.split(key, 3)
        value = propose(propose_key)
        return next_key, value, jnp.log1p(-jax.random.uniform(accept_key)) <= log_accept(value)

    state = jax.lax.while_loop(lambda state: ~state[2], lambda state: attempt(state[0]), attempt(key))
    return state[1]
