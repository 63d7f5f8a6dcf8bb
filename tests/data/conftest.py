"""One folder of prepared data sets for all tests of a session."""

import pytest

from jgen.data import known, prepare
from jgen.data.catalogue_base import builder


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A folder where every bundled data set is prepared, once a session."""
    directory = tmp_path_factory.mktemp("data")
    for name in known():
        if builder(name, directory).bundled:
            prepare(name, directory)
    return directory
