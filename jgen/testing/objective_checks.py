"""Check objectives, one property a function; run by ``check_objective``."""

from collections.abc import Callable
from functools import partial
from statistics import NormalDist
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.binding import as_partial
from jgen._internal.compiled import jit
from jgen.objectives.scheduled_objective import Scheduled
from jgen.testing.check_result import CheckFailed, Measurement, require_within
from jgen.testing.requirements import BINDING, require, require_close, require_no_compilation, rounding
from jgen.types import Array, Key, Objective, PyTree

EXTREMES = (0.0, 10.0, -10.0)
"""Parameters this many times as large must still give finite gradients."""
FALSE_ALARM = 1e-6
"""The probability that a true bound fails its check."""
NUM_KEYS, CHUNK = 4096, 256


class ObjectiveCase(NamedTuple):
    """Objective with parameters and data to check it on.

    Attributes:
        make: ``make(scale) -> objective``.
        params: Ordinary parameters.
        batch: Data, ``[batch, ...]``.
        key: Any key.
        stochastic: Whether the loss depends on the key.
        coupled: Whether ``aux`` of one example depends on the others.
        smallest: The least number of examples.
        log_prob: ``(params, batch) -> exact log p(x) [batch]``; None if unknown.
    """

    make: Callable[[float], Objective | Scheduled]
    params: PyTree
    batch: PyTree
    key: Key
    stochastic: bool
    coupled: bool
    smallest: int
    log_prob: Callable[[PyTree, PyTree], Array] | None

    def objective(self, scale: float = 1.0) -> Any:
        """Make the objective, as an argument of compiled programs."""
        objective = self.make(scale)
        return objective if isinstance(objective, Scheduled) else as_partial(objective)

    def run(self, *, scale: float = 1.0, batch: PyTree = None, key: Key | None = None) -> Any:
        """Compute ((loss, aux), gradient) by the one compiled program."""
        batch, key = self.batch if batch is None else batch, self.key if key is None else key
        return _run(self.objective(scale), self.params, batch, key)


def outcome(case: ObjectiveCase) -> str:
    """Check that the loss is a float and aux per-example floats, all finite, and that data matter."""
    (loss, aux), _ = case.run()
    size = num_examples(case.batch)
    is_float = loss.shape == () and jnp.issubdtype(loss.dtype, jnp.floating)
    require(is_float and np.isfinite(loss), f"the loss must be one finite float, got {loss}")
    for name, value in aux.items():
        message = f"aux[{name!r}] must be floats [{size}], one for each example, got {value.dtype} of shape "
        is_right = value.shape == (size,) and jnp.issubdtype(value.dtype, jnp.floating)
        require(is_right, f"{message}{value.shape}: reduce last")
        require(np.isfinite(value).all(), f"aux[{name!r}] must be finite, got {value}")
    (other, _), _ = case.run(batch=copies(case.batch))
    require(other != loss, "the loss is the same for other data: does it use the batch?")
    return f"loss {loss:.3g}; aux {', '.join(sorted(aux)) or 'empty'}"


def transform_consistency(case: ObjectiveCase) -> str:
    """Check that the loss is a function of key and inputs alone, and equal compiled and not compiled."""
    first, again = case.run(), case.run()
    require_close(first, again, "the same key gives another result: is there a hidden state?", exact=True)
    eager = case.objective()(case.params, case.batch, case.key)
    message = "compiled and not compiled differ: does it read a Python value?"
    difference = require_close(first[0], eager, message, to_largest=True)
    (other, _), _ = case.run(key=jax.random.fold_in(case.key, 1))
    message = "another key gives the same loss: is the key used? If it need not be, pass stochastic=False"
    require(not case.stochastic or other != first[0][0], message)
    message = "another key gives another loss: pass stochastic=True"
    require(case.stochastic or other == first[0][0], message)
    return f"compiled and not compiled: {difference}"


def gradients(case: ObjectiveCase) -> str:
    """Check that gradients are finite, not 0, and the same under vmap over parameters."""
    (loss, _), gradient = case.run()
    message = "the gradient is 0 everywhere: is all of it behind a stop_gradient, or a draw without one?"
    require(any(np.any(leaf) for leaf in jax.tree.leaves(gradient)), message)
    scales = np.array([1.0, *EXTREMES], np.float32)
    (losses, _), many = _run_many(case.objective(), case.params, case.batch, case.key, scales)
    mapped = [part_of((losses, many), index) for index in range(len(scales))]
    message = (
        "vmap over parameters gives another result: is a distribution or shape made outside the objective?"
    )
    difference = require_close((loss, gradient), mapped[0], message, to_largest=True)
    for scale, found in zip(scales, mapped, strict=True):
        require(
            all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found)),
            f"at {scale:g} times ordinary parameters the loss is {found[0]}, and it or its gradient is not "
            "finite: guard roots and logarithms at 0 by a double jnp.where, and compute in logs",
        )
    return f"finite at 0 and at 10 times the parameters; under vmap: {difference}"


