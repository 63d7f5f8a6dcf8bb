"""Save and restore any pytree of arrays bit for bit, with Orbax.

A checkpoint is one folder per step, under the directory of the run. It is written atomically: a process
killed while it saves leaves the earlier ones intact. It holds arrays and a JSON list of their names, shapes
and types; nothing is unpickled. Structure is not stored: ``restore`` takes it from ``like``, a state of the
same structure.
"""

from jgen.training.checkpoints.manifest import steps
from jgen.training.checkpoints.restore import best, notes, restore
from jgen.training.checkpoints.save import save, writer

__all__ = ["best", "notes", "restore", "save", "steps", "writer"]
