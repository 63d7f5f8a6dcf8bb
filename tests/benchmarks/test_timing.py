"""Check ratios and sizes with given times."""

from benchmarks import timing
from benchmarks.timing import Timed, choose_size


def test_a_ratio_is_the_median_over_rounds():
    assert Timed(0.0, [2.0, 4.0, 3.0]).ratio(Timed(0.0, [1.0, 2.0, 9.0])) == 2.0


def test_the_size_fills_the_time_within_its_limits(monkeypatch):
    monkeypatch.setattr(timing, "clock", lambda _, count: 0.001 * count)
    assert [choose_size(len, seconds, 4, 128)[0] for seconds in (0.001, 0.066, 9.0)] == [4, 64, 128]
