"""Make metrics of pairs of texts, hypotheses with their references, whose state keeps the texts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.tree_util import Partial

from jgen.evaluation.metric import beyond_resolution, keep_rows
from jgen.evaluation.results import mean_result
from jgen.evaluation.texts import read_references, read_texts
from jgen.types import Metric, Result


class Pairs(NamedTuple):
    """Texts with their references.

    Attributes:
        generated: Hypotheses ``[pair]``.
        real: References of each.
        spare: A further reference of each, whose value is the null; None where all are in ``real``.
    """

    generated: Sequence[str]
    real: Sequence[tuple[str, ...]]
    spare: Sequence[str] | None = None


def keep_pairs(
    compute: Callable[[Pairs], Any], influence: Callable[[Pairs], Any], *, last_as_null: bool
) -> Metric:
    """Return the metric of hypotheses ``generated`` and their references ``real``: row i belongs to row i.

    Args:
        compute: Pairs -> a Result or a NamedTuple of Results.
        influence: Pairs -> the ``Influence`` of each pair, under the name ``real``, which models share.
        last_as_null: Whether the last reference of each pair is spared for the null.
    """
    return keep_rows(
        Partial(_of_pairs, compute, last_as_null),
        influence=Partial(_of_pairs, influence, last_as_null),
        larger_is_better=True,
        read=Partial(_read),
    )


def _read(name: str, entries: Any) -> np.ndarray:
    return read_references(name, entries) if name == "real" else read_texts(name, entries)


def _of_pairs(compute: Callable[[Pairs], Any], last_as_null: bool, texts: Mapping[str, np.ndarray]) -> Any:
    real, generated = texts["real"].tolist(), texts["generated"].tolist()
    if len(real) != len(generated):
        raise ValueError(
            f"each hypothesis has its references: real has {len(real)} entries and generated "
            f"{len(generated)}. For several references of one hypothesis make its entry of real a list"
        )
    if not last_as_null:
        return compute(Pairs(generated, real))
    if min(map(len, real)) < 2:
        raise ValueError("last_as_null takes two references or more of each hypothesis; one has a single one")
    return compute(Pairs(generated, [row[:-1] for row in real], [row[-1] for row in real]))


def with_null(compute: Callable[[Pairs], Result], pairs: Pairs) -> Result:
    """Compute a result, and the null by the spare references."""
    result = compute(pairs)
    if pairs.spare is None:
        return result
    null = compute(Pairs(pairs.spare, pairs.real))
    return result._replace(null=null._replace(method="the last reference against the others", protocol={}))


def pairs_result(value: float, influence: np.ndarray, method: str, protocol: Mapping[str, Any]) -> Result:
    """Make the result of a value with the influence of each pair ``[pair]``, whose mean is 0.

    The interval is that of the mean of so many independent numbers, corrected for their skewness. Where all
    influences are 0, so that it has no width, the result is flagged ``beyond_resolution``.
    """
    exact: Any = np.float64(value)  # without the rounding of the mean
    result = mean_result(value + influence, method, protocol)._replace(value=exact)
    if len(influence) > 1 and not influence.any():
        return beyond_resolution(result, "no pair differs from another, so the interval has no width")
    return result


def word_pairs(rng: np.random.Generator, n: int, m: int, shift: float) -> dict[str, list[Any]]:
    """Draw sentences of 12 of 40 words, and versions of them in which words are replaced, for checks.

    Each has two references and a hypothesis. In a reference 1 word in 5 is another; in the hypothesis so is 1
    word in 5 at shift 0, and more at others.

    Example:
        >>> pair = word_pairs(np.random.default_rng(0), 2, 2, 0.0)
        >>> len(pair["real"]), len(pair["real"][0]), len(pair["generated"][0].split())
        (2, 2, 12)
    """
    original = rng.integers(40, size=(max(n, m), 12))

    def version(share: float) -> list[str]:
        other = rng.random(original.shape) < share
        numbers = np.where(other, rng.integers(40, size=original.shape), original)
        return [" ".join(f"w{number}" for number in row) for row in numbers]

    first, second = version(0.2), version(0.2)
    generated = version(1 - 0.8 * float(np.exp(-shift)))
    return {"real": list(zip(first, second, strict=True))[:n], "generated": generated[:m]}
