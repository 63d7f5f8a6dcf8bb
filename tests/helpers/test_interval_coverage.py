"""Test that coverage is pooled over the targets of an estimator, and that a pool outside its claim fails."""

from types import SimpleNamespace

import pytest
from scipy.stats import binom

from tests.helpers.interval_coverage import CLAIMS, Counted, counts_of, fail_outside_claims, faults, table


def recorded(covered, num_targets, kind="intervals"):
    return [(kind, "smc", f"target {i}", covered, 200) for i in range(num_targets)]


@pytest.mark.parametrize(
    ("covered", "num_targets", "is_right"),
    [
        *((180, 8, True), (179, 8, False), (198, 8, True), (199, 8, False)),
        *((179, 2, True), (200, 2, True), (160, 2, False)),
    ],
)
def test_a_whole_pool_fulfils_its_claim_and_a_part_but_for_false_alarms(covered, num_targets, is_right):
    counts = counts_of(recorded(covered, num_targets))
    assert (faults(counts) == []) == is_right
    rows = table(counts, every=False)
    assert rows[1].split()[-7:-4] == [str(num_targets), str(covered * num_targets), str(200 * num_targets)]
    assert rows[2:] == faults(counts)
    assert len(table(counts, every=True)) == len(rows) + num_targets


def test_bounds_have_another_claim():
    assert [bool(faults(counts_of(recorded(count, 8, "bounds")))) for count in (189, 200)] == [True, False]


@pytest.mark.parametrize("claim", CLAIMS.values())
def test_the_limits_of_a_part_are_exact(claim):
    fewest, most = claim.fewest(200), claim.most(200)
    assert binom.cdf(fewest - 1, 200, claim.low) < 1e-8 <= binom.cdf(fewest, 200, claim.low)
    assert binom.sf(most, 200, claim.high) < 1e-8


def test_a_test_that_ran_again_is_counted_once():
    assert counts_of(recorded(190, 1) + recorded(190, 1)) == [
        Counted("intervals", "smc", "target 0", 190, 200)
    ]


@pytest.mark.parametrize(("covered", "status"), [(190, 0), (179, 1)])
def test_a_pool_outside_its_claim_fails_the_run(covered, status):
    session = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    fail_outside_claims(session, recorded(covered, 8))
    assert int(session.exitstatus) == status
