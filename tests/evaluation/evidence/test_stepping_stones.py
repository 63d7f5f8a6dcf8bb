"""Test log Z by stepping stones on a Gaussian."""

import pytest

from jgen.evaluation.evidence import stepping_stones
from tests.helpers.tempered_gaussian import LOG_Z, check_estimate


@pytest.mark.slow
def test_log_z_is_the_known_one():
    """False alarm 7e-7."""
    check_estimate(stepping_stones, LOG_Z)
