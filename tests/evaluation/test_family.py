"""Every metric of the package passes every check of metrics."""

import pytest

from jgen import evaluation
from jgen.testing import members
from jgen.testing.metric_checks import CHECKS, exact, statistical
from jgen.testing.metric_checks.metric_case import MetricCase

METRICS = sorted(members(evaluation, "recipe"))


def case_of(name, repeats=8):
    return MetricCase(members(evaluation, "recipe")[name].recipe(), 0, repeats)


def checks_of(module):
    return [check for check in CHECKS if check.__module__ == module.__name__]


@pytest.mark.parametrize("name", METRICS)
def test_holds_for_every_sample(name):
    for check in checks_of(exact):
        check(case_of(name))


@pytest.mark.parametrize(
    "repeats", [pytest.param(40, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.weekly)]
)
@pytest.mark.parametrize("name", METRICS)
def test_holds_on_average(name, repeats):
    for check in checks_of(statistical):
        check(case_of(name, repeats))
