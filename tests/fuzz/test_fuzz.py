"""Fuzz all public functions: each has a row with a reference, or is excepted with a reason."""

import importlib
import pkgutil
from functools import cache

import pytest

import jgen
from tests import fuzz
from tests.fuzz.exceptions import EXCEPTIONS
from tests.helpers.fuzz import check_case, run_seed

FEW, MANY = 8, 300


def tables():
    """Return the rows of all tables of this folder, by name: ``package.function``, then the case."""
    names = [info.name for info in pkgutil.iter_modules(fuzz.__path__) if not info.name.startswith("test_")]
    modules = [importlib.import_module(f"tests.fuzz.{name}") for name in names]
    return {name: row for module in modules if hasattr(module, "ROWS") for name, row in module.ROWS.items()}


ROWS = tables()


@cache
def public():
    """Return the public objects by name, ``package.function``; some have several names."""
    found = {}
    for info in pkgutil.walk_packages(jgen.__path__, "jgen."):
        if info.ispkg and "_internal" not in info.name:
            package = importlib.import_module(info.name)
            prefix = info.name.removeprefix("jgen.")
            found |= {f"{prefix}.{name}": getattr(package, name) for name in getattr(package, "__all__", ())}
    return found


def excepted():
    """Return the excepted names; ``package.*`` stands for all of a package that have no row."""
    patterns = {pattern for group in EXCEPTIONS.values() for pattern in group}
    packages = {pattern[:-2] for pattern in patterns if pattern.endswith(".*")}
    return patterns & set(public()) | {name for name in public() if name.rpartition(".")[0] in packages}


def test_every_public_name_is_fuzzed_or_excepted():
    """A new one needs a row in a table here, or an exception with its reason."""
    fuzzed = {name.partition(",")[0] for name in ROWS}
    assert fuzzed <= set(public())
    objects = [public()[name] for name in fuzzed | excepted()]
    missing = [name for name, each in public().items() if not any(each is other for other in objects)]
    assert missing == []


def test_exceptions_are_names_that_have_no_row():
    patterns = [pattern for group in EXCEPTIONS.values() for pattern in group]
    packages = {name.rpartition(".")[0] for name in public()}
    stale = [p for p in patterns if not (p[:-2] in packages if p.endswith(".*") else p in public())]
    assert stale == []
    assert len(patterns) == len(set(patterns))
    assert {name.partition(",")[0] for name in ROWS} & set(patterns) == set()


def check(name, cases):
    """Check cases of a row; all wrong ones are told, the first in full."""
    failures, outcomes = [], []
    for number in range(cases):
        try:
            outcomes.append(check_case(ROWS[name], name, run_seed(), number))
        except AssertionError as error:
            failures.append(str(error))
    print(f"{name}: {outcomes.count('equal')} equal, {outcomes.count('refused')} refused")
    assert not failures, f"{len(failures)} of {cases} cases\n" + "\n\n".join(failures[:3])
    assert cases == FEW or "equal" in outcomes  # a few cases may all be refused


FIRST = {name.partition(",")[0].rpartition(".")[0]: name for name in reversed(list(ROWS))}
"""One row of each package."""


@pytest.mark.slow
@pytest.mark.usefixtures("broadcasting", "unoptimised")
@pytest.mark.parametrize("name", FIRST.values())
def test_few_cases(name):
    check(name, FEW)


@pytest.mark.weekly
@pytest.mark.usefixtures("broadcasting", "unoptimised")
@pytest.mark.parametrize("name", ROWS)
def test_many_cases(name):
    check(name, MANY)
