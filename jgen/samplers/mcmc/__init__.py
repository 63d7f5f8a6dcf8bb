"""Sample by Markov kernels that leave their target exactly invariant."""
