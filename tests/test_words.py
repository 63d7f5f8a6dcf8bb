"""Check names: no replaced word is the name of a file, function, class, parameter, field or info key."""

import ast
from pathlib import Path

import pytest

import jgen

ROOT = Path(jgen.__file__).parent
REPLACED = """
Law law laws LawBroken Kept judge purity survival rebuilding weighting adjusted fence watch exchange walk
Machine begin advance settle finish ripe turn_until_done push pull noise_and_coin decide max_outs Growth
contest held_out modes_held pixels_apart keep each enumerated widen named align Path Game in_precision
train_on players freedom memories centre spread given found see forget learn static bind count positive plus
still together rows show records write floats checks restart modules score house room floor gate kin
"""
"""Words of an earlier vocabulary, each of which has one successor in the field's own words."""

HOMONYMS = {
    "centre": "of a shape or a scale parameter, as in geometry",
    "checks": "the checks of jgen.testing, the new word for laws",
    "count": "how many, of a buffer or a loop",
    "floor": "least eigenvalue of a covariance, the usual word for it",
    "records": "of an array_record file, as TFDS calls them",
    "rows": "of a matrix [row, column] or of a table",
    "score": "gradient-like statistic X'y of a regression",
    "walk": "cycle walking, of format-preserving permutations",
}
"""Words that stay where they mean something else, and what that is."""


def names_in(tree):
    """Find names of functions and classes, parameters, fields, and keys of ``info``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.FunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            yield from (argument.arg for argument in every)
        if isinstance(node, ast.ClassDef):
            fields = [line.target for line in node.body if isinstance(line, ast.AnnAssign)]
            yield from (field.id for field in fields if isinstance(field, ast.Name))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            targets = {target.id for target in node.targets if isinstance(target, ast.Name)}
            keys = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
            yield from keys if "info" in targets else ()


@pytest.mark.parametrize(
    "package", sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists())
)
def test_no_replaced_word_is_left(package):
    replaced = set(REPLACED.split()) - set(HOMONYMS)
    for path in sorted((ROOT / package).rglob("*.py")):
        names = {path.stem, *names_in(ast.parse(path.read_text(encoding="utf-8")))}
        assert names & replaced == set(), path.relative_to(ROOT)


def test_no_file_is_called_base():
    assert [path.name for path in ROOT.rglob("*base.py")] == []


def test_the_first_level_is_small():
    entries = [path for path in ROOT.iterdir() if path.name != "__pycache__"]
    assert sum(path.is_dir() for path in entries) <= 20
    allowed = {"__init__.py", "__main__.py", "errors.py", "types.py", "py.typed"}
    assert {path.name for path in entries if path.is_file()} <= allowed
