"""Every mutant is killed by its check: one of each kernel by default, all of them weekly."""

import importlib
import pkgutil

import pytest

import tests.mutants
from tests.helpers.mutant import plant

TABLES = {
    info.name: importlib.import_module(f"tests.mutants.{info.name}")
    for info in pkgutil.iter_modules(tests.mutants.__path__)
    if not info.name.startswith("test_")
}
MUTANTS = {
    name: mutant for table in TABLES.values() for name, mutant in getattr(table, "MUTANTS", {}).items()
}


def rows():
    """The first mutant of each kernel has no mark; the others are weekly."""
    seen = set()
    for name, mutant in MUTANTS.items():
        kernel = mutant.user or mutant.module
        yield pytest.param(name, marks=pytest.mark.weekly) if kernel in seen else name
        seen.add(kernel)


def test_no_two_tables_have_a_mutant_of_one_name():
    assert len(MUTANTS) == sum(len(getattr(table, "MUTANTS", {})) for table in TABLES.values())


@pytest.mark.parametrize("name", list(rows()))
def test_mutant_is_killed(name, kills):
    mutant = MUTANTS[name]
    module = plant(mutant)
    with kills(name, match=mutant.match, error=AssertionError):
        mutant.check(module)
