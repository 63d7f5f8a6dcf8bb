"""``python -m jgen.data prepare NAME`` writes a data set to disk; ``list`` says which there are."""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from jgen.data.catalogue import known
from jgen.data.prepare import prepare
from jgen.errors import UsageError


def _prepare(name: Annotated[str, tyro.conf.Positional], directory: Path | None = None) -> None:
    """Writes a data set to disk, where it is not there yet.

    Args:
        name: Which one; see ``list``.
        directory: Where to; by default $JGEN_DATA_DIR, or jgen in the user's cache.
    """
    print(prepare(name, directory))


def _list() -> None:
    """Says which data sets jgen ships."""
    print(*known(), sep="\n")


def main(argv: list[str] | None = None) -> None:
    """Runs the command line; a mistake of the user's is one line on stderr and exit code 2."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            {"prepare": _prepare, "list": _list}, prog="python -m jgen.data", args=argv
        )
    except UsageError as error:
        print("error:", error, file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
