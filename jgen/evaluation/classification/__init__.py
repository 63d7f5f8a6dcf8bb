"""Evaluate by classifiers, and evaluate classifiers."""
