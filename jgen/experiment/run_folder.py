"""Write the results of a run into its directory."""

import contextlib
import inspect
import io
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import progress as bars
from rich.console import Console

from jgen._internal.atomic_write import atomic_write
from jgen._internal.console_tables import console_tables
from jgen._internal.formatting import format_value
from jgen._internal.serialization import to_json
from jgen.errors import UsageError
from jgen.experiment.provenance import provenance
from jgen.experiment.report import Report, columns_of, escape, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Run:
    """Run of an experiment and the directory it writes to.

    Attributes:
        directory: Directory of all files of the run.
        config: Settings that the user chose.
        report: The page so far.
        facts: Entries of ``config.json`` beside the settings.
        console: Where tables are shown; stdout.
        progress: Progress bars on a terminal; elsewhere plain lines on stderr.
        timings: Seconds per stage.
        started: ``time.perf_counter`` at the start.
    """

    directory: Path
    config: Any
    report: Report
    facts: Mapping[str, Any]
    console: Console
    progress: bars.Progress
    timings: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def log(self, **values: Any) -> None:
        """Append one line to ``metrics.jsonl``: the values, and the seconds since the start.

        NaN and infinities become the strings that ``float`` reads back (see
        ``jgen._internal.serialization``).
        """
        line = to_json({"seconds": round(time.perf_counter() - self.started, 3), **values}) + "\n"
        with open(self.directory / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write(line)

    @contextlib.contextmanager
    def stage(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Time a part of the run, show its progress, and save the report when it ends.

        Args:
            label: Name of this part of the work, in a few words.
            total: Units of work, if known.

        Yields:
            ``advance(n)``, to call after each ``n`` units.
        """
        if self.progress.disable:
            self._print(f"{label} ...")
        task = self.progress.add_task(label, total=total)
        start = time.perf_counter()
        try:
            yield lambda n: self.progress.advance(task, n)
        finally:
            seconds = time.perf_counter() - start
            self.timings[label] = self.timings.get(label, 0.0) + seconds
            self.progress.remove_task(task)
            self.progress.refresh()
            self._print(f"{label}: {seconds:.1f} s")
        self.save("running")

    def _print(self, line: str) -> None:
        self.progress.console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)

    def section(self, title: str) -> None:
        """Start a section of the report."""
        self.report.section(title)

    def text(self, text: str) -> None:
        """Add paragraphs, separated by blank lines, to the report."""
        self.report.text(text)

    def table(self, rows: Sequence[Mapping[str, Any]], caption: str = "", *, log: bool = False) -> None:
        """Show a table on the terminal and in the report; see ``Report.table``.

        On the terminal cells break between words only; a table too wide for it is continued below.

        Args:
            rows: One mapping per row, column -> cell.
            caption: What the table shows.
            log: Whether each row is also a line of ``metrics.jsonl``.
        """
        columns = columns_of(rows)
        cells = [[format_value(row.get(column)) for column in columns] for row in rows]
        grids = console_tables(columns, cells, self.console.width)
        self.console.print(*([caption] if caption else []), *grids, sep="\n", markup=False, highlight=False)
        self.report.table(rows, caption)
        for row in rows if log else ():
            self.log(**row)

    def figure(self, name: str, figure: "Figure", caption: str) -> None:
        """Write ``figures/<name>.png`` and ``.svg`` and add the picture to the report.

        Args:
            name: File name without its extension.
            figure: A matplotlib figure.
            caption: What it shows.
        """
        (self.directory / "figures").mkdir(exist_ok=True)
        for ending in ("svg", "png"):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=ending, dpi=160)
            atomic_write(self.directory / "figures" / f"{name}.{ending}", buffer.getvalue())
        self.report.figure(buffer.getvalue(), caption)

    def save(self, state: str, error: BaseException | None = None) -> None:
        """Write ``report.html`` with all results so far.

        Args:
            state: State of the run: running, finished, failed or stopped.
            error: The exception that ended the run early.
        """
        timings = dict(self.timings, total=time.perf_counter() - self.started)
        seconds = table([{"stage": label, "seconds": round(s, 2)} for label, s in timings.items()])
        settings = escape(to_json({"config": self.config, **self.facts}, indent=2))
        tail = (
            f"<h2>Time</h2>{seconds}<h2>How to reproduce</h2><pre>{escape(self.facts['command'])}</pre>\n"
            f"<details><summary>Settings and versions</summary><pre>{settings}</pre></details>"
        )
        device = self.facts["device"]["kind"]
        facts = f"{self.facts['started']} on {device}; {state} after {timings['total']:.1f} s"
        atomic_write(self.directory / "report.html", self.report.html(facts, _failure(error), tail))


@contextlib.contextmanager
def start(
    name: str,
    config: Any,
    out: str | Path | None = None,
    root: str | Path = "runs",
    argv: Sequence[str] | None = None,
) -> Iterator[Run]:
    """Create the directory of a run, and write a report in it even if the run fails.

    Args:
        name: The experiment's name.
        config: A frozen dataclass: settings that the user chose.
        out: The directory; it must be new or empty. None for ``<root>/<name>/<time>``.
        root: Directory of all runs.
        argv: The arguments to record; None for those of the process.

    Yields:
        The run.

    Raises:
        UsageError: The directory cannot be made or written, or is not empty.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root, start("mixture", {"components": 3}, root=root) as run:
        ...     run.log(step=1, loss=float("inf"))
        ...     print((run.directory / "metrics.jsonl").read_text())
        {"seconds": ..., "step": 1, "loss": "Infinity"}
        <BLANKLINE>
    """
    now = datetime.now(UTC)
    directory = _directory(name, out, root, now)
    facts = {"experiment": name, "started": now.isoformat(timespec="seconds"), **provenance(argv)}
    try:
        atomic_write(directory / "config.json", to_json({"config": config, **facts}, indent=2) + "\n")
    except OSError as error:
        raise UsageError(f"cannot write to {directory}: {error.strerror}; choose another --out") from error
    console = Console()
    run = Run(directory, config, Report(name, question(type(config))), facts, console, _progress(console))
    try:
        with run.progress:
            yield run
    except BaseException as error:
        with contextlib.suppress(OSError):  # a full disk must not hide the first error
            run.save("stopped" if isinstance(error, KeyboardInterrupt) else "failed", error)
        raise
    run.save("finished")


def _directory(name: str, out: str | Path | None, root: str | Path, now: datetime) -> Path:
    try:
        if out is not None:
            directory = Path(out)
            directory.mkdir(parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise UsageError(f"{directory} is not empty: choose another --out, or empty it")
            return directory
        parent = Path(root) / name
        parent.mkdir(parents=True, exist_ok=True)
        stamp = now.strftime("%Y%m%d-%H%M%S")
        for suffix in ("", *(f"-{i}" for i in range(2, 1000))):
            with contextlib.suppress(FileExistsError):
                (parent / f"{stamp}{suffix}").mkdir()
                return parent / f"{stamp}{suffix}"
    except OSError as error:
        raise UsageError(f"cannot make {out or root}: {error.strerror}; choose another --out") from error
    raise UsageError(f"{parent} has a thousand runs of this second: choose an --out")


def _progress(console: Console) -> bars.Progress:
    """Return progress bars on the terminal of the tables, to avoid overwriting; else on stderr."""
    if not console.is_terminal:
        console = Console(stderr=True)
    label = bars.TextColumn("{task.description}", markup=False)
    counts = (bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeElapsedColumn())
    columns = (bars.SpinnerColumn("line"), label, *counts)
    return bars.Progress(*columns, console=console, transient=True, disable=not console.is_interactive)


def question(config_class: type) -> str:
    """Return the question of an experiment: its configuration's docstring without the list of fields.

    Args:
        config_class: A class.

    Returns:
        Plain text; empty where there is no docstring.

    Example:
        >>> question(Run)
        'Run of an experiment and the directory it writes to.'
    """
    text = inspect.cleandoc(config_class.__doc__ or "")
    return "" if text.startswith(f"{config_class.__name__}(") else text.split("\nAttributes:")[0].strip()


def _failure(error: BaseException | None) -> str:
    if error is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    where = "\n".join(f"{Path(f.filename).name}:{f.lineno} in {f.name}: {f.line}" for f in frames)
    message = f"{type(error).__name__}: {error}"
    return (
        f'<div class="failed"><p><strong>This run ended early.</strong> {escape(message)}</p>'
        f"<details><summary>Where</summary><pre>{escape(where)}</pre></details></div>"
    )
