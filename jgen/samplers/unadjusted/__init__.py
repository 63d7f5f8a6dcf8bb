"""Sample by Markov kernels without a Metropolis step, biased by an amount that they report."""
