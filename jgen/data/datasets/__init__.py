"""Data sets, one a file: each defines a TFDS builder named ``Builder``."""
