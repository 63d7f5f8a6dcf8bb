"""Check that every mutant is killed: by default one a package, in CI one a kernel, weekly all of them."""

import importlib
import pkgutil

import pytest

import tests.mutants
from tests.helpers.mutant import KNOWN, name_of_check, plant

TABLES = [
    importlib.import_module(f"tests.mutants.{info.name}").MUTANTS
    for info in pkgutil.iter_modules(tests.mutants.__path__)
    if not info.name.startswith("test_")
]
MUTANTS = {name: mutant for table in TABLES for name, mutant in table.items()}


def marked():
    """Mark all but the first mutant of each package: the first of each kernel as slow, the rest as weekly."""
    seen = set()
    for name, mutant in MUTANTS.items():
        module = mutant.user or mutant.module
        package, kernel = module.partition(".")[0], module
        is_first, is_first_of_kernel = package not in seen, package == "samplers" and kernel not in seen
        seen |= {package, kernel}
        mark = pytest.mark.slow if is_first_of_kernel else pytest.mark.weekly
        yield name if is_first else pytest.param(name, marks=mark)


def test_every_known_kind_has_a_mutant_and_names_differ():
    assert len(MUTANTS) == sum(map(len, TABLES))
    kinds = {name.partition(" ")[0] for name in MUTANTS}
    assert {str(number) for number in KNOWN} <= kinds


@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("name", list(marked()))
def test_mutant_is_killed(name, record_property):
    """False alarms of a check do not matter here; its power is 1 - 1e-6 or more."""
    mutant = MUTANTS[name]
    module = plant(mutant)
    record_property("mutant", (name,))
    with pytest.raises(AssertionError, match=mutant.match) as caught:
        mutant.check(module)
    record_property("mutant", (name, name_of_check(caught.value), str(caught.value)))
