"""Rows of distances of features and of diversity: Frechet, KID, Inception Score, Vendi."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.intervals.row import Ends, Row, ends_of
from jgen.evaluation import frechet, inception_score, kid, vendi
from jgen.evaluation.inception_score import perfect_score

Samples = Callable[[np.random.Generator], dict[str, np.ndarray]]


def normals(
    n: int, m: int, dim: int, shift: float, scale: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw N(0, I) and N(shift 1, scale^2 I)."""
    return {"real": rng.normal(size=(n, dim)), "generated": scale * rng.normal(size=(m, dim)) + shift}


def exponentials(n: int, m: int, dim: int, scale: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw exponentials of mean 1, and others of mean ``scale``."""
    return {"real": rng.exponential(size=(n, dim)), "generated": scale * rng.exponential(size=(m, dim))}


def labels(shares: tuple[float, ...], n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw certain classes of these shares."""
    return {"probabilities": np.eye(len(shares))[rng.choice(len(shares), p=shares, size=n)]}


def softmax(scale: float, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw probabilities of ten classes from normal logits."""
    weights = np.exp(scale * rng.normal(size=(n, 10)))
    return {"probabilities": weights / weights.sum(1, keepdims=True)}


def of_value(
    function: Callable[..., Any], field: str | None, draw: Samples, rng: np.random.Generator, repeats: int
) -> Ends:
    """Estimate a value that is known."""
    found = [function(**draw(rng)) for _ in range(repeats)]
    return ends_of(one if field is None else getattr(one, field) for one in found)


def of_expectation(
    function: Callable[..., Any], field: str | None, draw: Samples, rng: np.random.Generator, repeats: int
) -> Ends:
    """Estimate the expectation, about the mean of all repeats."""
    found = [function(**draw(rng)) for _ in range(repeats)]
    results = [one if field is None else getattr(one, field) for one in found]
    ends, mean = ends_of(results), np.mean([one.value for one in results])
    return Ends(ends.low - mean, ends.high - mean, ends.flagged)


def of_log_expectation(
    function: Callable[..., Any], draw: Samples, rng: np.random.Generator, repeats: int
) -> Ends:
    """Estimate the expectation of the logarithm, about the mean of all repeats."""
    results = [function(**draw(rng)) for _ in range(repeats)]
    ends, mean = ends_of(results), np.mean([np.log(one.value) for one in results])
    return Ends(np.log(ends.low) - mean, np.log(ends.high) - mean, ends.flagged)


def rows() -> list[Row]:
    """List the rows."""
    distance, plain = (
        "the distance of the distributions",
        "the expectation of the plain value at these n and m",
    )
    of_kid, of_log = "the squared MMD of the distributions", "the expectation of the score at this m"
    at_null: dict[str, Samples] = {
        "one normal, D = 4, 200 and 150": partial(normals, 200, 150, 4, 0.0, 1.0),
        "one normal, D = 32, 200 and 200": partial(normals, 200, 200, 32, 0.0, 1.0),
        "one exponential, D = 4, 200 and 200": partial(exponentials, 200, 200, 4, 1.0),
    }
    apart: dict[str, tuple[Samples, float, float]] = {  # with the Frechet distance and the squared MMD
        "shift 0.5, D = 4, 400 and 300": (partial(normals, 400, 300, 4, 0.5, 1.0), 1.0, 1.328125),
        "scale 2, D = 8, 300 and 300": (partial(normals, 300, 300, 8, 0.0, 2.0), 8.0, 3.375),
        "shift 0.5, D = 32, 200 and 200": (partial(normals, 200, 200, 32, 0.5, 1.0), 8.0, 0.98974609375),
        "exponentials, scale 2, D = 4, 400 and 400": (partial(exponentials, 400, 400, 4, 2.0), 8.0, 0.0),
    }
    certain: dict[str, Samples] = {
        "5 uneven certain classes, 200": partial(labels, (0.4, 0.2, 0.2, 0.1, 0.1), 200),
        "10 classes of a softmax, 300": partial(softmax, 3.0, 300),
    }
    vendis: dict[str, tuple[float | None, Samples]] = {
        "distance of length 2, D = 4, 100 rows": (2.0, partial(normals, 100, 100, 4, 0.0, 1.0)),
        "cosine, D = 8, shifted, 200 rows": (None, partial(normals, 200, 200, 8, 1.0, 1.0)),
    }
    even = partial(normals, 200, 200, 8, 0.0, 1.0)
    ten = (0.1,) * 10
    return [
        *(
            Row(frechet, distance, case, partial(of_value, frechet, "debiased", draw), is_bound=True)
            for case, draw in at_null.items()
        ),
        *(
            Row(frechet, plain, case, partial(of_expectation, frechet, "plain", draw), is_bound=True)
            for case, draw in at_null.items()
        ),
        *(
            Row(frechet, distance, case, partial(of_value, frechet, "debiased", draw), truth)
            for case, (draw, truth, _) in apart.items()
        ),
        *(
            Row(frechet, plain, case, partial(of_expectation, frechet, "plain", draw))
            for case, (draw, _, _) in apart.items()
        ),
        *(
            Row(kid, of_kid, case, partial(of_value, kid, None, draw), is_bound=True)
            for case, draw in at_null.items()
        ),
        *(
            Row(kid, of_kid, case, partial(of_value, kid, None, draw), truth)
            for case, (draw, _, truth) in apart.items()
            if truth
        ),
        Row(
            inception_score,
            of_log,
            "10 even certain classes, 100",
            partial(of_value, inception_score, None, partial(labels, ten, 100)),
            float(perfect_score(10, 100).value),
            is_bound=True,
        ),
        *(
            Row(inception_score, of_log, case, partial(of_log_expectation, inception_score, draw))
            for case, draw in certain.items()
        ),
        *(
            Row(vendi, of_log, case, partial(of_log_expectation, partial(vendi, length=length), draw))
            for case, (length, draw) in vendis.items()
        ),
        Row(
            vendi,
            of_log,
            "cosine, D = 8, isotropic, 200 rows",
            partial(of_log_expectation, vendi, even),
            is_bound=True,
        ),
    ]
