"""Check that every mutant is killed: one of each kernel and of each other package by default, all weekly."""

import importlib
import pkgutil

import pytest

import tests.mutants
from tests.helpers.marking import first_of_each
from tests.helpers.mutant import KNOWN, name_of_check, plant

TABLES = [
    importlib.import_module(f"tests.mutants.{info.name}").MUTANTS
    for info in pkgutil.iter_modules(tests.mutants.__path__)
    if not info.name.startswith("test_")
]
MUTANTS = {name: mutant for table in TABLES for name, mutant in table.items()}


def kernel_of(name):
    """Return the module of a sampler; for a mutant of anything else, the package."""
    module = MUTANTS[name].user or MUTANTS[name].module
    return module if module.startswith("samplers.") else module.partition(".")[0]


def test_every_known_kind_has_a_mutant_and_names_differ():
    assert len(MUTANTS) == sum(map(len, TABLES))
    kinds = {name.partition(" ")[0] for name in MUTANTS}
    assert {str(number) for number in KNOWN} <= kinds


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", first_of_each(MUTANTS, family=kernel_of))
def test_mutant_is_killed(name, record_property):
    """False alarms of a check do not matter here; its power is 1 - 1e-6 or more."""
    mutant = MUTANTS[name]
    module = plant(mutant)
    record_property("mutant", (name,))
    with pytest.raises(AssertionError, match=mutant.match) as caught:
        mutant.check(module)
    record_property("mutant", (name, name_of_check(caught.value), str(caught.value)))
