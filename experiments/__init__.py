"""Experiments: each file reads top to bottom as the method section of a paper."""
