"""One folder of data sets for all tests of a session."""

import os

import pytest


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A folder where ``load`` prepares a bundled data set when a test first asks for it, for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "data"
    folder.mkdir(exist_ok=True)
    return folder
