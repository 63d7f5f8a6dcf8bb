"""Ask people which of two images looks more real, store their answers, and analyse them."""

from jgen._internal.members import public_names
from jgen.applications.forced_choice.analysis import (
    Analysis as Analysis,
    Rater as Rater,
    analyse_answers as analyse_answers,
    size_table as size_table,
)
from jgen.applications.forced_choice.images import check_images as check_images
from jgen.applications.forced_choice.server import create_app as create_app, listen as listen, serve as serve
from jgen.applications.forced_choice.store import (
    Answer as Answer,
    ConflictError as ConflictError,
    Pair as Pair,
    Store as Store,
    Trial as Trial,
)
from jgen.applications.forced_choice.study import make_study as make_study

__all__ = public_names(globals())
