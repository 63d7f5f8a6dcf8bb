"""Measure speed as ratios of times within one run."""
