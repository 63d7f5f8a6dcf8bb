"""Check what holds for every sample of a metric, one property a function."""

import math
from functools import partial

import numpy as np
from scipy import stats

from jgen.evaluation.metric import evaluate, results_of
from jgen.testing.metric_checks.metric_case import (
    FAR,
    ROUNDING,
    MetricCase,
    Samples,
    first_number,
    require_close_results,
    require_number_or_flag,
    require_raises,
    require_refused,
    require_same,
    take_rows,
)
from jgen.testing.requirements import require


def complete(case: MetricCase) -> str:
    """Check that a result has an interval around its value, a size, a method, a protocol and a null."""
    results = case.compute(case.draw(0, 1.0))
    for name, result in results.items():
        label = f"{name or 'the value'}"
        value, low, high = (float(end) for end in result[:3])
        require(math.isfinite(value), f"{label} is {value} on ordinary samples")
        require(low <= value <= high, f"{label} {value:g} is not between its ends {low:g} and {high:g}")
        require(result.n > 0 and result.method, f"{label} states no sample size or no method")
        require(result.protocol, f"{label} has an empty protocol: state what must agree to compare it")
        require(result.null is not None, f"{label} has no null: state what one distribution reads")
    return f"{len(results)} with interval, null and protocol"


def roles(case: MetricCase) -> str:
    """Check that samples are taken by name alone, and that unknown and missing names raise."""
    metric, samples = case.recipe.make(), case.draw(0, 1.0)
    backwards = dict(reversed(list(samples.items())))
    require_same(case, samples, backwards, "the order of the names changes the value: find them by name")
    require_raises(
        TypeError, lambda: metric.accumulate(metric.empty(), *samples.values()), "samples by position"
    )
    require_raises(TypeError, lambda: evaluate(metric, **samples, other=1), "an unknown name")
    for name in samples:
        rest = {other: rows for other, rows in samples.items() if other != name}
        require_raises((ValueError, TypeError), partial(evaluate, metric, **rest), f"no {name}")
    return f"by name: {', '.join(samples)}"


def known_values(case: MetricCase) -> str:
    """Check the value of samples for which it is known, and of a sample with itself, duplicates included."""
    known = [(one.name, one.samples, one.values) for one in case.recipe.known()]
    if case.recipe.of_itself:
        samples = case.draw(0, 1.0)
        itself = dict.fromkeys(samples, samples["real"])
        repeated = dict.fromkeys(samples, take_rows(samples["real"], np.repeat(np.arange(12), 10)))
        known.append(("a sample with itself", itself, case.recipe.of_itself))
        known.append(("a sample of ten copies of each row with itself", repeated, case.recipe.of_itself))
    for label, samples, expected in known:
        values = case.values(samples)
        for name, value in expected.items():
            message = f"{label}: {name or 'the value'} is {values[name]:.10g}, and must be {value:.10g}"
            require(abs(values[name] - value) <= ROUNDING * max(1.0, abs(value)), message)
    return f"{len(known)} known values" if known else "no value is declared as known"


def row_order(case: MetricCase) -> str:
    """Check that the order of the rows does not matter."""
    samples = case.draw(0, 1.0)
    rng = np.random.default_rng(case.seed)
    orders = {len(rows): rng.permutation(len(rows)) for rows in samples.values()}
    own = case.has_vectors  # rows of other samples may be pairs, such as examples and labels
    moved = {
        name: take_rows(rows, rng.permutation(len(rows)) if own else orders[len(rows)])
        for name, rows in samples.items()
    }
    return require_same(case, samples, moved, "the order of the rows changes the value")


