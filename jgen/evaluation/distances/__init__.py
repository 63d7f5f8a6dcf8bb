"""Compare two samples of features by a distance."""
