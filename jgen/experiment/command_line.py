"""Run an experiment, a function of a frozen dataclass, from the command line into one directory.

```python
@dataclass(frozen=True)
class Config:
    "How many kinds of iris are there?"

    components: int = 3
    "Number of components of the mixture."

    def __post_init__(self) -> None:
        at_least(self, components=1)

def mixture(config: Config, run: Run) -> None:
    with run.stage("fit", total=1000) as advance:
        ...
    run.table([{"components": config.components, "log-likelihood": result}], "The best fit.")

if __name__ == "__main__":
    main(mixture, Config)
```

``python -m experiments.mixture --components 4`` then writes ``runs/mixture/<time>/`` with
``config.json`` (the settings, the versions, the device, the command), ``metrics.jsonl`` (one object
per ``run.log``), ``figures/`` and ``report.html``. A run that fails writes the same, with the error.
"""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import tyro

from jgen.errors import UsageError
from jgen.experiment.provenance import program
from jgen.experiment.run_folder import Run, question, start

C = TypeVar("C")


def main(fn: Callable[[C, Run], Any], config_class: type[C], argv: Sequence[str] | None = None) -> None:
    """Run an experiment from the command line, under the name of ``fn``.

    The options are the fields of ``config_class``, each with its docstring as help, and
    ``--out DIR``. A ``UsageError`` or an ``OSError`` prints as one line on stderr with exit code 2;
    any other exception keeps its traceback. An experiment therefore checks all its options before any
    work: see ``at_least``, ``among`` and ``as_usage_error``.

    Args:
        fn: ``fn(config, run)``.
        config_class: A frozen dataclass; its docstring is the question the experiment asks.
        argv: Arguments; None for those of the process.

    Raises:
        SystemExit: Code 2 if the arguments are wrong, or the run failed by a mistake of the user; code
            130 if the user stopped it.

    Example:
        >>> import tempfile
        >>> @dataclass(frozen=True)
        ... class Config:
        ...     "How many?"
        ...     components: int = 3
        >>> def count(config, run):
        ...     run.text(f"{config.components} components")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     main(count, Config, ["--components", "4", "--out", folder])
        report: .../report.html
    """
    with mistakes_in_one_line():
        options: Any = {"prog": program(), "description": question(config_class), "args": argv}
        command = tyro.cli(_Command[config_class], **options)  # type: ignore[valid-type]
        with start(fn.__name__, command.config, command.out, argv=argv) as run:
            fn(command.config, run)
    report = f"report: {run.directory / 'report.html'}"
    run.console.print(report, markup=False, highlight=False, soft_wrap=True)


def at_least(config: Any, **least: int) -> None:
    """Check that counts are large enough; for the ``__post_init__`` of a configuration.

    Args:
        config: The configuration.
        **least: Field -> its least value.

    Raises:
        UsageError: Naming the option as the command line spells it.

    Example:
        >>> from types import SimpleNamespace
        >>> at_least(SimpleNamespace(components=0), components=1)
        Traceback (most recent call last):
        jgen.errors.UsageError: --components must be at least 1; got 0
    """
    for name, value in least.items():
        given = getattr(config, name)
        if given < value:
            raise UsageError(f"--{name.replace('_', '-')} must be at least {value}; got {given}")


def among(option: str, names: Sequence[str], known: Iterable[str]) -> None:
    """Check that names are known.

    Args:
        option: As the configuration spells it.
        names: The names given.
        known: The names allowed.

    Raises:
        UsageError: Naming the option, the first unknown name, and the known ones.

    Example:
        >>> among("samplers", ["hmc", "what"], ["hmc", "nuts"])
        Traceback (most recent call last):
        jgen.errors.UsageError: --samplers: there is no what; choose among hmc, nuts
    """
    known = list(known)
    for name in names:
        if name not in known:
            raise UsageError(f"--{option}: there is no {name}; choose among {', '.join(known)}")


@contextlib.contextmanager
def as_usage_error() -> Iterator[None]:
    """Raise the ``ValueError`` of a library's check of options or data as a ``UsageError``.

    Wrap the check alone, before any work: a ``ValueError`` from elsewhere is a bug and keeps its traceback.

    Raises:
        UsageError: With the message of the ``ValueError``.

    Example:
        >>> with as_usage_error():
        ...     raise ValueError("column 3 is constant: drop it")
        Traceback (most recent call last):
        jgen.errors.UsageError: column 3 is constant: drop it
    """
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from error


@contextlib.contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """Exit on a mistake of the user, as ``main`` does: one line on stderr, code 2.

    Raises:
        SystemExit: Code 2 for a ``UsageError`` or an ``OSError``, 130 if the user stopped the process.

    Example:
        >>> with mistakes_in_one_line():
        ...     raise UsageError("components is 0: give at least 1")
        Traceback (most recent call last):
        SystemExit: 2
    """
    try:
        yield
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        raise SystemExit(130) from None
    except (UsageError, OSError) as error:
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        raise SystemExit(2) from None


@dataclass(frozen=True)
class _Command(Generic[C]):
    config: Annotated[C, tyro.conf.arg(name="")]
    out: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """Directory to write to; new or empty. None for runs/NAME/TIME."""
