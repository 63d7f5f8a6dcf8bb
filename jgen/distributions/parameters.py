"""Read, evaluate and rebuild NumPyro distributions.

One ``map_parameters.register`` call gives your own family a fast ``gather``, and so fast mixtures.
"""

import warnings
from collections.abc import Callable
from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.scipy.special import betaln, gammaln, xlog1py, xlogy
from jax.tree_util import all_leaves
from numpyro.distributions import constraints

from jgen._internal.validation import is_traced
from jgen.distributions.gaussian_algebra import gaussian_parameters
from jgen.distributions.input_checks import no_closed_form, to_float
from jgen.distributions.multivariate_normal import MultivariateNormal
from jgen.types import Array, Key


def log_prob_of(distribution: dist.Distribution, value: Array) -> Array:
    """Evaluate the log-density of a distribution, -inf outside its support.

    ``Partial(log_prob_of, distribution)`` is a ``LogDensity``: the distribution is a pytree, so one
    with new parameters runs through the programs already compiled. Outside the support NumPyro itself warns,
    and where its validation is off (``python -O``) returns a finite number, which samplers must not use.
    Supports that need a tolerance (simplex, Cholesky factors) are left to the distribution.

    Args:
        distribution: Any NumPyro distribution.
        value: ``[*batch, *event]``.

    Returns:
        ``[*batch]``, in nats; NaN for events with NaN.

    Raises:
        ValueError: If the value does not end with the axes of an event, or the axes before do not broadcast
            with the batch.

    Example:
        >>> import jax, numpyro.distributions as dist
        >>> from jax.tree_util import Partial
        >>> target = Partial(log_prob_of, dist.HalfNormal(1.0))
        >>> bool(jax.jit(target)(-1.0) == -jax.numpy.inf)
        True
    """
    if not all_leaves([value]):  # a dict of a joint distribution, which checks its parts
        return jnp.asarray(distribution.log_prob(value))
    value, event_dim = jnp.asarray(value), distribution.event_dim
    if value.shape[value.ndim - event_dim :] != distribution.event_shape:
        raise ValueError(
            f"a value of {type(distribution).__name__} ends with the axes of an event, "
            f"{distribution.event_shape}; got shape {value.shape}"
        )
    shape = _batch_shape_of(value, distribution)
    if 0 in shape:
        return jnp.zeros(shape)
    value, distribution = _in_single_precision(value, distribution)
    value = jnp.broadcast_to(value, shape + distribution.event_shape)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Out-of-support values", UserWarning)
        if has_elementwise_support(distribution):
            support, elementwise = support_of(distribution), elementwise_support(distribution)
            # Outside the support the formula is evaluated inside it, or its NaN would enter the gradients.
            inside = jnp.where(elementwise(value), value, elementwise.feasible_like(value))
            log_prob = log_prob_inside(distribution, inside)  # NaN for parameters that are NaN
            log_prob = jnp.where(support(value) | jnp.isnan(log_prob), log_prob, -jnp.inf)
        else:
            log_prob = log_prob_inside(distribution, value)
    if not jnp.issubdtype(value.dtype, jnp.floating):
        return log_prob
    return jnp.where(jnp.isnan(value).any(tuple(range(-event_dim, 0))), jnp.nan, log_prob)


@singledispatch
def log_prob_inside(distribution: Any, value: Array) -> Array:
    """Evaluate NumPyro's log density inside the support, but for families where it is wrong there."""
    return jnp.asarray(distribution.log_prob(value))


@log_prob_inside.register
def _(distribution: dist.GeometricProbs, value: Array):
    """Where a success is certain, NumPyro gives 0 the probability 0."""
    probs = jnp.asarray(distribution.probs)
    log_failure, log_success = (
        jnp.where(at, -jnp.inf, f(jnp.where(at, 0.5, probs)))
        for at, f in ((probs == 1, lambda x: jnp.log1p(-x)), (probs == 0, jnp.log))
    )
    log_failure, log_success, value = jnp.broadcast_arrays(log_failure, log_success, value)
    return jnp.where(value > 0, value * jnp.where(value > 0, log_failure, 0), 0) + log_success


