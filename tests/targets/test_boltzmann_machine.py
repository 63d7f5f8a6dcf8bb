"""Check the restricted Boltzmann machine by enumeration and by summing out its hidden bits."""

import numpy as np
import pytest

from jgen.targets import boltzmann_machine
from tests.helpers.quadrature import TOLERANCE, check_by_listing, words

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.weekly
def test_truths_by_enumeration():
    """Detect a transposed weight, and draws from another distribution."""
    check_by_listing(boltzmann_machine(), words(2, 7), lambda bits: {"hidden": bits[:3], "visible": bits[3:]})


def test_truths_without_its_hidden_layer():
    """Sum out each hidden bit by hand: a softplus."""
    target = boltzmann_machine()
    weight, bias, offset = (np.asarray(each) for each in target.log_density.args)
    visible = words(2, 4)
    free = visible @ bias + np.logaddexp(0, visible @ weight + offset).sum(1)
    np.testing.assert_allclose(target.log_evidence, np.log(np.exp(free).sum()), rtol=TOLERANCE)
    np.testing.assert_allclose(target.mean[3:], np.exp(free - target.log_evidence) @ visible, rtol=TOLERANCE)
