"""The laws of objectives, for ``check_objective``."""

from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgen._internal.binding import as_partial
from jgen.objectives.scheduled_objective import Scheduled
from jgen.testing.check_result import CheckFailed
from jgen.testing.count_compilations import count_compilations
from jgen.types import Array, Key, Objective, PyTree

EXTREMES = (0.0, 10.0, -10.0)
"""Parameters this many times as large must still give finite gradients."""
FALSE_ALARM = 1e-6
"""The probability that a true bound is called none by chance."""
NUM_KEYS, CHUNK = 4096, 256


class Subject(NamedTuple):
    """What a law is given.

    Attributes:
        make: ``make(scale) -> objective``.
        params: Ordinary parameters.
        batch: Data, ``[batch, ...]``.
        key: Any key.
        stochastic: Whether the loss depends on the key.
        coupled: Whether what ``aux`` says of one example depends on the others.
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
        """One that may be an argument of what is compiled."""
        objective = self.make(scale)
        return objective if isinstance(objective, Scheduled) else as_partial(objective)

    def run(self, *, scale: float = 1.0, batch: PyTree = None, key: Key | None = None) -> Any:
        """((loss, aux), gradient) by the one compiled program."""
        batch, key = self.batch if batch is None else batch, self.key if key is None else key
        return _run(self.objective(scale), self.params, batch, key)


def outcome(subject: Subject) -> None:
    """A float, per-example floats, finite, and about the data."""
    (loss, aux), _ = subject.run()
    size = num_examples(subject.batch)
    if loss.shape != () or not jnp.issubdtype(loss.dtype, jnp.floating) or not np.isfinite(loss):
        raise CheckFailed(f"the loss must be one finite float, got {loss}")
    for name, value in aux.items():
        if value.shape != (size,) or not jnp.issubdtype(value.dtype, jnp.floating):
            raise CheckFailed(
                f"aux[{name!r}] must be floats [{size}], one for each example, got {value.dtype} of shape "
                f"{value.shape}: reduce last"
            )
        if not np.isfinite(value).all():
            raise CheckFailed(f"aux[{name!r}] must be finite, got {value}")
    (other, _), _ = subject.run(batch=copies(subject.batch))
    if other == loss:
        raise CheckFailed("the loss is the same for other data: does it use the batch?")


def transform_consistency(subject: Subject) -> None:
    """Compiled or not, the same; the same key, the same bits; another key, if it counts."""
    first, again = subject.run(), subject.run()
    if not all(
        np.array_equal(a, b) for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True)
    ):
        raise CheckFailed("the same key gives another result: is there a hidden state?")
    eager = subject.objective()(subject.params, subject.batch, subject.key)
    require_close(first[0], eager, "compiled and not compiled differ: does it look at a Python value?")
    (other, _), _ = subject.run(key=jax.random.fold_in(subject.key, 1))
    if subject.stochastic and other == first[0][0]:
        raise CheckFailed(
            "another key gives the same loss: is the key used? Say stochastic=False if it is not meant to be"
        )
    if not subject.stochastic and other != first[0][0]:
        raise CheckFailed("another key gives another loss: say stochastic=True")


def gradients(subject: Subject) -> None:
    """Finite, not nothing, and the same for many parameters at once."""
    (loss, _), gradient = subject.run()
    if not any(np.any(leaf) for leaf in jax.tree.leaves(gradient)):
        raise CheckFailed(
            "the gradient is 0 everywhere: is all of it behind a stop_gradient, or a draw without one?"
        )
    scales = np.array([1.0, *EXTREMES], np.float32)
    (losses, _), many = _run_many(subject.objective(), subject.params, subject.batch, subject.key, scales)
    require_close(
        (loss, gradient),
        jax.tree.map(lambda leaf: np.asarray(leaf)[0], (losses, many)),
        "vmap over parameters gives another result: is a distribution or a shape made outside the objective?",
    )
    for index, scale in enumerate(scales):
        if not all(np.isfinite(np.asarray(leaf)[index]).all() for leaf in jax.tree.leaves((losses, many))):
            raise CheckFailed(
                f"at {scale:g} times ordinary parameters the loss is {losses[index]}, and it or its gradient "
                f"is not finite: guard roots and logarithms at 0 by a double jnp.where, and work in logs"
            )


def examples(subject: Subject) -> None:
    """An example's aux is its own; where nothing is left to chance, order and number do not count."""
    (loss, aux), _ = subject.run()
    (copied_loss, copied), _ = subject.run(batch=copies(subject.batch))
    if not subject.coupled:
        mine, still_mine = (jax.tree.map(lambda leaf: np.asarray(leaf)[0], tree) for tree in (aux, copied))
        require_close(
            mine,
            still_mine,
            "aux of one example changes with the others: is a mean or a logsumexp over the batch in it?",
        )
    if subject.stochastic:
        return
    backwards = jax.tree.map(lambda leaf: np.asarray(leaf)[::-1], subject.batch)
    turned = jax.tree.map(lambda leaf: np.asarray(leaf)[::-1], subject.run(batch=backwards)[0][1])
    require_close(
        (loss, aux), (subject.run(batch=backwards)[0][0], turned), "the order of the examples counts"
    )
    if subject.smallest == 1:
        alone, _ = _value(subject.objective(), subject.params, head(subject.batch, 1), subject.key)
        require_close(
            alone,
            copied_loss,
            "one example has another loss than copies of it: is the loss a sum for a mean?",
        )


