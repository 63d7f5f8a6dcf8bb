"""Share data between tests of models."""

import pytest
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def digits():
    """Return flat images of digits, from 0 to 1."""
    return load_digits().data / 16.0
