"""Share helpers inside the package; they are not part of its interface."""
