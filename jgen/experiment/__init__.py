"""Run experiments: command line, run folder and report."""

from jgen._internal.atomic_write import atomic_write as atomic_write
from jgen._internal.console_tables import column_widths as column_widths
from jgen._internal.formatting import format_value as format_value
from jgen._internal.members import public_names
from jgen._internal.serialization import to_json as to_json
from jgen.experiment.command_line import (
    among as among,
    as_usage_error as as_usage_error,
    at_least as at_least,
    main as main,
    mistakes_in_one_line as mistakes_in_one_line,
)
from jgen.experiment.league_table import (
    LEAGUE_CAPTION as LEAGUE_CAPTION,
    LeagueTable as LeagueTable,
    Line as Line,
    league_table as league_table,
)
from jgen.experiment.provenance import program as program, provenance as provenance
from jgen.experiment.report import Report as Report
from jgen.experiment.run_folder import Run as Run, start as start

__all__ = public_names(globals())
