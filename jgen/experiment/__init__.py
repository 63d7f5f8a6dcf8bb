"""Run experiments: command line, run folder and report."""

from jgen._internal.atomic_write import atomic_write
from jgen._internal.formatting import format_value
from jgen._internal.serialization import to_json
from jgen.experiment.command_line import among, as_usage_error, at_least, main, mistakes_in_one_line
from jgen.experiment.provenance import program, provenance
from jgen.experiment.report import Report
from jgen.experiment.run_folder import Run, start

__all__ = [
    "Report",
    "Run",
    "among",
    "as_usage_error",
    "at_least",
    "atomic_write",
    "format_value",
    "main",
    "mistakes_in_one_line",
    "program",
    "provenance",
    "start",
    "to_json",
]
