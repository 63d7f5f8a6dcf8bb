"""Rows of means over examples: held-out values, their differences, bounds of models, divergences."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpyro.distributions as dist
from scipy import stats

from benchmarks.intervals.row import Ends, Row, ends_of, key_of
from jgen.applications.digits_classifier import accuracy_result, train_digits_classifier
from jgen.distributions import kl
from jgen.evaluation import against_best, compare, mean_result
from jgen.models import linear_vae, log_prob_bound

Draw = Callable[[np.random.Generator, int], np.ndarray]


def normals(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw normals."""
    return rng.normal(size=size)


def exponentials(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw exponentials, less their mean."""
    return rng.exponential(size=size) - 1


def log_normals(sigma: float, rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw log-normals, less their mean."""
    return np.exp(sigma * rng.normal(size=size)) - np.exp(sigma**2 / 2)


def paretos(k: float, rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw from a Pareto tail below, less the mean."""
    return 1 - (1 - k) * rng.uniform(size=size) ** -k


def students(dof: float, rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw from Student's t."""
    return rng.standard_t(dof, size=size)


def of_examples(draw: Draw, size: int, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the mean 0 of held-out values."""
    return ends_of(mean_result(draw(rng, size), "", {}) for _ in range(repeats))


def of_differences(
    draws: tuple[Draw, Draw], sizes: tuple[int, int], rng: np.random.Generator, repeats: int
) -> Ends:
    """Estimate the difference 0 of two means."""

    def mean(index: int) -> Any:
        return mean_result((1 + 4 * index) * draws[index](rng, sizes[index]), "", {})

    return ends_of(compare(mean(0), mean(1)) for _ in range(repeats))


def from_best(num_models: int, apart: float, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate how far all models lie from the one that is best in the sample."""
    ends = []
    for _ in range(repeats):
        values = {j: rng.normal(size=100) - apart * j for j in range(num_models)}
        found = {j: both["minus best"] for j, both in against_best(values, "", {}).items()}
        best = next(j for j, one in found.items() if one.value == 0)
        errors = [(one.low + apart * (j - best), one.high + apart * (j - best)) for j, one in found.items()]
        ends.append((max(low for low, _ in errors), min(high for _, high in errors)))
    low, high = np.transpose(ends)
    return Ends(low, high, np.zeros(repeats, bool))


def of_labels(share: float, size: int, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the probability of a correct label."""
    return ends_of(accuracy_result(int(count), size) for count in rng.binomial(size, share, size=repeats))


def of_bounds(num_particles: int, size: int, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate the expected bound of a linear model, about the mean of all repeats."""
    model = linear_vae(4, 2)
    params, x = model.init(key_of(rng)), np.float32(rng.normal(size=(repeats * size, 4)))
    bounds = log_prob_bound(model, params, x, key_of(rng), num_particles, batch_size=2000)
    values = bounds.values.reshape(repeats, size) - bounds.values.mean(dtype=np.float64)
    return ends_of(mean_result(one, bounds.method, bounds.protocol) for one in values)


def divergences(p: Any, q: Any, size: int, rng: np.random.Generator, repeats: int) -> Ends:
    """Estimate a divergence by draws."""
    return ends_of(kl(p, q, key=key_of(rng), num_samples=size) for _ in range(repeats))


def divergence(p: Any, q: Any) -> float:
    """Integrate a divergence."""
    return float(p.expect(lambda x: p.logpdf(x) - q.logpdf(x), epsabs=1e-11, limit=200))


def rows() -> list[Row]:
    """List the rows."""
    normal, t9 = dist.Normal(), dist.StudentT(9.0)
    to_t9 = divergence(stats.norm, stats.t(9))
    easy: dict[str, tuple[Draw, int]] = {
        "50 normals": (normals, 50),
        "4 normals": (normals, 4),
        "500 exponentials": (exponentials, 500),
        "20 exponentials": (exponentials, 20),
        "500 of Student's t of 5": (partial(students, 5.0), 500),
        "500 log-normals of sigma 1": (partial(log_normals, 1.0), 500),
    }
    hard: dict[str, tuple[Draw, int]] = {
        "50 log-normals of sigma 1.5": (partial(log_normals, 1.5), 50),
        "1,000 of a lower tail of k = 0.6": (partial(paretos, 0.6), 1000),
        "2,000 of a lower tail of k = 0.8": (partial(paretos, 0.8), 2000),
    }
    pairs = {
        "50 and 80 normals": ((normals, normals), (50, 80)),
        "4 and 40 normals": ((normals, normals), (4, 40)),
        "100 exponentials and 100 normals": ((exponentials, normals), (100, 100)),
    }
    held_out, of_difference, of_bound = "mean over all examples", "difference", "mean of the bound"
    from_the_best, probability = "differences from the best", "a correct label"
    of_kl = [
        ("normal from t of 9, 1,000", partial(divergences, normal, t9, 1000), to_t9, False),
        ("normal from t of 9, 100", partial(divergences, normal, t9, 100), to_t9, False),
        ("normal from t of 9, 20", partial(divergences, normal, t9, 20), to_t9, True),
        (
            "t of 9 from normal, 1,000",
            partial(divergences, t9, normal, 1000),
            divergence(stats.t(9), stats.norm),
            True,
        ),
        ("Cauchy from normal, 1,000", partial(divergences, dist.Cauchy(), normal, 1000), np.inf, True),
    ]
    return [
        *(Row(mean_result, held_out, case, partial(of_examples, *drawn)) for case, drawn in easy.items()),
        *(
            Row(mean_result, held_out, case, partial(of_examples, *drawn), is_hard=True)
            for case, drawn in hard.items()
        ),
        *(Row(compare, of_difference, case, partial(of_differences, *pair)) for case, pair in pairs.items()),
        Row(against_best, from_the_best, "2 models, 0.1 sd apart", partial(from_best, 2, 0.1)),
        Row(against_best, from_the_best, "5 equal models", partial(from_best, 5, 0.0)),
        *(
            Row(train_digits_classifier, probability, case, partial(of_labels, share, size), share)
            for case, share, size in [
                ("360 labels, 97 % correct", 0.97, 360),
                ("20 labels, 90 % correct", 0.9, 20),
            ]
        ),
        *(
            Row(log_prob_bound, of_bound, f"linear model, K = {k}, 50 examples", partial(of_bounds, k, 50))
            for k in (1, 16)
        ),
        *(Row(kl, "divergence", case, repeat, truth, is_hard) for case, repeat, truth, is_hard in of_kl),
    ]