def examples(case: ObjectiveCase) -> str:
    """Check that aux of an example depends on it alone; without randomness, that order does not matter."""
    (loss, aux), _ = case.run()
    (loss_of_copies, aux_of_copies), _ = case.run(batch=copies(case.batch))
    if not case.coupled:
        first, among_copies = (part_of(tree, 0) for tree in (aux, aux_of_copies))
        message = "aux of one example changes with the others: is a mean or a logsumexp over the batch in it?"
        require_close(first, among_copies, message, to_largest=True)
    if not case.stochastic:
        backwards = slice(None, None, -1)
        (reversed_loss, reversed_aux), _ = case.run(batch=part_of(case.batch, backwards))
        reversed_aux = part_of(reversed_aux, backwards)
        message = "the result depends on the order of the examples"
        require_close((loss, aux), (reversed_loss, reversed_aux), message, to_largest=True)
        if case.smallest == 1:
            (alone, _), _ = case.run(batch=part_of(case.batch, slice(1)))
            message = "one example has another loss than copies of it: is the loss a sum instead of a mean?"
            require_close(alone, loss_of_copies, message, to_largest=True)
    return "coupled" if case.coupled else "aux of an example depends on it alone"


def smallest_batch(case: ObjectiveCase) -> str:
    """Check that the smallest batch works and that a smaller one raises a ValueError."""
    (loss, aux), _ = case.run(batch=part_of(case.batch, slice(case.smallest)))
    are_finite = all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((loss, aux)))
    require(are_finite, f"for a batch of {case.smallest} the loss is {loss}, with aux {aux}")
    if case.smallest > 1:
        fewer = part_of(case.batch, slice(case.smallest - 1))
        try:
            jax.eval_shape(case.objective(), case.params, fewer, case.key)
        except ValueError:
            return f"{case.smallest} examples, and a ValueError for fewer"
        raise CheckFailed(f"a batch of {case.smallest - 1} must raise a ValueError, with the least number")
    return "1 example"


def no_recompilation(case: ObjectiveCase) -> str:
    """Check that other weights and other data compile nothing."""
    other = jax.tree.map(lambda leaf: np.array(leaf), case.batch)
    case.run(), case.objective(0.75)  # compiles what making the objective needs
    objective = case.objective(0.5)
    return require_no_compilation(lambda: _run(objective, case.params, other, case.key), BINDING)


def bound(case: ObjectiveCase) -> str | Measurement:
    """Check that the reported bound is a lower bound, and that the weights of the loss do not change it."""
    (_, aux), _ = case.run()
    if "bound" not in aux:
        return "no bound reported"
    (_, other), _ = case.run(scale=0.5)
    message = "the bound changes with the options of the loss: leave weights out of it"
    require_close(aux["bound"], other["bound"], message, to_largest=True)
    if case.log_prob is None:
        return "independent of the weights; log p(x) not given"
    keys = jax.random.split(case.key, (NUM_KEYS // CHUNK, CHUNK))
    bounds = partial(_bounds, case.objective(), case.params, case.batch)
    values = np.concatenate(list(map(bounds, keys)))  # [key, batch]
    exact = np.asarray(jax.jit(case.log_prob)(case.params, case.batch))  # [batch]
    quantile = NormalDist().inv_cdf(1 - FALSE_ALARM / len(exact))
    error = values.std(0, ddof=1) / NUM_KEYS**0.5
    excess = values.mean(0) - exact
    allowed = quantile * error + rounding(values.dtype) * (1 + np.abs(exact))
    worst = int((excess - allowed).argmax())
    quantity = f"nats of the mean bound of example {worst} above log p(x), {NUM_KEYS} keys"
    found = Measurement(float(excess[worst]), float(allowed[worst]), quantity)
    require_within(
        [found],
        f"the bound is none (false-alarm probability {FALSE_ALARM:.0e})",
        "a surrogate reported as a bound, a mean taken over the batch before the logarithm",
    )
    return found


CHECKS = (outcome, transform_consistency, gradients, examples, smallest_batch, no_recompilation, bound)


def num_examples(batch: PyTree) -> int:
    """Return the length of the leading axis."""
    return jax.tree.leaves(batch)[0].shape[0]


def copies(batch: PyTree) -> PyTree:
    """Repeat the first example to the size of the batch."""
    return jax.tree.map(lambda leaf: np.broadcast_to(np.asarray(leaf)[:1], leaf.shape), batch)


def part_of(tree: PyTree, index: int | slice) -> PyTree:
    """Index the leading axis of every leaf, without compiling."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[index], tree)


@jit
def _run(objective: Any, params: PyTree, batch: PyTree, key: Key) -> Any:
    return jax.value_and_grad(objective, has_aux=True)(params, batch, key)


@jit
def _run_many(objective: Any, params: PyTree, batch: PyTree, key: Key, scales: Array) -> Any:
    def run(scale: Array) -> Any:
        scaled = jax.tree.map(lambda leaf: (scale * leaf).astype(leaf.dtype), params)
        return jax.value_and_grad(objective, has_aux=True)(scaled, batch, key)

    return jax.vmap(run)(scales)


@jit
def _bounds(objective: Any, params: PyTree, batch: PyTree, keys: Key) -> Array:
    return jax.vmap(lambda key: objective(params, batch, key)[1]["bound"])(keys)
