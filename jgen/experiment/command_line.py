"""An experiment: a function of a frozen dataclass, run from the command line into one directory.

```python
@dataclass(frozen=True)
class Config:
    "How many kinds of iris are there?"

    components: int = 3
    "Number of components of the mixture."

def mixture(config: Config, run: Run) -> None:
    with run.stage("fit", total=1000) as advance:
        ...
    run.table([{"components": config.components, "log-likelihood": result}], "The best fit.")

if __name__ == "__main__":
    main(mixture, Config)
```

``python -m experiments.mixture --components 4`` then leaves ``runs/mixture/<time>/`` with
``config.json`` (the settings, the versions, the device, the command), ``metrics.jsonl`` (one object
per ``run.log``), ``figures/`` and ``report.html``. A run that dies leaves the same, and says why.
"""

import contextlib
import linecache
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import tyro

from jgen.errors import UsageError
from jgen.experiment.provenance import program
from jgen.experiment.run_folder import Run, question, start

__all__ = ["Run", "at_least", "main", "mistakes_in_one_line", "start"]

C = TypeVar("C")
OWN = ("jgen", "experiments", "benchmarks", "__main__")


def main(
    fn: Callable[[C, Run], Any],
    config_class: type[C],
    argv: Sequence[str] | None = None,
) -> None:
    """Runs an experiment from the command line; ``fn``'s name is the experiment's name.

    The options are the fields of ``config_class``, each with its docstring as help, and
    ``--out DIR``. A mistake of the user's becomes one line on stderr and exit code 2: a
    ``UsageError``, an ``OSError``, or a ``ValueError`` that jgen or the experiment raises on
    purpose (whose traceback stays in the report). Any other exception keeps its traceback.

    Args:
        fn: ``fn(config, run)``.
        config_class: A frozen dataclass; its docstring is the question the experiment asks.
        argv: Arguments; None for those of the process.

    Raises:
        SystemExit: The arguments are wrong, or the run failed by the user's mistake; code 2. Or the
            user stopped it; code 130.

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
        command = tyro.cli(
            _Command[config_class],  # type: ignore[valid-type]
            prog=program(),
            description=question(config_class),
            args=argv,
        )
        with start(fn.__name__, command.config, command.out, argv=argv) as run:
            fn(command.config, run)
    run.console.print(
        f"report: {run.directory / 'report.html'}", markup=False, highlight=False, soft_wrap=True
    )


def at_least(config: Any, **least: int) -> None:
    """Refuses counts too small to mean anything; for the ``__post_init__`` of a configuration.

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
    """Refuses a name that nothing has, and lists those there are.

    Args:
        option: As the configuration spells it.
        names: What was given.
        known: What may be.

    Raises:
        UsageError: Naming the option and the first name that is not known.

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
def mistakes_in_one_line() -> Iterator[None]:
    """Ends the process on a mistake of the user's, as ``main`` does: one line on stderr, code 2.

    Raises:
        SystemExit: Code 2 for a mistake, 130 if the user stopped it.

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
    except Exception as error:
        if not _is_usage(error):
            raise
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        raise SystemExit(2) from None


@dataclass(frozen=True)
class _Command(Generic[C]):
    config: Annotated[C, tyro.conf.arg(name="")]
    out: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """Directory to write to; new or empty. None for runs/NAME/TIME."""


def _is_usage(error: BaseException) -> bool:
    if isinstance(error, UsageError | OSError):
        return True
    frames = list(traceback.walk_tb(error.__traceback__))
    if not isinstance(error, ValueError) or not frames:
        return False
    frame, line = frames[-1]
    own = str(frame.f_globals.get("__name__", "")).partition(".")[0] in OWN
    return own and linecache.getline(frame.f_code.co_filename, line).lstrip().startswith("raise ")
