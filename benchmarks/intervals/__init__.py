"""Rows of the table of coverage, one module a kind of interval."""
