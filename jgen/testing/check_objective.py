"""Check an objective."""

from collections.abc import Callable
from functools import partial

import jax

from jgen.objectives.scheduled_objective import Scheduled
from jgen.testing.check_result import CheckResult, key_or_default, run_checks
from jgen.testing.objective_checks import CHECKS, ObjectiveCase, num_examples
from jgen.types import Array, Key, Objective, PyTree


def check_objective(
    make: Callable[[float], Objective | Scheduled],
    init: Callable[[Key], PyTree],
    batch: PyTree,
    *,
    key: Key | None = None,
    stochastic: bool = True,
    coupled: bool = False,
    smallest: int = 1,
    log_prob: Callable[[PyTree, PyTree], Array] | None = None,
) -> list[CheckResult]:
    """Check an objective by every check of objectives.

    - outcome: the loss is one float, ``aux`` holds floats ``[batch]``, all finite; data matter;
    - transform_consistency: compiled or not, the same; the same key, the same bits; other keys give another
      loss if and only if it is ``stochastic``;
    - gradients: finite at ordinary parameters, at 0 and at 10 times their size, either sign; not all 0; the
      same under ``vmap`` over parameters and keys, so that many seeds train at once;
    - examples: ``aux`` of one depends on no other, unless they are ``coupled``; without randomness,
      their order does not matter, and one example alone has the loss of many copies of it;
    - smallest_batch: it takes ``smallest`` examples, and raises a ValueError for one fewer;
    - no_recompilation: made again with other numbers, it compiles nothing;
    - bound: ``bound`` in ``aux`` does not depend on those numbers, and where ``log_prob`` is
      given, its mean over keys exceeds that of no example.

    Only the last is statistical: a true bound fails it with probability 1e-6 at most, by the central limit
    theorem.

    Args:
        make: ``make(scale) -> objective``, its weights and other numbers ``scale`` times as large; an
            objective without any ignores it.
        init: ``init(key) -> params``.
        batch: Ordinary data ``[batch, ...]`` on every leaf, three examples or more that differ.
        key: For parameters and randomness; None for ``jax.random.key(0)``.
        stochastic: Whether the loss depends on the key.
        coupled: Whether ``aux`` of one example depends on the others.
        smallest: The least number of examples it is defined for.
        log_prob: ``(params, batch) -> log p(x) [batch]``, where it is known.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: If a check fails; the message has the check, its result and usual causes.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import maximum_likelihood
        >>> def fixed(mean):
        ...     return dist.Normal(mean, 1.0)
        >>> def make(scale):
        ...     return maximum_likelihood(fixed)
        >>> results = check_objective(make, jax.random.normal, jnp.array([1.0, 2.0, 4.0]), stochastic=False)
        >>> [result.name for result in results][:4]
        ['outcome', 'transform_consistency', 'gradients', 'examples']
        >>> [result.name for result in results][4:]
        ['smallest_batch', 'no_recompilation', 'bound']
    """
    if num_examples(batch) < 3:
        raise ValueError(f"check_objective needs 3 examples or more, got {num_examples(batch)}")
    key, repeat = key_or_default(key)
    key, init_key = jax.random.split(key)
    case = ObjectiveCase(make, jax.jit(init)(init_key), batch, key, stochastic, coupled, smallest, log_prob)
    return run_checks({check.__name__: partial(check, case) for check in CHECKS}, repeat)
