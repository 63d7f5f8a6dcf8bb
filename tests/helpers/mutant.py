"""Change one line of shipped source, so that no copy of it is kept, and count which changes a check finds."""

import functools
import re
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

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
"""Kinds of KNOWN_ANSWERS; a mutant whose name begins with such a number is one of its kind."""


@dataclass(frozen=True)
class Mutant:
    """A wrong line in the place of a right one, and the check that must find it.

    The line is looked for when the mutant is made, hence when tests are collected.

    Attributes:
        module: The module to change, below ``jgen`` (or its full name below ``tests``).
        right: Text of its source, found there exactly once.
        wrong: Text to put in its place.
        user: Module to check instead, where others share ``module``: a copy that imports the changed one.
        check: Takes the changed module (or its user) and must raise AssertionError (``CheckFailed`` is one).
        match: Regular expression that the error must match; None for any error.

    Raises:
        LookupError: ``right`` is not there exactly once, or ``user`` does not import from ``module``.
    """

    module: str
    right: str
    wrong: str
    user: str = ""
    check: Callable[[ModuleType], object] = lambda _: None
    match: str | None = None

    def __post_init__(self):
        times = source_of(self.module).count(self.right)
        if times != 1:
            raise LookupError(f"{self.module} holds {self.right!r} {times} times, not once")
        if self.user and f"from jgen.{self.module} import" not in source_of(self.user):
            raise LookupError(f"{self.user} imports nothing from {self.module}")


def plant(mutant: Mutant) -> ModuleType:
    """Return the changed module, or the copy of its user, under a name of its own."""
    module = planted(mutant.module, source_of(mutant.module).replace(mutant.right, mutant.wrong))
    if not mutant.user:
        return module
    source = source_of(mutant.user)
    return planted(mutant.user, source.replace(f"from jgen.{mutant.module} ", f"from {module.__name__} "))


@functools.cache
def source_of(name: str) -> str:
    """Return the source of a module below ``jgen``, or of one whose name starts with ``tests.``."""
    path = (HOME.parent if name.startswith("tests.") else HOME).joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8")


def planted(name: str, source: str) -> ModuleType:
    """Return a module of this source, which imports find under its new name."""
    module = ModuleType(f"planted_{name.replace('.', '_')}")
    sys.modules[module.__name__] = module
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    return module


def name_of_check(error: BaseException) -> str:
    """Return which check raised: the last file of ``sampler_checks``, else the last function named so."""
    frames = traceback.extract_tb(error.__traceback__)
    paths = [Path(frame.filename) for frame in frames]
    files = [path.stem for path in paths if path.parent.name == "sampler_checks"]
    functions = [frame.name for frame in frames if frame.name.startswith("check")]
    return (files or functions or ["check"])[-1]


def results_of(recorded) -> dict[str, tuple[str, str] | None]:
    """Return every mutant of a run with the check that killed it and its message; None if it survived."""
    results: dict[str, tuple[str, str] | None] = {}
    for name, *killed_by in recorded:
        results[name] = tuple(killed_by) or results.get(name)
    return results


def table(results: dict[str, tuple[str, str] | None], *, every: bool) -> list[str]:
    """Return rows of kind, mutants, killed, by; with ``every``, a row for each mutant too."""
    kinds = defaultdict(list)
    for name in results:
        number = re.match(r"\d+(?= )", name)
        kinds[int(number[0]) if number and int(number[0]) in KNOWN else 0].append(name)
    rows = [f"{'kind':<48} {'mutants':>7} {'killed':>6}  by"]
    for kind in (*KNOWN, 0):
        killed = [results[name] for name in kinds[kind] if results[name]]
        label = f"{kind:>2} {KNOWN[kind]}" if kind else "   others"
        checks = ", ".join(sorted({check for check, _ in killed}))
        rows.append(f"{label:<48} {len(kinds[kind]):>7} {len(killed):>6}  {checks}")
        if every:
            rows += [f"     {name}: {': '.join(results[name] or ['SURVIVED'])}" for name in kinds[kind]]
    survived = [name for name, killed_by in results.items() if killed_by is None]
    rows.append(f"{'   in all':<48} {len(results):>7} {len(results) - len(survived):>6}")
    return rows + [f"SURVIVED: {name}" for name in survived]
