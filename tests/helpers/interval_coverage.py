"""Pool counts of intervals of log Z that cover the truth over the targets of an estimator.

200 seeds on one target have little power: where 90 % cover, 153 or more do with probability 1 - 1e-8, and all
200 may where 99 % do. Pooled over eight targets they are 1,600 intervals: where 95 % cover, fewer than 90 %
of them (1,440) do with probability 1.3e-16, and more than 99 % (1,584) with probability 1.5e-19; where 93 %
cover, fewer than 90 % do with probability 3.5e-6, and where 97 % do, more than 99 % with probability 1.8e-8.
(Bounds that straddle 98 % of the time straddle less than 95 % of 1,600 times, 1,520, with probability
1.4e-13.) So the pool must fulfil the claim itself.
"""

from itertools import groupby
from typing import NamedTuple

import pytest
from scipy.stats import binom

FALSE_ALARM = 1e-8
ENOUGH_TARGETS = 8
"""As many make a whole pool; a run of fewer is tested with the power of its own number of intervals."""


class Claim(NamedTuple):
    """Share of intervals that must cover.

    Attributes:
        low: At least this.
        high: At most this: intervals that always cover are too wide.
    """

    low: float
    high: float

    def fewest(self, asked: int) -> int:
        """Return the fewest covering intervals, but for a false alarm where the share is ``low``."""
        return int(binom.ppf(FALSE_ALARM, asked, self.low))

    def most(self, asked: int) -> int:
        """Return the most, where the share is ``high``."""
        return asked - int(binom.ppf(FALSE_ALARM, asked, 1.0 - self.high))

    def holds(self, covered: int, asked: int, num_targets: int) -> bool:
        """Test a whole pool by the claim itself, fewer targets but for a false alarm."""
        if num_targets >= ENOUGH_TARGETS:
            return self.low * asked <= covered <= self.high * asked
        return self.fewest(asked) <= covered <= self.most(asked)


CLAIMS = {"intervals": Claim(0.90, 0.99), "bounds": Claim(0.95, 1.0)}
"""Nominal 95 % intervals, and the two bounds of bidirectional Monte Carlo, which straddle the truth."""


class Counted(NamedTuple):
    """Count of one test."""

    kind: str
    estimator: str
    target: str
    covered: int
    asked: int


def counts_of(recorded) -> list[Counted]:
    """List what all tests of a run recorded, each count once."""
    return sorted({Counted(*value) for value in recorded})


def pools_of(counts: list[Counted]):
    """Group counts by kind and estimator: name, claim, counts, and how many covered of how many asked."""
    for (kind, estimator), group in groupby(counts, key=lambda one: (one.kind, one.estimator)):
        pool = list(group)
        covered, asked = sum(one.covered for one in pool), sum(one.asked for one in pool)
        yield f"{estimator}, {kind}", CLAIMS[kind], pool, covered, asked


def table(counts: list[Counted], *, every: bool) -> list[str]:
    """Format rows ``estimator, targets, covered of asked, share``; with ``every``, of each target too."""
    rows = [f"{'':<34} {'targets':>7} {'covered':>8} {'asked':>6} {'share':>7}  claim"]
    for name, claim, pool, covered, asked in pools_of(counts):
        share = f"{covered / asked:>7.1%}  {claim.low:.0%} to {claim.high:.0%}"
        rows.append(f"{name:<34} {len(pool):>7} {covered:>8} {asked:>6} {share}")
        if every:
            rows += [f"     {one.target:<29} {'':>7} {one.covered:>8} {one.asked:>6}" for one in pool]
    return rows + faults(counts)


def faults(counts: list[Counted]) -> list[str]:
    """Describe each estimator whose pool is outside its claim."""
    return [
        f"OUTSIDE ITS CLAIM: {name}: {covered} of {asked}"
        for name, claim, pool, covered, asked in pools_of(counts)
        if not claim.holds(covered, asked, len(pool))
    ]


def fail_outside_claims(session, recorded) -> None:
    """Fail a run, if nothing else did, where a pool is outside its claim."""
    if faults(counts_of(recorded)) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
