"""Show samples of several models in a report: images, text, or the sizes of numbers."""

from collections.abc import Mapping

import numpy as np

from jgen import plots
from jgen.experiment.run_folder import Run

SHOWN = 36
"""Samples shown of each model."""


def show_samples(run: Run, samples: Mapping[str, np.ndarray]) -> None:
    """Show the first samples of each model, by what they are.

    Args:
        run: Run whose report shows them.
        samples: Name -> rows: images ``[row, height, width, 1 or 3]``, of which white is the largest value of
            the first sample; text ``[row]``; or other numbers, of which a table has sizes and ranges.

    Example:
        >>> import tempfile
        >>> from jgen.experiment.run_folder import start
        >>> with tempfile.TemporaryDirectory() as root, start("show", {}, root=root) as run:
        ...     show_samples(run, {"real": np.ones((5, 8, 8, 1)), "made": np.zeros((5, 8, 8, 1))})
        ...     sorted(path.stem for path in (run.directory / "figures").glob("*.png"))
        ['samples_0', 'samples_1']
    """
    first = next(iter(samples.values()))
    if first.dtype.kind == "U":
        _show_text(run, samples)
    elif first.ndim == 4 and first.shape[-1] in (1, 3):
        _show_images(run, samples, float(first.max()) or 1.0)
    else:
        _show_numbers(run, samples)


def _show_images(run: Run, samples: Mapping[str, np.ndarray], white: float) -> None:
    for number, (name, rows) in enumerate(samples.items()):
        figure = plots.image_grid(rows[:SHOWN] / white, columns=12)
        run.figure(f"samples_{number}", figure, f"{name}: the first {len(rows[:SHOWN])} of {len(rows)}.")


def _show_text(run: Run, samples: Mapping[str, np.ndarray]) -> None:
    for name, rows in samples.items():
        run.text(f"{name}: the first {len(rows[:SHOWN])} of {len(rows)}.")
        run.report.code("\n".join(rows[:SHOWN].tolist()))


def _show_numbers(run: Run, samples: Mapping[str, np.ndarray]) -> None:
    table = [
        {
            "sample": name,
            "rows": len(rows),
            "numbers a row": rows[0].size,
            "mean": float(rows.mean()),
            "standard deviation": float(rows.std()),
            "least": float(rows.min()),
            "largest": float(rows.max()),
        }
        for name, rows in samples.items()
    ]
    run.table(table, "All numbers of a sample at once.")
