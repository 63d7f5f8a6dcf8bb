"""Prepare a data set from the command line: ``python -m jgen.data prepare NAME``, or ``list``."""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from jgen.data.catalogue import known
from jgen.data.prepare import prepare
from jgen.errors import UsageError


def _prepare(name: Annotated[str, tyro.conf.Positional], directory: Path | None = None) -> None:
    """Write a data set to disk unless it is already there.

    Args:
        name: Name of the data set; see ``list``.
        directory: Target folder; by default $JGEN_DATA_DIR, or jgen in the user's cache.
    """
    print(prepare(name, directory))


def _list() -> None:
    """Print the names of the data sets that jgen ships."""
    print(*known(), sep="\n")


def main(argv: list[str] | None = None) -> None:
    """Run the command line; a usage error is one line on stderr and exit code 2."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            {"prepare": _prepare, "list": _list}, prog="python -m jgen.data", args=argv
        )
    except UsageError as error:
        print("error:", error, file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
