"""Check the parameters of a network and the shapes of its distributions."""

import flax.linen as nn
import jax
import numpy as np
from jax.tree_util import Partial

from jgen.models.flax_functions import apply_of
from jgen.testing.check_result import CheckFailed
from jgen.testing.requirements import require
from jgen.types import Key, PyTree


def state(module: nn.Module, inputs: PyTree, key: Key) -> tuple[Partial, PyTree]:
    """Check that the state is float32 parameters, and fields hashable; return ``apply`` and parameters."""
    try:
        apply = apply_of(module)
    except TypeError as error:
        raise CheckFailed(f"a field cannot be hashed ({error}): give tuples for lists and dicts") from error
    variables = jax.eval_shape(module.init, key, inputs)
    others = sorted(set(variables) - {"params"})
    require(not others, f"it has {others} beside its parameters: no BatchNorm, no other state")
    params = variables.get("params", {})
    wrong = sorted({leaf.dtype.name for leaf in jax.tree.leaves(params)} - {"float32"})
    require(not wrong, f"parameters of {wrong}: make them in float32, and cast from outside")
    rng = np.random.default_rng(int(jax.random.bits(key, dtype="uint32")))
    return apply, jax.tree.map(lambda leaf: _weights(rng, leaf.shape), params)


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw matrices that preserve the size of their inputs, and vectors (scales or offsets) about 1/2."""
    if len(shape) < 2:
        return rng.uniform(0.25, 0.75, shape).astype(np.float32)
    return rng.normal(0.0, np.prod(shape[:-1]) ** -0.5, shape).astype(np.float32)


def shapes(module: nn.Module, apply: Partial, params: PyTree, inputs: PyTree, key: Key) -> PyTree:
    """Check shapes of the distribution, draws and log-probabilities; traced. Return the shape of a draw."""
    rows = jax.tree.leaves(inputs)[0].shape[0]
    distribution = jax.eval_shape(apply, params, inputs)
    batch, event = tuple(distribution.batch_shape), tuple(distribution.event_shape)
    advice = "use .to_event for the axes of one example, and never vmap"
    require(batch == (rows,), f"batch_shape is {batch} for {rows} rows, and must be ({rows},): {advice}")
    declared = tuple(getattr(module, "shape", event))
    message = f"event_shape is {event}, and the field shape of the network is {declared}"
    require(event == declared, message)

    def draw(params: PyTree, inputs: PyTree) -> tuple:
        distribution = apply(params, inputs)
        one, two = distribution.sample(key), distribution.sample(key, (2,))
        return one, two, distribution.log_prob(one), distribution.log_prob(two)

    with jax.numpy_rank_promotion("allow"):  # NumPyro's own arithmetic, where draws have an axis in front
        one, two, log_prob, log_probs = jax.eval_shape(draw, params, inputs)
    for draws, leading in ((one, (rows,)), (two, (2, rows))):
        expected = leading + event if isinstance(draws, jax.ShapeDtypeStruct) else leading
        found = {leaf.shape[: len(expected)] for leaf in jax.tree.leaves(draws)}
        require(found == {expected}, f"draws have shapes {sorted(found)}, and must have {expected}")
    message = f"log p of draws [{rows}] and [2, {rows}] has {log_prob.shape} and {log_probs.shape}"
    require((log_prob.shape, log_probs.shape) == ((rows,), (2, rows)), message)
    return one
