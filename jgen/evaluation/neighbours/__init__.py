"""Compare two samples of features by their nearest neighbours."""
