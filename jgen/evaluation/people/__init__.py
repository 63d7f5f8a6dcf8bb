"""Evaluate by the answers of people."""