@log_prob_inside.register
def _(distribution: dist.HurdleProbs, value: Array):
    """Outside NumPyro's support, positive numbers, is the atom at 0 of a continuous base."""
    if distribution.is_discrete:
        return jnp.asarray(distribution.log_prob(value))
    is_atom = value == 0
    rest = distribution._log_one_minus_gate() + distribution.base_dist.log_prob(jnp.where(is_atom, 1, value))
    return jnp.where(is_atom, distribution._log_gate(), rest)


@singledispatch
def support_of(distribution: Any) -> Any:
    """Return the support; NumPyro's own, but for families that lose it or state another."""
    return distribution.support


@support_of.register
def _(distribution: dist.Levy):
    """Return what NumPyro's has no longer after it was an argument of a compiled function."""
    return constraints.greater_than(distribution.loc)


@support_of.register
def _(distribution: dist.HurdleProbs):
    """Add the atom at 0 to positive numbers."""
    support = distribution.support
    return constraints.nonnegative if support is constraints.positive else support


@log_prob_inside.register
def _(distribution: dist.Cauchy, value: Array):
    """Compute far from the location, where NumPyro's square overflows."""
    away, scale = _standardised(distribution, value)
    return -log_one_plus_square(away) - jnp.log(scale) - np.log(np.pi)


@log_prob_inside.register
def _(distribution: dist.Laplace, value: Array):
    """Compute for scales of whole numbers, of which NumPyro's double overflows."""
    away, scale = _standardised(distribution, value)
    return -jnp.abs(away) - jnp.log(scale) - np.log(2)


@log_prob_inside.register
def _(distribution: dist.StudentT, value: Array):
    """Compute far from the location, where NumPyro's square overflows."""
    away, scale = _standardised(distribution, value)
    df = jnp.broadcast_to(jnp.asarray(distribution.df, away.dtype), away.shape)
    log_normaliser = jnp.log(scale) + jnp.log(df) / 2 + log_beta(df / 2, jnp.full_like(df, 0.5))
    return -(df + 1) / 2 * log_one_plus_square(away / jnp.sqrt(df)) - log_normaliser


@log_prob_inside.register
def _(distribution: dist.Beta, value: Array):
    """Compute with a log-beta function that keeps its digits."""
    value, a, b = jnp.broadcast_arrays(value, distribution.concentration1, distribution.concentration0)
    return xlogy(a - 1, value) + xlog1py(b - 1, -value) - log_beta(a, b)


@log_prob_inside.register
def _(distribution: dist.InverseGamma, value: Array):
    """Compute near zero, where NumPyro's Jacobian overflows."""
    value, a, rate = jnp.broadcast_arrays(value, distribution.concentration, distribution.rate)
    a, rate = a.astype(float), rate.astype(float)
    return a * jnp.log(rate) - gammaln(a) - (a + 1) * jnp.log(value) - rate / value


def log_beta(a: Array, b: Array) -> Array:
    """Compute the logarithm of the beta function; with a large argument by Stirling's series.

    Logarithms of gamma functions of a thousand and more are large, and little is left of their difference.

    Example:
        >>> print(log_beta(jnp.float32(0.5), jnp.float32(2.0**20)).round(5))  # -log(2^20 / pi) / 2
        -6.35911
    """
    small, large = jnp.minimum(a, b).astype(float), jnp.maximum(a, b).astype(float)
    is_large = large > 10
    big = jnp.where(is_large, large, 11.0)

    def remainder(x: Array) -> Array:
        return (1 / 12 - (1 / 360 - 1 / (1260 * x**2)) / x**2) / x

    rise = (big + small - 0.5) * jnp.log1p(small / big) + small * (jnp.log(big) - 1)
    rise = rise + remainder(big + small) - remainder(big)  # of log gamma, from big to big + small
    return jnp.where(is_large, gammaln(small) - rise, betaln(small, jnp.where(is_large, 1.0, large)))


def _standardised(distribution: Any, value: Array) -> tuple[Array, Array]:
    """Return the distance from the location in units of the scale, and the scale, of one shape."""
    value, loc, scale = jnp.broadcast_arrays(value, distribution.loc, distribution.scale)
    return (value - loc) / scale, scale


