"""Markov kernels without a Metropolis step: fast, and biased by an amount they report."""
