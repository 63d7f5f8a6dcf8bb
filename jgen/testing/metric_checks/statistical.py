"""Check what holds for a metric on average over samples, one property a function."""

import itertools
import math

import numpy as np
from scipy import stats

from jgen.testing.check_result import Measurement, require_within
from jgen.testing.metric_checks.metric_case import (
    FALSE_ALARM,
    FAR,
    ROUNDING,
    MetricCase,
    Z,
    first_number,
)
from jgen.testing.requirements import require

SHIFTS = (0.0, 0.5, 1.0, 2.0)
LEAST_COVERAGE = 0.93


def monotone(case: MetricCase) -> str:
    """Check that the value gets worse along the shift, and tells the last from the first."""
    sign = -1 if case.recipe.make().larger_is_better else 1
    means = {}
    repeats = max(8, case.repeats // 10)
    for shift in SHIFTS:
        readings = np.array([first_number(case.values(case.draw(r, shift))) for r in range(repeats)])
        means[shift] = sign * readings.mean(), readings.std(ddof=1) / np.sqrt(repeats)
    for one, other in itertools.pairwise(SHIFTS):
        gain, error = means[other][0] - means[one][0], math.hypot(means[one][1], means[other][1])
        require(
            gain >= -Z * error,
            f"from shift {one} to {other} it gets better by {-gain:.3g} (error {error:.2g})",
        )
    gain = means[SHIFTS[-1]][0] - means[0.0][0]
    error = math.hypot(means[0.0][1], means[SHIFTS[-1]][1])
    require(
        gain > Z * error, f"shifts {SHIFTS[0]} and {SHIFTS[-1]} differ by {gain:.3g} only (error {error:.2g})"
    )
    return f"worse by {gain:.3g} at a shift of {SHIFTS[-1]}"


def far_share(case: MetricCase) -> str:
    """Check that the mean is linear in the share of generated rows far off, where that is claimed."""
    if not case.recipe.is_linear:
        return "not claimed"
    shares, size = (0.0, 0.25, 0.5), case.recipe.size
    columns = []
    for share in shares:
        readings = []
        for repeat in range(max(8, case.repeats // 10)):
            samples = dict(case.draw(repeat, 0.0))
            rows = samples["generated"].copy()
            rows[: int(share * size)] += FAR
            readings.append(first_number(case.values({**samples, "generated": rows})))
        columns.append(np.array(readings))
    bend = columns[0] - 2 * columns[1] + columns[2]  # the same draws: paired
    error = bend.std(ddof=1) / np.sqrt(len(bend)) + ROUNDING
    measurement = Measurement(abs(bend.mean()), Z * error, "bend between shares of 0, 1/4 and 1/2")
    require_within([measurement], "the value is not linear in the share far off", "rows counted twice")
    return str(measurement)


def null(case: MetricCase) -> list[Measurement] | str:
    """Check that samples of one distribution read the declared null, on average."""
    size, shift = case.recipe.size, case.recipe.null_shift
    if shift is None:
        return "nulls of several kinds"
    declared = case.compute(case.draw(0, shift))
    measurements = []
    for name, result in declared.items():
        require(result.null is not None, f"{name or 'the value'} declares no null")
        assert result.null is not None
        n = result.null.n if 0 < result.null.n < size else size
        readings, nulls = [], []
        for repeat in range(case.repeats):
            readings.append(case.values(case.draw(10_000 + repeat, shift, n, n))[name])
            nulls.append(float(case.compute(case.draw(20_000 + repeat, shift))[name].null.value))  # type: ignore[union-attr]
        gap = abs(np.mean(readings) - np.mean(nulls))
        error = math.hypot(np.std(readings, ddof=1), np.std(nulls, ddof=1)) / math.sqrt(case.repeats)
        quantity = f"{name or 'value'}: mean {np.mean(readings):.4g} less its null {np.mean(nulls):.4g}"
        measurements.append(Measurement(float(gap), Z * error + ROUNDING, quantity))
    require_within(
        measurements,
        "samples of one distribution do not read the null",
        "a row that is its own neighbour, a diagonal averaged, k off by one, a bias that is not stated",
    )
    return measurements


def coverage(case: MetricCase) -> str:
    """Check that intervals cover the truth, or the expectation at these sizes, at shifts of 0 and 1."""
    size, notes = case.recipe.size, []
    for shift in (0.0, 1.0):
        results = [first_number(case.compute(case.draw(30_000 + r, shift))) for r in range(case.repeats)]
        ends = np.array([[float(end) for end in result[:3]] for result in results])  # [repeat, 3]
        aim = ends[:, 0].mean()  # its own error is small beside an interval
        if case.recipe.truth is not None:
            aim = case.recipe.truth(shift)
        elif case.recipe.expectation is not None:
            aim = case.recipe.expectation(size, size, shift)
        kept = np.array([not result.flags for result in results])
        covered = int(((ends[:, 1] <= aim + ROUNDING) & (aim - ROUNDING <= ends[:, 2]))[kept].sum())
        total = int(kept.sum())
        if total:
            most = stats.binomtest(covered, total).proportion_ci(1 - FALSE_ALARM).high
            failure = f"{covered} of {total} intervals cover {aim:.5g} at a shift of {shift:g}"
            require(most >= LEAST_COVERAGE, f"{failure}: is the error that of independent rows?")
        notes.append(f"{covered} of {total} cover {aim:.4g} at shift {shift:g}")
    return "; ".join(notes)