def log_one_plus_square(x: Array) -> Array:
    """Compute log(1 + x^2) without overflow; its gradient too."""
    is_far = jnp.abs(x) > 1
    near, far = jnp.where(is_far, 0, x), jnp.where(is_far, jnp.abs(x), 1)
    return jnp.where(is_far, 2 * jnp.log(far) + jnp.log1p((1 / far) ** 2), jnp.log1p(near**2))


def _batch_shape_of(value: Array, distribution: Any) -> tuple[int, ...]:
    """Return the shape of the log-density of a value ``[*batch, *event]``."""
    leading = value.shape[: value.ndim - distribution.event_dim]
    try:
        return np.broadcast_shapes(leading, distribution.batch_shape)
    except ValueError:
        raise ValueError(
            f"a value of {type(distribution).__name__} starts with axes that broadcast with its batch, "
            f"{distribution.batch_shape}; got shape {value.shape}"
        ) from None


def _in_single_precision(value: Array, distribution: Any) -> tuple[Array, Any]:
    """Return a value and a distribution in float32 or wider, whose log-density has more than three digits.

    A whole number is a float to a continuous distribution: differences of unsigned integers have no sign.
    """
    support = support_of(distribution)
    if not (jnp.issubdtype(value.dtype, jnp.floating) or (support is not None and support.is_discrete)):
        value = value.astype(float)

    def is_narrow(leaf: Any) -> bool:
        dtype = getattr(leaf, "dtype", None)
        return dtype is not None and jnp.issubdtype(dtype, jnp.number) and dtype.itemsize < 4

    def widened(leaf: Any) -> Any:
        dtype = jnp.float32 if jnp.issubdtype(jnp.result_type(leaf), jnp.floating) else jnp.int32
        return jnp.asarray(leaf, dtype) if is_narrow(leaf) else leaf

    if any(map(is_narrow, jax.tree.leaves(distribution))):
        distribution = jax.tree.map(widened, distribution)
    return widened(value), distribution


def has_elementwise_support(distribution: Any) -> bool:
    """Return whether the support excludes some values of single elements."""
    if not isinstance(support_of(distribution), constraints.Constraint):
        return False
    support = elementwise_support(distribution)
    return support.event_dim == 0 and type(support) is not type(constraints.real)


def elementwise_support(distribution: Any) -> Any:
    """Return the support of one element, or of as few as may not be told apart."""
    support = support_of(distribution)
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    return support


# ---------------------------------------------------------------------------------------------------
# Rebuilding: one function per family gives both ``gather`` and stacking.
# ---------------------------------------------------------------------------------------------------


@singledispatch
def map_parameters(distribution: Any, *_function_and_others: Any) -> dist.Distribution:
    """Rebuild a distribution with mapped parameters: ``map_parameters(distribution, function, *others)``.

    A parameter becomes ``function(leaf, *leaves of the others)``, each leaf being ``[*batch, *own]``.
    Register your own family to give it a fast ``gather`` and fast mixtures.
    """
    raise no_closed_form("map_parameters", map_parameters, distribution)


def _map_arguments(distribution: Any, function: Callable[..., Array], *others: Any) -> dist.Distribution:
    def full(d: Any, name: str) -> Array:
        leaf, event_dim = to_float(getattr(d, name)), d.arg_constraints[name].event_dim
        return jnp.broadcast_to(leaf, d.batch_shape + leaf.shape[leaf.ndim - event_dim :])

    every, names = (distribution, *others), distribution.arg_constraints
    parameters = {name: function(*(full(d, name) for d in every)) for name in names}
    return type(distribution)(**parameters, validate_args=distribution._validate_args)


for _family_type in (
    *(dist.Normal, dist.Laplace, dist.Cauchy, dist.StudentT, dist.Logistic, dist.Gumbel),
    *(dist.HalfNormal, dist.LogNormal, dist.Gamma, dist.Exponential, dist.Beta, dist.Dirichlet),
    *(dist.BernoulliProbs, dist.BernoulliLogits, dist.Poisson),
    *(dist.CategoricalProbs, dist.CategoricalLogits),
):
    map_parameters.register(_family_type, _map_arguments)


