"""Run whole studies; each file reads from top to bottom as the method section of a paper."""
