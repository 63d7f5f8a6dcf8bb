"""Count how often the intervals that jgen prints cover the truth, on easy and on hard cases.

``python -m benchmarks.coverage --json coverage.json``

Each row repeats one estimate. Of the intervals that are not flagged, those of nominal 95 % should cover in 93
to 97 % of the repeats; the share that is flagged should be 5 % at most on an easy case. On a hard one it may
be large, and intervals that are kept may be wider than they need be, as they allow for what was not seen. The
verdict allows for the number of repeats: it is "no" only where an exact binomial test at 1e-6 excludes the
range.
"""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from scipy import stats

from benchmarks import intervals
from benchmarks.command_line import main, show_rows
from benchmarks.intervals.row import Row
from jgen.errors import UsageError
from jgen.testing import members

FALSE_ALARM = 1e-6
LOW, HIGH, MOST_FLAGGED = 0.93, 0.97, 0.05
FEWEST = 10
COLUMNS = {
    "interval": "interval",
    "of": "of",
    "is": "difficulty",
    "case": "case",
    "repeats": "repeats",
    "flagged": "flagged",
    "covered": "covered",
    "right": "verdict",
}


@dataclass(frozen=True)
class Config:
    """How often do intervals cover the truth?"""

    repeats: int = 2000
    """Repeats of a row; rows of whole runs make a share of them, ten or more."""
    only: tuple[str, ...] = ()
    """Names of the intervals to repeat; all if none is given."""
    seed: int = 0
    """Seed of the draws."""

    def __post_init__(self) -> None:
        """Check the options."""
        if self.repeats < FEWEST:
            raise UsageError(f"--repeats must be {FEWEST} or more; got {self.repeats}")
        names = sorted({row.name for row in rows()})
        if unknown := sorted(set(self.only) - set(names)):
            raise UsageError(f"--only takes {', '.join(names)}; got {', '.join(unknown)}")


def rows() -> list[Row]:
    """List all rows."""
    return [row for module in members(intervals, "rows").values() for row in module.rows()]


def is_excluded(count: int, total: int, low: float, high: float) -> bool:
    """Return whether an exact binomial test excludes that the share is between low and high."""
    if not total:
        return False
    ends = stats.binomtest(count, total).proportion_ci(1 - FALSE_ALARM)
    return not (ends.low <= high and ends.high >= low)


def measure(row: Row, seed: int, repeats: int) -> dict[str, Any]:
    """Repeat one row; rows of one case have the same draws."""
    rng = np.random.default_rng([seed, zlib.crc32(row.case.encode())])
    ends = row.repeat(rng, max(FEWEST, round(row.share * repeats)))
    kept = ~ends.flagged
    total, size = int(kept.sum()), len(kept)
    covered = int(((ends.low <= row.truth) & (row.truth <= ends.high))[kept].sum())
    most = 1.0 if row.is_hard or row.is_bound else HIGH
    too_many = not row.is_hard and is_excluded(size - total, size, 0.0, MOST_FLAGGED)
    return {
        "interval": row.name,
        "of": row.of,
        "difficulty": "hard" if row.is_hard else "easy",
        "case": row.case,
        "repeats": size,
        "flagged": 1 - total / size,
        "covered": covered / total if total else None,
        "verdict": "no" if too_many or is_excluded(covered, total, LOW, most) else "yes",
    }


def run(config: Config, console: Console) -> dict[str, Any]:
    """Measure, show and return all figures."""
    found = [
        measure(row, config.seed, config.repeats)
        for row in rows()
        if not config.only or row.name in config.only
    ]
    show_rows(console, "coverage of unflagged intervals of nominal 95 %", found, COLUMNS)
    return {"rows": found}


if __name__ == "__main__":
    main(run, Config)
