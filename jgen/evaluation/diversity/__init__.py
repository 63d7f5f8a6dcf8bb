"""Measure how many kinds of examples a sample has."""