def batches(case: MetricCase) -> str:
    """Check that batches, shards and their order of merging do not matter, and that empty is neutral."""
    metric, samples = case.recipe.make(), case.draw(0, 1.0)
    size = case.recipe.size
    parts = [(0, 1), (1, size // 3), (size // 3, size)]
    states = []
    for start, stop in parts:
        state = metric.empty()
        for name, rows in samples.items():  # one side at a time
            state = metric.accumulate(state, **{name: take_rows(rows, np.arange(start, stop))})
        states.append(metric.merge(metric.empty(), state))
    first, second, third = states
    whole = metric.accumulate(metric.empty(), **samples)
    expected = results_of(metric.compute(whole))
    merged = {
        "shards merged from the left": metric.merge(metric.merge(first, second), third),
        "shards merged from the right": metric.merge(first, metric.merge(second, third)),
        "merged with an empty state": metric.merge(whole, metric.empty()),
    }
    for label, state in merged.items():
        require_close_results(
            case, expected, results_of(metric.compute(state)), f"{label} give another value"
        )
    return "batches and shards of 1 and more rows"


def rotation(case: MetricCase) -> str:
    """Check that a joint rotation, and a joint translation far off, leave the value."""
    if not case.has_vectors:
        return "rows are no vectors"
    samples = case.draw(0, 1.0)
    dim = samples["real"].shape[1]
    turn = stats.ortho_group(dim).rvs(random_state=case.seed) if dim > 1 else -np.eye(1)
    notes = []
    if case.recipe.rotates:
        turned = {name: rows @ turn for name, rows in samples.items()}
        notes.append("rotation: " + require_same(case, samples, turned, "a joint rotation changes the value"))
    if case.recipe.translates:
        moved = {name: rows + 1e4 for name, rows in samples.items()}
        failure = "adding 10,000 to all rows changes the value: is a covariance or a distance in float32?"
        # Rows are rounded at 1e4 by 1e-12, their squares by 1e-8 where they are not centred first.
        notes.append("translation: " + require_same(case, samples, moved, failure))
    return "; ".join(notes) or "neither is claimed"


def units(case: MetricCase) -> str:
    """Check that rows in another unit have the value claimed, and that their type changes nothing."""
    if not case.has_vectors:
        return "rows are no vectors"
    samples = case.draw(0, 1.0)
    for dtype in (np.float16, np.float32, np.int64):
        narrow = {name: (8 * rows).astype(dtype) for name, rows in samples.items()}
        wide = {name: rows.astype(np.float64) for name, rows in narrow.items()}
        failure = f"{np.dtype(dtype).name} rows have another value than the same numbers in float64"
        require_same(case, wide, narrow, failure)
    power = case.recipe.unit_power
    if power is None:
        return "types; no unit is claimed"
    value = first_number(case.values(samples))
    for factor in (2.0**-60, 2.0**60):
        scaled = first_number(case.values({name: factor * rows for name, rows in samples.items()}))
        expected = value * factor**power
        failure = (
            f"rows {factor:g} times as large have the value {scaled:.10g}, and must have {expected:.10g}"
        )
        require(abs(scaled - expected) <= ROUNDING * abs(expected), failure)
    return f"types; units of 2^-60 and 2^60, power {power:g}"


def unequal_sizes(case: MetricCase) -> str:
    """Check that it takes more generated rows than real ones, and fewer; that pairs have equal sizes."""
    size = case.recipe.size
    for n, m in ((size, size // 2), (size // 2, size)):
        if case.recipe.is_paired:
            require_refused(case, case.draw(0, 1.0, n, m), f"pairs of {n} and {m} rows")
            continue
        for name, result in case.compute(case.draw(0, 1.0, n, m)).items():
            require(
                np.isfinite(result.value), f"{name or 'the value'} is {result.value} for n = {n}, m = {m}"
            )
    return f"{size} rows against {size // 2}, and the other way"


def bad_samples(case: MetricCase) -> str:
    """Check that too few rows, constant rows, an outlier and NaN raise a ValueError or flag the result."""
    size, fewest = case.recipe.size, case.recipe.fewest
    trials: dict[str, Samples] = {}
    if fewest > 1:
        trials["one row fewer than it needs"] = case.draw(0, 1.0, fewest - 1, fewest - 1)
    if case.has_vectors:
        samples = case.draw(0, 1.0)
        for name in samples:
            for label, wrong in (("a row of NaN", math.nan), ("a row of infinity", math.inf)):
                rows = samples[name].copy()
                rows[size // 2] = wrong
                trials[f"{label} in {name}"] = {**samples, name: rows}
    for label, samples in trials.items():
        require_refused(case, samples, label)
    if case.has_vectors:
        samples = case.draw(0, 1.0)
        for name in samples:
            constant, outlier = np.ones_like(samples[name]), samples[name].copy()
            outlier[0] = FAR
            require_number_or_flag(case, {**samples, name: constant}, f"constant rows of {name}")
            require_number_or_flag(case, {**samples, name: outlier}, f"one far row of {name}")
        constants = {name: np.ones_like(rows) for name, rows in samples.items()}
        require_number_or_flag(case, constants, "constant rows of both")
    return ", ".join(trials) or "no way to make them"