@map_parameters.register
def _(distribution: dist.MultivariateNormal, function: Callable[..., Array], *others: Any):
    means, factors = zip(*map(gaussian_parameters, (distribution, *others)), strict=True)
    return MultivariateNormal(function(*means), scale_tril=function(*factors))


@map_parameters.register
def _(distribution: dist.Independent, function: Callable[..., Array], *others: Any):
    base = map_parameters(distribution.base_dist, function, *(d.base_dist for d in others))
    return base.to_event(distribution.reinterpreted_batch_ndims)


def family(distribution: Any) -> tuple | None:
    """Return a key that distributions share if they can be stacked; None where ``map_parameters`` cannot."""
    base = family(distribution.base_dist) if isinstance(distribution, dist.Independent) else ()
    if base is None or map_parameters.dispatch(type(distribution)) is map_parameters.dispatch(object):
        return None
    return type(distribution), distribution.batch_shape, distribution.event_shape, base


class GatheredMembers(dist.Distribution):
    """Members of a batch by index, for families that cannot be rebuilt: costs the whole batch."""

    pytree_data_fields = ("base_dist", "index")

    def __init__(self, base_dist: dist.Distribution, index: tuple[Array, ...]):
        self.base_dist, self.index = base_dist, index
        super().__init__(batch_shape=index[0].shape, event_shape=base_dist.event_shape)

    @property
    def support(self) -> Any:
        """Return the support of the whole batch."""
        return self.base_dist.support

    def _select(self, values: Array, own_dim: int) -> Array:  # [*sample, *index, *batch, *own]
        sizes = self.base_dist.batch_shape
        start = values.ndim - own_dim - len(sizes)
        flat = jnp.ravel_multi_index(self.index, sizes, mode="clip")
        flat = flat.reshape((1,) * (start - flat.ndim) + flat.shape + (1,) * (1 + own_dim))
        values = values.reshape((*values.shape[:start], -1, *values.shape[start + len(sizes) :]))
        return jnp.take_along_axis(values, flat, axis=start).squeeze(start)  # [*sample, *index, *own]

    def sample(self, key: Key, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draw every member and select by index."""
        values = self.base_dist.sample(key, sample_shape + self.batch_shape)
        return self._select(jnp.asarray(values), self.event_dim)

    def log_prob(self, value: Array, intermediates: Any = None) -> Array:
        """Evaluate every member and select by index."""
        del intermediates
        value = jnp.broadcast_to(value, jnp.broadcast_shapes(jnp.shape(value), self.shape()))
        start = value.ndim - self.event_dim
        axes = tuple(range(start, start + len(self.base_dist.batch_shape)))
        return self._select(jnp.asarray(self.base_dist.log_prob(jnp.expand_dims(value, axes))), 0)


Bernoulli = dist.BernoulliProbs | dist.BernoulliLogits
Categorical = dist.CategoricalProbs | dist.CategoricalLogits
Mixture = dist.MixtureSameFamily | dist.MixtureGeneral


def bernoulli_log_probs(distribution: Any) -> tuple[Array, Array]:
    """Return log-probabilities of 0 and 1, -inf where they are exactly 0; NumPyro clamps its ``logits``."""
    if isinstance(distribution, dist.BernoulliLogits):
        return jax.nn.log_sigmoid(-distribution.logits), jax.nn.log_sigmoid(distribution.logits)
    probs = jnp.asarray(distribution.probs)
    zero, one = (jnp.where(edge, 0.5, probs) for edge in (probs == 1, probs == 0))  # for their gradients
    return jnp.where(probs == 1, -jnp.inf, jnp.log1p(-zero)), jnp.where(probs == 0, -jnp.inf, jnp.log(one))


MAX_SELECTS = 8
"""A chain of this many selects is fused with what follows; a gather is not vectorised on CPU."""


def gather(distribution: dist.Distribution, index: Array | tuple[Array, ...]) -> dist.Distribution:
    """Gather members of a batch of distributions by index, as a new batch.

    Gathers parameters, so that a draw costs one draw however large the batch is. A family that
    ``map_parameters`` does not support is wrapped instead, and then costs the whole batch per draw.

    Args:
        distribution: A distribution with batch axes ``[*batch]``.
        index: One integer array per batch axis, all of one shape ``[*index]``; a bare array for one axis.
            Negative ones count from the end; traced ones that are out of range count as the nearest member.

    Returns:
        A distribution with batch axes ``[*index]`` and the same event axes.

    Raises:
        TypeError: For indices that are not integers.
        IndexError: For known indices out of range.
        ValueError: For another number of index arrays than batch axes.

    Example:
        >>> import jax.numpy as jnp, numpyro.distributions as dist
        >>> rows = gather(dist.Normal(jnp.arange(3.0), 1.0), jnp.array([2, 0, 0, 1]))
        >>> rows.mean.tolist()
        [2.0, 0.0, 0.0, 1.0]
    """
    index = index if isinstance(index, tuple) else (index,)
    if len(index) != len(distribution.batch_shape):
        shape = distribution.batch_shape
        raise ValueError(
            f"gather needs one index array per batch axis of {shape}; it was given {len(index)}."
        )
    return gather_members(distribution, tuple(map(_check_index, index, distribution.batch_shape)))


def gather_members(distribution: dist.Distribution, index: tuple[Array, ...]) -> dist.Distribution:
    """Gather members of a batch of distributions, as ``gather`` does, by indices known to be in range."""
    if family(distribution) is None:
        return GatheredMembers(distribution, index)
    return map_parameters(distribution, lambda leaf: gather_leaf(leaf, index))


def _check_index(index: Any, size: int) -> Array:
    """Return indices between 0 and ``size - 1``."""
    if not jnp.issubdtype(jnp.result_type(index), jnp.integer):
        raise TypeError(f"gather takes integer indices; got {jnp.result_type(index)}")
    if not is_traced(index) and not np.all((np.asarray(index) >= -size) & (np.asarray(index) < size)):
        raise IndexError(f"gather: indices must be between {-size} and {size - 1}; got {np.asarray(index)}")
    index = jnp.asarray(index)
    return jnp.clip(jnp.where(index < 0, index + size, index), 0, size - 1)


def gather_leaf(leaf: Array, index: tuple[Array, ...]) -> Array:
    """Return ``leaf[index]``, by a chain of selects where that is faster: few numbers, one index array."""
    if leaf.ndim > 1 or len(index) > 1 or leaf.size > MAX_SELECTS:
        return leaf[index]
    found = jnp.full(index[0].shape, leaf[-1])
    for row in range(leaf.size - 1):
        found = jnp.where(index[0] == row, leaf[row], found)
    return found


# ---------------------------------------------------------------------------------------------------
# Mixtures: their parts, and the same class made of other parts.
# ---------------------------------------------------------------------------------------------------


def split_components(mixture: Any) -> tuple[Array, list[Any], Callable[[Array, list[Any]], Any]]:
    """Return log-weights ``[*batch, component]``, the components (one batch, or a list), and a rebuilder."""
    log_weights = jax.nn.log_softmax(mixture.mixing_distribution.logits)
    whole = isinstance(mixture, dist.MixtureSameFamily)
    components = [mixture.component_distribution] if whole else list(mixture.component_distributions)

    def rebuild(new_log_weights: Array, new_components: list[Any]) -> dist.Distribution:
        mixing = unchecked_logits(new_log_weights)
        if whole:
            return type(mixture)(mixing, new_components[0])
        return type(mixture)(mixing, new_components, support=mixture._support)

    return log_weights, components, rebuild


def unchecked_logits(logits: Array) -> dist.CategoricalLogits:
    """Make a categorical distribution whose logits may be -inf, which NumPyro's own check rejects.

    The largest logit becomes 0: NumPyro subtracts the logarithm of their sum, which a large one would round.
    """
    top = jax.lax.stop_gradient(logits.max(-1, keepdims=True))
    logits = logits - jnp.where(jnp.isfinite(top), top, 0)
    return dist.CategoricalLogits(logits, validate_args=False)


def map_components(mixture: Any, function: Callable[[Any], dist.Distribution]) -> dist.Distribution:
    """Map every component of a mixture, with the same weights."""
    log_weights, components, rebuild = split_components(mixture)
    return rebuild(log_weights, [function(c) for c in components])
