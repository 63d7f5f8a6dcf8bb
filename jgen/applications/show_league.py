"""Show a league of models by many metrics in a report."""

from collections.abc import Mapping

from jgen import plots
from jgen.experiment.league_table import LEAGUE_CAPTION, Line, league_table
from jgen.experiment.run_folder import Run

PANELS = 9
"""Panels of a figure."""
FIGURE = """\
Values and 95 % intervals. The grey band is where 95 % of readings of a perfect model lie, the dashed \
line their mean; hollow points are flagged. Where a value is far off, a panel is logarithmic beyond the \
median."""
DIFFERENCES = """\
Paired differences from the best model: all are judged against the same real rows. The intervals are \
Tukey's, which cover all of a line at once in 95 % of cases."""


def show_league(run: Run, lines: Mapping[str, Line]) -> None:
    """Show a league as tables and figures, and log each result; p-values are in the table alone.

    Args:
        run: Run whose report shows it.
        lines: Name of the number -> its results, as ``compare_models`` returns them.

    Example:
        >>> import tempfile
        >>> from jgen.experiment.run_folder import start
        >>> from jgen.types import Result
        >>> line = Line({"vae": Result(0.5, 0.4, 0.6, 100, "U", {})})
        >>> with tempfile.TemporaryDirectory() as root, start("show", {}, root=root) as run:
        ...     show_league(run, {"MMD": line})
        ...     print((run.directory / "metrics.jsonl").read_text()[:60])
        Each cell is a value ...
        {"seconds": ..., "metric": "MMD", "model": "vae"...
    """
    table = league_table(lines)
    run.table(table.values, LEAGUE_CAPTION)
    if table.notes:
        run.table(table.notes, "Notes.")
    for name, line in lines.items():
        for model, result in line.results.items():
            run.log(metric=name, model=model, result=result, minus_best=line.minus_best.get(model))
    names = [name for name in lines if not name.endswith("p value")]
    for number, start in enumerate(range(0, len(names), PANELS), 1):
        shown = {name: lines[name].results for name in names[start : start + PANELS]}
        run.figure(f"league_{number}", plots.league_plot(shown), FIGURE)
    if table.differences:
        run.section("Differences from the best")
        run.table(table.differences, DIFFERENCES)
