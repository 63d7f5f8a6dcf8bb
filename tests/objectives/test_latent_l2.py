"""Test the squared length of codes."""

import numpy as np
import pytest

from jgen.objectives import latent_l2
from tests.helpers.linear_gaussian import BLIND, SCALE, SHIFT, exact_params
from tests.helpers.many_keys import assert_mean, outcomes


@pytest.mark.usefixtures("x64")
def test_the_loss_is_half_the_second_moment_of_the_codes():
    loss, aux = outcomes(latent_l2(BLIND), exact_params(), np.zeros((5, 6)))
    assert_mean(loss, (SHIFT @ SHIFT + 2 * SCALE**2) / 2)
    np.testing.assert_allclose(aux["latent_l2"].mean(1), loss, rtol=1e-12)
