"""Run a benchmark from the command line: show its tables, write its figures to a file."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import tyro
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from jgen.errors import UsageError
from jgen.experiment import atomic_write, column_widths, format_value, to_json
from jgen.experiment.command_line import mistakes_in_one_line
from jgen.experiment.provenance import program, provenance

C = TypeVar("C")
WIDTH = 140
"""Characters of a line where the output is no terminal."""


def main(
    run: Callable[[C, Console], dict[str, Any]], config_class: type[C], argv: Sequence[str] | None = None
) -> None:
    """Run a benchmark, and write its figures as JSON if ``--json`` names a file.

    Args:
        run: ``run(config, console)`` measures, shows tables and returns them by name.
        config_class: A frozen dataclass of options; its docstring is the question.
        argv: Arguments; None for those of the process.

    Raises:
        SystemExit: Code 2 for a mistake of the user.
    """
    with mistakes_in_one_line():
        command = tyro.cli(
            _Command[config_class],  # type: ignore[valid-type]
            prog=program(),
            description=config_class.__doc__,
            args=argv,
        )
        file = command.json
        if file is not None and not file.parent.is_dir():
            raise UsageError(f"cannot write {file}: {file.parent} is not a directory")
        console = Console()
        if not console.is_terminal:
            console = Console(width=WIDTH)
        machine = {name: value for name, value in provenance().items() if name != "command"}
        machine["device"]["cpus"] = os.cpu_count()
        console.print(f"{machine['device']}; jax {machine['versions']['jax']}", highlight=False)
        tables = run(command.config, console)
        if file is not None:
            result = {"machine": machine, "config": command.config, **tables}
            atomic_write(file, to_json(result, indent=2) + "\n")


@dataclass(frozen=True)
class _Command(Generic[C]):
    config: Annotated[C, tyro.conf.arg(name="")]
    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """File to write all figures to."""


def check_seconds(seconds: float) -> None:
    """Check a time budget.

    Raises:
        UsageError: If it is not positive and finite.
    """
    if not 0 < seconds < float("inf"):
        raise UsageError(f"--seconds must be a positive number; got {seconds}")


def show_rows(
    console: Console, title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]
) -> None:
    """Show a table, with a line between groups of rows that share the first column.

    Args:
        console: Where to show it.
        title: Title of the table.
        rows: One mapping per row; floats are rounded to three digits.
        columns: Heading -> name in the rows.
    """
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    values = [[row[name] for name in columns.values()] for row in rows]
    cells = [[format_value(float(f"{v:.3g}") if isinstance(v, float) else v) for v in row] for row in values]
    widths = column_widths(list(columns), cells, console.width)
    for heading, width, *column in zip(columns, widths, *values, strict=True):
        is_text = any(isinstance(value, str) for value in column)
        table.add_column(heading, justify="left" if is_text else "right", width=width, overflow="fold")
    groups = [row[0] for row in values]
    has_groups = len(set(groups)) < len(groups)
    ends = [has_groups and this != following for this, following in itertools.pairwise(groups)]
    for row, end_section in zip(cells, [*ends, False], strict=True):
        table.add_row(*row, end_section=end_section)
    console.print(table)
