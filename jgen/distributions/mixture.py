"""Make finite mixtures that draw one component per sample, not all of them."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from jgen._internal.threefry import two_uniforms
from jgen.distributions import parameters
from jgen.distributions.atoms import measure_of
from jgen.distributions.input_checks import as_simplex
from jgen.distributions.moments import moments
from jgen.distributions.parameters import (
    Categorical,
    elementwise_support,
    family,
    gather_members,
    map_parameters,
)
from jgen.types import Array, Key


def mixture(weights: Any, components: dist.Distribution | Sequence[dist.Distribution]) -> dist.Distribution:
    r"""Make a finite mixture, $p(x) = \sum_k w_k\, p_k(x)$, whose sampling costs one draw, not K.

    A draw finds its component by inverting the cumulative weights, gathers that component's parameters and
    draws once (a scalar normal from the other half of the same block of random bits). NumPyro's own mixtures
    draw every component and discard all but one. The distribution is the same; the numbers from a given key
    are not. Uniform numbers of float32 have steps of 1.2e-7, so a component of smaller weight is rarely or
    never drawn there (its ``log_prob`` is right all the same); use float64.

    A list of one family is stacked into one batch. Unlike families cost one draw per family (not per
    component), and each contributes only inside its own support.

    Means and variances are those of the components, which NumPyro does not have for each family; for angles
    (``VonMises``), where it means other numbers by these names, the mixture's raise ``NotImplementedError``.

    Args:
        weights: ``[component]`` (or ``[*batch, component]``), non-negative, summing to 1.
        components: One distribution whose last batch axis is the component, or a list of distributions of
            one event shape, of any families.

    Returns:
        A ``FamilyMixture`` (a NumPyro ``MixtureSameFamily``) or, for unlike families, a
        ``GeneralMixture`` (a NumPyro ``MixtureGeneral``).

    Raises:
        TypeError: The components are not distributions, or mix discrete ones, continuous ones and ones with
            atoms (``Delta``).
        ValueError: Weights that are negative or do not sum to 1, shapes that do not fit, or a family whose
            support depends on its parameters (a uniform).

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> two = mixture([0.25, 0.75], dist.Normal(jnp.array([-4.0, 4.0]), 1.0))
        >>> draws = two.sample(jax.random.key(0), (1000,))
        >>> bool(abs((draws > 0).mean() - 0.75) < 0.07), float(two.mean)
        (True, 2.0)

    Reference:
        Devroye, Non-Uniform Random Variate Generation (1986), chapters II.2 (inversion) and II.4.
    """
    weights, is_batch = as_simplex("mixture: weights", weights), isinstance(components, dist.Distribution)
    parts: Any = components if is_batch else list(components)
    if not is_batch and not (parts and all(isinstance(c, dist.Distribution) for c in parts)):
        raise TypeError("mixture: components must be a NumPyro distribution or a list of them.")
    shape = parts.batch_shape if is_batch else (len(parts),)
    if not weights.ndim or weights.shape[-1:] != shape[-1:]:
        raise ValueError(f"mixture: the last axes of weights {weights.shape} and components {shape} differ.")
    mixing = dist.CategoricalProbs(weights)
    if is_batch:
        return FamilyMixture(mixing, parts)
    if len({c.event_shape for c in parts}) > 1:
        raise ValueError(
            f"mixture: components must share one event shape; given {[c.event_shape for c in parts]}. "
            "Use .to_event(1) where a batch axis is meant as the event."
        )
    if len(measures := {measure_of(c) for c in parts}) > 1:
        raise TypeError(f"mixture: the components have no common density, but {sorted(measures)}.")
    first = parts[0]
    if family(first) is not None and all(family(c) == family(first) for c in parts):
        axis = len(first.batch_shape)
        return FamilyMixture(mixing, map_parameters(first, lambda *x: jnp.stack(x, axis), *parts[1:]))
    return GeneralMixture(mixing, parts, support=_common_support(parts))


def _common_support(components: Sequence[Any]) -> Any:
    innermost = [elementwise_support(c) for c in components]
    alike = len({type(s) for s in innermost}) == 1
    if alike and isinstance(innermost[0], constraints.ParameterFreeConstraint):
        return components[0].support
    if any(s.event_dim for s in innermost):
        raise ValueError(f"mixture: supports {innermost} have no simple union; give components of one.")
    whole = constraints.real
    if components[0].is_discrete:
        whole = constraints.integer_interval(jnp.iinfo(jnp.int32).min, jnp.iinfo(jnp.int32).max)
    return constraints.independent(whole, components[0].event_dim)


def component_index(uniform: Array, weights: Array) -> Array:
    """Find components by inverse CDF: uniforms ``[*sample, *batch]``, weights ``[*batch, component]``.

    A component of weight 0 is never drawn, not even through rounding in the cumulative sum.
    """
    cdf = jnp.where(weights > 0, jnp.cumsum(weights, -1), 0)
    cdf = jax.lax.cummax(cdf, axis=weights.ndim - 1)  # flat, exactly, over weights of 0
    shape, batch = uniform.shape, weights.shape[:-1]
    if not batch:
        return count_below(cdf, uniform * cdf[-1])
    rows, columns = cdf.reshape(-1, cdf.shape[-1]), uniform.reshape(-1, cdf.size // cdf.shape[-1])
    found = jax.vmap(lambda row, u: count_below(row, u * row[-1]), in_axes=(0, 1), out_axes=1)(rows, columns)
    return found.reshape(shape[: len(shape) - len(batch)] + batch)


def count_below(cdf: Array, value: Array) -> Array:
    """Count the rising steps ``[step]``, but the last, that are at most each value.

    Both methods fuse with later operations, which ``searchsorted`` does not: a sum of comparisons where they
    are few, else a binary search of log2(step) gathers.
    """
    found = jnp.zeros(value.shape, int)
    if cdf.size <= parameters.MAX_SELECTS:
        return functools.reduce(jnp.add, (value >= step for step in cdf[:-1]), found)
    size = 1 << (cdf.size - 1).bit_length()
    padded = jnp.concatenate([cdf[:-1], jnp.full(size - cdf.size + 1, jnp.inf, cdf.dtype)])
    for stride in (size >> level for level in range(1, size.bit_length())):
        found = found + jnp.where(value >= padded[found + stride - 1], stride, 0)
    return found


def standard_normal_quantile(uniform: Array) -> Array:
    """Return the normal quantile of uniforms on [0, 1), as ``jax.random.normal`` takes it: never infinite."""
    lowest = jnp.nextafter(jnp.array(-1.0, uniform.dtype), jnp.array(0.0, uniform.dtype))
    symmetric = jnp.maximum(lowest, uniform * (1.0 - lowest) + lowest)  # (-1, 1)
    return jnp.sqrt(jnp.array(2.0, uniform.dtype)) * jax.lax.erf_inv(symmetric)


DrawsAndIndices = tuple[Array, list[Array]]
STANDARD_QUANTILES = {dist.Normal: standard_normal_quantile}
"""Families ``loc + scale Q(u)`` whose Q is cheap: their draws share a block of random bits with the index."""


class MomentsOfComponents:
    """Mixin before NumPyro's class that checks the components' moments, and counts none of weight 0."""

    def _component_moments(self) -> tuple[Array, Array]:
        raise NotImplementedError

    def _of_components(self, which: int) -> Array:
        values = self._component_moments()[which]
        probs: Any = self.mixing_distribution.probs  # type: ignore[attr-defined]
        probs = probs.reshape(probs.shape + (1,) * self.event_dim)  # type: ignore[attr-defined]
        probs, values = jnp.broadcast_arrays(probs, values)
        return jnp.where(probs > 0, values, 0)  # which may be infinite

    @property
    def component_mean(self) -> Array:
        """Return the means of the components, 0 for those of weight 0."""
        return self._of_components(0)

    @property
    def component_variance(self) -> Array:
        """Return the variances of the components, 0 for those of weight 0."""
        return self._of_components(1)


class FamilyMixture(MomentsOfComponents, dist.MixtureSameFamily):
    """NumPyro's ``MixtureSameFamily`` with draws that gather one component's parameters."""

    def __init__(
        self, mixing_distribution: Any, component_distribution: Any, *, validate_args: bool | None = None
    ):
        support = elementwise_support(component_distribution)
        is_fixed = isinstance(support, constraints.ParameterFreeConstraint)
        if not is_fixed and not isinstance(component_distribution, Categorical):
            raise ValueError(
                f"mixture: the support of {type(component_distribution).__name__} depends on its parameters "
                f"({support}), so its components cannot share one batch. Give a list of unlike components."
            )
        self._mixing_distribution = mixing_distribution
        self._component_distribution = component_distribution
        self._mixture_size = component_distribution.batch_shape[-1]
        batch_shape = jax.lax.broadcast_shapes(
            mixing_distribution.batch_shape, component_distribution.batch_shape[:-1]
        )
        dist.Distribution.__init__(
            self, batch_shape, component_distribution.event_shape, validate_args=validate_args
        )

    def _component_moments(self) -> tuple[Array, Array]:
        return moments(self.component_distribution)

    def sample_with_intermediates(self, key: Key, sample_shape: tuple[int, ...] = ()) -> DrawsAndIndices:
        """Draw ``[*sample, *batch, *event]`` values, and return their components too."""
        key_both, key_value = jax.random.split(key)
        shape = tuple(sample_shape) + self.batch_shape
        weights = jnp.broadcast_to(self.mixing_distribution.probs, (*self.batch_shape, self.mixture_size))
        uniform, second = two_uniforms(key_both, shape, weights.dtype)
        index = component_index(uniform, weights)
        sizes = self.component_distribution.batch_shape[:-1]
        axes = range(len(shape) - len(sizes), len(shape))
        iotas = [jax.lax.broadcasted_iota(index.dtype, shape, axis) for axis in axes]
        rows = [iota % size for iota, size in zip(iotas, sizes, strict=True)]
        chosen = gather_members(self.component_distribution, (*rows, index))
        quantile = STANDARD_QUANTILES.get(type(chosen))
        if quantile is None:
            return chosen.sample(key_value), [index]
        return chosen.loc + chosen.scale * quantile(second), [index]


class GeneralMixture(MomentsOfComponents, dist.MixtureGeneral):
    """NumPyro's ``MixtureGeneral`` with one draw per family, and each component inside its own support."""

    def _component_moments(self) -> tuple[Array, Array]:
        means, variances = zip(*map(moments, self.component_distributions), strict=True)
        return jnp.stack(means, self.mixture_dim), jnp.stack(variances, self.mixture_dim)

    def component_log_probs(self, value: Array) -> Array:
        """Return the log of weight times density, ``[*batch, component]``."""
        log_probs = jnp.stack(
            [parameters.log_prob_of(c, value) for c in self.component_distributions], axis=-1
        )
        return jax.nn.log_softmax(self.mixing_distribution.logits) + log_probs

    def sample_with_intermediates(self, key: Key, sample_shape: tuple[int, ...] = ()) -> DrawsAndIndices:
        """Draw ``[*sample, *batch, *event]`` values, and return their components too."""
        key_index, key_value = jax.random.split(key)
        shape = tuple(sample_shape) + self.batch_shape
        weights = jnp.broadcast_to(self.mixing_distribution.probs, (*self.batch_shape, self.mixture_size))
        index = component_index(jax.random.uniform(key_index, shape, weights.dtype), weights)
        values: Any = None
        members: dict[Any, list[int]] = {}
        for i, component in enumerate(self.component_distributions):
            shared = family(component) if component.batch_shape == () else None
            members.setdefault(shared or i, []).append(i)
        for number, group in enumerate(members.values()):
            own_key = jax.random.fold_in(key_value, number)
            first, *rest = (self.component_distributions[i] for i in group)
            if first.batch_shape == () and family(first) is not None:
                stacked = map_parameters(first, lambda *x: jnp.stack(x, 0), *rest)
                place = jnp.array([group.index(i) if i in group else 0 for i in range(self.mixture_size)])
                drawn = gather_members(stacked, (place[index],)).sample(own_key)
            else:
                drawn = first.expand(shape).sample(own_key)
            mine = jnp.isin(index, jnp.array(group)).reshape(shape + (1,) * self.event_dim)
            values = drawn if values is None else jnp.where(mine, drawn, values)
        return values, [index]
