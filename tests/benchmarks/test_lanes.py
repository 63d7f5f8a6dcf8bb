"""Check that lanes raise the utilisation of NUTS; it is counted, not timed."""

import pytest

from benchmarks.lanes import lanes_rows


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.weekly
def test_fewer_lanes_are_busier():
    rows = lanes_rows(0.001, 32, 20)
    assert {row["target"] for row in rows} == {"funnel", "breast_cancer"}
    funnel = {row["lanes"]: row for row in rows if row["target"] == "funnel"}
    assert funnel[2]["utilisation"] > funnel[8]["utilisation"] > funnel[None]["utilisation"]
    assert funnel[None]["lockstep_ratio"] == 1
