"""A run: the directory an experiment writes to, and how it is filled."""

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

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column, Table

from jgen._internal.atomic_write import atomic_write
from jgen._internal.formatting import format_value
from jgen._internal.serialization import to_json
from jgen.errors import UsageError
from jgen.experiment.provenance import provenance
from jgen.experiment.report import Report, columns_of, escape, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Run:
    """One run of an experiment and the directory it writes to.

    Attributes:
        directory: Where everything lands.
        config: What the user chose.
        report: The page, as told so far.
        facts: What ``config.json`` says beside the settings.
        console: Where tables are shown; stdout.
        progress: Bars on the terminal; where there is none, plain lines on stderr.
        timings: Seconds per stage.
        started: ``time.perf_counter`` at the start.
    """

    directory: Path
    config: Any
    report: Report
    facts: Mapping[str, Any]
    console: Console
    progress: Progress
    timings: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def log(self, **values: Any) -> None:
        """Appends one line to ``metrics.jsonl``: the values, and the seconds since the start.

        NaN and infinities become the strings that ``float`` reads back (see
        ``jgen._internal.serialization``).
        """
        line = to_json({"seconds": round(time.perf_counter() - self.started, 3), **values}) + "\n"
        with open(self.directory / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write(line)

    @contextlib.contextmanager
    def stage(self, label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Times a part of the run, shows its progress, and saves the report when it ends.

        Args:
            label: What is being done, in a few words.
            total: Units of work, where it is known.

        Yields:
            ``advance(n)``, to call after each ``n`` units.
        """
        if self.progress.disable:
            self._say(f"{label} ...")
        task = self.progress.add_task(label, total=total)
        start = time.perf_counter()
        try:
            yield lambda n: self.progress.advance(task, n)
        finally:
            seconds = time.perf_counter() - start
            self.timings[label] = self.timings.get(label, 0.0) + seconds
            self.progress.remove_task(task)
            self.progress.refresh()
            self.progress.console.print(
                f"{label}: {seconds:.1f} s", style="dim", markup=False, highlight=False
            )
        self.save("running")

    def _say(self, line: str) -> None:
        self.progress.console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)

    def section(self, title: str) -> None:
        """Opens a section of the report."""
        self.report.section(title)

    def text(self, text: str) -> None:
        """Adds paragraphs to the report; a blank line parts them."""
        self.report.text(text)

    def table(self, rows: Sequence[Mapping[str, Any]], caption: str = "") -> None:
        """Shows a table on the terminal and in the report; see ``Report.table``."""
        columns = columns_of(rows)
        grid = Table(*(Column(column, overflow="fold") for column in columns))
        for row in rows:
            grid.add_row(*(format_value(row.get(column)) for column in columns))
        self.console.print(*([caption] if caption else []), grid, sep="\n", markup=False, highlight=False)
        self.report.table(rows, caption)

    def figure(self, name: str, figure: "Figure", caption: str) -> None:
        """Writes ``figures/<name>.png`` and ``.svg`` and puts the picture in the report.

        Args:
            name: File name without its ending.
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
        """Writes ``report.html`` as it stands.

        Args:
            state: How the run stands, in a word: running, finished, failed.
            error: What ended the run early.
        """
        timings = dict(self.timings, total=time.perf_counter() - self.started)
        tail = "\n".join(
            [
                "<h2>Time</h2>",
                table([{"stage": label, "seconds": round(s, 2)} for label, s in timings.items()]),
                f"<h2>How to reproduce</h2><pre>{escape(self.facts['command'])}</pre>",
                "<details><summary>Settings and versions</summary>",
                f"<pre>{escape(to_json({'config': self.config, **self.facts}, indent=2))}</pre></details>",
            ]
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
    """Opens a run's directory, and leaves a report in it whatever happens.

    Args:
        name: The experiment's name.
        config: A frozen dataclass: what the user chose.
        out: The directory; it must be new or empty. None for ``<root>/<name>/<time>``.
        root: Where runs are kept.
        argv: The arguments to note down; None for those of the process.

    Yields:
        The run.

    Raises:
        UsageError: The directory cannot be made or written, or already holds something.

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
        with contextlib.suppress(OSError):  # a full disk must not hide what went wrong first
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
    raise UsageError(f"{parent} holds a thousand runs of this second: choose an --out")


def _progress(console: Console) -> Progress:
    """Bars on the terminal the tables go to, so that neither writes over the other; else on stderr."""
    if not console.is_terminal:
        console = Console(stderr=True)
    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_interactive)


def question(config_class: type) -> str:
    """What an experiment asks: the docstring of its configuration, without the list of fields.

    Args:
        config_class: A class.

    Returns:
        Plain text; empty where there is no docstring.

    Example:
        >>> question(Run)
        'One run of an experiment and the directory it writes to.'
    """
    text = inspect.cleandoc(config_class.__doc__ or "")
    return "" if text.startswith(f"{config_class.__name__}(") else text.split("\nAttributes:")[0].strip()


def _failure(error: BaseException | None) -> str:
    if error is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    where = "\n".join(f"{Path(f.filename).name}:{f.lineno} in {f.name}: {f.line}" for f in frames)
    what = f"{type(error).__name__}: {error}"
    return (
        f'<div class="failed"><p><strong>This run ended early.</strong> {escape(what)}</p>'
        f"<details><summary>Where</summary><pre>{escape(where)}</pre></details></div>"
    )