def smallest_batch(subject: Subject) -> None:
    """As few examples as it says, and no fewer."""
    loss, aux = _value(
        subject.objective(), subject.params, head(subject.batch, subject.smallest), subject.key
    )
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((loss, aux))):
        raise CheckFailed(f"for a batch of {subject.smallest} the loss is {loss}, with aux {aux}")
    if subject.smallest > 1:
        fewer = head(subject.batch, subject.smallest - 1)
        try:
            jax.eval_shape(subject.objective(), subject.params, fewer, subject.key)
        except ValueError:
            return
        raise CheckFailed(f"a batch of {subject.smallest - 1} must be refused by a ValueError that says so")


def no_recompilation(subject: Subject) -> None:
    """Other numbers and other data compile nothing."""
    other = jax.tree.map(lambda leaf: np.array(leaf), subject.batch)
    subject.run(), subject.objective(0.75)  # what making needs is compiled
    objective = subject.objective(0.5)
    with count_compilations() as compiled:
        _run(objective, subject.params, other, subject.key)
    if compiled:
        raise CheckFailed(
            f"made again it compiled {len(compiled)} programs: bind data and options with "
            "jax.tree_util.Partial of module-level functions (never a closure or lambda), and structural "
            "options with jgen._internal.binding.static"
        )


def bound(subject: Subject) -> None:
    """What is reported as a bound is one, and has nothing to do with how the loss is weighed."""
    (_, aux), _ = subject.run()
    if "bound" not in aux:
        return
    (_, other), _ = subject.run(scale=0.5)
    require_close(
        aux["bound"], other["bound"], "the bound changes with the options of the loss: keep weights out of it"
    )
    if subject.log_prob is None:
        return
    keys = jax.random.split(subject.key, (NUM_KEYS // CHUNK, CHUNK))
    values = np.concatenate(
        [_bounds(subject.objective(), subject.params, subject.batch, each) for each in keys]
    )  # [key, batch]
    exact = np.asarray(jax.jit(subject.log_prob)(subject.params, subject.batch))  # [batch]
    quantile = NormalDist().inv_cdf(1 - FALSE_ALARM / len(exact))
    error = values.std(0, ddof=1) / NUM_KEYS**0.5
    excess = values.mean(0) - exact
    allowed = quantile * error + rounding(values.dtype) * (1 + np.abs(exact))
    worst = int((excess - allowed).argmax())
    if excess[worst] > allowed[worst]:
        raise CheckFailed(
            f"the mean bound of example {worst} is {excess[worst]:.3g} nats above log p(x), "
            f"{allowed[worst]:.3g} allowed: is a surrogate reported as a bound, or a mean taken over the "
            f"batch before the logarithm?"
        )


LAWS: dict[str, Callable[[Subject], None]] = {
    "outcome": outcome,
    "purity": transform_consistency,
    "gradients": gradients,
    "examples": examples,
    "smallest": smallest_batch,
    "rebuilding": no_recompilation,
    "bound": bound,
}


def require_close(first: PyTree, second: PyTree, message: str) -> None:
    """Equal to half the digits: room for another order of summation, none for another computation."""
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        tolerance = rounding(a.dtype)
        if not np.allclose(a, b, rtol=tolerance, atol=tolerance * (1 + np.abs(a).max(initial=0.0))):
            raise CheckFailed(f"{message} ({np.abs(a - b).max():.3g} apart)")


def rounding(dtype: Any) -> float:
    """The square root of the machine epsilon."""
    return float(np.sqrt(np.finfo(dtype).eps))


def num_examples(batch: PyTree) -> int:
    """The length of the leading axis."""
    return jax.tree.leaves(batch)[0].shape[0]


def copies(batch: PyTree) -> PyTree:
    """The first example, as often as there are examples."""
    return jax.tree.map(lambda leaf: np.broadcast_to(np.asarray(leaf)[:1], leaf.shape), batch)


def head(batch: PyTree, size: int) -> PyTree:
    """The first examples."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[:size], batch)


@jax.jit
def _run(objective: Any, params: PyTree, batch: PyTree, key: Key) -> Any:
    return jax.value_and_grad(objective, has_aux=True)(params, batch, key)


@jax.jit
def _run_many(objective: Any, params: PyTree, batch: PyTree, key: Key, scales: Array) -> Any:
    def run(scale: Array) -> Any:
        scaled = jax.tree.map(lambda leaf: (scale * leaf).astype(leaf.dtype), params)
        return jax.value_and_grad(objective, has_aux=True)(scaled, batch, key)

    return jax.vmap(run)(scales)


@jax.jit
def _value(objective: Any, params: PyTree, batch: PyTree, key: Key) -> Any:
    return objective(params, batch, key)


@jax.jit
def _bounds(objective: Any, params: PyTree, batch: PyTree, keys: Key) -> Array:
    return jax.vmap(lambda key: objective(params, batch, key)[1]["bound"])(keys)
