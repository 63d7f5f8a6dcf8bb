"""Run commands that fail by a mistake of the user, and read what a run wrote."""

import importlib
import json
import xml.etree.ElementTree as ET

import pytest

from jgen.experiment.command_line import main

XHTML = "{http://www.w3.org/1999/xhtml}"


def usage_error(capsys, command, *arguments):
    """Return the line of a command that exits with code 2, and check that it is the only one."""
    with pytest.raises(SystemExit) as stop:
        command(*arguments)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def report_of(folder):
    """Parse the report of a run as XML, which also proves that every element is closed."""
    return ET.fromstring((folder / "report.html").read_text(encoding="utf-8"))


def texts(tree, tag):
    """Return the text of each element with this tag."""
    return ["".join(element.itertext()) for element in tree.iter(f"{XHTML}{tag}")]


def metrics_of(folder, column=None):
    """Return the lines of ``metrics.jsonl``; with a column, only those that have it."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if column is None or column in row]


def figures_of(folder):
    """Return the names of the figures of a run, and check that the report has all of them."""
    names = {path.stem for path in (folder / "figures").glob("*.png")}
    tree = report_of(folder)
    assert len(list(tree.iter(f"{XHTML}img"))) == len(names)
    assert "finished after" in texts(tree, "p")[0]
    return names


def run_experiment(name, folder, *options):
    """Run ``experiments/<name>.py`` from the command line, and return the folder of its results."""
    module = importlib.import_module(f"experiments.{name}")
    main(getattr(module, name), module.Config, [*options, "--out", str(folder)])
    return folder
