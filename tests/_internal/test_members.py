"""Test the search for members of a family."""

import jgen.samplers
import jgen.targets
from jgen._internal.members import members


def test_members_are_found_in_subpackages_and_by_their_own_name():
    found = members(jgen.samplers, "recipe")
    assert {"hmc", "smc", "direct"} <= found.keys()
    assert list(found) == sorted(found)
    assert "banana" in members(jgen.targets, "{name}")
