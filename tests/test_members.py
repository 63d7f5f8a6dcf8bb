"""Check that a file that defines a member of a family imports no other member of it."""

import ast
from pathlib import Path

import pytest

import jgen.decoders
import jgen.decoders.heads
import jgen.encoders
import jgen.encoders.posteriors
import jgen.objectives
import jgen.samplers
import jgen.targets
from jgen.testing import members

FAMILIES = {
    "samplers": members(jgen.samplers, "recipe"),
    "targets": members(jgen.targets, "{name}"),
    "decoders": members(jgen.decoders, "recipe"),
    "heads": members(jgen.decoders.heads, "recipe"),
    "encoders": members(jgen.encoders, "recipe"),
    "posteriors": members(jgen.encoders.posteriors, "recipe"),
    "objectives": members(jgen.objectives, "recipe"),
}
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
