"""Checkpoints: any pytree of arrays, saved so that it comes back bit for bit, by Orbax.

A checkpoint is one folder per step, under the directory of the run. It appears whole or not at all: a
process killed while it saves leaves the former ones as they were. It holds arrays and a list of their
names, shapes and types in JSON; nothing in it is code, and nothing is unpickled. Structure is not stored:
``restore`` takes it from ``like``, a state of the same shape made the way the saved one was.
"""

from jgen.training.checkpoints.manifest import steps
from jgen.training.checkpoints.restore import best, notes, restore
from jgen.training.checkpoints.save import save, writer

__all__ = ["best", "notes", "restore", "save", "steps", "writer"]
