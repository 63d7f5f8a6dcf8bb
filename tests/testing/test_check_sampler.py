"""``check_sampler`` chooses its checks by the kind of draws; 1e-6 a false alarm."""

import pytest

from jgen.sampling.adaptation import step_size, window
from jgen.targets import standard_gaussian
from jgen.testing import check_sampler
from tests.testing.sampler_checks.test_family import three_steps, weighted


def test_weighted_draws_have_no_warm_up():
    with pytest.raises(ValueError, match="tunes exact Markov kernels; these draws are weighted"):
        check_sampler(weighted, standard_gaussian(2), adaptation=step_size(0.5))


@pytest.mark.slow
def test_weighted_draws_are_checked_by_their_weights():
    assert [name for name, _ in check_sampler(weighted, standard_gaussian(2))][-1] == "importance_weights"


@pytest.mark.weekly
def test_a_kernel_is_checked_with_its_adaptation():
    results = check_sampler(three_steps, standard_gaussian(2), adaptation=window(0.8))
    assert results[-1].name == "warm_up"
    assert results[-1].evidence.value <= results[-1].evidence.allowed
