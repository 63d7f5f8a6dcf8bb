"""Mutants: shipped source with one line changed, one table a package, each with the check that kills it."""
