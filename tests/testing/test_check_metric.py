"""Each check of metrics passes a correct metric and fails the mistake that it is there to detect."""

import numpy as np
import pytest

from jgen.evaluation import Known, MetricRecipe, gaussian_pair, keep_rows
from jgen.evaluation.metric import read_features, result_of
from jgen.features import raw
from jgen.testing import CheckFailed, check_metric
from jgen.testing.metric_checks import CHECKS, exact, statistical
from jgen.testing.metric_checks.metric_case import MetricCase

PROTOCOL = {"column": "all"}
KNOWN = (Known("two points", {"real": [[0.0], [0.0]], "generated": [[1.0], [3.0]]}, {"": 2.0}),)


def shift(rows, *, error_factor=1.0, null=0.0, precision=np.float64, weights=None, sign=1.0):
    """Mean over dimensions of the difference of means, whose interval is normal."""
    real, generated = (rows[name].astype(precision) for name in ("real", "generated"))
    of_real = real.mean(1) if weights is None else real.mean(1) * weights(len(real))
    value = sign * (generated.mean(1).mean() - of_real.mean())
    variances = [x.mean(1).var(ddof=1) / len(x) if len(x) > 1 else np.nan for x in (real, generated)]
    error = error_factor * np.sqrt(sum(variances))
    closed = result_of(null, error, len(real), "closed form", {})
    return result_of(value, error, len(real), "shift", PROTOCOL, null=closed)


def recipe_of(**options):
    return MetricRecipe(
        lambda: keep_rows(lambda rows: shift(rows, **options)),
        truth=lambda a: a,
        rotates=False,
        is_linear=True,
        unit_power=1.0,
        known=lambda: KNOWN,
        of_itself={"": 0.0},
    )


RIGHT = recipe_of()


def with_metric(**functions):
    return RIGHT._replace(make=lambda: RIGHT.make()._replace(**functions))


def without_protocol(rows):
    return shift(rows)._replace(protocol={})


def by_position(state, *samples, **named):
    named |= dict(zip(("real", "generated"), samples, strict=False))
    return RIGHT.make().accumulate(state, **named)


def first_name_is_real(state, **named):
    return RIGHT.make().accumulate(state, **dict(zip(("real", "generated"), named.values(), strict=False)))


def last_batch(first, second):
    return {**first, **second}


def silent(state, **named):
    merged = dict(state)
    for name, rows in named.items():
        if name not in ("real", "generated"):
            raise TypeError(name)
        merged[name] = np.concatenate([merged.get(name, rows[:0]), rows])
    return merged


def silent_shift(rows):
    result = shift({name: np.nan_to_num(x) for name, x in rows.items()})
    return result._replace(flags=())


def squared(rows):
    result = shift(rows)
    return result._replace(value=result.value**2)


def shifted(rows, ridge):
    result = shift(rows)
    return result._replace(value=result.value + ridge)


def in_own_type(rows):
    result = shift(rows)
    return result._replace(value=np.float64(rows["generated"].mean() - rows["real"].mean()))


def equal_sizes(rows):
    if len(rows["real"]) != len(rows["generated"]):
        return shift(rows)._replace(value=np.float64(np.nan))
    return shift(rows)


def of_bent(rows):
    """A share of far rows that grows as its root."""
    far = np.abs(rows["generated"]).max(1) > 100
    return shift(rows)._replace(value=np.sqrt(far.mean()))


def made_of(compute, **fields):
    return RIGHT._replace(make=lambda: keep_rows(compute), **fields)


WRONG = {
    "no protocol": (exact.complete, made_of(without_protocol)),
    "no null": (exact.complete, made_of(lambda rows: shift(rows)._replace(null=None))),
    "value outside its interval": (exact.complete, made_of(lambda rows: squared(rows)._replace(value=9.0))),
    "roles by position": (exact.roles, with_metric(accumulate=by_position)),
    "roles by order": (exact.roles, with_metric(accumulate=first_name_is_real)),
    "roles swapped": (exact.known_values, recipe_of(sign=-1.0)),
    "rows weighted by their place": (exact.row_order, recipe_of(weights=lambda n: np.linspace(0, 2, n))),
    "the last batch alone": (exact.batches, with_metric(merge=last_batch)),
    "float32 sums": (exact.rotation, recipe_of(precision=np.float32)),
    "a claimed rotation": (exact.rotation, RIGHT._replace(rotates=True)),
    "another power of the unit": (exact.units, RIGHT._replace(unit_power=2.0)),
    "a number added": (exact.units, made_of(lambda rows: shifted(rows, 1e-6))),
    "sums in the type of the rows": (exact.units, made_of(in_own_type)),
    "equal sizes only": (exact.unequal_sizes, made_of(equal_sizes)),
    "NaN made 0": (
        exact.bad_samples,
        RIGHT._replace(make=lambda: keep_rows(silent_shift)._replace(accumulate=silent)),
    ),
    "the sign turned round": (statistical.monotone, recipe_of(sign=-1.0)),
    "no use of the samples": (statistical.monotone, recipe_of(sign=0.0)),
    "a root of the share": (statistical.far_share, made_of(of_bent)),
    "a null that is not read": (statistical.null, recipe_of(null=0.1)),
    "half the error": (statistical.coverage, recipe_of(error_factor=0.5)),
}


def test_a_correct_metric_passes():
    results = check_metric(RIGHT)
    assert [result.name for result in results] == [check.__name__ for check in CHECKS]


@pytest.mark.parametrize("name", WRONG)
def test_each_check_finds_its_mistake(name):
    check, recipe = WRONG[name]
    with pytest.raises(CheckFailed):
        check(MetricCase(recipe, 0, 200))


def test_every_check_has_a_mistake():
    assert {check for check, _ in WRONG.values()} == set(CHECKS)


def test_a_failure_names_the_check_and_the_seed():
    with pytest.raises(CheckFailed, match=r"^complete: .*\[repeat with seed=3\]$"):
        check_metric(made_of(without_protocol), seed=3)


def test_a_metric_that_is_random_may_move_within_its_interval():
    def noisy(rows):
        result = shift(rows)
        return result._replace(value=result.value + 1e-3 * np.sin(rows["real"][0, 0] * 1e6))

    recipe = made_of(noisy, known=tuple, of_itself={})
    with pytest.raises(CheckFailed):
        exact.row_order(MetricCase(recipe, 0, 8))
    exact.row_order(MetricCase(recipe._replace(is_stochastic=True), 0, 8))


def test_the_pair_has_one_distribution_at_no_shift(rng):
    samples = gaussian_pair(rng, 4000, 4000, 0.0)
    gap = samples["real"].mean(0) - samples["generated"].mean(0)
    assert (np.abs(gap) < 5 * np.sqrt(2 / 4000)).all()


def test_rows_with_nan_are_counted():
    with pytest.raises(ValueError, match="2 of 3 rows of real"):
        read_features(raw(), "real", [[np.nan], [1.0], [np.inf]])
