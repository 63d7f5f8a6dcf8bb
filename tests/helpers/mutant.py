"""Planted bugs: shipped source with one line changed, so that no copy drifts; and what kills them."""

import contextlib
import functools
import re
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import jgen

HOME = Path(jgen.__file__).parent
KNOWN = {
    1: "MALA with its ratio reversed",
    2: "no accept step",
    3: "kinetic energy of the wrong variable",
    4: "the ESS criterion of SMC turned round",
    5: "dual averaging once a chain, not once a step",
    6: "adaptation left running",
    7: "gradient of a rejected proposal",
    8: "a key used twice",
    9: "a dropped log-Jacobian",
    10: "the temperature of a rejected swap",
    11: "systematic resampling off by one",
    12: "draws stopped on the total count",
}
"""The bugs of KNOWN_ANSWERS; a planted bug whose name begins with such a number is one of its kind."""


@dataclass(frozen=True)
class Bug:
    """One line that shipped in some library, or could; one that cannot be planted cannot be written down.

    So a change of the source that makes away with the line is found when the tests are collected, and not
    in the slow run where the bug was to be killed.

    Attributes:
        module: The module it is planted in, below ``jgen``.
        right: What stands there; it must occur exactly once.
        wrong: What is put in its place.
        user: Where ``module`` is a ``*base`` that kernels share, the kernel that is to have the bug.

    Raises:
        LookupError: ``right`` is not there or there twice, or ``user`` does not import from ``module``.
    """

    module: str
    right: str
    wrong: str
    user: str = ""

    def __post_init__(self):
        times = source_of(self.module).count(self.right)
        if times != 1:
            raise LookupError(f"{self.module} holds {self.right!r} {times} times, not once")
        if self.user and f"from jgen.{self.module} import" not in source_of(self.user):
            raise LookupError(f"{self.user} imports nothing from {self.module}")


@dataclass(frozen=True)
class Mutant(Bug):
    """A bug and the check that must kill it; tables of them stand in ``tests/mutants/<package>.py``.

    Attributes:
        check: Takes the module with the bug in it and raises AssertionError (``CheckFailed`` is one).
        match: What the error must say, as a regular expression; None for anything.
    """

    check: Callable[[ModuleType], object] = lambda _: None
    match: str | None = None


def plant(bug: Bug) -> ModuleType:
    """The module with the bug in it, or its user, under a name of its own."""
    module = planted(bug.module, source_of(bug.module).replace(bug.right, bug.wrong))
    if not bug.user:
        return module
    source = source_of(bug.user)
    return planted(bug.user, source.replace(f"from jgen.{bug.module} ", f"from {module.__name__} "))


@functools.cache
def source_of(name: str) -> str:
    """What is written in a module below ``jgen``."""
    path = HOME.joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8")


def planted(name: str, source: str) -> ModuleType:
    """A module of this source, found by imports under its planted name."""
    module = ModuleType(f"planted_{name.replace('.', '_')}")
    sys.modules[module.__name__] = module
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    return module


class Kills:
    """``with kills(name): ...`` is ``pytest.raises`` for a planted bug, and a row of the table of bugs.

    Use it through the fixture ``kills``. What killed the bug is the file of ``jgen/laws`` that raised, or
    else the test that did; ``error=AssertionError`` lets the assertions of a test of your own do it.
    """

    def __init__(self, record_property, test: str):
        self.record, self.test = record_property, test

    @contextlib.contextmanager
    def __call__(self, name: str, match: str | None = None, error: type[Exception] | None = None):
        from jgen.testing.sampler_checks import CheckFailed

        self.record("planted", name)
        with pytest.raises(error or CheckFailed, match=match) as caught:
            yield
        frames = [Path(frame.filename) for frame in traceback.extract_tb(caught.tb)]
        laws = [path.stem for path in frames if path.parent.name == "sampler_checks"]
        self.record("killed", (name, laws[-1] if laws else self.test, str(caught.value)))


def bugs_of(reports) -> dict[str, tuple[str, str] | None]:
    """Every bug planted in a run -> the law that killed it and what it said; None if it lives."""
    bugs: dict[str, tuple[str, str] | None] = {}
    properties = [item for report in reports for item in getattr(report, "user_properties", ())]
    for kind, value in properties:
        if kind == "planted":
            bugs.setdefault(value, None)
        elif kind == "killed":
            name, law, evidence = value
            bugs[name] = (law, evidence)
    return bugs


def table(bugs: dict[str, tuple[str, str] | None], *, every: bool) -> list[str]:
    """Rows ``kind, planted, killed, by``; with ``every``, a row for each bug too."""
    kinds = defaultdict(list)
    for name in bugs:
        number = re.match(r"\d+(?= )", name)
        kinds[int(number[0]) if number and int(number[0]) in KNOWN else 0].append(name)
    rows = [f"{'bug':<48} {'planted':>7} {'killed':>6}  by"]
    for kind in (*KNOWN, 0):
        killed = [bugs[name] for name in kinds[kind] if bugs[name]]
        label = f"{kind:>2} {KNOWN[kind]}" if kind else "   others, of our own"
        laws = ", ".join(sorted({law for law, _ in killed}))
        rows.append(f"{label:<48} {len(kinds[kind]):>7} {len(killed):>6}  {laws}")
        if every:
            rows += [
                f"     {name}: {': '.join(bugs[name]) if bugs[name] else 'ALIVE'}" for name in kinds[kind]
            ]
    killed = sum(found is not None for found in bugs.values())
    rows.append(f"{'   in all':<48} {len(bugs):>7} {killed:>6}")
    return rows + [f"ALIVE: {name}" for name, found in bugs.items() if found is None]
