"""Check that a file that defines a member of a family imports no other member of it."""

import ast
from pathlib import Path

import pytest

from jgen import decoders, encoders, objectives, samplers, targets
from jgen.testing import members

OF_RECIPES = (samplers, decoders, decoders.heads, encoders, encoders.posteriors, objectives)
FAMILIES = {package.__name__: members(package, "recipe") for package in OF_RECIPES}
FAMILIES["jgen.targets"] = members(targets, "{name}")
BUILT_ON = {"jgen.encoders.posteriors.flow": {"jgen.encoders.posteriors.diagonal_normal"}}
"""Members that are built on another: a flow transforms the Gaussian posterior."""


def imports_of(module):
    """Return the names of the modules that a module imports from, anywhere in its code."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("family", FAMILIES)
def test_members_do_not_import_each_other(family):
    modules = {module.__name__ for module in FAMILIES[family].values()}
    assert len(modules) > 2
    found = {module.__name__: imports_of(module) & modules for module in FAMILIES[family].values()}
    assert {name: others for name, others in found.items() if others - BUILT_ON.get(name, set())} == {}
