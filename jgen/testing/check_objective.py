"""Every law, on one objective."""

from collections.abc import Callable

import jax

from jgen.objectives.scheduled_objective import Scheduled
from jgen.testing.check_result import CheckFailed
from jgen.testing.objective_checks import LAWS, Subject, num_examples
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
) -> tuple[str, ...]:
    """Holds an objective to every law jgen knows; the one function to run on a new one.

    - outcome: the loss is one float, ``aux`` holds floats ``[batch]``, all finite; data count;
    - purity: compiled or not, the same; the same key, the same bits; other keys tell if and only if it is
      ``stochastic``;
    - gradients: finite at ordinary parameters, at 0 and at 10 times their size, either sign; not all 0; the
      same under ``vmap`` over parameters and keys, so that many seeds train at once;
    - examples: what ``aux`` says of one depends on no other, unless they are ``coupled``; without chance,
      their order does not count, and one example alone has the loss of many copies of it;
    - smallest: it takes ``smallest`` examples, and refuses one fewer by a ValueError;
    - rebuilding: made again with other numbers, it compiles nothing;
    - bound: what is reported as ``bound`` is the same whatever those numbers, and where ``log_prob`` is
      given, its mean over keys exceeds that of no example.

    Only the last is left to chance: it fails a true bound with probability 1e-6 at most.

    Args:
        make: ``make(scale) -> objective``, its weights and other numbers ``scale`` times as large; an
            objective without any ignores it.
        init: ``init(key) -> params``.
        batch: Ordinary data ``[batch, ...]`` on every leaf, three examples or more that differ.
        key: For parameters and chance.
        stochastic: Whether the loss depends on the key.
        coupled: Whether what ``aux`` says of one example depends on the others.
        smallest: The least number of examples it is defined for.
        log_prob: ``(params, batch) -> log p(x) [batch]``, where it is known.

    Returns:
        The names of the laws kept.

    Raises:
        LawBroken: Naming the law, what was found, and what usually does it.

    Example:
        >>> import jax, jax.numpy as jnp, numpyro.distributions as dist
        >>> from jgen.objectives import maximum_likelihood
        >>> def fixed(mean):
        ...     return dist.Normal(mean, 1.0)
        >>> def make(scale):
        ...     return maximum_likelihood(fixed)
        >>> check_objective(make, jax.random.normal, jnp.array([1.0, 2.0, 4.0]), stochastic=False)
        ('outcome', 'purity', 'gradients', 'examples', 'smallest', 'rebuilding', 'bound')
    """
    if num_examples(batch) < 3:
        raise ValueError(f"check_objective needs 3 examples or more, got {num_examples(batch)}")
    key, init_key = jax.random.split(jax.random.key(0) if key is None else key)
    params = jax.jit(init)(init_key)
    subject = Subject(make, params, batch, key, stochastic, coupled, smallest, log_prob)
    for name, law in LAWS.items():
        try:
            law(subject)
        except CheckFailed as error:
            raise CheckFailed(f"{name}: {error}") from error
    return tuple(LAWS)
