"""Evaluate a network on inputs, in one compiled program for all checks."""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from jgen._internal.compiled import jit
from jgen.types import Array, Key, PyTree


class NetworkCase(NamedTuple):
    """Network with parameters and inputs to check it on.

    Attributes:
        module: The network.
        apply: ``apply(params, inputs) -> distribution``.
        params: Random parameters, not those of initialisation, as zeros would hide errors.
        inputs: ``[batch, ...]`` on every leaf.
        x: One draw of each row's distribution.
        key: For draws.
    """

    module: nn.Module
    apply: Partial
    params: PyTree
    inputs: PyTree
    x: PyTree
    key: Key

    def evaluate(self, inputs: PyTree, x: PyTree) -> "Evaluation":
        """Evaluate x given inputs."""
        return evaluate(self.apply, self.params, inputs, x, self.key)


class Evaluation(NamedTuple):
    """Draws and log-probabilities of a network.

    Attributes:
        draws: One for each row.
        own_log_prob: Of these draws ``[batch]``.
        log_prob: Of the given x ``[batch]``.
        finite: Whether the gradient of both, in parameters and inputs, is finite.
    """

    draws: PyTree
    own_log_prob: Array
    log_prob: Array
    finite: Array


@jit
def evaluate(apply: Partial, params: PyTree, inputs: PyTree, x: PyTree, key: Key) -> Evaluation:
    """Draw for each input, evaluate log-probabilities of the draws and of x, and test gradients for NaN."""

    def total(params: PyTree, inputs: PyTree) -> tuple[Array, tuple[PyTree, Array, Array]]:
        distribution = apply(params, inputs)
        draws = jax.lax.stop_gradient(distribution.sample(key))
        own, log_prob = distribution.log_prob(draws), distribution.log_prob(x)
        return own.sum() + log_prob.sum(), (draws, own, log_prob)

    (_, (draws, own, log_prob)), gradients = jax.value_and_grad(total, (0, 1), has_aux=True, allow_int=True)(
        params, inputs
    )
    leaves = [leaf for leaf in jax.tree.leaves(gradients) if leaf.dtype != jax.dtypes.float0]
    finite = jnp.array([jnp.isfinite(leaf).all() for leaf in leaves]).all()
    return Evaluation(draws, own, log_prob, finite)


def is_floating(leaf: Any) -> bool:
    """Return whether an array holds floats."""
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating))
